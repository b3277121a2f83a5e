"""What a classifier reads: sequences or token rows, as rows of ids of any length."""

from collections.abc import Iterator, Sequence
from math import log

import numpy as np
import numpy.typing as npt

from skseed._tokens import UNKNOWN
from skseed.alphabets import Alphabet

FIRST_SYMBOL = 2

# sequences whose words are gathered at once
_BLOCK = 256

Rows = list[npt.NDArray[np.integer]]


class KmerVocabulary:
    """The words of `k` symbols that have an id of their own, and how sequences are read as those ids.

    Single symbols all have one, by their code; of longer words those that `fit` saw, in the order of the
    alphabet. Every other word, and each with a wildcard, is read as unknown.
    """

    def __init__(self, sequences: Sequence[str], alphabet: Alphabet, k: int) -> None:
        largest = int(63 * log(2) / log(max(2, len(alphabet))))
        if k > largest:
            raise ValueError(
                f"k={k} is too long for the {alphabet.name} alphabet, of which words have at most {largest} "
                "symbols here; lower k."
            )
        self.alphabet = alphabet
        self.k = k
        if k == 1:
            self.words = np.arange(len(alphabet), dtype=np.int64)
            return
        found: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        for start in range(0, len(sequences), _BLOCK):
            block = [np.unique(words) for words in self._words(sequences[start : start + _BLOCK])]
            found = np.unique(np.concatenate([found, *block]))
        self.words = found[found >= 0]

    @property
    def n_ids(self) -> int:
        """How many ids there are, those of padding and of the unknown word included."""
        return len(self.words) + FIRST_SYMBOL

    @property
    def names(self) -> npt.NDArray[np.str_]:
        """The words as strings, last the one of wildcards, which stands for the unknown."""
        digits = [self.words // len(self.alphabet) ** place for place in range(self.k - 1, -1, -1)]
        letters = np.array(list(self.alphabet.symbols))[np.stack(digits, axis=1) % len(self.alphabet)]
        return np.append(letters.view(f"U{self.k}").ravel(), self.alphabet.wildcard * self.k)

    def rows(self, sequences: Sequence[str]) -> Rows:
        """Return the ids of the words that start at each position of the sequences."""
        rows: Rows = []
        for words in self._words(sequences):
            ids = np.searchsorted(self.words, words)
            known = np.append(self.words, -1)[ids] == words
            known &= words >= 0
            rows.append(np.where(known, ids + FIRST_SYMBOL, UNKNOWN).astype(np.int32))
        return rows

    def _words(self, sequences: Sequence[str]) -> Iterator[npt.NDArray[np.int64]]:
        """Yield the number of each word of each sequence, -1 where it has a wildcard."""
        for index, sequence in enumerate(sequences):
            try:
                codes = self.alphabet.encode(sequence)
            except ValueError as error:
                raise ValueError(str(error).replace("The sequence", f"X[{index}]", 1)) from None
            windows = np.lib.stride_tricks.sliding_window_view(codes, self.k)
            words = np.zeros(len(windows), dtype=np.int64)
            for place in range(self.k):
                words = words * len(self.alphabet) + windows[:, place]
            words[(windows == self.alphabet.wildcard_code).any(axis=1)] = -1
            yield words


def rows_of_tokens(tokens: npt.NDArray[np.int32]) -> Rows:
    """Return the rows of a table of token ids without the padding after their end."""
    rows: Rows = []
    for index, ids in enumerate(tokens):
        used = np.flatnonzero(ids)
        if not used.size:
            raise ValueError(f"X[{index}] holds no token, only padding; remove the row.")
        # a copy, or a row would keep the whole table
        rows.append(ids[: used[-1] + 1].copy())
    return rows
