"""Plot the loss of every epoch."""

from typing import Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skseed._responses import last_step
from skseed.inspection._axes import axes_of


class TrainingHistoryDisplay:
    """Training and validation loss of every epoch of an estimator with a network.

    A training loss that still falls at the end asks for more epochs. A validation loss that rises while the
    training loss falls shows overfitting. Use `from_estimator` to create a display.

    Parameters
    ----------
    history : DataFrame
        One row for each epoch, with the column `train_loss` and, with a validation split, `valid_loss`. The
        index is the number of the epoch, from 1.
    name : str, default=None
        The name of the estimator in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot, after ``plot``.
    figure_ : matplotlib Figure
        The figure of the plot, after ``plot``.
    lines_ : list of matplotlib Line2D
        The curves.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder
    >>> from skseed.inspection import TrainingHistoryDisplay
    >>> genes = ["GATTACA", "GATTACC", "CCGCGG", "CCGCG", "GATTTACA", "CCGCGGG"]
    >>> embedder = EditDistanceEmbedder(2, encoder="linear", max_epochs=3, random_state=0).fit(genes)
    >>> TrainingHistoryDisplay.from_estimator(embedder).history.columns.tolist()
    ['train_loss']
    """

    def __init__(self, *, history: pd.DataFrame, name: str | None = None) -> None:
        self.history = history
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, *, name: str | None = None) -> "TrainingHistoryDisplay":
        """Read the losses of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator with a network, or Pipeline that ends in one
            An embedder, ranker or classifier with the attribute ``net_``.
        name : str, default=None
            The name in the legend; None takes the class name of the last step.

        Returns
        -------
        display : TrainingHistoryDisplay
            The display, not plotted yet.

        Raises
        ------
        TypeError
            If the estimator has no network.
        """
        last = last_step(estimator)
        check_is_fitted(last)
        if not hasattr(last, "net_"):
            raise TypeError(
                f"{type(last).__name__} has no network; pass an estimator with the attribute net_."
            )
        rows = [
            {loss: epoch[loss] for loss in ("train_loss", "valid_loss") if loss in epoch}
            for epoch in last.net_.history
        ]
        history = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="epoch"))
        return cls(history=history, name=name or type(last).__name__)

    def plot(self, ax: Any = None) -> "TrainingHistoryDisplay":
        """Plot the losses on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on; None creates a figure.

        Returns
        -------
        display : TrainingHistoryDisplay
            This display, with `ax_`, `figure_` and `lines_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_of(ax, self)
        self.lines_ = []
        for loss, part, style in (("train_loss", "training", "-"), ("valid_loss", "validation", "--")):
            if loss in self.history:
                label = f"{self.name or 'estimator'}, {part}"
                self.lines_ += ax.plot(
                    self.history.index, self.history[loss], style, linewidth=2, label=label
                )
        if (self.history > 0).all(axis=None):
            ax.set_yscale("log")
        ax.set_xlabel("Epoch")
        ax.set_ylabel("Loss")
        ax.legend(frameon=False, fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self
