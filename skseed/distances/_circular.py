"""Search for pairs of circular sequences within a cut-off, at any rotation and, if asked, on either strand.

A pair passes two bounds that need no alignment (`_circular_bounds`). Then both sequences are rotated to the
start of a maximal exact match (MEM) that they share, and compared as linear sequences. An alignment of two
circular sequences with d edits, the longer of n symbols, has an exact match of at least (n - d) / d symbols.
Rotating both to any position of the match gives the same distance, so one rotation for each MEM is enough. It
starts where the symbols before it differ. Only two repetitions of one sequence have no such start; their
distance is the difference of their lengths.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein, Prefix
from rapidfuzz.process import cdist

from skseed._limits import check_time
from skseed._parallel import run_blocks, worth_processes
from skseed._progress import track
from skseed._sequences import Codes, Sequences, least_rotation
from skseed.distances._blocks import ADVICE, Block, Found, SortedSequences
from skseed.distances._circular_bounds import UNRELATED, Coverage, circular_hashes
from skseed.distances._components import BlockComponents, Pairs
from skseed.distances._verify import native_decision

logger = logging.getLogger("skseed")

SHORT = 512
SEED = 16
_MATCHES_TRIED = 8
_ALIKE = 3
_BLOCK_SYMBOLS = 4_000_000
_ROWS_AT_ONCE = 64
_MATCHES_EXPECTED = 2048
_BYTES_READ_BEHIND = 8
# the estimate of the edits is a little too high if they are spread evenly
_TOLERANCE = 1.1
# measured for plasmids of 6,000 symbols at 1,000 edits
_SECONDS_PER_PAIR_AND_SYMBOL = 1e-8
_MIX = np.uint64(0xD1B54A32D192ED03)

Match = tuple[int, int, int, int]
Windows = tuple[npt.NDArray[np.uint64], npt.NDArray[np.intp]]


def circular_seconds(n_pairs: float, lengths: npt.NDArray[np.int64]) -> float:
    """Return an upper bound of the CPU-seconds of a search of circular sequences."""
    return n_pairs * _SECONDS_PER_PAIR_AND_SYMBOL * float(lengths.mean())


def search_circular(
    searched: SortedSequences, found: Found, *, both_strands: bool, n_jobs: int | None
) -> None:
    """Add all close pairs of different canonical forms to `found`, by positions in `searched`."""
    bounds = [start for start, _ in searched.sequences.chunks(_BLOCK_SYMBOLS)] + [len(searched)]
    n_blocks = len(bounds) - 1
    # blocks of the same length first, because most close pairs are there
    tasks = [
        (one, one + apart)
        for apart in range(n_blocks)
        for one in range(n_blocks - apart)
        if searched.stops[bounds[one + 1] - 1] > bounds[one + apart]
    ]
    seconds = circular_seconds(searched.n_pairs, searched.lengths)
    logger.info(
        "%s pairs of %s circular sequences have lengths within the cut-off; %d pairs of blocks; "
        "at most about %.1f CPU-seconds.",
        f"{searched.n_pairs:,.0f}",
        f"{len(searched):,}",
        len(tasks),
        seconds,
    )
    check_time(seconds, n_jobs=n_jobs, what="To compare them", advice=ADVICE)

    def block(number: int) -> Block:
        return searched.block(bounds[number], bounds[number + 1], found)

    native = searched.sequences.codes.dtype == np.uint8 and native_decision.add(seconds)
    # much of the work holds the interpreter lock, so that threads would not help
    blocks = run_blocks(
        (
            joblib.delayed(_search_block)(block(one), block(other), both_strands, native)
            for one, other in tasks
        ),
        n_jobs=worth_processes(seconds, n_jobs),
        prefer="processes",
    )
    ranges = list(pairwise(bounds))
    sizes = (searched.n_pairs_between(ranges[one], ranges[other]) for one, other in tasks)
    for pairs in track(blocks, searched.n_pairs, "pairs of sequences", sizes=sizes):
        found.add(pairs)


@dataclass(frozen=True)
class StrandIndex:
    """All windows of `SEED` symbols of the strands of a circular sequence, sorted.

    Parameters
    ----------
    keys : ndarray of shape (n_windows,), dtype uint64
        A hash of the window, and in the low bits the symbol before it.
    windows : ndarray of shape (n_windows,), dtype uint64
        The keys without those bits.
    low : uint64
        The low bits.
    strands : ndarray of shape (n_windows,), dtype int8
        The strand of the window.
    positions : ndarray of shape (n_windows,), dtype int32
        The position at which the window starts.
    """

    keys: npt.NDArray[np.uint64]
    windows: npt.NDArray[np.uint64]
    low: np.uint64
    strands: npt.NDArray[np.int8]
    positions: npt.NDArray[np.int32]

    @classmethod
    def of(
        cls, codes: list[Codes], keys: list[Any], *, n_symbols: int, native: bool = False
    ) -> "StrandIndex":
        """Return the index of strands, given by their codes and by their keys."""
        parts = [_windows(strand, key, n_symbols, native) for strand, key in zip(codes, keys, strict=True)]
        windows = np.concatenate(parts)
        order = np.argsort(windows)
        windows = windows[order]
        low = _low_bits(codes[0])
        strands = np.repeat(np.arange(len(parts), dtype=np.int8), [len(part) for part in parts])
        positions = np.concatenate([np.arange(len(part), dtype=np.int32) for part in parts])
        return cls(windows, windows & ~low, low, strands[order], positions[order])

    def match_starts(self, keys: npt.NDArray[np.uint64]) -> Iterator[tuple[int, int, int]]:
        """Yield the starts of the maximal exact matches with another sequence, in any order.

        `keys` are those of `sorted_windows`. A start is the strand, the index in `keys` and the position in
        the strand.
        """
        windows = keys & ~self.low
        low = np.searchsorted(self.windows, windows)
        found = np.flatnonzero(self.windows.take(low, mode="clip") == windows)
        low, same = low[found], keys[found]
        # windows after the same symbol continue a match; only the others start one
        several = self.windows.take(low + 1, mode="clip") == windows[found]
        several &= low + 1 < len(self.windows)
        single = np.flatnonzero(~several & (self.keys[low] != same))
        again = np.flatnonzero(several)
        first, same = low[again], same[again]
        last = np.searchsorted(self.windows, same & ~self.low, side="right")
        same_low, same_high = np.searchsorted(self.keys, same), np.searchsorted(self.keys, same, side="right")
        sizes = np.concatenate([same_low - first, last - same_high])
        which = np.repeat(np.arange(len(sizes)), sizes)
        entry = np.arange(len(which)) - np.repeat(
            np.cumsum(sizes) - sizes - np.concatenate([first, same_high]), sizes
        )
        entry = np.concatenate([low[single], entry])
        here = found[np.concatenate([single, np.concatenate([again, again])[which]])]
        yield from zip(
            self.strands[entry].tolist(), here.tolist(), self.positions[entry].tolist(), strict=True
        )


def sorted_windows(
    codes: Codes, key: Any, *, n_symbols: int, native: bool = False
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.intp]]:
    """Return the window keys of a circular sequence in ascending order, and where the windows start."""
    windows = _windows(codes, key, n_symbols, native)
    order = np.argsort(windows)
    return windows[order], order


def _windows(codes: Codes, key: Any, n_symbols: int, native: bool) -> npt.NDArray[np.uint64]:
    """Return a hash of each circular window, with the symbol before it in the low bits.

    Of a sequence that repeats a shorter one, only the windows that start in the first copy are returned,
    because rotations by whole copies are equal. A sequence shorter than `SEED` is read around more than once.
    """
    n_different = (key + key).find(key, 1) if len(key) else 0
    hashes = circular_hashes(codes, SEED, n_symbols, _MIX, native=native)[:n_different]
    before = np.concatenate([codes[-1:], codes])[:n_different].astype(np.uint64)
    return (hashes & ~_low_bits(codes)) | before


def _low_bits(codes: Codes) -> np.uint64:
    # a code of a large alphabet is below the number of Unicode characters, 0x110000
    return np.uint64(0xFF if codes.dtype == np.uint8 else 0x1FFFFF)


class _Row:
    """A sequence, its strands, and the index of their windows once it is needed."""

    def __init__(self, strands: list[Sequences], index: int, *, native: bool = False) -> None:
        self.native = native
        self.codes = [strand[index] for strand in strands]
        self.keys = [strand.slice(index, index + 1).keys()[0] for strand in strands]
        self.n_symbols = strands[0].alphabet.padding_code
        self._index: StrandIndex | None = None
        self._doubled: npt.NDArray[np.uint8] | None = None

    @property
    def doubled(self) -> npt.NDArray[np.uint8]:
        """The symbols of each strand, twice, for native code."""
        if self._doubled is None:
            self._doubled = np.stack([_doubled(key) for key in self.keys])
        return self._doubled

    @property
    def index(self) -> StrandIndex:
        """The windows of all strands."""
        if self._index is None:
            self._index = StrandIndex.of(self.codes, self.keys, n_symbols=self.n_symbols, native=self.native)
        return self._index


class _Columns:
    """The sequences of a block that rows are compared with."""

    def __init__(self, block: Block, *, first_is_enough: bool, native: bool = False) -> None:
        self.block = block
        self.native = native
        self.limits = block.limits.tolist()
        self.keys = block.sequences.keys()
        self.first_is_enough = first_is_enough
        lengths = block.sequences.lengths
        # a MEM of at least SEED symbols must exist
        self.certain = lengths >= (SEED + 1) * block.limits
        self.short = (lengths <= SHORT) & ~self.certain
        # an estimate proves nothing, so it does not reject where the answer must be exact
        self.largest_estimates = np.where(self.certain | self.short, np.inf, _TOLERANCE * block.limits)
        self.coverage = Coverage.of(block.sequences, native=native)
        self._windows: dict[int, Windows] = {}

    def near(
        self, row: _Row, chosen: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Return the chosen columns that the bounds do not reject, and the estimates of their edits."""
        least, estimates = self.coverage.bounds(row.codes, chosen)
        near = (least <= self.block.limits[chosen]) & (estimates <= self.largest_estimates[chosen])
        return chosen[near], estimates[near]

    def edits(self, row: _Row, column: int, estimate: float) -> int:
        """Return the distance of a row and a column, or more than the limit."""
        key, limit = self.keys[column], self.limits[column]
        if self.short[column]:
            return _least_of_all_rotations(key, row.keys, limit)
        is_repetition = not row.keys[0] or len(self._windows_of(column)[0]) < len(key)
        if is_repetition and any(_repeat_one_unit(key, other) for other in row.keys):
            return len(key) - len(row.keys[0])
        certain = bool(self.certain[column])
        matches = self._matches(row, column)
        if certain:
            # the longest match of a close pair has at least this many symbols
            needed = -(-(len(key) - limit) // max(limit, 1))
            matches = [match for match in matches if match[0] >= needed]
        edits = self._least_of_matches(row, key, matches, limit, np.inf if certain else estimate)
        if edits > limit and len(key) <= _ALIKE * limit:
            return min(Levenshtein.distance(key, other, score_cutoff=limit) for other in row.keys)
        return edits

    def _windows_of(self, column: int) -> Windows:
        if column not in self._windows:
            sequences = self.block.sequences
            n_symbols = sequences.alphabet.padding_code
            self._windows[column] = sorted_windows(
                sequences[column], self.keys[column], n_symbols=n_symbols, native=self.native
            )
        return self._windows[column]

    def _matches(self, row: _Row, column: int) -> list[Match]:
        """Return the MEMs (length, start in the column, strand, start in the row), the longest first."""
        key = self.keys[column]
        windows, starts = self._windows_of(column)
        if self.native:
            return _native_matches(row, windows, starts, key)
        doubled, n = key + key, len(key)
        matches = []
        for strand, window, there in row.index.match_starts(windows):
            here, other = int(starts[window]), row.keys[strand]
            length = Prefix.similarity(doubled[here : here + n], other[there:] + other[:there])
            matches.append((length, here, strand, there))
        return sorted(matches, reverse=True)

    def _least_of_matches(
        self, row: _Row, key: bytes, matches: list[Match], limit: int, estimate: float
    ) -> int:
        """Return the least distance after rotation to a match, or more than the limit.

        An infinite estimate makes it try all matches, a finite one the longest, until better ones are
        unlikely.
        """
        best = limit + 1
        all_are_tried = np.isinf(estimate)
        for tried, (_, here, strand, there) in enumerate(
            matches if all_are_tried else matches[:_MATCHES_TRIED], start=1
        ):
            other = row.keys[strand]
            edits = Levenshtein.distance(
                key[here:] + key[:here], other[there:] + other[:there], score_cutoff=best - 1
            )
            if edits < best:
                best = edits
                if self.first_is_enough or best == abs(len(key) - len(other)):
                    break
            # an alignment without the matches tried so far loses their symbols
            if not all_are_tried:
                lost = _symbols_in_no_other_match(matches, tried, len(key))
                if estimate + UNRELATED * lost > _TOLERANCE * best:
                    break
        return best


class CircularPair:
    """Two circular sequences in canonical form, for searches that compare one pair at a time."""

    def __init__(self, one: Sequences, other: Sequences, *, both_strands: bool) -> None:
        # the order determines which one is rotated, so that the distance is symmetric
        self._equal = one.keys() == other.keys()
        shorter, self._longer = sorted(
            (one, other), key=lambda sequence: (len(sequence.codes), sequence.keys())
        )
        strands = [shorter] + ([shorter.reverse_complement()] if both_strands else [])
        self._row = _Row(strands, 0)

    def edits(self, cutoff: int) -> int:
        """Return the distance, or more than the cut-off.

        A distance of at most 1/17 of the longer length is exact, and so is every distance of sequences of
        at most `SHORT` symbols. Others are upper bounds, which do not depend on the cut-off.
        """
        if self._equal:
            return 0
        n = len(self._longer.codes)
        certain = n // (SEED + 1)
        if n <= SHORT or cutoff <= certain:
            return self._edits(cutoff)
        edits = self._edits(certain)
        return edits if edits <= certain else self._edits(n)

    def within(self, limit: int) -> int:
        """Return the distance as a search for all pairs within the limit computes it, or more than it."""
        if self._equal:
            return 0
        columns = self._columns(limit)
        near, estimates = columns.near(self._row, np.zeros(1, dtype=np.intp))
        return columns.edits(self._row, 0, float(estimates[0])) if len(near) else limit + 1

    def _edits(self, limit: int) -> int:
        columns = self._columns(limit)
        least, estimates = columns.coverage.bounds(self._row.codes, np.zeros(1, dtype=np.intp))
        return limit + 1 if least[0] > limit else columns.edits(self._row, 0, float(estimates[0]))

    def _columns(self, limit: int) -> _Columns:
        limits, stops = np.array([limit], dtype=np.int64), np.ones(1, dtype=np.intp)
        return _Columns(Block(0, self._longer, stops, limits, None), first_is_enough=False)


def _search_block(rows: Block, columns: Block, both_strands: bool, native: bool) -> Pairs:
    """Return close pairs between two blocks: all, or enough to join the components."""
    joined = None
    if rows.roots is not None and columns.roots is not None:
        joined = BlockComponents(rows.roots, columns.roots)
    compared = _Columns(columns, first_is_enough=joined is not None, native=native)
    strands = [rows.sequences] + ([rows.sequences.reverse_complement()] if both_strands else [])
    starts = range(0, len(rows.sequences), _ROWS_AT_ONCE)
    found = [
        pair
        for start in track(starts, len(starts), "rows")
        for pair in _close_pairs_of_rows(rows, strands, compared, joined, start)
    ]
    first, second, edits = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return first + rows.start, second + columns.start, edits


def _close_pairs_of_rows(
    rows: Block, strands: list[Sequences], compared: _Columns, joined: BlockComponents | None, start: int
) -> Iterator[tuple[int, int, int]]:
    """Yield the close pairs of some rows as (row, column, edits), and join their components."""
    position = np.arange(compared.block.start, compared.block.start + len(compared.keys))
    started: dict[int, _Row] = {}
    candidates: list[tuple[float, int, int]] = []
    for row in range(start, min(start + _ROWS_AT_ONCE, len(rows.sequences))):
        wanted = (position > row + rows.start) & (position < rows.stops[row])
        if joined is not None:
            roots = joined.components.find(joined.rows[row : row + 1])
            wanted &= joined.components.find(joined.columns) != roots
        chosen = np.flatnonzero(wanted)
        if len(chosen):
            started[row] = _Row(strands, row, native=compared.native)
            near, estimates = compared.near(started[row], chosen)
            candidates += zip(estimates.tolist(), [row] * len(near), near.tolist(), strict=True)
    # pairs that a closer pair has joined are skipped
    for estimate, row, column in sorted(candidates):
        if joined is not None and joined.are_connected(row, column):
            continue
        edits = compared.edits(started[row], column, estimate)
        if edits <= compared.limits[column]:
            if joined is not None:
                joined.connect(row, column)
            yield row, column, edits


def _doubled(key: bytes) -> npt.NDArray[np.uint8]:
    """Return the symbols of a sequence twice, and bytes that native code may read."""
    return np.frombuffer(key + key + bytes(_BYTES_READ_BEHIND), dtype=np.uint8)


def _native_matches(
    row: _Row, windows: npt.NDArray[np.uint64], starts: npt.NDArray[np.intp], key: bytes
) -> list[Match]:
    """Return the MEMs of a row and a column, given by its sorted windows, as `_Columns` does."""
    from skseed.distances._circular_kernels import match_kernel

    index, codes, other = row.index, row.doubled, _doubled(key)
    n_found, capacity = np.zeros(1, dtype=np.int64), _MATCHES_EXPECTED
    numbers = (
        len(index.windows),
        len(windows),
        int(index.low),
        codes.shape[1],
        min(len(key), len(row.keys[0])),
    )
    while True:
        matches = np.empty((capacity, 4), dtype=np.int64)
        arrays: list[npt.NDArray[Any]] = [
            index.windows,
            index.keys,
            index.strands,
            index.positions,
            windows,
            starts,
            codes,
            other,
        ]
        match_kernel()(*(array.ctypes.data for array in [*arrays, matches, n_found]), *numbers, capacity)
        if n_found[0] <= capacity:
            break
        capacity = int(n_found[0])
    matches = matches[: n_found[0]]
    order = np.lexsort(matches.T[::-1])[::-1]
    return [(length, here, strand, there) for length, here, strand, there in matches[order].tolist()]


def _repeat_one_unit(one: bytes, other: bytes) -> bool:
    """Return whether two circular sequences, the first in canonical form, are repetitions of one sequence."""
    other = least_rotation(other)
    return one + other == other + one


def _symbols_in_no_other_match(matches: list[Match], tried: int, n: int) -> int:
    """Return how many symbols are in one of the first matches and in no later one."""
    held = np.zeros(2 * n, dtype=np.int8)
    for length, here, _, _ in matches[:tried]:
        held[here : here + length] = 1
    for length, here, _, _ in matches[tried:]:
        held[here : here + length] = 2
    return int((np.maximum(held[:n], held[n:]) == 1).sum())


def _least_of_all_rotations(key: bytes, strands: list[bytes], limit: int) -> int:
    """Return the least distance over all rotations, or more than the limit."""
    rotations = [other[start:] + other[:start] for other in strands for start in range(max(len(other), 1))]
    distances = cdist([key], rotations, scorer=Levenshtein.distance, dtype=np.int32, score_cutoff=limit)
    return int(distances.min())
