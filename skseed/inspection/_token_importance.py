"""The picture of what a ranker went by, along a plasmid."""

from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._validation import check_sequences
from skseed.inspection._token_pipeline import token_pipeline


class TokenImportanceDisplay:
    """What each stretch of a plasmid adds to the score of a lab.

    The picture runs along the sequence: up, where a stretch speaks for the lab, down, where it speaks
    against it. The area is the lab's score less that of an empty sequence, so nothing is hidden. It tells
    what the network went by. Create it with `from_estimator`.

    Parameters
    ----------
    importances : ndarray of shape (n_bases,)
        What each base adds to the score.
    tokens : DataFrame
        One row for each token of the sequence as it stands, with its ``piece``, ``start``, ``end`` and
        ``importance``.
    lab : object
        The lab whose score is explained.
    score : float
        Its score.
    baseline_score : float
        Its score for a sequence without tokens.
    error : float
        By how much the importances miss the difference of the two.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the picture, after ``plot``.
    figure_ : matplotlib Figure
        Their figure, after ``plot``.
    areas_ : list of matplotlib collections
        The two areas, for and against.

    See Also
    --------
    skseed.ranking.TripletLabRanker.token_importance : The numbers for rows of tokens.
    lab_profiles : What is typical of each lab.

    Notes
    -----
    The importance of a token is spread evenly over its bases. Where byte-pair encoding cuts a sequence
    depends on where the sequence begins, so for a circular one several rotations should be explained
    (`n_rotations`): each is tokenized anew, and its importances are carried back to where the bases
    stand in the sequence.

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
        """Explain the score of a sequence.

        Parameters
        ----------
        estimator : Pipeline
            Fitted; it takes sequences, has a :class:`~skseed.preprocessing.BPETokenizer` and ends in a
            :class:`~skseed.ranking.TripletLabRanker` or :class:`~skseed.ranking.SoftmaxLabRanker`.
        sequence : str
            The sequence.
        lab : object, default=None
            The lab whose score is explained; None takes the one that is predicted.
        n_rotations : int, default=1
            Over how many evenly spaced rotations importances and scores are averaged; more than 1
            is meant for circular sequences.
        n_steps : int, default=64
            The steps of the integral.

        Returns
        -------
        display : TokenImportanceDisplay
            The numbers, not drawn yet.

        Raises
        ------
        TypeError
            If the estimator is not such a pipeline.
        ValueError
            If the sequence is empty, the lab is not known, or `n_rotations` is not a positive int.
        """
        steps, tokenizer, ranker = token_pipeline(estimator)
        text = str(check_sequences([sequence])[0]).upper()
        if not text:
            raise ValueError("The sequence is empty, so there is nothing to explain.")
        if not isinstance(n_rotations, Integral) or n_rotations < 1:
            raise ValueError(f"n_rotations must be an int of at least 1; got {n_rotations!r}.")
        if lab is None:
            lab = ranker.predict(steps.transform([text])).tolist()[0]
        shifts = [rotation * len(text) // int(n_rotations) for rotation in range(int(n_rotations))]
        rotated = [text[shift:] + text[:shift] for shift in shifts]
        explained = ranker.token_importance(
            steps.transform(rotated), np.repeat([lab], len(shifts)), n_steps=n_steps
        )
        pieces = tokenizer.tokenize(rotated)
        importances = np.mean(
            [
                np.roll(_by_base(row, parts), shift)
                for row, parts, shift in zip(explained.importances, pieces, shifts, strict=True)
            ],
            axis=0,
        )
        ends = np.cumsum([len(piece) for piece in pieces[0]])
        tokens = pd.DataFrame({"piece": pieces[0], "start": ends - [len(p) for p in pieces[0]], "end": ends})
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
        """Draw the importance along the sequence.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        window : int, default=None
            Over how many bases importances are averaged; None takes 1 in 300 of the sequence.
        colors : (color, color), default=("C0", "C3")
            The colours of what speaks for the lab and against it.

        Returns
        -------
        display : TokenImportanceDisplay
            The display itself, with `ax_`, `figure_` and `areas_`.

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
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError(
                "TokenImportanceDisplay.plot needs matplotlib: pip install 'skseed[plot]'."
            ) from error
        if ax is None:
            _, ax = plt.subplots(figsize=(8.0, 2.8), layout="constrained")
        width = max(1, n_bases // 300) if window is None else window
        smooth = np.convolve(self.importances, np.full(width, 1 / width), mode="same")
        edges = np.arange(len(smooth) + 1)
        self.areas_ = [
            ax.fill_between(
                edges, np.append(part, part[-1]), step="post", color=color, linewidth=0, label=label
            )
            for part, color, label in zip(
                (smooth.clip(min=0), smooth.clip(max=0)), colors, ("for", "against"), strict=True
            )
        ]
        ax.axhline(0, color="0.35", linewidth=0.8)
        ax.set_xlim(0, len(smooth))
        ax.set_xlabel("Position (bases)")
        ax.set_ylabel("Importance a base")
        ax.set_title(f"{self.lab}: score {self.score:.3g}", fontsize="medium", loc="left")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(loc="upper right", frameon=False, ncols=2)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _by_base(importances: npt.NDArray[np.float64], pieces: list[str]) -> npt.NDArray[np.float64]:
    """Spread each token's importance over its bases; tokens cut off at the end of the row have none."""
    lengths = np.array([len(piece) for piece in pieces])
    own = np.zeros(len(pieces))
    n_tokens = min(len(pieces), len(importances))
    own[:n_tokens] = importances[:n_tokens]
    return np.repeat(own / lengths, lengths)
