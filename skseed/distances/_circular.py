"""Pairs of circular sequences within a cut-off, wherever and on whichever strand they were cut open."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import joblib
import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein, Prefix
from rapidfuzz.process import cdist

from skseed._limits import check_time
from skseed._parallel import run_blocks
from skseed.alphabets import DNA
from skseed.distances._anchors import RUN, AnchorIndex, index_anchors, window_keys
from skseed.distances._components import Components
from skseed.distances._coverage import UNRELATED, read_coverage
from skseed.distances._cutoff import Cutoff
from skseed.distances._distinct import lengths_of
from skseed.distances._pairs import ADVICE, Pairs

logger = logging.getLogger("skseed")

SHORT = 512
CUTS = 8
_ALIKE = 3
_PART_LETTERS = 4_000_000
_ROWS_AT_ONCE = 64
# edits that are spread evenly are overestimated a little
_MOST_ESTIMATED = 1.1
# measured for plasmids of 6,000 symbols at 1,000 edits
_SECONDS_PER_PAIR_AND_SYMBOL = 1e-8


_Windows = tuple[npt.NDArray[np.uint64], npt.NDArray[np.intp]]


@dataclass(frozen=True)
class _Part:
    """Some consecutive sequences, in ascending order of length."""

    start: int
    sequences: npt.NDArray[np.object_]
    stops: npt.NDArray[np.intp]
    limits: npt.NDArray[np.int64]
    components: npt.NDArray[np.intp] | None


class _Circle:
    """The spellings of a sequence, and the windows of both once they are asked for."""

    def __init__(self, sequence: str, both_strands: bool) -> None:
        strands = [sequence, DNA.reverse_complement(sequence)] if both_strands else [sequence]
        self.spellings = _object_array(strands)

    @cached_property
    def index(self) -> AnchorIndex:
        return index_anchors(self.spellings)


def circular_pairs(
    sequences: npt.NDArray[np.object_],
    cutoff: Cutoff,
    *,
    both_strands: bool,
    components: Components | None = None,
    n_jobs: int | None = None,
) -> Iterator[Pairs]:
    """Yield the pairs of circular sequences within a cut-off, block by block.

    Parameters
    ----------
    sequences : ndarray of str of shape (n_sequences,)
        Different sequences, each in its canonical spelling.
    cutoff : Cutoff
        The largest distance that counts.
    both_strands : bool
        Whether a sequence may be compared with the reverse complement of the other.
    components : Components, default=None
        Where given, only pairs that join components are looked for, and joined here.
    n_jobs : int, default=None
        Blocks computed at once.

    Yields
    ------
    first, second, edits : ndarray of shape (n_pairs,)
        Positions of the two sequences and their distance. Every pair comes once.
    """
    lengths = lengths_of(sequences)
    order = np.argsort(lengths, kind="stable")
    ordered, lengths = sequences[order], lengths[order]
    limits = cutoff.limits(lengths)
    stops = np.searchsorted(lengths - limits, lengths, side="right")
    part_of = np.cumsum(lengths) // _PART_LETTERS
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(part_of)) + 1, [len(ordered)]])
    n_parts = len(bounds) - 1
    # parts of the same length first: most that is close is there
    tasks = [
        (one, one + apart)
        for apart in range(n_parts)
        for one in range(n_parts - apart)
        if stops[bounds[one + 1] - 1] > bounds[one + apart]
    ]
    n_pairs = float((stops - np.arange(len(stops)) - 1).sum())
    seconds = n_pairs * _SECONDS_PER_PAIR_AND_SYMBOL * float(lengths.mean())
    logger.info(
        "%s pairs of %s circular sequences have lengths that fit; %d blocks; at most about %.1f CPU-seconds.",
        f"{n_pairs:,.0f}",
        f"{len(lengths):,}",
        len(tasks),
        seconds,
    )
    check_time(seconds, n_jobs=n_jobs, what="To compare them", advice=ADVICE)

    def part(number: int) -> _Part:
        members = slice(bounds[number], bounds[number + 1])
        return _Part(
            int(bounds[number]),
            ordered[members],
            stops[members],
            limits[members],
            None if components is None else components.find(order[members]),
        )

    # much of the work is Python's own here, which threads would not share
    blocks = run_blocks(
        (joblib.delayed(_search)(part(one), part(other), both_strands) for one, other in tasks),
        n_jobs=n_jobs,
        prefer="processes",
    )
    for first, second, edits in blocks:
        first, second = order[first], order[second]
        if components is not None:
            components.join(first, second)
        yield first, second, edits


def _search(rows: _Part, columns: _Part, both_strands: bool) -> Pairs:
    """Return the close pairs between two parts, positions being those of the whole."""
    coverage = read_coverage(columns.sequences)
    of_row, of_column, joined = _local_components(rows, columns)
    position = np.arange(columns.start, columns.start + len(columns.sequences))
    longer = lengths_of(columns.sequences)
    certain = longer >= (RUN + 1) * columns.limits
    short = (longer <= SHORT) & ~certain
    # an estimate is no proof
    most = np.where(certain | short, np.inf, _MOST_ESTIMATED * columns.limits)
    windows_of: dict[int, _Windows] = {}
    found: list[tuple[int, int, int]] = []
    for batch in range(0, len(rows.sequences), _ROWS_AT_ONCE):
        circles: dict[int, _Circle] = {}
        candidates: list[tuple[float, int, int]] = []
        for row, sequence in enumerate(rows.sequences[batch : batch + _ROWS_AT_ONCE], start=batch):
            wanted = (position > row + rows.start) & (position < rows.stops[row])
            if joined is not None:
                wanted &= joined.find(of_row[row : row + 1]) != joined.find(of_column)
            chosen = np.flatnonzero(wanted)
            if len(chosen) == 0:
                continue
            circles[row] = circle = _Circle(sequence, both_strands)
            least, estimates = coverage.bounds(circle.spellings, chosen)
            near = (least <= columns.limits[chosen]) & (estimates <= most[chosen])
            candidates.extend(
                (estimate, row, column)
                for estimate, column in zip(estimates[near].tolist(), chosen[near].tolist(), strict=True)
            )
        # the closest first: whoever they join need not be looked at
        for estimate, row, column in sorted(candidates):
            if joined is not None and joined.root(of_row[row]) == joined.root(of_column[column]):
                continue
            circle, sequence, limit = circles[row], columns.sequences[column], int(columns.limits[column])
            if short[column]:
                edits = _edits_of_all_turns(sequence, circle.spellings, limit)
            else:
                if column not in windows_of:
                    windows_of[column] = _sorted_windows(sequence)
                cuts = _cuts(sequence, circle, windows_of[column])
                edits = _edits_at_cuts(
                    sequence,
                    circle.spellings,
                    cuts,
                    limit,
                    estimate=estimate,
                    first_is_enough=joined is not None,
                )
                if edits > limit and len(sequence) <= _ALIKE * limit:
                    edits = min(
                        int(Levenshtein.distance(sequence, other, score_cutoff=limit))
                        for other in circle.spellings
                    )
            if edits <= limit:
                found.append((row + rows.start, column + columns.start, edits))
                if joined is not None:
                    joined.join(of_row[[row]], of_column[[column]])
    first, second, edits_found = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return first, second, edits_found


def _sorted_windows(sequence: str) -> _Windows:
    """Return the windows of a sequence in ascending order, and where they begin."""
    keys, _ = window_keys(_object_array([sequence]))
    order = np.argsort(keys)
    return keys[order], order


def _cuts(sequence: str, circle: _Circle, windows: _Windows) -> list[tuple[int, int, int, int]]:
    """Return the cuts (length of the run, here, spelling, there), the longest run first."""
    keys, starts = windows
    runs = circle.index.runs(keys)
    begins = starts[runs.here]
    doubled, n = sequence + sequence, len(sequence)
    cuts = []
    for owner, here, there in zip(runs.owners.tolist(), begins.tolist(), runs.there.tolist(), strict=True):
        other = circle.spellings[owner]
        run = Prefix.similarity(doubled[here : here + n], other[there:] + other[:there])
        cuts.append((run, here, owner, there))
    return sorted(cuts, reverse=True)


def _edits_at_cuts(
    sequence: str,
    spelled: npt.NDArray[np.object_],
    cuts: list[tuple[int, int, int, int]],
    limit: int,
    *,
    estimate: float,
    first_is_enough: bool,
) -> int:
    """Return the least distance over the cuts, or more than the limit."""
    best = limit + 1
    if not cuts:
        return best
    longer = max(len(sequence), len(spelled[0]))
    certain = longer >= (RUN + 1) * limit
    if certain:
        # the longest run of a close pair has this many symbols at least
        needed = -(-(longer - limit) // max(limit, 1))
        chosen = [cut for cut in cuts if cut[0] >= needed]
    else:
        chosen = cuts[:CUTS]
    for tried, (_, here, owner, there) in enumerate(chosen, start=1):
        other = spelled[owner]
        edits = Levenshtein.distance(
            sequence[here:] + sequence[:here], other[there:] + other[:there], score_cutoff=best - 1
        )
        if edits < best:
            best = edits
            if first_is_enough or best == abs(len(sequence) - len(other)):
                break
        # what is left to try are alignments that go through none of the runs tried, and lose their symbols
        if not certain and estimate + UNRELATED * _lost(cuts, tried, len(sequence)) > _MOST_ESTIMATED * best:
            break
    return best


def _lost(cuts: list[tuple[int, int, int, int]], tried: int, n: int) -> int:
    """Return how many symbols stand in one of the runs tried and in no other."""
    held = np.zeros(2 * n, dtype=np.int8)
    for run, here, _, _ in cuts[:tried]:
        held[here : here + run] = 1
    for run, here, _, _ in cuts[tried:]:
        held[here : here + run] = 2
    return int((np.maximum(held[:n], held[n:]) == 1).sum())


def _edits_of_all_turns(sequence: str, spellings: npt.NDArray[np.object_], limit: int) -> int:
    """Return the least distance over all rotations, or more than the limit."""
    turns = [other[start:] + other[:start] for other in spellings for start in range(max(len(other), 1))]
    return int(
        cdist([sequence], turns, scorer=Levenshtein.distance, dtype=np.int32, score_cutoff=limit).min()
    )


def _local_components(
    rows: _Part, columns: _Part
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Components | None]:
    """Return a component for each row and column, and what joins them."""
    if rows.components is None or columns.components is None:
        none = np.empty(0, dtype=np.intp)
        return none, none, None
    members = np.unique(np.concatenate([rows.components, columns.components]), return_inverse=True)[1]
    n_rows = len(rows.sequences)
    return members[:n_rows], members[n_rows:], Components(int(members.max()) + 1)


def _object_array(strings: list[str]) -> npt.NDArray[np.object_]:
    array = np.empty(len(strings), dtype=object)
    array[:] = strings
    return array
