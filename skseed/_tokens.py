"""Token ids in tables: special ids, checks, rotation of rows, and the one rule for unseen tokens.

A row holds the tokens of one sequence. Zeros (`PADDING`) fill the end of a row.

**The rule for unseen symbols and tokens.** An estimator compares the input of ``predict`` or ``transform``
with the training data. It issues at most one UserWarning in a call. The warning names the number of sequences
concerned and the index of the first:

- Symbols (the letters of sequences): :func:`warn_unseen_symbols` warns if any symbol was not seen in fit.
- BPE tokens: :func:`warn_unseen_tokens` warns if more than 10 % of all tokens in the call were not seen in
  fit. Every training set misses some rare tokens; many unseen ones come from another tokenizer.
- K-mers: :func:`warn_unknown_sequences` warns if a sequence has no k-mer that was seen in fit. One
  substitution changes k k-mers, so even close relatives share only some.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._warnings import warn_user

PADDING = 0
UNKNOWN = 1

_UNSEEN_SHARE = 0.1
# at most this many symbols are listed in a message
_LISTED = 20


def check_token_ids(tokens: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Return the token ids of a finite numeric table as int32.

    Raises a ValueError that names row and column if a value is fractional, negative or above 2**31 - 1.
    """
    if tokens.dtype.kind == "f":
        refuse_at(tokens != np.floor(tokens), tokens, "token ids are whole numbers")
    if tokens.dtype.kind != "b":
        refuse_at(tokens < 0, tokens, "token ids are not negative")
        # numpy 2.0 and 2.1 write out of bounds when small integer types are compared with this number
        if tokens.dtype.itemsize >= 4:
            refuse_at(tokens > np.iinfo(np.int32).max, tokens, "token ids fit in 32 bits")
    return tokens.astype(np.int32)


def refuse_at(
    wrong: npt.NDArray[np.bool_], values: npt.NDArray[Any], problem: str, *, first_column: int = 0
) -> None:
    """Raise a ValueError that names the row and the column of the first wrong value, if there is one."""
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"X[{row}, {column + first_column}] is {values[row, column]}, but {problem}; "
            "make the rows with BPETokenizer."
        )


def row_lengths(tokens: npt.NDArray[np.number]) -> npt.NDArray[np.int64]:
    """Return the number of tokens of each row, without the padding at its end."""
    used = tokens != PADDING
    return np.where(used.any(axis=1), tokens.shape[1] - used[:, ::-1].argmax(axis=1), 0)


def rotate_rows(tokens: npt.NDArray[Any], shifts: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return each row rotated to the left: the token at position ``shift`` becomes the first.

    `shifts` holds one integer for each row, of any sign, taken modulo the length of the row. The padding at
    the end of a row stays in place.
    """
    shifts = np.asarray(shifts, dtype=np.int64)[:, None]
    lengths = row_lengths(tokens)[:, None]
    columns = np.arange(tokens.shape[1])[None, :]
    source = np.where(columns < lengths, (columns + shifts) % np.maximum(1, lengths), columns)
    return np.take_along_axis(tokens, source, axis=1)


def are_known(tokens: npt.NDArray[np.integer], seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return where the tokens are padding, the unknown token or one of the `seen` ids."""
    known = (tokens == PADDING) | (tokens == UNKNOWN)
    inside = tokens < len(seen)
    known[inside] |= seen[tokens[inside]]
    return known


def read_unseen_as_unknown(
    tokens: npt.NDArray[np.int32], seen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int32]:
    """Return a table of tokens with `UNKNOWN` in place of every token that is not `seen`.

    ``seen[i]`` is True if the token with id i occurred in the training data; ids beyond its end did not.
    Warns by :func:`warn_unseen_tokens`.
    """
    known = are_known(tokens, seen)
    warn_unseen_tokens(
        (~known).sum(axis=1),
        int((tokens != PADDING).sum()),
        remedy="encode X with the tokenizer that was fitted on the training data",
    )
    return np.where(known, tokens, np.int32(UNKNOWN))


def warn_unseen_symbols(has_unseen: npt.NDArray[np.bool_], symbols: Iterable[str], *, effect: str) -> None:
    """Warn if sequences have symbols that were not seen in fit.

    Parameters
    ----------
    has_unseen : ndarray of shape (n_sequences,), dtype bool
        Whether a sequence has an unseen symbol. A symbol that is read as a mixture of seen symbols, as the
        wildcard in one-hot rows, counts as seen.
    symbols : iterable of str
        The unseen symbols.
    effect : str
        What the estimator does with them and the remedy, as a clause: "they are read as unknown; …".
    """
    if has_unseen.any():
        _warn(has_unseen, f"symbols that were not seen in fit ({list_symbols(symbols)})", effect)


def warn_unseen_tokens(n_unseen: npt.NDArray[np.integer], n_tokens: int, *, remedy: str) -> None:
    """Warn if more than 10 % of the tokens of a call were not seen in fit.

    Parameters
    ----------
    n_unseen : ndarray of shape (n_sequences,), dtype int
        Unseen tokens of each sequence.
    n_tokens : int
        All tokens of the call, padding not counted.
    remedy : str
        The remedy, as a clause in the imperative.
    """
    total = int(n_unseen.sum())
    if total > _UNSEEN_SHARE * n_tokens:
        what = f"tokens that were not seen in fit ({total} of {n_tokens} tokens)"
        _warn(n_unseen > 0, what, f"they are read as unknown; {remedy}")


def warn_unknown_sequences(is_known: npt.NDArray[np.bool_], *, kind: str, effect: str) -> None:
    """Warn if sequences have nothing in common with the training data.

    Parameters
    ----------
    is_known : ndarray of shape (n_sequences,), dtype bool
        Whether a sequence has at least one k-mer that was seen in fit.
    kind : str
        The plural of what was compared, such as "21-mers".
    effect : str
        What the estimator returns for such sequences and the remedy, as a clause.
    """
    if not is_known.all():
        _warn(~is_known, f"no {kind} that were seen in fit", effect)


def list_symbols(symbols: Iterable[str]) -> str:
    """Return symbols as text for a message, at most 20 of them."""
    listed = sorted(set(symbols))
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return f"{''.join(listed[:_LISTED])!r}{more}"


def _warn(concerned: npt.NDArray[np.bool_], what: str, effect: str) -> None:
    count, first = int(concerned.sum()), int(np.argmax(concerned))
    have = "have" if count > 1 else "has"
    warn_user(f"{count} of {len(concerned)} sequences {have} {what}; the first is X[{first}]; {effect}.")
