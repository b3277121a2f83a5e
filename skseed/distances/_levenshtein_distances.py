"""The full matrix of edit distances."""

import logging
from functools import partial
from numbers import Integral
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt

from skseed._constraints import ALPHABET_OF_DISTANCES, MAX_DISTANCE, VERBOSE
from skseed._limits import GIBIBYTE, check_memory, check_time
from skseed._parallel import run_blocks
from skseed._progress import show_progress, track
from skseed._sequences import Sequences, as_sequence_pair, as_sequences
from skseed._sklearn import validate_params
from skseed.alphabets import Alphabet
from skseed.distances._blocks import Cutoff
from skseed.distances._verify import capped_distance_matrix, distance_matrix, worth_simd

logger = logging.getLogger("skseed")

# measured for 1,100 symbols on one core; short sequences reach half of it (see docs/benchmarks)
_CELLS_PER_SECOND = {False: 2e10, True: 1e11}
_SECONDS_PER_PAIR = 5e-8
_MAX_BYTES = 8 * GIBIBYTE
_MOST_ROWS, _ROWS_OF_VECTOR = 128, 8
# half a second of work without and with the SIMD kernel, after which Ctrl-C ends it
_CELLS_AT_ONCE = {False: 1e10, True: 5e10}
# the time of a pair that does not depend on the lengths
_CELLS_PER_PAIR = 2000
_ADVICE = (
    "use levenshtein_neighbors(X, max_distance) or levenshtein_groups where only close pairs matter, or "
    "compute a few rows at a time with levenshtein_distances(X[i:j], X)"
)

Range = tuple[int, int]


