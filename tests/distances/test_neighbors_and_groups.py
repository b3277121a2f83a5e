"""Neighbors and groups of linear sequences: exactness, and the choice of filters."""

import logging

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from skseed.distances import (
    _close_pairs,
    _kmer_filter,
    _qgram_filter,
    _seed_filter,
    _seed_search,
    _verify,
    levenshtein_distances,
    levenshtein_groups,
    levenshtein_neighbors,
)
from tests.reference import (
    connected_components,
    cutoff,
    distance_matrix,
    mutate,
    random_sequence,
    random_sequences,
)

collections = st.lists(st.text("AC", max_size=12), min_size=1, max_size=12)
cutoffs = st.one_of(st.integers(0, 13), st.floats(0.01, 0.99))


def limits_of(X, max_distance):
    return distance_matrix(X, X, lambda a, b: cutoff(a, b, max_distance))


def families(seed, n_families=12, size=8, length=300, n_edits=20):
    rng = np.random.default_rng(seed)
    founders = random_sequences(rng, n_families, length)
    return [mutate(rng, founder, rng.integers(n_edits)) for founder in founders for _ in range(size)]


# the filters are chosen for work of seconds; these constants make them work on small data
def use_qgrams(monkeypatch):
    monkeypatch.setattr(_qgram_filter, "_SECONDS_WORTH_FILTER", 0)
    monkeypatch.setattr(_qgram_filter, "_SAMPLE", 10)


def use_kmers(monkeypatch):
    monkeypatch.setattr(_qgram_filter, "_SECONDS_WORTH_FILTER", np.inf)
    for constant in ("_SECONDS_WORTH_FILTER", "_SECONDS_PER_PAIR", "_SECONDS_PER_KMER"):
        monkeypatch.setattr(_kmer_filter, constant, -1)


def use_seeds(monkeypatch):
    monkeypatch.setattr(_qgram_filter, "_SECONDS_WORTH_FILTER", np.inf)
    monkeypatch.setattr(_close_pairs, "_SECONDS_WORTH_SEEDS", -1)
    for prefix in ("", "NATIVE_"):
        monkeypatch.setattr(_close_pairs, f"{prefix}SECONDS_PER_SYMBOL", 0)
        monkeypatch.setattr(_close_pairs, f"{prefix}SECONDS_PER_HIT", 1e-30)
    monkeypatch.setattr(_seed_filter, "_NARROWEST", 1)
    monkeypatch.setattr(_seed_filter, "_FIRST_HITS", 50)
    monkeypatch.setattr(_seed_search, "_FIRST_HITS", 50)
    monkeypatch.setattr(_seed_search, "_MOST_HITS", 1000)
    monkeypatch.setattr(_seed_filter, "_MOST_HITS", 1000)
    monkeypatch.setattr(_seed_filter, "_CHUNK_SYMBOLS", 500)
    monkeypatch.setattr(_seed_filter, "_SAMPLE", 20)


@settings(max_examples=150, deadline=None)
@given(X=collections, max_distance=cutoffs)
def test_neighbors_are_all_pairs_within_the_cutoff(X, max_distance):
    distances = distance_matrix(X, X)
    expected = distances <= limits_of(X, max_distance)
    np.fill_diagonal(expected, False)
    graph = levenshtein_neighbors(X, max_distance)
    rows = np.repeat(np.arange(len(X)), np.diff(graph.indptr))
    found = np.zeros_like(expected)
    found[rows, graph.indices] = True
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(graph.data, distances[rows, graph.indices])
    assert graph.nnz == expected.sum()
    graph.check_format(full_check=True)


@settings(max_examples=100, deadline=None)
@given(X=collections, max_distance=cutoffs, labeled=st.booleans())
def test_groups_are_components(X, max_distance, labeled):
    y = [len(x) % 2 for x in X] if labeled else None
    joined = distance_matrix(X, X) <= limits_of(X, max_distance)
    if labeled:
        joined &= np.equal.outer(y, y)
    np.testing.assert_array_equal(levenshtein_groups(X, max_distance, y=y), connected_components(joined))


