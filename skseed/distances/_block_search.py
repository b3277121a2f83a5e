"""Search pairs block by block, with a lower bound of the distance if there is one."""

from collections.abc import Iterator

import joblib
import numpy as np
import numpy.typing as npt

from skseed._parallel import run_blocks
from skseed._progress import track
from skseed.distances._blocks import Block, Found, SortedSequences
from skseed.distances._components import BlockComponents, EditsOf, Pairs, all_close, join_close
from skseed.distances._kmer_filter import KmerRows
from skseed.distances._packed import PackedSequences
from skseed.distances._qgram_filter import QgramBits, QgramRows
from skseed.distances._verify import edits_of_pairs, key_array

_BLOCK_ROWS = 1024
_BLOCK_COLUMNS = 2048

Batch = tuple[npt.NDArray[np.integer], npt.NDArray[np.integer], npt.NDArray[np.number]]


def search_blocks(
    bounds: KmerRows | QgramRows | QgramBits | None,
    packed: PackedSequences | None,
    searched: SortedSequences,
    found: Found,
    n_jobs: int | None,
) -> None:
    """Add all close pairs, or enough to join the components, to `found`."""
    tiles = [
        ((row, row + _BLOCK_ROWS), (column, column + _BLOCK_COLUMNS))
        for row in range(0, len(searched), _BLOCK_ROWS)
        for column in range(row, int(searched.stops[row : row + _BLOCK_ROWS].max()), _BLOCK_COLUMNS)
    ]
    tasks = (
        joblib.delayed(_search_block)(
            searched.block(*rows, found, bounds, packed), searched.block(*columns, found, bounds, packed)
        )
        for rows, columns in tiles
    )
    blocks = run_blocks(tasks, n_jobs=n_jobs, prefer="threads")
    sizes = (searched.n_pairs_between(*tile) for tile in tiles)
    for pairs in track(blocks, searched.n_pairs, "pairs of sequences", sizes=sizes):
        found.add(pairs)


def _search_block(rows: Block, columns: Block) -> Pairs:
    """Return close pairs between two blocks: all, or enough to join the components."""
    joined = None
    if rows.roots is not None and columns.roots is not None:
        joined = BlockComponents(rows.roots, columns.roots)
    edits_of = _edits_between(rows, columns)
    batches = _batches_of_tile if isinstance(rows.bounds, QgramBits) else _batches_of_matrix
    found = []
    for first, second, slack in batches(rows, columns, joined):
        if joined is None:
            found.append(all_close(first, second, columns.limits, edits_of))
        else:
            likely = np.argsort(-slack, kind="stable")
            nodes = joined.rows, joined.columns
            found.append(
                join_close(first[likely], second[likely], nodes, joined.components, columns.limits, edits_of)
            )
    first, second, edits = (np.concatenate(values) for values in zip(*found, strict=True))
    return first + rows.start, second + columns.start, edits


def _edits_between(rows: Block, columns: Block) -> EditsOf:
    """Return the function that computes distances, with the cut-offs of the columns."""
    if rows.packed is not None and columns.packed is not None:
        packed = rows.packed.joined(columns.packed)
        # a gap follows the rows
        first_column = len(rows.sequences) + 1

        def packed_edits(
            one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]
        ) -> npt.NDArray[np.integer]:
            return packed.edits(one, other + first_column, columns.limits[other])

        return packed_edits
    row_keys, column_keys = key_array(rows.sequences), key_array(columns.sequences)

    def edits(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        return edits_of_pairs(row_keys, column_keys, one, other, columns.limits)

    return edits


def _ranges(rows: Block, columns: Block) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the range of columns that each row is compared with."""
    low = np.arange(len(rows.sequences)) + rows.start + 1 - columns.start
    return np.maximum(low, 0), np.minimum(rows.stops - columns.start, len(columns.sequences))


def _batches_of_tile(rows: Block, columns: Block, joined: BlockComponents | None) -> Iterator[Batch]:
    """Yield the candidates of native code; with components, those that are not joined yet."""
    from skseed.distances._tiles import Tile, members

    low, high = _ranges(rows, columns)
    tile = Tile(members(rows, as_longer=False), members(columns, as_longer=True), low, high, columns.limits)
    row = 0
    while row < len(low):
        if joined is not None:
            tile = tile.with_roots(*joined.roots())
        batch, row = tile.candidates(row)
        yield batch


def _batches_of_matrix(rows: Block, columns: Block, joined: BlockComponents | None) -> Iterator[Batch]:
    """Yield all candidates of a matrix of bounds."""
    low, high = _ranges(rows, columns)
    if rows.bounds is None or columns.bounds is None:
        slack = np.zeros((len(rows.sequences), len(columns.sequences)), dtype=np.float32)
    else:
        slack = rows.bounds.slack(columns.bounds, low, high)  # type: ignore[arg-type,union-attr]
    first, second = np.divmod(np.flatnonzero(slack >= 0), slack.shape[1])
    kept = (low[first] <= second) & (second < high[first])
    first, second = first[kept], second[kept]
    yield first, second, slack[first, second]
