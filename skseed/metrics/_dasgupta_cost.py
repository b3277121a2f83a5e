"""Dasgupta's cost of a hierarchical clustering."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.cluster.hierarchy import is_valid_linkage

from skseed._sklearn import validate_params

_BLOCK = 1 << 20


@validate_params(
    {"linkage_matrix": ["array-like"], "similarity": ["array-like", "sparse matrix"]},
    prefer_skip_nested_validation=True,
)
def dasgupta_cost(linkage_matrix: Any, similarity: Any) -> float:
    r"""Compute Dasgupta's cost of a hierarchical clustering.

    The cost [1]_ compares whole trees, without a choice of the number of clusters. It is low if similar
    sequences are joined near the tips. Use it to compare trees of the same sequences. Costs of different
    sequences, or of different definitions of similarity, are not comparable.

    Parameters
    ----------
    linkage_matrix : array-like of shape (n_sequences - 1, 4)
        The tree in the form of :func:`scipy.cluster.hierarchy.linkage`. The heights are not used.
    similarity : array-like or sparse matrix
        The similarity :math:`w_{ij}` of each pair: a symmetric matrix of shape (n_sequences, n_sequences), a
        condensed vector as :func:`scipy.spatial.distance.pdist` returns, or a symmetric sparse matrix, in
        which pairs that are not stored have a similarity of 0. The diagonal is ignored. For edit distances,
        use ``1 - distances / length`` with the length of the longest sequence.

    Returns
    -------
    cost : float
        The cost. Lower is better if `similarity` holds similarities; higher is better if it holds
        distances [2]_.

    Raises
    ------
    ValueError
        If `linkage_matrix` is not a linkage matrix, or `similarity` has another number of sequences or a
        value that is not finite.

    See Also
    --------
    skseed.cluster.SequenceLinkage : Computes linkage matrices of sequences.

    Notes
    -----
    With :math:`|T_{ij}|` as the number of sequences under the lowest node that contains :math:`i` and
    :math:`j`, the cost is

    .. math:: \sum_{i<j} w_{ij} \, |T_{ij}|.

    The sum of all :math:`|T_{ij}|` is :math:`(n^3 - n) / 3` for every binary tree. A random tree
    therefore has an expected cost of :math:`\bar w (n^3 - n) / 3` with the mean similarity :math:`\bar w`,
    and the costs of similarities :math:`c - d` and of distances :math:`d` order trees in opposite ways. The
    best cost is hard to compute [1]_; it lies between :math:`2 \sum w_{ij}` and the cost of a random tree.

    The computation takes time proportional to the number of pairs, plus n log n.

    References
    ----------
    .. [1] S. Dasgupta, "A cost function for similarity-based hierarchical clustering", STOC 2016,
       118-127. :doi:`10.1145/2897518.2897527`
    .. [2] V. Cohen-Addad, V. Kanade, F. Mallmann-Trenn, C. Mathieu, "Hierarchical clustering: objective
       functions and algorithms", Journal of the ACM 66(4), 26, 2019. :doi:`10.1145/3321386`

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.cluster.hierarchy import linkage
    >>> from scipy.spatial.distance import squareform
    >>> from skseed.distances import levenshtein_distances
    >>> from skseed.metrics import dasgupta_cost
    >>> genes = ["GATTACAGAT", "GATTACACAT", "CCGCGGCCGA", "CCGCGGCCTA"]
    >>> distances = squareform(levenshtein_distances(genes))
    >>> similarity = 1 - distances / 10
    >>> round(dasgupta_cost(linkage(distances, "average"), similarity), 2)
    5.6
    >>> chain = [[0, 2, 1, 2], [1, 4, 2, 3], [3, 5, 3, 4]]
    >>> round(dasgupta_cost(chain, similarity), 2)
    7.8
    """
    tree = np.asarray(linkage_matrix, dtype=np.float64)
    is_valid_linkage(tree, throw=True, name="linkage_matrix")
    n_sequences = len(tree) + 1
    order, sizes = _leaf_order(tree)
    if sparse.issparse(similarity):
        return _cost_of_stored_pairs(sparse.coo_array(similarity), order, sizes)
    weights = np.asarray(similarity)
    expected = {1: (n_sequences * (n_sequences - 1) // 2,), 2: (n_sequences, n_sequences)}
    _check_shape(weights.shape, expected.get(weights.ndim, ()), n_sequences)
    cost = 0.0
    for place, leaf in enumerate(order[:-1].tolist()):
        following = order[place + 1 :]
        if weights.ndim == 2:
            row = weights[leaf, following]
        else:
            first, second = np.minimum(leaf, following), np.maximum(leaf, following)
            row = weights[n_sequences * first - first * (first + 1) // 2 + second - first - 1]
        # the lowest common node of two leaves is the largest one that separates neighbors between them
        cost += float(np.maximum.accumulate(sizes[place:]) @ row.astype(np.float64, copy=False))
    _check_finite(cost)
    return cost


def _leaf_order(tree: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Return an order of the leaves in which every node is an interval, and the node sizes between them.

    ``sizes[i]`` is the number of leaves under the lowest node that contains leaf `i` and leaf `i + 1` of the
    order.
    """
    n_leaves = len(tree) + 1
    children, counts = tree[:, :2].astype(np.intp).tolist(), tree[:, 3].astype(np.intp).tolist()
    starts = [0] * (2 * n_leaves - 1)
    sizes = np.empty(n_leaves - 1)
    for node in range(n_leaves - 2, -1, -1):
        left, right = children[node]
        start = starts[n_leaves + node]
        n_left = counts[left - n_leaves] if left >= n_leaves else 1
        starts[left], starts[right] = start, start + n_left
        sizes[start + n_left - 1] = counts[node]
    order = np.empty(n_leaves, dtype=np.intp)
    order[starts[:n_leaves]] = np.arange(n_leaves)
    return order, sizes


