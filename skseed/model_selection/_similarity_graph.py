"""Check a precomputed graph of pairs of sequences."""

from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array


def symmetric_distances(graph: Any, n_sequences: int) -> csr_array:
    """Return a graph with both directions of each stored pair, without a diagonal.

    A stored zero stays. Of several values of a pair, the smallest counts. Raises a ValueError if the graph
    does not have one row and one column for each sequence.
    """
    if graph.shape != (n_sequences, n_sequences):
        raise ValueError(
            f"graph has shape {graph.shape}, but X has {n_sequences} sequences; pass a graph of shape "
            f"({n_sequences}, {n_sequences}), such as graph[index][:, index] for a subset."
        )
    pairs = coo_array(graph)
    row, column = (np.asarray(axis, dtype=np.int64) for axis in pairs.coords)
    apart = row != column
    row, column, data = row[apart], column[apart], np.asarray(pairs.data, dtype=np.float64)[apart]
    row, column = np.concatenate([row, column]), np.concatenate([column, row])
    data = np.concatenate([data, data])
    order = np.lexsort((data, column, row))
    row, column, data = row[order], column[order], data[order]
    first = np.ones(len(row), dtype=bool)
    first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    indptr = np.searchsorted(row[first], np.arange(n_sequences + 1))
    return csr_array((data[first], column[first], indptr), shape=graph.shape)


def within_labels(graph: csr_array, y: Any) -> csr_array:
    """Return the pairs of a graph whose sequences have the same label."""
    labels = np.unique(y, return_inverse=True)[1]
    pairs = graph.tocoo()
    row, column = pairs.coords
    same = labels[row] == labels[column]
    return csr_array(coo_array((pairs.data[same], (row[same], column[same])), shape=graph.shape))
