"""The picture of how a ranking bears errors in the sequence."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import check_consistent_length, check_random_state

from skseed._validation import check_sequences
from skseed.metrics import true_label_rank

_KINDS = ("substitution", "deletion", "gap")


class MutationRobustnessDisplay:
    """How the rank of the true lab falls when sequences are changed.

    Sequences that are really compared differ from the training data: by sequencing errors, by an engineer's
    edits, by parts that are missing or were not read. The picture shows the rank of the true lab
    over the number of changed bases: the median and the mean over sequences and repeats, and bands that
    hold a half and nine tenths of them. Draw several kinds of change, or several rankers, on the same
    axes. Create it with `from_estimator`, on sequences that the estimator was not fitted on.

    Parameters
    ----------
    ranks : DataFrame
        One row for each changed copy: the number of the ``sequence``, the ``level``, 0 for the
        unchanged sequence, the ``repeat`` and the ``rank`` of the true lab.
    name : str, default=None
        What the legend calls it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the picture, after ``plot``.
    figure_ : matplotlib Figure
        Their figure, after ``plot``.
    lines_ : list of matplotlib Line2D
        The median, the mean, and the median of the unchanged sequences.

    See Also
    --------
    skseed.metrics.true_label_rank : The rank, and the fate of ties and unknown labs.

    Notes
    -----
    The paper on triplet networks [1]_ changed a single plasmid, at places that may coincide and to letters
    that may be the old ones; here as many different bases really change as the level says.

    References
    ----------
    .. [1] Soares, I. M., Camargo, F. H. F., Marques, A., Crook, O. M. "Improving lab-of-origin prediction of
       genetically engineered plasmids via deep metric learning", Nature Computational Science 2, 253-264
       (2022). doi:10.1038/s43588-022-00234-z

    Examples
    --------
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseed.inspection import MutationRobustnessDisplay
    >>> from skseed.preprocessing import KmerVectorizer
    >>> plasmids = ["GATTACAGATTACC", "GATTACAGATTATT", "CCCGGGCCCGGGCA", "CCCGGGCCTGGGCC"]
    >>> labs = ["voigt", "voigt", "church", "church"]
    >>> words = make_pipeline(KmerVectorizer(k=3), MultinomialNB()).fit(plasmids, labs)
    >>> display = MutationRobustnessDisplay.from_estimator(
    ...     words, ["GATTACAGATTA"], ["voigt"], levels=[1, 12], random_state=0
    ... )
    >>> display.frame()["top_1"].tolist()
    [1.0, 1.0, 0.5]
    """

    def __init__(self, *, ranks: pd.DataFrame, name: str | None = None) -> None:
        self.ranks = ranks
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        kind: str = "substitution",
        levels: Iterable[int] = (1, 3, 10, 30, 100, 300, 1000),
        n_repeats: int = 10,
        random_state: int | np.random.RandomState | None = None,
        name: str | None = None,
    ) -> "MutationRobustnessDisplay":
        """Change sequences and rank the labs of the copies.

        Parameters
        ----------
        estimator : estimator
            A fitted ranker or classifier, such as a pipeline, that takes sequences.
        X : array-like of str of shape (n_sequences,)
            Sequences of DNA.
        y : array-like of shape (n_sequences,)
            Their true labs.
        kind : {"substitution", "deletion", "gap"}, default="substitution"
            ``"substitution"`` gives bases at random places another letter of ACGT; ``"deletion"`` takes
            out one stretch, as when a part is missing; ``"gap"`` makes one stretch unreadable, that is
            N. A stretch may go over the end of the sequence and on from its start.
        levels : iterable of int, default=(1, 3, 10, 30, 100, 300, 1000)
            How many bases change; in sequences with fewer, all.
        n_repeats : int, default=10
            How many copies of each sequence are changed at each level.
        random_state : int, RandomState instance or None, default=None
            Controls where sequences change, and to what.
        name : str, default=None
            What the legend calls it; None takes the kind.

        Returns
        -------
        display : MutationRobustnessDisplay
            The numbers, not drawn yet.

        Raises
        ------
        ValueError
            If there is no sequence, one is empty, `kind` is another word, or a level or `n_repeats`
            is not a positive int.
        """
        sequences = [str(sequence).upper() for sequence in check_sequences(X)]
        check_consistent_length(sequences, y)
        steps = list(levels)
        if kind not in _KINDS:
            raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(map(repr, _KINDS))}.")
        for what, value in [("n_repeats", n_repeats), *((f"levels[{i}]", v) for i, v in enumerate(steps))]:
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{what} is {value!r}; it must be an int of at least 1.")
        for index, sequence in enumerate(sequences):
            if not sequence:
                raise ValueError(f"X[{index}] is empty, so nothing in it can change.")
        rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
        labs = np.asarray(y)
        rows = [pd.DataFrame({"sequence": range(len(labs)), "level": 0, "repeat": 0})]
        rows[0]["rank"] = _ranks(estimator, sequences, labs)
        for level in steps:
            copies = [changed(s, kind, level, rng) for s in sequences for _ in range(n_repeats)]
            numbers = np.repeat(np.arange(len(labs)), n_repeats)
            rows.append(
                pd.DataFrame(
                    {
                        "sequence": numbers,
                        "level": level,
                        "repeat": np.tile(np.arange(n_repeats), len(labs)),
                        "rank": _ranks(estimator, copies, labs[numbers]),
                    }
                )
            )
        return cls(ranks=pd.concat(rows, ignore_index=True), name=kind if name is None else name)

    def frame(self) -> pd.DataFrame:
        """Return the numbers of the picture.

        Returns
        -------
        frame : DataFrame
            One row for each level: the mean rank, the median, the 5th, 25th, 75th and 95th
            percentile, and the shares of ranks of 1 and of at most 10.
        """
        ranks = self.ranks.groupby("level")["rank"]
        frame = pd.DataFrame({"mean": ranks.mean(), "median": ranks.median()})
        for percent in (5, 25, 75, 95):
            frame[f"percentile_{percent}"] = ranks.quantile(percent / 100)
        for k in (1, 10):
            frame[f"top_{k}"] = (self.ranks["rank"] <= k).groupby(self.ranks["level"]).mean()
        return frame

    def plot(self, ax: Any = None, *, color: Any = None) -> "MutationRobustnessDisplay":
        """Draw the rank of the true lab over the number of changed bases.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        color : matplotlib color, default=None
            The colour; None takes the next of the axes.

        Returns
        -------
        display : MutationRobustnessDisplay
            The display itself, with `ax_`, `figure_` and `lines_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError(
                "MutationRobustnessDisplay.plot needs matplotlib: pip install 'skseed[plot]'."
            ) from error
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
        if color is None:
            (probe,) = ax.plot([], [])
            color = probe.get_color()
            probe.remove()
        numbers = self.frame()
        before, after = numbers.loc[0], numbers.drop(index=0)
        for low, high, alpha in ((5, 95, 0.12), (25, 75, 0.25)):
            band = after[f"percentile_{low}"], after[f"percentile_{high}"]
            ax.fill_between(after.index, *band, color=color, alpha=alpha, linewidth=0)
        self.lines_ = [
            *ax.plot(after.index, after["median"], color=color, linewidth=2.2, label=self.name or "median"),
            *ax.plot(after.index, after["mean"], color=color, linewidth=1.2, linestyle=(0, (4, 2))),
            ax.axhline(before["median"], color=color, linewidth=0.8, linestyle=":"),
        ]
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_ylim(bottom=0.9)
        ax.set_xlabel("Changed bases")
        ax.set_ylabel("Rank of the true lab: median, mean (dashed)")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(loc="upper left", frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def changed(sequence: str, kind: str, level: int, rng: np.random.Generator) -> str:
    """Return a copy of a sequence in upper case with `level` bases changed in a way of `_KINDS`."""
    n_changed = min(level, len(sequence))
    letters: npt.NDArray[np.uint8] = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8).copy()
    if kind == "substitution":
        places = rng.choice(len(letters), n_changed, replace=False)
        bases = np.frombuffer(b"ACGT", dtype=np.uint8)
        # a step of 1 to 3 from the old base; another letter, as N, has no place among them
        old = np.searchsorted(bases, letters[places]).clip(max=3)
        is_base = bases[old] == letters[places]
        step = np.where(is_base, rng.integers(1, 4, n_changed), rng.integers(0, 4, n_changed))
        letters[places] = bases[(old + step) % 4]
    else:
        places = (rng.integers(len(letters)) + np.arange(n_changed)) % len(letters)
        if kind == "gap":
            letters[places] = ord("N")
        else:
            letters = np.delete(letters, places)
    return letters.tobytes().decode("ascii")


def _ranks(estimator: Any, sequences: list[str], labs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    method = "decision_function" if hasattr(estimator, "decision_function") else "predict_proba"
    scores = np.asarray(getattr(estimator, method)(sequences))
    return true_label_rank(labs, scores, labels=estimator.classes_)
