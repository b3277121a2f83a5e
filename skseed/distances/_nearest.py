"""Search for the nearest sequences of queries, and for all sequences within a cut-off of them.

Lower bounds of all distances come from q-gram counts. The sequences with the least bounds are compared
first, and the distance of the k-th nearest of them is a cut-off for all others: sequences whose bound
exceeds it are never compared, and the rest is compared in ascending order of the bounds, while the cut-off
decreases.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from skseed._sequences import Sequences
from skseed.distances._blocks import Cutoff
from skseed.distances._circular import CircularPair
from skseed.distances._components import Pairs
from skseed.distances._packed import PackedSequences
from skseed.distances._qgram_bounds import QgramBounds, QueryRows
from skseed.distances._verify import key_array

Neighbors = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

_DIFFERENCES_AT_ONCE = 1 << 24
_QUERIES_AT_ONCE = 64
_FIRST = 8
_ESTIMATED = 32
_FIRST_BATCH, _LARGEST_BATCH = 32, 8192
# pairs of one query from which on native code is compiled, and is used once it is
_WORTH_COMPILING, _WORTH_NATIVE = 512, 64
_SAMPLED = 8192


@dataclass(frozen=True)
class Collection:
    """Different sequences in canonical form, ready to be searched.

    Parameters
    ----------
    sequences : Sequences
        The sequences.
    bounds : QgramBounds
        The bounds of their distances.
    """

    sequences: Sequences
    bounds: QgramBounds

    @classmethod
    def of(cls, sequences: Sequences) -> "Collection":
        """Return different sequences, in canonical form, as a collection."""
        return cls(sequences, QgramBounds.of(sequences))

    def __len__(self) -> int:
        return len(self.sequences)

    @cached_property
    def keys(self) -> npt.NDArray[np.object_]:
        """The keys of the sequences, which are not pickled."""
        return key_array(self.sequences)

    @cached_property
    def packed(self) -> PackedSequences:
        """The bits of the sequences, which are not pickled."""
        return PackedSequences.of(self.sequences)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("keys", "packed")}


class Queries:
    """Some queries, on each strand that counts, and their distances to the sequences of a collection."""

    def __init__(self, collection: Collection, sequences: Sequences, *, both_strands: bool) -> None:
        self.collection = collection
        self.strands = [sequences] + ([sequences.reverse_complement()] if both_strands else [])
        self.rows: list[QueryRows] = [collection.bounds.queries(strand) for strand in self.strands]
        self.keys = [strand.keys() for strand in self.strands]
        self._is_compiled = False

    def __len__(self) -> int:
        return len(self.keys[0])

    def tiles(self) -> list[tuple[int, int]]:
        """Return ranges of queries whose differences to all sequences are computed at once."""
        step = min(max(1, _DIFFERENCES_AT_ONCE // max(1, len(self.collection))), _QUERIES_AT_ONCE)
        return [(start, min(start + step, len(self))) for start in range(0, len(self), step)]

    def differences(self, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Return the differences of some queries and all sequences, the lesser of the strands."""
        bounds = self.collection.bounds
        differences = bounds.differences(self.rows[0], start, stop)
        for rows in self.rows[1:]:
            np.minimum(differences, bounds.differences(rows, start, stop), out=differences)
        return differences

    def least_edits(self, query: int, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return a lower bound of the distance of a query to each chosen sequence."""
        bounds = [self.collection.bounds.fine_bounds(rows, query, chosen) for rows in self.rows]
        return bounds[0] if len(bounds) == 1 else np.minimum(*bounds)

    def edits(
        self, query: int, chosen: npt.NDArray[np.int64], limits: int | npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Return the distance of a query to each chosen sequence, or more than its limit."""
        if self.strands[0].topology == "circular":
            pairs = (self._pair(query, index) for index in chosen.tolist())
            # the same function of a pair for every limit, and that of a search for close pairs
            if isinstance(limits, int):
                edits = [pair.edits(limits) for pair in pairs]
            else:
                edits = [pair.within(limit) for pair, limit in zip(pairs, limits.tolist(), strict=True)]
            return np.array(edits, dtype=np.int64)
        if len(chosen) >= _WORTH_COMPILING and self.strands[0].codes.dtype == np.uint8:
            self._is_compiled = True
        if self._is_compiled and len(chosen) >= _WORTH_NATIVE:
            return self._native_edits(query, chosen, np.broadcast_to(limits, len(chosen)))
        distances = cdist(
            [keys[query] for keys in self.keys],
            self.collection.keys[chosen],
            scorer=Levenshtein.distance,
            dtype=np.int32,
            score_cutoff=int(np.max(limits, initial=0)),
        )
        return distances.min(axis=0).astype(np.int64)

    def _native_edits(
        self, query: int, chosen: npt.NDArray[np.int64], limits: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        is_longer = self.collection.bounds.lengths[chosen] > self.rows[0].lengths[query]
        edits = []
        for number in range(len(self.strands)):
            # a gap precedes the queries of each strand
            one = len(self.collection) + 1 + number * (len(self) + 1) + query
            shorter, longer = np.where(is_longer, one, chosen), np.where(is_longer, chosen, one)
            edits.append(self._packed.edits(shorter, longer, limits))
        return np.min(edits, axis=0).astype(np.int64)

    @cached_property
    def _packed(self) -> PackedSequences:
        """The sequences of the collection, followed by the queries on each strand."""
        packed = self.collection.packed
        for strand in self.strands:
            packed = packed.joined(PackedSequences.of(strand))
        return packed

    def _pair(self, query: int, index: int) -> CircularPair:
        one = self.strands[0].slice(query, query + 1)
        other = self.collection.sequences.slice(index, index + 1)
        return CircularPair(one, other, both_strands=len(self.strands) > 1)


def nearest(queries: Queries, start: int, stop: int, k: int, *, n_candidates: int | None) -> Neighbors:
    """Return distances and indices of the k nearest sequences of some queries, in that order.

    Of equally near sequences, those with the least indices are returned. If `n_candidates` is given, only
    so many sequences, those with the least bounds, are compared.
    """
    edits = np.empty((stop - start, k), dtype=np.int64)
    indices = np.empty((stop - start, k), dtype=np.int64)
    search = _nearest_of_all if n_candidates is None else _nearest_of_candidates
    for row, differences in enumerate(queries.differences(start, stop)):
        edits[row], indices[row] = search(queries, start + row, differences, k, n_candidates or 0)
    return edits, indices


def nearest_of(
    queries: Queries,
    numbers: npt.NDArray[np.intp],
    candidates: npt.NDArray[np.int64],
    form_of: npt.NDArray[np.intp],
    k: int,
) -> Neighbors:
    """Return distances and indices of the k nearest of the candidates of some queries.

    `numbers` are the positions of the queries, and ``form_of[i]`` is the position of candidate i in the
    collection.
    """
    edits = np.empty((len(numbers), k), dtype=np.int64)
    indices = np.empty((len(numbers), k), dtype=np.int64)
    for row, query in enumerate(numbers.tolist()):
        first, rest = np.split(candidates[row], [max(k, _FIRST)])
        best = _merge(None, queries.edits(query, form_of[first], _no_cutoff(queries, query)), first, k)
        if len(rest):
            best = _merge(best, queries.edits(query, form_of[rest], int(best[0][-1])), rest, k)
        edits[row], indices[row] = best
    return edits, indices


def within(queries: Queries, start: int, stop: int, cutoff: Cutoff) -> Pairs:
    """Return the pairs of some queries and all sequences within the cut-off: query, sequence, edits."""
    lengths = queries.collection.bounds.lengths
    coarse = queries.collection.bounds.per_edit[0]
    longest = int(lengths.max())
    found: list[Pairs] = []
    for row, differences in enumerate(queries.differences(start, stop)):
        query = start + row
        length = int(queries.rows[0].lengths[query])
        largest = int(cutoff.limits(max(length, longest)))
        near = np.flatnonzero(differences <= _scaled(coarse, largest))
        limits = cutoff.limits(np.maximum(lengths[near], length))
        kept = differences[near] <= np.minimum(coarse * limits, np.iinfo(np.uint16).max)
        near, limits = near[kept], limits[kept]
        kept = queries.least_edits(query, near) <= limits
        near, limits = near[kept], limits[kept]
        edits = queries.edits(query, near, limits)
        close = edits <= limits
        near, edits = near[close], edits[close]
        found.append((np.full(len(near), query), near, edits))
    first, second, edits = (np.concatenate(values) for values in zip(*found, strict=True))
    return first, second, edits


def _nearest_of_all(
    queries: Queries, query: int, differences: npt.NDArray[np.uint16], k: int, _: int
) -> Neighbors:
    """Return the k nearest of all sequences; see `nearest`."""
    likely = _least(differences, max(_ESTIMATED, 4 * k))
    likely = likely[np.argsort(queries.least_edits(query, likely), kind="stable")]
    likely = np.sort(likely[: max(_FIRST, 2 * k)])
    best = _merge(None, queries.edits(query, likely, _no_cutoff(queries, query)), likely, k)
    is_near = differences <= _scaled(queries.collection.bounds.per_edit[0], int(best[0][-1]))
    is_near[likely] = False
    near = np.flatnonzero(is_near)
    bounds = queries.least_edits(query, near)
    kept = np.flatnonzero(bounds <= best[0][-1])
    kept = kept[np.argsort(bounds[kept], kind="stable")]
    near, bounds = near[kept], bounds[kept]
    size = _FIRST_BATCH
    while len(near):
        now = near[:size]
        best = _merge(best, queries.edits(query, now, int(best[0][-1])), now, k)
        near, bounds = near[size:], bounds[size:]
        # an equally near sequence must precede the k-th nearest in the order of the indices
        kept = (bounds < best[0][-1]) | ((bounds == best[0][-1]) & (near < best[1][-1]))
        near, bounds = near[kept], bounds[kept]
        size = min(4 * size, _LARGEST_BATCH)
    return best


def _nearest_of_candidates(
    queries: Queries, query: int, differences: npt.NDArray[np.uint16], k: int, n_candidates: int
) -> Neighbors:
    """Return the k nearest of the sequences with the least bounds; see `nearest`."""
    n_candidates = max(k, n_candidates)
    likely = _least(differences, 4 * n_candidates)
    likely = likely[np.argsort(queries.least_edits(query, likely), kind="stable")[:n_candidates]]
    itself = np.arange(len(queries.collection))
    best = nearest_of(queries, np.array([query]), likely[None], itself, k)
    return best[0][0], best[1][0]


def _merge(
    best: Neighbors | None, edits: npt.NDArray[np.int64], indices: npt.NDArray[np.int64], k: int
) -> Neighbors:
    """Return the k nearest of the best so far and of others, by distance and index."""
    if best is not None:
        edits, indices = np.concatenate([best[0], edits]), np.concatenate([best[1], indices])
    order = np.lexsort((indices, edits))[:k]
    return edits[order], indices[order]


def _least(differences: npt.NDArray[np.uint16], count: int) -> npt.NDArray[np.int64]:
    """Return the indices of the `count` least differences, ascending; ties are resolved arbitrarily."""
    if count >= len(differences):
        return np.arange(len(differences))
    chosen = None
    step = len(differences) // _SAMPLED
    if step > 1:
        # a threshold from a sample saves the partition of everything
        sample = differences[::step]
        rank = min(len(sample) - 1, 8 + 2 * count // step)
        chosen = np.flatnonzero(differences <= np.partition(sample, rank)[rank])
    if chosen is None or len(chosen) < count:
        chosen = np.arange(len(differences))
    least = np.argpartition(differences[chosen], count - 1)[:count]
    return np.sort(chosen[least])


def _no_cutoff(queries: Queries, query: int) -> int:
    """Return a number of edits that no distance of a query exceeds."""
    return int(max(queries.collection.bounds.lengths.max(), queries.rows[0].lengths[query]))


def _scaled(per_edit: int, edits: int) -> int:
    """Return the largest difference of so many edits, as far as differences are represented."""
    return min(per_edit * edits, np.iinfo(np.uint16).max)
