"""All pairs of different sequences within a cut-off: the one engine of neighbours and groups.

The filters, cheapest first: the difference of the lengths, shared q-grams, and at last the exact
distance with a cut-off. Where only groups are asked for, pairs that are joined already are skipped.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import joblib
import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from skseed._limits import check_time
from skseed._parallel import run_blocks
from skseed.distances._components import Components
from skseed.distances._cutoff import Cutoff
from skseed.distances._distinct import lengths_of
from skseed.distances._letters import read_letters
from skseed.distances._pieces import SECONDS_PER_HIT, SECONDS_PER_LETTER, Pieces, cut_pieces, estimate_work
from skseed.distances._qgrams import QgramRows, choose_filter

logger = logging.getLogger("skseed")

_BLOCK_ROWS = 1024
_BLOCK_COLUMNS = 2048
_CHECKED_AT_ONCE = 16_384
_KEEP_APART = 16
# windows that equal a piece are held: 24 bytes each, and they are fewer than hits
_MOST_HITS = 1e9
WORTH_CUTTING = 0.5

ADVICE = "lower max_distance, group inside labels with y, or pass fewer sequences"

Pairs = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class _Part:
    """Some consecutive sequences, in ascending order of length."""

    start: int
    sequences: npt.NDArray[np.object_]
    stops: npt.NDArray[np.intp]
    limits: npt.NDArray[np.int64]
    qgrams: QgramRows | None
    components: npt.NDArray[np.intp] | None


def close_pairs(
    sequences: npt.NDArray[np.object_],
    cutoff: Cutoff,
    *,
    components: Components | None = None,
    n_jobs: int | None = None,
) -> Iterator[Pairs]:
    """Yield the pairs of sequences within a cut-off, block by block.

    Parameters
    ----------
    sequences : ndarray of str of shape (n_sequences,)
        Different sequences.
    cutoff : Cutoff
        The largest distance that counts.
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
    # a longer partner is out of reach as soon as its length alone costs more than its limit
    stops = np.searchsorted(lengths - limits, lengths, side="right")
    plan = _plan(ordered, lengths, limits, stops, n_jobs)
    if isinstance(plan, Pieces):
        blocks = _blocks_of_pieces(plan, ordered, stops, order, components, n_jobs)
    else:
        blocks = _blocks_of_all(plan, ordered, limits, stops, order, components, n_jobs)
    for first, second, edits in blocks:
        first, second = order[first], order[second]
        if components is not None:
            components.join(first, second)
        yield first, second, edits


def _plan(
    ordered: npt.NDArray[np.object_],
    lengths: npt.NDArray[np.int64],
    limits: npt.NDArray[np.int64],
    stops: npt.NDArray[np.intp],
    n_jobs: int | None,
) -> Pieces | QgramRows | None:
    """Choose the cheapest way to find candidates, say so in the log, and prepare it."""
    n_pairs = float((stops - np.arange(len(stops)) - 1).sum())
    seconds_per_pair = float(1e-6 + 1e-9 * (lengths * (1 + limits / 64)).mean())
    letters = read_letters(ordered)
    qgrams, seconds = choose_filter(
        letters, lengths, limits, n_pairs=n_pairs, seconds_per_pair=seconds_per_pair
    )
    way: Pieces | QgramRows | None = None
    words = "all are compared"
    if qgrams is not None:
        words = (
            f"{len(qgrams.buckets)} counts of words of {qgrams.q} letters leave about "
            f"{qgrams.pass_rate:.2g} of them"
        )
    to_cut = len(letters.codes) * SECONDS_PER_LETTER
    if to_cut < seconds and seconds > WORTH_CUTTING:
        work = estimate_work(letters, lengths, limits, most_hits=(seconds - to_cut) / SECONDS_PER_HIT)
        if work is not None:
            cost = to_cut + work[0] * SECONDS_PER_HIT + work[1] * seconds_per_pair
            if cost < seconds:
                way = cut_pieces(letters, lengths, limits, most_hits=_MOST_HITS)
            if way is not None:
                seconds, words = cost, f"exact pieces propose about {work[1]:,.0f} of them"
    logger.info(
        "%s pairs of %s sequences have lengths that fit; %s; about %.1f CPU-seconds.",
        f"{n_pairs:,.0f}",
        f"{len(lengths):,}",
        words,
        seconds,
    )
    check_time(seconds, n_jobs=n_jobs, what="To compare them", advice=ADVICE)
    if way is None and qgrams is not None:
        way = qgrams.rows(letters, lengths, limits)
    return way


