"""Find few nodes that touch all edges between folds, so that their removal separates the folds."""

import heapq

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_bipartite_matching

Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


def vertex_cover(graph: csr_array) -> tuple[Mask, int]:
    """Return a small set of nodes that touches every edge, and a lower bound of the size of any such set.

    The linear relaxation of the problem has a solution of values 0, 1/2 and 1, which a maximum matching of
    the bipartite double cover gives. Some smallest set contains all nodes of value 1, and none of value 0
    [1]_. Of the rest, bipartite components are solved exactly, by König's theorem, and the others greedily.
    The set is a smallest one if the graph is bipartite, as for two folds, and at most twice the bound.

    Parameters
    ----------
    graph : csr_array of shape (n_nodes, n_nodes)
        A symmetric graph without a diagonal; every stored entry is an edge.

    Returns
    -------
    cover : ndarray of shape (n_nodes,), dtype bool
        True for the nodes of the set.
    bound : int
        No set is smaller.

    References
    ----------
    .. [1] G. L. Nemhauser, L. E. Trotter, "Vertex packings: structural properties and algorithms",
       Mathematical Programming 8, 1975. doi:10.1007/BF01580444
    """
    left, right = _bipartite_cover(graph)
    cover = left & right
    bound = -(-int(left.sum() + right.sum()) // 2)
    rest = np.flatnonzero(left ^ right)
    part = csr_array(graph[rest][:, rest])
    n_components, component = connected_components(part, directed=False)
    order = np.argsort(component, kind="stable")
    ends = np.cumsum(np.bincount(component, minlength=n_components))
    for nodes in np.split(order, ends[:-1]):
        if len(nodes) > 1:
            cover[rest[nodes]] = _cover_of_component(csr_array(part[nodes][:, nodes]))
    return cover, bound


def _bipartite_cover(biadjacency: csr_array) -> tuple[Mask, Mask]:
    """Return a smallest set of rows and columns that touches all entries of a matrix (König's theorem)."""
    n_rows, n_columns = biadjacency.shape
    # SciPy 1.13 matches only arrays with int32 indices
    indices, indptr = biadjacency.indices.astype(np.int32), biadjacency.indptr.astype(np.int32)
    pattern = csr_array((np.ones(biadjacency.nnz, dtype=np.int8), indices, indptr), shape=biadjacency.shape)
    row_of = maximum_bipartite_matching(pattern, perm_type="row")
    matched = np.zeros(n_rows, dtype=bool)
    matched[row_of[row_of >= 0]] = True
    # rows and columns that alternating paths reach from unmatched rows
    reached, seen_columns = ~matched, np.zeros(n_columns, dtype=bool)
    frontier = np.flatnonzero(reached)
    while len(frontier):
        columns = np.unique(np.asarray(pattern[frontier].indices))
        columns = columns[~seen_columns[columns]]
        seen_columns[columns] = True
        frontier = row_of[columns]
        frontier = frontier[~reached[frontier]]
        reached[frontier] = True
    return ~reached, seen_columns


def _cover_of_component(graph: csr_array) -> Mask:
    """Return a vertex cover of a connected graph: a smallest one if the graph is bipartite."""
    n_nodes = graph.shape[0]
    order, parent = breadth_first_order(graph, 0, directed=False)
    side = np.zeros(n_nodes, dtype=bool)
    for node in order[1:]:
        side[node] = not side[parent[node]]
    rows = np.repeat(np.arange(n_nodes), np.diff(graph.indptr))
    if (side[rows] == side[graph.indices]).any():
        return _greedy_cover(graph)
    one, other = np.flatnonzero(~side), np.flatnonzero(side)
    cover = np.zeros(n_nodes, dtype=bool)
    cover[one], cover[other] = _bipartite_cover(csr_array(graph[one][:, other]))
    return cover


def _greedy_cover(graph: csr_array) -> Mask:
    """Return a vertex cover: repeatedly keep a node of the lowest degree and remove its neighbors."""
    degrees = np.diff(graph.indptr).astype(np.int64)
    cover, done = np.zeros(len(degrees), dtype=bool), np.zeros(len(degrees), dtype=bool)
    heap = [(int(degree), node) for node, degree in enumerate(degrees)]
    heapq.heapify(heap)

    def neighbors(node: int) -> Integers:
        found = graph.indices[graph.indptr[node] : graph.indptr[node + 1]]
        return found[~done[found]]

    while heap:
        degree, node = heapq.heappop(heap)
        if done[node] or degree != degrees[node]:
            continue
        done[node] = True
        removed = neighbors(node)
        done[removed], cover[removed] = True, True
        for other in removed:
            for changed in neighbors(other):
                degrees[changed] -= 1
                heapq.heappush(heap, (int(degrees[changed]), int(changed)))
    return cover
