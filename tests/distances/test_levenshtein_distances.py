"""The matrix of edit distances: exactness against dynamic programming, limits of memory and time."""

import contextlib
import logging
import resource

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

# limits and the choice of the kernel are lowered, so that small data reach them
from skseed import _limits
from skseed._sequences import as_sequences
from skseed.distances import (
    LevenshteinIndex,
    _levenshtein_distances,
    _verify,
    levenshtein_distances,
    levenshtein_groups,
)
from tests.reference import cutoff, distance_matrix, mutate, random_sequence, random_sequences

collections = st.lists(st.text("AC", max_size=12), min_size=1, max_size=12)


def fast_matrix(X, Y=None):
    return distance_matrix(X, Y, distance=Levenshtein.distance)


@contextlib.contextmanager
def simd_kernel():
    """Use the SIMD kernel for any work; a process uses it only after seconds of work without it."""
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("_CELLS_WORTH_COMPILING", "_FEW_CELLS", "_FEW_ROWS"):
            patch.setattr(_verify, limit, -1)
        yield


@settings(max_examples=60, deadline=None)
@given(X=collections, Y=st.one_of(st.none(), collections))
def test_matrix_is_the_textbook_distance(X, Y):
    np.testing.assert_array_equal(levenshtein_distances(X, Y), distance_matrix(X, X if Y is None else Y))


@settings(max_examples=60, deadline=None)
@given(X=collections, Y=st.one_of(st.none(), collections))
def test_simd_kernel_computes_the_textbook_distance(X, Y):
    with simd_kernel():
        distances = levenshtein_distances(X, Y)
    np.testing.assert_array_equal(distances, distance_matrix(X, X if Y is None else Y))


