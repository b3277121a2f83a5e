"""The mutation model: what it may change, how often, and that only its generator rules it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from rapidfuzz.distance import Levenshtein

from skseed._mutation import mutate, recombine

CODES = st.lists(st.integers(0, 3), max_size=40).map(lambda codes: np.array(codes, dtype=np.uint8))
SEEDS = st.integers(0, 2**32 - 1)


def rng_of(seed):
    return np.random.default_rng(seed)


def random_codes(rng, n_sequences, length, n_symbols=4):
    return list(rng.integers(n_symbols, size=(n_sequences, length), dtype=np.uint8))


def events(parent, child):
    return Levenshtein.distance(parent.tobytes(), child.tobytes())


@given(st.lists(CODES, max_size=6), SEEDS, st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_rate_zero_is_the_identity_and_parents_stay_as_they_were(sequences, seed, indel_share):
    before = [sequence.copy() for sequence in sequences]
    same = mutate(sequences, 0.0, n_symbols=4, rng=rng_of(seed), indel_share=indel_share)
    assert len(same) == len(sequences)
    mutate(sequences, 0.7, n_symbols=4, rng=rng_of(seed), indel_share=indel_share)
    for parent, copy, original in zip(sequences, same, before, strict=True):
        assert_array_equal(copy, original)
        assert_array_equal(parent, original)


@given(st.lists(CODES, min_size=1, max_size=6), SEEDS, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_copies_hold_valid_codes_and_no_more_events_than_positions(sequences, seed, rate, indel_share):
    copies = mutate(sequences, rate, n_symbols=4, rng=rng_of(seed), indel_share=indel_share)
    assert len(copies) == len(sequences)
    for parent, copy in zip(sequences, copies, strict=True):
        assert copy.dtype == np.uint8
        assert copy.size == 0 or copy.max() < 4
        assert len(copy) <= 2 * len(parent)
        # every position mutates at most once
        assert events(parent, copy) <= len(parent)


@given(CODES, SEEDS, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_distance_to_the_parent_is_at_most_the_number_of_events(parent, seed, rate, indel_share):
    (copy,) = mutate([parent], rate, n_symbols=4, rng=rng_of(seed), indel_share=indel_share)
    # the first numbers drawn decide which positions mutate
    n_events = int((rng_of(seed).random(len(parent)) < rate).sum())
    assert events(parent, copy) <= n_events


@pytest.mark.parametrize("indel_share", [0.0, 1.0])
def test_rate_one_mutates_every_position(indel_share):
    parents = random_codes(rng_of(0), 20, 50)
    copies = mutate(parents, 1.0, n_symbols=4, rng=rng_of(1), indel_share=indel_share)
    for parent, copy in zip(parents, copies, strict=True):
        if indel_share == 0:
            assert len(copy) == len(parent)
            assert (copy != parent).all()
    # of indels alone, half delete one position and half add one
    lengths = np.array([len(copy) for copy in copies])
    if indel_share == 1:
        assert abs(lengths.mean() - 50) < 5
        assert lengths.std() > 0


def test_event_rates_are_those_asked_for():
    length, rate, indel_share = 200_000, 0.15, 0.4
    parent = rng_of(0).integers(4, size=length, dtype=np.uint8)

    def within_five_sigma(count, probability):
        return abs(count - length * probability) < 5 * np.sqrt(length * probability * (1 - probability))

    (substituted,) = mutate([parent], rate, n_symbols=4, rng=rng_of(1), indel_share=0.0)
    changed = substituted != parent
    assert within_five_sigma(changed.sum(), rate)
    # a substitute is any of the other symbols, equally often
    shifts = np.bincount((substituted[changed] - parent[changed]) % 4, minlength=4)
    assert shifts[0] == 0
    assert np.ptp(shifts[1:]) < 0.05 * changed.sum()

    grown = sum(
        len(copy) - 200
        for copy in mutate(
            np.split(parent, length // 200), rate, n_symbols=4, rng=rng_of(2), indel_share=indel_share
        )
    )
    # insertions and deletions are equally likely: growth is a difference of two binomials
    assert abs(grown) < 5 * np.sqrt(length * rate * indel_share)


def test_indels_are_the_share_asked_for():
    # on a parent of one symbol a substitution always shows and an indel of the same symbol only in the length
    parents = [np.zeros(1000, dtype=np.uint8)] * 400
    copies = mutate(parents, 0.1, n_symbols=4, rng=rng_of(0), indel_share=0.5)
    total = 400 * 1000
    foreign = sum(int((copy != 0).sum()) for copy in copies)
    # substitutions 5 %, and three quarters of the insertions, which are 2.5 %
    expected = total * (0.05 + 0.75 * 0.025)
    assert abs(foreign - expected) < 5 * np.sqrt(expected)


def test_insertions_come_after_the_position():
    copies = mutate([np.full(1, 9, dtype=np.uint8)] * 50, 1.0, n_symbols=4, rng=rng_of(0), indel_share=1.0)
    assert {len(copy) for copy in copies} == {0, 2}
    assert all(copy[0] == 9 and copy[1] < 4 for copy in copies if len(copy))


def test_every_sequence_has_its_own_rate():
    parents = random_codes(rng_of(0), 3, 4000)
    calm, half, wild = mutate(parents, [0.0, 0.1, 0.4], n_symbols=4, rng=rng_of(1), indel_share=0.0)
    assert_array_equal(calm, parents[0])
    assert 0.07 < (half != parents[1]).mean() < 0.13
    assert 0.35 < (wild != parents[2]).mean() < 0.45


def test_neighbours_do_not_leak_into_each_other():
    parents = [np.full(60, code, dtype=np.uint8) for code in range(4)]
    copies = mutate(parents, 0.5, n_symbols=4, rng=rng_of(0), indel_share=1.0)
    for code, copy in enumerate(copies):
        # deletions keep the symbol; only inserted symbols differ, and they are few
        assert (copy == code).mean() > 0.5


def test_nothing_and_empty_sequences():
    empty = np.empty(0, dtype=np.uint8)
    assert mutate([], 0.5, n_symbols=4, rng=rng_of(0)) == []
    assert [len(copy) for copy in mutate([empty, empty], 0.5, n_symbols=4, rng=rng_of(0))] == [0, 0]
    parent = np.zeros(10, dtype=np.uint8)
    copies = mutate([empty, parent, empty], 0.0, n_symbols=4, rng=rng_of(0))
    assert [len(copy) for copy in copies] == [0, 10, 0]


def test_wildcards_give_symbols_or_stay():
    parent = np.full(500, 4, dtype=np.uint8)
    (copy,) = mutate([parent], 0.3, n_symbols=4, rng=rng_of(0))
    assert set(copy.tolist()) <= {0, 1, 2, 3, 4}
    assert 0 < (copy != 4).sum() < 250


def test_the_generator_alone_decides():
    parents = random_codes(rng_of(0), 5, 100)
    one, two, other = (mutate(parents, 0.2, n_symbols=4, rng=rng_of(seed)) for seed in (7, 7, 8))
    for a, b in zip(one, two, strict=True):
        assert_array_equal(a, b)
    assert any(a.tobytes() != b.tobytes() for a, b in zip(one, other, strict=True))


@given(CODES, CODES, SEEDS)
@settings(max_examples=100, deadline=None)
def test_recombination_joins_a_start_and_an_end(first, second, seed):
    child = recombine(first, second, rng=rng_of(seed))
    assert child.dtype == np.uint8
    assert_array_equal(child, recombine(first, second, rng=rng_of(seed)))
    crossovers = range(len(first) + 1)
    assert any(
        child[:cut].tobytes() == first[:cut].tobytes()
        and child[cut:].tobytes() == second[len(second) - (len(child) - cut) :].tobytes()
        for cut in crossovers
        if 0 <= len(child) - cut <= len(second)
    )
    # a relative position lies between the two lengths, give or take the rounding
    low, high = sorted((len(first), len(second)))
    assert low - 1 <= len(child) <= high + 1
    if low > 0:
        assert len(child) > 0


@given(CODES, SEEDS)
@settings(max_examples=30, deadline=None)
def test_recombination_with_itself_is_the_identity(sequence, seed):
    assert_array_equal(recombine(sequence, sequence, rng=rng_of(seed)), sequence)


def test_crossovers_fall_everywhere():
    zeros, ones = np.zeros(100, dtype=np.uint8), np.ones(100, dtype=np.uint8)
    rng = rng_of(0)
    crossovers = np.array([100 - recombine(zeros, ones, rng=rng).sum() for _ in range(2000)])
    assert abs(crossovers.mean() - 50) < 5 * 29 / np.sqrt(2000)
    assert crossovers.min() < 3
    assert crossovers.max() > 97


def test_the_crossover_lies_at_the_same_relative_position_of_both():
    zeros, ones = np.zeros(100, dtype=np.uint8), np.ones(40, dtype=np.uint8)
    rng = rng_of(0)
    for _ in range(50):
        child = recombine(zeros, ones, rng=rng)
        from_first, from_second = np.bincount(child, minlength=2)
        assert abs(from_first / 100 + from_second / 40 - 1) <= 0.5 / 100 + 0.5 / 40
