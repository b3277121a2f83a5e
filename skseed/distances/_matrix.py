"""The full matrix of edit distances, refused before it starts where it cannot end well."""

import logging
from numbers import Integral
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from skseed._limits import GIBIBYTE, available_memory, check_time
from skseed._parallel import run_blocks
from skseed._sklearn import validate_params
from skseed._validation import check_sequences
from skseed.distances._cutoff import MAX_DISTANCE, Cutoff
from skseed.distances._distinct import distinct, lengths_of
from skseed.distances._exact import exact_distances, worth_lanes

logger = logging.getLogger("skseed")

# measured for 1,100 symbols on one core; short sequences reach half of it (see docs/benchmarks)
_CELLS_PER_SECOND = {False: 2e10, True: 1e11}
_SECONDS_PER_PAIR = 5e-8
_MAX_BYTES = 8 * GIBIBYTE
_BLOCK_ROWS = 128


@validate_params(
    {
        "X": "no_validation",
        "Y": "no_validation",
        "max_distance": [*MAX_DISTANCE, None],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def levenshtein_distances(
    X: Any, Y: Any = None, *, max_distance: int | float | None = None, n_jobs: int | None = None
) -> npt.NDArray[np.signedinteger]:
    """Compute the matrix of edit distances between sequences.

    The Levenshtein distance is the least number of substitutions, insertions and deletions of one
    symbol that turn one sequence into the other. The matrix is what clustering, nearest
    neighbours with ``metric="precomputed"`` and the training of an embedding need. Where only
    the close pairs of a large collection matter, `levenshtein_neighbors` finds them without it.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences_X,)
        Sequences; an empty one is as far from another as that one is long.
    Y : array-like of str of shape (n_sequences_Y,), default=None
        Sequences to compare with; None compares `X` with itself, at half the work.
    max_distance : int or float, default=None
        A cut-off that saves most of the work where few pairs are within it: a number of edits
        (int, at least 0) or a fraction of the longer of the two lengths (float between 0 and 1).
        A pair beyond its limit gets the limit plus one, in whole edits, instead of its distance.
    n_jobs : int, default=None
        The number of blocks computed at once; None is 1 unless in a ``joblib.parallel_config``
        context, -1 is one for each processor.

    Returns
    -------
    distances : ndarray of shape (n_sequences_X, n_sequences_Y)
        Edits, as int16 or, where a sequence is longer than 32,766 symbols, int32. The type is
        signed, so that the difference of two distances is right too.

    Raises
    ------
    MemoryError
        If the matrix would take more than 8 GiB or half of the memory of the machine. It is raised
        before any work, with an estimate of memory and time.
    ValueError
        If the work would take more than 48 hours on the workers that there are.

    See Also
    --------
    levenshtein_neighbors : All pairs within a cut-off, for collections too large for a matrix.
    levenshtein_groups : The groups that those pairs join.

    Notes
    -----
    Equal sequences are compared once. The cost is n_X · n_Y · length² / 64 word operations, about
    20 minutes of one processor for 7,000 genes of 1,100 symbols, and half or less with a tight cut-off.
    With the extra ``skseed[fast]`` (numba) eight pairs share every instruction, which takes a fifth of
    the time or less; matrices of some seconds' work use it where no cut-off is given.

    Examples
    --------
    >>> from skseed.distances import levenshtein_distances
    >>> levenshtein_distances(["GATTACA", "GATACA", "CATTAGA"])
    array([[0, 1, 2],
           [1, 0, 3],
           [2, 3, 0]], dtype=int16)
    >>> levenshtein_distances(["GATTACA"], ["GATTACC", "TTTTTTT"], max_distance=2)
    array([[1, 3]], dtype=int16)
    """
    left, left_of = distinct(check_sequences(X))
    right, right_of = (left, left_of) if Y is None else distinct(check_sequences(Y, name="Y"))
    left_lengths, right_lengths = lengths_of(left), lengths_of(right)
    longest = max(left_lengths.max(), right_lengths.max())
    dtype = np.dtype("int16" if longest < np.iinfo(np.int16).max else "int32")
    cells = float(left_lengths.sum()) * float(right_lengths.sum()) / (2 if Y is None else 1)
    lanes = max_distance is None and worth_lanes(cells) and _one_byte_a_symbol(left, right)
    _refuse_impossible(
        n_pairs=(len(left_of), len(right_of)),
        cells=cells,
        dtype=dtype,
        with_cutoff=max_distance is not None,
        lanes=lanes,
        n_jobs=n_jobs,
    )
    cutoff = None if max_distance is None else Cutoff(max_distance)
    if lanes:
        left, right = (np.array([s.encode("ascii") for s in part], dtype=object) for part in (left, right))
    starts = range(0, len(left), _BLOCK_ROWS)
    # rapidfuzz lets go of the interpreter lock, so threads share the sequences without a copy
    blocks = run_blocks(
        (
            joblib.delayed(_distance_block)(
                left[start : start + _BLOCK_ROWS],
                right if Y is not None else right[start:],
                cutoff=cutoff,
                lanes=lanes,
                dtype=dtype,
            )
            for start in starts
        ),
        n_jobs=n_jobs,
        prefer="threads",
        ordered=True,
    )
    distances = np.empty((len(left), len(right)), dtype=dtype)
    for start, block in zip(starts, blocks, strict=True):
        stop = start + len(block)
        if Y is None:
            distances[start:stop, start:] = block
            distances[start:, start:stop] = block.T
        else:
            distances[start:stop] = block
    if len(left) == len(left_of) and len(right) == len(right_of):
        return distances
    return distances[np.ix_(left_of, right_of)]


def _distance_block(
    rows: npt.NDArray[np.object_],
    columns: npt.NDArray[np.object_],
    *,
    cutoff: Cutoff | None,
    lanes: bool,
    dtype: np.dtype[Any],
) -> npt.NDArray[np.signedinteger]:
    if cutoff is None:
        return exact_distances(rows, columns, lanes=lanes, dtype=dtype)
    limits = cutoff.limits(np.maximum.outer(lengths_of(rows), lengths_of(columns)))
    # a limit beyond the longest sequence of the block rejects nothing, but would overflow the type
    largest = min(int(limits.max()), np.iinfo(dtype).max - 1)
    block = cdist(rows, columns, scorer=Levenshtein.distance, dtype=dtype, score_cutoff=largest)
    return np.minimum(block, limits + 1, casting="unsafe", out=block)


def _one_byte_a_symbol(*parts: npt.NDArray[np.object_]) -> bool:
    return all(sequence.isascii() for part in parts for sequence in part)


def _refuse_impossible(
    *,
    n_pairs: tuple[int, int],
    cells: float,
    dtype: np.dtype[Any],
    with_cutoff: bool,
    lanes: bool,
    n_jobs: int | None,
) -> None:
    """Raise where the matrix cannot be held or awaited, and log the plan otherwise."""
    n_bytes = float(n_pairs[0]) * n_pairs[1] * dtype.itemsize
    cpu_hours = (cells / _CELLS_PER_SECOND[lanes] + n_pairs[0] * n_pairs[1] * _SECONDS_PER_PAIR) / 3600
    plan = (
        f"A matrix of {n_pairs[0]:,} × {n_pairs[1]:,} edit distances takes {n_bytes / GIBIBYTE:.1f} GiB "
        f"and {'at most ' if with_cutoff else ''}about {cpu_hours:.1g} CPU-hours"
    )
    advice = (
        "use levenshtein_neighbors(X, max_distance) or levenshtein_groups where only close pairs matter, or "
        "compute a few rows at a time with levenshtein_distances(X[i:j], X)"
    )
    if n_bytes > min(_MAX_BYTES, available_memory() / 2):
        raise MemoryError(f"{plan}; {advice}.")
    if not with_cutoff:
        check_time(3600 * cpu_hours, n_jobs=n_jobs, what="The matrix", advice=advice)
    logger.info("%s.", plan)
