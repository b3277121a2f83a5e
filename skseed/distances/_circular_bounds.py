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

from skseed._kmers import window_hashes
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
    """

    kmers: list[npt.NDArray[np.intp]]
    sizes: list[npt.NDArray[np.intp]]
    n_symbols: int

    @classmethod
    def of(cls, sequences: Sequences) -> "Coverage":
        """Return the k-mers of circular sequences."""
        blocks, sizes = [], []
        n_symbols = sequences.alphabet.padding_code
        for codes in sequences:
            # the gap at the end is as wide as the others or wider, so that no edit changes one k-mer more
            kmers = _places(codes, n_symbols)[: len(codes) // _STEP * _STEP : _STEP]
            n_blocks = max(1, -(-len(kmers) // _BLOCK))
            filled = np.full(n_blocks * _BLOCK, _NO_KMER, dtype=np.intp)
            filled[: len(kmers)] = kmers
            blocks.append(filled.reshape(n_blocks, _BLOCK))
            sizes.append(np.clip(len(kmers) - np.arange(n_blocks) * _BLOCK, 0, _BLOCK))
        return cls(blocks, sizes, n_symbols)

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
            absent[_places(codes, self.n_symbols)] &= ~np.uint8(1 << bit)
        absent[_NO_KMER] = 0
        least = np.empty(len(chosen), dtype=np.int64)
        estimates = np.empty(len(chosen))
        for start in range(0, len(chosen), _AT_ONCE):
            now = slice(start, start + _AT_ONCE)
            kmers = [self.kmers[index] for index in chosen[now].tolist()]
            sizes = np.concatenate([self.sizes[index] for index in chosen[now].tolist()])
            first = np.cumsum([0, *map(len, kmers[:-1])])
            eighths = absent.take(np.concatenate(kmers)).view(np.uint64)
            bounds = [_bounds(eighths >> np.uint64(bit), sizes, first) for bit in range(len(strands))]
            least[now], estimates[now] = np.min(bounds, axis=0)
        return least, estimates


def _bounds(
    eighths: npt.NDArray[np.uint64], sizes: npt.NDArray[np.intp], first: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return both bounds from the lowest bits of the bytes of blocks of given sizes."""
    # no sum of bytes exceeds 64, so that none overflows into the next byte
    lost = ((eighths & _ONES).sum(axis=1) * _ONES >> np.uint64(56)).astype(np.intp)
    return -(-np.add.reduceat(lost, first) // _SHARE), np.add.reduceat(_EDITS[sizes, lost], first)


def _places(codes: Codes, n_symbols: int) -> npt.NDArray[np.intp]:
    """Return a place in the table for the circular k-mer that starts at each symbol."""
    around = np.concatenate([codes, np.resize(codes, K - 1)])
    hashes = window_hashes(around, width=K, n_symbols=n_symbols)[: len(codes)]
    return (hashes * _MIX >> np.uint64(64 - _TABLE_BITS)).astype(np.intp)
