"""Trees in the form of a linkage matrix: subtrees, cuts, and Newick text."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

# the names that every reader accepts without quotes
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.|/-]+")


def children_of(linkage_matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Return the two children of each inner node, shape (n - 1, 2)."""
    return linkage_matrix[:, :2].astype(np.intp)


def subtrees(linkage_matrix: npt.NDArray[np.float64], most_leaves: int) -> npt.NDArray[np.intp]:
    """Return, for each node, the largest subtree with at most `most_leaves` leaves that contains it.

    A subtree is named by its root. A node with more leaves is in no subtree and has -1.
    """
    n = len(linkage_matrix) + 1
    n_leaves = np.ones(2 * n - 1, dtype=np.intp)
    children = children_of(linkage_matrix)
    for row, (one, other) in enumerate(children.tolist()):
        n_leaves[n + row] = n_leaves[one] + n_leaves[other]
    roots = np.where(n_leaves <= most_leaves, np.arange(2 * n - 1), -1)
    for row in range(n - 2, -1, -1):
        if roots[n + row] >= 0:
            roots[children[row]] = roots[n + row]
    return roots


def cut(linkage_matrix: npt.NDArray[np.float64], n_merges: int) -> npt.NDArray[np.int64]:
    """Return the cluster of each leaf after the first merges; clusters are numbered by their first leaf."""
    n = len(linkage_matrix) + 1
    children = children_of(linkage_matrix)[:n_merges]
    nodes = np.repeat(np.arange(n, n + n_merges), 2)
    edges = csr_array((np.ones(2 * n_merges, dtype=bool), (nodes, children.ravel())), shape=(2 * n - 1,) * 2)
    components = connected_components(edges, directed=False)[1][:n]
    return pd.factorize(components)[0].astype(np.int64, copy=False)


def merges_of_graph(graph: csr_array, height: float) -> npt.NDArray[np.float64]:
    """Return the single-linkage merges of a sparse graph of distances, as pairs of members with heights.

    Its connected components are joined at `height`.
    """
    n = graph.shape[0]
    # the search ignores stored zeros
    shifted = csr_array((graph.data + 1.0, graph.indices, graph.indptr), shape=graph.shape)
    tree = minimum_spanning_tree(shifted).tocoo()
    n_components, components = connected_components(tree, directed=False)
    first = np.unique(components, return_index=True)[1]
    rows = np.concatenate([tree.row, np.full(n_components - 1, first[0])])
    columns = np.concatenate([tree.col, first[1:]])
    heights = np.concatenate([tree.data - 1, np.full(n_components - 1, height)])
    order = np.argsort(heights, kind="stable")
    return np.column_stack([rows, columns, heights])[order].reshape(n - 1, 3)


def newick(linkage_matrix: npt.NDArray[np.float64], names: Sequence[str]) -> str:
    """Return Newick text, in which two leaves are as far apart as the height of their merge.

    All branches except the root have a length, and inner nodes have no name. Names with other characters than
    letters, digits and ``_.|/-`` are quoted.
    """
    n = len(names)
    heights = np.concatenate([np.zeros(n), linkage_matrix[:, 2]])
    children = children_of(linkage_matrix).tolist()
    labels = [name if _PLAIN_NAME.fullmatch(name) else "'" + name.replace("'", "''") + "'" for name in names]
    text: list[str] = []
    # a stack, because a tree can be deeper than Python's recursion limit
    stack: list[int | str] = [2 * n - 2]
    parents = np.full(2 * n - 1, -1)
    parents[children_of(linkage_matrix).ravel()] = np.repeat(np.arange(n, 2 * n - 1), 2)
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            text.append(node)
            continue
        parent = parents[node]
        length = "" if parent < 0 else f":{(heights[parent] - heights[node]) / 2:.6f}"
        if node < n:
            text.append(labels[node] + length)
            continue
        one, other = children[node - n]
        text.append("(")
        stack += [")" + length, other, ",", one]
    return "".join(text) + ";"
