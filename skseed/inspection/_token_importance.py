"""Plot the contribution of each stretch of a sequence to the score of a lab."""

from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._validation import check_sequences
from skseed.inspection._axes import axes_of
from skseed.inspection._token_pipeline import token_pipeline


class TokenImportanceDisplay:
    """Contribution of each position of a sequence to the score of a lab.

    The plot shows positive contributions above the axis and negative ones below. The area is the lab's score
    minus the score of an empty sequence. The contributions describe the network, not the intention of the
    lab. Use `from_estimator` to create a display.

    Parameters
    ----------
    importances : ndarray of shape (n_bases,)
        The contribution of each base.
    tokens : DataFrame
        One row for each token of the sequence without rotation: ``token``, ``start``, ``end`` and
        ``importance``.
    lab : object
        The explained lab.
    score : float
        The score of the lab.
    baseline_score : float
        The score of the lab for a sequence without tokens.
    error : float
        The sum of the importances minus the difference of the two scores.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot, after ``plot``.
    figure_ : matplotlib Figure
        The figure of the plot, after ``plot``.
    areas_ : list of matplotlib collections
        The areas above and below the axis.

    See Also
    --------
    skseed.ranking.TripletLabRanker.token_importance : Computes the numbers for rows of tokens.
    lab_profiles : Typical tokens of each lab.

    Notes
    -----
    The numbers are integrated gradients [1]_. The importance of a token is divided equally among its bases.
    The tokens of a sequence depend on its first position. For circular sequences, average over several
    rotations (`n_rotations`): each rotation is tokenized, and its importances are assigned to the original
    positions.

    References
    ----------
    .. [1] Sundararajan, Taly, Yan (2017). "Axiomatic attribution for deep networks." ICML.
       :doi:`10.48550/arXiv.1703.01365`

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseed.inspection import TokenImportanceDisplay
    >>> from skseed.preprocessing import BPETokenizer
    >>> from skseed.ranking import TripletLabRanker
    >>> plasmids = ["CCGCGGATTACAGG", "CCGCGGATTACACG", "CCGCGGTTTTTTGG", "CCGCGGTTTTTTCG"]
    >>> labs = ["voigt", "voigt", "church", "church"]
    >>> sizes = {"embedding_dim": 8, "kernel_sizes": (1, 2), "n_filters": 16}
    >>> ranker = TripletLabRanker(8, lr=0.01, random_state=0, **sizes)
    >>> pipeline = make_pipeline(BPETokenizer(10), ranker).fit(plasmids, labs)
    >>> display = TokenImportanceDisplay.from_estimator(pipeline, "CCGCGGATTACACC", n_rotations=4)
    >>> display.lab
    'voigt'
    >>> display.importances.shape
    (14,)
    """

    def __init__(
        self,
        *,
        importances: npt.NDArray[np.float64],
        tokens: pd.DataFrame,
        lab: Any,
        score: float,
        baseline_score: float,
        error: float,
    ) -> None:
        self.importances = importances
        self.tokens = tokens
        self.lab = lab
        self.score = score
        self.baseline_score = baseline_score
        self.error = error

    @classmethod
    def from_estimator(
        cls, estimator: Any, sequence: str, *, lab: Any = None, n_rotations: int = 1, n_steps: int = 64
    ) -> "TokenImportanceDisplay":
        """Explain the score of a lab for a sequence.

        Parameters
        ----------
        estimator : Pipeline
            A fitted pipeline of sequences with a :class:`~skseed.preprocessing.BPETokenizer`, which ends in a
            :class:`~skseed.ranking.TripletLabRanker` or :class:`~skseed.ranking.SoftmaxLabRanker`.
        sequence : str
            The sequence.
        lab : object, default=None
            The lab to explain; with None, the predicted lab.
        n_rotations : int, default=1
            The number of evenly spaced rotations over which importances and scores are averaged. Values above
            1 are meant for circular sequences.
        n_steps : int, default=64
            The number of steps of the integral.

        Returns
        -------
        display : TokenImportanceDisplay
            The display, not plotted yet.

        Raises
        ------
        TypeError
            If the estimator is not such a pipeline.
        ValueError
            If the sequence is empty, `lab` is not a lab of the ranker, or `n_rotations` is not a positive
            int.
        """
        steps, tokenizer, ranker = token_pipeline(estimator)
        text = str(check_sequences([sequence])[0]).upper()
        if not text:
            raise ValueError("sequence is empty; pass at least one letter.")
        if not isinstance(n_rotations, Integral) or n_rotations < 1:
            raise ValueError(f"n_rotations must be an int of at least 1; got {n_rotations!r}.")
        if lab is None:
            lab = ranker.predict(steps.transform([text])).tolist()[0]
        shifts = [rotation * len(text) // int(n_rotations) for rotation in range(int(n_rotations))]
        rotated = [text[shift:] + text[:shift] for shift in shifts]
        explained = ranker.token_importance(
            steps.transform(rotated), np.repeat([lab], len(shifts)), n_steps=n_steps
        )
        split = tokenizer.tokenize(rotated)
        importances = np.mean(
            [
                np.roll(_by_base(row, own), shift)
                for row, own, shift in zip(explained.importances, split, shifts, strict=True)
            ],
            axis=0,
        )
        lengths = np.array([len(token) for token in split[0]])
        ends = np.cumsum(lengths)
        tokens = pd.DataFrame({"token": split[0], "start": ends - lengths, "end": ends})
        tokens["importance"] = [importances[a:b].sum() for a, b in pairwise([0, *ends.tolist()])]
        return cls(
            importances=importances,
            tokens=tokens,
            lab=lab,
            score=float(explained.scores.mean()),
            baseline_score=float(explained.baseline_scores.mean()),
            error=float(explained.errors.mean()),
        )

    def plot(
        self, ax: Any = None, *, window: int | None = None, colors: tuple[Any, Any] = ("C0", "C3")
    ) -> "TokenImportanceDisplay":
        """Plot the importance along the sequence, or around a circular map.

        Parameters
        ----------
        ax : matplotlib Axes or PolarAxes, default=None
            The axes to plot on; with None, a new figure. With ``projection="polar"``, the plot is a map of a
            circular sequence: positive contributions point outward and negative ones inward.
        window : int, default=None
            The number of bases of a moving average; with None, the length of the sequence divided by 300.
        colors : (color, color), default=("C0", "C3")
            The colors of positive and of negative contributions.

        Returns
        -------
        display : TokenImportanceDisplay
            This display, with `ax_`, `figure_` and `areas_`.

        Raises
        ------
        ValueError
            If `window` is not an int from 1 to the number of bases.
        ImportError
            If matplotlib is not installed.
        """
        n_bases = len(self.importances)
        if window is not None and not (isinstance(window, Integral) and 1 <= window <= n_bases):
            raise ValueError(
                f"window is {window!r}; it must be an int from 1 to the {n_bases} bases of the sequence."
            )
        circular = hasattr(ax, "set_theta_zero_location")
        if not circular:
            ax = axes_of(ax, self, figsize=(8.0, 2.8))
        width = max(1, n_bases // 300) if window is None else window
        smooth = np.convolve(self.importances, np.full(width, 1 / width), mode="same")
        if circular:
            # the circle of zero has the radius 1, and the largest contribution half of that
            smooth = 0.5 * smooth / max(np.abs(smooth).max(), np.finfo(float).tiny)
        zero, edges = (1.0 if circular else 0.0), np.arange(n_bases + 1)
        self.areas_ = [
            ax.fill_between(
                2 * np.pi * edges / n_bases if circular else edges,
                zero,
                zero + np.append(half, half[-1]),
                step="post",
                color=color,
                linewidth=0,
                label=label,
            )
            for half, color, label in zip(
                (smooth.clip(min=0), smooth.clip(max=0)), colors, ("positive", "negative"), strict=True
            )
        ]
        if circular:
            _draw_circle(ax, n_bases)
        else:
            ax.axhline(0, color="0.35", linewidth=0.8)
            ax.set_xlim(0, n_bases)
            ax.set_xlabel("Position (bases)")
            ax.set_ylabel("Importance per base")
            ax.legend(loc="upper right", frameon=False, ncols=2)
        ax.set_title(f"{self.lab}: score {self.score:.3g}", fontsize="medium", loc="left")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _draw_circle(ax: Any, n_bases: int) -> None:
    """Draw the circle of zero contribution and the positions of a map, clockwise from the top."""
    ax.set_theta_zero_location("N")
    ax.set_theta_direction(-1)
    ax.plot(np.linspace(0, 2 * np.pi, 200), np.ones(200), color="0.35", linewidth=0.8)
    ax.set_ylim(0, 1.6)
    ax.set_yticks([])
    ticks = np.arange(4) * n_bases // 4
    ax.set_xticks(2 * np.pi * ticks / n_bases, [f"{tick + 1:,}" for tick in ticks])
    ax.grid(False)
    ax.spines["polar"].set_visible(False)
    ax.text(0, 0, f"{n_bases:,}\nbases", ha="center", va="center")
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), frameon=False)


def _by_base(importances: npt.NDArray[np.float64], tokens: list[str]) -> npt.NDArray[np.float64]:
    """Return the importance of each base, an equal share of its token's; 0 for tokens that were cut off."""
    lengths = np.array([len(token) for token in tokens])
    of_token = np.zeros(len(tokens))
    n_tokens = min(len(tokens), len(importances))
    of_token[:n_tokens] = importances[:n_tokens]
    return np.repeat(of_token / lengths, lengths)
