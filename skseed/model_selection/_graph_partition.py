"""Divide a graph into parts of bounded size with few edges between them.

The graph is coarsened: label propagation with a bound on the cluster size [1]_ joins nodes that share most of
their edges, and each cluster becomes one node. The smallest graph is divided greedily, and the parts are
improved by moves of nodes on every level back to the original graph.

References
----------
.. [1] H. Meyerhenke, P. Sanders, C. Schulz, "Partitioning complex networks via size-constrained clustering",
   Symposium on Experimental Algorithms, 2014. doi:10.1007/978-3-319-07959-2_30
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Integers = npt.NDArray[np.int64]

# a coarse graph of at most this many nodes for each part is divided
_NODES_PER_PART = 16
# a cluster of the coarsest graph holds at most this share of a part
_CLUSTERS_PER_PART = 8
_ROUNDS = 10
_ATTEMPTS = 8


def edge_weights(graph: csr_array) -> csr_array:
    """Return weights of the edges, such that the edges of each node have a sum of at least one.

    The weight is the sum of the reciprocal degrees of both nodes. To cut all edges of a node costs about as
    much as to remove the node, whatever its degree.
    """
    degrees = np.diff(graph.indptr)
    share = 1 / np.maximum(degrees, 1)
    weights = np.repeat(share, degrees) + share[graph.indices]
    return csr_array((weights, graph.indices, graph.indptr), shape=graph.shape)


def partition(graph: csr_array, largest: int, rng: np.random.RandomState) -> Integers:
    """Return the part of each node; a part has at most `largest` nodes.

    Parameters
    ----------
    graph : csr_array of shape (n_nodes, n_nodes)
        A symmetric graph without a diagonal; every stored entry is an edge.
    largest : int
        The largest size of a part, at least 1.
    rng : RandomState
        Orders the nodes.

    Returns
    -------
    parts : ndarray of shape (n_nodes,), dtype int64
        The number of the part of each node, from 0 without gaps.
    """
    levels = _coarsen(edge_weights(graph), largest, rng)
    weights, sizes, _ = levels[-1]
    attempts = [_divide(weights, sizes, largest, rng) for _ in range(_ATTEMPTS)]
    parts = min(attempts, key=lambda parts: (parts.max(), _cut(weights, parts)))
    n_parts = int(parts.max()) + 1
    limits = np.full(n_parts, largest)
    for (weights, sizes, clusters), _ in zip(levels[-2::-1], levels[:0:-1], strict=True):
        assert clusters is not None
        parts = improve(weights, parts[clusters], limits, rng, sizes=sizes)
    return np.unique(parts, return_inverse=True)[1].astype(np.int64)


def improve(
    weights: csr_array,
    parts: Integers,
    limits: Integers,
    rng: np.random.RandomState,
    *,
    sizes: Integers | None = None,
) -> Integers:
    """Return parts with a smaller cut, by moves of single nodes; no part grows beyond its limit.

    Parameters
    ----------
    weights : csr_array of shape (n_nodes, n_nodes)
        Symmetric weights of the edges.
    parts : ndarray of shape (n_nodes,), dtype int64
        The part of each node.
    limits : ndarray of shape (n_parts,)
        The largest size of each part.
    rng : RandomState
        Orders the moves.
    sizes : ndarray of shape (n_nodes,), default=None
        The size of each node; None is 1.

    Returns
    -------
    parts : ndarray of shape (n_nodes,), dtype int64
        The part of each node.
    """
    n_nodes = len(parts)
    sizes = np.ones(n_nodes, dtype=np.int64) if sizes is None else sizes
    nodes = np.arange(n_nodes)
    cut = _cut(weights, parts)
    for _ in range(_ROUNDS):
        links = _links(weights, parts, len(limits))
        gains = links - links[nodes, parts][:, None]
        gains[nodes, parts] = -np.inf
        best = gains.argmax(axis=1)
        gain = gains[nodes, best]
        movers = np.flatnonzero(gain > 0)
        # neighbors that swap their parts would gain nothing, so half of them wait for the next round
        movers = movers[rng.uniform(size=len(movers)) < 0.5] if len(movers) > 1 else movers
        movers = movers[np.argsort(-gain[movers], kind="stable")]
        moved = _move(parts, movers, best[movers], sizes, limits)
        now = _cut(weights, moved)
        if now < cut:
            parts, cut = moved, now
        elif len(movers) == 0:
            break
    return parts


def _coarsen(
    weights: csr_array, largest: int, rng: np.random.RandomState
) -> list[tuple[csr_array, Integers, Integers | None]]:
    """Return the graph on each level: weights, sizes of the nodes, and the node on the next level."""
    sizes = np.ones(weights.shape[0], dtype=np.int64)
    levels: list[tuple[csr_array, Integers, Integers | None]] = []
    most = max(1, largest // _CLUSTERS_PER_PART)
    while True:
        n_nodes = weights.shape[0]
        n_parts = -(-int(sizes.sum()) // largest)
        clusters = _clusters(weights, sizes, most, rng) if n_nodes > _NODES_PER_PART * n_parts else None
        if clusters is None or clusters.max() + 1 > 0.95 * n_nodes:
            levels.append((weights, sizes, None))
            return levels
        levels.append((weights, sizes, clusters))
        one = csr_array(
            (np.ones(n_nodes), clusters, np.arange(n_nodes + 1)), shape=(n_nodes, clusters.max() + 1)
        )
        joined = (one.T @ weights @ one).tocoo()
        apart = joined.row != joined.col
        weights = csr_array((joined.data[apart], (joined.row[apart], joined.col[apart])), shape=joined.shape)
        sizes = np.bincount(clusters, sizes).astype(np.int64)


def _clusters(weights: csr_array, sizes: Integers, most: int, rng: np.random.RandomState) -> Integers:
    """Return clusters of at most `most`, by label propagation: a node joins the cluster of most weight."""
    n_nodes = weights.shape[0]
    labels = np.arange(n_nodes)
    for _ in range(_ROUNDS):
        links = csr_array(
            weights @ csr_array((np.ones(n_nodes), labels, np.arange(n_nodes + 1)), shape=(n_nodes, n_nodes))
        )
        rows = np.repeat(np.arange(n_nodes), np.diff(links.indptr))
        # the last entry of a row is the strongest link; of equal ones a random one
        order = np.lexsort((rng.permutation(n_nodes)[links.indices], links.data, rows))
        strongest = np.full(n_nodes, -1)
        strength = np.zeros(n_nodes)
        strongest[rows[order]], strength[rows[order]] = links.indices[order], links.data[order]
        movers = np.flatnonzero((strongest >= 0) & (strongest != labels) & (rng.uniform(size=n_nodes) < 0.5))
        if len(movers) == 0:
            break
        movers = movers[np.argsort(-strength[movers], kind="stable")]
        labels = _move(labels, movers, strongest[movers], sizes, np.full(n_nodes, most))
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _move(parts: Integers, movers: Integers, goals: Integers, sizes: Integers, limits: Integers) -> Integers:
    """Return the parts after moves, in order of the movers, into goals that have room."""
    filled = np.bincount(parts, sizes, minlength=len(limits))
    order = np.argsort(goals, kind="stable")
    ordered, total = goals[order], np.cumsum(sizes[movers[order]])
    first = np.searchsorted(ordered, ordered)
    before = np.concatenate([[0], total])[first]
    fits = filled[ordered] + total - before <= limits[ordered]
    moved = parts.copy()
    moved[movers[order][fits]] = ordered[fits]
    return moved


def _divide(weights: csr_array, sizes: Integers, largest: int, rng: np.random.RandomState) -> Integers:
    """Return parts of a small graph: a node joins the part with room that it has the strongest link to."""
    n_nodes = len(sizes)
    n_parts = -(-int(sizes.sum()) // largest)
    links, filled = np.zeros((n_nodes, n_parts)), np.zeros(n_parts)
    parts = np.full(n_nodes, -1)
    waiting = rng.permutation(n_nodes)
    waiting = waiting[np.argsort(-sizes[waiting], kind="stable")]
    while len(waiting):
        # the node with the strongest link to a part, or else the largest one
        strongest = links[waiting].max(axis=1)
        place = int(strongest.argmax())
        node = waiting[place]
        waiting = np.delete(waiting, place)
        room = filled + sizes[node] <= largest
        if not room.any():
            links, filled = np.column_stack([links, np.zeros(n_nodes)]), np.append(filled, 0)
            room = np.append(room, True)
        part = int(np.lexsort((filled, np.where(room, -links[node], np.inf)))[0])
        parts[node] = part
        filled[part] += sizes[node]
        row = slice(weights.indptr[node], weights.indptr[node + 1])
        links[weights.indices[row], part] += weights.data[row]
    return improve(weights, parts, np.full(len(filled), largest), rng, sizes=sizes)


def _links(weights: csr_array, parts: Integers, n_parts: int) -> npt.NDArray[np.float64]:
    """Return the weight of the edges from each node to each part."""
    n_nodes = len(parts)
    one = csr_array((np.ones(n_nodes), parts, np.arange(n_nodes + 1)), shape=(n_nodes, n_parts))
    links: npt.NDArray[np.float64] = (weights @ one).toarray()
    return links


def _cut(weights: csr_array, parts: Integers) -> float:
    rows = np.repeat(parts, np.diff(weights.indptr))
    data: Any = weights.data
    return float(data[rows != parts[weights.indices]].sum())
