"""Exactness of matrix, neighbours and groups against a plain dynamic programme."""

import logging
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from skseed import _limits
from skseed._sequences import as_sequences
from skseed.distances import (
    _exact,
    _pairs,
    _pieces,
    _qgrams,
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


def reference_limits(X, Y, max_distance):
    return distance_matrix(X, Y, lambda a, b: cutoff(a, b, max_distance))


@settings(max_examples=60, deadline=None)
@given(X=collections, Y=st.one_of(st.none(), collections))
def test_matrix_is_the_textbook_distance(X, Y):
    np.testing.assert_array_equal(levenshtein_distances(X, Y), distance_matrix(X, X if Y is None else Y))


@settings(max_examples=60, deadline=None)
@given(X=collections, Y=st.one_of(st.none(), collections))
def test_lanes_compute_the_textbook_distance(X, Y):
    left = [sequence.encode() for sequence in X]
    right = left if Y is None else [sequence.encode() for sequence in Y]
    distances = _exact.exact_distances(left, right, lanes=True)
    np.testing.assert_array_equal(distances, distance_matrix(X, X if Y is None else Y))


@pytest.mark.parametrize("n_letters", [1, 4, 20, 256])
def test_lanes_agree_with_rapidfuzz_across_words_of_the_matrix(n_letters):
    rng = np.random.default_rng(n_letters)
    lengths = [0, 1, 63, 64, 65, 127, 128, 129, 200, 700, 64, 1, 0, 1000, 320, 321, 319, 500]
    left = [rng.integers(n_letters, size=length, dtype=np.uint8).tobytes() for length in lengths]
    # relatives, so that runs of matches carry from word to word
    right = [sequence[3:] + sequence[: len(sequence) // 2] for sequence in left[:-3]]
    for others in (left, right):
        fast = _exact.exact_distances(left, others, lanes=True)
        np.testing.assert_array_equal(fast, _exact.exact_distances(left, others, lanes=False))


@pytest.mark.parametrize("Y", [None, ["ACGT", "CCGTTA"]])
def test_large_matrices_are_the_same_with_and_without_lanes(monkeypatch, Y):
    rng = np.random.default_rng(0)
    X = random_sequences(rng, 300, (0, 90))
    expected = levenshtein_distances(X, Y)
    for limit in ("_CELLS_WORTH_COMPILING", "_FEW_CELLS"):
        monkeypatch.setattr(_verify, limit, 0)
    np.testing.assert_array_equal(levenshtein_distances(X, Y, n_jobs=2), expected)
    # letters of more than a byte have no place in the lanes
    assert levenshtein_distances(["ACGT", "AÇGT", "漢字"]).tolist() == [[0, 1, 4], [1, 0, 4], [4, 4, 0]]


@settings(max_examples=60, deadline=None)
@given(X=collections, Y=st.one_of(st.none(), collections), max_distance=cutoffs)
def test_matrix_with_cutoff_holds_the_limit_plus_one(X, Y, max_distance):
    partners = X if Y is None else Y
    limits = reference_limits(X, partners, max_distance)
    expected = np.minimum(distance_matrix(X, partners), limits + 1)
    np.testing.assert_array_equal(levenshtein_distances(X, Y, max_distance=max_distance), expected)


@settings(max_examples=60, deadline=None)
@given(X=st.lists(st.text("ACGT", max_size=30), min_size=3, max_size=8))
def test_matrix_is_a_metric(X):
    d = levenshtein_distances(X)
    np.testing.assert_array_equal(d, d.T)
    assert all((d[i, j] == 0) == (X[i] == X[j]) for i in range(len(X)) for j in range(len(X)))
    assert (d[:, :, None] <= d[:, None, :] + d.T[None, :, :]).all()


@settings(max_examples=150, deadline=None)
@given(X=collections, max_distance=cutoffs)
def test_neighbors_are_all_pairs_within_the_cutoff(X, max_distance):
    distances = distance_matrix(X, X)
    expected = distances <= reference_limits(X, X, max_distance)
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
@given(X=collections, max_distance=cutoffs, labelled=st.booleans())
def test_groups_are_components(X, max_distance, labelled):
    y = [len(x) % 2 for x in X] if labelled else None
    joined = distance_matrix(X, X) <= reference_limits(X, X, max_distance)
    if labelled:
        joined &= np.equal.outer(y, y)
    np.testing.assert_array_equal(levenshtein_groups(X, max_distance, y=y), connected_components(joined))


def families(seed, n_families=12, size=8, length=300, n_edits=20):
    rng = np.random.default_rng(seed)
    founders = [random_sequence(rng, length) for _ in range(n_families)]
    return [mutate(rng, founder, rng.integers(n_edits)) for founder in founders for _ in range(size)]


@pytest.mark.parametrize("way", ["words", "pieces"])
@pytest.mark.parametrize("alphabet", ["AC", "ACGTN", "ACDEFGHIKLMNPQRSTVWY", "ACGTñ€"])
@pytest.mark.parametrize("seed", range(6))
def test_filters_miss_no_pair(seed, alphabet, way, monkeypatch):
    monkeypatch.setattr(_qgrams, "_WORTH_SECONDS", 0)
    monkeypatch.setattr(_qgrams, "_SAMPLE", 10)
    if way == "pieces":
        monkeypatch.setattr(_qgrams, "_WORTH_SECONDS", np.inf)
        monkeypatch.setattr(_pairs, "WORTH_CUTTING", -1)
        monkeypatch.setattr(_pairs, "SECONDS_PER_LETTER", 0)
        monkeypatch.setattr(_pairs, "SECONDS_PER_HIT", 1e-30)
        monkeypatch.setattr(_pieces, "_NARROWEST", 1)
        monkeypatch.setattr(_pieces, "_FIRST_HITS", 50)
        monkeypatch.setattr(_pieces, "_MOST_HITS", 1000)
        monkeypatch.setattr(_pieces, "_CHUNK_LETTERS", 500)
        monkeypatch.setattr(_pieces, "_SAMPLE", 20)
    rng = np.random.default_rng(seed)
    X = [""]
    for length in rng.integers(1, 400, size=8):
        founder = random_sequence(rng, length, alphabet)
        X += [mutate(rng, founder, rng.integers(1 + length // 4)) for _ in range(5)]
    distances = levenshtein_distances(X)
    for max_distance in (0, 5, 40, 0.03, 0.1, 0.25):
        expected = distances <= reference_limits(X, X, max_distance)
        np.fill_diagonal(expected, False)
        graph = levenshtein_neighbors(X, max_distance)
        rows = np.repeat(np.arange(len(X)), np.diff(graph.indptr))
        np.testing.assert_array_equal(np.argwhere(expected), np.column_stack([rows, graph.indices]))
        np.testing.assert_array_equal(graph.data, distances[rows, graph.indices])
        np.testing.assert_array_equal(levenshtein_groups(X, max_distance), connected_components(expected))


def test_pieces_are_used_where_they_pay(caplog, monkeypatch):
    monkeypatch.setattr(_qgrams, "_WORTH_SECONDS", 0)
    monkeypatch.setattr(_pairs, "WORTH_CUTTING", 0)
    # so few sequences would be compared by their words
    monkeypatch.setattr(_pairs, "SECONDS_PER_LETTER", 0)
    monkeypatch.setattr(_pairs, "SECONDS_PER_HIT", 1e-12)
    X = families(2, n_families=300)
    with caplog.at_level(logging.INFO, logger="skseed"):
        groups = levenshtein_groups(X, 0.04)
    assert "exact pieces propose" in caplog.text
    monkeypatch.setattr(_pairs, "WORTH_CUTTING", np.inf)
    np.testing.assert_array_equal(groups, levenshtein_groups(X, 0.04))
    pairs = levenshtein_neighbors(X, 0.04)
    monkeypatch.setattr(_pairs, "WORTH_CUTTING", 0)
    assert (pairs != levenshtein_neighbors(X, 0.04)).nnz == 0


def test_filter_is_used_where_it_pays(caplog, monkeypatch):
    monkeypatch.setattr(_qgrams, "_WORTH_SECONDS", 0)
    X = families(2, n_families=60)
    with caplog.at_level(logging.INFO, logger="skseed"):
        levenshtein_groups(X, 0.05)
        levenshtein_groups(X, 0.6)
    first, second = (record.getMessage() for record in caplog.records)
    assert "counts of words of" in first
    assert "all are compared" in second


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_n_jobs_changes_nothing(n_jobs):
    X = families(0, n_families=60)
    np.testing.assert_array_equal(levenshtein_distances(X, n_jobs=n_jobs), levenshtein_distances(X))
    one, many = levenshtein_neighbors(X, 0.05), levenshtein_neighbors(X, 0.05, n_jobs=n_jobs)
    assert (one != many).nnz == 0
    assert one.nnz == many.nnz > 0
    np.testing.assert_array_equal(levenshtein_groups(X, 0.05, n_jobs=n_jobs), levenshtein_groups(X, 0.05))


def test_long_distances_do_not_wrap():
    distances = levenshtein_distances(["A" * 300, "C" * 300, "G" * 40_000])
    assert distances.dtype == np.int32
    np.testing.assert_array_equal(distances[0], [0, 300, 40_000])
    assert levenshtein_distances(["A" * 300, "C" * 300])[0, 1] == 300


def test_signed_differences_do_not_wrap():
    distances = levenshtein_distances(["A", "CC", "GGG"])
    assert distances[0, 0] - distances[0, 2] == -3


def test_fraction_means_the_edits_it_says():
    # 0.29 * 100 is a little less than 29 in floating point
    assert levenshtein_neighbors(["A" * 100, "C" * 29 + "A" * 71], 0.29).nnz == 2
    assert levenshtein_neighbors(["A" * 100, "C" * 30 + "A" * 70], 0.29).nnz == 0


def test_copies_are_neighbors_at_a_stored_zero():
    graph = levenshtein_neighbors(["ACGT", "TTTT", "ACGT", "ACGT"], 0)
    np.testing.assert_array_equal(np.diff(graph.indptr), [2, 0, 2, 2])
    np.testing.assert_array_equal(graph.data, np.zeros(6))


def test_impossible_matrix_is_refused_before_work():
    X = np.char.add("A" * 200, np.arange(100_000).astype(str))
    with pytest.raises(MemoryError, match=r"100,000 × 100,000 .* CPU-hours .* 18\.6 GiB, .*; use leven"):
        levenshtein_distances(X)


def test_endless_work_is_refused_before_work(monkeypatch):
    X = families(0)
    monkeypatch.setattr(_limits, "_MAX_HOURS", 1e-12)
    with pytest.raises(ValueError, match=r"The matrix would take about .* on 1 worker; use levenshtein_n"):
        levenshtein_distances(X)
    for topology in ("linear", "circular"):
        with pytest.raises(ValueError, match=r"on 2 workers; lower max_distance, group inside labels"):
            levenshtein_groups(X, 0.1, topology=topology, n_jobs=2)


def test_plan_is_logged(caplog):
    with caplog.at_level(logging.INFO, logger="skseed"):
        levenshtein_distances(["ACGT", "ACCT"])
    assert "GiB" in caplog.text


@pytest.mark.parametrize("bad", ["ACGT", [], None, ["ACGT", None], ["ACGT", 3], [b"ACGT"]])
@pytest.mark.parametrize(
    "function",
    [levenshtein_distances, lambda X: levenshtein_neighbors(X, 1), lambda X: levenshtein_groups(X, 1)],
)
def test_bad_input_is_named(function, bad):
    with pytest.raises((TypeError, ValueError), match="X"):
        function(bad)


@pytest.mark.parametrize("max_distance", [-1, 1.0, 0.0, 1.5, "3", None])
def test_bad_cutoff_is_named(max_distance):
    with pytest.raises(ValueError, match="max_distance"):
        levenshtein_neighbors(["ACGT"], max_distance)


def test_wrong_number_of_labels():
    with pytest.raises(ValueError, match="one label for each of the 2 sequences"):
        levenshtein_groups(["ACGT", "ACGA"], 1, y=["a"])


def test_single_and_empty_sequences():
    assert levenshtein_neighbors(["ACGT"], 3).shape == (1, 1)
    np.testing.assert_array_equal(levenshtein_groups(["", "A", "CCC"], 1), [0, 0, 1])
    np.testing.assert_array_equal(levenshtein_groups([""], 0.5), [0])


@pytest.mark.parametrize("container", [tuple, np.array, pd.Series])
def test_containers_agree(container):
    X = families(1)
    np.testing.assert_array_equal(levenshtein_groups(container(X), 0.05), levenshtein_groups(X, 0.05))


def test_case_and_u_make_no_difference():
    genes = ["GATTACAGATTACA", "gattacagattaca", "GAUUACAGAUUACA"]
    np.testing.assert_array_equal(levenshtein_groups(genes, 0.1), [0, 0, 0])
    assert not levenshtein_distances(genes).any()
    assert levenshtein_neighbors(genes, 0.1).nnz == 6
    np.testing.assert_array_equal(levenshtein_groups(genes, 1, alphabet=None), [0, 1, 2])
    assert levenshtein_distances(genes[:1], genes[1:], alphabet=None).tolist() == [[14, 4]]


def test_letters_outside_the_alphabet_raise():
    for function in (levenshtein_distances, lambda *X, **o: levenshtein_neighbors(X[0], 1, **o)):
        with pytest.raises(ValueError, match=r"X\[1\] has 'L' at position 1"):
            function(["ACGT", "MLK"], alphabet="dna")


def test_both_strands_of_rna():
    genes = ["AACUGGUUACUUGCA", "UGCAAGUAACCAGUU"]
    np.testing.assert_array_equal(levenshtein_groups(genes, 2, both_strands=True), [0, 0])
    np.testing.assert_array_equal(levenshtein_groups(genes, 2, both_strands=True, alphabet="rna"), [0, 0])
    for function in (levenshtein_groups, levenshtein_neighbors):
        with pytest.raises(ValueError, match=r"X\[1\] has '!' at position 2, which is not a nucleotide"):
            function(["ACGT", "AC!"], 1, both_strands=True)


@pytest.mark.parametrize("max_distance", [sys.maxsize, 10**8, 10**30, np.int64(10), np.uint8(200)])
def test_large_cutoffs_reject_nothing(max_distance):
    assert levenshtein_distances(["ACGT", ""], max_distance=max_distance).tolist() == [[0, 4], [4, 0]]
    assert levenshtein_neighbors(["ACGT", ""], max_distance).nnz == 2
    X = [random_sequence(np.random.default_rng(0), 3000) for _ in range(40)] + [""]
    np.testing.assert_array_equal(levenshtein_groups(X, 10**8), np.zeros(41))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numpy_fractions_mean_the_number_they_show(dtype):
    X = ["A" * 100, "C" * 29 + "A" * 71, "C" * 30 + "A" * 70]
    graph = levenshtein_neighbors(X, dtype(0.29))
    assert graph.toarray()[0].tolist() == [0, 29, 0]
    assert levenshtein_distances(X, max_distance=dtype(0.29))[0].tolist() == [0, 29, 30]


@pytest.mark.parametrize("first", [0x3B1, 0x4E00, 0x1F600])
def test_any_character_is_compared_exactly(first):
    characters = [chr(first + i) for i in range(600)]
    X = ["".join(characters[i : i + 30]) for i in range(0, 570, 3)]
    np.testing.assert_array_equal(levenshtein_distances(X), distance_matrix(X, distance=Levenshtein.distance))
    # a shift by 3 characters costs 6 edits, or 3 substitutions after a rotation
    assert levenshtein_neighbors(X, 6).nnz == 2 * (len(X) - 1)
    assert levenshtein_neighbors(X, 0.2, topology="circular").nnz == 2 * (len(X) - 1 + len(X) - 2)


def test_many_small_matrices_are_exact_before_and_after_compilation(monkeypatch):
    # the limit would take minutes of work to reach
    monkeypatch.setattr(_verify, "_CELLS_WORTH_COMPILING", 1e7)
    rng = np.random.default_rng(0)
    for _ in range(8):
        sequences = as_sequences(random_sequences(rng, 20, (100, 200)), alphabet="dna")
        expected = distance_matrix(sequences.to_strings(), distance=Levenshtein.distance)
        np.testing.assert_array_equal(levenshtein_distances(sequences), expected)
        np.testing.assert_array_equal(levenshtein_distances(sequences, sequences), expected)
