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

from skseed.distances._components import Components
from skseed.distances._cutoff import Cutoff
from skseed.distances._distinct import lengths_of
from skseed.distances._letters import read_letters
from skseed.distances._parallel import run_blocks
from skseed.distances._qgrams import QgramRows, choose_filter

logger = logging.getLogger("skseed")

_BLOCK_ROWS = 1024
_BLOCK_COLUMNS = 2048
_FIRST_ROUND = 512

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
    n_pairs = float((stops - np.arange(len(stops)) - 1).sum())
    qgrams = _filter_rows(ordered, lengths, limits, n_pairs)

    def part(start: int, stop: int) -> _Part:
        return _Part(
            start,
            ordered[start:stop],
            stops[start:stop],
            limits[start:stop],
            None if qgrams is None else qgrams.part(start, stop),
            None if components is None else components.find(order[start:stop]),
        )

    blocks = run_blocks(
        (
            joblib.delayed(_search)(part(row, row + _BLOCK_ROWS), part(column, column + _BLOCK_COLUMNS))
            for row in range(0, len(ordered), _BLOCK_ROWS)
            for column in range(row, int(stops[row : row + _BLOCK_ROWS].max()), _BLOCK_COLUMNS)
        ),
        n_jobs=n_jobs,
        prefer="threads",
    )
    for first, second, edits in blocks:
        first, second = order[first], order[second]
        if components is not None:
            components.join(first, second)
        yield first, second, edits


def _filter_rows(
    ordered: npt.NDArray[np.object_],
    lengths: npt.NDArray[np.int64],
    limits: npt.NDArray[np.int64],
    n_pairs: float,
) -> QgramRows | None:
    """Plan the work, say so in the log, and prepare the filter if it pays."""
    seconds_per_pair = float(1e-6 + 1e-9 * (lengths * (1 + limits / 64)).mean())
    letters = read_letters(ordered)
    chosen = choose_filter(letters, lengths, limits, n_pairs=n_pairs, seconds_per_pair=seconds_per_pair)
    share = 1.0 if chosen is None else chosen.pass_rate
    seconds = n_pairs * share * seconds_per_pair
    if chosen is not None:
        seconds += n_pairs * 2e-11 * len(chosen.buckets)
    logger.info(
        "%s pairs of %s sequences have lengths that fit; %s; about %.1f CPU-seconds.",
        f"{n_pairs:,.0f}",
        f"{len(lengths):,}",
        "all are compared"
        if chosen is None
        else f"{len(chosen.buckets)} counts of words of {chosen.q} letters leave about {share:.2g} of them",
        seconds,
    )
    return None if chosen is None else chosen.rows(letters, lengths, limits)


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
    size = _FIRST_ROUND
    while len(first):
        one, other = first[:size], second[:size]
        edits = _edits(rows.sequences, columns.sequences, one, other, columns.limits)
        close = edits <= columns.limits[other]
        one, other = one[close], other[close]
        found.append((one, other, edits[close]))
        joined.join(of_row[one], of_column[other])
        first, second = first[size:], second[size:]
        apart = joined.find(of_row[first]) != joined.find(of_column[second])
        first, second = first[apart], second[apart]
        size *= 2
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
