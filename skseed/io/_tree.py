"""Rooted trees as flat arrays, and their clades of a given size or height."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed._files import quote, quote_some


@dataclass(frozen=True)
class Tree:
    """Rooted tree as flat arrays, in which a parent comes before its children.

    No method recurses, so trees of any depth are accepted. Use :func:`read_tree` to make one.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,), dtype intp
        The index of each node's parent; -1 for the root, which is the first node.
    names : tuple of str of length n_nodes
        The label of each node, empty where it has none.
    lengths : ndarray of shape (n_nodes,), dtype float64
        The length of the branch above each node, NaN where it has none.

    See Also
    --------
    read_tree : Read a tree from Newick text, a file or an object.

    Examples
    --------
    >>> from skseed.io import read_tree
    >>> tree = read_tree("((oak:1,elm:1):2,(fern:1,moss:1):2);")
    >>> tree.tips
    {'oak': 2, 'elm': 3, 'fern': 5, 'moss': 6}
    >>> tree.parents
    array([-1,  0,  1,  1,  0,  4,  4])
    """

    parents: npt.NDArray[np.intp]
    names: tuple[str, ...]
    lengths: npt.NDArray[np.float64]

    @property
    def tips(self) -> dict[str, int]:
        """The index of every tip, by name.

        Returns
        -------
        tips : dict of str to int
            Indices.

        Raises
        ------
        ValueError
            If a tip has no name, or two tips have the same name.
        """
        is_tip = np.ones(len(self.parents), dtype=bool)
        is_tip[self.parents[1:]] = False
        tips: dict[str, int] = {}
        repeated = []
        for node in np.flatnonzero(is_tip):
            name = self.names[node]
            if not name:
                raise ValueError(f"The tree has a tip without a name (node {node}); name every tip.")
            if name in tips:
                repeated.append(name)
            tips[name] = int(node)
        if repeated:
            raise ValueError(
                f"The tree has {quote_some(repeated)} more than once; give every tip a name of its own."
            )
        return tips

    def clades_of_size(self, tips: npt.NDArray[np.intp], max_tips: int) -> npt.NDArray[np.intp]:
        """Return, for each tip, its largest clade with at most `max_tips` of the given tips.

        Parameters
        ----------
        tips : ndarray of int of shape (n_tips,)
            The nodes of the given tips. Other tips are not counted.
        max_tips : int
            The largest number of tips in a clade.

        Returns
        -------
        clades : ndarray of shape (n_tips,), dtype intp
            The root of the clade of each tip.
        """
        counts = np.zeros(len(self.parents), dtype=np.int64)
        counts[tips] = 1
        for node in range(len(counts) - 1, 0, -1):
            counts[self.parents[node]] += counts[node]
        return self._topmost(counts <= max_tips)[tips]

    def clades_of_height(self, tips: npt.NDArray[np.intp], max_height: float) -> npt.NDArray[np.intp]:
        """Return, for each tip, its largest clade with a height of at most `max_height`.

        Parameters
        ----------
        tips : ndarray of int of shape (n_tips,)
            The nodes of the given tips. Other tips are ignored.
        max_height : float
            The longest path from the root of a clade to one of these tips, in branch length. A negative
            length counts as 0.

        Returns
        -------
        clades : ndarray of shape (n_tips,), dtype intp
            The root of the clade of each tip.

        Raises
        ------
        ValueError
            If a branch above one of the tips has no length.
        """
        heights = np.full(len(self.parents), -np.inf)
        heights[tips] = 0
        for node in range(len(heights) - 1, 0, -1):
            if heights[node] >= 0 and np.isnan(self.lengths[node]):
                name = quote(self.names[node] or f"node {node}")
                raise ValueError(f"The branch above {name} has no length; use depth, which needs no length.")
            # neighbor joining may give a negative length, which must not bring a tip nearer to the root
            above = heights[node] + max(self.lengths[node], 0.0) if heights[node] >= 0 else -np.inf
            heights[self.parents[node]] = max(heights[self.parents[node]], above)
        return self._topmost(heights <= max_height)[tips]

    def _topmost(self, fits: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
        """Return, for each node, its highest ancestor that fits, or the node itself."""
        clade = np.arange(len(fits))
        for node in range(1, len(fits)):
            parent = self.parents[node]
            if fits[parent]:
                clade[node] = clade[parent]
        return clade