def _blocks_of_all(
    qgrams: QgramRows | None,
    ordered: npt.NDArray[np.object_],
    limits: npt.NDArray[np.int64],
    stops: npt.NDArray[np.intp],
    order: npt.NDArray[np.intp],
    components: Components | None,
    n_jobs: int | None,
) -> Iterator[Pairs]:
    """Search block by block of all pairs."""

    def part(start: int, stop: int) -> _Part:
        return _Part(
            start,
            ordered[start:stop],
            stops[start:stop],
            limits[start:stop],
            None if qgrams is None else qgrams.part(start, stop),
            None if components is None else components.find(order[start:stop]),
        )

    yield from run_blocks(
        (
            joblib.delayed(_search)(part(row, row + _BLOCK_ROWS), part(column, column + _BLOCK_COLUMNS))
            for row in range(0, len(ordered), _BLOCK_ROWS)
            for column in range(row, int(stops[row : row + _BLOCK_ROWS].max()), _BLOCK_COLUMNS)
        ),
        n_jobs=n_jobs,
        prefer="threads",
    )


def _blocks_of_pieces(
    pieces: Pieces,
    ordered: npt.NDArray[np.object_],
    stops: npt.NDArray[np.intp],
    order: npt.NDArray[np.intp],
    components: Components | None,
    n_jobs: int | None,
) -> Iterator[Pairs]:
    """Check the pairs that share a piece; the caller joins what is yielded before the next is looked at."""
    n = len(ordered)
    if components is None:
        found = [np.empty(0, dtype=np.int64)]
        for keys in pieces.candidates(None, order):
            found.append(keys)
            if len(found) == _KEEP_APART:
                found = [np.unique(np.concatenate(found))]
        keys = np.unique(np.concatenate(found))
        yield from _check(ordered, pieces.limits, stops, *np.divmod(keys, n), n_jobs)
        return
    for keys in pieces.candidates(components, order):
        first, second = np.divmod(keys, n)
        width = 1
        while len(first):
            roots = components.find(order[first]), components.find(order[second])
            apart = roots[0] != roots[1]
            first, second = first[apart], second[apart]
            now = _foremost(roots[0][apart], roots[1][apart], width)
            yield from _check(ordered, pieces.limits, stops, first[now], second[now], n_jobs)
            first, second = first[~now], second[~now]
            width *= 2


def _foremost(one: npt.NDArray[np.intp], other: npt.NDArray[np.intp], width: int) -> npt.NDArray[np.bool_]:
    """Mark the first few pairs of each component: most of the others are joined when those are."""
    return (_rank(one) < width) | (_rank(other) < width)


