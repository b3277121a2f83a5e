"""Where two circles can be cut so that they align: exact runs that they share.

An alignment of two circular sequences with d edits, the longer of n symbols, has an exact run of at
least (n - d) / d symbols. Cutting both circles anywhere in one run costs the same, so one cut for each
longest possible (maximal) run is enough: it starts where the letters before it differ.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed.alphabets import DNA
from skseed.distances._letters import Letters
from skseed.distances._ranges import members_of_ranges

RUN = 16
_MIX = np.uint64(0xD1B54A32D192ED03)
_LOW = np.uint64(0xFF)
_FEW_TIES = 32


@dataclass(frozen=True)
class AnchorIndex:
    """All windows of `RUN` symbols of some circular sequences, sorted.

    Parameters
    ----------
    keys : ndarray of shape (n_windows,), dtype uint64
        A hash of the window, and in the low byte the letter before it.
    windows : ndarray of shape (n_windows,), dtype uint64
        The keys without that byte.
    owners : ndarray of shape (n_windows,), dtype int32
        The sequence of the window.
    positions : ndarray of shape (n_windows,), dtype int32
        Where the window begins.
    """

    keys: npt.NDArray[np.uint64]
    windows: npt.NDArray[np.uint64]
    owners: npt.NDArray[np.int32]
    positions: npt.NDArray[np.int32]

    def runs(self, keys: npt.NDArray[np.uint64]) -> "Runs":
        """Return the starts of the maximal runs that a sequence shares with others.

        Parameters
        ----------
        keys : ndarray of uint64 of shape (length,)
            The windows of the sequence, as `window_keys` gives them; sorted ones are looked up several
            times faster.

        Returns
        -------
        runs : Runs
            In any order.
        """
        windows = keys & ~_LOW
        low = np.searchsorted(self.windows, windows)
        found = np.flatnonzero(self.windows.take(low, mode="clip") == windows)
        low, same = low[found], keys[found]
        # windows after the same letter continue a run: only the others start one
        several = self.windows.take(low + 1, mode="clip") == windows[found]
        several &= low + 1 < len(self.windows)
        single = np.flatnonzero(~several & (self.keys[low] != same))
        again = np.flatnonzero(several)
        first, same = low[again], same[again]
        last = np.searchsorted(self.windows, same & ~_LOW, side="right")
        same_low, same_high = np.searchsorted(self.keys, same), np.searchsorted(self.keys, same, side="right")
        which, entry = members_of_ranges(np.concatenate([first, same_high]), np.concatenate([same_low, last]))
        here = found[np.concatenate([single, np.concatenate([again, again])[which]])]
        entry = np.concatenate([low[single], entry])
        return Runs(self.owners[entry], here, self.positions[entry])


@dataclass(frozen=True)
class Runs:
    """Starts of the maximal runs between one sequence and others.

    Parameters
    ----------
    owners : ndarray of int of shape (n_runs,)
        The other sequence.
    here : ndarray of int of shape (n_runs,)
        The window of the one sequence, counted as the keys were given.
    there : ndarray of int of shape (n_runs,)
        The start in the other.
    """

    owners: npt.NDArray[np.integer]
    here: npt.NDArray[np.integer]
    there: npt.NDArray[np.integer]


def index_anchors(sequences: npt.NDArray[np.object_]) -> AnchorIndex:
    """Return the index of circular sequences.

    Parameters
    ----------
    sequences : ndarray of str of shape (n_sequences,)
        Circular sequences.

    Returns
    -------
    index : AnchorIndex
        Their windows.
    """
    keys, starts = window_keys(sequences)
    lengths = np.diff(starts)
    owners = np.repeat(np.arange(len(sequences), dtype=np.int32), lengths)
    positions = (np.arange(len(keys)) - np.repeat(starts[:-1], lengths)).astype(np.int32)
    order = np.argsort(keys)
    keys = keys[order]
    return AnchorIndex(keys, keys & ~_LOW, owners[order], positions[order])


def window_keys(
    sequences: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return a key for the circular window that begins at each symbol.

    Parameters
    ----------
    sequences : ndarray of str of shape (n_sequences,)
        Circular sequences; those shorter than `RUN` have windows that go round more than once.

    Returns
    -------
    keys : ndarray of shape (n_symbols,), dtype uint64
        A hash of the letters alone, the same in every call, and the letter before in the low byte.
    starts : ndarray of shape (n_sequences + 1,), dtype int64
        Where the keys of each sequence begin.
    """
    around = np.empty(len(sequences), dtype=object)
    around[:] = [
        s[-1:] + s + (s * (RUN // max(len(s), 1) + 1))[: RUN - 1] if len(s) else "" for s in sequences
    ]
    # the bytes themselves, so that keys of different calls can be compared
    symbols = np.frombuffer("".join(around).encode("latin-1", errors="replace"), dtype=np.uint8)
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    around_starts = starts + np.concatenate([[0], np.cumsum(np.where(lengths > 0, RUN, 0))])
    hashes = Letters(symbols, around_starts, 256).window_hashes(0, len(around), RUN)
    first = np.repeat(around_starts[:-1] + 1 - starts[:-1], lengths) + np.arange(starts[-1])
    return (hashes[first] * _MIX & ~_LOW) | symbols[first - 1].astype(np.uint64), starts


def canonical(sequence: str, *, circular: bool, both_strands: bool) -> str:
    """Return the same string for all spellings of one sequence.

    Parameters
    ----------
    sequence : str
        A sequence.
    circular : bool
        Whether its rotations are the same sequence.
    both_strands : bool
        Whether its reverse complement is the same sequence.

    Returns
    -------
    spelling : str
        One of the rotations, on one of the strands.
    """
    spellings = [sequence, DNA.reverse_complement(sequence)] if both_strands else [sequence]
    return min(map(least_rotation, spellings)) if circular else min(spellings)


def least_rotation(sequence: str) -> str:
    """Return the rotation that comes first in the alphabet.

    Parameters
    ----------
    sequence : str
        A circular sequence.

    Returns
    -------
    rotation : str
        A rotation of it.
    """
    # candidates are narrowed by ever longer prefixes; string search keeps the loop out of Python
    doubled = sequence + sequence
    n = len(sequence)
    period = doubled.find(sequence, 1)
    if n < 2:
        return sequence
    if period < n:
        return least_rotation(sequence[:period]) * (n // period)
    prefix = min(sequence)
    # nothing comes before the longest run of the first letter
    while prefix + prefix in doubled:
        prefix += prefix
    while len(prefix) < n:
        starts = _starts(doubled, prefix, n)
        if len(starts) <= _FEW_TIES:
            return min(doubled[start : start + n] for start in starts)
        width = min(2 * len(prefix), n)
        prefix = min(doubled[start : start + width] for start in starts)
    return prefix


def _starts(doubled: str, prefix: str, n: int) -> list[int]:
    starts, start = [], doubled.find(prefix)
    while 0 <= start < n:
        starts.append(start)
        start = doubled.find(prefix, start + 1)
    return starts
