"""Plot the tree of a hierarchical clustering of sequences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import dendrogram, is_valid_linkage
from sklearn.utils.validation import check_is_fitted

from skseed.inspection._axes import pyplot_of

_SINGLE = "#44546a"


class DendrogramDisplay:
    """Dendrogram of a linkage matrix, with clusters in colors.

    The horizontal axis is the height of a merge, in edits. Large trees are cut at the top `max_leaves`
    branches, and a branch that is not drawn shows its number of sequences. Use `from_estimator` to create
    a display.

    Parameters
    ----------
    linkage_matrix : array-like of shape (n_sequences - 1, 4)
        The tree, in the form of :func:`scipy.cluster.hierarchy.linkage`.
    names : sequence of str of length n_sequences, default=None
        The names of the sequences; None numbers them.
    n_clusters : int, default=1
        The number of clusters that get a color each.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot, after ``plot``.
    figure_ : matplotlib Figure
        The figure of the plot, after ``plot``.
    lines_ : matplotlib LineCollection
        The merges, from the lowest one to the highest one, after ``plot``.
    leaves_ : list of str
        The labels of the leaves, from the bottom to the top, after ``plot``.

    See Also
    --------
    skseed.cluster.SequenceLinkage : Computes the tree.

    Examples
    --------
    >>> from skseed.cluster import SequenceLinkage
    >>> from skseed.inspection import DendrogramDisplay
    >>> genes = ["GATTACAGAT", "GATTACACAT", "CCGCGGCCGA", "CCGCGGCCTA"]
    >>> tree = SequenceLinkage(n_clusters=2).fit(genes)
    >>> display = DendrogramDisplay.from_estimator(tree, names=["oak", "elm", "fern", "moss"]).plot()
    >>> display.leaves_
    ['oak', 'elm', 'fern', 'moss']
    """

    def __init__(
        self, *, linkage_matrix: Any, names: Sequence[str] | None = None, n_clusters: int = 1
    ) -> None:
        self.linkage_matrix = linkage_matrix
        self.names = names
        self.n_clusters = n_clusters

    @classmethod
    def from_estimator(cls, estimator: Any, *, names: Sequence[str] | None = None) -> "DendrogramDisplay":
        """Create the display of a fitted clusterer.

        Parameters
        ----------
        estimator : SequenceLinkage
            A fitted clusterer with the attributes `linkage_matrix_` and `n_clusters_`.
        names : sequence of str of length n_sequences, default=None
            The names of the sequences; None numbers them.

        Returns
        -------
        display : DendrogramDisplay
            The display, not plotted yet.
        """
        check_is_fitted(estimator, ["linkage_matrix_", "n_clusters_"])
        return cls(
            linkage_matrix=estimator.linkage_matrix_, names=names, n_clusters=int(estimator.n_clusters_)
        )

    def plot(self, ax: Any = None, *, max_leaves: int = 40) -> "DendrogramDisplay":
        """Plot the dendrogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on; None creates a figure.
        max_leaves : int, default=40
            The largest number of leaves that are drawn, at least 2.

        Returns
        -------
        display : DendrogramDisplay
            The display itself, with `ax_`, `figure_`, `lines_` and `leaves_`.

        Raises
        ------
        ValueError
            If `linkage_matrix` is not a linkage matrix, `names` has another length than the sequences, or
            `max_leaves` is less than 2.
        """
        plt = pyplot_of(self)
        from matplotlib.collections import LineCollection

        tree = np.asarray(self.linkage_matrix, dtype=np.float64)
        is_valid_linkage(tree, throw=True, name="linkage_matrix")
        n_sequences = len(tree) + 1
        names = [str(index) for index in range(n_sequences)] if self.names is None else list(self.names)
        if len(names) != n_sequences:
            raise ValueError(f"names has {len(names)} names, but the tree has {n_sequences} sequences.")
        if max_leaves < 2:
            raise ValueError(f"max_leaves={max_leaves}, but a dendrogram has at least 2 leaves.")
        colors = _node_colors(tree, self.n_clusters)
        drawn = dendrogram(
            tree,
            p=max_leaves,
            truncate_mode="lastp",
            no_plot=True,
            link_color_func=colors.__getitem__,
            show_leaf_counts=True,
        )
        self.leaves_ = [
            names[node] if node < n_sequences else f"({int(tree[node - n_sequences, 3])})"
            for node in drawn["leaves"]
        ]
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, max(2.4, 0.2 * len(self.leaves_) + 1)), layout="constrained")
        order = np.argsort([heights[1] for heights in drawn["dcoord"]], kind="stable")
        # the coordinates of SciPy put the leaves at 5, 15, 25, …
        self.lines_ = LineCollection(
            [
                np.column_stack([drawn["dcoord"][merge], np.array(drawn["icoord"][merge]) / 10 - 0.5])
                for merge in order
            ],
            colors=[drawn["color_list"][merge] for merge in order],
            linewidths=1.2,
        )
        ax.add_collection(self.lines_)
        ax.set_yticks(range(len(self.leaves_)), self.leaves_)
        ax.set_ylim(-0.6, len(self.leaves_) - 0.4)
        # the tips are at the side of their names
        ax.set_xlim(max(float(tree[-1, 2]), 1e-9) * 1.03, 0)
        ax.yaxis.tick_right()
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "left", "right"]].set_visible(False)
        ax.set_xlabel("Height of the merge (edits)")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _node_colors(tree: npt.NDArray[np.float64], n_clusters: int) -> dict[int, str]:
    """Return the color of each node: one for each cluster, and gray above the clusters."""
    from matplotlib import color_sequences
    from matplotlib.colors import to_hex

    n_sequences = len(tree) + 1
    palette = [to_hex(color) for color in color_sequences["tab10"]]
    first_above = 2 * n_sequences - n_clusters
    colors: dict[int, str] = {}
    n_used = 0
    for node in range(2 * n_sequences - 2, -1, -1):
        if node >= first_above:
            colors[node] = _SINGLE
        elif node not in colors:
            colors[node] = palette[n_used % len(palette)]
            n_used += 1
        if node >= n_sequences and node < first_above:
            colors.update(dict.fromkeys(tree[node - n_sequences, :2].astype(int).tolist(), colors[node]))
    return colors
