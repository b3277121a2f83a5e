"""Exact edit distances of all pairs of two lists, on the fastest code there is."""

import sys
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

Sequences = Sequence[Any] | npt.NDArray[np.object_]

# numba compiles for some three seconds, in which rapidfuzz compares this many cells of the matrices
_WORTH_COMPILING = 3e10
_WORTH_CALLING = 1e8
_COMPILED = "skseed.distances._simd"


@cache
def has_lanes() -> bool:
    """Return whether numba is there, for the code that compares eight pairs at once.

    Returns
    -------
    installed : bool
        Whether it is.
    """
    return find_spec("numba") is not None


def worth_lanes(cells: float) -> bool:
    """Return whether work is long enough for compiled code, and whether there is any.

    The first time it has to pay for the compilation; after that it costs next to nothing.

    Parameters
    ----------
    cells : float
        The sum of the products of the lengths over all pairs that will be compared.

    Returns
    -------
    worth : bool
        The answer, for `exact_distances`.
    """
    return cells > (_WORTH_CALLING if _COMPILED in sys.modules else _WORTH_COMPILING) and has_lanes()


def exact_distances(
    left: Sequences, right: Sequences, *, lanes: bool, dtype: npt.DTypeLike = np.int32
) -> npt.NDArray[np.signedinteger]:
    """Return the edit distances of all pairs of two lists of sequences.

    Parameters
    ----------
    left, right : sequence of bytes or str
        Sequences. Where both are one object, half of the work is enough.
    lanes : bool
        Whether to compare eight pairs at once, which needs numba and bytes; the distances are the same.
    dtype : dtype, default=int32
        A type that holds the longest length.

    Returns
    -------
    distances : ndarray of shape (len(left), len(right))
        Edits.
    """
    if not lanes:
        return cdist(left, right, scorer=Levenshtein.distance, dtype=dtype)
    from skseed.distances._simd import fill_distances

    symbols = np.frombuffer(b"".join(left) + (b"" if right is left else b"".join(right)), dtype=np.uint8)
    present = np.flatnonzero(np.bincount(symbols, minlength=256))
    table = np.zeros(256, dtype=np.uint8)
    table[present] = np.arange(len(present))
    codes, starts = table[symbols], _starts(left)
    n_left = starts[-1]
    texts, text_starts = (codes, starts) if right is left else (codes[n_left:], _starts(right))
    distances = np.empty((len(left), len(right)), dtype=np.int32)
    fill_distances(codes[:n_left], starts, texts, text_starts, max(1, len(present)), right is left, distances)
    return distances.astype(dtype, copy=False)


def _starts(sequences: Sequences) -> npt.NDArray[np.int64]:
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
