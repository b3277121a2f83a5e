"""The mutation model: its events, their rates, and its use of the generator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from rapidfuzz.distance import Levenshtein

# the mutation model is behind generators and training batches, which only use it
from skseed._mutation import mutate, recombine
from skseed._sequences import Sequences, sequences_of_rows
from skseed.alphabets import DNA

CODES = st.lists(st.integers(0, 3), max_size=40).map(lambda codes: np.array(codes, dtype=np.uint8))
SEEDS = st.integers(0, 2**32 - 1)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def dna(*rows: np.ndarray) -> Sequences:
    return sequences_of_rows(rows, DNA)


def random_codes(rng: np.random.Generator, n_sequences: int, length: int) -> list[np.ndarray]:
    return list(rng.integers(4, size=(n_sequences, length), dtype=np.uint8))


def n_edits(parent: np.ndarray, child: np.ndarray) -> int:
    return Levenshtein.distance(parent.tobytes(), child.tobytes())


@given(st.lists(CODES, max_size=6), SEEDS, st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_rate_zero_is_the_identity_and_parents_do_not_change(rows, seed, indel_share):
    before = [row.copy() for row in rows]
    same = mutate(dna(*rows), 0.0, rng=rng_of(seed), indel_share=indel_share)
    assert len(same) == len(rows)
    mutate(dna(*rows), 0.7, rng=rng_of(seed), indel_share=indel_share)
    for parent, copy, original in zip(rows, same, before, strict=True):
        assert_array_equal(copy, original)
        assert_array_equal(parent, original)


@given(st.lists(CODES, min_size=1, max_size=6), SEEDS, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_copies_have_valid_codes_and_at_most_one_event_for_each_position(rows, seed, rate, indel_share):
    copies = mutate(dna(*rows), rate, rng=rng_of(seed), indel_share=indel_share)
    assert copies.alphabet == DNA
    assert len(copies) == len(rows)
    for parent, copy in zip(rows, copies, strict=True):
        assert copy.dtype == np.uint8
        assert copy.size == 0 or copy.max() < 4
        assert len(copy) <= 2 * len(parent)
        assert n_edits(parent, copy) <= len(parent)


@given(CODES, SEEDS, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_distance_to_the_parent_is_at_most_the_number_of_events(parent, seed, rate, indel_share):
    (copy,) = mutate(dna(parent), rate, rng=rng_of(seed), indel_share=indel_share)
    # the first numbers drawn decide which positions mutate
    n_events = int((rng_of(seed).random(len(parent)) < rate).sum())
    assert n_edits(parent, copy) <= n_events


def test_rate_one_substitutes_every_position_without_indels():
    parents = random_codes(rng_of(0), 20, 50)
    copies = mutate(dna(*parents), 1.0, rng=rng_of(1), indel_share=0.0)
    for parent, copy in zip(parents, copies, strict=True):
        assert len(copy) == len(parent)
        assert (copy != parent).all()


def test_half_of_the_indels_delete_and_half_insert():
    lengths = mutate(dna(*random_codes(rng_of(0), 20, 50)), 1.0, rng=rng_of(1), indel_share=1.0).lengths
    assert abs(lengths.mean() - 50) < 5
    assert lengths.std() > 0


def test_event_rates_are_the_parameters():
    length, rate, indel_share = 200_000, 0.15, 0.4
    parent = rng_of(0).integers(4, size=length, dtype=np.uint8)

    def within_five_sigma(count: int, probability: float) -> bool:
        return abs(count - length * probability) < 5 * np.sqrt(length * probability * (1 - probability))

    (substituted,) = mutate(dna(parent), rate, rng=rng_of(1), indel_share=0.0)
    changed = substituted != parent
    assert within_five_sigma(changed.sum(), rate)
    # a substitute is any of the other symbols, with equal probability
    shifts = np.bincount((substituted[changed] - parent[changed]) % 4, minlength=4)
    assert shifts[0] == 0
    assert np.ptp(shifts[1:]) < 0.05 * changed.sum()

    parents = dna(*np.split(parent, length // 200))
    grown = (mutate(parents, rate, rng=rng_of(2), indel_share=indel_share).lengths - 200).sum()
    # insertions and deletions are equally likely, so that growth is a difference of two binomials
    assert abs(grown) < 5 * np.sqrt(length * rate * indel_share)


def test_indel_share_is_the_share_of_indels():
    # on a parent of one symbol, substitutions and three quarters of the insertions are visible
    parents = [np.zeros(1000, dtype=np.uint8)] * 400
    copies = mutate(dna(*parents), 0.1, rng=rng_of(0), indel_share=0.5)
    total = 400 * 1000
    expected = total * (0.05 + 0.75 * 0.025)
    assert abs(np.count_nonzero(copies.codes) - expected) < 5 * np.sqrt(expected)


def test_insertions_come_after_the_position():
    wildcard = np.full(1, DNA.wildcard_code, dtype=np.uint8)
    copies = mutate(dna(*[wildcard] * 50), 1.0, rng=rng_of(0), indel_share=1.0)
    assert {len(copy) for copy in copies} == {0, 2}
    assert all(copy[0] == DNA.wildcard_code and copy[1] < 4 for copy in copies if len(copy))


def test_every_sequence_has_its_own_rate():
    parents = random_codes(rng_of(0), 3, 4000)
    low, middle, high = mutate(dna(*parents), [0.0, 0.1, 0.4], rng=rng_of(1), indel_share=0.0)
    assert_array_equal(low, parents[0])
    assert 0.07 < (middle != parents[1]).mean() < 0.13
    assert 0.35 < (high != parents[2]).mean() < 0.45


def test_adjacent_sequences_do_not_mix():
    parents = [np.full(60, code, dtype=np.uint8) for code in range(4)]
    copies = mutate(dna(*parents), 0.5, rng=rng_of(0), indel_share=1.0)
    for code, copy in enumerate(copies):
        # deletions keep the symbol, and inserted symbols are few
        assert (copy == code).mean() > 0.5


def test_empty_input_and_empty_sequences():
    empty = np.empty(0, dtype=np.uint8)
    assert len(mutate(dna(), 0.5, rng=rng_of(0))) == 0
    assert mutate(dna(empty, empty), 0.5, rng=rng_of(0)).lengths.tolist() == [0, 0]
    copies = mutate(dna(empty, np.zeros(10, dtype=np.uint8), empty), 0.0, rng=rng_of(0))
    assert copies.lengths.tolist() == [0, 10, 0]


def test_wildcards_mutate_to_symbols():
    parent = np.full(500, 4, dtype=np.uint8)
    (copy,) = mutate(dna(parent), 0.3, rng=rng_of(0))
    assert set(copy.tolist()) <= {0, 1, 2, 3, 4}
    assert 0 < (copy != 4).sum() < 250


def test_equal_generators_give_equal_copies():
    parents = dna(*random_codes(rng_of(0), 5, 100))
    one, two, other = (mutate(parents, 0.2, rng=rng_of(seed)) for seed in (7, 7, 8))
    assert one.keys() == two.keys()
    assert one.keys() != other.keys()


def child_of(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    (child,) = recombine(dna(first, second), np.array([0]), np.array([1]), rng=rng)
    return child


@given(CODES, CODES, SEEDS)
@settings(max_examples=100, deadline=None)
def test_recombination_joins_a_start_and_an_end(first, second, seed):
    child = child_of(first, second, rng_of(seed))
    assert child.dtype == np.uint8
    assert_array_equal(child, child_of(first, second, rng_of(seed)))
    crossovers = range(len(first) + 1)
    assert any(
        child[:cut].tobytes() == first[:cut].tobytes()
        and child[cut:].tobytes() == second[len(second) - (len(child) - cut) :].tobytes()
        for cut in crossovers
        if 0 <= len(child) - cut <= len(second)
    )
    # the length is between those of the parents, except for rounding
    low, high = sorted((len(first), len(second)))
    assert low - 1 <= len(child) <= high + 1
    if low > 0:
        assert len(child) > 0


@given(st.lists(CODES, min_size=1, max_size=6), SEEDS)
@settings(max_examples=30, deadline=None)
def test_recombination_with_itself_is_the_identity(rows, seed):
    indices = np.arange(len(rows))
    children = recombine(dna(*rows), indices, indices, rng=rng_of(seed))
    for child, row in zip(children, rows, strict=True):
        assert_array_equal(child, row)


def test_many_pairs_equal_single_pairs_with_the_same_generator():
    rows = [
        codes[:length] for codes, length in zip(random_codes(rng_of(0), 6, 50), range(44, 50), strict=True)
    ]
    first, second = np.array([5, 0, 2, 2]), np.array([1, 0, 4, 3])
    children = recombine(dna(*rows), first, second, rng=rng_of(3))
    one_by_one = rng_of(3)
    for child, i, j in zip(children, first, second, strict=True):
        assert_array_equal(child, child_of(rows[i], rows[j], one_by_one))


def test_crossovers_are_uniform():
    zeros, ones = np.zeros(100, dtype=np.uint8), np.ones(100, dtype=np.uint8)
    pairs = np.zeros(2000, dtype=int), np.ones(2000, dtype=int)
    crossovers = np.array([100 - child.sum() for child in recombine(dna(zeros, ones), *pairs, rng=rng_of(0))])
    assert abs(crossovers.mean() - 50) < 5 * 29 / np.sqrt(2000)
    assert crossovers.min() < 3
    assert crossovers.max() > 97


@pytest.mark.parametrize("lengths", [(100, 40), (40, 100)])
def test_the_crossover_has_the_same_relative_position_in_both_parents(lengths):
    zeros, ones = np.zeros(lengths[0], dtype=np.uint8), np.ones(lengths[1], dtype=np.uint8)
    rng = rng_of(0)
    for _ in range(50):
        from_first, from_second = np.bincount(child_of(zeros, ones, rng), minlength=2)
        assert abs(from_first / lengths[0] + from_second / lengths[1] - 1) <= 0.5 / 100 + 0.5 / 40