@validate_params(
    {
        "X": "no_validation",
        "Y": "no_validation",
        "max_distance": [*MAX_DISTANCE, None],
        "alphabet": ALPHABET_OF_DISTANCES,
        "n_jobs": [Integral, None],
        "verbose": VERBOSE,
    },
    prefer_skip_nested_validation=True,
)
def levenshtein_distances(
    X: Any,
    Y: Any = None,
    *,
    max_distance: int | float | None = None,
    alphabet: str | Alphabet | None = "auto",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> npt.NDArray[np.signedinteger]:
    """Compute the matrix of edit distances between sequences.

    The Levenshtein distance is the least number of substitutions, insertions and deletions of one symbol that
    turn one sequence into the other. Use the matrix for clustering, for nearest neighbors with
    ``metric="precomputed"`` and for training an embedding. If only the close pairs of a large collection
    matter, `levenshtein_neighbors` finds them without the matrix.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences_X,)
        Sequences. The distance of an empty sequence to another one is the length of the other.
    Y : array-like of str of shape (n_sequences_Y,), default=None
        Sequences to compare with; None compares `X` with itself, at half the work.
    max_distance : int or float, default=None
        A cut-off that saves most of the work if few pairs are within it: a number of edits (int, at least 0)
        or a fraction of the longer of the two lengths (float between 0 and 1). A pair beyond its limit gets
        the limit plus one, in whole edits, instead of its distance.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal. "auto": upper and lower case are equal, U equals T if every letter of `X`
        and `Y` is an IUPAC nucleotide code, and every other character equals itself only. A name or an
        :class:`~skseed.alphabets.Alphabet`: every letter must belong to it, and all its ambiguity letters are
        equal. None: only equal characters are equal.
    n_jobs : int, default=None
        The number of blocks that are computed at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Returns
    -------
    distances : ndarray of shape (n_sequences_X, n_sequences_Y)
        Edits, as int16 or, if a sequence is longer than 32,766 symbols, int32. The type is signed, so that
        differences of distances do not wrap around.

    Raises
    ------
    MemoryError
        If the matrix would take more than 8 GiB or half of the memory that the process may use. It is raised
        before any work, with an estimate of memory and time.
    ValueError
        If the work would take more than 48 hours on the available workers, or a letter does not belong to
        `alphabet`.

    See Also
    --------
    levenshtein_neighbors : All pairs within a cut-off, for collections too large for a matrix.
    levenshtein_groups : The groups that those pairs join.

    Notes
    -----
    Equal sequences are compared once. The cost is n_X · n_Y · length² / 64 machine operations:
    about 20 minutes of one processor for 7,000 genes of 1,100 symbols, and half or less with a tight cut-off.
    Without a cut-off, a SIMD kernel computes eight pairs per instruction, in a fifth of the time or less. The
    kernel takes three seconds to compile. This happens once in a process, as soon as the distances computed
    so far without the kernel would have paid for it. With a cut-off, another kernel computes a diagonal band
    only, and compiles in less than a second.

    Examples
    --------
    >>> from skseed.distances import levenshtein_distances
    >>> levenshtein_distances(["GATTACA", "GATACA", "CATTAGA"])
    array([[0, 1, 2],
           [1, 0, 3],
           [2, 3, 0]], dtype=int16)
    >>> levenshtein_distances(["GATTACA"], ["GATTACC", "TTTTTTT"], max_distance=2)
    array([[1, 3]], dtype=int16)
    >>> levenshtein_distances(["gauuaca"], ["GATTACA", "GATACA"])
    array([[0, 1]], dtype=int16)
    """
    if Y is None:
        left, left_of = as_sequences(X, alphabet=alphabet).unique()
        right, right_of = left, left_of
    else:
        (left, left_of), (right, right_of) = (
            part.unique() for part in as_sequence_pair(X, Y, alphabet=alphabet)
        )
    longest = max(int(left.lengths.max()), int(right.lengths.max()))
    dtype = np.dtype("int16" if longest < np.iinfo(np.int16).max else "int32")
    cells = float(len(left.codes)) * len(right.codes) / (2 if Y is None else 1)
    simd = max_distance is None and worth_simd(left, right, cells)
    has_copies = len(left) < len(left_of) or len(right) < len(right_of)
    _check_work(
        shape=(len(left_of), len(right_of)),
        n_bytes=dtype.itemsize * float(len(left_of) * len(right_of) + has_copies * len(left) * len(right)),
        cpu_seconds=cells / _CELLS_PER_SECOND[simd] + len(left) * len(right) * _SECONDS_PER_PAIR,
        with_cutoff=max_distance is not None,
        n_jobs=n_jobs,
    )
    cutoff = None if max_distance is None else Cutoff(max_distance)
    with show_progress(verbose, "levenshtein_distances"):
        distances = _fill(
            left, right, symmetric=Y is None, cutoff=cutoff, simd=simd, dtype=dtype, n_jobs=n_jobs
        )
    return distances[np.ix_(left_of, right_of)] if has_copies else distances


def _fill(
    left: Sequences,
    right: Sequences,
    *,
    symmetric: bool,
    cutoff: Cutoff | None,
    simd: bool,
    dtype: np.dtype[Any],
    n_jobs: int | None,
) -> npt.NDArray[np.signedinteger]:
    """Return the distances of all pairs, computed in tiles; if `symmetric`, both sides are one."""
    compute = partial(_distance_block, cutoff=cutoff, simd=simd, dtype=dtype)
    tiles = _tiles(left, right, symmetric=symmetric, cells=_CELLS_AT_ONCE[simd])
    tasks = (
        joblib.delayed(compute)(
            left.slice(*rows), right.slice(*columns), symmetric=symmetric and rows[0] == columns[0]
        )
        for rows, columns in tiles
    )
    # rapidfuzz and the kernel release the interpreter lock, so that threads share the sequences
    n_jobs = n_jobs if len(tiles) > 1 else 1
    blocks = run_blocks(tasks, n_jobs=n_jobs, prefer="threads", ordered=True)
    sizes = [(rows[1] - rows[0]) * (columns[1] - columns[0]) for rows, columns in tiles]
    distances = np.empty((len(left), len(right)), dtype=dtype)
    for (rows, columns), block in zip(
        tiles, track(blocks, sum(sizes), "pairs of sequences", sizes=sizes), strict=True
    ):
        distances[slice(*rows), slice(*columns)] = block
        if symmetric:
            distances[slice(*columns), slice(*rows)] = block.T
    return distances


def _tiles(left: Sequences, right: Sequences, *, symmetric: bool, cells: float) -> list[tuple[Range, Range]]:
    """Return ranges of rows and columns whose pairs are computed at once, of about so many cells at most.

    If `symmetric`, only tiles on and above the diagonal are returned, and a tile on it contains all pairs of
    its rows.
    """
    mean_length = max(1.0, len(left.codes) / len(left))
    n_rows = min(max(int(cells**0.5 / mean_length) // _ROWS_OF_VECTOR, 1) * _ROWS_OF_VECTOR, _MOST_ROWS)
    tiles = []
    for start in range(0, len(left), n_rows):
        stop = min(start + n_rows, len(left))
        n_symbols = int(left.offsets[stop] - left.offsets[start])
        costs = n_symbols * right.offsets + _CELLS_PER_PAIR * (stop - start) * np.arange(len(right) + 1)
        column = start if symmetric else 0
        while column < len(right):
            end = int(np.searchsorted(costs, costs[column] + cells, side="right")) - 1
            end = min(max(end, column + 1, stop if symmetric and column == start else 0), len(right))
            tiles.append(((start, stop), (column, end)))
            column = end
    return tiles


def _distance_block(
    rows: Sequences,
    columns: Sequences,
    *,
    symmetric: bool,
    cutoff: Cutoff | None,
    simd: bool,
    dtype: np.dtype[Any],
) -> npt.NDArray[np.signedinteger]:
    if cutoff is None:
        return distance_matrix(rows, columns, symmetric=symmetric, simd=simd, dtype=dtype)
    limits = cutoff.limits(np.maximum.outer(rows.lengths, columns.lengths))
    return capped_distance_matrix(rows, columns, limits=limits, dtype=dtype)


def _check_work(
    *, shape: tuple[int, int], n_bytes: float, cpu_seconds: float, with_cutoff: bool, n_jobs: int | None
) -> None:
    """Raise if the matrix would exceed the memory or the time limit; log the plan otherwise."""
    plan = (
        f"A matrix of {shape[0]:,} × {shape[1]:,} edit distances, {'at most ' if with_cutoff else ''}"
        f"about {cpu_seconds / 3600:.1g} CPU-hours of work,"
    )
    check_memory(n_bytes, what=plan, advice=_ADVICE, at_most=_MAX_BYTES)
    if not with_cutoff:
        check_time(cpu_seconds, n_jobs=n_jobs, what="The matrix", advice=_ADVICE)
    logger.info("%s takes %.1f GiB.", plan, n_bytes / GIBIBYTE)
