"""LevenshteinIndex, and levenshtein_neighbors of two collections, equal brute force, ties included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseed.alphabets import DNA
from skseed.distances import LevenshteinIndex, _qgram_bounds, levenshtein_distances, levenshtein_neighbors
from tests.reference import (
    circular_edit_distance,
    cutoff,
    distance_matrix,
    edit_distance,
    mutate,
    random_sequence,
    random_sequences,
    reverse_complement,
)

collections = st.lists(st.text("AC", max_size=10), min_size=1, max_size=10)
cutoffs = st.one_of(st.integers(0, 11), st.floats(0.01, 0.99))


def families(rng, letters="ACGT", n_families=5, size=4, longest=60):
    founders = [random_sequence(rng, length, letters) for length in rng.integers(0, longest, size=n_families)]
    return [mutate(rng, x, rng.integers(1 + len(x) // 4), letters) for x in founders for _ in range(size)]


def assert_nearest(found, distances, k):
    """Assert that the neighbors are the first k columns by distance and index."""
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    edits, indices = found
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_array_equal(edits, np.take_along_axis(distances, order, axis=1))


def assert_within(graph, X, Y, distances, max_distance):
    limits = distance_matrix(X, Y, lambda a, b: cutoff(a, b, max_distance))
    rows = np.repeat(np.arange(len(X)), np.diff(graph.indptr))
    np.testing.assert_array_equal(np.column_stack([rows, graph.indices]), np.argwhere(distances <= limits))
    np.testing.assert_array_equal(graph.data, distances[distances <= limits])
    graph.check_format(full_check=True)


@settings(max_examples=80, deadline=None)
@given(X=collections, Y=collections, data=st.data())
def test_nearest_equal_brute_force_with_ties_by_index(X, Y, data):
    k = data.draw(st.integers(1, len(Y)))
    assert_nearest(LevenshteinIndex(Y).kneighbors(X, k), distance_matrix(X, Y), k)


@settings(max_examples=60, deadline=None)
@given(X=collections, data=st.data())
def test_nearest_of_indexed_sequences_exclude_the_sequence_itself(X, data):
    X = [*X, "AC"]
    k = data.draw(st.integers(1, len(X) - 1))
    distances = distance_matrix(X).astype(float)
    np.fill_diagonal(distances, np.inf)
    assert_nearest(LevenshteinIndex(X).kneighbors(n_neighbors=k), distances, k)


@settings(max_examples=80, deadline=None)
@given(X=collections, Y=collections, max_distance=cutoffs)
def test_pairs_of_two_collections_equal_brute_force(X, Y, max_distance):
    graph = levenshtein_neighbors(X, max_distance, Y)
    assert graph.shape == (len(X), len(Y))
    assert_within(graph, X, Y, distance_matrix(X, Y), max_distance)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("letters", ["AC", "ACGTN", "ACDEFGHIKLMNPQRSTVWY", "ACGTñ€"])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_bounds_lose_no_neighbor(seed, letters, compiled, monkeypatch):
    monkeypatch.setattr(_qgram_bounds, "_WORDS_WORTH_COMPILING", -1 if compiled else np.inf)
    monkeypatch.setattr("skseed.distances._nearest._WORTH_COMPILING", 0 if compiled else np.inf)
    monkeypatch.setattr("skseed.distances._nearest._WORTH_NATIVE", 0)
    # several batches of candidates, and a threshold from a sample
    monkeypatch.setattr("skseed.distances._nearest._FIRST_BATCH", 4)
    monkeypatch.setattr("skseed.distances._nearest._ESTIMATED", 4)
    monkeypatch.setattr("skseed.distances._nearest._SAMPLED", 10)
    rng = np.random.default_rng(seed)
    Y = families(rng, letters, n_families=12, size=6, longest=200)
    X = [mutate(rng, y, rng.integers(20), letters) for y in Y[::5]]
    index = LevenshteinIndex(Y)
    distances = levenshtein_distances(X, Y)
    for k in (1, 3, 20):
        assert_nearest(index.kneighbors(X, k), distances, k)
    for max_distance in (0, 8, 60, 0.05, 0.3):
        assert_within(index.radius_neighbors(X, max_distance), X, Y, distances, max_distance)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_nearest_on_both_strands_equal_brute_force(seed, compiled, monkeypatch):
    monkeypatch.setattr("skseed.distances._nearest._WORTH_COMPILING", 0 if compiled else np.inf)
    monkeypatch.setattr("skseed.distances._nearest._WORTH_NATIVE", 0)
    rng = np.random.default_rng(seed)
    Y = families(rng)
    X = [reverse_complement(mutate(rng, y, 2)) if i % 2 else y for i, y in enumerate(Y[::2])]
    distances = distance_matrix(
        X, Y, lambda a, b: min(edit_distance(a, b), edit_distance(reverse_complement(a), b))
    )
    assert_nearest(LevenshteinIndex(Y, both_strands=True).kneighbors(X, 4), distances, 4)
    assert_within(levenshtein_neighbors(X, 9, Y, both_strands=True), X, Y, distances, 9)


@pytest.mark.parametrize("both_strands", [True, False])
def test_nearest_of_short_circular_sequences_equal_brute_force(both_strands):
    rng = np.random.default_rng(1)
    Y = families(rng, longest=30)
    X = [y[len(y) // 3 :] + y[: len(y) // 3] for y in Y[::3]]
    distances = distance_matrix(X, Y, lambda a, b: circular_edit_distance(a, b, both_strands=both_strands))
    index = LevenshteinIndex(Y, topology="circular", both_strands=both_strands)
    assert_nearest(index.kneighbors(X, 3), distances, 3)
    assert_within(index.radius_neighbors(X, 5), X, Y, distances, 5)
    full = distance_matrix(Y, Y, lambda a, b: circular_edit_distance(a, b, both_strands=both_strands))
    np.fill_diagonal(full, 99)
    assert_nearest(index.kneighbors(n_neighbors=2), full, 2)


def test_nearest_of_long_circular_sequences_are_exact_up_to_a_seventeenth():
    rng = np.random.default_rng(0)
    founders = random_sequences(rng, 3, 700)
    Y = [mutate(rng, founder, n) for founder in founders for n in (5, 10, 20)]
    X = [x[300:] + x[:300] for x in founders]
    edits, indices = LevenshteinIndex(Y, topology="circular").kneighbors(X, 3)
    for row, x in enumerate(X):
        expected = [circular_edit_distance(Y[i], x) for i in range(3 * row, 3 * row + 3)]
        np.testing.assert_array_equal(edits[row], np.sort(expected))
        np.testing.assert_array_equal(indices[row], 3 * row + np.argsort(expected, kind="stable"))
    # a distance beyond is an upper bound
    edits, indices = LevenshteinIndex(Y, topology="circular").kneighbors(X, 9)
    np.testing.assert_array_equal(np.sort(indices), np.tile(np.arange(9), (3, 1)))
    assert (edits[:, 3:] > 700 // 17).all()


def test_candidates_limit_the_search_but_not_the_truth_of_distances():
    rng = np.random.default_rng(0)
    Y = families(rng, n_families=20, size=10, longest=80)
    X = [mutate(rng, y, 10) for y in Y[::7]]
    distances = levenshtein_distances(X, Y)
    index = LevenshteinIndex(Y)
    edits, indices = index.kneighbors(X, 3, n_candidates=5)
    np.testing.assert_array_equal(edits, np.take_along_axis(distances, indices, axis=1))
    assert (np.diff(edits, axis=1) >= 0).all()
    assert (edits >= np.sort(distances, axis=1)[:, :3]).all()
    assert_nearest(index.kneighbors(X, 3, n_candidates=len(Y)), distances, 3)


def test_given_candidates_are_ranked_by_distance():
    rng = np.random.default_rng(0)
    Y = [*families(rng), "ACGT", "ACGT"]
    X = Y[3:9]
    candidates = np.array([rng.permutation(len(Y))[:12] for _ in X])
    distances = levenshtein_distances(X, Y).astype(float)
    allowed = np.full_like(distances, np.inf)
    np.put_along_axis(allowed, candidates, np.take_along_axis(distances, candidates, axis=1), axis=1)
    assert_nearest(LevenshteinIndex(Y).nearest_of(X, candidates, 4), allowed, 4)


def test_n_jobs_does_not_change_the_result():
    rng = np.random.default_rng(0)
    Y = families(rng, n_families=20, size=6)
    index = LevenshteinIndex(Y)
    one, two = (index.kneighbors(n_neighbors=4, n_jobs=n_jobs) for n_jobs in (1, 2))
    np.testing.assert_array_equal(one, two)
    graphs = [levenshtein_neighbors(Y, 5, Y[:30], n_jobs=n_jobs) for n_jobs in (1, 2)]
    np.testing.assert_array_equal(graphs[0].toarray(), graphs[1].toarray())


# equality of characters -----------------------------------------------------------------------------


def test_characters_that_occur_only_in_queries_equal_no_other():
    index = LevenshteinIndex(["GATTACA", "GATT"])
    edits, _ = index.kneighbors(["gauuaca", "GATTXCA", "GAXXñCA", "XXXX"], 1)
    np.testing.assert_array_equal(edits[:, 0], [0, 1, 3, 4])
    assert LevenshteinIndex(["GAXT"]).kneighbors(["GAUX"], 1)[0] == 2
    assert LevenshteinIndex(["gatt"], alphabet=None).kneighbors(["gatT"], 1)[0] == 1
    with pytest.raises(ValueError, match=r"X\[1\]"):
        LevenshteinIndex(["GATT"], alphabet=DNA).kneighbors(["ACGT", "XXXX"], 1)


def test_both_strands_need_nucleotides_in_both_collections():
    with pytest.raises(ValueError, match=r"X\[0\] has 'E' at position 1"):
        LevenshteinIndex(["AEA"], both_strands=True)
    with pytest.raises(ValueError, match=r"X\[1\] has 'E' at position 0"):
        LevenshteinIndex(["ACA"], both_strands=True).kneighbors(["N", "E"], 1)
    with pytest.raises(ValueError, match=r"Y\[0\] has 'E' at position 2"):
        levenshtein_neighbors(["ACA"], 1, ["AAE"], both_strands=True)


def test_number_of_neighbors_is_checked():
    index = LevenshteinIndex(["AC", "GT", "AC"])
    with pytest.raises(
        ValueError,
        match="n_neighbors=4, but it must be between 1 and 3, the number of indexed sequences; lower",
    ):
        index.kneighbors(["A"], 4)
    with pytest.raises(ValueError, match=r"between 1 and 2, .* without the query itself"):
        index.kneighbors(n_neighbors=3)
