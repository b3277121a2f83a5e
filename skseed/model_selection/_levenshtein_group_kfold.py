"""Cross-validation that keeps sequences within a cut-off of each other in one fold."""

import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import BaseCrossValidator, GroupKFold, StratifiedGroupKFold
from sklearn.utils import check_random_state, indexable
from sklearn.utils.multiclass import type_of_target

from skseed._constraints import ALPHABET_OF_DISTANCES, MAX_DISTANCE, TOPOLOGY, VERBOSE
from skseed._progress import reports_progress, track
from skseed._sequences import Sequences, Topology
from skseed._sklearn import Interval, StrOptions, _num_samples, validate_parameter_constraints
from skseed._validation import check_target
from skseed._warnings import warn_user
from skseed.alphabets import Alphabet
from skseed.distances import levenshtein_groups, levenshtein_neighbors
from skseed.model_selection._columns import sequences_of
from skseed.model_selection._large_groups import (
    divide_groups,
    drop_between_folds,
    improve_folds,
    near_fold,
)
from skseed.model_selection._similarity_graph import symmetric_distances, within_labels

# the test set of a split, and the sequences that are neither in it nor in the training set
Split = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]

_SIZES_SHOWN = 5


class LevenshteinGroupKFold(BaseCrossValidator):
    """K-fold cross-validation in which no training sequence is close to a test sequence.

    A model looks better than it is if the test set holds relatives of the training sequences. This splitter
    joins sequences within `max_distance` of each other into groups, also through chains of such pairs, and
    assigns whole groups to folds of nearly equal size. If chains make one group too large, it can remove the
    few sequences that connect its parts. Use :class:`PhylogeneticGroupSplit` if you have a tree of the
    sequences, or to hold out clades that are wider than one cut-off.

    Parameters
    ----------
    n_splits : int, default=5
        The number of folds, at least 2.
    max_distance : int or float, default=0.1
        The largest distance that puts two sequences into one group: a number of edits (int, at least 0), or a
        fraction of the longer of the two lengths (float between 0 and 1).
    graph : sparse array of shape (n_sequences, n_sequences), default=None
        A precomputed graph of the pairs that must not be separated, in place of edit distances: such as the
        hits of MMseqs2, BLAST or Foldseek above a cut-off, or
        :func:`~skseed.distances.levenshtein_neighbors`. Every stored entry is a pair, whatever its value, in
        one triangle or in both. `X` may then be anything with one row for each row of the graph, and
        `max_distance` and the other parameters of distances are not used.
    on_large_group : {"warn", "drop", "purge"}, default="warn"
        The treatment of a group that is larger than a fold.

        - "warn": the group stays whole, and a warning states the sizes of the folds.
        - "drop": the group is divided, and the fewest sequences that connect its parts are in no fold: they
          are neither trained on nor tested.
        - "purge": the group is divided, and every sequence is tested once. A sequence is left out of training
          only in the folds whose test set holds one of its neighbors.

        After ``split``, `dropped_` holds the sequences that were left out.
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
    n_repeats : int, default=1
        How often to make `n_splits` folds, each time in another random order. More than 1 needs
        ``shuffle=True``. The distances are computed once.
    shuffle : bool, default=False
        Whether to assign groups of equal size, and to divide large groups, in random order.
    random_state : int, RandomState instance or None, default=None
        Seed of the order if `shuffle` is True. Otherwise it must be None.
    sequence_column : str or int, default=None
        The column of the sequences if `X` is a table: a name, or a position in a two-dimensional array.
    n_jobs : int, default=None
        The number of blocks of distances that are computed at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Attributes
    ----------
    dropped_ : list of ndarray of int
        For each split of the last call of ``split``, the indices of the sequences that are neither in its
        training set nor in its test set, ascending; empty arrays with ``on_large_group="warn"``.

    Raises
    ------
    ValueError
        If `random_state` is given or `n_repeats` is above 1, but `shuffle` is False. ``split`` raises if
        another parameter is invalid, if there are fewer groups than folds, or if no sequence of a fold is
        left.

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
    :func:`~skseed.distances.levenshtein_neighbors` documents. With `graph`, it holds for the pairs of the
    graph.

    Large groups are divided as by GraphPart [1]_, which moves sequences between the parts and removes those
    with neighbors in other parts, one by one. Here the parts are found by size-constrained label propagation
    on coarser and coarser graphs. The removed sequences are a vertex cover of the pairs between folds: a
    smallest one for two folds, and at most twice the smallest one for more. A sequence that could stay
    without breaking the guarantee is not removed. A dense group is divided into parts of up to three
    folds, or stays whole, if otherwise more than a twentieth of it would have to be removed (or more than
    three sequences for each cut, in small groups). To divide a group, all of its pairs are computed, which
    takes longer than the groups alone.

    If `y` holds classes (binary or multiclass, at least one with `n_splits` members), folds are stratified as
    far as the groups allow. Otherwise they are balanced in size. No fold can be smaller than the largest
    group in it. If a group that stays whole exceeds the size of a fold, a warning states the fold sizes.

    Every call of ``split`` computes the groups from `X`. The splitter takes no `groups`, so it requests no
    metadata. A `graph` belongs to one data set, so that it does not fit the inner splits of a nested
    cross-validation; compute the distances there.

    References
    ----------
    .. [1] F. Teufel et al., "GraphPart: homology partitioning for biological sequence analysis", NAR Genomics
       and Bioinformatics 5(4), 2023. doi:10.1093/nargab/lqad088

    Examples
    --------
    >>> from skseed.model_selection import LevenshteinGroupKFold
    >>> genes = ["GATTACA", "GATTACC", "CCGCGG", "CCGCG", "TATATATA", "TATATTTA"]
    >>> for train, test in LevenshteinGroupKFold(n_splits=3, max_distance=1).split(genes):
    ...     print(train, test)
    [0 1 2 3] [4 5]
    [0 1 4 5] [2 3]
    [2 3 4 5] [0 1]

    A chain, whose middle is removed:

    >>> chain = ["GATTACA", "GATTACC", "GATTCCC", "GATCCCC", "GACCCCC"]
    >>> cv = LevenshteinGroupKFold(2, max_distance=1, on_large_group="drop")
    >>> for train, test in cv.split(chain):
    ...     print(train, test)
    [3 4] [0 1]
    [0 1] [3 4]
    >>> cv.dropped_
    [array([2]), array([2])]
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "max_distance": MAX_DISTANCE,
        "graph": ["sparse matrix", None],
        "on_large_group": [StrOptions({"warn", "drop", "purge"})],
        "alphabet": ALPHABET_OF_DISTANCES,
        "by_label": ["boolean"],
        "singletons": [StrOptions({"fold", "train"})],
        "topology": TOPOLOGY,
        "both_strands": ["boolean"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "sequence_column": [str, Integral, None],
        "n_jobs": [Integral, None],
        "verbose": VERBOSE,
    }

    def __init__(
        self,
        n_splits: int = 5,
        *,
        max_distance: int | float = 0.1,
        graph: Any = None,
        on_large_group: Literal["warn", "drop", "purge"] = "warn",
        alphabet: str | Alphabet | None = "auto",
        by_label: bool = False,
        singletons: Literal["fold", "train"] = "fold",
        topology: Topology = "linear",
        both_strands: bool = False,
        n_repeats: int = 1,
        shuffle: bool = False,
        random_state: Any = None,
        sequence_column: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        if not shuffle and random_state is not None:
            raise ValueError(
                "Setting a random_state has no effect since shuffle is False. You should leave random_state "
                "to its default (None), or set shuffle=True."
            )
        if not shuffle and n_repeats != 1:
            raise ValueError(
                f"n_repeats={n_repeats} needs shuffle=True, or every repeat would have the same folds; set "
                "shuffle=True or n_repeats=1."
            )
        self.n_splits = n_splits
        self.max_distance = max_distance
        self.graph = graph
        self.on_large_group = on_large_group
        self.alphabet = alphabet
        self.by_label = by_label
        self.singletons = singletons
        self.topology = topology
        self.both_strands = both_strands
        self.n_repeats = n_repeats
        self.shuffle = shuffle
        self.random_state = random_state
        self.sequence_column = sequence_column
        self.n_jobs = n_jobs
        self.verbose = verbose

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """Generate the indices of training and test sequences, fold by fold.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or table
            Sequences, or a table that holds them in `sequence_column`. With `graph`, anything with a length.
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
        X, y = indexable(X, y)
        for test, dropped in self._splits(X, y):
            train = np.ones(_num_samples(X), dtype=bool)
            train[test] = train[dropped] = False
            yield np.flatnonzero(train), test

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits: the folds of all repeats.

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
            The number of splits.
        """
        return self.n_splits * self.n_repeats

    def _iter_test_indices(
        self, X: Any = None, y: Any = None, groups: Any = None
    ) -> Iterator[npt.NDArray[np.intp]]:
        for test, _ in self._splits(X, y):
            yield test

    @reports_progress
    def _splits(self, X: Any, y: Any) -> list[Split]:
        """Return the test set of each split, and the sequences in none of its sets; set `dropped_`."""
        parameters = {name: getattr(self, name) for name in self._parameter_constraints}
        validate_parameter_constraints(self._parameter_constraints, parameters, type(self).__name__)
        if y is not None:
            y = check_target(y)
        elif self.by_label or self.singletons == "train":
            setting = "by_label=True" if self.by_label else "singletons='train'"
            raise ValueError(f"{setting} needs y; pass the label of each sequence.")
        sequences, graph = None, None
        if self.graph is None:
            sequences = sequences_of(X, self.sequence_column, alphabet=self.alphabet, topology=self.topology)
            groups = levenshtein_groups(
                sequences, self.max_distance, y=y if self.by_label else None, **self._options()
            )
        else:
            graph = symmetric_distances(self.graph, _num_samples(X))
            graph = within_labels(graph, y) if self.by_label else graph
            # a stored zero is a pair
            graph.data[:] = 1
            groups = connected_components(graph, directed=False)[1].astype(np.int64)
        tested = np.arange(len(groups))
        if self.singletons == "train":
            tested = np.flatnonzero(~np.isin(groups, _only_groups(groups, y)))
            if len(tested) == 0:
                raise ValueError(
                    "No sequence is left to test, because every class has one group, which "
                    "singletons='train' keeps in training; lower max_distance or set singletons='fold'."
                )
            groups, y = np.unique(groups[tested], return_inverse=True)[1], y[tested]
        is_large = np.bincount(groups) > -(-len(groups) // self.n_splits)
        if self.on_large_group == "warn" or not is_large.any():
            graph = None
        elif graph is None:
            assert sequences is not None
            graph = self._pairs_of(sequences, tested, np.flatnonzero(is_large[groups]), y)
        else:
            graph = csr_array(graph[tested][:, tested])
        rng = check_random_state(self.random_state if self.shuffle else 0)
        splits, largest = [], 0
        for _ in track(range(self.n_repeats), self.n_repeats, "repeats"):
            repeat, size = self._repeat(groups, y, graph, rng)
            splits += [(tested[test], tested[dropped]) for test, dropped in repeat]
            largest = max(largest, size)
        self._warn_of_large_group(splits, largest, len(tested))
        self.dropped_ = [dropped for _, dropped in splits]
        return splits

    def _options(self) -> dict[str, Any]:
        return {"topology": self.topology, "both_strands": self.both_strands, "n_jobs": self.n_jobs}

    def _pairs_of(
        self, sequences: Sequences, tested: npt.NDArray[np.intp], members: npt.NDArray[np.intp], y: Any
    ) -> csr_array:
        """Return the graph of the tested sequences, with the pairs of the members of large groups."""
        pairs = levenshtein_neighbors(
            sequences.take(tested[members]), self.max_distance, **self._options()
        ).tocoo()
        edges = (np.ones(pairs.nnz, dtype=np.int8), (members[pairs.row], members[pairs.col]))
        graph = csr_array(coo_array(edges, shape=(len(tested), len(tested))))
        return within_labels(graph, y) if self.by_label else graph

    def _repeat(
        self, groups: npt.NDArray[np.int64], y: Any, graph: csr_array | None, rng: np.random.RandomState
    ) -> tuple[list[Split], int]:
        """Return the splits of one repeat, as positions among the tested sequences, and the largest group."""
        divided = np.zeros(len(groups), dtype=bool)
        if graph is not None:
            groups, divided = divide_groups(groups, graph, self.n_splits, rng)
        group_sizes = np.sort(np.bincount(groups))[::-1]
        if len(group_sizes) < self.n_splits:
            raise ValueError(self._too_few_groups(group_sizes))
        folds = np.empty(len(groups), dtype=np.int64)
        for number, fold in enumerate(self._folds(groups, y, rng)):
            folds[fold] = number
        dropped = np.zeros(len(groups), dtype=bool)
        if graph is not None:
            folds = improve_folds(folds, divided, graph, self.n_splits, rng)
            if self.on_large_group == "drop":
                folds, dropped = drop_between_folds(folds, graph, self.n_splits)
        splits = []
        for number in range(self.n_splits):
            left_out = dropped
            if graph is not None and self.on_large_group == "purge":
                left_out = near_fold(folds, number, graph)
            test = (folds == number) & ~dropped
            if not test.any() or (test | left_out).all():
                side = "training" if test.any() else "test"
                raise ValueError(
                    f"No {side} sequence of fold {number} is left after "
                    f"on_large_group={self.on_large_group!r} removed {left_out.sum()} of {len(groups)} "
                    "sequences; lower max_distance or n_splits, or set on_large_group='warn'."
                )
            splits.append((np.flatnonzero(test), np.flatnonzero(left_out)))
        return splits, int(group_sizes[0])

    def _warn_of_large_group(self, splits: list[Split], largest: int, n_tested: int) -> None:
        if largest <= -(-n_tested // self.n_splits):
            return
        remedy = "Lower max_distance" if self.graph is None else "Remove pairs from the graph"
        remedy += " or set on_large_group='drop'" if self.on_large_group == "warn" else " or n_splits"
        dense = "" if self.on_large_group == "warn" else " and too dense to be divided further"
        sizes = [len(test) for test, _ in splits[: self.n_splits]]
        warn_user(
            f"The largest group of sequences {self._cutoff()} has {largest} of {n_tested} sequences, more "
            f"than a fold{dense}; the fold sizes are {sizes}. {remedy} for folds of equal size."
        )

    def _cutoff(self) -> str:
        return f"within max_distance={self.max_distance}" if self.graph is None else "in the graph"

    def _too_few_groups(self, group_sizes: npt.NDArray[np.intp]) -> str:
        shown = ", ".join(map(str, group_sizes[:_SIZES_SHOWN]))
        more = ", …" if len(group_sizes) > _SIZES_SHOWN else ""
        remedies = ["lower max_distance"] if self.max_distance > 0 else []
        remedies = remedies if self.graph is None else ["remove pairs from the graph"]
        remedies += ["lower n_splits"] if len(group_sizes) > 1 else []
        remedies += ["set singletons='fold'"] if self.singletons == "train" else []
        return (
            f"Cannot have number of splits n_splits={self.n_splits} greater than the number of groups: "
            f"{len(group_sizes)}, with {shown}{more} sequences {self._cutoff()}; "
            f"{' or '.join(remedies) or 'add sequences that are not copies'}."
        )

    def _folds(
        self, groups: npt.NDArray[np.int64], y: Any, rng: np.random.RandomState
    ) -> list[npt.NDArray[np.intp]]:
        """Return the test indices of each fold."""
        if self.shuffle:
            # GroupKFold(shuffle=True) does not balance the folds, so the groups are renumbered instead
            groups = rng.permutation(groups.max() + 1)[groups]
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
