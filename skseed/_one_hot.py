"""Conversion between symbol codes and one-hot rows."""

import numpy as np
import numpy.typing as npt

from skseed._sequences import Sequences, offsets_of
from skseed.alphabets import Alphabet

_BLOCK = 1 << 22


def one_hot_from_codes(codes: npt.NDArray[np.uint8], alphabet: Alphabet) -> npt.NDArray[np.float32]:
    """Return rows of codes, shape (n, length), as one-hot rows, shape (n, length * n_symbols), float32."""
    n_symbols = len(alphabet)
    table = np.zeros((n_symbols + 2, n_symbols), dtype=np.float32)
    table[:n_symbols] = np.eye(n_symbols, dtype=np.float32)
    table[alphabet.wildcard_code] = 1 / n_symbols
    return table[codes].reshape(len(codes), -1)


def sequences_from_one_hot(rows: npt.NDArray[np.floating], alphabet: Alphabet) -> Sequences:
    """Return one-hot rows as sequences without padding; errors as `codes_from_one_hot`."""
    codes = codes_from_one_hot(rows, alphabet)
    is_symbol = codes != alphabet.padding_code
    return Sequences(codes[is_symbol], offsets_of(is_symbol.sum(axis=1)), alphabet)


def codes_from_one_hot(rows: npt.NDArray[np.floating], alphabet: Alphabet) -> npt.NDArray[np.uint8]:
    """Return one-hot rows, shape (n, length * n_symbols), as rows of codes, shape (n, length), uint8.

    This is the inverse of :func:`one_hot_from_codes`. A position has a single 1 and zeros (a symbol), only
    ``1 / n_symbols`` (the wildcard), or only zeros (the padding, after which only padding may follow).
    Anything else raises a ValueError that names the row and the first column of the position.
    """
    rows = np.asarray(rows)
    n_symbols = len(alphabet)
    if rows.ndim != 2 or rows.shape[1] % n_symbols:
        raise ValueError(
            f"X has shape {rows.shape}, but one-hot rows of the {alphabet.name} alphabet have {n_symbols} "
            "columns for each position; pass rows as returned by OneHotEncoder.transform."
        )
    codes = np.empty((len(rows), rows.shape[1] // n_symbols), dtype=np.uint8)
    step = max(1, _BLOCK // max(1, rows.shape[1]))
    for start in range(0, len(rows), step):
        cells = rows[start : start + step].reshape(-1, codes.shape[1], n_symbols)
        block = np.full(cells.shape[:2], alphabet.padding_code + 1, dtype=np.uint8)
        ones = cells == 1
        zeros = (cells == 0).sum(axis=2)
        is_symbol = ones.any(axis=2) & (zeros == n_symbols - 1)
        block[is_symbol] = ones.argmax(axis=2)[is_symbol]
        block[(np.abs(cells - 1 / n_symbols) < 1e-6).all(axis=2)] = alphabet.wildcard_code
        block[zeros == n_symbols] = alphabet.padding_code
        padding = block == alphabet.padding_code
        follows = np.zeros_like(padding)
        follows[:, 1:] = padding[:, :-1] & ~padding[:, 1:]
        wrong = follows | (block > alphabet.padding_code)
        if wrong.any():
            row, position = (int(i) for i in np.argwhere(wrong)[0])
            problem = "follows the end of the sequence" if follows[row, position] else "is not one-hot"
            shown = ", ".join(f"{value:g}" for value in cells[row, position, :6])
            shown += ", …" if n_symbols > 6 else ""
            column = position * n_symbols
            raise ValueError(
                f"X[{start + row}, {column}:{column + n_symbols}] is ({shown}), which {problem}; pass rows "
                "as returned by OneHotEncoder.transform, or the sequences themselves."
            )
        codes[start : start + step] = block
    return codes
