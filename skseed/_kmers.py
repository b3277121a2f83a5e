"""K-mers of symbol codes: integer codes, canonical codes, hashes and sketches.

This is the only module that packs k-mers into integers. The code of a k-mer is the number whose digits in
base `n_symbols` are its symbol codes; the first symbol is the most significant digit. Codes are computed by
doubling: the code of eight symbols is computed from two codes of four symbols.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from skseed._progress import track
from skseed._sequences import Sequences

Codes = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

# a DNA k-mer of 31 symbols fits into 62 bits
MAX_DNA_K = 31
_ODD_BASE = 0x9E3779B97F4A7C15
_SKETCH_SEED = 0
# symbols handled at once: arrays of eight-byte numbers of this size fit into a second-level cache
_SKETCH_CHUNK = 1 << 16


def largest_k(n_symbols: int, *, limit: int = 2**63) -> int:
    """Return the largest k for which the number of k-mers is below `limit`."""
    k = 1
    while max(2, n_symbols) ** (k + 1) < limit:
        k += 1
    return k


def kmer_codes(symbols: npt.NDArray[np.integer], *, k: int, n_symbols: int) -> tuple[Codes, Mask | None]:
    """Return the code of the k-mer that starts at each symbol.

    Parameters
    ----------
    symbols : ndarray of shape (n,)
        Symbol codes; a code of at least `n_symbols` is a wildcard or padding.
    k : int
        Symbols in a k-mer, at most ``largest_k(n_symbols)``.
    n_symbols : int
        The size of the alphabet.

    Returns
    -------
    codes : ndarray of shape (max(0, n - k + 1),), dtype int64
        The codes, between 0 and ``n_symbols**k - 1``.
    valid : ndarray of shape (max(0, n - k + 1),), dtype bool, or None
        True for k-mers without a wildcard; None if no k-mer has a wildcard.
    """
    foreign = symbols >= n_symbols
    valid = None
    if foreign.any():
        before = np.concatenate([[0], np.cumsum(foreign)])
        valid = before[k:] == before[:-k]
        symbols = np.where(foreign, 0, symbols)
    return _rolling(symbols.astype(np.uint64), k, n_symbols).view(np.int64), valid


def window_hashes(symbols: npt.NDArray[np.integer], *, width: int, n_symbols: int) -> Hashes:
    """Return a hash of the window of `width` symbols that starts at each symbol.

    If ``n_symbols**width`` is at most 2**64, the hash is the code of the window, so different windows have
    different hashes. For wider windows, the hash is computed modulo 2**64 in a base that is a fixed odd
    number.

    Parameters
    ----------
    symbols : ndarray of shape (n,)
        Symbol codes below `n_symbols`.
    width : int
        Symbols in a window.
    n_symbols : int
        The size of the alphabet.

    Returns
    -------
    hashes : ndarray of shape (max(0, n - width + 1),), dtype uint64
        The hashes.
    """
    base = window_base(width=width, n_symbols=n_symbols)
    return _rolling(symbols.astype(np.uint64), width, base)


def window_base(*, width: int, n_symbols: int) -> int:
    """Return the base of the numbers that `window_hashes` returns."""
    return n_symbols if n_symbols**width <= 2**64 else _ODD_BASE


def canonical_kmer_codes(symbols: npt.NDArray[np.uint8], *, k: int) -> tuple[Codes, Mask, Mask | None]:
    """Return the smaller of the codes of each DNA k-mer and of its reverse complement.

    Parameters
    ----------
    symbols : ndarray of shape (n,), dtype uint8
        Codes of the DNA or RNA alphabet; a code of at least 4 is a wildcard or padding.
    k : int
        Symbols in a k-mer, at most 31.

    Returns
    -------
    codes : ndarray of shape (max(0, n - k + 1),), dtype int64
        The codes.
    is_forward : ndarray of the same shape, dtype bool
        Whether the k-mer itself has the smaller code.
    valid : ndarray of the same shape, dtype bool, or None
        True for k-mers without a wildcard; None if no k-mer has a wildcard.
    """
    forward, valid = kmer_codes(symbols, k=k, n_symbols=4)
    # A, C, G and T are 0 to 3, so the code of a complement is 3 minus the code; wildcards stay above 3
    complement = np.where(symbols < 4, 3 - symbols, symbols)[::-1]
    backward = kmer_codes(complement, k=k, n_symbols=4)[0][::-1]
    return np.minimum(forward, backward), forward <= backward, valid


def gapped_placements(k: int, n_gaps: int) -> list[tuple[int, ...]]:
    """Return the positions of the symbols of k-mers that skip at most `n_gaps` positions; the first is 0."""
    return [(0, *rest) for rest in combinations(range(1, k + n_gaps), k - 1)]


def gapped_kmer_codes(
    symbols: npt.NDArray[np.integer], *, placement: tuple[int, ...], n_symbols: int
) -> tuple[Codes, Mask | None]:
    """Return the code of the symbols at the positions of a spaced seed that starts at each symbol.

    Parameters
    ----------
    symbols : ndarray of shape (n,)
        Symbol codes; a code of at least `n_symbols` is a wildcard or padding.
    placement : tuple of int
        The positions of the symbols from the start of the seed, ascending from 0. (0, 1, 3) is the seed 1101.
    n_symbols : int
        The size of the alphabet.

    Returns
    -------
    codes : ndarray of shape (max(0, n - placement[-1]),), dtype int64
        The codes.
    valid : ndarray of the same shape, dtype bool, or None
        True for k-mers without a wildcard; None if no k-mer has a wildcard. A skipped wildcard is allowed.
    """
    n_windows = max(0, len(symbols) - placement[-1])
    foreign = symbols >= n_symbols
    valid = None
    if foreign.any():
        valid = ~np.any([foreign[place : place + n_windows] for place in placement], axis=0)
        symbols = np.where(foreign, 0, symbols)
    codes = np.zeros(n_windows, dtype=np.int64)
    for place in placement:
        codes *= n_symbols
        codes += symbols[place : place + n_windows]
    return codes, valid


def reverse_complement_codes(codes: Codes, *, k: int, complement: npt.NDArray[np.integer]) -> Codes:
    """Return the codes of the reverse complements of k-mers; `complement` maps symbol codes."""
    n_symbols = len(complement)
    rest, result = codes, np.zeros_like(codes)
    for _ in range(k):
        rest, last = np.divmod(rest, n_symbols)
        result *= n_symbols
        result += complement[last]
    return result


def kmer_starts(
    offsets: npt.NDArray[np.int64], k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the start of every k-mer of sequences that are stored end to end.

    Parameters
    ----------
    offsets : ndarray of shape (n_sequences + 1,), dtype int64
        The bounds of the sequences.
    k : int
        Symbols in a k-mer.

    Returns
    -------
    starts : ndarray of shape (n_kmers,), dtype int64
        The positions of the first symbols of all k-mers that are within one sequence, ascending.
    owners : ndarray of shape (n_kmers,), dtype int64
        The index of the sequence of each k-mer.
    """
    n_kmers = np.maximum(np.diff(offsets) - k + 1, 0)
    owners = np.repeat(np.arange(len(n_kmers)), n_kmers)
    first = np.cumsum(n_kmers) - n_kmers
    return np.arange(len(owners)) + np.repeat(offsets[:-1] - first, n_kmers), owners


