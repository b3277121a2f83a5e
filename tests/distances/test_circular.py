"""Circular sequences: the least distance over all rotations and strands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

# the limit for processes is lowered, so that small data reach it
from skseed import _parallel
from skseed.distances import _verify, levenshtein_groups, levenshtein_neighbors
from tests.reference import (
    circular_edit_distance,
    cutoff,
    mutate,
    random_sequence,
    random_sequences,
    reverse_complement,
    rotate,
    rotate_at_random,
)


def within(X, max_distance, both_strands):
    close = {}
    for i, a in enumerate(X):
        for j, b in enumerate(X[:i]):
            edits = circular_edit_distance(a, b, both_strands=both_strands)
            if edits <= cutoff(a, b, max_distance):
                close[i, j] = close[j, i] = edits
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


def repeats(unit, low, high):
    """Return the unit repeated to a length between `low` and `high`, exactly or with a part of a copy."""
    return st.integers(low, high).map(lambda length: (unit * (length // len(unit) + 1))[:length])


@settings(max_examples=100, deadline=None)
@given(
    X=st.lists(st.text("ACG", max_size=9), min_size=1, max_size=7),
    max_distance=st.one_of(st.integers(0, 6), st.floats(0.05, 0.9)),
    both_strands=st.booleans(),
)
def test_short_sequences_are_exact(X, max_distance, both_strands):
    graph = levenshtein_neighbors(X, max_distance, topology="circular", both_strands=both_strands)
    assert as_dict(graph) == within(X, max_distance, both_strands)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("length", [(300, 340), (514, 560)])
def test_sequences_with_few_edits_are_exact(seed, length):
    rng = np.random.default_rng(seed)
    founders = random_sequences(rng, 3, length)
    X = [rotate_at_random(rng, mutate(rng, founder, rng.integers(17))) for founder in founders * 4]
    for max_distance in (17, 30):
        graph = levenshtein_neighbors(X, max_distance, topology="circular", both_strands=True)
        assert as_dict(graph) == within(X, max_distance, True)
        assert graph.nnz > 0


def test_distances_of_distant_pairs_are_never_too_small():
    X = relatives(3, n_families=3, size=3, length=540, n_edits=80)
    found = as_dict(levenshtein_neighbors(X, 110, topology="circular", both_strands=True))
    expected = within(X, 110, True)
    assert set(found) <= set(expected)
    assert all(edits >= expected[pair] for pair, edits in found.items())
    assert len(found) > 0.9 * len(expected)


@pytest.mark.parametrize("both_strands", [False, True])
@pytest.mark.parametrize("X", [["A" * 20, "A" * 21], ["AC" * 30, "AC" * 30 + "A"], ["AC" * 300, "AC" * 301]])
def test_repetitions_of_one_unit_are_neighbors(X, both_strands):
    gap = len(X[1]) - len(X[0])
    for max_distance in (gap, gap + 1, 30, 10**6, 0.5):
        graph = levenshtein_neighbors(X, max_distance, topology="circular", both_strands=both_strands)
        assert as_dict(graph) == {(0, 1): gap, (1, 0): gap}
        groups = levenshtein_groups(X, max_distance, topology="circular", both_strands=both_strands)
        assert groups.tolist() == [0, 0]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), unit=st.text("ACGT", min_size=1, max_size=7), both_strands=st.booleans())
def test_short_repetitive_sequences_are_exact(data, unit, both_strands):
    X = data.draw(st.lists(repeats(unit, 15, 80), min_size=2, max_size=5))
    X += [reverse_complement(x) for x in X[:1]] + [X[0][:-3] + "G" + X[0][-3:]]
    max_distance = data.draw(st.one_of(st.integers(0, 12), st.floats(0.01, 0.6)))
    graph = levenshtein_neighbors(X, max_distance, topology="circular", both_strands=both_strands)
    assert as_dict(graph) == within(X, max_distance, both_strands)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(data=st.data(), unit=st.text("ACGT", min_size=1, max_size=7), both_strands=st.booleans())
def test_long_repetitive_sequences_with_few_edits_are_exact(data, unit, both_strands):
    X = data.draw(st.lists(repeats(unit, 505, 530), min_size=2, max_size=4))
    X += [X[0][:-3] + "G" + X[0][-3:], X[-1][:40] + "T" + X[-1][42:]]
    max_distance = data.draw(st.integers(0, 29))
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


@pytest.mark.parametrize("length", [60, 700])
def test_results_do_not_depend_on_rotation_and_strand(length):
    X = relatives(0, n_families=5, size=4, length=length, n_edits=length // 12)
    rng = np.random.default_rng(1)
    rotated = [rotate_at_random(rng, sequence) for sequence in X]
    for max_distance in (0, 5, 0.1, 0.3):
        options = {"topology": "circular", "both_strands": True}
        one = levenshtein_neighbors(X, max_distance, **options)
        assert as_dict(one) == as_dict(levenshtein_neighbors(rotated, max_distance, **options))
        np.testing.assert_array_equal(
            levenshtein_groups(X, max_distance, **options),
            levenshtein_groups(rotated, max_distance, **options),
        )


def test_rotated_copies_are_one_group_only_if_circular():
    plasmid = random_sequence(np.random.default_rng(0), 3000)
    X = [plasmid, rotate(plasmid, 1000), reverse_complement(rotate(plasmid, 7))]
    np.testing.assert_array_equal(levenshtein_groups(X, 10), [0, 1, 2])
    np.testing.assert_array_equal(levenshtein_groups(X, 10, topology="circular"), [0, 0, 1])
    np.testing.assert_array_equal(
        levenshtein_groups(X, 10, topology="circular", both_strands=True), [0, 0, 0]
    )


def test_large_alphabets_are_exact():
    rng = np.random.default_rng(0)
    characters = "".join(chr(0x4E00 + i) for i in range(600))
    founder = random_sequence(rng, 560, characters)
    X = [rotate(mutate(rng, founder, 8, characters), int(rng.integers(560))) for _ in range(6)]
    graph = levenshtein_neighbors(X, 30, topology="circular")
    assert as_dict(graph) == within(X, 30, False)
    assert graph.nnz == 30


@pytest.mark.parametrize("use_processes", [False, True])
def test_circular_groups_within_labels(use_processes, monkeypatch):
    if use_processes:
        # so little work would not start processes
        monkeypatch.setattr(_parallel, "_SECONDS_WORTH_PROCESSES", 0)
    X = relatives(5, n_families=6, size=5, length=800, n_edits=30)
    y = np.tile([0, 1], 15)
    options = {"topology": "circular", "both_strands": True, "n_jobs": 2}
    groups = levenshtein_groups(X, 0.05, y=y, **options)
    graph = levenshtein_neighbors(X, 0.05, **options)
    assert graph.nnz > 0
    for i, j in as_dict(graph):
        assert (groups[i] == groups[j]) == (y[i] == y[j])


@pytest.mark.parametrize("both_strands", [False, True])
def test_native_code_finds_the_circular_neighbors_of_python(both_strands, monkeypatch):
    rng = np.random.default_rng(0)
    unit = random_sequence(rng, 40)
    X = relatives(7, n_families=4, size=5, length=700, n_edits=70)
    # repetitions have far more matches than symbols
    X += [unit * 14, unit * 14 + "A", rotate(unit * 14, 7), unit[:20] * 27 + unit, random_sequence(rng, 12)]
    X += [mutate(rng, unit * 15, 5) for _ in range(3)] + ["", "ACGTACGT", "ACGTTCGT"]
    graphs = []
    for threshold in (-1, np.inf):
        monkeypatch.setattr(_verify, "_SECONDS_WORTH_NATIVE", threshold)
        monkeypatch.setattr(_verify, "_FEW_SECONDS", -1)
        graphs += [
            as_dict(levenshtein_neighbors(X, d, topology="circular", both_strands=both_strands))
            for d in (20, 0.04, 0.15)
        ]
    assert graphs[:3] == graphs[3:]
    assert all(graphs)
