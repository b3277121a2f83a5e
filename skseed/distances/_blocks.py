"""Cut-off, order of length and blocks of the sequences that are searched for close pairs."""

from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from skseed._sequences import Sequences
from skseed.distances._components import Components, PairList

if TYPE_CHECKING:
    from skseed.distances._kmer_filter import KmerRows
    from skseed.distances._packed import PackedSequences
    from skseed.distances._qgram_filter import QgramBits, QgramRows

Found = Components | PairList

ADVICE = "lower max_distance, group inside labels with y, or pass fewer sequences"


@dataclass(frozen=True)
class Cutoff:
    """The largest edit distance that counts: edits (int), or a fraction of the longer length (float)."""

    max_distance: int | float

    def limits(self, longer: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the cut-off in whole edits for each longer length of a pair.

        The limit is at most the longer length, which no distance exceeds, and grows with the length.
        """
        longer = np.asarray(longer, dtype=np.int64)
        if isinstance(self.max_distance, Integral):
            return np.minimum(longer, min(int(self.max_distance), np.iinfo(np.int64).max))
        # str() gives 0.29 for float32(0.29); 0.29 * 100 is 28.999…96, and the tolerance makes it 29 edits
        fraction = float(str(self.max_distance))
        return np.floor(fraction * longer + 1e-9).astype(np.int64)


@dataclass(frozen=True)
class Block:
    """Consecutive sequences, in ascending order of length.

    Parameters
    ----------
    start : int
        The position of the first one among all sequences.
    sequences : Sequences
        The sequences.
    stops : ndarray of shape (n_sequences,), dtype intp
        One after the last position whose length is within the cut-off of a pair with the sequence.
    limits : ndarray of shape (n_sequences,), dtype int64
        The cut-off, in edits, of a pair whose longer sequence is this one.
    roots : ndarray of shape (n_sequences,), dtype intp, or None
        The component of each sequence, if components are searched.
    bounds : KmerRows, QgramRows, QgramBits or None
        What a lower bound reads of the sequences.
    packed : PackedSequences or None
        The sequences for native code, if it is used.
    """

    start: int
    sequences: Sequences
    stops: npt.NDArray[np.intp]
    limits: npt.NDArray[np.int64]
    roots: npt.NDArray[np.intp] | None
    bounds: "KmerRows | QgramRows | QgramBits | None" = None
    packed: "PackedSequences | None" = None


@dataclass(frozen=True)
class SortedSequences:
    """All sequences of a search, in ascending order of length; see `Block` for `stops` and `limits`."""

    sequences: Sequences
    stops: npt.NDArray[np.intp]
    limits: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of symbols of each sequence."""
        return self.sequences.lengths

    @property
    def n_pairs(self) -> float:
        """The number of pairs whose lengths are within the cut-off."""
        return float((self.stops - np.arange(len(self.stops)) - 1).sum())

    def n_pairs_between(self, rows: tuple[int, int], columns: tuple[int, int]) -> int:
        """Return the number of these pairs in two ranges, of which the first does not start later."""
        numbers = np.arange(rows[0], min(rows[1], len(self)))
        n_columns = np.minimum(self.stops[numbers], columns[1]) - np.maximum(numbers + 1, columns[0])
        return int(np.maximum(n_columns, 0).sum())

    def take(self, chosen: npt.NDArray[np.intp]) -> "SortedSequences":
        """Return some of the sequences, given by ascending positions, as a collection of their own."""
        sequences, limits = self.sequences.take(chosen), self.limits[chosen]
        return SortedSequences(sequences, _stops(sequences.lengths, limits), limits)

    def with_sequences(self, sequences: Sequences) -> "SortedSequences":
        """Return other sequences of the same lengths."""
        return replace(self, sequences=sequences)

    def block(
        self,
        start: int,
        stop: int,
        found: Found,
        bounds: "KmerRows | QgramRows | QgramBits | None" = None,
        packed: "PackedSequences | None" = None,
    ) -> Block:
        """Return consecutive sequences, with their components so far."""
        stop = min(stop, len(self))
        roots = None if found.components is None else found.components.find(np.arange(start, stop))
        return Block(
            start,
            self.sequences.slice(start, stop),
            self.stops[start:stop],
            self.limits[start:stop],
            roots,
            None if bounds is None else bounds.slice(start, stop),
            None if packed is None else packed.slice(start, stop),
        )


def sort_by_length(sequences: Sequences, cutoff: Cutoff) -> tuple[SortedSequences, npt.NDArray[np.intp]]:
    """Return the sequences in ascending order of length, and the order."""
    order = np.argsort(sequences.lengths, kind="stable")
    if (np.diff(order) < 0).any():
        sequences = sequences.take(order)
    limits = cutoff.limits(sequences.lengths)
    return SortedSequences(sequences, _stops(sequences.lengths, limits), limits), order


def _stops(lengths: npt.NDArray[np.int64], limits: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    # a longer partner is out of reach as soon as the difference of the lengths exceeds its limit
    return np.searchsorted(lengths - limits, lengths, side="right")
