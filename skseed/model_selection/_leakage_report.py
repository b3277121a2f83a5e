"""How close the test sequences of a split are to its training sequences."""

from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from skseed._sklearn import validate_params
from skseed._validation import check_sequences
from skseed.distances import levenshtein_neighbors
from skseed.distances._cutoff import MAX_DISTANCE
from skseed.distances._distinct import distinct, lengths_of
from skseed.distances._spellings import TOPOLOGY, Topology

Split = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
Nearest = tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]

_BLOCK = 64
_CANDIDATES = 1024


@validate_params(
    {
        "X": "no_validation",
        "splits": "no_validation",
        "y": "no_validation",
        "max_distance": [*MAX_DISTANCE, None],
        "topology": TOPOLOGY,
        "both_strands": ["boolean"],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def leakage_report(
    X: Any,
    splits: Any,
    *,
    y: Any = None,
    max_distance: int | float | None = None,
    topology: Topology = "linear",
    both_strands: bool = False,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Find the nearest training sequence of every test sequence, for any splitter.

    A score is only worth as much as the distance between what was learnt and what was tested. This
    report says how far that is: make it for the splitter that you use, scikit-learn's own included,
    and state the least distance beside the score.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,)
        Sequences.
    splits : cross-validation splitter or iterable of (train, test)
        A splitter, whose ``split(X, y)`` is called, or the pairs of index arrays themselves.
    y : array-like of shape (n_sequences,), default=None
        The labels, for splitters that need them.
    max_distance : int or float, default=None
        Look no farther than this number of edits, or fraction of the longer length: much faster, as
        only close pairs are looked for. Test sequences without a training sequence so close get NaN.
        None finds the nearest at any distance, at the cost of comparing all with all.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations; it needs `max_distance`.
    both_strands : bool, default=False
        Take the lesser distance of both strands; it needs `max_distance`.
    n_jobs : int, default=None
        The number of blocks computed at once.

    Returns
    -------
    report : DataFrame
        One row for each test sequence of each split: `split`, the number of the split; `test`, the index of
        the sequence; `nearest`, the index of its nearest training sequence, the first one where
        several are as near, -1 where none is within `max_distance`; `edits`, their distance; and
        `fraction`, the distance divided by the longer of their lengths.

    Raises
    ------
    ValueError
        If a split has no training or no test sequence, or shares a sequence between them.

    See Also
    --------
    LevenshteinGroupKFold : A splitter with a guaranteed least distance.
    skseed.inspection.SplitLeakageDisplay : The picture of this table.

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
    """
    sequences = check_sequences(X)
    if max_distance is None and (topology != "linear" or both_strands):
        raise ValueError("topology='circular' and both_strands=True need max_distance, how far to look.")
    pairs = list(_checked_splits(splits.split(X, y) if hasattr(splits, "split") else splits, len(sequences)))
    if max_distance is None:
        found = _nearest_of_all(sequences, pairs, n_jobs)
    else:
        graph = levenshtein_neighbors(
            sequences, max_distance, topology=topology, both_strands=both_strands, n_jobs=n_jobs
        )
        found = [_nearest_in_graph(graph, train, test) for train, test in pairs]
    nearest, edits = (np.concatenate([values[part] for values in found]) for part in range(2))
    tested = np.concatenate([test for _, test in pairs])
    lengths = lengths_of(sequences)
    longer = np.maximum(lengths[tested], np.where(nearest < 0, 0, lengths[nearest]))
    return pd.DataFrame(
        {
            "split": np.repeat(np.arange(len(pairs)), [len(test) for _, test in pairs]),
            "test": tested,
            "nearest": nearest,
            "edits": edits,
            # two empty sequences are equal, and 0 / 0 of each other
            "fraction": edits / np.maximum(longer, 1),
        }
    )


def _checked_splits(splits: Iterable[Any], n_sequences: int) -> Iterator[Split]:
    """Yield index arrays, and refuse splits of which nothing can be said."""
    number = -1
    for number, (train, test) in enumerate(splits):
        indices = np.arange(n_sequences)
        # indexing turns masks and negative numbers into indices, and refuses what is no index
        train, test = indices[np.asarray(train)], indices[np.asarray(test)]
        if len(train) == 0 or len(test) == 0:
            empty = "training" if len(train) == 0 else "test"
            raise ValueError(f"Split {number} has no {empty} sequences; leave it out.")
        shared = np.intersect1d(train, test)
        if len(shared):
            raise ValueError(
                f"Split {number} has sequence {shared[0]} in training and in test; a sequence may be in one."
            )
        yield train, test
    if number < 0:
        raise ValueError("splits is empty; pass a splitter, or a list of (train, test) index arrays.")


def _nearest_in_graph(graph: Any, train: npt.NDArray[np.intp], test: npt.NDArray[np.intp]) -> Nearest:
    in_train = np.zeros(graph.shape[0], dtype=bool)
    in_train[train] = True
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    near = np.flatnonzero(in_train[graph.indices])
    # the last assignment stays, so the nearest comes last
    near = near[np.lexsort((-graph.indices[near], -graph.data[near]))]
    nearest, edits = np.full(graph.shape[0], -1), np.full(graph.shape[0], np.nan)
    nearest[rows[near]], edits[rows[near]] = graph.indices[near], graph.data[near]
    return nearest[test], edits[test]


def _nearest_of_all(
    sequences: npt.NDArray[np.object_], pairs: list[Split], n_jobs: int | None
) -> list[Nearest]:
    unique, inverse = distinct(sequences)
    # rapidfuzz lets go of the interpreter lock, so threads share the sequences without a copy
    run = joblib.Parallel(n_jobs=n_jobs, prefer="threads")
    found: list[Nearest] = []
    for train, test in pairs:
        train = np.sort(train)
        known, first = np.unique(inverse[train], return_index=True)
        # in the order of the data, so that the first of several as near is taken
        order = np.argsort(first)
        known, first_of = known[order], train[first[order]]
        asked, back = np.unique(inverse[test], return_inverse=True)
        # sequences of about one length share blocks, and near ones are found early
        asked_order = np.argsort(lengths_of(unique[asked]), kind="stable")
        blocks = np.array_split(asked_order, -(-len(asked) // _BLOCK))
        results = run(
            joblib.delayed(_nearest_of_block)(unique[asked[block]], unique[known]) for block in blocks
        )
        nearest, edits = np.empty(len(asked), dtype=np.intp), np.empty(len(asked))
        for block, (positions, distances) in zip(blocks, results, strict=True):
            nearest[block], edits[block] = first_of[positions], distances
        found.append((nearest[back], edits[back]))
    return found


def _nearest_of_block(
    asked: npt.NDArray[np.object_], known: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    """Return the nearest of the known sequences, with a cut-off that shrinks as nearer ones are found."""
    gap = np.abs(lengths_of(known) - np.median(lengths_of(asked)))
    order = np.argsort(gap, kind="stable")
    best = np.full(len(asked), np.iinfo(np.int32).max - 1, dtype=np.int64)
    nearest = np.zeros(len(asked), dtype=np.intp)
    for start in range(0, len(order), _CANDIDATES):
        some = np.sort(order[start : start + _CANDIDATES])
        block = cdist(
            asked, known[some], scorer=Levenshtein.distance, dtype=np.int32, score_cutoff=int(best.max())
        )
        closest = block.argmin(axis=1)
        edits = block[np.arange(len(asked)), closest]
        nearer = (edits < best) | ((edits == best) & (some[closest] < nearest))
        best[nearer], nearest[nearer] = edits[nearer], some[closest[nearer]]
    return nearest, best
