"""Filter by pigeonhole seeds, found by sorting: the work grows with the symbols instead of the pairs.

A sequence is cut into d + 1 seeds. At most d of them are changed by d edits, so every sequence within d edits
contains one seed unchanged, moved by at most d positions. All seeds are sorted, and all windows of all
sequences are looked up among them. Conserved sequences share seeds in nearly all pairs; so the hits are
estimated first, and the q-gram filter is used if there are too many.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed._kmers import window_base, window_hashes
from skseed._progress import track
from skseed._sequences import Sequences
from skseed.distances._blocks import SortedSequences
from skseed.distances._components import Components
from skseed.distances._qgram_filter import QgramFilter

# measured on one core; only the ratio to the other costs matters
SECONDS_PER_SYMBOL = 1.2e-7
NATIVE_SECONDS_PER_SYMBOL = 1.5e-7
SECONDS_PER_HIT = 3e-8
NATIVE_SECONDS_PER_HIT = 8e-9
_NARROWEST, _WIDEST = 6, 32
_TABLE_BITS, _NATIVE_TABLE_BITS = 24, 26
_CHUNK_SYMBOLS = 4_000_000
_FIRST_HITS, _MOST_HITS = 500_000, 4_000_000
_MERGED_AT_ONCE = 16
_SAMPLE = 2000
_MIX = np.uint64(0x9E3779B97F4A7C15)

Candidates = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Seeds:
    """Seeds of sequences, and the windows that equal one, both sorted by their hash.

    Parameters
    ----------
    owners : ndarray of int32 of shape (n_seeds,)
        The sequence of each seed.
    places : ndarray of int32 of shape (n_seeds,)
        The position of the seed in it.
    low, high : ndarray of int64 of shape (n_windows,)
        The range of the seeds that each window equals.
    holders : ndarray of int32 of shape (n_windows,)
        The sequence of each window.
    positions : ndarray of int32 of shape (n_windows,)
        The position of the window in it.
    limits : ndarray of int64 of shape (n_sequences,)
        The cut-off of a pair whose longer sequence is this one.
    """

    owners: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    holders: npt.NDArray[np.int32]
    positions: npt.NDArray[np.int32]
    limits: npt.NDArray[np.int64]

    @property
    def n_hits(self) -> int:
        """The number of pairs of a window and a seed that are equal."""
        return int((self.high - self.low).sum())

    def candidates(self, components: Components | None) -> Iterator[Candidates]:
        """Yield the pairs that share a seed, as positions of the shorter and of the longer sequence.

        Without `components` all pairs come at once. With them, pairs come in batches, those with most shared
        seeds first, and may come again in a later batch. Windows are dropped as soon as the sequences of
        their bucket are in one component.
        """
        batches = self._batches(components)
        if components is None:
            batches = iter([_merged(batches)])
        for keys in batches:
            shorter, longer = np.divmod(keys, len(self.limits))
            yield shorter, longer

    def _batches(self, components: Components | None) -> Iterator[npt.NDArray[np.int64]]:
        for now in self.window_batches(components, first_hits=_FIRST_HITS, most_hits=_MOST_HITS):
            window, seed = _members_of_ranges(self.low[now], self.high[now])
            keys, counts = np.unique(self._pairs(now[window], seed), return_counts=True)
            yield keys[np.argsort(-counts, kind="stable")]

    def window_batches(
        self, components: Components | None, *, first_hits: int, most_hits: int
    ) -> Iterator[npt.NDArray[np.intp]]:
        """Yield the windows in batches of ever more hits, from `first_hits` to `most_hits`.

        Windows that equal the same seeds make a bucket, and follow each other. With components, windows are
        dropped as soon as the sequences of their bucket are in one component.
        """
        batches = self._window_batches(components, first_hits, most_hits)
        yield from track(batches, len(self.low), "shared seeds", size_of=len)

    def _window_batches(
        self, components: Components | None, first_hits: int, most_hits: int
    ) -> Iterator[npt.NDArray[np.intp]]:
        starts = np.flatnonzero(np.diff(self.low, prepend=-1))
        sizes = np.diff(starts, append=len(self.low))
        left, most = np.arange(len(self.low)), first_hits
        while len(left):
            n_hits = np.cumsum(self.high[left] - self.low[left])
            stop = max(1, int(np.searchsorted(n_hits, most, side="right")))
            now, left = left[:stop], left[stop:]
            yield now
            most = min(2 * most, most_hits)
            if components is not None and len(left):
                roots = components.find(self.holders)
                mixed = np.minimum.reduceat(roots, starts) < np.maximum.reduceat(roots, starts)
                left = left[np.repeat(mixed, sizes)[left]]

    def _pairs(self, windows: npt.NDArray[np.intp], seeds: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Return ``shorter * n_sequences + longer`` of the hits that d edits allow."""
        shorter, longer = self.holders[windows].astype(np.int64), self.owners[seeds].astype(np.int64)
        moved = np.abs(self.positions[windows] - self.places[seeds])
        kept = (shorter < longer) & (moved <= self.limits[longer])
        return shorter[kept] * len(self.limits) + longer[kept]


