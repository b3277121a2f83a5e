"""How much of a circle stands in another one: bounds of their distance that need no alignment.

An edit touches at most `WORD` of the circular words of a sequence, `_SHARE` of every `_STEP`-th word. So a
sequence with more than ``_SHARE * d`` such words that the other one lacks, on either strand, is more than d
edits away: that is certain. It takes the edits for spread so that none touches a word twice, though. Those
of plasmids are not: they share a backbone, and differ in what it carries. So the edits are also estimated,
block by block: where a share c of the words stands in the other sequence, about 1 - c ** (1 / `WORD`) of
the letters differ, for a word is kept if all its letters are. No block is taken for more different than
unrelated DNA is, of which about a half differs.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed.distances._letters import Letters

WORD = 10
_STEP = 5
_SHARE = WORD // _STEP
# a block is 64 bytes, which are added eight at once
_BLOCK = 64
UNRELATED = 0.5
# a small table stays in the processor's cache; words that meet in it only make sequences seem closer
_TABLE_BITS = 20
# as many sequences as fit into the cache as well
_AT_ONCE = 128
_NO_WORD = 1 << _TABLE_BITS
_MIX = np.uint64(0x9E3779B97F4A7C15)
_ONES = np.uint64(0x0101010101010101)
_SIZES, _LOST = np.ogrid[: _BLOCK + 1, : _BLOCK + 1]
_KEPT = np.clip(1 - _LOST / np.maximum(_SIZES, 1), 0, 1)
# for a block of so many words, of which so many are lacking
_EDITS = np.minimum(1 - _KEPT ** (1 / WORD), UNRELATED) * _SIZES * _STEP


@dataclass(frozen=True)
class Coverage:
    """Every `_STEP`-th word of some circular sequences, in blocks.

    Parameters
    ----------
    words : list of ndarray of shape (n_blocks, 64), dtype intp
        The words of each sequence, as places in a table; the last block is filled up.
    sizes : list of ndarray of shape (n_blocks,), dtype intp
        How many words of each block are real.
    """

    words: list[npt.NDArray[np.intp]]
    sizes: list[npt.NDArray[np.intp]]

    def bounds(
        self, spellings: npt.NDArray[np.object_], chosen: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return how far chosen sequences are from another one, at least.

        Parameters
        ----------
        spellings : ndarray of str of shape (n_spellings,)
            The other sequence, on each strand that counts.
        chosen : ndarray of int of shape (n_chosen,)
            Positions, at least one.

        Returns
        -------
        least : ndarray of shape (n_chosen,), dtype int64
            Fewer edits are impossible.
        estimate : ndarray of shape (n_chosen,), dtype float64
            Much fewer are unlikely.
        """
        lacks = np.full(_NO_WORD + 1, 2 ** len(spellings) - 1, dtype=np.uint8)
        for bit, sequence in enumerate(spellings):
            lacks[_words(sequence)] &= ~np.uint8(1 << bit)
        lacks[_NO_WORD] = 0
        least = np.empty(len(chosen), dtype=np.int64)
        estimates = np.empty(len(chosen))
        for start in range(0, len(chosen), _AT_ONCE):
            now = slice(start, start + _AT_ONCE)
            words = [self.words[index] for index in chosen[now].tolist()]
            sizes = np.concatenate([self.sizes[index] for index in chosen[now].tolist()])
            first = np.cumsum([0, *map(len, words[:-1])])
            eighths = lacks.take(np.concatenate(words)).view(np.uint64)
            bounds = [_bounds(eighths >> np.uint64(bit), sizes, first) for bit in range(len(spellings))]
            least[now], estimates[now] = np.min(bounds, axis=0)
        return least, estimates


def _bounds(
    eighths: npt.NDArray[np.uint64], sizes: npt.NDArray[np.intp], first: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return both bounds from the lowest bits of the bytes of blocks of given sizes."""
    # no sum of bytes exceeds 64, so none runs over into the next
    lost = ((eighths & _ONES).sum(axis=1) * _ONES >> np.uint64(56)).astype(np.intp)
    return -(-np.add.reduceat(lost, first) // _SHARE), np.add.reduceat(_EDITS[sizes, lost], first)


def read_coverage(sequences: npt.NDArray[np.object_]) -> Coverage:
    """Return the words of sequences.

    Parameters
    ----------
    sequences : ndarray of str of shape (n_sequences,)
        Circular sequences.

    Returns
    -------
    coverage : Coverage
        Their words.
    """
    blocks, sizes = [], []
    for sequence in sequences:
        # the gap at the end is no narrower than the others, so that no edit touches one word more
        words = _words(sequence)[: len(sequence) // _STEP * _STEP : _STEP]
        n_blocks = max(1, -(-len(words) // _BLOCK))
        filled = np.full(n_blocks * _BLOCK, _NO_WORD, dtype=np.intp)
        filled[: len(words)] = words
        blocks.append(filled.reshape(n_blocks, _BLOCK))
        sizes.append(np.clip(len(words) - np.arange(n_blocks) * _BLOCK, 0, _BLOCK))
    return Coverage(blocks, sizes)


def _words(sequence: str) -> npt.NDArray[np.intp]:
    """Return a place in the table for the circular word that begins at each letter."""
    n = len(sequence)
    around = sequence + (sequence * (WORD // max(n, 1) + 1))[: WORD - 1]
    symbols = np.frombuffer(around.encode("latin-1", errors="replace"), dtype=np.uint8)
    hashes = Letters(symbols, np.array([0, len(symbols)]), 256).window_hashes(0, 1, WORD)[:n]
    return (hashes * _MIX >> np.uint64(64 - _TABLE_BITS)).astype(np.intp)