def decode_kmers(codes: Codes, *, k: int, n_symbols: int) -> npt.NDArray[np.uint8]:
    """Return the symbol codes of k-mers, shape (n_kmers, k)."""
    symbols = np.empty((len(codes), k), dtype=np.uint8)
    rest = codes
    for column in range(k - 1, -1, -1):
        rest, symbols[:, column] = np.divmod(rest, n_symbols)
    return symbols


def spell_kmers(codes: Codes, *, k: int, symbols: str) -> npt.NDArray[np.str_]:
    """Return k-mers as an array of ``str``; `symbols` are the ASCII letters of the alphabet."""
    letters = np.frombuffer(symbols.encode("ascii"), dtype=np.uint8)
    text = letters[decode_kmers(codes, k=k, n_symbols=len(symbols))]
    return text.view(f"S{k}").ravel().astype(f"U{k}")


def mix64(codes: npt.NDArray[np.integer], seed: int) -> Hashes:
    """Return codes scrambled by the 64-bit finalizer of SplitMix64, a bijection for every seed.

    Each input bit flips each output bit with a probability near one half, and two different k-mers never
    collide. The seed passes through the same mixer, so that neighboring seeds give unrelated hashes.
    """
    key = np.array([seed], dtype=np.uint64) + np.uint64(_ODD_BASE)
    _scramble(key)
    mixed: Hashes = codes.astype(np.uint64) ^ key
    _scramble(mixed)
    return mixed


@dataclass(frozen=True)
class Sketches:
    """Sketches of sequences, end to end.

    The sketch of sequence i is ``hashes[indptr[i] : indptr[i + 1]]``, ascending.

    Parameters
    ----------
    hashes : ndarray of shape (n_hashes,), dtype uint64
        Distinct hashes of each sequence.
    indptr : ndarray of shape (n_sequences + 1,), dtype int64
        The bounds of the sketches.
    """

    hashes: Hashes
    indptr: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """The number of hashes of each sketch."""
        return np.diff(self.indptr)


