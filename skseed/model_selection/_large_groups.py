"""Divide groups that are larger than a fold, and remove the sequences that connect their parts."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from skseed.model_selection._graph_partition import edge_weights, improve, partition
from skseed.model_selection._vertex_cover import vertex_cover

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# a fold may exceed the mean size by this share
_SLACK = 0.05
# a group is dense if more than this share of it, and more than this number for each cut, is to be removed
_DENSE = 0.05
_REMOVED_PER_CUT = 3
# sizes of parts that are tried, as multiples of a fold
_FACTORS = (1, 1.5, 2, 3)
# a dense group is not divided if one part would hold more than this share of it
_LARGEST_PART = 0.75


def divide_groups(
    groups: Integers, graph: csr_array, n_splits: int, rng: np.random.RandomState
) -> tuple[Integers, Mask]:
    """Return groups that are no larger than a fold if they can be divided, and the members of large groups.

    A dense group is divided into larger parts or stays whole, if otherwise more than a twentieth of it would
    have to be removed.

    Parameters
    ----------
    groups : ndarray of shape (n_sequences,), dtype int64
        The connected component of each sequence, from 0.
    graph : csr_array of shape (n_sequences, n_sequences)
        A symmetric graph without a diagonal; every stored entry is an edge.
    n_splits : int
        The number of folds.
    rng : RandomState
        Orders the sequences.

    Returns
    -------
    groups : ndarray of shape (n_sequences,), dtype int64
        The groups, from 0 without gaps.
    divided : ndarray of shape (n_sequences,), dtype bool
        True for the members of groups that were larger than a fold.
    """
    sizes = np.bincount(groups)
    groups = groups.copy()
    divided = np.zeros(len(groups), dtype=bool)
    largest = max(1, len(groups) // n_splits)
    next_group = len(sizes)
    for group in np.flatnonzero(sizes > -(-len(groups) // n_splits)):
        members = np.flatnonzero(groups == group)
        inside = csr_array(graph[members][:, members])
        parts = _divide(inside, largest, rng)
        groups[members] = next_group + parts
        divided[members] = True
        next_group += int(parts.max()) + 1
    return np.unique(groups, return_inverse=True)[1].astype(np.int64), divided


def _divide(graph: csr_array, largest: int, rng: np.random.RandomState) -> Integers:
    """Return the parts of a group: as large as a fold, or larger if too much would have to be removed."""
    n_members = graph.shape[0]
    for factor in _FACTORS:
        if factor > 1 and factor * largest > _LARGEST_PART * n_members:
            break
        parts = partition(graph, int(factor * largest), rng)
        n_removed = vertex_cover(_between(graph, parts)[0])[0].sum()
        if n_removed <= max(_DENSE * n_members, _REMOVED_PER_CUT * parts.max()):
            return parts
    return np.zeros(n_members, dtype=np.int64)


def _between(graph: csr_array, parts: Integers) -> tuple[csr_array, Integers]:
    """Return the pairs between parts as a graph of the members that have such pairs, and these members."""
    rows = np.repeat(np.arange(len(parts)), np.diff(graph.indptr))
    between = parts[rows] != parts[graph.indices]
    touched = np.unique(rows[between])
    number = np.zeros(len(parts), dtype=np.int64)
    number[touched] = np.arange(len(touched))
    ends = (number[rows[between]], number[graph.indices[between]])
    return csr_array((np.ones(int(between.sum())), ends), shape=(len(touched), len(touched))), touched


def improve_folds(
    folds: Integers, divided: Mask, graph: csr_array, n_splits: int, rng: np.random.RandomState
) -> Integers:
    """Return folds with fewer edges between them; only members of divided groups move."""
    members = np.flatnonzero(divided)
    if len(members) == 0:
        return folds
    sizes = np.bincount(folds, minlength=n_splits)
    limits = np.maximum(sizes, int((1 + _SLACK) * len(folds) / n_splits))
    limits = limits - np.bincount(folds[~divided], minlength=n_splits)
    weights = edge_weights(csr_array(graph[members][:, members]))
    folds = folds.copy()
    folds[members] = improve(weights, folds[members], limits, rng)
    return folds


def drop_between_folds(folds: Integers, graph: csr_array, n_splits: int) -> tuple[Integers, Mask]:
    """Return folds and a small set of sequences, without which no edge connects two folds.

    Sequences outside all folds have the number -1; none of them may be adjacent to another sequence. A
    sequence that could return to a fold without such an edge is not in the set.
    """
    edges, touched = _between(graph, folds)
    dropped = np.zeros(len(folds), dtype=bool)
    if len(touched):
        dropped[touched] = vertex_cover(edges)[0]
    return _return_to_folds(folds.copy(), dropped, graph, n_splits)


def _return_to_folds(
    folds: Integers, dropped: Mask, graph: csr_array, n_splits: int
) -> tuple[Integers, Mask]:
    """Put dropped sequences back whose neighbors are all in one fold that has room."""
    filled = np.bincount(folds[(folds >= 0) & ~dropped], minlength=n_splits)
    limit = max(int((1 + _SLACK) * (folds >= 0).sum() / n_splits), int(filled.max()), 1)
    while True:
        returned = False
        waiting = np.flatnonzero(dropped)
        # sequences of few neighbors block the return of few others
        for node in waiting[np.argsort(np.diff(graph.indptr)[waiting], kind="stable")]:
            adjacent = graph.indices[graph.indptr[node] : graph.indptr[node + 1]]
            near = np.unique(folds[adjacent[~dropped[adjacent]]])
            if len(near) > 1:
                continue
            fold = int(near[0]) if len(near) else int(filled.argmin())
            if filled[fold] < limit:
                folds[node], dropped[node], returned = fold, False, True
                filled[fold] += 1
        if not returned:
            return folds, dropped


def near_fold(folds: Integers, fold: int, graph: csr_array) -> Mask:
    """Return which sequences of other folds are adjacent to a sequence of the fold."""
    tested = folds == fold
    near = np.zeros(len(folds), dtype=bool)
    rows = np.repeat(np.arange(len(folds)), np.diff(graph.indptr))
    near[graph.indices[tested[rows]]] = True
    return near & ~tested
