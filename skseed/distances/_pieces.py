"""Candidate pairs from exact pieces, found by sorting: the work grows with the letters, not the pairs.

Cut a sequence into d + 1 pieces: d edits cannot touch them all, so one piece stands unchanged in every
sequence within d edits, moved by d places at most. All pieces are sorted, and all windows of all
sequences are looked up among them. Where much is conserved that proposes nearly all pairs; so the hits are
counted first, and the counts of words take over where they are too many.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed.distances._components import Components
from skseed.distances._letters import Letters
from skseed.distances._ranges import members_of_ranges

# measured on one core: only their ratio to the other plan matters
SECONDS_PER_LETTER = 1.2e-7
SECONDS_PER_HIT = 3e-8
_NARROWEST, _WIDEST = 6, 32
_TABLE_BITS = 24
_CHUNK_LETTERS = 4_000_000
_FIRST_HITS, _MOST_HITS = 500_000, 4_000_000
_SAMPLE = 2000
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Pieces:
    """Pieces of sequences, and the windows that equal one, both sorted by their hash.

    Parameters
    ----------
    owners : ndarray of int32 of shape (n_pieces,)
        The sequence of each piece.
    places : ndarray of int32 of shape (n_pieces,)
        Where in it the piece begins.
    low : ndarray of int64 of shape (n_windows,)
        The first piece that each window equals.
    high : ndarray of int64 of shape (n_windows,)
        One after the last.
    holders : ndarray of int32 of shape (n_windows,)
        The sequence of each window.
    positions : ndarray of int32 of shape (n_windows,)
        Where in it the window begins.
    limits : ndarray of int64 of shape (n_sequences,)
        The cut-off of a pair whose longer sequence is this one.
    """

    owners: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    holders: npt.NDArray[np.int32]
    positions: npt.NDArray[np.int32]
    limits: npt.NDArray[np.int64]

    @property
    def n_hits(self) -> int:
        """How often a window equals a piece.

        Returns
        -------
        n_hits : int
            Hits.
        """
        return int((self.high - self.low).sum())

    def candidates(
        self, components: Components | None, order: npt.NDArray[np.intp]
    ) -> Iterator[npt.NDArray[np.int64]]:
        """Yield the pairs that share a piece, as ``first * n_sequences + second``, likely ones first.

        Parameters
        ----------
        components : Components or None
            Where given, windows whose piece joins nobody any more are dropped along the way.
        order : ndarray of intp of shape (n_sequences,)
            The member of `components` that each sequence is.

        Yields
        ------
        keys : ndarray of int64
            Different pairs; one may come again in a later part.
        """
        # windows that equal the same pieces make a bucket
        starts = np.flatnonzero(np.diff(self.low, prepend=-1))
        sizes = np.diff(starts, append=len(self.low))
        left, most = np.arange(len(self.low)), _FIRST_HITS
        while len(left):
            n_hits = np.cumsum(self.high[left] - self.low[left])
            stop = max(1, int(np.searchsorted(n_hits, most, side="right")))
            now, left = left[:stop], left[stop:]
            window, piece = members_of_ranges(self.low[now], self.high[now])
            keys, counts = np.unique(self._pairs(now[window], piece), return_counts=True)
            yield keys[np.argsort(-counts, kind="stable")]
            most = min(2 * most, _MOST_HITS)
            if components is not None and len(left):
                roots = components.find(order[self.holders])
                mixed = np.minimum.reduceat(roots, starts) < np.maximum.reduceat(roots, starts)
                left = left[np.repeat(mixed, sizes)[left]]

    def _pairs(self, windows: npt.NDArray[np.intp], pieces: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        shorter, longer = self.holders[windows].astype(np.int64), self.owners[pieces].astype(np.int64)
        moved = np.abs(self.positions[windows] - self.places[pieces])
        kept = (shorter < longer) & (moved <= self.limits[longer])
        return shorter[kept] * len(self.limits) + longer[kept]


def cut_pieces(
    letters: Letters, lengths: npt.NDArray[np.int64], limits: npt.NDArray[np.int64], *, most_hits: float
) -> Pieces | None:
    """Return the pieces of sequences and where they occur.

    Parameters
    ----------
    letters : Letters
        The sequences, in ascending order of length.
    lengths : ndarray of int64 of shape (n_sequences,)
        Their lengths.
    limits : ndarray of int64 of shape (n_sequences,)
        The cut-off of a pair whose longer sequence is this one.
    most_hits : float
        Give up where there are more hits.

    Returns
    -------
    pieces : Pieces or None
        None where pieces would be too short to tell anything, or hits too many.
    """
    # different sequences are never within a limit of 0, so those need no piece
    cut = np.flatnonzero(limits > 0)
    steps = lengths[cut] // (limits[cut] + 1)
    if len(cut) == 0 or steps.min() * np.log2(max(letters.n_letters, 2)) < 2 * _NARROWEST:
        return None
    width = int(min(steps.min(), _WIDEST))
    n_pieces = limits[cut] + 1
    which = np.repeat(np.arange(len(cut)), n_pieces)
    number = np.arange(len(which)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    owners, places = cut[which].astype(np.int32), (number * steps[which]).astype(np.int32)
    hashes = np.empty(len(owners), dtype=np.uint64)
    for start, stop in _chunks(letters):
        inside = slice(*np.searchsorted(owners, [start, stop]))
        windows = letters.window_hashes(start, stop, width) * _MIX
        hashes[inside] = windows[letters.starts[owners[inside]] - letters.starts[start] + places[inside]]
    order = np.argsort(hashes, kind="stable")
    hashes, owners, places = hashes[order], owners[order], places[order]
    table = np.zeros(1 << _TABLE_BITS, dtype=bool)
    table[hashes >> np.uint64(64 - _TABLE_BITS)] = True
    found = []
    n_hits = 0
    for start, stop in _chunks(letters):
        windows = letters.window_hashes(start, stop, width) * _MIX
        candidates = np.flatnonzero(table[windows >> np.uint64(64 - _TABLE_BITS)])
        candidates = candidates[np.argsort(windows[candidates])]
        low = np.searchsorted(hashes, windows[candidates])
        high = np.searchsorted(hashes, windows[candidates], side="right")
        holders = np.searchsorted(letters.starts, candidates + letters.starts[start], side="right") - 1
        positions = candidates + letters.starts[start] - letters.starts[holders]
        real = (high > low) & (positions + width <= lengths[holders])
        found.append(
            (low[real], high[real], holders[real].astype(np.int32), positions[real].astype(np.int32))
        )
        n_hits += int((high[real] - low[real]).sum())
        if n_hits > most_hits:
            return None
    low, high, holders, positions = (np.concatenate(values) for values in zip(*found, strict=True))
    order = np.argsort(low, kind="stable")
    return Pieces(owners, places, low[order], high[order], holders[order], positions[order], limits)


def estimate_work(
    letters: Letters, lengths: npt.NDArray[np.int64], limits: npt.NDArray[np.int64], *, most_hits: float
) -> tuple[float, float] | None:
    """Return about how many hits there are and how many pairs they propose, from a sample.

    Parameters
    ----------
    letters : Letters
        The sequences, in ascending order of length.
    lengths : ndarray of int64 of shape (n_sequences,)
        Their lengths.
    limits : ndarray of int64 of shape (n_sequences,)
        The cut-off of a pair whose longer sequence is this one.
    most_hits : float
        Give up where there are more hits.

    Returns
    -------
    work : tuple of float, or None
        Hits, and pairs; None where there are too many or the pieces would be too short.
    """
    n = len(lengths)
    scale = 1.0
    if n > _SAMPLE:
        chosen = np.sort(np.random.default_rng(0).choice(n, size=_SAMPLE, replace=False))
        letters, lengths, limits = letters.chosen(chosen), lengths[chosen], limits[chosen]
        scale = (n / _SAMPLE) ** 2
    pieces = cut_pieces(letters, lengths, limits, most_hits=most_hits / scale)
    if pieces is None:
        return None
    keys = list(pieces.candidates(None, np.arange(len(lengths))))
    n_pairs = len(np.unique(np.concatenate(keys))) if keys else 0
    return pieces.n_hits * scale, n_pairs * scale


def _chunks(letters: Letters) -> list[tuple[int, int]]:
    """Return ranges of whole sequences of a few million letters."""
    part = letters.starts[:-1] // _CHUNK_LETTERS
    bounds = np.flatnonzero(np.diff(part, prepend=-1)).tolist()
    return list(zip(bounds, [*bounds[1:], len(part)], strict=True))
