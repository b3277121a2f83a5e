"""Dasgupta's cost of hierarchical clusterings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import pdist, squareform

from skseed.metrics import dasgupta_cost


def plain_cost(tree: np.ndarray, similarity: np.ndarray) -> float:
    """Return the cost by its definition: walk up from both leaves to their lowest common node."""
    n = len(tree) + 1
    parents = {int(child): n + row for row, merge in enumerate(tree) for child in merge[:2]}
    cost = 0.0
    for i in range(n):
        above = [i]
        while above[-1] in parents:
            above.append(parents[above[-1]])
        for j in range(i):
            node = j
            while node not in above:
                node = parents[node]
            cost += similarity[i, j] * tree[node - n, 3]
    return cost


def random_tree(n: int, method: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    similarity = squareform(generator.random(n * (n - 1) // 2))
    return linkage(generator.random((n, 3)), method), similarity


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(2, 24),
    method=st.sampled_from(["single", "average", "complete"]),
    seed=st.integers(0, 99),
)
def test_cost_equals_the_definition(n: int, method: str, seed: int) -> None:
    tree, similarity = random_tree(n, method, seed)
    expected = pytest.approx(plain_cost(tree, similarity))
    assert dasgupta_cost(tree, similarity) == expected
    assert dasgupta_cost(tree, squareform(similarity)) == expected
    assert dasgupta_cost(tree, sparse.csr_array(similarity)) == expected


def test_pairs_that_are_not_stored_cost_nothing() -> None:
    tree, similarity = random_tree(15, "average", 0)
    similarity[similarity < 0.5] = 0
    assert dasgupta_cost(tree, sparse.csr_array(similarity)) == pytest.approx(plain_cost(tree, similarity))


def test_all_trees_cost_the_same_if_all_pairs_are_equally_similar() -> None:
    for method in ("single", "average"):
        tree, _ = random_tree(20, method, 3)
        assert dasgupta_cost(tree, np.ones((20, 20))) == pytest.approx((20**3 - 20) / 3)


def test_tree_that_joins_similar_points_first_costs_less() -> None:
    points = np.random.default_rng(0).normal(size=(60, 2)) + np.repeat([[0, 0], [9, 0], [0, 9]], 20, axis=0)
    distances = pdist(points)
    good, bad = linkage(distances, "average"), linkage(distances.max() - distances, "average")
    similarity = distances.max() - distances
    assert dasgupta_cost(good, similarity) < 0.9 * dasgupta_cost(bad, similarity)
    # distances order the trees the other way round
    assert dasgupta_cost(good, distances) > dasgupta_cost(bad, distances)


def test_cost_of_cophenetic_similarity_is_lowest_for_its_own_tree() -> None:
    tree, _ = random_tree(12, "average", 1)
    similarity = 2 - cophenet(tree)
    others = [random_tree(12, "average", seed)[0] for seed in range(2, 8)]
    assert all(dasgupta_cost(tree, similarity) <= dasgupta_cost(other, similarity) for other in others)


@pytest.mark.parametrize(
    ("shape", "match"), [((4, 4), "linkage_matrix has 3 sequences"), ((2,), r"a vector of 3 pairs")]
)
def test_wrong_shapes_raise(shape: tuple[int, ...], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        dasgupta_cost([[0, 1, 1, 2], [2, 3, 2, 3]], np.ones(shape))


def test_invalid_trees_and_values_raise() -> None:
    with pytest.raises(ValueError, match="linkage_matrix"):
        dasgupta_cost([[0, 1, 1, 2], [1, 3, 2, 3]], np.ones((3, 3)))
    with pytest.raises(ValueError, match="NaN or an infinite value"):
        dasgupta_cost([[0, 1, 1, 2], [2, 3, 2, 3]], np.full(3, np.nan))
