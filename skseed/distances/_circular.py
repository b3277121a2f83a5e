"""Pairs of circular sequences within a cut-off, wherever and on whichever strand they were cut open."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import joblib
import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein, Prefix
from rapidfuzz.process import cdist

from skseed.alphabets import DNA
from skseed.distances._anchors import RUN, Runs, index_anchors, window_keys
from skseed.distances._components import Components
from skseed.distances._cutoff import Cutoff
from skseed.distances._distinct import lengths_of
from skseed.distances._limits import refuse_endless
from skseed.distances._pairs import ADVICE, Pairs
from skseed.distances._parallel import run_blocks

logger = logging.getLogger("skseed")

SHORT = 512
CUTS = 8
_ALIKE = 3
_PART_LETTERS = 4_000_000
# measured for plasmids of 6,000 symbols at 1,000 edits
_SECONDS_PER_PAIR_AND_SYMBOL = 1e-7


@dataclass(frozen=True)
class _Part:
    """Some consecutive sequences, in ascending order of length."""

    start: int
    sequences: npt.NDArray[np.object_]
    stops: npt.NDArray[np.intp]
    limits: npt.NDArray[np.int64]
    components: npt.NDArray[np.intp] | None


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
    tasks = [
        (one, other)
        for one in range(len(bounds) - 1)
        for other in range(one, len(bounds) - 1)
        if stops[bounds[one + 1] - 1] > bounds[other]
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
    refuse_endless(seconds, n_jobs=n_jobs, what="To compare them", advice=ADVICE)

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
    n_columns = len(columns.sequences)
    strands = [columns.sequences]
    if both_strands:
        strands.append(_object_array([DNA.reverse_complement(sequence) for sequence in columns.sequences]))
    spelled = np.concatenate(strands)
    index = index_anchors(spelled)
    keys, starts = window_keys(rows.sequences)
    of_row, of_column, joined = _local_components(rows, columns)
    longer = lengths_of(columns.sequences)
    short = (longer <= SHORT) & (longer < (RUN + 1) * columns.limits)
    alike = longer <= _ALIKE * columns.limits
    found: list[tuple[int, int, int]] = []
    for row, sequence in enumerate(rows.sequences):
        position = np.arange(columns.start, columns.start + n_columns)
        wanted = (position > row + rows.start) & (position < rows.stops[row])
        if joined is not None:
            wanted &= joined.find(of_row[row : row + 1]) != joined.find(of_column)
        if not wanted.any():
            continue
        runs = index.runs(keys[starts[row] : starts[row + 1]], np.tile(wanted & ~short, len(strands)))
        cuts = _cuts_by_column(sequence, spelled, runs, n_columns)
        for column in np.flatnonzero(wanted & (short | alike)).tolist():
            cuts.setdefault(column, [])
        # pairs with a long run first: whoever they join need not be looked at
        for column in sorted(cuts, key=lambda column: cuts[column][:1], reverse=True):
            if joined is not None and joined.find(of_row[[row]]) == joined.find(of_column[[column]]):
                continue
            spellings = spelled[column::n_columns]
            limit = int(columns.limits[column])
            if short[column]:
                edits = _edits_of_all_turns(sequence, spellings, limit)
            else:
                edits = _edits_at_cuts(
                    sequence, spelled, cuts[column], limit, first_is_enough=joined is not None
                )
                if alike[column] and edits > limit:
                    edits = min(
                        int(Levenshtein.distance(sequence, other, score_cutoff=limit)) for other in spellings
                    )
            if edits <= limit:
                found.append((row + rows.start, column + columns.start, edits))
                if joined is not None:
                    joined.join(of_row[[row]], of_column[[column]])
    first, second, edits_found = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return first, second, edits_found


def _cuts_by_column(
    sequence: str, spelled: npt.NDArray[np.object_], runs: Runs, n_columns: int
) -> dict[int, list[tuple[int, int, int, int]]]:
    """Return the cuts (length of the run, here, spelling, there) of each column, the longest first."""
    cuts: dict[int, list[tuple[int, int, int, int]]] = {}
    doubled, n = sequence + sequence, len(sequence)
    for owner, here, there in zip(runs.owners.tolist(), runs.here.tolist(), runs.there.tolist(), strict=True):
        other = spelled[owner]
        run = Prefix.similarity(doubled[here : here + n], other[there:] + other[:there])
        cuts.setdefault(owner % n_columns, []).append((run, here, owner, there))
    for members in cuts.values():
        members.sort(reverse=True)
    return cuts


def _edits_at_cuts(
    sequence: str,
    spelled: npt.NDArray[np.object_],
    cuts: list[tuple[int, int, int, int]],
    limit: int,
    *,
    first_is_enough: bool,
) -> int:
    """Return the least distance over the cuts, or more than the limit."""
    best = limit + 1
    if not cuts:
        return best
    longer = max(len(sequence), len(spelled[cuts[0][2]]))
    if longer >= (RUN + 1) * limit:
        # the longest run of a close pair has this many symbols at least
        needed = -(-(longer - limit) // max(limit, 1))
        cuts = [cut for cut in cuts if cut[0] >= needed]
    else:
        cuts = cuts[:CUTS]
    for _, here, owner, there in cuts:
        other = spelled[owner]
        edits = Levenshtein.distance(
            sequence[here:] + sequence[:here], other[there:] + other[:there], score_cutoff=best - 1
        )
        if edits < best:
            best = edits
            if first_is_enough or best == abs(len(sequence) - len(other)):
                break
    return best


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
