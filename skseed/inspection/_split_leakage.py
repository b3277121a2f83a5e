"""Plot the distances of test sequences to their nearest training sequences."""

from typing import Any

import numpy as np
import pandas as pd

from skseed.inspection._axes import axes_of
from skseed.model_selection import leakage_report

_COLUMNS = ["split", "test", "nearest", "edits", "fraction"]


class SplitLeakageDisplay:
    """Cumulative distribution of the distance of test sequences to their nearest training sequence.

    A curve shows, for one split, the fraction of test sequences that have a training sequence within a given
    distance. A curve that rises at the left edge means that the split leaks. For a group splitter, the curve
    stays at 0 up to the cut-off of the splitter. Plot two splitters on the same axes to compare them. Use
    `from_splits` or `from_report` to create a display.

    Parameters
    ----------
    report : DataFrame
        A report of :func:`~skseed.model_selection.leakage_report`.
    name : str, default=None
        The name of the splitter in the legend.
    threshold : float, default=None
        A distance to mark, as a fraction of the longer length, such as the cut-off of the splitter.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot, after ``plot``.
    figure_ : matplotlib Figure
        The figure of the plot, after ``plot``.
    lines_ : list of matplotlib Line2D
        One curve for each split, and, as the last one, the curve of all splits together.

    See Also
    --------
    skseed.model_selection.leakage_report : Computes the report.

    Examples
    --------
    >>> from skseed.inspection import SplitLeakageDisplay
    >>> from skseed.model_selection import LevenshteinGroupKFold
    >>> genes = ["GATTACA", "CCGCGG", "GATTACC", "CCGCG"]
    >>> cv = LevenshteinGroupKFold(2, max_distance=1)
    >>> display = SplitLeakageDisplay.from_splits(genes, cv, threshold=0.15).plot()
    >>> display.ax_.get_xlabel()
    'Distance to the nearest training sequence (% of the longer length)'
    """

    def __init__(
        self, *, report: pd.DataFrame, name: str | None = None, threshold: float | None = None
    ) -> None:
        self.report = report
        self.name = name
        self.threshold = threshold

    @classmethod
    def from_splits(
        cls,
        X: Any,
        cv: Any = None,
        *,
        y: Any = None,
        groups: Any = None,
        X_test: Any = None,
        name: str | None = None,
        threshold: float | None = None,
        **report_options: Any,
    ) -> "SplitLeakageDisplay":
        """Compute the report of a splitter, of index arrays, or of a training set and a test set.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or table
            Sequences; all of them are training sequences if `X_test` is given.
        cv : cross-validation splitter or iterable of (train, test), default=None
            The splits; None requires `X_test`.
        y : array-like of shape (n_sequences,), default=None
            Labels, for splitters that need them.
        groups : array-like of shape (n_sequences,), default=None
            Groups, for splitters that need them.
        X_test : array-like of str of shape (n_test,), or table, default=None
            A second set of sequences, to be compared with all of `X`.
        name : str, default=None
            The name in the legend; None takes the class name of the splitter, or "test set" with `X_test`.
        threshold : float, default=None
            A distance to mark, as a fraction of the longer length.
        **report_options : dict
            Further parameters of :func:`~skseed.model_selection.leakage_report`, such as `max_distance`.

        Returns
        -------
        display : SplitLeakageDisplay
            The display, not plotted yet.
        """
        report = leakage_report(X, cv, y=y, groups=groups, X_test=X_test, **report_options)
        if name is None and cv is None:
            name = "test set"
        elif name is None and hasattr(cv, "split"):
            name = type(cv).__name__
        return cls.from_report(report, name=name, threshold=threshold)

    @classmethod
    def from_report(
        cls, report: pd.DataFrame, *, name: str | None = None, threshold: float | None = None
    ) -> "SplitLeakageDisplay":
        """Create the display of an existing report.

        Parameters
        ----------
        report : DataFrame
            A report of :func:`~skseed.model_selection.leakage_report`.
        name : str, default=None
            The name of the splitter in the legend.
        threshold : float, default=None
            A distance to mark, as a fraction of the longer length.

        Returns
        -------
        display : SplitLeakageDisplay
            The display, not plotted yet.

        Raises
        ------
        ValueError
            If a column is missing.
        """
        missing = [column for column in _COLUMNS if column not in report]
        if missing:
            raise ValueError(
                f"The report has no column {missing[0]!r}; pass a report of leakage_report without graph."
            )
        return cls(report=report, name=name, threshold=threshold)

    def frame(self) -> pd.DataFrame:
        """Return a summary of the report.

        Returns
        -------
        frame : DataFrame
            One row for each split: the number of test sequences, and the minimum, the lower quartile and the
            median of their distances to training, as fractions; NaN for a distance beyond the `max_distance`
            of the report.
        """
        beyond = self.report.assign(fraction=self.report.fraction.fillna(np.inf))
        distances = beyond.groupby("split").fraction
        frame = pd.DataFrame(
            {
                "n_test": distances.size(),
                "min": distances.min(),
                "lower_quartile": distances.quantile(0.25, interpolation="lower"),
                "median": distances.quantile(0.5, interpolation="lower"),
            }
        )
        return frame.replace(np.inf, np.nan)

    def plot(self, ax: Any = None, *, color: Any = None) -> "SplitLeakageDisplay":
        """Plot the fraction of test sequences that have a training sequence within each distance.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on; None creates a figure.
        color : matplotlib color, default=None
            The color of the curves; None takes the next color of the axes.

        Returns
        -------
        display : SplitLeakageDisplay
            This display, with `ax_`, `figure_` and `lines_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_of(ax, self)
        from matplotlib.ticker import PercentFormatter

        if color is None:
            (probe,) = ax.plot([], [])
            color = probe.get_color()
            probe.remove()
        farthest = 100 * float(np.nanmax(self.report.fraction.to_numpy(), initial=self.threshold or 0.01))
        self.lines_ = []
        for _, fold in self.report.groupby("split"):
            distances, shares = _steps(fold.fraction, farthest)
            self.lines_ += ax.step(
                distances, shares, where="post", color=color, linewidth=0.8, alpha=0.45, zorder=2
            )
        distances, shares = _steps(self.report.fraction, farthest)
        n_splits = self.report.split.nunique()
        self.lines_ += ax.step(
            distances,
            shares,
            where="post",
            color=color,
            linewidth=2.2,
            zorder=3,
            label=f"{self.name or 'all splits'} ({n_splits} split{'s' * (n_splits > 1)})",
        )
        if self.threshold is not None:
            ax.axvline(100 * self.threshold, color="0.35", linestyle=(0, (4, 3)), linewidth=1, zorder=1)
            ax.annotate(
                f"{100 * self.threshold:g} %",
                (100 * self.threshold, 1),
                xycoords=("data", "axes fraction"),
                xytext=(3, -4),
                textcoords="offset points",
                va="top",
                color="0.35",
                fontsize="small",
            )
        ax.set_xlabel("Distance to the nearest training sequence (% of the longer length)")
        ax.set_ylabel("Fraction of test sequences")
        ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
        ax.set_ylim(-0.02, 1.02)
        ax.set_xlim(left=min(0.0, -0.01 * farthest))
        ax.grid(axis="y", color="0.9", zorder=0)
        ax.legend(loc="lower right", frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _steps(fractions: "pd.Series[float]", farthest: float) -> tuple[Any, Any]:
    """Return the corners of the curve: distances in percent, and fractions of the test sequences."""
    near = np.sort(100 * fractions.dropna().to_numpy())
    shares = np.arange(len(near) + 1) / len(fractions)
    return np.concatenate([[0.0], near, [farthest]]), np.concatenate([shares, shares[-1:]])
