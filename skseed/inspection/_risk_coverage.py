"""Plot the error rate of a classifier that abstains against the share of answered samples."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._validation import check_labels
from skseed.inspection._axes import axes_of
from skseed.metrics import risk_coverage_area, risk_coverage_curve, true_label_rank

_COVERAGES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


class RiskCoverageDisplay:
    """Error rate of the answered samples against their share.

    A ranker that answers only if its probability is above a threshold makes fewer errors. The plot shows the
    error rate for each share of answered samples. Plot several rankers on the same axes. Use
    `from_estimator` or `from_predictions` to create a display, with samples that the estimator was not fitted
    on.

    Parameters
    ----------
    coverage : ndarray of shape (n_thresholds,)
        The share of answered samples, ascending.
    risk : ndarray of shape (n_thresholds,)
        The error rate of the answered samples.
    thresholds : ndarray of shape (n_thresholds,)
        The smallest confidence that is answered.
    area : float
        The mean of the error rate over all coverages.
    name : str, default=None
        The name in the legend.

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
    skseed.metrics.risk_coverage_curve : Computes the numbers.

    Examples
    --------
    >>> from skseed.inspection import RiskCoverageDisplay
    >>> probabilities = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]
    >>> display = RiskCoverageDisplay.from_predictions(
    ...     ["church", "voigt", "voigt", "voigt"], probabilities, labels=["church", "voigt"]
    ... )
    >>> display.frame()["risk"].tolist()
    [0.0, 0.0, 0.0, 0.0, 0.25, 0.25]
    """

    def __init__(
        self,
        *,
        coverage: npt.NDArray[np.float64],
        risk: npt.NDArray[np.float64],
        thresholds: npt.NDArray[np.float64],
        area: float,
        name: str | None = None,
    ) -> None:
        self.coverage = coverage
        self.risk = risk
        self.thresholds = thresholds
        self.area = area
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, name: str | None = None
    ) -> "RiskCoverageDisplay":
        """Compute the curve of a fitted classifier.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier with ``predict_proba``, such as a ranker or a pipeline that ends in one.
        X : array-like of n_samples rows
            Samples in the form that the estimator takes.
        y : array-like of shape (n_samples,)
            The true labels. A label that is not in ``classes_`` counts as an error.
        name : str, default=None
            The name in the legend; with None, the name of the class.

        Returns
        -------
        display : RiskCoverageDisplay
            The display, not plotted yet.

        Raises
        ------
        ValueError
            If a label is missing, or of another kind than those in ``classes_``.
        """
        return cls.from_predictions(
            y,
            estimator.predict_proba(X),
            labels=estimator.classes_,
            name=type(estimator).__name__ if name is None else name,
        )

    @classmethod
    def from_predictions(
        cls, y_true: Any, y_proba: Any, *, labels: Any, name: str | None = None
    ) -> "RiskCoverageDisplay":
        """Compute the curve of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            The true labels. A label that is not in `labels` counts as an error.
        y_proba : array-like of shape (n_samples, n_labels)
            The probability of each label; the largest one is the confidence. A tie for the largest counts as
            an error.
        labels : array-like of shape (n_labels,)
            The label of each column.
        name : str, default=None
            The name in the legend.

        Returns
        -------
        display : RiskCoverageDisplay
            The display, not plotted yet.

        Raises
        ------
        ValueError
            If the shapes differ, a label is missing or of another kind, or a probability is NaN.
        """
        probabilities = np.asarray(y_proba)
        is_correct = true_label_rank(check_labels(y_true, name="y_true"), probabilities, labels=labels) == 1
        confidence = probabilities.max(axis=1)
        coverage, risk, thresholds = risk_coverage_curve(is_correct, confidence)
        area = risk_coverage_area(is_correct, confidence)
        return cls(coverage=coverage, risk=risk, thresholds=thresholds, area=area, name=name)

    def frame(self) -> pd.DataFrame:
        """Return the error rates at some coverages.

        Returns
        -------
        frame : DataFrame
            A row for each coverage of at least 0.1, 0.2, 0.4, 0.6, 0.8 and 1: the smallest ``coverage`` of
            the curve that reaches it, the ``risk`` and the ``threshold``.
        """
        # the tolerance is for shares such as 3 of 10
        places = np.searchsorted(self.coverage, np.array(_COVERAGES) - 1e-9)
        return pd.DataFrame(
            {
                "coverage": self.coverage[places],
                "risk": self.risk[places],
                "threshold": self.thresholds[places],
            },
            index=pd.Index(_COVERAGES, name="at least"),
        )

    def plot(self, ax: Any = None, *, color: Any = None) -> "RiskCoverageDisplay":
        """Plot the error rate against the coverage.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on; with None, a new figure.
        color : matplotlib color, default=None
            The color; with None, the next color of the axes.

        Returns
        -------
        display : RiskCoverageDisplay
            This display, with `ax_`, `figure_` and `line_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_of(ax, self)
        label = f"{self.name or 'risk'} (area {self.area:.3f})"
        (self.line_,) = ax.step(
            self.coverage, self.risk, where="post", color=color, linewidth=2.0, label=label
        )
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        ax.set_xlabel("Coverage (share of answered samples)")
        ax.set_ylabel("Risk (error rate of answered samples)")
        ax.legend(loc="upper left", frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
