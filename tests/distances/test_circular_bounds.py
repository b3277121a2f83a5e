"""Bounds of the distance of circular sequences: the lower bound holds, and the estimate is close."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

# the bounds are proven on their own: the public functions show only that no pair is missed
from skseed._sequences import as_sequences
from skseed.alphabets import DNA
from skseed.distances import levenshtein_groups

# a wrong bound loses pairs so rarely that tests of the public functions would not notice
from skseed.distances._circular_bounds import Coverage
from tests.reference import circular_edit_distance, mutate, random_sequence, rotate_at_random


def bounds(a, b):
    columns = as_sequences([b], alphabet=DNA)
    row = as_sequences([a], alphabet=DNA)
    least, estimates = Coverage.of(columns).bounds([row[0], row.reverse_complement()[0]], np.array([0]))
    return int(least[0]), float(estimates[0])


@settings(max_examples=100, deadline=None)
@given(a=st.text("ACGT", max_size=40), b=st.text("ACGT", max_size=40))
def test_no_pair_is_closer_than_the_bound(a, b):
    assert bounds(a, b)[0] <= circular_edit_distance(a, b, both_strands=True)


@pytest.mark.parametrize("seed", range(40))
def test_bound_holds_for_few_edits_of_long_sequences(seed):
    rng = np.random.default_rng(seed)
    a = random_sequence(rng, rng.integers(20, 3000))
    n_edits = int(rng.integers(1 + len(a) // 10))
    b = mutate(rng, a, n_edits)
    assert bounds(a, rotate_at_random(rng, b))[0] <= Levenshtein.distance(a, b) <= n_edits


def test_estimates_are_close_to_the_distance():
    rng = np.random.default_rng(0)
    for share in (0.05, 0.15, 0.25):
        a = random_sequence(rng, 6000)
        b = mutate(rng, a, int(share * 6000))
        assert 0.85 < bounds(a, rotate_at_random(rng, b))[1] / Levenshtein.distance(a, b) < 1.1
    assert 0.38 < bounds(random_sequence(rng, 6000), random_sequence(rng, 6000))[1] / 6000 < 0.5
    # a replaced insert counts as different, the shared backbone does not
    backbone = random_sequence(rng, 4000)
    a, b = backbone + random_sequence(rng, 2000), backbone + random_sequence(rng, 2000)
    assert 450 < bounds(a, rotate_at_random(rng, b))[1] < Levenshtein.distance(a, b) < 1100


def test_plasmids_that_share_a_backbone_are_grouped_by_their_inserts():
    rng = np.random.default_rng(1)
    backbone = random_sequence(rng, 3000)
    inserts = [random_sequence(rng, 1500) for _ in range(4)]
    X = [rotate_at_random(rng, mutate(rng, backbone + inserts[i % 4], 100)) for i in range(24)]
    groups = levenshtein_groups(X, 400, topology="circular", both_strands=True)
    np.testing.assert_array_equal(groups, np.arange(24) % 4)