@pytest.mark.parametrize("n_letters", [1, 4, 20, 254])
def test_simd_kernel_is_exact_across_machine_words(n_letters):
    rng = np.random.default_rng(n_letters)
    letters = "".join(chr(0x100 + i) for i in range(n_letters))
    lengths = [0, 1, 63, 64, 65, 127, 128, 129, 200, 700, 64, 1, 0, 1000, 320, 321, 319, 500]
    X = [random_sequence(rng, length, letters) for length in lengths]
    # relatives, so that matches continue from word to word
    Y = [sequence[3:] + sequence[: len(sequence) // 2] for sequence in X[:-3]]
    with simd_kernel():
        assert as_sequences(X, alphabet="auto").codes.dtype == np.uint8
        np.testing.assert_array_equal(levenshtein_distances(X), fast_matrix(X))
        np.testing.assert_array_equal(levenshtein_distances(X, Y), fast_matrix(X, Y))


@pytest.mark.parametrize("Y", [None, ["ACGT", "CCGTTA"]])
def test_blocks_of_a_matrix_are_the_same_with_and_without_simd(Y):
    X = random_sequences(np.random.default_rng(0), 300, (0, 90))
    expected = levenshtein_distances(X, Y)
    with simd_kernel():
        np.testing.assert_array_equal(levenshtein_distances(X, Y, n_jobs=2), expected)
        assert levenshtein_distances(["ACGT", "AÇGT", "漢字"]).tolist() == [[0, 1, 4], [1, 0, 4], [4, 4, 0]]


def test_simd_kernel_reads_read_only_codes():
    sequences = as_sequences(["GATTACA", "GATACA"], alphabet="dna")
    sequences.codes.flags.writeable = False
    with simd_kernel():
        assert levenshtein_distances(sequences).tolist() == [[0, 1], [1, 0]]


def test_many_small_matrices_are_exact_before_and_after_compilation(monkeypatch):
    # the limit would take seconds of work to reach
    monkeypatch.setattr(_verify, "_CELLS_WORTH_COMPILING", 1e7)
    monkeypatch.setattr(_verify, "simd_decision", _verify.SimdDecision())
    rng = np.random.default_rng(0)
    for _ in range(8):
        sequences = as_sequences(random_sequences(rng, 20, (100, 200)), alphabet="dna")
        expected = fast_matrix(sequences.to_strings())
        np.testing.assert_array_equal(levenshtein_distances(sequences), expected)
        np.testing.assert_array_equal(levenshtein_distances(sequences, sequences), expected)


@settings(max_examples=60, deadline=None)
@given(
    X=collections,
    Y=st.one_of(st.none(), collections),
    max_distance=st.one_of(st.integers(0, 13), st.floats(0.01, 0.99)),
)
def test_matrix_with_cutoff_holds_the_limit_plus_one(X, Y, max_distance):
    partners = X if Y is None else Y
    limits = distance_matrix(X, partners, lambda a, b: cutoff(a, b, max_distance))
    expected = np.minimum(distance_matrix(X, partners), limits + 1)
    np.testing.assert_array_equal(levenshtein_distances(X, Y, max_distance=max_distance), expected)


@pytest.mark.parametrize("max_distance", [0, 3, 20, 40, 70, 150, 0.1, 0.9])
def test_native_matrix_with_cutoff_is_exact(max_distance, monkeypatch):
    monkeypatch.setattr(_verify, "_SECONDS_WORTH_NATIVE", -1)
    monkeypatch.setattr(_verify, "_FEW_SECONDS", -1)
    rng = np.random.default_rng(0)
    X = [
        mutate(rng, founder, 15) for founder in random_sequences(rng, 6, (0, 200), "ACGTN") for _ in range(3)
    ]
    Y = [*random_sequences(rng, 4, (0, 200)), X[3], ""]
    for partners in (X, Y):
        limits = distance_matrix(X, partners, lambda a, b: cutoff(a, b, max_distance))
        expected = np.minimum(fast_matrix(X, partners), limits + 1)
        found = levenshtein_distances(X, None if partners is X else Y, max_distance=max_distance)
        np.testing.assert_array_equal(found, expected)


@settings(max_examples=60, deadline=None)
@given(X=st.lists(st.text("ACGT", max_size=30), min_size=3, max_size=8))
def test_matrix_is_a_metric(X):
    d = levenshtein_distances(X)
    np.testing.assert_array_equal(d, d.T)
    assert all((d[i, j] == 0) == (X[i] == X[j]) for i in range(len(X)) for j in range(len(X)))
    assert (d[:, :, None] <= d[:, None, :] + d.T[None, :, :]).all()


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_n_jobs_does_not_change_the_matrix(n_jobs):
    X = random_sequences(np.random.default_rng(0), 400, (20, 60))
    np.testing.assert_array_equal(levenshtein_distances(X, n_jobs=n_jobs), levenshtein_distances(X))


def test_long_distances_do_not_wrap_around():
    distances = levenshtein_distances(["A" * 300, "C" * 300, "G" * 40_000])
    assert distances.dtype == np.int32
    np.testing.assert_array_equal(distances[0], [0, 300, 40_000])
    assert levenshtein_distances(["A" * 300, "C" * 300])[0, 1] == 300


def test_signed_differences_do_not_wrap_around():
    distances = levenshtein_distances(["A", "CC", "GGG"])
    assert distances[0, 0] - distances[0, 2] == -3


def test_impossible_matrix_raises_before_work():
    X = np.char.add("A" * 200, np.arange(100_000).astype(str))
    with pytest.raises(MemoryError, match=r"100,000 × 100,000 .* CPU-hours .* 18\.6 GiB, .*; use leven"):
        levenshtein_distances(X)


def test_memory_of_the_copy_for_duplicates_counts():
    # 50,000 different sequences need 4.7 GiB, and as much again to repeat the last one
    X = np.char.add("A" * 200, np.arange(50_000).astype(str))
    with pytest.raises(MemoryError, match=r"50,001 × 50,001 .* 9\.3 GiB"):
        levenshtein_distances([*X, X[-1]])


def test_memory_limit_of_the_process_counts():
    X = np.char.add("ACGT" * 3, np.arange(20_000).astype(str))
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = 2**30 if hard == resource.RLIM_INFINITY else min(2**30, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        with pytest.raises(MemoryError, match=r"takes 0\.7 GiB, but at most 0\.5 GiB are allowed here"):
            levenshtein_distances(X)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def test_endless_work_raises_before_work(monkeypatch):
    rng = np.random.default_rng(0)
    founder = random_sequence(rng, 300)
    X = [mutate(rng, founder, 20) for _ in range(50)]
    # work of 48 hours would need sequences of gigabytes
    monkeypatch.setattr(_limits, "_MAX_HOURS", 1e-12)
    with pytest.raises(ValueError, match=r"The matrix would take about .* on 1 worker; use levenshtein_n"):
        levenshtein_distances(X)
    for topology in ("linear", "circular"):
        with pytest.raises(ValueError, match=r"on 2 workers; lower max_distance, group inside labels"):
            levenshtein_groups(X, 0.1, topology=topology, n_jobs=2)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_endless_queries_of_an_index_raise_after_the_first_ones(monkeypatch, n_jobs):
    rng = np.random.default_rng(0)
    index = LevenshteinIndex([random_sequence(rng, 300) for _ in range(20)])
    X = [random_sequence(rng, 300) for _ in range(400)]
    monkeypatch.setattr(_limits, "_MAX_HOURS", 1e-12)
    with pytest.raises(ValueError, match=r"compare 400 queries would take .* on .*; set n_candidates"):
        index.kneighbors(X, 1, n_jobs=n_jobs)
    with pytest.raises(ValueError, match=r"compare 400 queries would take .*; lower max_distance, or pass"):
        index.radius_neighbors(X, 0.2, n_jobs=n_jobs)


@pytest.mark.parametrize("max_distance", [None, 0.2])
def test_the_size_of_tiles_does_not_change_the_matrix(monkeypatch, max_distance):
    rng = np.random.default_rng(0)
    X = [random_sequence(rng, length) for length in (0, 1, 30, 45, 60, 200) for _ in range(7)]
    expected = levenshtein_distances(X, max_distance=max_distance)
    between = levenshtein_distances(X[5:20], X, max_distance=max_distance)
    monkeypatch.setattr(_levenshtein_distances, "_CELLS_AT_ONCE", {False: 50_000, True: 50_000})
    np.testing.assert_array_equal(levenshtein_distances(X, max_distance=max_distance, n_jobs=2), expected)
    np.testing.assert_array_equal(levenshtein_distances(X[5:20], X, max_distance=max_distance), between)


def test_plan_is_logged(caplog):
    with caplog.at_level(logging.INFO, logger="skseed"):
        levenshtein_distances(["ACGT", "ACCT"])
    assert "GiB" in caplog.text
