"""Lower bounds of the edit distance between queries and a fixed collection, from the bits of q-gram counts.

An edit removes at most q of the q-grams of a sequence and adds at most q others, so the absolute
differences of the q-gram counts of two sequences and the difference of their lengths sum up to at most 2·q
for each edit [Ukkonen1992]_. Counts are written in unary, one bit for "at least once", one for "at least
twice", …, so that the sum is the number of different bits. Leaving out bits only lowers the bound.

Every sequence has two rows of bits: a short one, which all queries are compared with, and a long one, which
is read only where the first bound rejects nothing.

.. [Ukkonen1992] E. Ukkonen, "Approximate string-matching with q-grams and maximal matches",
   Theoretical Computer Science 92(1), 191-211, 1992. :doi:`10.1016/0304-3975(92)90143-4`
"""

from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import numpy.typing as npt

from skseed._sequences import Sequences
from skseed.distances._qgram_filter import native_rows, qgram_counts, ranked_columns
from skseed.distances._verify import native_decision

Words = npt.NDArray[np.uint64]

_SAMPLE = 300
_COUNTS_AT_ONCE = 2_000_000
# measured for the counts of 150 symbols in 1,024 buckets
_SECONDS_PER_COUNT = 1.5e-8
_RARE = 1e-3
_WORD = 64
# bits of the first row for each symbol; a read of 150 nt has 256 bits
_BITS_PER_SYMBOL = 1.7
_MOST_WORDS = 64
# the second row is that much longer
_FINE = 6
_MOST_FINE_WORDS = 128
_CACHED = 1 << 14
# with the bits of the longest row, it is the largest number of 16 bits
LARGEST_GAP = np.iinfo(np.uint16).max - _MOST_WORDS * _WORD
# numpy compares this many words in the two seconds in which numba compiles the kernels
_WORDS_WORTH_COMPILING = 6e8