def kmer_sketches(sequences: Sequences, *, k: int, fraction: float) -> Sketches:
    """Return the FracMinHash sketch of each DNA sequence: the small hashes of its distinct canonical k-mers.

    The hash of a k-mer determines whether it is kept, so the same k-mers are kept in all sequences. A sketch
    does not depend on the strand or, for the circular topology, on the start of the sequence.

    Parameters
    ----------
    sequences : Sequences
        DNA or RNA. K-mers with a wildcard are ignored, and a sequence shorter than `k` has no k-mers. The
        k-mers across the end of a circular sequence are included.
    k : int
        Symbols in a k-mer, at most 31.
    fraction : float
        The expected share of the k-mers that is kept, in (0, 1].

    Returns
    -------
    sketches : Sketches
        The sketches, in the order of the sequences.
    """
    largest = _largest_hash(fraction)
    hashes = [np.zeros(0, dtype=np.uint64)]
    sizes = np.zeros(len(sequences), dtype=np.int64)
    chunks = list(sequences.chunks(_SKETCH_CHUNK))
    n_rows = [stop - start for start, stop in chunks]
    for start, stop in track(chunks, len(sequences), "sequences read", sizes=n_rows):
        rows = np.flatnonzero(sequences.lengths[start:stop] >= k)
        chunk = sequences.slice(start, stop)
        if len(rows) < len(chunk):
            chunk = chunk.take(rows)
        if not len(chunk):
            continue
        if sequences.topology == "circular":
            chunk = chunk.wrapped(k - 1)
        kept, owners, _ = _small_hashes(chunk, k, largest)
        order = np.lexsort((kept, owners))
        kept, owners = kept[order], owners[order]
        first = np.ones(len(kept), dtype=bool)
        first[1:] = (kept[1:] != kept[:-1]) | (owners[1:] != owners[:-1])
        hashes.append(kept[first])
        sizes[start + rows] = np.bincount(owners[first], minlength=len(rows))
    return Sketches(np.concatenate(hashes), np.concatenate([[0], np.cumsum(sizes)]))


def sketch_positions(sequence: Sequences, *, k: int, fraction: float) -> tuple[npt.NDArray[np.int64], Hashes]:
    """Return where the k-mers of the sketch of a single sequence start, and their hashes.

    Parameters
    ----------
    sequence : Sequences
        One DNA or RNA sequence.
    k : int
        Symbols in a k-mer, at most 31.
    fraction : float
        The expected share of the k-mers that is kept, in (0, 1].

    Returns
    -------
    starts : ndarray of shape (n_occurrences,), dtype int64
        The positions, ascending. A k-mer that occurs several times has several.
    hashes : ndarray of shape (n_occurrences,), dtype uint64
        The hash of the k-mer at each position, as in :func:`kmer_sketches`.
    """
    if sequence.lengths[0] < k:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    wrapped = sequence.wrapped(k - 1) if sequence.topology == "circular" else sequence
    hashes, _, starts = _small_hashes(wrapped, k, _largest_hash(fraction))
    return starts, hashes


def _largest_hash(fraction: float) -> np.uint64:
    return np.uint64(min(int(fraction * 2.0**64), 2**64 - 1))


def _small_hashes(
    sequences: Sequences, k: int, largest: np.uint64
) -> tuple[Hashes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the hashes <= `largest` of k-mers without a wildcard, their sequences and their places."""
    codes, _, valid = canonical_kmer_codes(sequences.codes, k=k)
    values = mix64(codes, _SKETCH_SEED)
    small = values <= largest
    if valid is not None:
        small &= valid
    places = np.flatnonzero(small)
    owners = np.searchsorted(sequences.offsets, places, side="right") - 1
    # a window that extends into the next sequence is not a k-mer
    inside = places + k <= sequences.offsets[owners + 1]
    return values[places[inside]], owners[inside], places[inside]


def _rolling(symbols: Hashes, width: int, base: int) -> Hashes:
    """Return, for each window, the number whose digits in `base` are its symbols, modulo 2**64."""
    grown, codes, length, done = symbols, None, 1, 0
    # the memory of the symbols is freed as soon as pairs of them are joined
    del symbols
    remaining = width
    while True:
        if remaining & 1:
            codes = grown if codes is None else _join(grown, codes, length, done, base)
            done += length
        remaining >>= 1
        if not remaining:
            break
        grown = _join(grown, grown, length, length, base)
        length *= 2
    assert codes is not None
    return codes


def _join(left: Hashes, right: Hashes, left_width: int, right_width: int, base: int) -> Hashes:
    """Return the number of each window of `left` joined with the window of `right` that follows it."""
    n_windows = max(0, len(right) - left_width)
    joined = left[:n_windows] * np.uint64(pow(base, right_width, 2**64))
    joined += right[left_width:]
    return joined


def _scramble(values: Hashes) -> None:
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
