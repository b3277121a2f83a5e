"""Bounds of the distance of circular sequences that need no alignment, from shared k-mers.

An edit changes at most `K` of the circular k-mers of a sequence, and `_SHARE` of every `_STEP`-th k-mer. So a
sequence with more than ``_SHARE * d`` such k-mers that are absent from another one, on both strands, is more
than d edits away. This bound is certain. It is reached if no k-mer contains two edits. The edits of plasmids
come in clusters: plasmids share a backbone, and differ in their inserts. So the edits are also estimated,
block by block: if a share c of the k-mers occurs in the other sequence, about 1 - c ** (1 / `K`) of the
symbols differ, because a k-mer is kept if all its symbols are. The estimate of a block is at most the share
that differs between unrelated DNA, about a half.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed._kmers import window_base, window_hashes
from skseed._sequences import Codes, Sequences

K = 10
UNRELATED = 0.5
_STEP = 5
_SHARE = K // _STEP
# the 64 bytes of a block are added eight at once
_BLOCK = 64
# a table of this size fits into a second-level cache; collisions only bring sequences closer
_TABLE_BITS = 20
# as many sequences as fit into the cache too
_AT_ONCE = 128
_NO_KMER = 1 << _TABLE_BITS
_MIX = np.uint64(0x9E3779B97F4A7C15)
_ONES = np.uint64(0x0101010101010101)
_SIZES, _LOST = np.ogrid[: _BLOCK + 1, : _BLOCK + 1]
_KEPT = np.clip(1 - _LOST / np.maximum(_SIZES, 1), 0, 1)
# the estimate for a block of that many k-mers, of which that many are absent
_EDITS = np.minimum(1 - _KEPT ** (1 / K), UNRELATED) * _SIZES * _STEP


@dataclass(frozen=True)
class Coverage:
    """Every `_STEP`-th k-mer of circular sequences, in blocks.

    Parameters
    ----------
    kmers : list of ndarray of shape (n_blocks, 64), dtype intp
        The k-mers of each sequence, as places in a table; the last block is filled up.
    sizes : list of ndarray of shape (n_blocks,), dtype intp
        The number of k-mers in each block.
    n_symbols : int
        The number of different codes.
    native : tuple of two ndarray, or None
        For native code: all k-mers as int32, and the index of the first block of each sequence.
    """

    kmers: list[npt.NDArray[np.intp]]
    sizes: list[npt.NDArray[np.intp]]
    n_symbols: int
    native: tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]] | None = None

    @classmethod
    def of(cls, sequences: Sequences, *, native: bool = False) -> "Coverage":
        """Return the k-mers of circular sequences."""
        blocks, sizes = [], []
        n_symbols = sequences.alphabet.padding_code
        for codes in sequences:
            # the gap at the end is as wide as the others or wider, so that no edit changes one k-mer more
            kmers = _places(codes, n_symbols, native=native)[: len(codes) // _STEP * _STEP : _STEP]
            n_blocks = max(1, -(-len(kmers) // _BLOCK))
            filled = np.full(n_blocks * _BLOCK, _NO_KMER, dtype=np.intp)
            filled[: len(kmers)] = kmers
            blocks.append(filled.reshape(n_blocks, _BLOCK))
            sizes.append(np.clip(len(kmers) - np.arange(n_blocks) * _BLOCK, 0, _BLOCK))
        if not native:
            return cls(blocks, sizes, n_symbols)
        first = np.cumsum([0, *map(len, blocks)], dtype=np.int64)
        flat: npt.NDArray[np.int32] = np.concatenate(blocks).astype(np.int32)
        return cls([], sizes, n_symbols, (flat, first))

    def bounds(
        self, strands: list[Codes], chosen: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return how many edits another sequence is at least away from the chosen ones, and an estimate.

        `strands` are the codes of the other sequence on each strand that counts; `chosen` must not be empty.
        Both results have the shape (n_chosen,): less than the first is impossible, much less than the second
        unlikely.
        """
        absent = np.full(_NO_KMER + 1, 2 ** len(strands) - 1, dtype=np.uint8)
        for bit, codes in enumerate(strands):
            absent[_places(codes, self.n_symbols, native=self.native is not None)] &= ~np.uint8(1 << bit)
        absent[_NO_KMER] = 0
        if self.native is not None:
            return self._native_bounds(absent, len(strands), chosen)
        least = np.empty(len(chosen), dtype=np.int64)
        estimates = np.empty(len(chosen))
        for start in range(0, len(chosen), _AT_ONCE):
            now = slice(start, start + _AT_ONCE)
            kmers = [self.kmers[index] for index in chosen[now].tolist()]
            sizes = np.concatenate([self.sizes[index] for index in chosen[now].tolist()])
            first = np.cumsum([0, *map(len, kmers[:-1])])
            eighths = absent.take(np.concatenate(kmers)).view(np.uint64)
            lost = [_bits_of_blocks(eighths >> np.uint64(bit)) for bit in range(len(strands))]
            least[now], estimates[now] = np.min([_bounds(each, sizes, first) for each in lost], axis=0)
        return least, estimates

    def _native_bounds(
        self, absent: npt.NDArray[np.uint8], n_strands: int, chosen: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        from skseed.distances._circular_kernels import lost_kernel

        assert self.native is not None
        kmers, first = self.native
        sizes = [self.sizes[index] for index in chosen.tolist()]
        starts = np.cumsum([0, *map(len, sizes)])
        lost = np.empty((starts[-1], 2), dtype=np.int64)
        arrays = (kmers, first, absent, chosen.astype(np.int64), lost)
        lost_kernel(_BLOCK)(*(array.ctypes.data for array in arrays), len(chosen))
        all_sizes = np.concatenate(sizes)
        bounds = [_bounds(lost[:, strand], all_sizes, starts[:-1]) for strand in range(n_strands)]
        least, estimates = np.min(bounds, axis=0)
        return least.astype(np.int64), estimates


def _bits_of_blocks(eighths: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    """Return the sum of the lowest bits of the bytes of each block."""
    # no sum of bytes exceeds 64, so that none overflows into the next byte
    return ((eighths & _ONES).sum(axis=1) * _ONES >> np.uint64(56)).astype(np.intp)


def _bounds(
    lost: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp], first: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return both bounds from the numbers of absent k-mers of blocks of given sizes."""
    return -(-np.add.reduceat(lost, first) // _SHARE), np.add.reduceat(_EDITS[sizes, lost], first)


def circular_hashes(
    codes: Codes, width: int, n_symbols: int, mix: np.uint64, *, native: bool
) -> npt.NDArray[np.uint64]:
    """Return a hash of the circular window that starts at each symbol, multiplied by an odd number."""
    if not native or len(codes) < width:
        around = np.concatenate([codes, np.resize(codes, width - 1)])
        return window_hashes(around, width=width, n_symbols=n_symbols)[: len(codes)] * mix
    from skseed.distances._circular_kernels import hash_kernel

    base = window_base(width=width, n_symbols=n_symbols)
    # C integers are signed here
    numbers = (base, pow(base, width, 2**64), int(mix))
    signed = (number - 2**64 if number >= 2**63 else number for number in numbers)
    hashes = np.empty(len(codes), dtype=np.uint64)
    codes = np.ascontiguousarray(codes)
    hash_kernel()(codes.ctypes.data, hashes.ctypes.data, len(codes), width, *signed)
    return hashes


def _places(codes: Codes, n_symbols: int, *, native: bool) -> npt.NDArray[np.intp]:
    """Return a place in the table for the circular k-mer that starts at each symbol."""
    hashes = circular_hashes(codes, K, n_symbols, _MIX, native=native)
    return (hashes >> np.uint64(64 - _TABLE_BITS)).astype(np.intp)