@dataclass(frozen=True)
class QgramColumns:
    """The bits of a row: whether a q-gram, or a hash of it, occurs at least so often.

    Parameters
    ----------
    q : int
        Symbols in a q-gram.
    n_buckets : int
        The number of different q-grams, or of their hashes.
    buckets : ndarray of shape (n_bits,), dtype int64
        The q-gram of each bit.
    levels : ndarray of shape (n_bits,), dtype int64
        How often it must occur.
    """

    q: int
    n_buckets: int
    buckets: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]

    def rows(self, sequences: Sequences, n_symbols: int) -> Words:
        """Return the bits of sequences, as words of shape (n_sequences, n_words)."""
        n = len(sequences)
        n_words = -(-len(self.buckets) // _WORD)
        rows = np.zeros((n, n_words), dtype=np.uint64)
        native = native_decision.add(n * self.n_buckets * _SECONDS_PER_COUNT)
        step = max(1, _COUNTS_AT_ONCE // self.n_buckets)
        for start in range(0, n, step):
            chunk = _around(sequences.slice(start, min(start + step, n)), self.q)
            if native:
                bits, _ = native_rows(chunk, n_symbols, self.q, self.n_buckets, (self.buckets, self.levels))
                rows[start : start + step] = bits[:, :n_words].view(np.uint64)
                continue
            counts = qgram_counts(chunk, n_symbols, self.q, self.n_buckets)
            # in the order of the bits in native code
            packed = np.packbits(counts[:, self.buckets] >= self.levels, axis=1, bitorder="little")
            rows[start : start + step].view(np.uint8)[:, : packed.shape[1]] = packed
        return rows


@dataclass(frozen=True)
class QueryRows:
    """The rows and lengths of queries; see `QgramBounds` for the rows."""

    coarse: Words
    fine: Words
    lengths: npt.NDArray[np.int64]


@dataclass(frozen=True)
class QgramBounds:
    """The rows of bits of a collection, for lower bounds of its distances to queries.

    Parameters
    ----------
    table : ndarray of shape (n_codes,), dtype uint8
        The symbol, below `n_symbols`, of each code of the alphabet.
    n_symbols : int
        The number of different symbols in q-grams.
    columns : tuple of QgramColumns
        The bits of the first and of the second row.
    coarse : ndarray of shape (n_words, n_sequences), dtype uint64
        The first rows.
    fine : ndarray of shape (n_sequences, n_words), dtype uint64
        The second rows.
    lengths : ndarray of shape (n_sequences,), dtype int64
        The lengths of the sequences.
    """

    table: npt.NDArray[np.uint8]
    n_symbols: int
    columns: tuple[QgramColumns, QgramColumns]
    coarse: Words
    fine: Words
    lengths: npt.NDArray[np.int64]

    @classmethod
    def of(cls, sequences: Sequences) -> "QgramBounds":
        """Return the bounds of a collection; the q-grams are chosen on a sample."""
        table, n_symbols = _symbol_table(sequences)
        n = len(sequences)
        chosen = np.random.default_rng(0).choice(n, size=min(_SAMPLE, n), replace=False)
        sample = _with_symbols(sequences.take(np.sort(chosen)), table)
        n_words = int(np.ceil(_BITS_PER_SYMBOL * sample.lengths.mean() / _WORD))
        n_coarse = min(max(1, n_words), _MOST_WORDS)
        n_fine = min(_FINE * n_coarse, _MOST_FINE_WORDS)
        columns = _choose_columns(sample, n_symbols, [n_coarse * _WORD, n_fine * _WORD])
        symbols = _with_symbols(sequences, table)
        return cls(
            table,
            n_symbols,
            columns,
            np.ascontiguousarray(columns[0].rows(symbols, n_symbols).T),
            columns[1].rows(symbols, n_symbols),
            sequences.lengths,
        )

    @property
    def per_edit(self) -> tuple[int, int]:
        """The largest difference that one edit makes, in the first and in the second row."""
        return 2 * self.columns[0].q, 2 * self.columns[1].q

    def queries(self, sequences: Sequences) -> QueryRows:
        """Return the rows of queries; their codes may exceed those of the collection by one."""
        symbols = _with_symbols(sequences, self.table)
        coarse, fine = (columns.rows(symbols, self.n_symbols) for columns in self.columns)
        return QueryRows(coarse, fine, sequences.lengths)

    def differences(self, queries: QueryRows, start: int, stop: int) -> npt.NDArray[np.uint16]:
        """Return the differences of the first rows, lengths included, of some queries and all sequences.

        A distance of d edits has a difference of at most ``per_edit[0] * d``.
        """
        differences = np.empty((stop - start, len(self.lengths)), dtype=np.uint16)
        coarse, lengths = queries.coarse[start:stop], queries.lengths[start:stop]
        if _compiled.add(differences.size * len(self.coarse)):
            from skseed.distances._bit_kernels import fill_differences

            fill_differences(coarse, lengths, self.coarse, self.lengths, LARGEST_GAP, differences)
            return differences
        for row, query, length in zip(differences, coarse, lengths, strict=True):
            for first in range(0, len(row), _CACHED):
                block = slice(first, first + _CACHED)
                gaps = np.abs(self.lengths[block] - length)
                sums = row[block]
                np.minimum(gaps, LARGEST_GAP, out=sums, casting="unsafe")
                for words, word in zip(self.coarse, query, strict=True):
                    sums += np.bitwise_count(words[block] ^ word)
        return differences

    def fine_bounds(
        self, queries: QueryRows, query: int, chosen: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Return a lower bound, in edits, of the distance of a query to each chosen sequence."""
        row = queries.fine[query]
        if _compiled.add(len(chosen) * len(row)):
            from skseed.distances._bit_kernels import count_differences

            differences = np.empty(len(chosen), dtype=np.int64)
            count_differences(row, self.fine, chosen, differences)
        else:
            differences = np.bitwise_count(self.fine[chosen] ^ row).sum(axis=1, dtype=np.int64)
        gaps = np.abs(self.lengths[chosen] - queries.lengths[query])
        return np.maximum(-(-(differences + gaps) // self.per_edit[1]), gaps)


class _Compiled:
    """The decision whether this process uses the compiled kernels, once numpy has done as much work."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._words = 0.0

    def add(self, words: float) -> bool:
        with self._lock:
            self._words += words
            return self._words > _WORDS_WORTH_COMPILING


_compiled = _Compiled()


def _symbol_table(sequences: Sequences) -> tuple[npt.NDArray[np.uint8], int]:
    """Return a symbol for each code, and the number of symbols; rare codes share the symbols of others.

    Codes that do not occur, such as that of characters that only queries have, get one too. Equal symbols
    only bring sequences closer.
    """
    counts = np.zeros(len(sequences.alphabet) + 2, dtype=np.int64)
    for start, stop in sequences.chunks(_COUNTS_AT_ONCE):
        counts += np.bincount(sequences.slice(start, stop).codes, minlength=len(counts))
    n_symbols = max(1, min(256, int((counts > _RARE * max(1, len(sequences.codes))).sum())))
    table = np.empty(len(counts), dtype=np.uint8)
    table[np.argsort(-counts, kind="stable")] = np.arange(len(counts)) % n_symbols
    return table, n_symbols


def _with_symbols(sequences: Sequences, table: npt.NDArray[np.uint8]) -> Sequences:
    return replace(sequences, codes=table[sequences.codes])


def _around(sequences: Sequences, q: int) -> Sequences:
    """Return circular sequences with the q-grams across their end."""
    return sequences.wrapped(q - 1) if sequences.topology == "circular" else sequences


def _choose_columns(sample: Sequences, n_symbols: int, sizes: list[int]) -> tuple[QgramColumns, QgramColumns]:
    """Return the columns of rows of two sizes whose bounds of the distances in the sample are largest."""
    best: list[tuple[float, QgramColumns]] = []
    gap = np.abs(np.subtract.outer(sample.lengths, sample.lengths)).mean()
    longest = max(2, int(np.log(65536) / np.log(max(2, n_symbols))))
    for q in range(2, min(8, longest) + 1):
        n_buckets, buckets, levels, present = ranked_columns(_around(sample, q), n_symbols, q)
        shares = present.mean(axis=0)
        for place, size in enumerate(sizes):
            differences = 2 * float((shares[:size] * (1 - shares[:size])).sum())
            bound = (differences + gap) / (2 * q)
            columns = QgramColumns(q, n_buckets, buckets[:size], levels[:size])
            if len(best) <= place:
                best.append((bound, columns))
            elif bound > best[place][0]:
                best[place] = bound, columns
    (_, coarse), (_, fine) = best
    return coarse, fine
