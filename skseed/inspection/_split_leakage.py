"""The picture of a leakage report."""

from typing import Any

import numpy as np
import pandas as pd

from skseed.model_selection import leakage_report

_COLUMNS = ["split", "test", "nearest", "edits", "fraction"]


class SplitLeakageDisplay:
    """How far the test sequences of each split are from their nearest training sequence.

    The picture shows for every split the share of its test sequences that have a training sequence
    within a distance: a curve that rises at the left edge is a split that leaks, one that stays on the
    ground up to the cut-off of a group splitter keeps its promise. Draw two splitters on the same
    axes to compare them. Create it with `from_splits` or `from_report`.

    Parameters
    ----------
    report : DataFrame
        What :func:`~skseed.model_selection.leakage_report` returns.
    name : str, default=None
        What the legend calls the splitter.
    threshold : float, default=None
        A distance to mark, as a fraction of the longer length, such as the cut-off of the splitter.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the picture, after ``plot``.
    figure_ : matplotlib Figure
        Their figure, after ``plot``.
    lines_ : list of matplotlib Line2D
        One curve for each split, and last that of all splits together.

    See Also
    --------
    skseed.model_selection.leakage_report : The numbers themselves.

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
        splits: Any,
        *,
        y: Any = None,
        name: str | None = None,
        threshold: float | None = None,
        **report_options: Any,
    ) -> "SplitLeakageDisplay":
        """Compute the report of a splitter, or of index arrays.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            Sequences.
        splits : cross-validation splitter or iterable of (train, test)
            What is looked at.
        y : array-like of shape (n_sequences,), default=None
            The labels, for splitters that need them.
        name : str, default=None
            What the legend calls it; None takes the name of the splitter's class.
        threshold : float, default=None
            A distance to mark, as a fraction of the longer length.
        **report_options : dict
            Further options of :func:`~skseed.model_selection.leakage_report`, such as `max_distance`.

        Returns
        -------
        display : SplitLeakageDisplay
            The numbers, not drawn yet.
        """
        if name is None and hasattr(splits, "split"):
            name = type(splits).__name__
        report = leakage_report(X, splits, y=y, **report_options)
        return cls(report=report, name=name, threshold=threshold)

    @classmethod
    def from_report(
        cls, report: pd.DataFrame, *, name: str | None = None, threshold: float | None = None
    ) -> "SplitLeakageDisplay":
        """Take a report that was made before.

        Parameters
        ----------
        report : DataFrame
            What :func:`~skseed.model_selection.leakage_report` returns.
        name : str, default=None
            What the legend calls the splitter.
        threshold : float, default=None
            A distance to mark, as a fraction of the longer length.

        Returns
        -------
        display : SplitLeakageDisplay
            The numbers, not drawn yet.

        Raises
        ------
        ValueError
            If a column is missing.
        """
        missing = [column for column in _COLUMNS if column not in report]
        if missing:
            raise ValueError(f"The report has no column {missing[0]!r}; pass what leakage_report returns.")
        return cls(report=report, name=name, threshold=threshold)

    def frame(self) -> pd.DataFrame:
        """Return the numbers of the picture in brief.

        Returns
        -------
        frame : DataFrame
            One row for each split: the number of test sequences, and the least, the lower quartile and the
            median distance to training, as fractions; NaN where it is beyond what was looked for.
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
        """Draw the share of test sequences within a distance of training.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        color : matplotlib color, default=None
            The colour of the curves; None takes the next of the axes.

        Returns
        -------
        display : SplitLeakageDisplay
            The display itself, with `ax_`, `figure_` and `lines_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        try:
            import matplotlib.pyplot as plt
            from matplotlib.ticker import PercentFormatter
        except ImportError as error:
            raise ImportError(
                "SplitLeakageDisplay.plot needs matplotlib: pip install 'skseed[plot]'."
            ) from error
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
        if color is None:
            (probe,) = ax.plot([], [])
            color = probe.get_color()
            probe.remove()
        furthest = 100 * float(np.nanmax(self.report.fraction.to_numpy(), initial=self.threshold or 0.01))
        self.lines_ = []
        for _, fold in self.report.groupby("split"):
            distances, shares = _steps(fold.fraction, furthest)
            self.lines_ += ax.step(
                distances, shares, where="post", color=color, linewidth=0.8, alpha=0.45, zorder=2
            )
        distances, shares = _steps(self.report.fraction, furthest)
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
        ax.set_ylabel("Share of test sequences")
        ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
        ax.set_ylim(-0.02, 1.02)
        ax.set_xlim(left=min(0.0, -0.01 * furthest))
        ax.grid(axis="y", color="0.9", zorder=0)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(loc="lower right", frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _steps(fractions: "pd.Series[float]", furthest: float) -> tuple[Any, Any]:
    """Return the corners of the curve, in percent and in shares of all that were tested."""
    near = np.sort(100 * fractions.dropna().to_numpy())
    shares = np.arange(len(near) + 1) / len(fractions)
    return np.concatenate([[0.0], near, [furthest]]), np.concatenate([shares, shares[-1:]])
