"""Report the distance of each test sequence to its nearest training sequence."""

from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._constraints import ALPHABET_OF_DISTANCES, MAX_DISTANCE, TOPOLOGY, VERBOSE
from skseed._progress import show_progress, track
from skseed._sequences import Sequences, Topology, as_sequence_pair
from skseed._sklearn import _num_samples, validate_params
from skseed.alphabets import Alphabet
from skseed.distances import LevenshteinIndex, levenshtein_neighbors
from skseed.model_selection._columns import column_of, sequences_of
from skseed.model_selection._similarity_graph import symmetric_distances

Split = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
Nearest = tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]


@validate_params(
    {
        "X": "no_validation",
        "cv": "no_validation",
        "y": "no_validation",
        "groups": "no_validation",
        "X_test": "no_validation",
        "graph": ["sparse matrix", None],
        "max_distance": [*MAX_DISTANCE, None],
        "alphabet": ALPHABET_OF_DISTANCES,
        "topology": TOPOLOGY,
        "both_strands": ["boolean"],
        "sequence_column": [str, Integral, None],
        "n_jobs": [Integral, None],
        "verbose": VERBOSE,
    },
    prefer_skip_nested_validation=True,
)
def leakage_report(
    X: Any,
    cv: Any = None,
    *,
    y: Any = None,
    groups: Any = None,
    X_test: Any = None,
    graph: Any = None,
    max_distance: int | float | None = None,
    alphabet: str | Alphabet | None = "auto",
    topology: Topology = "linear",
    both_strands: bool = False,
    sequence_column: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Find the nearest training sequence of each test sequence.

    A test score is informative only if the test sequences are far from the training sequences. The report
    measures this distance for any splitter, scikit-learn's own included, or for a training set and a test set
    that come from two files. Report the least distance together with the score.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,), or table
        Sequences, or a table that holds them in `sequence_column`. All of them are training sequences if
        `X_test` is given.
    cv : cross-validation splitter or iterable of (train, test), default=None
        A splitter, whose ``split(X, y, groups)`` is called, or pairs of index arrays or masks. None requires
        `X_test`.
    y : array-like of shape (n_sequences,), default=None
        Labels, for splitters that need them.
    groups : array-like of shape (n_sequences,), default=None
        Groups, for splitters that need them, such as ``GroupKFold``.
    X_test : array-like of str of shape (n_test,), or table, default=None
        A second set of sequences, to be compared with all of `X`. Requires that `cv` is None.
    graph : sparse array of shape (n_sequences, n_sequences), default=None
        Precomputed distances of pairs, in place of edit distances, in one triangle or in both; convert a
        similarity s to a distance, such as 1 - s. A stored zero is a distance, and a pair that is not stored
        is not near. `X` may then be anything with one row for each row of the graph, and the parameters below
        are not used. Requires `cv`.
    max_distance : int or float, default=None
        The largest distance that is searched: a number of edits (int, at least 0), or a fraction of the
        longer of the two lengths (float between 0 and 1). Test sequences without a training sequence within
        it get NaN. A small value is much faster. None finds the nearest at any distance.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal. "auto" ignores the case of ASCII letters, and treats U as T if all letters
        are IUPAC nucleotide codes. With a name or an :class:`~skseed.alphabets.Alphabet`, all letters must
        belong to the alphabet, and all ambiguity letters equal its wildcard. None compares exact characters.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations, as
        :class:`~skseed.distances.LevenshteinIndex` describes.
    both_strands : bool, default=False
        Whether the distance is the lesser of both strands, for nucleotides.
    sequence_column : str or int, default=None
        The column of the sequences if `X` and `X_test` are tables: a name, or a position in a two-dimensional
        array.
    n_jobs : int, default=None
        The number of blocks of distances that are computed at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Returns
    -------
    report : DataFrame
        One row for each test sequence of each split, with the columns

        - `split`: the number of the split, from 0;
        - `test`: the index of the test sequence in `X`, or in `X_test` where given;
        - `nearest`: the index in `X` of the nearest training sequence, the first one if several are equally
          near, and -1 if there is none within `max_distance`;
        - `edits`: the distance of the two, in edits; 0 means that the test sequence is a copy;
        - `fraction`: the distance divided by the longer of their lengths.

        With `graph`, the column `distance` replaces the last two.

    Raises
    ------
    ValueError
        If both or none of `cv` and `X_test` are given, if `graph` is given with `X_test`, or if a split has
        no training or no test sequences, or has a sequence in both.

    See Also
    --------
    LevenshteinGroupKFold : A splitter with a guaranteed least distance.
    skseed.inspection.SplitLeakageDisplay : Plot of this report.

    Examples
    --------
    >>> from sklearn.model_selection import KFold
    >>> from skseed.model_selection import leakage_report
    >>> genes = ["GATTACA", "CCGCGG", "GATTACC", "CCGCG"]
    >>> leakage_report(genes, KFold(2))
       split  test  nearest  edits  fraction
    0      0     0        2    1.0  0.142857
    1      0     1        3    1.0  0.166667
    2      1     2        0    1.0  0.142857
    3      1     3        1    1.0  0.166667

    A test set of its own, here with a soft-masked copy of a training sequence:

    >>> leakage_report(genes, X_test=["gattaca", "CCGTTT"])
       split  test  nearest  edits  fraction
    0      0     0        0    0.0       0.0
    1      0     1        1    3.0       0.5

    Hits of a search tool, as distances:

    >>> from scipy.sparse import coo_array
    >>> graph = coo_array(([0.1, 0.4], ([0, 1], [2, 2])), shape=(4, 4))
    >>> leakage_report(genes, KFold(2), graph=graph)
       split  test  nearest  distance
    0      0     0        2       0.1
    1      0     1        2       0.4
    2      1     2        0       0.1
    3      1     3       -1       NaN
    """
    if (cv is None) == (X_test is None):
        raise ValueError(
            "Pass either cv, for the splits of X, or X_test, for a test set beside the training set X."
        )
    if graph is not None and X_test is not None:
        raise ValueError("graph holds the pairs of X, so it does not fit X_test; pass cv in place of X_test.")
    if graph is not None:
        return _report_of_graph(X, cv, y, groups, graph)
    if X_test is None:
        sequences = sequences_of(X, sequence_column, alphabet=alphabet, topology=topology)
        splits = list(_checked_splits(cv, X, y, groups, n_sequences=len(sequences)))
        first_test = 0
    else:
        sequences, splits = _two_sets(
            column_of(X, sequence_column),
            column_of(X_test, sequence_column, name="X_test"),
            alphabet=alphabet,
            topology=topology,
            both_strands=both_strands,
        )
        first_test = len(splits[0][0])
    options: dict[str, Any] = {"topology": topology, "both_strands": both_strands, "n_jobs": n_jobs}
    with show_progress(verbose, "leakage_report"):
        if max_distance is None:
            sizes = [len(test) for _, test in splits]
            tracked = track(splits, sum(sizes), "test sequences", sizes=sizes)
            found = [_nearest_of_all(sequences, split, **options) for split in tracked]
        elif X_test is not None:
            found = [_nearest_within(sequences, splits[0], max_distance, **options)]
        else:
            pairs = levenshtein_neighbors(sequences, max_distance, **options)
            found = [_nearest_in_graph(pairs, train, test) for train, test in splits]
    report = _table(splits, found, first_test)
    nearest, edits = report["nearest"].to_numpy(), report.pop("distance").to_numpy()
    tested = np.concatenate([test for _, test in splits])
    lengths = sequences.lengths
    longer = np.maximum(lengths[tested], np.where(nearest < 0, 0, lengths[nearest]))
    # the distance of two empty sequences is 0, and so is the fraction
    return report.assign(edits=edits, fraction=edits / np.maximum(longer, 1))


def _report_of_graph(X: Any, cv: Any, y: Any, groups: Any, graph: Any) -> pd.DataFrame:
    """Return the report of precomputed distances."""
    distances = symmetric_distances(graph, _num_samples(X))
    splits = list(_checked_splits(cv, X, y, groups, n_sequences=distances.shape[0]))
    return _table(splits, [_nearest_in_graph(distances, train, test) for train, test in splits])


def _table(splits: list[Split], found: list[Nearest], first_test: int = 0) -> pd.DataFrame:
    """Return the report with a column `distance`; test indices count from `first_test`."""
    nearest, distance = (np.concatenate(column) for column in zip(*found, strict=True))
    return pd.DataFrame(
        {
            "split": np.repeat(np.arange(len(splits)), [len(test) for _, test in splits]),
            "test": np.concatenate([test for _, test in splits]) - first_test,
            "nearest": nearest,
            "distance": distance,
        }
    )


def _two_sets(
    X: Any, X_test: Any, *, alphabet: Any, topology: Topology, both_strands: bool
) -> tuple[Sequences, list[Split]]:
    """Return the sequences of both sets, and the one split that has the second as its test set."""
    train, test = as_sequence_pair(X, X_test, alphabet=alphabet, topology=topology, names=("X", "X_test"))
    if both_strands:
        for sequences, name in ((train, "X"), (test, "X_test")):
            sequences.check_complement(name)
    indices = np.arange(len(train) + len(test))
    return train.with_rows([*train, *test]), [(indices[: len(train)], indices[len(train) :])]


def _checked_splits(cv: Any, X: Any, y: Any, groups: Any, *, n_sequences: int) -> Iterator[Split]:
    """Yield the index arrays of each split; raise an error for a split without a report."""
    number = -1
    for number, pair in enumerate(_splits_of(cv, X, y, groups)):
        if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise TypeError(
                f"cv[{number}] must be a pair of index arrays (train, test); got {type(pair).__name__}. Pass "
                "a second set of sequences as X_test."
            )
        train, test = (
            _checked_indices(indices, n_sequences, f"the {side} set of split {number}")
            for indices, side in zip(pair, ("training", "test"), strict=True)
        )
        shared = np.intersect1d(train, test)
        if len(shared):
            raise ValueError(
                f"X[{shared[0]}] is in both the training set and the test set of split {number}; remove it "
                "from one of them."
            )
        yield train, test
    if number < 0:
        raise ValueError("cv is empty; pass a splitter, or a list of (train, test) index arrays.")


def _splits_of(cv: Any, X: Any, y: Any, groups: Any) -> Iterable[Any]:
    if isinstance(cv, str) or not (hasattr(cv, "split") or hasattr(cv, "__iter__")):
        raise TypeError(
            "cv must be a cross-validation splitter or an iterable of (train, test) index arrays; got "
            f"{type(cv).__name__}."
        )
    if not hasattr(cv, "split"):
        return cv
    # a splitter of the user may take no groups
    return cv.split(X, y) if groups is None else cv.split(X, y, groups=groups)


def _checked_indices(indices: Any, n_sequences: int, name: str) -> npt.NDArray[np.intp]:
    """Return indices or a mask as indices from 0; `name` is the name of the set in messages."""
    indices = np.asarray(indices)
    if indices.size and (indices.ndim != 1 or indices.dtype.kind not in "biu"):
        raise ValueError(
            f"Indices must be one-dimensional arrays of int or masks; {name} has shape {indices.shape} and "
            f"dtype {indices.dtype}."
        )
    if indices.dtype.kind == "b":
        if len(indices) != n_sequences:
            raise ValueError(
                f"The mask of {name} has length {len(indices)}, but X has {n_sequences} sequences."
            )
        indices = np.flatnonzero(indices)
    if indices.size == 0:
        raise ValueError(
            f"There are no sequences in {name}; remove the split, or move sequences into the set."
        )
    outside = indices[(indices < -n_sequences) | (indices >= n_sequences)]
    if outside.size:
        raise ValueError(f"Index {outside[0]} is in {name}, but X has {n_sequences} sequences.")
    return np.arange(n_sequences)[indices]


def _nearest_in_graph(graph: Any, train: npt.NDArray[np.intp], test: npt.NDArray[np.intp]) -> Nearest:
    in_train = np.zeros(graph.shape[0], dtype=bool)
    in_train[train] = True
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    near = np.flatnonzero(in_train[graph.indices])
    # of several assignments to one row the last one stays, so the nearest must be last
    near = near[np.lexsort((-graph.indices[near], -graph.data[near]))]
    nearest, edits = np.full(graph.shape[0], -1), np.full(graph.shape[0], np.nan)
    nearest[rows[near]], edits[rows[near]] = graph.indices[near], graph.data[near]
    return nearest[test], edits[test]


def _nearest_of_all(sequences: Sequences, split: Split, *, n_jobs: int | None, **options: Any) -> Nearest:
    """Return the nearest training sequence of each test sequence of a split, at any distance."""
    train, test = split
    # in the order of the data, so that the first of several equally near sequences is taken
    train = np.sort(train)
    index = LevenshteinIndex(sequences.take(train), **options)
    edits, nearest = index.kneighbors(sequences.take(test), n_neighbors=1, n_jobs=n_jobs)
    return train[nearest[:, 0]], edits[:, 0].astype(np.float64)


def _nearest_within(
    sequences: Sequences, split: Split, max_distance: int | float, *, n_jobs: int | None, **options: Any
) -> Nearest:
    """Return the nearest training sequence within the cut-off of each test sequence of a split."""
    train, test = split
    graph = levenshtein_neighbors(
        sequences.take(test), max_distance, sequences.take(train), n_jobs=n_jobs, **options
    )
    rows = np.repeat(np.arange(len(test)), np.diff(graph.indptr))
    columns = train[graph.indices]
    # of several assignments to one row the last one stays, so the nearest must be last
    order = np.lexsort((-columns, -graph.data))
    nearest, edits = np.full(len(test), -1), np.full(len(test), np.nan)
    nearest[rows[order]], edits[rows[order]] = columns[order], graph.data[order]
    return nearest, edits