def _cost_of_stored_pairs(
    similarity: sparse.coo_array, order: npt.NDArray[np.intp], sizes: npt.NDArray[np.float64]
) -> float:
    """Return the cost of the stored pairs of a symmetric matrix."""
    n_sequences = len(order)
    _check_shape(similarity.shape, (n_sequences, n_sequences), n_sequences)
    places = np.empty(n_sequences, dtype=np.intp)
    places[order] = np.arange(n_sequences)
    levels = _range_maxima(sizes)
    cost = 0.0
    for start in range(0, similarity.nnz, _BLOCK):
        block = slice(start, start + _BLOCK)
        one, other = places[similarity.row[block]], places[similarity.col[block]]
        # each pair is stored twice
        is_upper = one < other
        first, last = one[is_upper], other[is_upper] - 1
        level = np.frexp(last - first + 1)[1] - 1
        largest = np.maximum(levels[level, first], levels[level, last + 1 - (1 << level)])
        cost += float(largest @ similarity.data[block][is_upper].astype(np.float64, copy=False))
    _check_finite(cost)
    return cost


def _range_maxima(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a table whose entry ``[level, i]`` is the maximum of ``values[i : i + 2**level]``."""
    n_levels = max(1, len(values).bit_length())
    levels = np.empty((n_levels, len(values)))
    levels[0] = values
    for level in range(1, n_levels):
        half, width = 1 << (level - 1), 1 << level
        levels[level] = levels[level - 1]
        n_whole = len(values) - width + 1
        levels[level, :n_whole] = np.maximum(levels[level - 1, :n_whole], levels[level - 1, half:][:n_whole])
    return levels


def _check_shape(shape: tuple[int, ...], expected: tuple[int, ...], n_sequences: int) -> None:
    if shape != expected:
        raise ValueError(
            f"similarity has shape {shape}, but linkage_matrix has {n_sequences} sequences; pass a matrix of "
            f"shape ({n_sequences}, {n_sequences}) or a vector of {n_sequences * (n_sequences - 1) // 2} "
            "pairs."
        )


def _check_finite(cost: float) -> None:
    if not np.isfinite(cost):
        raise ValueError(
            "similarity holds a NaN or an infinite value; remove the sequence or fill in a value."
        )
