"""Plot the accuracy of predictions against their stated probability."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._responses import last_step
from skseed.inspection._axes import axes_of
from skseed.metrics import expected_calibration_error


class ReliabilityDisplay:
    """Accuracy of the most probable label against its probability, in bins.

    On the diagonal the probabilities are calibrated; below it they are too high. The size of a point is the
    number of its queries. scikit-learn's ``CalibrationDisplay`` is for two classes; this display is for any
    number of classes and uses the most probable one. Use `from_estimator` or `from_predictions` to create a
    display.

    Parameters
    ----------
    bins : DataFrame
        One row for each bin with a query: the number of queries `n`, their mean `confidence`, and their
        `accuracy`.
    error : float
        The expected calibration error.
    name : str, default=None
        The name of the estimator in the legend.

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
    skseed.metrics.expected_calibration_error : The mean distance of the points from the diagonal.
    skseed.ranking.CalibratedRanker : Calibrates probabilities.

    Examples
    --------
    >>> from skseed.inspection import ReliabilityDisplay
    >>> probabilities = [[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]]
    >>> labs = ["church", "voigt"]
    >>> y = ["church", "church", "voigt", "church"]
    >>> display = ReliabilityDisplay.from_predictions(y, probabilities, labels=labs, n_bins=2)
    >>> display.bins.round(2)
       n  confidence  accuracy
    0  4        0.75      0.75
    """

    def __init__(self, *, bins: pd.DataFrame, error: float, name: str | None = None) -> None:
        self.bins = bins
        self.error = error
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, n_bins: int = 15, name: str | None = None
    ) -> "ReliabilityDisplay":
        """Compare the probabilities of a fitted classifier with the labels.

        Parameters
        ----------
        estimator : fitted ranker, classifier or Pipeline
            It has ``classes_`` and ``predict_proba``.
        X : array-like of shape (n_queries, ...)
            The input of the estimator, not seen in training.
        y : array-like of shape (n_queries,)
            The true labels. A label that the estimator does not know counts as a wrong prediction.
        n_bins : int, default=15
            The number of bins between 0 and 1.
        name : str, default=None
            The name in the legend; None takes the class name of the last step.

        Returns
        -------
        display : ReliabilityDisplay
            The display, not plotted yet.
        """
        return cls.from_predictions(
            y,
            estimator.predict_proba(X),
            labels=estimator.classes_,
            n_bins=n_bins,
            name=name or type(last_step(estimator)).__name__,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: npt.ArrayLike,
        y_prob: npt.ArrayLike,
        *,
        labels: npt.ArrayLike,
        n_bins: int = 15,
        name: str | None = None,
    ) -> "ReliabilityDisplay":
        """Create the display of given probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_queries,)
            The true labels.
        y_prob : array-like of shape (n_queries, n_labels)
            The probability of each label, between 0 and 1.
        labels : array-like of shape (n_labels,)
            The labels of the columns: ``classes_`` of the estimator.
        n_bins : int, default=15
            The number of bins between 0 and 1.
        name : str, default=None
            The name in the legend.

        Returns
        -------
        display : ReliabilityDisplay
            The display, not plotted yet.

        Raises
        ------
        ValueError
            As :func:`~skseed.metrics.expected_calibration_error`.
        """
        error = expected_calibration_error(y_true, y_prob, labels=labels, n_bins=n_bins)
        probabilities, true = np.asarray(y_prob, dtype=float), np.asarray(y_true, dtype=object)
        confidence = probabilities.max(axis=1)
        predicted = np.asarray(labels, dtype=object)[probabilities.argmax(axis=1)]
        bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
        table = pd.DataFrame({"confidence": confidence, "accuracy": predicted == true}).groupby(bins)
        frame = pd.DataFrame(
            {"n": table.size(), "confidence": table.confidence.mean(), "accuracy": table.accuracy.mean()}
        )
        return cls(bins=frame.reset_index(drop=True), error=error, name=name)

    def plot(self, ax: Any = None, *, color: Any = None) -> "ReliabilityDisplay":
        """Plot accuracy against confidence.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on; None creates a figure.
        color : matplotlib color, default=None
            The color of the curve; None takes the next color of the axes.

        Returns
        -------
        display : ReliabilityDisplay
            This display, with `ax_`, `figure_` and `line_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_of(ax, self, figsize=(4.8, 4.6))
        label = f"{self.name or 'probabilities'} (ECE {self.error:.3f})"
        (self.line_,) = ax.plot(
            self.bins.confidence, self.bins.accuracy, color=color, linewidth=1.5, label=label
        )
        sizes = 15 + 250 * self.bins.n / self.bins.n.sum()
        ax.scatter(self.bins.confidence, self.bins.accuracy, s=sizes, color=self.line_.get_color())
        ax.plot([0, 1], [0, 1], color="0.5", linewidth=1, linestyle=(0, (4, 3)))
        ax.set_xlabel("Probability of the most probable label")
        ax.set_ylabel("Accuracy")
        ax.set_xlim(-0.02, 1.02)
        ax.set_ylim(-0.02, 1.02)
        ax.set_aspect("equal")
        ax.legend(loc="lower right", framealpha=0.9, edgecolor="none", fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self