@pytest.mark.parametrize("use_filter", [use_qgrams, use_kmers, use_seeds])
@pytest.mark.parametrize("letters", ["AC", "ACGTN", "ACDEFGHIKLMNPQRSTVWY", "ACGTñ€"])
@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))]
)
def test_filters_lose_no_pair(seed, letters, use_filter, monkeypatch):
    use_filter(monkeypatch)
    rng = np.random.default_rng(seed)
    X = [""]
    for length in rng.integers(1, 400, size=8):
        founder = random_sequence(rng, length, letters)
        X += [mutate(rng, founder, rng.integers(1 + length // 4)) for _ in range(5)]
    distances = levenshtein_distances(X)
    for max_distance in (0, 5, 40, 0.03, 0.1, 0.25):
        expected = distances <= limits_of(X, max_distance)
        np.fill_diagonal(expected, False)
        graph = levenshtein_neighbors(X, max_distance)
        rows = np.repeat(np.arange(len(X)), np.diff(graph.indptr))
        np.testing.assert_array_equal(np.argwhere(expected), np.column_stack([rows, graph.indices]))
        np.testing.assert_array_equal(graph.data, distances[rows, graph.indices])
        np.testing.assert_array_equal(levenshtein_groups(X, max_distance), connected_components(expected))


@pytest.mark.parametrize("use_filter", [use_qgrams, use_kmers, use_seeds])
def test_filters_lose_no_pair_of_a_large_alphabet(use_filter, monkeypatch):
    use_filter(monkeypatch)
    rng = np.random.default_rng(0)
    letters = "".join(chr(0x4E00 + i) for i in range(900))
    X = [mutate(rng, founder, rng.integers(30), letters) for founder in random_sequences(rng, 4, 200, letters)
         for _ in range(6)]  # fmt: skip
    distances = levenshtein_distances(X)
    for max_distance in (5, 0.1):
        expected = distances <= limits_of(X, max_distance)
        np.fill_diagonal(expected, False)
        graph = levenshtein_neighbors(X, max_distance)
        rows = np.repeat(np.arange(len(X)), np.diff(graph.indptr))
        np.testing.assert_array_equal(np.argwhere(expected), np.column_stack([rows, graph.indices]))


def test_seeds_are_used_if_they_are_cheaper(caplog, monkeypatch):
    monkeypatch.setattr(_qgram_filter, "_SECONDS_WORTH_FILTER", 0)
    monkeypatch.setattr(_close_pairs, "_SECONDS_WORTH_SEEDS", 0)
    # q-grams would be cheaper for so few sequences
    for prefix in ("", "NATIVE_"):
        monkeypatch.setattr(_close_pairs, f"{prefix}SECONDS_PER_SYMBOL", 0)
        monkeypatch.setattr(_close_pairs, f"{prefix}SECONDS_PER_HIT", 1e-12)
    X = families(2, n_families=300)
    with caplog.at_level(logging.INFO, logger="skseed"):
        groups, pairs = levenshtein_groups(X, 0.04), levenshtein_neighbors(X, 0.04)
    assert "seeds propose" in caplog.text
    monkeypatch.setattr(_close_pairs, "_SECONDS_WORTH_SEEDS", np.inf)
    np.testing.assert_array_equal(groups, levenshtein_groups(X, 0.04))
    assert (pairs != levenshtein_neighbors(X, 0.04)).nnz == 0


def test_qgrams_are_used_if_they_are_cheaper(caplog, monkeypatch):
    monkeypatch.setattr(_qgram_filter, "_SECONDS_WORTH_FILTER", 0)
    X = families(2, n_families=60)
    with caplog.at_level(logging.INFO, logger="skseed"):
        levenshtein_groups(X, 0.05)
        levenshtein_groups(X, 0.6)
    first, second = (record.getMessage() for record in caplog.records)
    assert "q-grams of" in first
    assert "all are compared" in second


def test_displaced_kmers_are_used_for_long_sequences(caplog, monkeypatch):
    # work of seconds would use them
    monkeypatch.setattr(_kmer_filter, "_SECONDS_WORTH_FILTER", 0.5)
    rng = np.random.default_rng(0)
    backbone = random_sequence(rng, 3000)
    founders = [random_sequence(rng, 4000 - shift) + backbone + random_sequence(rng, shift)
                for shift in range(0, 4000, 40)]  # fmt: skip
    X = [mutate(rng, founder, rng.integers(1, 290)) for founder in founders for _ in range(2)]
    with caplog.at_level(logging.INFO, logger="skseed"):
        groups = levenshtein_groups(X, 0.1)
    assert "displaced k-mers of" in caplog.text
    np.testing.assert_array_equal(groups, np.repeat(np.arange(100), 2))


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_n_jobs_does_not_change_neighbors_and_groups(n_jobs):
    X = families(0, n_families=60)
    one, many = levenshtein_neighbors(X, 0.05), levenshtein_neighbors(X, 0.05, n_jobs=n_jobs)
    assert (one != many).nnz == 0
    assert one.nnz == many.nnz > 0
    np.testing.assert_array_equal(levenshtein_groups(X, 0.05, n_jobs=n_jobs), levenshtein_groups(X, 0.05))


def test_copies_are_neighbors_at_a_stored_zero():
    graph = levenshtein_neighbors(["ACGT", "TTTT", "ACGT", "ACGT"], 0)
    np.testing.assert_array_equal(np.diff(graph.indptr), [2, 0, 2, 2])
    np.testing.assert_array_equal(graph.data, np.zeros(6))


def test_single_and_empty_sequences():
    assert levenshtein_neighbors(["ACGT"], 3).shape == (1, 1)
    np.testing.assert_array_equal(levenshtein_groups(["", "A", "CCC"], 1), [0, 0, 1])
    np.testing.assert_array_equal(levenshtein_groups([""], 0.5), [0])


def test_leader_groups_follow_the_greedy_rule():
    X = ["AAAAAA", "AAAAAT", "AAAATT", "AAATTT", "GGGGGG", "AAAAAA"]
    np.testing.assert_array_equal(levenshtein_groups(X, 1, linkage="leader"), [0, 0, 1, 1, 2, 0])
    np.testing.assert_array_equal(levenshtein_groups(X, 1), [0, 0, 0, 0, 1, 0])


@settings(max_examples=60, deadline=None)
@given(X=st.lists(st.text("AC", max_size=8), min_size=1, max_size=12), max_distance=st.integers(0, 5))
def test_leader_groups_against_the_plain_rule(X, max_distance):
    groups = [-1] * len(X)
    for leader, sequence in enumerate(X):
        if groups[leader] < 0:
            for member, other in enumerate(X):
                if groups[member] < 0 and Levenshtein.distance(sequence, other) <= max_distance:
                    groups[member] = leader
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    expected = [numbers[group] for group in groups]
    np.testing.assert_array_equal(levenshtein_groups(X, max_distance, linkage="leader"), expected)


@pytest.fixture
def native_code(monkeypatch):
    """Use native code for any work; a process uses it only after some work without it."""
    monkeypatch.setattr(_verify, "_SECONDS_WORTH_NATIVE", -1)
    monkeypatch.setattr(_verify, "_FEW_SECONDS", -1)


def assert_exact(X, max_distance):
    distances = distance_matrix(X, X, Levenshtein.distance)
    expected = distances <= limits_of(X, max_distance)
    np.fill_diagonal(expected, False)
    graph = levenshtein_neighbors(X, max_distance)
    rows = np.repeat(np.arange(len(X)), np.diff(graph.indptr))
    np.testing.assert_array_equal(np.argwhere(expected), np.column_stack([rows, graph.indices]))
    np.testing.assert_array_equal(graph.data, distances[rows, graph.indices])
    np.testing.assert_array_equal(levenshtein_groups(X, max_distance), connected_components(expected))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(X=collections, max_distance=cutoffs)
def test_native_code_is_exact_for_short_sequences(X, max_distance, native_code):
    assert_exact(X, max_distance)


@pytest.mark.parametrize("use_filter", [None, use_qgrams, use_kmers, use_seeds])
@pytest.mark.parametrize("letters", ["AC", "ACGTN", "ACDEFGHIKLMNPQRSTVWY", "ACGTñ€"])
def test_native_code_loses_no_pair(letters, use_filter, monkeypatch, native_code):
    if use_filter is not None:
        use_filter(monkeypatch)
    rng = np.random.default_rng(len(letters))
    X = [""]
    for length in (15, 16, 31, 33, 63, 64, 65, 128, 400):
        founder = random_sequence(rng, length, letters)
        X += [mutate(rng, founder, rng.integers(1 + length // 4)) for _ in range(5)]
    # cut-offs around the widths of the machine words, and with more than one word
    for max_distance in (0, 5, 15, 16, 31, 32, 63, 64, 130, 0.03, 0.25):
        assert_exact(X, max_distance)


def test_native_code_gives_the_groups_of_numpy(monkeypatch, native_code):
    X = families(4, n_families=60)
    options = [(0.04, 1), (0.04, 2), (25, 1), (3, 2)]
    native = [(levenshtein_groups(X, d, n_jobs=n), levenshtein_neighbors(X, d, n_jobs=n)) for d, n in options]
    monkeypatch.setattr(_verify, "_SECONDS_WORTH_NATIVE", np.inf)
    for (groups, graph), (max_distance, _) in zip(native, options, strict=True):
        np.testing.assert_array_equal(groups, levenshtein_groups(X, max_distance))
        assert (graph != levenshtein_neighbors(X, max_distance)).nnz == 0
