"""Sampling schemes: functions that select k-mers of a buffer of sequences.

Every scheme selects at least one k-mer of each window of consecutive k-mers, if the window has no wildcard.
A scheme is *forward* if the positions that consecutive windows select never decrease.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed.preprocessing._minimizer_orders import (
    KmerText,
    Order,
    has_smallest_at,
    random_order,
    syncmer_order,
)
from skseed.preprocessing._minimizer_windows import robust_picks, slots_of, strand_picks, window_minima

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """The windows of a buffer.

    Parameters
    ----------
    starts : ndarray of shape (n_windows,), dtype int64
        The first position of each window, ascending: consecutive numbers within a segment.
    first : ndarray of shape (n_segments,), dtype int64
        The index of the first window of each segment.
    segment_starts, segment_offsets : ndarray of shape (n_segments,), dtype int64
        The start of each segment in the buffer, and in its sequence.
    n_kmers : ndarray of shape (n_segments,), dtype int64
        The number of k-mers of the sequence of each segment, at most one window.
    carried : int
        The position that the window before the first one selected, or -1. It is negative if it precedes the
        buffer.
    """

    starts: Integers
    first: Integers
    segment_starts: Integers
    segment_offsets: Integers
    n_kmers: Integers
    carried: int


Scheme = Callable[[KmerText, Windows], Integers]

# the fewest t-mers for which ties are rare: r = 4 for four symbols, as published
_FEWEST_TMERS = 256


def random_scheme(
    name: str, *, k: int, window: int, canonical: bool, tie_break: str, n_symbols: int, seed: int
) -> Scheme:
    """Return the scheme of a name, in random order.

    The lengths of s-mers and t-mers are those of the papers: r is the smallest length with 256 r-mers,
    ``s = max(k - window, r)`` and ``t = r + (k - r) % window``. Miniception uses the smallest s with twice as
    many s-mers as positions of an s-mer in a k-mer, which has the lowest density for short k-mers.
    If strands are equal, s of an open-closed order is raised by one if the middle is between two s-mers.
    """
    r = 1
    while n_symbols**r < _FEWEST_TMERS and r < k:
        r += 1
    if name == "syncmer":
        return syncmer_scheme(k=k, s=k - window, seed=seed)
    if name in ("mod", "mod-open-closed"):
        t = r + (k - r) % window
        order = random_order(t, seed)
        if name == "mod-open-closed":
            s = r + (canonical and (t - r) % 2)
            order = syncmer_order(t, s, seed, prefer_open=True)
        return mod_scheme(order, random_order(k, seed), k=k, t=t, window=window)
    order = random_order(k, seed)
    if name == "open-closed":
        s = max(k - window, r)
        order = syncmer_order(k, s + (canonical and (k - s) % 2), seed, prefer_open=True)
    elif name == "miniception":
        s = 1
        while n_symbols**s < 2 * (k - s + 1) and s < k:
            s += 1
        order = syncmer_order(k, max(k - window, s), seed, prefer_open=False)
    return minimizer_scheme(order, k=k, window=window, tie_break=tie_break)


def minimizer_scheme(order: Order, *, k: int, window: int, tie_break: str) -> Scheme:
    """Return the scheme that selects the smallest k-mer of each window.

    With equal strands, ``tie_break="leftmost"`` selects mirrored positions on the reverse complement.
    """

    def select(text: KmerText, windows: Windows) -> Integers:
        values, starts = order(text), windows.starts
        if tie_break == "robust":
            rightmost, minima = window_minima(values, window, rightmost=True)
            rightmost, minima = rightmost[starts], minima[starts]
            is_first = np.zeros(len(starts), dtype=bool)
            is_first[windows.first] = True
            carried = windows.carried
            keeps = carried >= 0 and values[carried] == minima[0]
            return robust_picks(rightmost, minima, starts, is_first, carried if keeps else None)
        if text.canonical and tie_break == "leftmost":
            return _distinct(strand_picks(values, window, starts, text.symbols, k + window - 1))
        slots = None
        if tie_break == "slot":
            slots = slots_of(windows.segment_starts, windows.segment_offsets, len(values), window)
        return _distinct(window_minima(values, window, slots=slots)[0][starts])

    return select


def mod_scheme(order: Order, short_order: Order, *, k: int, t: int, window: int) -> Scheme:
    """Return the mod-minimizer: the k-mer at ``x % window``, where x is the position of the smallest t-mer.

    `order` is an order of t-mers, and ``(k - t) % window`` must be 0. The leftmost of equal t-mers counts; if
    strands are equal, the positions are mirrored on the reverse complement. A sequence with fewer k-mers than
    a window has no k-mer at some of these positions, so its smallest k-mer in `short_order` is selected.
    """
    span = k + window - 1

    def select(text: KmerText, windows: Windows) -> Integers:
        starts = windows.starts
        # a window has one t-mer more than symbols after its first t-mer
        values, n_tmers = order(text), span - t + 1
        if text.canonical:
            where = strand_picks(values, n_tmers, starts, text.symbols, span)
        else:
            where = window_minima(values, n_tmers)[0][starts][None]
        picks = starts + (where - starts) % window
        short = np.flatnonzero(windows.n_kmers < window)
        if len(short):
            at = windows.first[short]
            picks[:, at] = window_minima(short_order(text), window)[0][starts[at]]
        return _distinct(picks)

    return select


def syncmer_scheme(*, k: int, s: int, seed: int) -> Scheme:
    """Return the scheme that selects closed syncmers, whose smallest s-mer is the first or the last."""

    def select(text: KmerText, windows: Windows) -> Integers:
        return windows.starts[has_smallest_at(text, k, s, seed, (0, k - s))[windows.starts]]

    return select


def _distinct(picks: npt.NDArray[np.integer]) -> Integers:
    """Return the distinct positions, ascending."""
    flat = picks.ravel().astype(np.int64)
    changes = np.ones(len(flat), dtype=bool)
    np.not_equal(flat[1:], flat[:-1], out=changes[1:])
    flat = flat[changes]
    return flat if (flat[1:] > flat[:-1]).all() else np.unique(flat)
