"""Candidate pairs between two lists of sequences, by native code."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from skseed.distances._blocks import Block
from skseed.distances._qgram_filter import WORDS_PER_VECTOR, QgramBits

_CAPACITY = 1 << 18
# the arrays of both sides, in the order of the parameters of the native code
MEMBERS = ("ids", "roots", "places", "terms", "bits")

Indices = npt.NDArray[np.int64]
Batch = tuple[Indices, Indices, Indices]


@dataclass(frozen=True)
class Members:
    """The sequences of one side of a tile, each with its row of the q-gram filter.

    Parameters
    ----------
    ids : ndarray of shape (n_members,), dtype int64
        The position of each sequence among all, in ascending order of length.
    roots : ndarray of shape (n_members,), dtype int64
        The component of each sequence; the ids if components are not searched.
    places : ndarray of shape (n_members,), dtype int64
        The position of the seed or window in it.
    terms : ndarray of shape (n_members,), dtype int64
        Its term in the bound, twice as in `QgramRows`.
    bits : ndarray of shape (n_members, n_words), dtype int64
        Its packed columns.
    """

    ids: Indices
    roots: Indices
    places: Indices
    terms: Indices
    bits: Indices


def members(block: Block, *, as_longer: bool) -> Members:
    """Return the sequences of a block, whose bounds are `QgramBits`."""
    bits = block.bounds
    assert isinstance(bits, QgramBits)
    n = len(bits.bits)
    ids = np.arange(block.start, block.start + n)
    roots = ids if block.roots is None else block.roots
    terms = bits.as_longer if as_longer else bits.as_shorter
    return Members(ids, roots, np.zeros(n, dtype=np.int64), terms, bits.bits)


@dataclass(frozen=True)
class Tile:
    """Pairs of a row and a column that may be close: row r and the columns from ``low[r]`` to ``high[r]``.

    Parameters
    ----------
    rows, columns : Members
        The sequences.
    low, high : ndarray of shape (n_rows,), dtype int64
        The range of columns of each row.
    limits : ndarray of shape (n_columns,), dtype int64
        The cut-off of a pair whose longer sequence is this column, also for the difference of the places.
    """

    rows: Members
    columns: Members
    low: Indices
    high: Indices
    limits: Indices

    def with_roots(self, rows: Indices, columns: Indices) -> "Tile":
        """Return the tile with new components."""
        return replace(
            self, rows=replace(self.rows, roots=rows), columns=replace(self.columns, roots=columns)
        )

    def candidates(self, first_row: int = 0) -> tuple[Batch, int]:
        """Return candidates from a row on, and the next row: row, column and slack of each pair.

        The next row is the number of rows if nothing is left.
        """
        from skseed.distances._qgram_kernels import pair_kernel

        n_rows = len(self.low)
        widest = int((self.high - self.low).max(initial=0))
        capacity = max(_CAPACITY, widest)
        batch = tuple(np.empty(capacity, dtype=np.int64) for _ in range(3))
        state = np.array([first_row, 0], dtype=np.int64)
        n_vectors = self.rows.bits.shape[1] // WORDS_PER_VECTOR
        members = [
            np.ascontiguousarray(getattr(side, name), dtype=np.int64)
            for side in (self.rows, self.columns)
            for name in MEMBERS
        ]
        ranges = [
            np.ascontiguousarray(values, dtype=np.int64) for values in (self.low, self.high, self.limits)
        ]
        arrays = [*members, *ranges, *batch, state]
        pair_kernel(n_vectors)(*(array.ctypes.data for array in arrays), n_rows, capacity)
        row, n_found = state.tolist()
        rows, columns, slack = (values[:n_found] for values in batch)
        return (rows, columns, slack), row

    def batches(self) -> Iterator[Batch]:
        """Yield all candidates."""
        row = 0
        while row < len(self.low):
            batch, row = self.candidates(row)
            yield batch
