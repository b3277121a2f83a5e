"""Rows of symbol ids of any length, from sequences or from tables of token ids."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from skseed._kmers import kmer_codes, kmer_starts, largest_k, spell_kmers
from skseed._sequences import Sequences
from skseed._tokens import (
    UNKNOWN,
    are_known,
    check_token_ids,
    warn_unknown_sequences,
    warn_unseen_symbols,
    warn_unseen_tokens,
)
from skseed._training import forward_in_batches, resolve_device
from skseed.alphabets import Alphabet
from skseed.distances import levenshtein_groups
from skseed.nn import pad_rows

FIRST_SYMBOL = 2

# symbols whose k-mers are computed at once
_CHUNK = 1 << 20
_PREDICTION_ROWS = 256
# positions of a padded batch in prediction, so that long sequences need no more memory than short ones
_PREDICTION_TOKENS = 1 << 17
_RELATIVE_DISTANCE = 0.1
# larger data take long to group
_GROUPED_SYMBOLS = 1 << 25

Rows = list[npt.NDArray[np.integer]]


@dataclass(frozen=True, eq=False)
class KmerVocabulary:
    """The k-mers that have an id of their own.

    For ``k=1`` these are all symbols of the alphabet; for larger k those that `fit` saw, in the order of the
    alphabet. Every other k-mer, and each with a wildcard, is read as unknown.

    Parameters
    ----------
    alphabet : Alphabet
        The alphabet of the sequences.
    k : int
        Symbols in a k-mer.
    codes : ndarray of shape (n_kmers,), dtype int64
        The codes of the k-mers, ascending.
    """

    alphabet: Alphabet
    k: int
    codes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, sequences: Sequences, alphabet: Alphabet, k: int) -> Self:
        """Return the vocabulary of some training sequences."""
        if k > largest_k(len(alphabet)):
            raise ValueError(
                f"k={k} is too large for the {alphabet.name} alphabet, whose k-mers have at most "
                f"{largest_k(len(alphabet))} symbols; lower k."
            )
        if k == 1:
            return cls(alphabet, k, np.arange(len(alphabet), dtype=np.int64))
        found: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        for codes, _ in _chunks_of_kmers(sequences, k, len(alphabet)):
            found = np.union1d(found, codes)
        return cls(alphabet, k, found[found >= 0])

    @property
    def n_ids(self) -> int:
        """The number of ids, including those of padding and of the unknown k-mer."""
        return len(self.codes) + FIRST_SYMBOL

    @property
    def names(self) -> npt.NDArray[np.str_]:
        """The k-mers as strings, followed by the k-mer of wildcards, which represents unknown k-mers."""
        names = spell_kmers(self.codes, k=self.k, symbols=self.alphabet.symbols)
        return np.append(names, self.alphabet.wildcard * self.k)

    def rows(self, sequences: Sequences) -> Rows:
        """Return the id of the k-mer that starts at each position of each sequence."""
        rows: Rows = []
        for codes, bounds in _chunks_of_kmers(sequences, self.k, len(self.alphabet)):
            places = np.searchsorted(self.codes, codes)
            known = (codes >= 0) & (np.append(self.codes, -1)[places] == codes)
            ids = np.where(known, places + FIRST_SYMBOL, UNKNOWN).astype(np.int32)
            rows += [ids[start:stop] for start, stop in pairwise(bounds)]
        return rows


def _chunks_of_kmers(
    sequences: Sequences, k: int, n_symbols: int
) -> Iterator[tuple[npt.NDArray[np.int64], list[int]]]:
    """Yield the k-mer codes of some sequences, -1 for a k-mer with a wildcard, and their bounds."""
    for start, stop in sequences.chunks(_CHUNK):
        chunk = sequences.slice(start, stop)
        codes, valid = kmer_codes(chunk.codes, k=k, n_symbols=n_symbols)
        if valid is not None:
            codes[~valid] = -1
        starts, _ = kmer_starts(chunk.offsets, k)
        bounds = np.concatenate([[0], np.cumsum(chunk.lengths - k + 1)])
        yield codes[starts], bounds.tolist()


def rows_of_tokens(table: npt.NDArray[Any]) -> Rows:
    """Return the rows of a table of token ids without the padding after their end."""
    rows: Rows = []
    for index, ids in enumerate(check_token_ids(table)):
        used = np.flatnonzero(ids)
        if not used.size:
            raise ValueError(f"X[{index}] has no token, only padding; remove the row.")
        # a copy, since a view would keep the whole table in memory
        rows.append(ids[: used[-1] + 1].copy())
    return rows


def read_unseen_as_unknown(
    rows: Rows, seen: npt.NDArray[np.bool_], vocabulary: KmerVocabulary | None
) -> Rows:
    """Return rows with the unknown id in place of every id that was not seen in fit, and warn of them.

    `vocabulary` is that of the sequences, None for tokens.
    """
    known = [are_known(row, seen) for row in rows]
    read = [np.where(is_known, row, UNKNOWN) for row, is_known in zip(rows, known, strict=True)]
    if vocabulary is None:
        n_unseen = np.array([np.count_nonzero(~is_known) for is_known in known])
        remedy = "encode X with the tokenizer that was fitted on the training data"
        warn_unseen_tokens(n_unseen, sum(map(len, rows)), remedy=remedy)
    elif vocabulary.k > 1:
        has_known = np.array([(row != UNKNOWN).any() for row in read])
        effect = "all their k-mers are read as unknown; lower k or fit on more sequences"
        warn_unknown_sequences(has_known, kind=f"{vocabulary.k}-mers", effect=effect)
    else:
        # the unknown id is a wildcard here, not an unseen letter
        unseen = [np.setdiff1d(row[~is_known], UNKNOWN) for row, is_known in zip(rows, known, strict=True)]
        letters = vocabulary.alphabet.decode(np.unique(np.concatenate(unseen)) - FIRST_SYMBOL)
        has_unseen = np.array([ids.size > 0 for ids in unseen])
        effect = "they are read as unknown; fit on sequences that contain them"
        warn_unseen_symbols(has_unseen, letters, effect=effect)
    return read


def seen_ids(rows: Rows, n_ids: int | None) -> npt.NDArray[np.bool_]:
    """Return a mask of the ids that occur, of length `n_ids` or, for None, up to the largest id."""
    if n_ids is None:
        n_ids = max(UNKNOWN, max(int(row.max()) for row in rows)) + 1
    seen = np.zeros(n_ids, dtype=bool)
    for row in rows:
        seen[row] = True
    return seen


def symbols_of(
    vectors: npt.NDArray[Any], vocabulary: KmerVocabulary | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the symbols and their vectors, without padding, given the vector of each id."""
    if vocabulary is None:
        return np.arange(1, len(vectors)), vectors[1:]
    return vocabulary.names, np.concatenate([vectors[FIRST_SYMBOL:], vectors[[UNKNOWN]]])


