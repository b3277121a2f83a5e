"""Check the pairs that share a pigeonhole seed, with and without native code."""

from typing import Any

import joblib
import numpy as np
import numpy.typing as npt

from skseed._parallel import run_blocks
from skseed._progress import track
from skseed.distances._blocks import Found, SortedSequences
from skseed.distances._components import BlockComponents, Pairs, all_close, join_close
from skseed.distances._packed import PackedSequences
from skseed.distances._qgram_filter import QgramBits
from skseed.distances._seed_filter import Seeds
from skseed.distances._tiles import Members, Tile
from skseed.distances._verify import edits_of_pairs, key_array

_CHECKED_AT_ONCE = 16_384
_MERGED_AT_ONCE = 16
_FIRST_HITS, _MOST_HITS = 500_000, 100_000_000


def search_seeds(seeds: Seeds, searched: SortedSequences, found: Found, n_jobs: int | None) -> None:
    """Check the pairs that share a seed."""
    keys, limits = key_array(searched.sequences), searched.limits

    def edits_of(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        return _edits_in_slices(keys, first, second, limits, n_jobs)

    nodes = np.arange(len(searched))
    for first, second in seeds.candidates(found.components):
        reachable = second < searched.stops[first]
        first, second = first[reachable], second[reachable]
        if found.components is None:
            found.add(all_close(first, second, limits, edits_of))
        else:
            join_close(first, second, (nodes, nodes), found.components, limits, edits_of)


def _edits_in_slices(
    keys: npt.NDArray[np.object_],
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    limits: npt.NDArray[np.int64],
    n_jobs: int | None,
) -> npt.NDArray[np.int64]:
    """Return the distance of each pair, or more than its limit, computed in slices of the pairs."""
    # pairs of one row share a call
    order = np.argsort(first, kind="stable")
    slices = [order[start : start + _CHECKED_AT_ONCE] for start in range(0, len(order), _CHECKED_AT_ONCE)]

    def task(members: npt.NDArray[np.intp]) -> Any:
        # only what is compared is sent to a worker
        rows, of_row = np.unique(first[members], return_inverse=True)
        columns, of_column = np.unique(second[members], return_inverse=True)
        return joblib.delayed(edits_of_pairs)(keys[rows], keys[columns], of_row, of_column, limits[columns])

    edits = np.empty(len(first), dtype=np.int64)
    checked = run_blocks(map(task, slices), n_jobs=n_jobs, prefer="threads", ordered=True)
    sizes = [len(members) for members in slices]
    tracked = track(checked, len(order), "pairs of sequences", sizes=sizes)
    for members, values in zip(slices, tracked, strict=True):
        edits[members] = values
    return edits


def search_packed_seeds(
    seeds: Seeds,
    bits: QgramBits,
    packed: PackedSequences,
    searched: SortedSequences,
    found: Found,
    n_jobs: int | None,
) -> None:
    """Check the pairs that share a seed and pass the q-gram filter, by native code in threads."""
    components, limits = found.components, searched.limits
    ids = np.arange(len(searched))

    def tile(windows: npt.NDArray[np.intp]) -> Tile:
        low, high = seeds.low[windows], seeds.high[windows]
        start, stop = int(low.min()), int(high.max())
        holders, owners = seeds.holders[windows].astype(np.int64), seeds.owners[start:stop].astype(np.int64)
        roots = ids if components is None else components.find(ids)
        return Tile(
            Members(
                holders,
                roots[holders],
                seeds.positions[windows].astype(np.int64),
                bits.as_shorter[holders],
                bits.bits[holders],
            ),
            Members(
                owners,
                roots[owners],
                seeds.places[start:stop].astype(np.int64),
                bits.as_longer[owners],
                bits.bits[owners],
            ),
            low - start,
            high - start,
            limits[owners],
        )

    batches = seeds.window_batches(components, first_hits=_FIRST_HITS, most_hits=_MOST_HITS)
    if components is not None:
        tasks = (joblib.delayed(_join_tile)(tile(windows), packed) for windows in batches)
        for pairs in run_blocks(tasks, n_jobs=n_jobs, prefer="threads", shared_memory=True):
            found.add(pairs)
        return
    tasks = (joblib.delayed(_keys_of_tile)(tile(windows), len(searched)) for windows in batches)
    keys = [np.empty(0, dtype=np.int64)]
    for more in run_blocks(tasks, n_jobs=n_jobs, prefer="threads", shared_memory=True):
        keys.append(more)
        if len(keys) == _MERGED_AT_ONCE:
            keys = [np.unique(np.concatenate(keys))]
    first, second = np.divmod(np.unique(np.concatenate(keys)), len(searched))
    slices = [slice(start, start + _CHECKED_AT_ONCE) for start in range(0, len(first), _CHECKED_AT_ONCE)]
    tasks = (joblib.delayed(_close_of_slice)(packed, first[now], second[now], limits) for now in slices)
    blocks = run_blocks(tasks, n_jobs=n_jobs, prefer="threads", shared_memory=True)
    sizes = (len(first[now]) for now in slices)
    for pairs in track(blocks, len(first), "pairs of sequences", sizes=sizes):
        found.add(pairs)


def _close_of_slice(
    packed: PackedSequences,
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    limits: npt.NDArray[np.int64],
) -> Pairs:
    edits = packed.edits(first, second, limits[second])
    close = edits <= limits[second]
    return first[close], second[close], edits[close]


def _keys_of_tile(tile: Tile, n: int) -> npt.NDArray[np.int64]:
    """Return ``shorter * n + longer`` of the candidates, each once."""
    keys = [tile.rows.ids[first] * n + tile.columns.ids[second] for first, second, _ in tile.batches()]
    return np.unique(np.concatenate(keys))


def _join_tile(tile: Tile, packed: PackedSequences) -> Pairs:
    """Return close pairs that join all components that the tile joins."""
    rows, columns = tile.rows.ids, tile.columns.ids
    joined = BlockComponents(tile.rows.roots, tile.columns.roots)
    n = int(columns.max(initial=0)) + 1
    found = []

    def edits_of(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        return packed.edits(rows[one], columns[other], tile.limits[other])

    row = 0
    while row < len(rows):
        tile = tile.with_roots(*joined.roots())
        (one, other, slack), row = tile.candidates(row)
        # a pair may share several seeds; likely pairs first
        once = np.unique(rows[one] * n + columns[other], return_index=True)[1]
        once = once[np.argsort(-slack[once], kind="stable")]
        nodes = joined.rows, joined.columns
        first, second, edits = join_close(
            one[once], other[once], nodes, joined.components, tile.limits, edits_of
        )
        found.append((rows[first], columns[second], edits))
    first, second, edits = (np.concatenate(values) for values in zip(*found, strict=True))
    return first, second, edits
