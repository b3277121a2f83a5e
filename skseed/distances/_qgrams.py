"""A bound of the edit distance from below that a matrix product carries.

One edit touches at most q of the overlapping words of q letters (q-grams), so two sequences within
d edits, the longer with n q-grams, share at least n - q·d of them [Ukkonen1992]_. Counts are written
in unary, one column for "at least once", one for "at least twice", …: the product of two such rows
is the number of shared q-grams, and a product of two matrices is what processors do best.

Columns may be left out, words may share a column and counts may be cut without losing a pair: each of
these only brings rows closer. So the most telling columns are chosen on a sample, together with q.

.. [Ukkonen1992] E. Ukkonen, "Approximate string-matching with q-grams and maximal matches",
   Theoretical Computer Science 92(1), 191-211, 1992. :doi:`10.1016/0304-3975(92)90143-4`
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed.distances._letters import Letters

_MOST_BUCKETS = 4096
_LEVELS = 6
_SAMPLE = 300
_WORTH_SECONDS = 0.5
_COLUMN_STEPS = (512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192)
# measured on one core of a current server: only their ratio matters, and that only for the choice
_FLOPS_PER_SECOND = 1e11
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class QgramFilter:
    """Which columns are compared, and what is expected of it.

    Parameters
    ----------
    q : int
        Letters in a word.
    n_buckets : int
        How many different words, or hashes of words, are counted.
    buckets : ndarray of shape (n_columns,), dtype int64
        The word of each column.
    levels : ndarray of shape (n_columns,), dtype int64
        How often it must occur.
    pass_rate : float
        The share of the sampled pairs that the filter let pass.
    """

    q: int
    n_buckets: int
    buckets: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]
    pass_rate: float

    def rows(
        self, letters: Letters, lengths: npt.NDArray[np.int64], limits: npt.NDArray[np.int64]
    ) -> "QgramRows":
        """Return what the filter compares of each sequence.

        Parameters
        ----------
        letters : Letters
            The sequences, in ascending order of length.
        lengths : ndarray of int64 of shape (n_sequences,)
            Their lengths.
        limits : ndarray of int64 of shape (n_sequences,)
            The cut-off of a pair whose longer sequence is this one.

        Returns
        -------
        rows : QgramRows
            One packed row for each sequence.
        """
        n = len(lengths)
        bits = np.empty((n, -(-len(self.buckets) // 8)), dtype=np.uint8)
        sums = np.empty(n, dtype=np.int64)
        step = max(1, 2_000_000 // self.n_buckets)
        for start in range(0, n, step):
            stop = min(start + step, n)
            present = _counts(letters, start, stop, self.q, self.n_buckets)[:, self.buckets] >= self.levels
            sums[start:stop] = present.sum(axis=1)
            bits[start:stop] = np.packbits(present, axis=1)
        n_qgrams = np.maximum(lengths - self.q + 1, 0)
        return QgramRows(
            bits,
            ((sums - n_qgrams) / 2).astype(np.float32),
            ((sums + n_qgrams) / 2 - self.q * limits).astype(np.float32),
            len(self.buckets),
        )


@dataclass(frozen=True)
class QgramRows:
    """The rows of a filter: a pair passes where the product reaches ``as_shorter + as_longer``.

    Parameters
    ----------
    bits : ndarray of shape (n_sequences, n_columns / 8), dtype uint8
        Packed columns.
    as_shorter : ndarray of shape (n_sequences,), dtype float32
        A sequence's part of the bound where it is the shorter of a pair.
    as_longer : ndarray of shape (n_sequences,), dtype float32
        Its part where it is the longer.
    n_columns : int
        The number of columns.
    """

    bits: npt.NDArray[np.uint8]
    as_shorter: npt.NDArray[np.float32]
    as_longer: npt.NDArray[np.float32]
    n_columns: int

    def part(self, start: int, stop: int) -> "QgramRows":
        """Return the rows of some sequences.

        Parameters
        ----------
        start : int
            The first.
        stop : int
            One after the last.

        Returns
        -------
        rows : QgramRows
            Views of these rows.
        """
        return QgramRows(
            self.bits[start:stop], self.as_shorter[start:stop], self.as_longer[start:stop], self.n_columns
        )

    def slack(self, longer: "QgramRows") -> npt.NDArray[np.float32]:
        """Return by how much each pair exceeds the bound; a negative number rejects the pair.

        Parameters
        ----------
        longer : QgramRows
            The rows of sequences that are no shorter.

        Returns
        -------
        slack : ndarray of shape (n_sequences, n_longer), dtype float32
            Shared q-grams beyond those that the cut-off demands, on the chosen columns.
        """
        # all numbers are halves below 2**22, so float32 holds them exactly
        rows = np.empty((len(self.bits), self.n_columns + 2), dtype=np.float32)
        rows[:, :-2] = np.unpackbits(self.bits, axis=1, count=self.n_columns)
        rows[:, -2], rows[:, -1] = self.as_shorter, 1
        columns = np.empty((len(longer.bits), self.n_columns + 2), dtype=np.float32)
        columns[:, :-2] = np.unpackbits(longer.bits, axis=1, count=self.n_columns)
        columns[:, -2], columns[:, -1] = -1, -longer.as_longer
        return rows @ columns.T


def choose_filter(
    letters: Letters,
    lengths: npt.NDArray[np.int64],
    limits: npt.NDArray[np.int64],
    *,
    n_pairs: float,
    seconds_per_pair: float,
) -> tuple[QgramFilter | None, float]:
    """Choose the q-grams that cost least, filtering and checking what passes.

    Parameters
    ----------
    letters : Letters
        The sequences, in ascending order of length.
    lengths : ndarray of int64 of shape (n_sequences,)
        Their lengths.
    limits : ndarray of int64 of shape (n_sequences,)
        The cut-off of a pair whose longer sequence is this one.
    n_pairs : float
        How many pairs are to be compared.
    seconds_per_pair : float
        What the exact distance of a pair costs.

    Returns
    -------
    chosen : QgramFilter or None
        The filter, or None where looking at every pair is cheaper.
    seconds : float
        What filtering and checking cost.
    """
    best, best_cost = None, n_pairs * seconds_per_pair
    if best_cost < _WORTH_SECONDS or letters.n_letters < 2:
        return best, best_cost
    generator = np.random.default_rng(0)
    chosen = np.sort(generator.choice(len(lengths), size=min(_SAMPLE, len(lengths)), replace=False))
    sample = letters.chosen(chosen)
    lengths, limits = lengths[chosen], limits[chosen]
    reachable = lengths[None, :] - lengths[:, None] <= limits[None, :]
    reachable &= np.triu(np.ones_like(reachable), k=1)
    longest = max(2, int(np.log(65536) / np.log(letters.n_letters)))
    for q in range(2, min(8, longest) + 1):
        n_buckets, buckets, levels, present = _ranked_columns(sample, q)
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


def _ranked_columns(
    sample: Letters, q: int
) -> tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the columns that tell sequences apart, the most telling first, and the sample's."""
    n_buckets = min(sample.n_letters**q, _MOST_BUCKETS)
    counts = _counts(sample, 0, len(sample.starts) - 1, q, n_buckets)
    # the levels around the usual count of a word tell most
    base = np.maximum(np.round(counts.mean(axis=0)).astype(np.int64) - _LEVELS // 2, 0) + 1
    shares = np.array([(counts >= base + level).mean(axis=0) for level in range(_LEVELS)])
    telling = (shares * (1 - shares)).ravel()
    order = np.argsort(-telling, kind="stable")[: min(int((telling > 0).sum()), _COLUMN_STEPS[-1])]
    levels, buckets = np.divmod(order, n_buckets)
    levels += base[buckets]
    return n_buckets, buckets, levels, counts[:, buckets] >= levels


def _counts(letters: Letters, start: int, stop: int, q: int, n_buckets: int) -> npt.NDArray[np.int64]:
    """Count the q-grams of some sequences, by word or by a hash of it."""
    words = letters.window_hashes(start, stop, q)
    if letters.n_letters**q > n_buckets:
        words = (words * _MULTIPLIER >> np.uint64(40)) % np.uint64(n_buckets)
    starts = letters.starts[start : stop + 1] - letters.starts[start]
    lengths = np.diff(starts)
    n_words = np.maximum(lengths - q + 1, 0)
    row = np.repeat(np.arange(stop - start), lengths)
    inside = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths) < np.repeat(n_words, lengths)
    keys = row[inside] * n_buckets + words[inside].astype(np.int64)
    return np.bincount(keys, minlength=(stop - start) * n_buckets).reshape(stop - start, n_buckets)
