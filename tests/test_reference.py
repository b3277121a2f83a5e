"""The reference implementations against known values and against other libraries."""

import numpy as np
import pytest
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from tests import reference


@pytest.mark.parametrize(
    ("a", "b", "distance"), [("", "", 0), ("", "ACG", 3), ("kitten", "sitting", 3), ("GATTACA", "GCATGCA", 3)]
)
def test_edit_distance_of_known_pairs(a: str, b: str, distance: int) -> None:
    assert reference.edit_distance(a, b) == reference.edit_distance(b, a) == distance


@given(st.text("ACGTé€", max_size=12), st.text("ACGTé€", max_size=12))
def test_edit_distance_equals_rapidfuzz(a: str, b: str) -> None:
    assert reference.edit_distance(a, b) == Levenshtein.distance(a, b)


def test_circular_edit_distance_ignores_rotation_and_strand() -> None:
    assert reference.circular_edit_distance("GATTACA", "ACAGATT") == 0
    assert reference.edit_distance("GATTACA", "ACAGATT") > 0
    strand = reference.reverse_complement("ACAGATT")
    assert reference.circular_edit_distance("GATTACA", strand) > 0
    assert reference.circular_edit_distance("GATTACA", strand, both_strands=True) == 0


@given(st.text("ACGTRYKMBVDHSWNacgtn", max_size=20))
def test_reverse_complement_equals_biopython(sequence: str) -> None:
    assert reference.reverse_complement(sequence) == str(Seq(sequence).reverse_complement())


@given(st.text("ACGT", max_size=30), st.integers(0, 8), st.integers(0, 2**32 - 1))
def test_mutate_stays_within_the_number_of_edits(sequence: str, n_edits: int, seed: int) -> None:
    mutated = reference.mutate(np.random.default_rng(seed), sequence, n_edits)
    assert Levenshtein.distance(sequence, mutated) <= n_edits


def test_kmers_of_known_sequences() -> None:
    assert reference.kmers("ACGTA", 3) == ["ACG", "CGT", "GTA"]
    assert reference.kmers("ACGTA", 3, circular=True) == ["ACG", "CGT", "GTA", "TAA", "AAC"]
    assert reference.kmers("AC", 3, circular=True) == []
    assert reference.canonical_kmers("ACGNTTG", 2) == ["AC", "CG", "AA", "CA"]


@pytest.mark.parametrize(
    ("tie_break", "positions"), [("leftmost", [0, 2]), ("robust", [2]), ("slot", [0, 3])]
)
def test_minimizers_of_known_kmers(tie_break: str, positions: list[int]) -> None:
    rank = {"A": 0, "C": 1, "G": 2}
    assert reference.minimizers(list("ACAAG"), rank, 3, tie_break) == positions


def test_connected_components_are_numbered_in_order_of_appearance() -> None:
    adjacent = np.zeros((5, 5), dtype=bool)
    adjacent[0, 3] = adjacent[3, 0] = adjacent[3, 4] = adjacent[4, 3] = True
    np.testing.assert_array_equal(reference.connected_components(adjacent), [0, 1, 2, 0, 0])


@pytest.mark.parametrize(("max_distance", "edits"), [(3, 3), (0.3, 3), (0.29, 2), (1.0, 10)])
def test_cutoff_counts_fractions_of_the_longer_length(max_distance: float, edits: int) -> None:
    assert reference.cutoff("ACGT", "ACGTACGTAC", max_distance) == edits
