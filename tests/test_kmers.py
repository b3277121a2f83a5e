"""K-mer codes, hashes and sketches against plain string code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

# tests a private module, because only this module packs k-mers
from skseed._kmers import (
    canonical_kmer_codes,
    decode_kmers,
    kmer_codes,
    kmer_sketches,
    kmer_starts,
    largest_k,
    mix64,
    spell_kmers,
    window_hashes,
)
from skseed._sequences import as_sequences
from skseed.alphabets import DNA, PROTEIN

texts = st.text("ACGTN", max_size=60)
sizes = st.integers(1, 9)


def kmers_of(text: str, k: int) -> list[str]:
    return [text[i : i + k] for i in range(len(text) - k + 1)]


def plain_code(kmer: str, symbols: str = DNA.symbols) -> int:
    code = 0
    for letter in kmer:
        code = code * len(symbols) + symbols.index(letter)
    return code


@given(texts, sizes)
def test_codes_equal_the_plain_implementation(text, k):
    codes, valid = kmer_codes(DNA.encode(text), k=k, n_symbols=4)
    kmers = kmers_of(text, k)
    assert len(codes) == len(kmers)
    known = np.array(["N" not in kmer for kmer in kmers], dtype=bool)
    assert_array_equal(np.ones(len(kmers), dtype=bool) if valid is None else valid, known)
    expected = [plain_code(kmer) for kmer in kmers if "N" not in kmer]
    assert codes[known].tolist() == expected
    spelled = spell_kmers(codes[known], k=k, symbols=DNA.symbols).tolist()
    assert spelled == [kmer for kmer in kmers if "N" not in kmer]


@given(texts, sizes)
def test_canonical_code_is_the_smaller_of_both_strands(text, k):
    codes, is_forward, valid = canonical_kmer_codes(DNA.encode(text), k=k)
    for index, kmer in enumerate(kmers_of(text, k)):
        if "N" in kmer:
            assert valid is not None
            assert not valid[index]
            continue
        own, other = plain_code(kmer), plain_code(DNA.reverse_complement(kmer))
        assert (codes[index], is_forward[index]) == (min(own, other), own <= other)


@given(st.lists(st.integers(0, 6), max_size=80).map(lambda codes: np.array(codes, dtype=np.uint8)),
       st.sampled_from([1, 2, 5, 16, 40]))  # fmt: skip
def test_equal_windows_have_equal_hashes(codes, width):
    hashes = window_hashes(codes, width=width, n_symbols=7)
    windows = [codes[i : i + width].tobytes() for i in range(len(codes) - width + 1)]
    assert len(hashes) == len(windows)
    assert (
        len(set(zip(hashes.tolist(), windows, strict=True))) == len(set(windows)) == len(set(hashes.tolist()))
    )


@given(st.lists(texts, min_size=1, max_size=5), sizes)
def test_starts_are_those_of_kmers_within_a_sequence(strings, k):
    sequences = as_sequences(strings, alphabet="dna")
    starts, owners = kmer_starts(sequences.offsets, k)
    joined = "".join(strings)
    found = [(owner, joined[start : start + k]) for start, owner in zip(starts, owners, strict=True)]
    assert found == [(i, kmer) for i, string in enumerate(strings) for kmer in kmers_of(string, k)]


@given(st.lists(texts, min_size=1, max_size=5), st.integers(1, 5), st.sampled_from(["linear", "circular"]))
def test_sketch_with_fraction_1_holds_all_canonical_kmers(strings, k, topology):
    sketches = kmer_sketches(as_sequences(strings, alphabet="dna", topology=topology), k=k, fraction=1.0)
    assert len(sketches) == len(strings)
    for index, string in enumerate(strings):
        around = string + string[: k - 1] if topology == "circular" and len(string) >= k else string
        kmers = [kmer for kmer in kmers_of(around, k) if "N" not in kmer]
        canonical = {min(plain_code(kmer), plain_code(DNA.reverse_complement(kmer))) for kmer in kmers}
        expected = np.sort(mix64(np.array(sorted(canonical), dtype=np.int64), 0))
        assert_array_equal(sketches.hashes[sketches.indptr[index] : sketches.indptr[index + 1]], expected)
    assert_array_equal(sketches.sizes, np.diff(sketches.indptr))


def test_smaller_fraction_keeps_the_smallest_hashes():
    rng = np.random.default_rng(0)
    sequences = as_sequences(["".join(rng.choice(list("ACGT"), 20_000))], alphabet="dna")
    every = kmer_sketches(sequences, k=12, fraction=1.0).hashes
    some = kmer_sketches(sequences, k=12, fraction=0.1).hashes
    assert_array_equal(some, every[: len(some)])
    assert len(some) == pytest.approx(0.1 * len(every), rel=0.2)


@pytest.mark.parametrize(("alphabet", "k"), [(DNA, 31), (PROTEIN, 14)])
def test_largest_k_fits_into_63_bits(alphabet, k):
    assert largest_k(len(alphabet)) == k
    codes, _ = kmer_codes(np.full(k, len(alphabet) - 1, dtype=np.uint8), k=k, n_symbols=len(alphabet))
    assert codes.tolist() == [len(alphabet) ** k - 1]
    assert_array_equal(decode_kmers(codes, k=k, n_symbols=len(alphabet)), [[len(alphabet) - 1] * k])


def test_mix64_is_a_permutation_that_changes_half_of_the_bits():
    codes = np.arange(1 << 16)
    mixed = mix64(codes, 7)
    assert len(np.unique(mixed)) == len(codes)
    flipped = mixed ^ mix64(codes ^ 1, 7)
    assert np.unpackbits(flipped.view(np.uint8)).mean() == pytest.approx(0.5, abs=0.002)
    # neighboring seeds give unrelated orders
    other = mix64(codes, 8)
    assert abs(np.corrcoef(np.argsort(mixed), np.argsort(other))[0, 1]) < 0.02


@pytest.mark.parametrize("k", [1, 2, 7, 8, 13, 31])
def test_codes_are_in_the_order_of_the_alphabet(k):
    symbols = np.random.default_rng(k).integers(4, size=100).astype(np.uint8)
    codes, valid = kmer_codes(symbols, k=k, n_symbols=4)
    assert valid is None
    windows = np.lib.stride_tricks.sliding_window_view(symbols, k)
    assert_array_equal(decode_kmers(codes, k=k, n_symbols=4), windows)
    assert_array_equal(np.argsort(codes, kind="stable"), np.lexsort(windows.T[::-1]))


@pytest.mark.parametrize(("n_symbols", "limit", "k"), [(4, 2**31, 15), (20, 2**31, 7), (1, 2**31, 30)])
def test_largest_k_below_a_limit(n_symbols, limit, k):
    assert largest_k(n_symbols, limit=limit) == k


@given(st.lists(st.text("ACGT", max_size=40), min_size=1, max_size=6), st.integers(1, 9), st.data())
def test_circular_sketch_does_not_depend_on_strand_and_rotation(strings, k, data):
    turned = []
    for string in strings:
        start = data.draw(st.integers(0, len(string)))
        rotated = string[start:] + string[:start]
        turned.append(DNA.reverse_complement(rotated) if data.draw(st.booleans()) else rotated)
    sketches = [
        kmer_sketches(as_sequences(X, alphabet="dna", topology="circular"), k=k, fraction=1.0)
        for X in (strings, turned)
    ]
    assert_array_equal(sketches[0].hashes, sketches[1].hashes)
    assert_array_equal(sketches[0].indptr, sketches[1].indptr)


def test_sketches_do_not_depend_on_the_chunks(monkeypatch):
    rng = np.random.default_rng(0)
    strings = ["".join(rng.choice(list("ACGTN"), size=n, p=[0.24] * 4 + [0.04])) for n in (300, 4, 80)] * 5
    sequences = as_sequences(strings, alphabet="dna", topology="circular")
    expected = kmer_sketches(sequences, k=7, fraction=0.5)
    # the size of the chunks is private; a small one divides these sequences
    monkeypatch.setattr("skseed._kmers._SKETCH_CHUNK", 100)
    found = kmer_sketches(sequences, k=7, fraction=0.5)
    assert_array_equal(found.hashes, expected.hashes)
    assert_array_equal(found.indptr, expected.indptr)
