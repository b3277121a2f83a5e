"""Plot the stretches of a sequence that labs share, on a circular map."""

from typing import Any

import numpy as np
import pandas as pd

from skseed.inspection._axes import pyplot_of

_KMER_BINS = 360


class SharedStretchesDisplay:
    """Map of the stretches of a plasmid that known labs have too.

    The plot is a circle with the position 1 at the top, clockwise. A ring for each lab shows its stretches,
    darker for stretches of fewer labs. The outer ring shows how many labs have the k-mers of each position,
    from none to all. Use `from_estimator` to create a display.

    Parameters
    ----------
    stretches : DataFrame
        A row for each stretch, as returned by ``shared_stretches`` of a ranker.
    kmers : DataFrame
        A row for each kept k-mer: ``start`` and ``n_labs``.
    labs : array-like of shape (n_labs,)
        The labs, the outermost ring first.
    length : int
        The length of the sequence.
    circular : bool
        Whether the sequence is circular; a linear one has a gap at the top.

    Attributes
    ----------
    ax_ : matplotlib PolarAxes
        The axes of the plot, after ``plot``.
    figure_ : matplotlib Figure
        The figure of the plot, after ``plot``.
    rings_ : list of matplotlib BarContainer
        The stretches of each lab that has some.

    See Also
    --------
    skseed.ranking.EvidenceLabRanker.shared_stretches : Computes the numbers.
    TokenImportanceDisplay : Explains a network on tokens.

    Examples
    --------
    >>> from skseed.inspection import SharedStretchesDisplay
    >>> from skseed.ranking import KmerLabRanker
    >>> plasmids = ["GATTACAGATCCGTA", "GATTACAGTTCCGAA", "CTTGGCATTCACGGA", "CTTGGCATACACGGT"]
    >>> ranker = KmerLabRanker(k=6, fraction=1).fit(plasmids, ["Curie", "Curie", "Franklin", "Franklin"])
    >>> display = SharedStretchesDisplay.from_estimator(ranker, ["CCCGATTACAGCCCC"], n_labs=1)
    >>> display.stretches[["start", "end", "n_kmers", "n_labs"]].values.tolist()
    [[3, 11, 3, 1]]
    """

    def __init__(
        self, *, stretches: pd.DataFrame, kmers: pd.DataFrame, labs: Any, length: int, circular: bool
    ) -> None:
        self.stretches = stretches
        self.kmers = kmers
        self.labs = labs
        self.length = length
        self.circular = circular

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, labs: Any = None, *, n_labs: int = 3
    ) -> "SharedStretchesDisplay":
        """Find the stretches of one sequence that labs share.

        Parameters
        ----------
        estimator : KmerLabRanker or EvidenceLabRanker
            A fitted ranker with the method ``shared_stretches``.
        X : array-like of str of shape (1,) or table of shape (1, 1 + n_metadata)
            One sequence, in the form that the ranker takes.
        labs : array-like of shape (n_explained,), default=None
            The labs to show; with None, the `n_labs` likeliest ones.
        n_labs : int, default=3
            The number of labs, if `labs` is None.

        Returns
        -------
        display : SharedStretchesDisplay
            The display, not plotted yet.

        Raises
        ------
        TypeError
            If the estimator has no method ``shared_stretches``.
        ValueError
            If X has more than one sequence, a lab is unknown, or `n_labs` is not a positive int.
        """
        if not hasattr(estimator, "shared_stretches"):
            raise TypeError(
                f"{type(estimator).__name__} has no method shared_stretches; pass a fitted KmerLabRanker or "
                "EvidenceLabRanker."
            )
        found = estimator.shared_stretches(X, labs, n_labs=n_labs)
        return cls(
            stretches=found.stretches,
            kmers=found.kmers,
            labs=found.labs,
            length=found.length,
            circular=found.circular,
        )

    def plot(self, ax: Any = None, *, colors: Any = None) -> "SharedStretchesDisplay":
        """Plot the map.

        Parameters
        ----------
        ax : matplotlib PolarAxes, default=None
            The axes to plot on, with ``projection="polar"``; with None, a new figure.
        colors : sequence of matplotlib colors, default=None
            The color of each lab; with None, ``"C0"``, ``"C1"``, ….

        Returns
        -------
        display : SharedStretchesDisplay
            This display, with `ax_`, `figure_` and `rings_`.

        Raises
        ------
        ValueError
            If `ax` is not polar, or there are fewer colors than labs.
        ImportError
            If matplotlib is not installed.
        """
        plt = pyplot_of(self)
        labs = np.asarray(self.labs).tolist()
        colors = [f"C{number % 10}" for number in range(len(labs))] if colors is None else list(colors)
        if len(colors) < len(labs):
            raise ValueError(
                f"colors has {len(colors)} items, but there are {len(labs)} labs; pass one for each lab."
            )
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 5.2), layout="constrained", subplot_kw={"projection": "polar"})
        elif not hasattr(ax, "set_theta_zero_location"):
            raise ValueError("ax has no angles; create it with projection='polar'.")
        ax.set_theta_zero_location("N")
        ax.set_theta_direction(-1)
        span = 2 * np.pi * (1.0 if self.circular else 0.97)
        to_angle = span / max(self.length, 1)
        self._plot_kmers(ax, to_angle)
        self.rings_ = []
        for ring, (lab, color) in enumerate(zip(labs, colors, strict=False)):
            own = self.stretches[self.stretches["lab"] == lab]
            bottom = 0.86 - 0.7 * (ring + 1) / max(len(labs), 1)
            height = 0.7 / max(len(labs), 1) * 0.8
            edge = np.linspace(0, span, 200)
            ax.plot(edge, np.full(200, bottom + height / 2), color="0.85", linewidth=0.8, zorder=0)
            ax.plot([], [], color=color, linewidth=6, label=f"{lab}")
            if not len(own):
                continue
            lengths = (own["end"] - own["start"]).to_numpy()
            # a stretch that crosses the first position, and one that covers the whole circle
            lengths = np.where(lengths <= 0, lengths + self.length, lengths)
            # 1 for a single lab; a stretch of a thousand labs stays visible
            alphas = 1 / (1 + 0.5 * np.log2(own["n_labs"].to_numpy()))
            bars = ax.bar(
                own["start"].to_numpy() * to_angle,
                height,
                width=lengths * to_angle,
                bottom=bottom,
                align="edge",
                color=color,
                linewidth=0,
            )
            for bar, alpha in zip(bars, alphas, strict=True):
                bar.set_alpha(alpha)
            self.rings_.append(bars)
        ax.set_ylim(0, 1.05)
        ax.set_yticks([])
        ticks = np.arange(4) * self.length // 4
        ax.set_xticks(ticks * to_angle, [f"{tick + 1:,}" for tick in ticks])
        ax.grid(False)
        ax.spines["polar"].set_visible(False)
        ax.text(0, 0, f"{self.length:,}\nbases", ha="center", va="center")
        ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), frameon=False, title="Lab")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _plot_kmers(self, ax: Any, to_angle: float) -> None:
        """Plot the mean of log(1 + number of labs) of the k-mers in bins of positions."""
        n_bins = min(_KMER_BINS, max(self.length, 1))
        bins = self.kmers["start"].to_numpy() * n_bins // max(self.length, 1)
        counts = np.bincount(bins, minlength=n_bins)
        sums = np.bincount(bins, weights=np.log1p(self.kmers["n_labs"].to_numpy()), minlength=n_bins)
        means = np.divide(sums, counts, out=np.zeros(n_bins), where=counts > 0)
        width = self.length * to_angle / n_bins
        scale = 0.12 / max(means.max(initial=0.0), 1.0)
        ax.bar(np.arange(n_bins) * width, means * scale, width=width, bottom=0.9, align="edge", color="0.55")
