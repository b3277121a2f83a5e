"""Sketches of long k-mers: what they contain, and what they do not depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skseed.alphabets import DNA
from skseed.preprocessing import _kmer_sketches
from skseed.preprocessing._kmer_sketches import kmer_sketches
from tests.reference import canonical_kmers

plasmids = st.lists(st.text("ACGT", max_size=40), min_size=1, max_size=6)


def sets_of(sequences: list[str], k: int, *, fraction: float = 1.0, circular: bool = True) -> list[set[int]]:
    sketches = kmer_sketches(sequences, k=k, fraction=fraction, circular=circular)
    return [set(part.tolist()) for part in np.split(sketches.hashes, sketches.indptr[1:-1])]


@given(st.lists(st.text("ACGTN", max_size=30), min_size=1, max_size=5), st.integers(1, 9), st.booleans())
def test_kmers_are_those_of_a_plain_reading(sequences: list[str], k: int, circular: bool) -> None:
    words = [set(canonical_kmers(sequence, k, circular=circular)) for sequence in sequences]
    # a word by itself has one k-mer, whose hash is its name
    names = {word: sets_of([word], k, circular=False)[0] for word in set().union(*words)}
    assert all(len(name) == 1 for name in names.values())
    expected = [{value for word in row for value in names[word]} for row in words]
    assert sets_of(sequences, k, circular=circular) == expected


@given(plasmids, st.integers(1, 9), st.data())
def test_strand_and_rotation_do_not_matter(sequences: list[str], k: int, data: st.DataObject) -> None:
    turned = []
    for sequence in sequences:
        cut = data.draw(st.integers(0, len(sequence)))
        other = sequence[cut:] + sequence[:cut]
        turned.append(DNA.reverse_complement(other) if data.draw(st.booleans()) else other)
    assert sets_of(turned, k) == sets_of(sequences, k)


def test_a_fraction_keeps_that_share_and_the_same_ones_everywhere() -> None:
    letters = np.random.default_rng(0).choice(list("ACGT"), size=40_000)
    sequence = "".join(letters)
    (whole,) = sets_of([sequence], 21)
    (eighth,) = sets_of([sequence], 21, fraction=0.125)
    assert eighth < whole
    assert len(eighth) / len(whole) == pytest.approx(0.125, abs=0.006)
    (part,) = sets_of([sequence[5_000:9_000]], 21, fraction=0.125, circular=False)
    assert part == eighth & sets_of([sequence[5_000:9_000]], 21, circular=False)[0]


def test_buffers_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    sequences = [
        "".join(rng.choice(list("ACGTN"), size=size, p=[0.24] * 4 + [0.04])) for size in (300, 4, 80)
    ]
    expected = sets_of(sequences * 5, 7)
    monkeypatch.setattr(_kmer_sketches, "_BUFFER_SIZE", 100)
    assert sets_of(sequences * 5, 7) == expected


def test_a_foreign_letter_is_named() -> None:
    with pytest.raises(ValueError, match=r"X\[1\] has '-' at position 2"):
        kmer_sketches(["ACGT", "AC-T"], k=3, fraction=1.0, circular=True)
