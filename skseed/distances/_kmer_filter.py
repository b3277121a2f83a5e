"""Filter by displaced k-mers: a lower bound of the edit distance for long sequences and large cut-offs.

An edit changes at most one of the non-overlapping k-mers of a sequence, and d edits move the others by at
most d positions. So the number of the k-mers that do not occur in another sequence within d positions exceeds
d only if the distance does. The bound rejects unrelated DNA of 6,000 symbols up to a cut-off of about 13 %,
where q-gram counts reject nothing, and plasmids that share a backbone at another position.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed._kmers import window_hashes
from skseed._sequences import Codes, Sequences
from skseed.distances._blocks import SortedSequences

_MOST_PLACES = 1 << 20
_SAMPLE = 100
_SECONDS_WORTH_FILTER = 5
# measured on one core; only the ratio to the other costs matters
_SECONDS_PER_KMER = 3e-9
_SECONDS_PER_PAIR = 2e-7
_N_WIDTHS = 3
_FAR = 1 << 30
# the 64 bytes of a block are added eight at once
_BLOCK = 64
_MIX = np.uint64(0x9E3779B97F4A7C15)
_ONES = np.uint64(0x0101010101010101)


@dataclass(frozen=True)
class KmerRows:
    """Sequences, in ascending order of length, whose non-overlapping k-mers are looked up in each other.

    Parameters
    ----------
    sequences : Sequences
        The sequences; codes are below `n_symbols`.
    limits : ndarray of shape (n_sequences,), dtype int64
        The cut-off of a pair whose longer sequence is this one.
    k : int
        Symbols in a k-mer.
    n_symbols : int
        The number of different codes.
    """

    sequences: Sequences
    limits: npt.NDArray[np.int64]
    k: int
    n_symbols: int

    @property
    def n_places(self) -> int:
        """The size of the table of k-mers; k-mers that share a place only bring sequences closer."""
        return min(self.n_symbols**self.k, _MOST_PLACES)

    def slice(self, start: int, stop: int) -> "KmerRows":
        """Return the rows of consecutive sequences, as views."""
        return KmerRows(self.sequences.slice(start, stop), self.limits[start:stop], self.k, self.n_symbols)

    def slack(
        self, longer: "KmerRows", low: npt.NDArray[np.intp], high: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.float32]:
        """Return the cut-off minus the bound of each pair; a negative number rejects the pair.

        Row i is compared with the sequences from ``low[i]`` to ``high[i]`` of `longer`, which must be as long
        or longer; the others are rejected. The result has the shape (n_sequences, n_longer).
        """
        slack = np.full((len(self.sequences), len(longer.sequences)), -1, dtype=np.float32)
        kmers, positions, first = longer._blocks_of_kmers()
        # the positions at which each k-mer may be; the last place fills blocks and may be anywhere
        lowest = np.full(self.n_places + 1, _FAR, dtype=np.int32)
        highest = np.full(self.n_places + 1, -_FAR, dtype=np.int32)
        lowest[-1], highest[-1] = -_FAR, _FAR
        for row, (codes, start, stop) in enumerate(
            zip(self.sequences, low.tolist(), high.tolist(), strict=True)
        ):
            if start >= stop:
                continue
            own = self._places(codes)
            own_positions = np.arange(len(own), dtype=np.int32)
            limit = np.int32(longer.limits[stop - 1])
            # of several occurrences, the last assignment stays
            highest[own] = own_positions + limit
            lowest[own[::-1]] = own_positions[::-1] - limit
            blocks = slice(first[start], first[stop])
            displaced = lowest.take(kmers[blocks]) > positions[blocks]
            displaced |= highest.take(kmers[blocks]) < positions[blocks]
            # no sum of 64 bytes exceeds 64, so that none overflows into the next byte
            sums = (displaced.view(np.uint64).sum(axis=1) * _ONES >> np.uint64(56)).astype(np.int64)
            bounds = np.add.reduceat(sums, first[start:stop] - first[start])
            slack[row, start:stop] = longer.limits[start:stop] - bounds
            lowest[own], highest[own] = _FAR, -_FAR
        return slack

    def _blocks_of_kmers(
        self,
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Return the non-overlapping k-mers in blocks, their positions, and the first block of each row."""
        n_kmers = self.sequences.lengths // self.k
        first = np.concatenate([[0], np.cumsum(np.maximum(1, -(-n_kmers // _BLOCK)))])
        kmers = np.full((first[-1], _BLOCK), self.n_places, dtype=np.intp)
        positions = np.zeros((first[-1], _BLOCK), dtype=np.int32)
        flat, flat_positions = kmers.ravel(), positions.ravel()
        for codes, block, n in zip(self.sequences, first[:-1].tolist(), n_kmers.tolist(), strict=True):
            members = slice(block * _BLOCK, block * _BLOCK + n)
            flat[members] = self._places(codes)[:: self.k]
            flat_positions[members] = np.arange(n, dtype=np.int32) * self.k
        return kmers, positions, first

    def _places(self, codes: Codes) -> npt.NDArray[np.intp]:
        """Return the place of each k-mer in the table."""
        hashes = window_hashes(codes, width=self.k, n_symbols=self.n_symbols)
        if self.n_symbols**self.k > _MOST_PLACES:
            hashes = hashes * _MIX >> np.uint64(44)
        return hashes.astype(np.intp)


def choose_kmers(
    searched: SortedSequences,
    n_symbols: int,
    *,
    n_pairs: float,
    seconds_per_pair: float,
    most_seconds: float,
) -> tuple[KmerRows | None, float, float]:
    """Return the filter, the share of the pairs that pass, and the seconds of filtering and checking.

    The filter is None if it would take `most_seconds` or more. `seconds_per_pair` is the cost of a distance.
    """
    best, best_rate, best_cost = None, 1.0, most_seconds
    if most_seconds < _SECONDS_WORTH_FILTER or n_symbols < 2:
        return best, best_rate, best_cost
    n = len(searched)
    chosen = np.sort(np.random.default_rng(0).choice(n, size=min(_SAMPLE, n), replace=False))
    sample = searched.take(chosen)
    low = np.arange(1, len(sample) + 1)
    n_sampled = max(1, int(np.maximum(0, sample.stops - low).sum()))
    length, limit = float(searched.lengths.mean()), float(searched.limits.mean())
    narrowest = _narrowest_k(2 * limit + 1, n_symbols)
    for k in range(narrowest, narrowest + _N_WIDTHS):
        rows = KmerRows(sample.sequences, sample.limits, k, n_symbols)
        pass_rate = float((rows.slack(rows, low, sample.stops) >= 0).sum()) / n_sampled
        cost = n_pairs * (_SECONDS_PER_PAIR + length / k * _SECONDS_PER_KMER + pass_rate * seconds_per_pair)
        if cost < best_cost:
            best = KmerRows(searched.sequences, searched.limits, k, n_symbols)
            best_rate, best_cost = pass_rate, cost
    return best, best_rate, best_cost


def _narrowest_k(n_positions: float, n_symbols: int) -> int:
    """Return the k for which most k-mers of unrelated sequences are absent from some positions."""

    def n_displaced(k: int) -> float:
        return float(np.exp(-n_positions / min(float(n_symbols) ** k, _MOST_PLACES))) / k

    return max(range(2, 17), key=n_displaced)
