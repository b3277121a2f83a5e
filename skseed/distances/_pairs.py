"""All pairs of different sequences within a cut-off: the one engine of neighbours and groups."""

import logging
from collections.abc import Iterator

import joblib
import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from skseed.distances._cutoff import Cutoff
from skseed.distances._distinct import lengths_of

logger = logging.getLogger("skseed")

_BLOCK_ROWS = 256
_BLOCK_COLUMNS = 4096

Pairs = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.int64]]


def close_pairs(
    sequences: npt.NDArray[np.object_], cutoff: Cutoff, *, n_jobs: int | None = None
) -> Iterator[Pairs]:
    """Yield every pair of sequences within a cut-off, block by block.

    Parameters
    ----------
    sequences : ndarray of str of shape (n_sequences,)
        Different sequences.
    cutoff : Cutoff
        The largest distance that counts.
    n_jobs : int, default=None
        Blocks computed at once.

    Yields
    ------
    first, second, edits : ndarray of shape (n_pairs,)
        Positions of the two sequences and their distance. Every pair comes once.
    """
    order = np.argsort(lengths_of(sequences), kind="stable")
    ordered = sequences[order]
    lengths = lengths_of(ordered)
    # a longer partner is out of reach as soon as its length alone costs more than its limit
    stops = np.searchsorted(cutoff.shortest_partner(lengths), lengths, side="right")
    tasks = [
        (row, min(row + _BLOCK_ROWS, len(ordered)), column)
        for row in range(0, len(ordered), _BLOCK_ROWS)
        for column in range(row, stops[min(row + _BLOCK_ROWS, len(ordered)) - 1], _BLOCK_COLUMNS)
    ]
    logger.info("%d sequences are compared in %d blocks.", len(ordered), len(tasks))
    blocks = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator_unordered")(
        joblib.delayed(_close_in_block)(
            ordered[start:stop],
            ordered[column : min(column + _BLOCK_COLUMNS, stops[stop - 1])],
            cutoff,
            start,
            column,
        )
        for start, stop, column in tasks
    )
    for first, second, edits in blocks:
        yield order[first], order[second], edits


def _close_in_block(
    rows: npt.NDArray[np.object_], columns: npt.NDArray[np.object_], cutoff: Cutoff, start: int, column: int
) -> Pairs:
    limits = cutoff.limits(np.maximum.outer(lengths_of(rows), lengths_of(columns)))
    edits = cdist(rows, columns, scorer=Levenshtein.distance, dtype=np.int32, score_cutoff=int(limits.max()))
    first, second = np.nonzero(edits <= limits)
    later = first + start < second + column
    first, second = first[later], second[later]
    return first + start, second + column, edits[first, second].astype(np.int64)
