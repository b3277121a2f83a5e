"""Filter by shared q-grams: a lower bound of the edit distance, computed as a matrix product.

One edit changes at most q of the overlapping q-grams of a sequence, so two sequences within d edits, the
longer with n q-grams, share at least n - q·d of them [Ukkonen1992]_. Counts are written in unary, one column
for "at least once", one for "at least twice", …: the product of two such rows is the number of shared
q-grams.

Leaving out columns, letting q-grams share a column and capping counts only bring rows closer, so no pair is
lost. The columns that separate sequences best are chosen on a sample, together with q.

.. [Ukkonen1992] E. Ukkonen, "Approximate string-matching with q-grams and maximal matches",
   Theoretical Computer Science 92(1), 191-211, 1992. :doi:`10.1016/0304-3975(92)90143-4`
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed._kmers import kmer_starts, window_hashes
from skseed._sequences import Sequences
from skseed.distances._blocks import SortedSequences

# 64-bit words in a vector of native code; packed rows have a whole number of vectors
WORDS_PER_VECTOR = 4
_MOST_BUCKETS = 4096
_LEVELS = 6
# native code rejects pairs so fast that a larger sample would take longer than it saves
_SAMPLE, _NATIVE_SAMPLE = 300, 150
_SECONDS_WORTH_FILTER = 0.5
# more columns would not reject much either
_HARDLY_A_FILTER, _ENOUGH_COLUMNS = 0.9, 2048
_COLUMN_STEPS = (256, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192)
# measured on one core of a current server; only the ratio to the other costs matters
_FLOPS_PER_SECOND = 1e11
# seconds of a pair, and of a column of a pair, in native code
_NATIVE_SECONDS = 2.6e-9, 4.5e-12
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_COUNTS_AT_ONCE = 2_000_000
_COUNTED_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class QgramRows:
    """The packed columns of sequences: a pair passes if the product reaches ``as_shorter + as_longer``.

    Parameters
    ----------
    bits : ndarray of shape (n_sequences, n_columns / 8), dtype uint8
        Packed columns.
    as_shorter : ndarray of shape (n_sequences,), dtype float32
        The term of a sequence in the bound if it is the shorter of a pair.
    as_longer : ndarray of shape (n_sequences,), dtype float32
        Its term if it is the longer.
    n_columns : int
        The number of columns.
    """

    bits: npt.NDArray[np.uint8]
    as_shorter: npt.NDArray[np.float32]
    as_longer: npt.NDArray[np.float32]
    n_columns: int

    def slice(self, start: int, stop: int) -> "QgramRows":
        """Return the rows of consecutive sequences, as views."""
        return QgramRows(
            self.bits[start:stop], self.as_shorter[start:stop], self.as_longer[start:stop], self.n_columns
        )

    def slack(
        self, longer: "QgramRows", low: npt.NDArray[np.intp], high: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.float32]:
        """Return by how much each pair exceeds the bound; a negative number rejects the pair.

        The sequences of `longer` must be as long or longer. The result has the shape (n_sequences, n_longer).
        Only the pairs of row i with ``low[i]`` to ``high[i]`` matter, but a matrix product computes all.
        """
        # all numbers are halves below 2**22, so that float32 represents them exactly
        rows = np.empty((len(self.bits), self.n_columns + 2), dtype=np.float32)
        rows[:, :-2] = np.unpackbits(self.bits, axis=1, count=self.n_columns)
        rows[:, -2], rows[:, -1] = self.as_shorter, 1
        columns = np.empty((len(longer.bits), self.n_columns + 2), dtype=np.float32)
        columns[:, :-2] = np.unpackbits(longer.bits, axis=1, count=self.n_columns)
        columns[:, -2], columns[:, -1] = -1, -longer.as_longer
        return rows @ columns.T


@dataclass(frozen=True)
class QgramBits:
    """The packed columns of sequences for native code.

    Parameters
    ----------
    bits : ndarray of shape (n_sequences, n_words), dtype int64
        Packed columns.
    as_shorter, as_longer : ndarray of shape (n_sequences,), dtype int64
        Twice the terms of `QgramRows`, which are halves.
    """

    bits: npt.NDArray[np.int64]
    as_shorter: npt.NDArray[np.int64]
    as_longer: npt.NDArray[np.int64]

    @classmethod
    def without_columns(cls, n: int) -> "QgramBits":
        """Return rows with which every pair passes."""
        return cls(np.empty((n, 0), dtype=np.int64), *np.zeros((2, n), dtype=np.int64))

    def slice(self, start: int, stop: int) -> "QgramBits":
        """Return the rows of consecutive sequences, as views."""
        return QgramBits(self.bits[start:stop], self.as_shorter[start:stop], self.as_longer[start:stop])

    def count_passing(self, shorter: npt.NDArray[np.int64], longer: npt.NDArray[np.int64]) -> int:
        """Return how many of some pairs pass."""
        n_passing = 0
        for start in range(0, len(shorter), _COUNTED_AT_ONCE):
            one, other = shorter[start : start + _COUNTED_AT_ONCE], longer[start : start + _COUNTED_AT_ONCE]
            shared = np.bitwise_count(self.bits[one] & self.bits[other]).sum(axis=1, dtype=np.int64)
            n_passing += int((2 * shared >= self.as_shorter[one] + self.as_longer[other]).sum())
        return n_passing


@dataclass(frozen=True)
class QgramFilter:
    """The q-grams that are compared.

    Parameters
    ----------
    q : int
        Symbols in a q-gram.
    n_buckets : int
        The number of different q-grams, or of hashes of q-grams, that are counted.
    buckets : ndarray of shape (n_columns,), dtype int64
        The q-gram of each column.
    levels : ndarray of shape (n_columns,), dtype int64
        How often it must occur.
    pass_rate : float
        The share of the sampled pairs that pass.
    """

    q: int
    n_buckets: int
    buckets: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]
    pass_rate: float

    def packed_rows(self, searched: SortedSequences, n_symbols: int) -> QgramBits:
        """Return the rows for native code; the codes must be below `n_symbols`."""
        bits, sums = native_rows(
            searched.sequences, n_symbols, self.q, self.n_buckets, (self.buckets, self.levels)
        )
        n_qgrams = np.maximum(searched.lengths - self.q + 1, 0)
        return QgramBits(bits, sums - n_qgrams, sums + n_qgrams - 2 * self.q * searched.limits)

    def rows(self, searched: SortedSequences, n_symbols: int) -> QgramRows:
        """Return one packed row for each sequence; the codes must be below `n_symbols`."""
        n = len(searched)
        bits = np.empty((n, -(-len(self.buckets) // 8)), dtype=np.uint8)
        sums = np.empty(n, dtype=np.int64)
        step = max(1, _COUNTS_AT_ONCE // self.n_buckets)
        for start in range(0, n, step):
            stop = min(start + step, n)
            chunk = searched.sequences.slice(start, stop)
            # the counts of a chunk are not kept while those of the next are made
            present = qgram_counts(chunk, n_symbols, self.q, self.n_buckets)[:, self.buckets] >= self.levels
            sums[start:stop] = present.sum(axis=1)
            bits[start:stop] = np.packbits(present, axis=1)
        n_qgrams = np.maximum(searched.lengths - self.q + 1, 0)
        return QgramRows(
            bits,
            ((sums - n_qgrams) / 2).astype(np.float32),
            ((sums + n_qgrams) / 2 - self.q * searched.limits).astype(np.float32),
            len(self.buckets),
        )


def choose_filter(
    searched: SortedSequences,
    n_symbols: int,
    *,
    n_pairs: float,
    seconds_per_pair: float,
    native: bool = False,
) -> tuple[QgramFilter | None, float]:
    """Return the filter that costs least with the check of what passes, and that cost in seconds.

    The filter is None if comparing all pairs is cheaper. `seconds_per_pair` is the cost of a distance.
    """
    fixed, per_column = _NATIVE_SECONDS if native else (0.0, 2 / _FLOPS_PER_SECOND)
    best, best_cost = None, n_pairs * seconds_per_pair
    if best_cost < _SECONDS_WORTH_FILTER or n_symbols < 2:
        return best, best_cost
    generator = np.random.default_rng(0)
    n = len(searched)
    n_sampled = min(_SAMPLE, _NATIVE_SAMPLE if native else _SAMPLE, n)
    sample = searched.take(np.sort(generator.choice(n, size=n_sampled, replace=False)))
    lengths, limits = sample.lengths, sample.limits
    reachable = lengths[None, :] - lengths[:, None] <= limits[None, :]
    reachable &= np.triu(np.ones_like(reachable), k=1)
    longest = max(2, int(np.log(65536) / np.log(n_symbols)))
    for q in range(2, min(8, longest) + 1):
        if n_pairs * (fixed + _COLUMN_STEPS[0] * per_column) > best_cost:
            break
        n_buckets, buckets, levels, present = ranked_columns(sample.sequences, n_symbols, q, native=native)
        n_qgrams = np.maximum(lengths - q + 1, 0)
        demanded = (n_qgrams[None, :] - n_qgrams[:, None]) / 2 - (q * limits)[None, :]
        shared = np.zeros(reachable.shape, dtype=np.float32)
        sums, done = np.zeros(len(lengths)), 0
        for n_columns in _COLUMN_STEPS:
            cost = n_pairs * (fixed + n_columns * per_column)
            if cost > best_cost or done == present.shape[1]:
                break
            step = present[:, done:n_columns].astype(np.float32)
            shared += step @ step.T
            sums += step.sum(axis=1)
            done += step.shape[1]
            passed = shared >= (sums[:, None] + sums[None, :]) / 2 + demanded
            pass_rate = float(passed[reachable].mean()) if reachable.any() else 0.0
            if pass_rate > _HARDLY_A_FILTER and n_columns >= _ENOUGH_COLUMNS:
                break
            cost += n_pairs * pass_rate * seconds_per_pair
            if cost < best_cost:
                best, best_cost = QgramFilter(q, n_buckets, buckets[:done], levels[:done], pass_rate), cost
    return best, best_cost


def ranked_columns(
    sample: Sequences, n_symbols: int, q: int, *, native: bool = False
) -> tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the number of buckets, and the columns in descending order of their variance on the sample.

    A column has a bucket and a level; the last array says which sequences of the sample reach it.
    """
    n_buckets = min(n_symbols**q, _MOST_BUCKETS)
    counts = (_native_counts if native else qgram_counts)(sample, n_symbols, q, n_buckets)
    # the levels around the usual count of a q-gram vary most
    base = np.maximum(np.round(counts.mean(axis=0)).astype(np.int64) - _LEVELS // 2, 0) + 1
    n_reaching = [np.count_nonzero(counts >= base + level, axis=0) for level in range(_LEVELS)]
    shares = np.array(n_reaching) / max(1, len(counts))
    variances = (shares * (1 - shares)).ravel()
    order = np.argsort(-variances, kind="stable")[: min(int((variances > 0).sum()), _COLUMN_STEPS[-1])]
    levels, buckets = np.divmod(order, n_buckets)
    levels += base[buckets]
    return n_buckets, buckets, levels, counts[:, buckets] >= levels


def qgram_counts(sequences: Sequences, n_symbols: int, q: int, n_buckets: int) -> npt.NDArray[np.int64]:
    """Return the counts of the q-grams, or of hashes of them, of shape (n_sequences, n_buckets)."""
    hashes = window_hashes(sequences.codes, width=q, n_symbols=n_symbols)
    if n_symbols**q > n_buckets:
        hashes = (hashes * _MULTIPLIER >> np.uint64(40)) % np.uint64(n_buckets)
    starts, owners = kmer_starts(sequences.offsets, q)
    keys = owners * n_buckets + hashes[starts].astype(np.int64)
    return np.bincount(keys, minlength=len(sequences) * n_buckets).reshape(len(sequences), n_buckets)


def _native_counts(sequences: Sequences, n_symbols: int, q: int, n_buckets: int) -> npt.NDArray[np.int32]:
    """Return what `qgram_counts` returns."""
    counts = np.empty((len(sequences), n_buckets), dtype=np.int32)
    none = np.empty(0, dtype=np.int64)
    _run_counts(
        sequences, n_symbols, q, n_buckets, counts, (none, none), (none, np.empty(len(sequences), np.int64))
    )
    return counts


def native_rows(
    sequences: Sequences,
    n_symbols: int,
    q: int,
    n_buckets: int,
    columns: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the packed columns, given by buckets and levels, of each sequence, and how many are set."""
    buckets, levels = columns
    # columns that no sequence reaches fill up the last vector
    n_missing = -len(buckets) % (64 * WORDS_PER_VECTOR)
    buckets = np.pad(buckets, (0, n_missing))
    levels = np.pad(levels, (0, n_missing), constant_values=np.iinfo(np.int32).max)
    bits = np.empty((len(sequences), len(buckets) // 64), dtype=np.int64)
    sums = np.empty(len(sequences), dtype=np.int64)
    counts = np.empty((1, n_buckets), dtype=np.int32)
    _run_counts(sequences, n_symbols, q, n_buckets, counts, (buckets, levels), (bits, sums))
    return bits, sums


def _run_counts(
    sequences: Sequences,
    n_symbols: int,
    q: int,
    n_buckets: int,
    counts: npt.NDArray[np.int32],
    columns: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    results: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    from skseed.distances._qgram_kernels import count_kernel

    arrays = [sequences.codes, sequences.offsets, counts, *columns, *results]
    step = n_buckets if len(counts) > 1 else 0
    numbers = [len(sequences), n_symbols, q, n_symbols**q, n_buckets, step, len(columns[0])]
    count_kernel()(*(array.ctypes.data for array in arrays), *numbers)
