"""What a classifier reads: sequences or token rows, as rows of ids of any length."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed.alphabets import Alphabet
from skseed.preprocessing._token_ids import UNKNOWN, are_known, check_token_ids

FIRST_SYMBOL = 2

Rows = list[npt.NDArray[np.integer]]


def is_token_table(X: Any) -> bool:
    """Return whether the input is a table of numbers, not an array of sequences."""
    shape = getattr(X, "shape", None)
    if shape is None:
        return False
    return len(shape) == 2 and np.asarray(X).dtype.kind in "fiub"


def rows_of_symbols(sequences: Sequence[str], alphabet: Alphabet) -> Rows:
    """Return the codes of strings as token ids: 1 for the wildcard, the symbols from 2 on."""
    ids = np.arange(FIRST_SYMBOL, len(alphabet) + FIRST_SYMBOL + 1, dtype=np.int32)
    ids[alphabet.wildcard_code] = UNKNOWN
    rows: Rows = []
    for index, sequence in enumerate(sequences):
        try:
            rows.append(ids[alphabet.encode(sequence)])
        except ValueError as error:
            raise ValueError(f"Sequence {index}: {error}") from None
    return rows


def rows_of_tokens(table: npt.NDArray[Any]) -> Rows:
    """Return the rows of a table of token ids without the padding after their end."""
    rows: Rows = []
    for index, ids in enumerate(check_token_ids(table)):
        used = np.flatnonzero(ids)
        if not used.size:
            raise ValueError(f"X[{index}] holds no token, only padding; remove the row.")
        # a copy, or a row would keep the whole table
        rows.append(ids[: used[-1] + 1].copy())
    return rows


def read_unseen_as_unknown(
    row: npt.NDArray[np.integer], seen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.integer]:
    """Return a row with the unknown id in place of every id that training never saw."""
    return np.where(are_known(row, seen), row, UNKNOWN)


def n_ids(rows: Rows, alphabet: Alphabet | None) -> int:
    """Return how many ids there can be: those of the alphabet, or up to the largest of some tokens."""
    if alphabet is not None:
        return len(alphabet) + FIRST_SYMBOL
    return max(UNKNOWN, max(int(row.max()) for row in rows)) + 1
