"""Exact edit distances of given sequences, by rapidfuzz or by the SIMD kernel."""

from dataclasses import replace
from threading import Lock

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from skseed._sequences import Sequences
from skseed.distances._packed import PackedSequences

# rapidfuzz compares this many cells of the matrices in the three seconds in which numba compiles the kernel
_CELLS_WORTH_COMPILING = 3e10
# native code of searches is compiled in about half a second
_SECONDS_WORTH_NATIVE = 0.3
_FEW_SECONDS = 0.005
_FEW_CELLS = 1e6
# of a matrix with a cut-off, without native code
_SECONDS_PER_CELL = 2e-11
_FEW_ROWS = 4


class SimdDecision:
    """The decision whether this process uses the SIMD kernel, which must be compiled first.

    The kernel is compiled as soon as the cells that were compared without it would have paid for the
    compilation, so that a process never spends more than about twice the least possible time.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._cells = 0.0

    def add(self, cells: float) -> bool:
        """Count work, in cells of dynamic programming matrices, and return whether the kernel pays."""
        with self._lock:
            self._cells += cells
            return self._cells > _CELLS_WORTH_COMPILING


class NativeDecision:
    """The decision whether this process uses the native code of searches, which must be compiled first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds = 0.0

    def add(self, seconds: float) -> bool:
        """Count the seconds of a search without native code, and return whether native code pays."""
        with self._lock:
            self._seconds += seconds
            return self._seconds > _SECONDS_WORTH_NATIVE and seconds > _FEW_SECONDS


simd_decision = SimdDecision()
native_decision = NativeDecision()


def worth_simd(rows: Sequences, columns: Sequences, cells: float) -> bool:
    """Return whether to use the SIMD kernel for all pairs of two collections, and count the work.

    `cells` is the sum of the products of the lengths over the pairs.
    """
    suitable = rows.codes.dtype == np.uint8 and len(rows) >= _FEW_ROWS
    return suitable and simd_decision.add(cells) and cells > _FEW_CELLS


def distance_matrix(
    rows: Sequences, columns: Sequences, *, symmetric: bool, simd: bool, dtype: npt.DTypeLike
) -> npt.NDArray[np.signedinteger]:
    """Return the edit distances of all pairs of rows and columns.

    If `symmetric`, the rows are the first columns, and their distances are computed once where possible.
    `dtype` must hold the longest length.
    """
    if simd:
        from skseed.distances._simd import fill_distances

        distances = np.empty((len(rows), len(columns)), dtype=np.int32)
        n_symbols = rows.alphabet.padding_code
        fill_distances(
            rows.codes, rows.offsets, columns.codes, columns.offsets, n_symbols, symmetric, distances
        )
        return distances.astype(dtype, copy=False)
    keys = rows.keys()
    others = keys if symmetric and len(rows) == len(columns) else columns.keys()
    return cdist(keys, others, scorer=Levenshtein.distance, dtype=dtype)


def capped_distance_matrix(
    rows: Sequences, columns: Sequences, *, limits: npt.NDArray[np.int64], dtype: npt.DTypeLike
) -> npt.NDArray[np.signedinteger]:
    """Return the edit distances of all pairs, or the limit of the pair plus one where that is less."""
    largest = int(limits.max(initial=0))
    seconds = float(len(rows.codes)) * len(columns.codes) * _SECONDS_PER_CELL
    if rows.codes.dtype == np.uint8 and native_decision.add(seconds):
        return _native_matrix(rows, columns, limits, dtype)
    distances = cdist(
        rows.keys(), columns.keys(), scorer=Levenshtein.distance, dtype=dtype, score_cutoff=largest
    )
    return np.minimum(distances, limits + 1, casting="unsafe", out=distances)


def _native_matrix(
    rows: Sequences, columns: Sequences, limits: npt.NDArray[np.int64], dtype: npt.DTypeLike
) -> npt.NDArray[np.signedinteger]:
    """Return what `capped_distance_matrix` returns."""
    both = replace(
        rows,
        codes=np.concatenate([rows.codes, columns.codes]),
        offsets=np.concatenate([rows.offsets, columns.offsets[1:] + rows.offsets[-1]]),
    )
    first = np.repeat(np.arange(len(rows)), len(columns))
    second = np.tile(np.arange(len(rows), len(both)), len(rows))
    swapped = both.lengths[first] > both.lengths[second]
    shorter, longer = np.where(swapped, second, first), np.where(swapped, first, second)
    edits = PackedSequences.of(both).edits(shorter, longer, limits.ravel())
    return edits.reshape(limits.shape).astype(dtype)


def key_array(sequences: Sequences) -> npt.NDArray[np.object_]:
    """Return the keys of sequences as an array, for `edits_of_pairs`."""
    keys = np.empty(len(sequences), dtype=object)
    keys[:] = sequences.keys()
    return keys


def edits_of_pairs(
    rows: npt.NDArray[np.object_],
    columns: npt.NDArray[np.object_],
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    limits: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return the distance of ``rows[first[i]]`` and ``columns[second[i]]`` for all i.

    A distance beyond ``limits[second[i]]`` may be replaced by any larger number than the limit.
    """
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
