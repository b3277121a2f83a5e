"""All pairs of sequences within a cut-off, as a sparse graph."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from skseed._sklearn import validate_params
from skseed._validation import check_sequences
from skseed.distances._cutoff import MAX_DISTANCE, Cutoff
from skseed.distances._distinct import distinct
from skseed.distances._pairs import close_pairs


@validate_params(
    {"X": "no_validation", "max_distance": MAX_DISTANCE, "n_jobs": [Integral, None]},
    prefer_skip_nested_validation=True,
)
def levenshtein_neighbors(X: Any, max_distance: int | float, *, n_jobs: int | None = None) -> csr_array:
    """Find all pairs of sequences within a cut-off of the edit distance.

    The answer is exact: every pair is found, with its distance. Use it to look for relatives, to
    remove redundancy or to draw a graph; `levenshtein_groups` gives the connected components
    without holding the pairs, and `levenshtein_distances` the distances of all pairs.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,)
        Sequences.
    max_distance : int or float
        The largest distance that counts: a number of edits (int, at least 0), or a fraction of
        the longer of the two lengths (float between 0 and 1). At 0.1, sequences of 100 and
        109 symbols may be 10 edits apart.
    n_jobs : int, default=None
        The number of blocks computed at once; None is 1 unless in a ``joblib.parallel_config``
        context, -1 is one for each processor.

    Returns
    -------
    graph : csr_array of shape (n_sequences, n_sequences), dtype int64
        The edits between row and column where they are within the cut-off, in both triangles and
        with sorted indices. The diagonal is not stored. Equal sequences are neighbours at a
        distance of 0, which is *stored*: count neighbours with ``graph.nnz`` or
        ``np.diff(graph.indptr)``, never with ``graph > 0``, and keep away from
        ``graph.eliminate_zeros()``.

    See Also
    --------
    sklearn.neighbors.radius_neighbors_graph : The same form of answer for points in space.
    levenshtein_groups : Connected components of this graph.

    Examples
    --------
    >>> from skseed.distances import levenshtein_neighbors
    >>> graph = levenshtein_neighbors(["GATTACA", "GATACA", "CCCCCCC", "GATTACA"], max_distance=1)
    >>> graph.toarray()
    array([[0, 1, 0, 0],
           [1, 0, 0, 1],
           [0, 0, 0, 0],
           [0, 1, 0, 0]])
    >>> graph.indices[graph.indptr[0]:graph.indptr[1]]
    array([1, 3], dtype=int32)
    """
    unique, inverse = distinct(check_sequences(X))
    found = list(close_pairs(unique, Cutoff(max_distance), n_jobs=n_jobs))
    first, second, edits = (np.concatenate([block[part] for block in found]) for part in range(3))
    if len(unique) < len(inverse):
        first, second, edits = _spread(first, second, edits, inverse)
    return _symmetric(first, second, edits, len(inverse))


def _spread(
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    edits: npt.NDArray[np.int64],
    inverse: npt.NDArray[np.intp],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    """Give the pairs of different sequences to all their copies, and join the copies at distance 0."""
    copies = np.argsort(inverse, kind="stable")
    counts = np.bincount(inverse)
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    itself = np.arange(len(counts))
    first, second = np.concatenate([first, itself]), np.concatenate([second, itself])
    edits = np.concatenate([edits, np.zeros(len(counts), dtype=np.int64)])
    widths = counts[second]
    n_copies = counts[first] * widths
    pair = np.repeat(np.arange(len(first)), n_copies)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(n_copies) - n_copies, n_copies)
    one = copies[starts[first[pair]] + within // widths[pair]]
    other = copies[starts[second[pair]] + within % widths[pair]]
    once = (first[pair] != second[pair]) | (one < other)
    return one[once], other[once], edits[pair[once]]


def _symmetric(
    first: npt.NDArray[np.intp], second: npt.NDArray[np.intp], edits: npt.NDArray[np.int64], n: int
) -> csr_array:
    # built by hand: converting from coordinates would be free to drop the stored zeros one day
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((columns, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
    index_type = np.int32 if max(n, len(rows)) <= np.iinfo(np.int32).max else np.int64
    graph = csr_array(
        (np.concatenate([edits, edits])[order], columns[order].astype(index_type), indptr.astype(index_type)),
        shape=(n, n),
    )
    graph.has_sorted_indices = True
    return graph