def find_seeds(
    searched: SortedSequences, n_symbols: int, *, most_hits: float, native: bool = False
) -> Seeds | None:
    """Return the seeds of sequences and where they occur; the codes must be below `n_symbols`.

    The result is None if the seeds would be too short to be specific, or if there are more than `most_hits`
    hits.
    """
    sequences, lengths, limits = searched.sequences, searched.lengths, searched.limits
    # different sequences are never within a limit of 0, so those need no seed
    cut = np.flatnonzero(limits > 0)
    steps = lengths[cut] // (limits[cut] + 1)
    if len(cut) == 0 or steps.min() * np.log2(max(n_symbols, 2)) < 2 * _NARROWEST:
        return None
    width = int(min(steps.min(), _WIDEST))
    which, number = _members_of_ranges(np.zeros(len(cut), dtype=np.int64), limits[cut] + 1)
    owners, places = cut[which].astype(np.int32), (number * steps[which]).astype(np.int32)
    windows: _Windows | _NativeWindows = (_NativeWindows if native else _Windows)(sequences, width, n_symbols)
    hashes = windows.hashes_at(owners, places)
    order = np.argsort(hashes, kind="stable")
    hashes, owners, places = hashes[order], owners[order], places[order]
    windows.mark(hashes)
    found = []
    n_hits = 0
    for start, stop in sequences.chunks(_CHUNK_SYMBOLS):
        chunk = sequences.slice(start, stop)
        low, high, holders, positions = _windows_that_are_seeds(chunk, windows.marked(chunk), hashes, width)
        found.append((low, high, holders + np.int32(start), positions))
        n_hits += int((high - low).sum())
        if n_hits > most_hits:
            return None
    low, high, holders, positions = (np.concatenate(values) for values in zip(*found, strict=True))
    order = np.argsort(low, kind="stable")
    return Seeds(owners, places, low[order], high[order], holders[order], positions[order], limits)


class _Windows:
    """The hashes of windows of sequences, and a table of the bits of those that are seeds."""

    def __init__(self, sequences: Sequences, width: int, n_symbols: int) -> None:
        self.sequences, self.width, self.n_symbols = sequences, width, n_symbols
        self._table = np.zeros(1 << _TABLE_BITS, dtype=bool)

    def hashes_at(
        self, owners: npt.NDArray[np.int32], places: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.uint64]:
        """Return the hashes of the windows at places of sequences, which are in ascending order."""
        sequences = self.sequences
        hashes = np.empty(len(owners), dtype=np.uint64)
        for start, stop in sequences.chunks(_CHUNK_SYMBOLS):
            inside = slice(*np.searchsorted(owners, [start, stop]))
            first = sequences.offsets[owners[inside]] - sequences.offsets[start]
            hashes[inside] = self._hashes(sequences.slice(start, stop))[first + places[inside]]
        return hashes

    def mark(self, hashes: npt.NDArray[np.uint64]) -> None:
        """Store which high bits occur among hashes."""
        self._table[hashes >> np.uint64(64 - _TABLE_BITS)] = True

    def marked(self, chunk: Sequences) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
        """Return the places and the hashes of the windows of a chunk whose high bits occur."""
        hashes = self._hashes(chunk)
        places = np.flatnonzero(self._table[hashes >> np.uint64(64 - _TABLE_BITS)])
        return places, hashes[places]

    def _hashes(self, chunk: Sequences) -> npt.NDArray[np.uint64]:
        hashes = window_hashes(chunk.codes, width=self.width, n_symbols=self.n_symbols)
        hashes *= _MIX
        return hashes


