"""Cross-validation that keeps sequences within a cut-off of each other in one fold."""

import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import BaseCrossValidator, GroupKFold, StratifiedGroupKFold
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import type_of_target

from skseed._constraints import ALPHABET_OF_DISTANCES, MAX_DISTANCE, TOPOLOGY
from skseed._sequences import Topology
from skseed._sklearn import Interval, StrOptions, validate_parameter_constraints
from skseed._validation import check_target
from skseed.alphabets import Alphabet
from skseed.distances import levenshtein_groups
from skseed.model_selection._columns import sequences_of

_SIZES_SHOWN = 5


class LevenshteinGroupKFold(BaseCrossValidator):
    """K-fold cross-validation in which no training sequence is close to a test sequence.

    A model looks better than it is if the test set holds relatives of the training sequences. This splitter
    joins sequences within `max_distance` of each other into groups, also through chains of such pairs, and
    assigns whole groups to folds of nearly equal size. Use :class:`PhylogeneticGroupSplit` if you have a tree
    of the sequences, or to hold out clades that are wider than one cut-off.

    Parameters
    ----------
    n_splits : int, default=5
        The number of folds, at least 2.
    max_distance : int or float, default=0.1
        The largest distance that puts two sequences into one group: a number of edits (int, at least 0), or a
        fraction of the longer of the two lengths (float between 0 and 1).
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal. "auto" ignores the case of ASCII letters, and treats U as T if all letters
        are IUPAC nucleotide codes. With a name or an :class:`~skseed.alphabets.Alphabet`, all letters must
        belong to the alphabet, and all ambiguity letters equal its wildcard. None compares exact characters.
    by_label : bool, default=False
        Whether to join only sequences with the same label in `y`. Use it for the lab of origin, where two
        laboratories deposit the same backbone. The guarantee below then holds inside each label only.
    singletons : {"fold", "train"}, default="fold"
        The treatment of a class of `y` whose sequences are all in one group. "fold" treats the group like any
        other, so that the class is unknown in the fold that tests it. "train" keeps the whole group in the
        training set of every fold and never tests it, which is usual for the lab of origin.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations, for plasmids.
    both_strands : bool, default=False
        Whether the distance is the lesser of both strands, for nucleotides.
    shuffle : bool, default=False
        Whether to assign groups of equal size in random order.
    random_state : int, RandomState instance or None, default=None
        Seed of the order if `shuffle` is True. Otherwise it must be None.
    sequence_column : str or int, default=None
        The column of the sequences if `X` is a table: a name, or a position in a two-dimensional array.
    n_jobs : int, default=None
        The number of blocks of distances computed at once; None is 1 unless in a ``joblib.parallel_config``
        context, -1 is one for each processor.

    Raises
    ------
    ValueError
        If `random_state` is given, but `shuffle` is False. ``split`` raises if another parameter is invalid,
        or if there are fewer groups than folds.

    See Also
    --------
    PhylogeneticGroupSplit : Random splits that hold out whole clades.
    leakage_report : The distance of each test sequence to its nearest training sequence.
    skseed.distances.levenshtein_groups : The groups.
    sklearn.model_selection.GroupKFold : Assigns the groups to folds.
    sklearn.model_selection.StratifiedGroupKFold : Assigns the groups to folds if `y` has classes.

    Notes
    -----
    The guarantee: *no test sequence is within* `max_distance` *of any training sequence*, and equal sequences
    are always in one fold. It is exact. For circular sequences it holds under the conditions that
    :func:`~skseed.distances.levenshtein_neighbors` documents.

    If `y` holds classes (binary or multiclass, at least one with `n_splits` members), folds are stratified as
    far as the groups allow. Otherwise they are balanced in size. No fold can be smaller than the largest
    group in it; if the largest group exceeds the size of a fold, a warning states the fold sizes.

    Every call of ``split`` computes the groups from `X`. The splitter takes no `groups`, so it requests no
    metadata.

    Examples
    --------
    >>> from skseed.model_selection import LevenshteinGroupKFold
    >>> genes = ["GATTACA", "GATTACC", "CCGCGG", "CCGCG", "TATATATA", "TATATTTA"]
    >>> for train, test in LevenshteinGroupKFold(n_splits=3, max_distance=1).split(genes):
    ...     print(train, test)
    [0 1 2 3] [4 5]
    [0 1 4 5] [2 3]
    [2 3 4 5] [0 1]
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "max_distance": MAX_DISTANCE,
        "alphabet": ALPHABET_OF_DISTANCES,
        "by_label": ["boolean"],
        "singletons": [StrOptions({"fold", "train"})],
        "topology": TOPOLOGY,
        "both_strands": ["boolean"],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "sequence_column": [str, Integral, None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_splits: int = 5,
        *,
        max_distance: int | float = 0.1,
        alphabet: str | Alphabet | None = "auto",
        by_label: bool = False,
        singletons: Literal["fold", "train"] = "fold",
        topology: Topology = "linear",
        both_strands: bool = False,
        shuffle: bool = False,
        random_state: Any = None,
        sequence_column: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        if not shuffle and random_state is not None:
            raise ValueError(
                "Setting a random_state has no effect since shuffle is False. You should leave random_state "
                "to its default (None), or set shuffle=True."
            )
        self.n_splits = n_splits
        self.max_distance = max_distance
        self.alphabet = alphabet
        self.by_label = by_label
        self.singletons = singletons
        self.topology = topology
        self.both_strands = both_strands
        self.shuffle = shuffle
        self.random_state = random_state
        self.sequence_column = sequence_column
        self.n_jobs = n_jobs

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """Generate the indices of training and test sequences, fold by fold.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or table
            Sequences, or a table that holds them in `sequence_column`.
        y : array-like of shape (n_sequences,), default=None
            Labels. They stratify the folds if they are classes. Required if `by_label` is True or
            `singletons` is "train".
        groups : object, default=None
            Ignored with a warning, because the groups are computed from `X`.

        Yields
        ------
        train : ndarray of int
            The indices of the training sequences.
        test : ndarray of int
            The indices of the test sequences.
        """
        if groups is not None:
            warnings.warn(
                f"The groups parameter is ignored by {type(self).__name__}", UserWarning, stacklevel=2
            )
        yield from super().split(X, y)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X : object, default=None
            Ignored.
        y : object, default=None
            Ignored.
        groups : object, default=None
            Ignored.

        Returns
        -------
        n_splits : int
            The number of folds.
        """
        return self.n_splits

    def _iter_test_indices(
        self, X: Any = None, y: Any = None, groups: Any = None
    ) -> Iterator[npt.NDArray[np.intp]]:
        parameters = {name: getattr(self, name) for name in self._parameter_constraints}
        validate_parameter_constraints(self._parameter_constraints, parameters, type(self).__name__)
        if y is not None:
            y = check_target(y)
        elif self.by_label or self.singletons == "train":
            setting = "by_label=True" if self.by_label else "singletons='train'"
            raise ValueError(f"{setting} needs y; pass the label of each sequence.")
        groups = levenshtein_groups(
            sequences_of(X, self.sequence_column, alphabet=self.alphabet, topology=self.topology),
            self.max_distance,
            y=y if self.by_label else None,
            topology=self.topology,
            both_strands=self.both_strands,
            n_jobs=self.n_jobs,
        )
        tested = np.arange(len(groups))
        if self.singletons == "train":
            tested = np.flatnonzero(~np.isin(groups, _only_groups(groups, y)))
            if len(tested) == 0:
                raise ValueError(
                    "No sequence is left to test, because every class has one group, which "
                    "singletons='train' keeps in training; lower max_distance or set singletons='fold'."
                )
            groups, y = np.unique(groups[tested], return_inverse=True)[1], y[tested]
        group_sizes = np.sort(np.bincount(groups))[::-1]
        if len(group_sizes) < self.n_splits:
            raise ValueError(self._too_few_groups(group_sizes))
        folds = [tested[fold] for fold in self._folds(groups, y)]
        if group_sizes[0] > -(-len(groups) // self.n_splits):
            warnings.warn(
                f"The largest group of sequences within max_distance={self.max_distance} has "
                f"{group_sizes[0]} of {len(groups)} sequences, more than a fold; the fold sizes are "
                f"{[len(fold) for fold in folds]}. Lower max_distance for folds of equal size.",
                UserWarning,
                stacklevel=5,
            )
        yield from folds

    def _too_few_groups(self, group_sizes: npt.NDArray[np.intp]) -> str:
        shown = ", ".join(map(str, group_sizes[:_SIZES_SHOWN]))
        more = ", …" if len(group_sizes) > _SIZES_SHOWN else ""
        remedies = ["lower max_distance"] if self.max_distance > 0 else []
        remedies += ["lower n_splits"] if len(group_sizes) > 1 else []
        remedies += ["set singletons='fold'"] if self.singletons == "train" else []
        return (
            f"Cannot have number of splits n_splits={self.n_splits} greater than the number of groups: "
            f"{len(group_sizes)}, with {shown}{more} sequences within max_distance={self.max_distance}; "
            f"{' or '.join(remedies) or 'add sequences that are not copies'}."
        )

    def _folds(self, groups: npt.NDArray[np.int64], y: Any) -> list[npt.NDArray[np.intp]]:
        """Return the test indices of each fold."""
        if self.shuffle:
            # GroupKFold(shuffle=True) does not balance the folds, so the groups are renumbered instead
            groups = check_random_state(self.random_state).permutation(groups.max() + 1)[groups]
        placeholder = np.zeros(len(groups))
        if _has_classes(y, self.n_splits):
            with warnings.catch_warnings():
                # most laboratories have fewer than n_splits plasmids
                warnings.filterwarnings("ignore", message="The least populated class in y")
                splitter = StratifiedGroupKFold(self.n_splits)
                folds = [test for _, test in splitter.split(placeholder, y, groups)]
            if all(len(fold) for fold in folds):
                return folds
        return [test for _, test in GroupKFold(self.n_splits).split(placeholder, None, groups)]


def _only_groups(groups: npt.NDArray[np.int64], y: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the groups that are the only group of a class."""
    classes = np.unique(y, return_inverse=True)[1]
    # one row for each pair of a class and one of its groups
    pairs = np.unique(np.column_stack([classes, groups]), axis=0)
    return pairs[np.bincount(pairs[:, 0])[pairs[:, 0]] == 1, 1]


def _has_classes(y: Any, n_splits: int) -> bool:
    if y is None or type_of_target(y) not in ("binary", "multiclass"):
        return False
    return bool(np.unique(y, return_counts=True)[1].max() >= n_splits)
