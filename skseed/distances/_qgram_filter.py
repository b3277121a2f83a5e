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

_MOST_BUCKETS = 4096
_LEVELS = 6
_SAMPLE = 300
_SECONDS_WORTH_FILTER = 0.5
_COLUMN_STEPS = (512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192)
# measured on one core of a current server; only the ratio to the other costs matters
_FLOPS_PER_SECOND = 1e11
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_COUNTS_AT_ONCE = 2_000_000


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
    searched: SortedSequences, n_symbols: int, *, n_pairs: float, seconds_per_pair: float
) -> tuple[QgramFilter | None, float]:
    """Return the filter that costs least with the check of what passes, and that cost in seconds.

    The filter is None if comparing all pairs is cheaper. `seconds_per_pair` is the cost of a distance.
    """
    best, best_cost = None, n_pairs * seconds_per_pair
    if best_cost < _SECONDS_WORTH_FILTER or n_symbols < 2:
        return best, best_cost
    generator = np.random.default_rng(0)
    n = len(searched)
    sample = searched.take(np.sort(generator.choice(n, size=min(_SAMPLE, n), replace=False)))
    lengths, limits = sample.lengths, sample.limits
    reachable = lengths[None, :] - lengths[:, None] <= limits[None, :]
    reachable &= np.triu(np.ones_like(reachable), k=1)
    longest = max(2, int(np.log(65536) / np.log(n_symbols)))
    for q in range(2, min(8, longest) + 1):
        n_buckets, buckets, levels, present = ranked_columns(sample.sequences, n_symbols, q)
        n_qgrams = np.maximum(lengths - q + 1, 0)
        demanded = (n_qgrams[None, :] - n_qgrams[:, None]) / 2 - (q * limits)[None, :]
        shared = np.zeros(reachable.shape, dtype=np.float32)
        sums, done = np.zeros(len(lengths)), 0
        for n_columns in _COLUMN_STEPS:
            cost = n_pairs * 2 * n_columns / _FLOPS_PER_SECOND
            if cost > best_cost or done == present.shape[1]:
                break
            step = present[:, done:n_columns].astype(np.float32)
            shared += step @ step.T
            sums += step.sum(axis=1)
            done += step.shape[1]
            passed = shared >= (sums[:, None] + sums[None, :]) / 2 + demanded
            pass_rate = float(passed[reachable].mean()) if reachable.any() else 0.0
            cost += n_pairs * pass_rate * seconds_per_pair
            if cost < best_cost:
                best, best_cost = QgramFilter(q, n_buckets, buckets[:done], levels[:done], pass_rate), cost
    return best, best_cost


def ranked_columns(
    sample: Sequences, n_symbols: int, q: int
) -> tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the number of buckets, and the columns in descending order of their variance on the sample.

    A column has a bucket and a level; the last array says which sequences of the sample reach it.
    """
    n_buckets = min(n_symbols**q, _MOST_BUCKETS)
    counts = qgram_counts(sample, n_symbols, q, n_buckets)
    # the levels around the usual count of a q-gram vary most
    base = np.maximum(np.round(counts.mean(axis=0)).astype(np.int64) - _LEVELS // 2, 0) + 1
    shares = np.array([(counts >= base + level).mean(axis=0) for level in range(_LEVELS)])
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
