"""Circular sequences: the least distance over all rotations and strands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from skseed.distances import _circular, levenshtein_groups, levenshtein_neighbors
from skseed.distances._anchors import canonical, least_rotation
from tests.reference import (
    circular_edit_distance,
    cutoff,
    mutate,
    random_sequence,
    random_sequences,
    reverse_complement,
    rotate,
    rotate_at_random,
    rotations,
)


def within(X, max_distance, both_strands):
    close = {}
    for i, a in enumerate(X):
        for j, b in enumerate(X):
            edits = circular_edit_distance(a, b, both_strands=both_strands)
            if i != j and edits <= cutoff(a, b, max_distance):
                close[i, j] = edits
    return close


def as_dict(graph):
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    return dict(
        zip(zip(rows.tolist(), graph.indices.tolist(), strict=True), graph.data.tolist(), strict=True)
    )


def relatives(seed, n_families, size, length, n_edits):
    """Mutated, rotated copies on either strand."""
    rng = np.random.default_rng(seed)
    founders = random_sequences(rng, n_families, length)
    return [
        rotate_at_random(rng, mutate(rng, founder, rng.integers(n_edits + 1)))
        for founder in founders
        for _ in range(size)
    ]


@settings(max_examples=100, deadline=None)
@given(
    X=st.lists(st.text("ACG", max_size=9), min_size=1, max_size=7),
    max_distance=st.one_of(st.integers(0, 6), st.floats(0.05, 0.9)),
    both_strands=st.booleans(),
)
def test_short_circles_are_exact(X, max_distance, both_strands):
    graph = levenshtein_neighbors(X, max_distance, topology="circular", both_strands=both_strands)
    assert as_dict(graph) == within(X, max_distance, both_strands)


@settings(max_examples=100, deadline=None)
@given(
    X=st.lists(st.text("ACGT", max_size=9), min_size=1, max_size=7),
    max_distance=st.one_of(st.integers(0, 6), st.floats(0.05, 0.9)),
)
def test_both_strands_of_linear_sequences(X, max_distance):
    expected = {}
    for i, a in enumerate(X):
        for j, b in enumerate(X):
            edits = min(Levenshtein.distance(a, other) for other in (b, reverse_complement(b)))
            if i != j and edits <= cutoff(a, b, max_distance):
                expected[i, j] = edits
    assert as_dict(levenshtein_neighbors(X, max_distance, both_strands=True)) == expected
    joined = levenshtein_groups(X, max_distance, both_strands=True)
    assert all(joined[i] == joined[j] for i, j in expected)


@pytest.mark.parametrize("seed", range(8))
def test_anchored_circles_are_exact_where_the_run_must_exist(seed, monkeypatch):
    monkeypatch.setattr(_circular, "SHORT", 0)
    X = relatives(seed, n_families=3, size=4, length=150, n_edits=10)
    graph = levenshtein_neighbors(X, 8, topology="circular", both_strands=True)
    assert as_dict(graph) == within(X, 8, True)
    assert graph.nnz > 0


def test_anchored_distances_are_never_too_small(monkeypatch):
    monkeypatch.setattr(_circular, "SHORT", 0)
    X = relatives(3, n_families=3, size=5, length=150, n_edits=22)
    found = as_dict(levenshtein_neighbors(X, 35, topology="circular", both_strands=True))
    expected = within(X, 35, True)
    assert set(found) <= set(expected)
    assert all(edits >= expected[pair] for pair, edits in found.items())
    assert len(found) > 0.9 * len(expected)


@pytest.mark.parametrize("length", [60, 700])
def test_results_do_not_depend_on_the_cut(length):
    X = relatives(0, n_families=5, size=4, length=length, n_edits=length // 12)
    rng = np.random.default_rng(1)
    turned = [rotate_at_random(rng, sequence) for sequence in X]
    for max_distance in (0, 5, 0.1, 0.3):
        options = {"topology": "circular", "both_strands": True}
        one = levenshtein_neighbors(X, max_distance, **options)
        assert as_dict(one) == as_dict(levenshtein_neighbors(turned, max_distance, **options))
        np.testing.assert_array_equal(
            levenshtein_groups(X, max_distance, **options),
            levenshtein_groups(turned, max_distance, **options),
        )


def test_rotated_copies_are_one_group_only_where_circular():
    plasmid = random_sequence(np.random.default_rng(0), 3000)
    X = [plasmid, rotate(plasmid, 1000), reverse_complement(rotate(plasmid, 7))]
    np.testing.assert_array_equal(levenshtein_groups(X, 10), [0, 1, 2])
    np.testing.assert_array_equal(levenshtein_groups(X, 10, topology="circular"), [0, 0, 1])
    np.testing.assert_array_equal(
        levenshtein_groups(X, 10, topology="circular", both_strands=True), [0, 0, 0]
    )


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_circular_groups_inside_labels(n_jobs):
    X = relatives(5, n_families=6, size=5, length=800, n_edits=30)
    y = np.tile([0, 1], 15)
    groups = levenshtein_groups(X, 0.05, y=y, topology="circular", both_strands=True, n_jobs=n_jobs)
    expected = levenshtein_groups(X, 0.05, y=y, topology="circular", both_strands=True)
    np.testing.assert_array_equal(groups, expected)
    graph = levenshtein_neighbors(X, 0.05, topology="circular", both_strands=True)
    for i, j in as_dict(graph):
        assert (groups[i] == groups[j]) == (y[i] == y[j])


@given(sequence=st.text("AB", max_size=40), turns=st.integers(0, 40))
def test_least_rotation(sequence, turns):
    cut = turns % max(1, len(sequence))
    assert least_rotation(sequence) == min(rotations(sequence))
    assert least_rotation(rotate(sequence, cut)) == least_rotation(sequence)


def test_least_rotation_of_long_repeats_takes_no_time():
    assert least_rotation("T" * 100_000) == "T" * 100_000
    assert least_rotation("GA" * 50_000) == "AG" * 50_000
    assert least_rotation("C" + "A" * 5_000) == "A" * 5_000 + "C"


def test_canonical_of_both_strands():
    assert canonical("GATTACA", circular=False, both_strands=True) == "GATTACA"
    assert canonical("TGTAATC", circular=False, both_strands=True) == "GATTACA"
    assert canonical("TTACAGA", circular=True, both_strands=True) == canonical(
        "TCTGTAA", circular=True, both_strands=True
    )


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
