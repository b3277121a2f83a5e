"""Agglomerative linkage of a distance matrix by nearest-neighbor chains.

References
----------
Murtagh, F. "A survey of recent advances in hierarchical clustering algorithms", The Computer Journal 26,
354-359 (1983). doi:10.1093/comjnl/26.4.354
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from skseed._progress import track

Linkage = Literal["average", "complete", "single", "ward"]
Floats = npt.NDArray[np.floating]


def link_matrix(
    distances: Floats, linkage: Linkage, *, sizes: npt.NDArray[np.integer] | None = None
) -> npt.NDArray[np.float64]:
    """Return the linkage matrix of some points or groups, given their distances.

    Unlike :func:`scipy.cluster.hierarchy.linkage`, the function works in the memory and in the precision of
    its input, and it accepts groups that have several members already.

    Parameters
    ----------
    distances : ndarray of shape (n, n), dtype float32 or float64
        A symmetric matrix, which is overwritten. For "ward", it holds squared Euclidean distances; for
        groups, ``2 * n_a * n_b / (n_a + n_b)`` times the squared distance of their means.
    linkage : {"average", "complete", "single", "ward"}
        The distance of two clusters.
    sizes : ndarray of shape (n,), dtype int, default=None
        The number of members of each group; None means 1.

    Returns
    -------
    linkage_matrix : ndarray of shape (n - 1, 4), dtype float64
        SciPy's form, with ascending heights. The last column counts members.
    """
    n = len(distances)
    counts = np.ones(n) if sizes is None else sizes.astype(np.float64)
    heights = np.zeros(n)
    merges = np.empty((n - 1, 3))
    # the row of the matrix and the original number of each cluster that is left
    names = np.arange(n)
    blocked = np.zeros(n, dtype=distances.dtype)
    np.fill_diagonal(distances, np.inf)
    chain: list[int] = []
    n_left = n
    for step in track(range(n - 1), n - 1, "merges"):
        if n_left < len(names) // 2 and not chain:
            # a smaller matrix makes the remaining steps faster
            kept = np.flatnonzero(blocked == 0)
            distances = distances[np.ix_(kept, kept)]
            names, counts, heights, blocked = names[kept], counts[kept], heights[kept], blocked[kept]
        if not chain:
            chain.append(int(np.argmin(blocked)))
        while True:
            top = chain[-1]
            row = distances[top] + blocked
            nearest = int(np.argmin(row))
            if len(chain) > 1 and row[chain[-2]] <= row[nearest]:
                nearest = chain[-2]
                break
            chain.append(nearest)
        height = float(row[nearest])
        del chain[-2:]
        kept_row, dropped = min(top, nearest), max(top, nearest)
        # rounding must not put a cluster below its members
        heights[kept_row] = max(height, heights[kept_row], heights[dropped])
        merges[step] = names[kept_row], names[dropped], heights[kept_row]
        merged = _merged_row(distances, kept_row, dropped, counts, height, linkage)
        merged[kept_row] = np.inf
        distances[kept_row] = merged
        distances[:, kept_row] = merged
        blocked[dropped] = np.inf
        counts[kept_row] += counts[dropped]
        n_left -= 1
    return relabel(merges, n, sizes)


def _merged_row(
    distances: Floats, one: int, other: int, counts: Floats, height: float, linkage: Linkage
) -> Floats:
    """Return the distances from the union of two clusters to all clusters (Lance and Williams)."""
    if linkage == "single":
        return np.minimum(distances[one], distances[other])
    if linkage == "complete":
        return np.maximum(distances[one], distances[other])
    n_one, n_other = counts[one], counts[other]
    if linkage == "average":
        share = n_one / (n_one + n_other)
        return distances[one] * share + distances[other] * (1 - share)
    merged = distances[one] * (n_one + counts) + distances[other] * (n_other + counts) - height * counts
    return merged / (n_one + n_other + counts)


def relabel(
    merges: npt.NDArray[np.float64], n: int, sizes: npt.NDArray[np.integer] | None = None
) -> npt.NDArray[np.float64]:
    """Return SciPy's form of merges that name any member of the two clusters.

    `merges` has the shape (n - 1, 3) and the columns member, member and height. A cluster follows its members
    and is not lower. `sizes` counts the copies of each member.
    """
    order = np.argsort(merges[:, 2], kind="stable")
    linkage_matrix = np.empty((n - 1, 4))
    parents = list(range(2 * n - 1))
    counts = [1] * n if sizes is None else sizes.tolist()

    def root(node: int) -> int:
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    members = merges[order, :2].astype(np.intp).tolist()
    for row, (one, other) in enumerate(members):
        one, other = root(one), root(other)
        parents[one] = parents[other] = n + row
        counts.append(counts[one] + counts[other])
        linkage_matrix[row] = min(one, other), max(one, other), merges[order[row], 2], counts[-1]
    return linkage_matrix
