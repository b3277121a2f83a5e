"""Plot predicted against true edit distances."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed.distances import levenshtein_distances
from skseed.inspection._axes import axes_of

_N_BANDS = 12
_N_BINS = 60


class DistanceErrorDisplay:
    """Predicted against true edit distances, with the bias and the spread in bands of the true distance.

    The picture shows where an embedding is accurate. Its mean error is dominated by distant pairs, because
    they are the most; near pairs, which matter for a search, are at the left. The line is the mean
    prediction of each band and the shaded area one standard deviation. On the diagonal, the prediction is
    exact. Use `from_estimator` or `from_predictions` to create a display.

    Parameters
    ----------
    y_true : ndarray of shape (n_pairs,)
        True distances, in edits.
    y_pred : ndarray of shape (n_pairs,)
        Predicted distances, in edits.
    name : str, default=None
        The name in the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot, after ``plot``.
    figure_ : matplotlib Figure
        The figure of the plot, after ``plot``.
    image_ : matplotlib QuadMesh
        The number of pairs, on a logarithmic scale.
    line_ : matplotlib Line2D
        The mean prediction of each band.

    See Also
    --------
    skseed.metrics.percent_rmse : One number for all pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from skseed.inspection import DistanceErrorDisplay
    >>> display = DistanceErrorDisplay.from_predictions([2, 2, 30, 30], [3.0, 3.0, 29.0, 33.0])
    >>> display.frame(bands=[0, 10, 40]).round(1)
            n_pairs  bias  rmse
    band
    0–10          2   1.0   1.0
    10–40         2   1.0   2.2
    """

    def __init__(
        self, *, y_true: npt.NDArray[Any], y_pred: npt.NDArray[Any], name: str | None = None
    ) -> None:
        self.y_true = y_true
        self.y_pred = y_pred
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, *, name: str | None = None) -> "DistanceErrorDisplay":
        """Compare the distances of an embedder with the edit distances of all pairs.

        Parameters
        ----------
        estimator : fitted EditDistanceEmbedder, or Pipeline that ends in one
            The embedder.
        X : array-like of str of shape (n_sequences,)
            Sequences, at least 2. Take sequences that were not in the training data.
        name : str, default=None
            The name in the title; None takes the class name of the embedder.

        Returns
        -------
        display : DistanceErrorDisplay
            The display, not plotted yet.
        """
        sequences, embedder = X, estimator
        if hasattr(estimator, "steps"):
            X, embedder = estimator[:-1].transform(X), estimator[-1]
        above = np.triu_indices(len(sequences), 1)
        y_true = levenshtein_distances(sequences)[above]
        y_pred = embedder.pairwise_distances(X)[above]
        return cls.from_predictions(y_true, y_pred, name=name or type(embedder).__name__)

    @classmethod
    def from_predictions(
        cls, y_true: npt.ArrayLike, y_pred: npt.ArrayLike, *, name: str | None = None
    ) -> "DistanceErrorDisplay":
        """Create the display of given distances.

        Parameters
        ----------
        y_true : array-like of any shape
            True distances, in edits.
        y_pred : array-like of the same shape
            Predicted distances, in edits.
        name : str, default=None
            The name in the title.

        Returns
        -------
        display : DistanceErrorDisplay
            The display, not plotted yet.

        Raises
        ------
        ValueError
            If the shapes differ or there is no pair.
        """
        true, predicted = np.asarray(y_true, dtype=float), np.asarray(y_pred, dtype=float)
        if true.shape != predicted.shape:
            raise ValueError(f"y_true has the shape {true.shape}, but y_pred {predicted.shape}.")
        if true.size == 0:
            raise ValueError("y_true has no pair, but at least one is required.")
        return cls(y_true=true.ravel(), y_pred=predicted.ravel(), name=name)

    def frame(self, bands: npt.ArrayLike | None = None) -> pd.DataFrame:
        """Return bias and error in bands of the true distance.

        Parameters
        ----------
        bands : array-like of shape (n_bands + 1,), default=None
            The edges of the bands, in edits. A band includes its lower edge; the last one includes both. None
            takes about twelve bands of equal width, a whole number of edits.

        Returns
        -------
        frame : DataFrame
            One row for each band with a pair: the number of pairs, the mean of prediction minus truth
            (`bias`), and the root mean squared error (`rmse`), both in edits.
        """
        edges = _edges(self.y_true) if bands is None else np.array(bands, dtype=float)
        names = [f"{low:g}–{high:g}" for low, high in pairwise(edges)]
        edges[-1] = np.nextafter(edges[-1], np.inf)
        band = pd.Series(pd.cut(self.y_true, edges.tolist(), right=False, labels=names), name="band")
        errors = pd.DataFrame({"bias": self.y_pred - self.y_true}).assign(rmse=lambda table: table.bias**2)
        grouped = errors.groupby(band, observed=True)
        frame = grouped.mean().assign(rmse=lambda table: table.rmse**0.5)
        frame.insert(0, "n_pairs", grouped.size())
        frame.index = pd.Index(frame.index.astype(str), name="band")
        return frame

    def plot(self, ax: Any = None, *, cmap: Any = "viridis") -> "DistanceErrorDisplay":
        """Plot the pairs as a two-dimensional histogram, with the mean and its spread.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on; None creates a figure.
        cmap : matplotlib colormap, default="viridis"
            The colors of the numbers of pairs.

        Returns
        -------
        display : DistanceErrorDisplay
            This display, with `ax_`, `figure_`, `image_` and `line_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_of(ax, self, figsize=(5.2, 4.6))
        top = max(1.0, float(self.y_true.max()), float(self.y_pred.max()))
        # a bin covers the same number of whole edits everywhere: others would draw empty stripes
        width = np.ceil(top / _N_BINS)
        bins = np.arange(-0.5, top + width, width)
        *_, self.image_ = ax.hist2d(
            self.y_true, self.y_pred, bins=[bins, bins], cmap=cmap, norm="log", cmin=1
        )
        ax.figure.colorbar(self.image_, ax=ax, label="Pairs")
        centers, means, deviations = _band_statistics(self.y_true, self.y_pred)
        (self.line_,) = ax.plot(centers, means, color="#d55e00", linewidth=2, label="mean of the band")
        ax.fill_between(
            centers,
            means - deviations,
            means + deviations,
            color="#d55e00",
            alpha=0.25,
            label="± 1 standard deviation",
        )
        ax.plot([0, top], [0, top], color="0.3", linewidth=1, linestyle=(0, (4, 3)), label="exact")
        ax.set_xlabel("True edit distance")
        ax.set_ylabel("Predicted edit distance")
        if self.name:
            ax.set_title(self.name)
        ax.legend(loc="upper left", frameon=False, fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _edges(distances: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the edges of about twelve bands of equal width, a whole number of edits."""
    width = max(1.0, np.ceil(distances.max() / _N_BANDS))
    return np.arange(0, distances.max() + width, width) if distances.max() > 0 else np.array([0.0, 1.0])


def _band_statistics(
    true: npt.NDArray[Any], predicted: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the mean true distance, and the mean and deviation of the prediction, of each band."""
    edges = _edges(true)
    band = np.clip(np.searchsorted(edges, true, side="right") - 1, 0, len(edges) - 2)
    table = pd.DataFrame({"true": true, "predicted": predicted}).groupby(band)
    deviations = table.predicted.std(ddof=0)
    return table.true.mean().to_numpy(), table.predicted.mean().to_numpy(), deviations.to_numpy()
