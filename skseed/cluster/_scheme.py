"""Linkage of many sequences: estimates between clusters, exact distances inside small ones."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans

from skseed._progress import track
from skseed.cluster._chain import Linkage, link_matrix, relabel
from skseed.cluster._points import Points
from skseed.cluster._tree import children_of, subtrees

# the most members of a subtree that is linked again by exact distances
MOST_EXACT = 50
# the most points whose distances form one matrix, of 0.4 GB
_MOST_POINTS = 10_000
_N_GROUPS = 4096

Matrix = npt.NDArray[np.float64]
Counts = npt.NDArray[np.integer]
Exact = Callable[[npt.NDArray[np.intp]], npt.NDArray[np.signedinteger]]


def link_points(points: Points, counts: Counts, linkage: Linkage, exact: Exact | None) -> Matrix:
    """Return the linkage matrix of points.

    Parameters
    ----------
    points : Points
        One point for each distinct sequence.
    counts : ndarray of shape (n,), dtype int
        The number of copies of each sequence.
    linkage : {"average", "complete", "single", "ward"}
        The distance of two clusters.
    exact : callable, default=None
        Returns the exact distances among the sequences at given indices. If given, subtrees of at most
        `MOST_EXACT` sequences are linked again.

    Returns
    -------
    linkage_matrix : ndarray of shape (n - 1, 4)
        SciPy's form.
    """
    return _link(points, np.arange(len(points)), counts, linkage, exact)


def _link(
    points: Points, indices: npt.NDArray[np.intp], counts: Counts, linkage: Linkage, exact: Exact | None
) -> Matrix:
    if len(points) <= _MOST_POINTS:
        tree = _link_estimates(points, counts, linkage)
        if exact is None or linkage == "ward":
            return tree
        return _link_subtrees_again(tree, indices, counts, linkage, exact)
    groups = _groups(points)
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    inner = [
        _link(points.take(group), indices[group], counts[group], linkage, exact)
        if len(group) > 1
        else np.empty((0, 4))
        for group in _tracked(members)
    ]
    sizes = np.bincount(groups, weights=counts).astype(np.int64)
    outer = _link_estimates(points.means(groups, counts), sizes, linkage)
    return _nest(outer, inner, members, counts)


def _tracked(groups: list[npt.NDArray[np.intp]]) -> Iterable[npt.NDArray[np.intp]]:
    """Return the groups, whose progress is printed if a report is open."""
    sizes = [len(group) for group in groups]
    return track(groups, sum(sizes), "sequences", sizes=sizes)


def _groups(points: Points) -> npt.NDArray[np.intp]:
    """Return a number for the k-means cluster of each point, without empty clusters."""
    columns = np.column_stack([points.vectors, points.excess])
    # a few iterations suffice, because the groups are linked afterwards
    model = KMeans(_N_GROUPS, init="random", n_init=1, max_iter=3, random_state=0)
    return np.unique(model.fit_predict(columns), return_inverse=True)[1]


def _link_estimates(points: Points, counts: Counts, linkage: Linkage) -> Matrix:
    distances = points.distances()
    if linkage != "ward":
        return link_matrix(distances, linkage, sizes=counts)
    distances **= 2
    weights = counts.astype(np.float32)
    distances *= 2 * weights / (weights + weights[:, None]) * weights[:, None]
    tree = link_matrix(distances, "ward", sizes=counts)
    tree[:, 2] = np.sqrt(tree[:, 2])
    return tree


def _link_subtrees_again(
    tree: Matrix, indices: npt.NDArray[np.intp], counts: Counts, linkage: Linkage, exact: Exact
) -> Matrix:
    """Return a tree whose subtrees of at most `MOST_EXACT` leaves come from exact distances."""
    n = len(indices)
    roots = subtrees(tree, MOST_EXACT)
    groups = np.unique(roots[:n], return_inverse=True)[1]
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    inner = []
    for group in _tracked(members):
        if len(group) == 1:
            inner.append(np.empty((0, 4)))
            continue
        distances = exact(indices[group]).astype(np.float32)
        inner.append(link_matrix(distances, linkage, sizes=counts[group]))
    # the rows above the subtrees, whose lowest nodes are the groups
    number = np.full(2 * n - 1, -1)
    number[roots[:n]] = groups
    above = np.flatnonzero(roots[n:] < 0)
    number[n + above] = len(members) + np.arange(len(above))
    outer = tree[above].copy()
    outer[:, :2] = number[children_of(outer)]
    return _nest(outer, inner, members, counts)


def _nest(outer: Matrix, inner: list[Matrix], members: list[npt.NDArray[np.intp]], counts: Counts) -> Matrix:
    """Return the tree whose leaves are replaced by trees.

    No node is lower than its children: where an estimate above a subtree is less than its exact height, the
    exact height is used.
    """
    merges = []
    tops, heights = [], []
    for tree, group in zip(inner, members, strict=True):
        nodes = group.tolist()
        for (one, other), height in zip(children_of(tree).tolist(), tree[:, 2].tolist(), strict=True):
            merges.append((nodes[one], nodes[other], height))
            nodes.append(nodes[one])
        tops.append(nodes[-1])
        heights.append(float(tree[-1, 2]) if len(tree) else 0.0)
    for (one, other), height in zip(children_of(outer).tolist(), outer[:, 2].tolist(), strict=True):
        heights.append(max(height, heights[one], heights[other]))
        merges.append((tops[one], tops[other], heights[-1]))
        tops.append(tops[one])
    return relabel(np.array(merges, dtype=np.float64).reshape(-1, 3), len(counts), counts)