class _NativeWindows:
    """The same as `_Windows`, by native code."""

    def __init__(self, sequences: Sequences, width: int, n_symbols: int) -> None:
        self.sequences, self.width = sequences, width
        base = window_base(width=width, n_symbols=n_symbols)
        power = pow(base, width, 2**64)
        # C integers are signed here
        self._base, self._power, self._mix = (_signed(number) for number in (base, power, int(_MIX)))
        self._table = np.zeros(1 << (_NATIVE_TABLE_BITS - 3), dtype=np.uint8)

    def hashes_at(
        self, owners: npt.NDArray[np.int32], places: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.uint64]:
        """Return the hashes of the windows at places of sequences, and store which high bits occur."""
        from skseed.distances._seed_kernels import hash_kernel

        starts = self.sequences.offsets[owners] + places
        hashes = np.empty(len(starts), dtype=np.uint64)
        arrays = (self.sequences.codes, starts, hashes, self._table)
        numbers = len(starts), self.width, self._base, self._mix, 64 - _NATIVE_TABLE_BITS
        hash_kernel()(*(array.ctypes.data for array in arrays), *numbers)
        return hashes

    def mark(self, hashes: npt.NDArray[np.uint64]) -> None:
        """Do nothing: `hashes_at` stores the bits."""

    def marked(self, chunk: Sequences) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
        """Return the places and the hashes of the windows of a chunk whose high bits occur."""
        from skseed.distances._seed_kernels import window_kernel

        n_codes = len(chunk.codes)
        n_windows = max(0, n_codes - self.width + 1)
        places, hashes = np.empty(n_windows, dtype=np.int64), np.empty(n_windows, dtype=np.uint64)
        n_found = np.zeros(1, dtype=np.int64)
        if n_windows:
            arrays = (chunk.codes, self._table, places, hashes, n_found)
            numbers = self.width, self._base, self._power, self._mix, 64 - _NATIVE_TABLE_BITS
            window_kernel()(*(array.ctypes.data for array in arrays), n_codes, *numbers)
        return places[: n_found[0]].copy(), hashes[: n_found[0]].copy()


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def _windows_that_are_seeds(
    sequences: Sequences,
    marked: tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]],
    seeds: npt.NDArray[np.uint64],
    width: int,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the range of equal seeds of each window that has any, its sequence and its position there.

    `marked` are places and hashes of windows that may equal one of the sorted hashes of the seeds.
    """
    chosen, windows = marked
    # sorted ones are found several times faster
    order = np.argsort(windows)
    chosen, windows = chosen[order], windows[order]
    low = np.searchsorted(seeds, windows)
    high = np.searchsorted(seeds, windows, side="right")
    holders = np.searchsorted(sequences.offsets, chosen, side="right") - 1
    positions = chosen - sequences.offsets[holders]
    real = (high > low) & (positions + width <= sequences.lengths[holders])
    return low[real], high[real], holders[real].astype(np.int32), positions[real].astype(np.int32)


def estimate_work(
    searched: SortedSequences, n_symbols: int, *, most_hits: float, qgrams: QgramFilter | None
) -> tuple[float, float]:
    """Return about how many hits there are and how many pairs share a seed, from a sample.

    Only pairs that pass the q-gram filter count, if there is one. Both numbers are infinite if there are more
    than `most_hits` hits, or if the seeds would be too short.
    """
    # a quarter of the sequences has a sixteenth of the pairs, so that the estimate costs little
    n, n_sampled = len(searched), min(_SAMPLE, -(-len(searched) // 4))
    searched = searched.take(np.sort(np.random.default_rng(0).choice(n, size=n_sampled, replace=False)))
    scale = (n / n_sampled) ** 2
    seeds = find_seeds(searched, n_symbols, most_hits=most_hits / scale, native=qgrams is not None)
    if seeds is None:
        return np.inf, np.inf
    ((shorter, longer),) = seeds.candidates(None)
    n_candidates = len(shorter)
    if qgrams is not None:
        n_candidates = qgrams.packed_rows(searched, n_symbols).count_passing(shorter, longer)
    return seeds.n_hits * scale, n_candidates * scale


def _merged(batches: Iterator[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Return the different keys of all batches."""
    found = [np.empty(0, dtype=np.int64)]
    for keys in batches:
        found.append(keys)
        if len(found) == _MERGED_AT_ONCE:
            found = [np.unique(np.concatenate(found))]
    return np.unique(np.concatenate(found))


def _members_of_ranges(
    low: npt.NDArray[np.integer], high: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the members of all ranges from low to high, and the range of each."""
    sizes = high - low
    which = np.repeat(np.arange(len(sizes)), sizes)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes - low, sizes)
