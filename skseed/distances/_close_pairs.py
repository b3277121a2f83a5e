"""Search for all pairs of sequences within a cut-off, for neighbors and groups.

The filters, in ascending order of cost: the difference of the lengths, then shared q-grams or pigeonhole
seeds, then the exact distance with a cut-off. When components are searched, pairs that are in one component
already are skipped.
"""

import logging
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from skseed._limits import check_time
from skseed._sequences import Sequences
from skseed.distances._block_search import search_blocks
from skseed.distances._blocks import ADVICE, Cutoff, Found, SortedSequences, sort_by_length
from skseed.distances._circular import circular_seconds, search_circular
from skseed.distances._components import Components, PairList, Pairs
from skseed.distances._kmer_filter import KmerRows, choose_kmers
from skseed.distances._packed import PackedSequences
from skseed.distances._qgram_filter import QgramBits, QgramFilter, QgramRows, choose_filter
from skseed.distances._seed_filter import (
    NATIVE_SECONDS_PER_HIT,
    NATIVE_SECONDS_PER_SYMBOL,
    SECONDS_PER_HIT,
    SECONDS_PER_SYMBOL,
    Seeds,
    estimate_work,
    find_seeds,
)
from skseed.distances._seed_search import search_packed_seeds, search_seeds
from skseed.distances._verify import native_decision

logger = logging.getLogger("skseed")

# windows that equal a seed are stored, 24 bytes each, and there are fewer of them than hits
_MOST_HITS = 1e9
# a shorter search is not worth the estimate of the seeds
_SECONDS_WORTH_SEEDS = 0.5
# a pair that q-grams reject, and the q-grams of a symbol, without native code
_SECONDS_OF_FILTERED_PAIR = 2e-8
_SECONDS_OF_COUNTS = 2e-7
_RARE = 1e-3
_COUNTED_AT_ONCE = 1 << 20

Plan = Seeds | KmerRows | QgramFilter | None
Bounds = KmerRows | QgramRows | QgramBits | None


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
    plan, bounds, packed = _plan(searched, n_jobs)
    if not isinstance(plan, Seeds):
        search_blocks(bounds, packed, searched, found, n_jobs)
    elif isinstance(bounds, QgramBits) and packed is not None:
        search_packed_seeds(plan, bounds, packed, searched, found, n_jobs)
    else:
        search_seeds(plan, searched, found, n_jobs)
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


def _seconds_per_pair(
    lengths: npt.NDArray[np.int64], limits: npt.NDArray[np.int64], *, native: bool = False
) -> float:
    if native:
        return float((1.5e-7 + 1e-9 * lengths * np.maximum(1.3, 0.65 * (limits / 64 + 1.6))).mean())
    return float(1e-6 + 1e-9 * (lengths * (1 + limits / 64)).mean())


def _plan(searched: SortedSequences, n_jobs: int | None) -> tuple[Plan, Bounds, PackedSequences | None]:
    """Return the cheapest filter, its rows, and the packed sequences if native code is used; log the plan.

    The filter is None if comparing all pairs is cheapest.
    """
    n_pairs, seconds_per_pair = searched.n_pairs, _seconds_per_pair(searched.lengths, searched.limits)
    filtered = n_pairs * _SECONDS_OF_FILTERED_PAIR + len(searched.sequences.codes) * _SECONDS_OF_COUNTS
    native = searched.sequences.codes.dtype == np.uint8
    native = native and native_decision.add(min(n_pairs * seconds_per_pair, filtered))
    if native:
        seconds_per_pair = _seconds_per_pair(searched.lengths, searched.limits, native=True)
    symbols, n_symbols = _merge_rare_symbols(searched)
    qgrams, seconds = choose_filter(
        symbols, n_symbols, n_pairs=n_pairs, seconds_per_pair=seconds_per_pair, native=native
    )
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
    seconds_per_symbol = NATIVE_SECONDS_PER_SYMBOL if native else SECONDS_PER_SYMBOL
    seconds_of_reading = len(symbols.sequences.codes) * seconds_per_symbol
    if seconds > max(seconds_of_reading, _SECONDS_WORTH_SEEDS):
        seconds_per_hit = NATIVE_SECONDS_PER_HIT if native else SECONDS_PER_HIT
        most_hits = (seconds - seconds_of_reading) / seconds_per_hit
        n_hits, n_candidates = estimate_work(
            symbols, n_symbols, most_hits=most_hits, qgrams=qgrams if native else None
        )
        cost = seconds_of_reading + n_hits * seconds_per_hit + n_candidates * seconds_per_pair
        if cost < seconds:
            seeds = find_seeds(symbols, n_symbols, most_hits=np.inf if native else _MOST_HITS, native=native)
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
    packed = PackedSequences.of(searched.sequences) if native else None
    if isinstance(plan, KmerRows):
        return plan, plan, packed
    if not native:
        return plan, plan.rows(symbols, n_symbols) if isinstance(plan, QgramFilter) else None, None
    if qgrams is None:
        return plan, QgramBits.without_columns(len(searched)), packed
    return plan, qgrams.packed_rows(symbols, n_symbols), packed


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