def _rank(components: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return how many pairs of its component come before each pair."""
    order = np.argsort(components, kind="stable")
    starts = np.flatnonzero(np.diff(components[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return ranks


def _check(
    ordered: npt.NDArray[np.object_],
    limits: npt.NDArray[np.int64],
    stops: npt.NDArray[np.intp],
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    n_jobs: int | None,
) -> Iterator[Pairs]:
    """Yield those of some pairs that are close."""
    reachable = second < stops[first]
    first, second = first[reachable], second[reachable]
    by_row = np.argsort(first, kind="stable")
    first, second = first[by_row], second[by_row]
    slices = [slice(start, start + _CHECKED_AT_ONCE) for start in range(0, len(first), _CHECKED_AT_ONCE)]

    def task(members: slice) -> object:
        # only what is compared travels, should the task run elsewhere
        rows, of_row = np.unique(first[members], return_inverse=True)
        columns, of_column = np.unique(second[members], return_inverse=True)
        return joblib.delayed(_edits)(ordered[rows], ordered[columns], of_row, of_column, limits[columns])

    checked = run_blocks(map(task, slices), n_jobs=n_jobs, prefer="threads", ordered=True)
    for members, edits in zip(slices, checked, strict=True):
        close = edits <= limits[second[members]]
        yield first[members][close], second[members][close], edits[close]


def _search(rows: _Part, columns: _Part) -> Pairs:
    """Return the close pairs between two parts, positions being those of the whole."""
    if rows.qgrams is None or columns.qgrams is None:
        slack = np.zeros((len(rows.sequences), len(columns.sequences)), dtype=np.float32)
    else:
        slack = rows.qgrams.slack(columns.qgrams)
    first, second = np.divmod(np.flatnonzero(slack >= 0), slack.shape[1])
    position = second + columns.start
    kept = (first + rows.start < position) & (position < rows.stops[first])
    if rows.components is not None and columns.components is not None:
        kept &= rows.components[first] != columns.components[second]
        first, second = first[kept], second[kept]
        likely = np.argsort(-slack[first, second], kind="stable")
        first, second, edits = _join(rows, columns, first[likely], second[likely])
    else:
        first, second = first[kept], second[kept]
        edits = _edits(rows.sequences, columns.sequences, first, second, columns.limits)
        close = edits <= columns.limits[second]
        first, second, edits = first[close], second[close], edits[close]
    return first + rows.start, second + columns.start, edits


def _join(rows: _Part, columns: _Part, first: npt.NDArray[np.intp], second: npt.NDArray[np.intp]) -> Pairs:
    """Return close pairs enough to join all that is close, the likeliest being looked at first."""
    assert rows.components is not None
    assert columns.components is not None
    # views of one part overlap on the diagonal: equal components get equal numbers here
    members = np.unique(np.concatenate([rows.components, columns.components]), return_inverse=True)[1]
    of_row, of_column = members[: len(rows.sequences)], members[len(rows.sequences) :]
    joined = Components(int(members.max()) + 1)
    found: list[Pairs] = []
    width = 1
    while len(first):
        now = _foremost(joined.find(of_row[first]), joined.find(of_column[second]), width)
        one, other = first[now], second[now]
        edits = _edits(rows.sequences, columns.sequences, one, other, columns.limits)
        close = edits <= columns.limits[other]
        one, other = one[close], other[close]
        found.append((one, other, edits[close]))
        joined.join(of_row[one], of_column[other])
        first, second = first[~now], second[~now]
        apart = joined.find(of_row[first]) != joined.find(of_column[second])
        first, second = first[apart], second[apart]
        width *= 2
    if not found:
        return first, second, np.empty(0, dtype=np.int64)
    return tuple(np.concatenate(values) for values in zip(*found, strict=True))  # type: ignore[return-value]


def _edits(
    rows: npt.NDArray[np.object_],
    columns: npt.NDArray[np.object_],
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    limits: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return the distance of pairs, or more than the limit where it is beyond."""
    edits = np.empty(len(first), dtype=np.int64)
    order = np.argsort(first, kind="stable")
    starts = np.flatnonzero(np.diff(first[order], prepend=-1))
    for members in np.split(order, starts[1:]) if len(starts) else []:
        choices = second[members]
        edits[members] = cdist(
            [rows[first[members[0]]]],
            columns[choices],
            scorer=Levenshtein.distance,
            dtype=np.int32,
            score_cutoff=int(limits[choices].max()),
        )[0]
    return edits
