"""Cross-validation that keeps close sequences in one fold."""

import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import BaseCrossValidator, GroupKFold, StratifiedGroupKFold
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import type_of_target

from skseed._sklearn import Interval, StrOptions, validate_parameter_constraints
from skseed.distances import levenshtein_groups
from skseed.distances._cutoff import MAX_DISTANCE
from skseed.distances._spellings import TOPOLOGY, Topology
from skseed.model_selection._columns import sequences_of


class LevenshteinGroupKFold(BaseCrossValidator):
    """K-fold cross-validation in which no training sequence is close to a test sequence.

    Relatives on both sides of a split make a model look better than it is. This splitter joins all
    sequences within `max_distance` edits, directly or by a chain of such steps, into groups and
    hands whole groups to folds of nearly equal size. Use it wherever sequences have relatives in
    the data; use :class:`PhylogeneticGroupSplit` where a tree says who they are, or to hold out
    larger clades than one cut-off can.

    Parameters
    ----------
    n_splits : int, default=5
        The number of folds, at least 2.
    max_distance : int or float, default=0.1
        Sequences this close share a fold: a number of edits (int, at least 0), or a fraction of the
        longer of the two lengths (float between 0 and 1).
    by_label : bool, default=False
        Join only sequences of one label of `y`, as for the lab of origin, where two laboratories
        deposit the same backbone. The guarantee below then holds inside each label only.
    singletons : {"fold", "train"}, default="fold"
        What becomes of a class of `y` whose sequences are all in one group: "fold" treats its group as any
        other, so that it is unknown where it is tested; "train" keeps the whole group in training in
        every fold and never tests it, as is usual for the lab of origin.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations, for plasmids.
    both_strands : bool, default=False
        Take the lesser distance of both strands.
    shuffle : bool, default=False
        Hand out groups of equal size in random order.
    random_state : int, RandomState instance or None, default=None
        Rules the order when `shuffle` is True.
    sequence_column : str or int, default=None
        The column of the sequences where `X` is a table.
    n_jobs : int, default=None
        The number of blocks of distances computed at once.

    See Also
    --------
    PhylogeneticGroupSplit : Splits by whole clades.
    skseed.distances.levenshtein_groups : The groups themselves.
    sklearn.model_selection.GroupKFold : What hands the groups to the folds.
    sklearn.model_selection.StratifiedGroupKFold : The same where `y` has classes.

    Notes
    -----
    The guarantee: *no test sequence lies within* `max_distance` *of any training sequence*, and equal
    sequences are always in one fold. It is exact, not a heuristic of shared words; for circular
    sequences see the conditions of :func:`~skseed.distances.levenshtein_neighbors`.

    Where `y` holds classes (binary or multiclass, at least one with `n_splits` members), folds
    are stratified as far as the groups allow; otherwise they are balanced in size. Folds can be no
    smaller than the largest group: when that is larger than a fold, a warning gives the fold sizes.

    The groups are computed from `X` in every call of ``split``, so `groups` is not accepted and
    metadata routing has nothing to route.

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
        by_label: bool = False,
        singletons: Literal["fold", "train"] = "fold",
        topology: Topology = "linear",
        both_strands: bool = False,
        shuffle: bool = False,
        random_state: Any = None,
        sequence_column: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.max_distance = max_distance
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
            Labels: stratifies the folds where they are classes; needed when `by_label` is True.
        groups : object, default=None
            Not used, since the groups follow from `X`; a warning says so when it is given.

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
            Not used.
        y : object, default=None
            Not used.
        groups : object, default=None
            Not used.

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
        if y is None and (self.by_label or self.singletons == "train"):
            needy = "by_label=True" if self.by_label else "singletons='train'"
            raise ValueError(f"{needy} needs y, the label of each sequence.")
        labels = levenshtein_groups(
            sequences_of(X, self.sequence_column),
            self.max_distance,
            y=y if self.by_label else None,
            topology=self.topology,
            both_strands=self.both_strands,
            n_jobs=self.n_jobs,
        )
        tested = np.arange(len(labels))
        if self.singletons == "train":
            tested = np.flatnonzero(~np.isin(labels, _only_groups(labels, np.asarray(y))))
            if len(tested) == 0:
                raise ValueError(
                    "No sequence is left to test: every class has one group, which singletons='train' keeps "
                    "in training; lower max_distance or use singletons='fold'."
                )
            labels, y = np.unique(labels[tested], return_inverse=True)[1], np.asarray(y)[tested]
        folds = [tested[fold] for fold in self._folds(labels, y)]
        sizes = [len(fold) for fold in folds]
        if min(sizes) == 0:
            raise ValueError(
                f"A fold would be empty (fold sizes {sizes}); lower n_splits={self.n_splits} or max_distance."
            )
        largest = int(np.bincount(labels).max())
        if largest > -(-len(labels) // self.n_splits):
            warnings.warn(
                f"The largest group of sequences within max_distance={self.max_distance} has {largest} of "
                f"{len(labels)} sequences, more than a fold; the fold sizes are {sizes}.",
                UserWarning,
                stacklevel=4,
            )
        yield from folds

    def _folds(self, groups: npt.NDArray[np.int64], y: Any) -> list[npt.NDArray[np.intp]]:
        """Return the test indices of each fold."""
        if self.shuffle:
            # GroupKFold(shuffle=True) no longer balances: new numbers for the groups do both
            groups = check_random_state(self.random_state).permutation(groups.max() + 1)[groups]
        placeholder = np.zeros(len(groups))
        if _has_classes(y, self.n_splits):
            with warnings.catch_warnings():
                # rare classes are the rule with laboratories, and cannot be stratified
                warnings.filterwarnings("ignore", message="The least populated class in y")
                splitter = StratifiedGroupKFold(self.n_splits)
                folds = [test for _, test in splitter.split(placeholder, np.asarray(y), groups)]
            if all(len(fold) for fold in folds):
                return folds
        return [test for _, test in GroupKFold(self.n_splits).split(placeholder, None, groups)]


def _only_groups(groups: npt.NDArray[np.int64], y: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the groups that are the only one of some class."""
    classes = np.unique(y, return_inverse=True)[1]
    # a row for each group that a class has; classes with one row have one group
    met = np.unique(np.column_stack([classes, groups]), axis=0)
    return met[np.bincount(met[:, 0])[met[:, 0]] == 1, 1]


def _has_classes(y: Any, n_splits: int) -> bool:
    if y is None or type_of_target(y) not in ("binary", "multiclass"):
        return False
    return bool(np.unique(np.asarray(y), return_counts=True)[1].max() >= n_splits)
