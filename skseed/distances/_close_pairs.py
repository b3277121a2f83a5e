"""Search for all pairs of sequences within a cut-off, for neighbors and groups.

The filters, in ascending order of cost: the difference of the lengths, then shared q-grams or pigeonhole
seeds, then the exact distance with a cut-off. When components are searched, pairs that are in one component
already are skipped.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt

from skseed._limits import check_time
from skseed._parallel import run_blocks
from skseed._sequences import Sequences
from skseed.distances._blocks import ADVICE, Block, Cutoff, Found, SortedSequences, sort_by_length
from skseed.distances._circular import circular_seconds, search_circular
from skseed.distances._components import BlockComponents, Components, PairList, Pairs
from skseed.distances._kmer_filter import KmerRows, choose_kmers
from skseed.distances._qgram_filter import QgramFilter, QgramRows, choose_filter
from skseed.distances._seed_filter import (
    SECONDS_PER_HIT,
    SECONDS_PER_SYMBOL,
    Seeds,
    estimate_work,
    find_seeds,
)
from skseed.distances._verify import edits_of_pairs, key_array

logger = logging.getLogger("skseed")

_BLOCK_ROWS = 1024
_BLOCK_COLUMNS = 2048
_CHECKED_AT_ONCE = 16_384
# windows that equal a seed are stored, 24 bytes each, and there are fewer of them than hits
_MOST_HITS = 1e9
# a shorter search is not worth the estimate of the seeds
_SECONDS_WORTH_SEEDS = 0.5
_RARE = 1e-3
_COUNTED_AT_ONCE = 1 << 20

Plan = Seeds | KmerRows | QgramFilter | None

EditsOf = Callable[[npt.NDArray[np.integer], npt.NDArray[np.integer]], npt.NDArray[np.int64]]


def unique_forms(sequences: Sequences, *, both_strands: bool) -> tuple[Sequences, npt.NDArray[np.intp]]:
    """Return the different sequences, in canonical form, and the position of each sequence in them.

    Rotations of a circular sequence are one sequence, and so are both strands if `both_strands`.
    """
    unique, inverse = sequences.unique()
    if sequences.topology == "linear" and not both_strands:
        return unique, inverse
    unique, position = unique.canonical(both_strands=both_strands).unique()
    return unique, position[inverse]


def connected_components(
    sequences: Sequences, cutoff: Cutoff, *, both_strands: bool, n_jobs: int | None
) -> npt.NDArray[np.intp]:
    """Return a number below `n_sequences` for the component of each of some different sequences.

    Two sequences are connected if they are within the cut-off.
    """
    searched, copies = _with_other_strands(sequences, both_strands)
    components = Components(len(searched))
    order = _search(searched, cutoff, both_strands, components, n_jobs, joined=copies)
    labels = np.empty(len(searched), dtype=np.intp)
    labels[order] = components.find(np.arange(len(searched)))
    return labels[copies[0]]


def close_pairs(sequences: Sequences, cutoff: Cutoff, *, both_strands: bool, n_jobs: int | None) -> Pairs:
    """Return all pairs of different sequences within the cut-off: first, second, edits; each pair once."""
    searched, copies = _with_other_strands(sequences, both_strands)
    found = PairList()
    order = _search(searched, cutoff, both_strands, found, n_jobs)
    first, second, edits = found.pairs()
    first, second = order[first], order[second]
    if len(copies) == 1:
        return first, second, edits
    owner = np.empty(len(searched), dtype=np.intp)
    for copy in copies:
        owner[copy] = np.arange(len(sequences))
    return _least_of_each_pair(owner[first], owner[second], edits, len(sequences))


def most_seconds(lengths: npt.NDArray[np.int64], cutoff: Cutoff, topology: str) -> float:
    """Return an upper bound of the CPU-seconds of a search."""
    lengths = np.sort(lengths)
    limits = cutoff.limits(lengths)
    stops = np.searchsorted(lengths - limits, lengths, side="right")
    n_pairs = float((stops - np.arange(len(stops)) - 1).sum())
    if topology == "circular":
        return circular_seconds(n_pairs, lengths)
    return n_pairs * _seconds_per_pair(lengths, limits)


def _search(
    sequences: Sequences,
    cutoff: Cutoff,
    both_strands: bool,
    found: Found,
    n_jobs: int | None,
    joined: list[npt.NDArray[np.intp]] | None = None,
) -> npt.NDArray[np.intp]:
    """Add all close pairs to `found`, by positions in the order of length; return that order.

    The components of ``joined[0][i]`` and ``joined[1][i]`` are joined before the search.
    """
    searched, order = sort_by_length(sequences, cutoff)
    if joined is not None and len(joined) > 1 and found.components is not None:
        position = np.argsort(order)
        found.components.join(position[joined[0]], position[joined[1]])
    if sequences.topology == "circular":
        search_circular(searched, found, both_strands=both_strands, n_jobs=n_jobs)
        return order
    plan = _plan(searched, n_jobs)
    if isinstance(plan, Seeds):
        _search_seeds(plan, searched, found, n_jobs)
    else:
        _search_blocks(plan, searched, found, n_jobs)
    return order


def _with_other_strands(
    sequences: Sequences, both_strands: bool
) -> tuple[Sequences, list[npt.NDArray[np.intp]]]:
    """Return linear sequences with their other strands, and the position of each copy of each sequence.

    A circular search compares both strands itself.
    """
    n = len(sequences)
    if not both_strands or sequences.topology == "circular":
        return sequences, [np.arange(n)]
    strands = sequences.with_rows([*sequences, *sequences.reverse_complement()])
    unique, position = strands.unique()
    return unique, [position[:n], position[n:]]


def _least_of_each_pair(
    first: npt.NDArray[np.intp], second: npt.NDArray[np.intp], edits: npt.NDArray[np.integer], n: int
) -> Pairs:
    """Return each pair of different members once, with its least distance."""
    keys = np.minimum(first, second) * n + np.maximum(first, second)
    order = np.lexsort((edits, keys))
    kept = order[np.diff(keys[order], prepend=-1) != 0]
    kept = kept[first[kept] != second[kept]]
    low, high = np.divmod(keys[kept], n)
    return low, high, edits[kept]


def _seconds_per_pair(lengths: npt.NDArray[np.int64], limits: npt.NDArray[np.int64]) -> float:
    return float(1e-6 + 1e-9 * (lengths * (1 + limits / 64)).mean())


def _plan(searched: SortedSequences, n_jobs: int | None) -> Seeds | KmerRows | QgramRows | None:
    """Return the cheapest filter, ready for use, or None if comparing all pairs is cheapest; log the plan."""
    n_pairs, seconds_per_pair = searched.n_pairs, _seconds_per_pair(searched.lengths, searched.limits)
    symbols, n_symbols = _merge_rare_symbols(searched)
    qgrams, seconds = choose_filter(symbols, n_symbols, n_pairs=n_pairs, seconds_per_pair=seconds_per_pair)
    plan: Plan = qgrams
    description = "all are compared"
    if qgrams is not None:
        description = f"q-grams of {qgrams.q} symbols leave about {qgrams.pass_rate:.2g} of them"
    kmers, pass_rate, cost = choose_kmers(
        symbols, n_symbols, n_pairs=n_pairs, seconds_per_pair=seconds_per_pair, most_seconds=seconds
    )
    if kmers is not None:
        plan, seconds = kmers, cost
        description = f"displaced k-mers of {kmers.k} symbols leave about {pass_rate:.2g} of them"
    seeds = None
    seconds_of_reading = len(symbols.sequences.codes) * SECONDS_PER_SYMBOL
    if seconds > max(seconds_of_reading, _SECONDS_WORTH_SEEDS):
        most_hits = (seconds - seconds_of_reading) / SECONDS_PER_HIT
        n_hits, n_candidates = estimate_work(symbols, n_symbols, most_hits=most_hits)
        cost = seconds_of_reading + n_hits * SECONDS_PER_HIT + n_candidates * seconds_per_pair
        if cost < seconds:
            seeds = find_seeds(symbols, n_symbols, most_hits=_MOST_HITS)
        if seeds is not None:
            plan, seconds, description = seeds, cost, f"seeds propose about {n_candidates:,.0f} of them"
    logger.info(
        "%s pairs of %s sequences have lengths within the cut-off; %s; about %.1f CPU-seconds.",
        f"{n_pairs:,.0f}",
        f"{len(searched):,}",
        description,
        seconds,
    )
    check_time(seconds, n_jobs=n_jobs, what="To compare them", advice=ADVICE)
    return plan.rows(symbols, n_symbols) if isinstance(plan, QgramFilter) else plan


def _merge_rare_symbols(searched: SortedSequences) -> tuple[SortedSequences, int]:
    """Return codes below a small number of symbols, for lower bounds of the distance.

    Rare symbols get the codes of frequent ones. This only brings sequences closer, so that a lower bound
    remains one.
    """
    codes = searched.sequences.codes
    counts = np.zeros(len(searched.sequences.alphabet) + 2, dtype=np.int64)
    for start in range(0, len(codes), _COUNTED_AT_ONCE):
        counts += np.bincount(codes[start : start + _COUNTED_AT_ONCE], minlength=len(counts))
    n_symbols = max(1, min(256, int((counts > _RARE * max(1, len(codes))).sum())))
    if not counts[n_symbols:].any():
        return searched, n_symbols
    table = np.empty(len(counts), dtype=np.uint8)
    table[np.argsort(-counts, kind="stable")] = np.arange(len(counts)) % n_symbols
    return searched.with_sequences(replace(searched.sequences, codes=table[codes])), n_symbols


def _search_blocks(
    bounds: KmerRows | QgramRows | None, searched: SortedSequences, found: Found, n_jobs: int | None
) -> None:
    """Search all pairs, block by block, with the lower bound if there is one."""
    tasks = (
        joblib.delayed(_search_block)(
            searched.block(row, row + _BLOCK_ROWS, found, bounds),
            searched.block(column, column + _BLOCK_COLUMNS, found, bounds),
        )
        for row in range(0, len(searched), _BLOCK_ROWS)
        for column in range(row, int(searched.stops[row : row + _BLOCK_ROWS].max()), _BLOCK_COLUMNS)
    )
    for pairs in run_blocks(tasks, n_jobs=n_jobs, prefer="threads"):
        found.add(pairs)


def _search_block(rows: Block, columns: Block) -> Pairs:
    """Return close pairs between two blocks: all, or enough to join the components."""
    low = np.arange(len(rows.sequences)) + rows.start + 1 - columns.start
    low, high = np.maximum(low, 0), np.minimum(rows.stops - columns.start, len(columns.sequences))
    if rows.bounds is None or columns.bounds is None:
        slack = np.zeros((len(rows.sequences), len(columns.sequences)), dtype=np.float32)
    else:
        slack = rows.bounds.slack(columns.bounds, low, high)  # type: ignore[arg-type]
    first, second = np.divmod(np.flatnonzero(slack >= 0), slack.shape[1])
    kept = (low[first] <= second) & (second < high[first])
    first, second = first[kept], second[kept]
    row_keys, column_keys = key_array(rows.sequences), key_array(columns.sequences)

    def edits_of(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        return edits_of_pairs(row_keys, column_keys, one, other, columns.limits)

    if rows.roots is None or columns.roots is None:
        first, second, edits = _all_close(first, second, columns.limits, edits_of)
    else:
        joined = BlockComponents(rows.roots, columns.roots)
        likely = np.argsort(-slack[first, second], kind="stable")
        first, second = first[likely], second[likely]
        nodes = joined.rows, joined.columns
        first, second, edits = _join(first, second, nodes, joined.components, columns.limits, edits_of)
    return first + rows.start, second + columns.start, edits


def _search_seeds(seeds: Seeds, searched: SortedSequences, found: Found, n_jobs: int | None) -> None:
    """Check the pairs that share a seed."""
    keys, limits = key_array(searched.sequences), searched.limits

    def edits_of(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        return _edits_in_slices(keys, first, second, limits, n_jobs)

    nodes = np.arange(len(searched))
    for first, second in seeds.candidates(found.components):
        reachable = second < searched.stops[first]
        first, second = first[reachable], second[reachable]
        if found.components is None:
            found.add(_all_close(first, second, limits, edits_of))
        else:
            _join(first, second, (nodes, nodes), found.components, limits, edits_of)


def _all_close(
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    limits: npt.NDArray[np.int64],
    edits_of: EditsOf,
) -> Pairs:
    """Return all close pairs of the candidates."""
    edits = edits_of(first, second)
    close = edits <= limits[second]
    return first[close], second[close], edits[close]


def _join(
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    nodes: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]],
    components: Components,
    limits: npt.NDArray[np.int64],
    edits_of: EditsOf,
) -> Pairs:
    """Join all components that close pairs of the candidates join; return the close pairs that were found.

    ``nodes[0]`` and ``nodes[1]`` are the members of `components` that rows and columns are. The foremost
    candidates of each component are checked first, because they join most of the others, which are skipped.
    """
    found = [(first[:0], second[:0], np.empty(0, dtype=np.int64))]
    width = 1
    while len(first):
        roots, other_roots = components.find(nodes[0][first]), components.find(nodes[1][second])
        apart = np.flatnonzero(roots != other_roots)
        foremost = _foremost(roots[apart], other_roots[apart], width)
        now, later = apart[foremost], apart[~foremost]
        edits = edits_of(first[now], second[now])
        close = edits <= limits[second[now]]
        now = now[close]
        found.append((first[now], second[now], edits[close]))
        components.join(nodes[0][first[now]], nodes[1][second[now]])
        first, second = first[later], second[later]
        width *= 2
    first, second, edits = (np.concatenate(values) for values in zip(*found, strict=True))
    return first, second, edits


def _foremost(one: npt.NDArray[np.intp], other: npt.NDArray[np.intp], width: int) -> npt.NDArray[np.bool_]:
    """Mark the first `width` pairs of each component."""
    return (_rank(one) < width) | (_rank(other) < width)


def _rank(components: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return how many pairs of its component precede each pair."""
    order = np.argsort(components, kind="stable")
    starts = np.flatnonzero(np.diff(components[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return ranks


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
    for members, values in zip(slices, checked, strict=True):
        edits[members] = values
    return edits
