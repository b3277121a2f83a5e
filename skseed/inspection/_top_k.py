"""Plot how often the true label is among the first k of a ranking."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._responses import class_scores, last_step
from skseed.inspection._axes import axes_of
from skseed.metrics import rank_quantiles, true_label_rank


class TopKDisplay:
    """Fraction of queries whose true label is among the first k of the ranking.

    This curve is known as the cumulative match characteristic (CMC). Plot two rankers on the same axes to
    compare them. Markers show X95 and X99, the lengths of the list that contain the true label of 95 % and
    99 % of the queries. Use `from_estimator` or `from_predictions` to create a display.

    Parameters
    ----------
    ranks : ndarray of int of shape (n_queries,)
        The rank of the true label of each query, from 1; see :func:`~skseed.metrics.true_label_rank`.
    n_labels : int
        The number of labels that are ranked.
    name : str, default=None
        The name of the ranker in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot, after ``plot``.
    figure_ : matplotlib Figure
        The figure of the plot, after ``plot``.
    line_ : matplotlib Line2D
        The curve.

    See Also
    --------
    skseed.metrics.top_k_score : One point of the curve.
    skseed.metrics.rank_quantiles : X95 and X99.

    Examples
    --------
    >>> from skseed.inspection import TopKDisplay
    >>> scores = [[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.6, 0.3, 0.1]]
    >>> labs = ["church", "smolke", "voigt"]
    >>> display = TopKDisplay.from_predictions(["church", "voigt", "voigt"], scores, labels=labs)
    >>> display.frame().round(2).top_k.tolist()
    [0.33, 0.67, 1.0]
    """

    def __init__(self, *, ranks: npt.NDArray[np.integer], n_labels: int, name: str | None = None) -> None:
        self.ranks = ranks
        self.n_labels = n_labels
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, name: str | None = None) -> "TopKDisplay":
        """Rank the labels of queries by a fitted ranker or classifier.

        Parameters
        ----------
        estimator : fitted ranker, classifier or Pipeline
            It has ``classes_`` and ``decision_function`` or ``predict_proba``.
        X : array-like of shape (n_queries, ...)
            The input of the estimator, not seen in training.
        y : array-like of shape (n_queries,)
            The true labels. A label that the estimator does not know is a miss.
        name : str, default=None
            The name in the legend; None takes the class name of the last step.

        Returns
        -------
        display : TopKDisplay
            The display, not plotted yet.
        """
        scores, name = class_scores(estimator, X), name or type(last_step(estimator)).__name__
        return cls.from_predictions(y, scores, labels=estimator.classes_, name=name)

    @classmethod
    def from_predictions(
        cls, y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, labels: npt.ArrayLike, name: str | None = None
    ) -> "TopKDisplay":
        """Create the display of given scores.

        Parameters
        ----------
        y_true : array-like of shape (n_queries,)
            The true labels.
        y_score : array-like of shape (n_queries, n_labels)
            The score of each label; higher is better.
        labels : array-like of shape (n_labels,)
            The labels of the columns: ``classes_`` of the estimator.
        name : str, default=None
            The name in the legend.

        Returns
        -------
        display : TopKDisplay
            The display, not plotted yet.
        """
        ranks = true_label_rank(y_true, y_score, labels=labels)
        return cls(ranks=ranks, n_labels=len(np.asarray(labels)), name=name)

    def frame(self) -> pd.DataFrame:
        """Return the points of the curve.

        Returns
        -------
        frame : DataFrame
            The fraction `top_k` of queries whose true label is among the first `k`, from 1 to `n_labels`.
        """
        counts = np.bincount(self.ranks, minlength=self.n_labels + 1)[1 : self.n_labels + 1]
        top_k = counts.cumsum() / len(self.ranks)
        return pd.DataFrame({"top_k": top_k}, index=pd.RangeIndex(1, self.n_labels + 1, name="k"))

    def plot(self, ax: Any = None, *, color: Any = None, chance: bool = True) -> "TopKDisplay":
        """Plot the curve; the axis of k is logarithmic.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on; None creates a figure.
        color : matplotlib color, default=None
            The color of the curve; None takes the next color of the axes.
        chance : bool, default=True
            Whether to plot the expectation for random scores.

        Returns
        -------
        display : TopKDisplay
            This display, with `ax_`, `figure_` and `line_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_of(ax, self)
        curve = self.frame().top_k
        x95, x99 = rank_quantiles(self.ranks, levels=(0.95, 0.99))
        label = f"{self.name or 'ranker'} (top-1 {curve.iloc[0]:.2f}, X95 {x95}, X99 {x99})"
        (self.line_,) = ax.plot(curve.index, curve, color=color, linewidth=2, label=label)
        color = self.line_.get_color()
        for rank, marker in ((x95, "o"), (x99, "D")):
            if rank <= self.n_labels:
                ax.plot([rank], [curve[rank]], marker=marker, color=color, linestyle="none")
        if chance:
            ax.plot(
                curve.index,
                curve.index / self.n_labels,
                color="0.5",
                linewidth=1,
                linestyle=(0, (4, 3)),
                label="random scores",
            )
        ax.set_xscale("log")
        ticks = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]
        ticks = [tick for tick in ticks if tick <= self.n_labels]
        ax.set_xticks(ticks, labels=[str(tick) for tick in ticks])
        ax.minorticks_off()
        ax.set_xlabel("k, length of the list")
        ax.set_ylabel("Fraction with the true label in the first k")
        ax.set_ylim(0, 1.02)
        # the background keeps the text legible over the line of random scores
        ax.legend(loc="lower right", framealpha=0.9, edgecolor="none", fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self