def number_copies(rows: Rows) -> npt.NDArray[np.int64]:
    """Return the number of the distinct row that each row equals, by first appearance."""
    numbers: dict[bytes, int] = {}
    keys = (np.asarray(row, dtype=np.int32).tobytes() for row in rows)
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def groups_of_relatives(rows: Rows, sequences: Sequences | None) -> npt.NDArray[np.int64]:
    """Return the group of each row: sequences within 10 % edit distance, or copies.

    `sequences` is None for rows of tokens, of which only copies are in one group, as are those of many or
    long sequences.
    """
    if sequences is None or len(sequences) * int(sequences.lengths.max()) > _GROUPED_SYMBOLS:
        return number_copies(rows)
    groups: npt.NDArray[np.int64] = levenshtein_groups(sequences, _RELATIVE_DISTANCE)
    return groups


def batches_by_length(rows: Rows) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the indices of rows of similar length that make padded batches of limited size."""
    order = np.argsort([len(row) for row in rows], kind="stable")
    start = 0
    while start < len(order):
        stop = start + 1
        while (
            stop < len(order)
            and stop - start < _PREDICTION_ROWS
            and (stop - start + 1) * len(rows[order[stop]]) <= _PREDICTION_TOKENS
        ):
            stop += 1
        yield order[start:stop]
        start = stop


def forward_rows(
    network: torch.nn.Module,
    forward: Callable[..., torch.Tensor],
    rows: Rows,
    offsets: npt.NDArray[np.float64] | None = None,
    *,
    device: str,
) -> npt.NDArray[np.float64]:
    """Return the output of a method of the network, computed in batches of rows of similar length."""
    device = resolve_device(device)
    network.to(device).eval()
    batches = list(batches_by_length(rows))
    outputs = []
    for batch in batches:
        arrays: list[npt.NDArray[Any]] = [pad_rows([rows[i] for i in batch]).numpy()]
        if offsets is not None:
            arrays.append(offsets[batch])
        outputs.append(forward_in_batches(forward, *arrays, batch_size=len(batch), device=device))
    output = np.concatenate(outputs).astype(np.float64)
    output[np.concatenate(batches)] = output.copy()
    return output
