"""Medoids and consensus strings of a set of sequences."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from skseed._sequences import Sequences
from skseed.distances import levenshtein_distances

_BLOCK = 64
# members that vote in each round, and proposals whose cost is computed
_MOST_VOTERS = 500
_N_PROPOSALS = 32

Counts = npt.NDArray[np.integer]
# an edit replaces the symbols from start to stop
Edit = tuple[int, int, bytes | str]


def medoid(sequences: Sequences, counts: Counts, n_jobs: int | None) -> tuple[int, int]:
    """Return the index of the sequence with the least sum of distances to all, and that sum.

    Rows of the distance matrix are computed until the triangle inequality excludes all other sequences. The
    first of several medoids is returned.
    """
    total = int(counts.sum())
    sums = np.zeros(len(sequences), dtype=np.int64)
    lower = np.zeros(len(sequences), dtype=np.int64)
    is_open = np.ones(len(sequences), dtype=bool)
    best = np.iinfo(np.int64).max
    while is_open.any():
        candidates = np.flatnonzero(is_open)
        block = np.sort(candidates[np.argsort(lower[candidates], kind="stable")[:_BLOCK]])
        rows = levenshtein_distances(sequences.take(block), sequences, n_jobs=n_jobs).astype(np.int64)
        sums[block] = rows @ counts
        best = min(best, int(sums[block].min()))
        # the sums of two sequences differ by at most their distance times the number of members
        lower = np.maximum(lower, np.abs(sums[block, None] - total * rows).max(axis=0))
        lower[block] = sums[block]
        is_open[block] = False
        is_open &= lower <= best
    known = np.flatnonzero((lower == best) & (sums == best))
    return int(known[0]), best


def majority_string(start: bytes | str, members: list[bytes] | list[str], counts: Counts) -> bytes | str:
    """Return the majority vote of the columns of a star alignment of the members to `start`.

    Each position keeps its symbol, takes another one or is deleted, whichever has most votes. An insertion
    needs more than half of the votes.
    """
    total = int(counts.sum())
    votes = _votes(start, members, counts)
    against: Counter[int] = Counter()
    for (first, last, _), weight in votes.items():
        for place in range(first, last):
            against[place] += weight
    chosen: list[Edit] = []
    taken: set[int] = set()
    for edit, weight in votes.most_common():
        first, last, _ = edit
        places = set(range(first, last)) or {-1 - first}
        kept = max((total - against[place] for place in range(first, last)), default=total / 2)
        if weight > kept and not places & taken:
            chosen.append(edit)
            taken |= places
    return _apply(start, chosen)


def improved_string(
    start: bytes | str, members: list[bytes] | list[str], counts: Counts
) -> tuple[bytes | str, int]:
    """Return a string with a lower sum of distances to the members, and that sum.

    In each round, the members vote by their alignments to the string. The edits with most votes are tried one
    by one, and all that help are tried together. The search ends if no edit helps.
    """
    weights = counts.astype(np.int64)
    best, best_sum = start, int(distance_sums([start], members, weights)[0])
    while best_sum:
        proposals = [edit for edit, _ in _votes(best, members, counts).most_common(_N_PROPOSALS)]
        sums = distance_sums([_apply(best, [edit]) for edit in proposals], members, weights)
        helpful = [proposals[index] for index in np.argsort(sums, kind="stable") if sums[index] < best_sum]
        if not helpful:
            break
        apart = _without_overlaps(helpful)
        trials = [_apply(best, helpful[:1]), _apply(best, apart)]
        trial_sums = distance_sums(trials, members, weights)
        winner = int(np.argmin(trial_sums))
        best, best_sum = trials[winner], int(trial_sums[winner])
    return best, best_sum


def distance_sums(
    strings: list[bytes | str], members: list[bytes] | list[str], counts: Counts
) -> npt.NDArray[np.int64]:
    """Return the sum of the edit distances of each string to all members."""
    distances = cdist(strings, members, scorer=Levenshtein.distance, dtype=np.int32)
    return distances.astype(np.int64) @ counts.astype(np.int64)


def _votes(text: bytes | str, members: list[bytes] | list[str], counts: Counts) -> Counter[Edit]:
    """Return the number of members whose alignment to `text` contains each edit.

    A run of insertions or of deletions is one edit.
    """
    voters = np.linspace(0, len(members) - 1, min(len(members), _MOST_VOTERS)).round().astype(np.intp)
    share = counts.sum() / counts[voters].sum()
    votes: Counter[Edit] = Counter()
    for voter in voters.tolist():
        member, weight = members[voter], counts[voter] * share
        for code in Levenshtein.opcodes(text, member):
            if code.tag == "replace":
                for offset in range(code.src_end - code.src_start):
                    symbol = member[code.dest_start + offset : code.dest_start + offset + 1]
                    place = code.src_start + offset
                    votes[place, place + 1, symbol] += weight
            elif code.tag != "equal":
                votes[code.src_start, code.src_end, member[code.dest_start : code.dest_end]] += weight
    return votes


def _without_overlaps(edits: list[Edit]) -> list[Edit]:
    """Return the edits, in their order, that change no position which an earlier one changes."""
    kept: list[Edit] = []
    taken: set[int] = set()
    for edit in edits:
        places = set(range(edit[0], edit[1])) or {-1 - edit[0]}
        if not places & taken:
            kept.append(edit)
            taken |= places
    return kept


def _apply(text: bytes | str, edits: list[Edit]) -> bytes | str:
    """Return `text` after edits that do not overlap."""
    empty: Any = text[:0]
    parts: list[Any] = []
    place = 0
    for first, last, symbols in sorted(edits, key=lambda edit: (edit[0], edit[1])):
        parts += [text[place:first], symbols]
        place = last
    joined: bytes | str = empty.join([*parts, text[place:]])
    return joined
