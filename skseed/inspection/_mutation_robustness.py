"""Plot the rank of the true lab against the number of mutations."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import check_consistent_length, check_random_state

from skseed._sequences import as_sequences
from skseed._validation import check_labels, check_sequences
from skseed.inspection._axes import axes_of
from skseed.metrics import true_label_rank

_KINDS = ("substitution", "deletion", "gap")


class MutationRobustnessDisplay:
    """Rank of the true lab for mutated sequences.

    Query sequences differ from the training data by sequencing errors, by an engineer's edits, and by missing
    or unread stretches. The plot shows the rank of the true lab against the number of changed bases: the
    median and the mean over sequences and repeats, and bands with 50 % and 90 % of the ranks. Plot several
    kinds of change, or several rankers, on the same axes. Use `from_estimator` to create a display, with
    sequences that the estimator was not fitted on.

    Parameters
    ----------
    ranks : DataFrame
        One row for each changed copy: the index of the ``sequence``, the ``level``, 0 for the
        unchanged sequence, the ``repeat`` and the ``rank`` of the true lab.
    name : str, default=None
        The name in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot, after ``plot``.
    figure_ : matplotlib Figure
        The figure of the plot, after ``plot``.
    lines_ : list of matplotlib Line2D
        The median, the mean, and the median of the unchanged sequences.

    See Also
    --------
    skseed.metrics.true_label_rank : The rank, with its rules for ties and unknown labs.

    Notes
    -----
    The paper on triplet networks [1]_ changed one plasmid at positions that may coincide, to letters that may
    equal the old ones. Here the level is the exact number of bases that differ.

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
    >>> counts = make_pipeline(KmerVectorizer(k=3), MultinomialNB()).fit(plasmids, labs)
    >>> display = MutationRobustnessDisplay.from_estimator(
    ...     counts, ["GATTACAGATTA"], ["voigt"], levels=[1, 12], random_state=0
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
        """Mutate sequences and rank the true labs of the copies.

        Parameters
        ----------
        estimator : estimator
            A fitted ranker, or another classifier of sequences, such as a pipeline.
        X : array-like of str of shape (n_sequences,)
            DNA sequences.
        y : array-like of shape (n_sequences,)
            Their true labs.
        kind : {"substitution", "deletion", "gap"}, default="substitution"
            ``"substitution"`` replaces bases at random positions by other letters of ACGT. ``"deletion"``
            removes one stretch. ``"gap"`` replaces one stretch by N. A stretch may continue from the end of
            the sequence at its start.
        levels : iterable of int, default=(1, 3, 10, 30, 100, 300, 1000)
            The numbers of changed bases; a shorter sequence changes in all its bases.
        n_repeats : int, default=10
            The number of copies of each sequence at each level.
        random_state : int, RandomState instance or None, default=None
            Controls the positions and the new letters.
        name : str, default=None
            The name in the legend; with None, the kind.

        Returns
        -------
        display : MutationRobustnessDisplay
            The display, not plotted yet.

        Raises
        ------
        ValueError
            If there is no sequence, a sequence is empty or has a letter that does not belong to DNA, a lab is
            missing, `kind` is unknown, or a level or `n_repeats` is not a positive int.
        """
        encoded = as_sequences(X, alphabet="dna", min_length=1)
        sequences = [sequence.upper() for sequence in check_sequences(X)]
        labs = check_labels(y)
        check_consistent_length(encoded, labs)
        steps = list(levels)
        if kind not in _KINDS:
            raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(map(repr, _KINDS))}.")
        for what, value in [("n_repeats", n_repeats), *((f"levels[{i}]", v) for i, v in enumerate(steps))]:
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{what} is {value!r}; it must be an int of at least 1.")
        rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
        rows = [pd.DataFrame({"sequence": range(len(labs)), "level": 0, "repeat": 0})]
        rows[0]["rank"] = _ranks(estimator, sequences, labs)
        for level in steps:
            copies = [mutated(s, kind, level, rng) for s in sequences for _ in range(n_repeats)]
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
        """Return a summary of the ranks.

        Returns
        -------
        frame : DataFrame
            One row for each level: the mean rank, the median, the 5th, 25th, 75th and 95th percentiles, and
            the shares of ranks of 1 and of at most 10.
        """
        ranks = self.ranks.groupby("level")["rank"]
        frame = pd.DataFrame({"mean": ranks.mean(), "median": ranks.median()})
        for percent in (5, 25, 75, 95):
            frame[f"percentile_{percent}"] = ranks.quantile(percent / 100)
        for k in (1, 10):
            frame[f"top_{k}"] = (self.ranks["rank"] <= k).groupby(self.ranks["level"]).mean()
        return frame

    def plot(self, ax: Any = None, *, color: Any = None) -> "MutationRobustnessDisplay":
        """Plot the rank of the true lab against the number of changed bases.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to plot on; with None, a new figure.
        color : matplotlib color, default=None
            The color; with None, the next color of the axes.

        Returns
        -------
        display : MutationRobustnessDisplay
            This display, with `ax_`, `figure_` and `lines_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = axes_of(ax, self)
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
        ax.legend(loc="upper left", frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def mutated(sequence: str, kind: str, level: int, rng: np.random.Generator) -> str:
    """Return a copy of an upper-case sequence in which `level` bases differ; `kind` is one of `_KINDS`."""
    n_changed = min(level, len(sequence))
    letters: npt.NDArray[np.uint8] = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8).copy()
    if kind == "substitution":
        positions = rng.choice(len(letters), n_changed, replace=False)
        bases = np.frombuffer(b"ACGT", dtype=np.uint8)
        # a step of 1 to 3 from the old base, or any base in place of another letter such as N
        old = np.searchsorted(bases, letters[positions]).clip(max=3)
        is_base = bases[old] == letters[positions]
        step = np.where(is_base, rng.integers(1, 4, n_changed), rng.integers(0, 4, n_changed))
        letters[positions] = bases[(old + step) % 4]
    else:
        positions = (rng.integers(len(letters)) + np.arange(n_changed)) % len(letters)
        if kind == "gap":
            letters[positions] = ord("N")
        else:
            letters = np.delete(letters, positions)
    return letters.tobytes().decode("ascii")


def _ranks(estimator: Any, sequences: list[str], labs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    method = "decision_function" if hasattr(estimator, "decision_function") else "predict_proba"
    scores = np.asarray(getattr(estimator, method)(sequences))
    return true_label_rank(labs, scores, labels=estimator.classes_)
