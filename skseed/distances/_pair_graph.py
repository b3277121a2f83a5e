"""The graph of the close pairs of one collection."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from skseed.distances._components import Pairs


def graph_of_pairs(pairs: Pairs, form_of: npt.NDArray[np.intp]) -> csr_array:
    """Return the graph of the close pairs of sequences, given the close pairs of their different forms.

    ``form_of[i]`` is the form of sequence i. Sequences of one form are connected at distance 0.
    """
    if int(form_of.max(initial=-1)) + 1 < len(form_of):
        pairs = _pairs_of_copies(*pairs, form_of)
    return _symmetric(*pairs, len(form_of))


def _pairs_of_copies(
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    edits: npt.NDArray[np.integer],
    inverse: npt.NDArray[np.intp],
) -> Pairs:
    """Repeat the pairs of different sequences for all their copies, and pair the copies at distance 0."""
    copies = np.argsort(inverse, kind="stable")
    counts = np.bincount(inverse)
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    itself = np.arange(len(counts))
    first, second = np.concatenate([first, itself]), np.concatenate([second, itself])
    edits = np.concatenate([edits, np.zeros(len(counts), dtype=edits.dtype)])
    widths = counts[second]
    n_copies = counts[first] * widths
    pair = np.repeat(np.arange(len(first)), n_copies)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(n_copies) - n_copies, n_copies)
    one = copies[starts[first[pair]] + within // widths[pair]]
    other = copies[starts[second[pair]] + within % widths[pair]]
    once = (first[pair] != second[pair]) | (one < other)
    return one[once], other[once], edits[pair[once]]


def _symmetric(
    first: npt.NDArray[np.integer], second: npt.NDArray[np.integer], edits: npt.NDArray[np.integer], n: int
) -> csr_array:
    """Return the matrix with all pairs in both triangles."""
    # built by hand, because a conversion from coordinates may drop the stored zeros in a future release
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((columns, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
    index_type = np.int32 if max(n, len(rows)) <= np.iinfo(np.int32).max else np.int64
    data = np.concatenate([edits, edits])[order].astype(np.int64)
    graph = csr_array((data, columns[order].astype(index_type), indptr.astype(index_type)), shape=(n, n))
    graph.has_sorted_indices = True
    return graph
