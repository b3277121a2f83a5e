"""Select positions in windows of consecutive k-mers: minima, tie rules and strands."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._kmers import window_hashes

Integers = npt.NDArray[np.int64]
Values = npt.NDArray[Any]


def window_minima(
    values: Values, window: int, *, slots: npt.NDArray[np.int32] | None = None, rightmost: bool = False
) -> tuple[npt.NDArray[np.int32], Values]:
    """Return the position of the smallest value of each window, and that value.

    Of equal values, the leftmost, the rightmost, or the one with the lowest of `slots` is taken. Spans
    double: the minimum over eight positions is the lesser of two minima over four. Two overlapping spans make
    a window of any length.
    """
    where = np.arange(len(values), dtype=np.int32)
    span = 1
    while span < window:
        shift = min(span, window - span)
        left, right = values[:-shift], values[shift:]
        take = right <= left if rightmost else right < left
        if slots is not None:
            take |= (right == left) & (slots[shift:] < slots[:-shift])
            slots = np.where(take, slots[shift:], slots[:-shift])
        where = np.where(take, where[shift:], where[:-shift])
        values = np.where(take, right, left)
        span += shift
    return where, values


def robust_picks(
    rightmost: npt.NDArray[np.int32],
    minima: Values,
    starts: Integers,
    is_first: npt.NDArray[np.bool_],
    previous: int | None,
) -> Integers:
    """Return the positions selected by robust winnowing, ascending.

    A window selects the same position as the window before it if that position is still inside and no value
    is smaller; otherwise it selects its rightmost minimum. The position can stay only while the minimum is
    equal, so windows are divided where the minimum changes, and all divisions advance at once.

    Parameters
    ----------
    rightmost, minima, starts : ndarray of shape (n_windows,)
        The rightmost minimum of each window, its value, and the first position of the window.
    is_first : ndarray of shape (n_windows,), dtype bool
        Whether a window is the first of a segment.
    previous : int or None
        The position that the window before the first one selected, if it is a minimum of the first one too.
    """
    begins = is_first.copy()
    begins[1:] |= minima[1:] != minima[:-1]
    at = np.flatnonzero(begins)
    end = np.append(at[1:], len(minima))
    picks = rightmost[at].astype(np.int64)
    if previous is not None:
        picks[0] = previous
    selected = []
    while len(at):
        selected.append(picks)
        # the first window that no longer contains the selected position
        after = at + (picks + 1 - starts[at])
        remains = after < end
        at, end = after[remains], end[remains]
        picks = rightmost[at].astype(np.int64)
    return np.sort(np.concatenate(selected))


def slots_of(starts: Integers, offsets: Integers, n_kmers: int, window: int) -> npt.NDArray[np.int32]:
    """Return the position of each k-mer in its sequence, modulo the window.

    Segment i of a buffer begins at ``starts[i]`` in the buffer and at ``offsets[i]`` in its sequence.
    """
    lengths = np.diff(np.append(starts, n_kmers))
    shift = np.repeat((offsets - starts) % window, lengths)
    return ((np.arange(n_kmers) + shift) % window).astype(np.int32)


def strand_picks(values: Values, window: int, starts: Integers, symbols: Any, span: int) -> Values:
    """Return for each window the position of its minimum, mirrored on the reverse complement.

    A window is forward if the hash of its `span` DNA symbols is smaller than the hash of their reverse
    complement. The leftmost of equal minima is selected in forward windows and the rightmost in others.
    In a window that is its own reverse complement, both are selected. The result has shape (2, n_windows);
    its rows are equal except in such windows.
    """
    left = window_minima(values, window)[0][starts]
    right = window_minima(values, window, rightmost=True)[0][starts]
    tied = np.flatnonzero(left != right)
    if len(tied):
        # the wildcard is a fifth symbol and its own complement
        complement = np.where(symbols < 4, 3 - symbols, symbols)[::-1]
        places = starts[tied]
        forward = window_hashes(symbols, width=span, n_symbols=5)[places]
        backward = window_hashes(complement, width=span, n_symbols=5)[::-1][places]
        left[tied], right[tied] = (
            np.where(forward <= backward, left[tied], right[tied]),
            np.where(forward < backward, left[tied], right[tied]),
        )
    return np.stack([left, right])
