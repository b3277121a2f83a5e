"""Check tables of token ids and binary metadata, and split them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import validate_data

from skseed._tokens import check_token_ids, refuse_at


def check_token_table(ranker: Any, X: Any, *, reset: bool) -> npt.NDArray[Any]:
    """Return `X` as a finite numeric table; raise an error with a remedy if it holds sequences."""
    remedy = f"tokenize with BPETokenizer first: make_pipeline(BPETokenizer(), {type(ranker).__name__}())"
    if _holds_text(X):
        raise ValueError(f"X holds sequences, but rows of token ids are required; {remedy}.")
    try:
        return validate_data(ranker, X, reset=reset)
    except ValueError as error:
        # the message contains the whole sequence
        if "could not convert string" not in str(error):
            raise
        raise ValueError(f"X holds text, but rows of token ids are required; {remedy}.") from None


def _holds_text(X: Any) -> bool:
    """Return whether `X`, or the first of its rows, is text."""
    if isinstance(X, str):
        return True
    if hasattr(X, "columns"):
        X = X.iloc[:1].to_numpy() if hasattr(X, "iloc") else X[:1].to_numpy()
    elif hasattr(X, "to_numpy"):
        X = X.to_numpy()
    if getattr(getattr(X, "dtype", None), "kind", None) in ("U", "T") and np.ndim(X):
        return True
    rows = X[:1] if isinstance(X, (list, tuple, np.ndarray)) and np.ndim(X[:1]) else []
    first = rows[0] if len(rows) else None
    cells = first if isinstance(first, (list, tuple, np.ndarray)) and np.ndim(first) else [first]
    return any(isinstance(cell, str) for cell in cells)


def split_token_table(
    X: npt.NDArray[Any], n_metadata: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32] | None]:
    """Return the token ids and the binary metadata, if any, of a numeric table.

    `X` is finite and two-dimensional, of any numeric dtype; its last `n_metadata` columns are metadata.
    Raises a ValueError that names the row and the column of the first value that is neither.
    """
    n_columns = X.shape[1]
    if n_metadata >= n_columns:
        raise ValueError(
            f"n_metadata={n_metadata} leaves no column of tokens: X has {n_columns} column(s), of which the "
            "last n_metadata are metadata; lower n_metadata or add the tokens."
        )
    tokens = check_token_ids(X[:, : n_columns - n_metadata])
    metadata = X[:, n_columns - n_metadata :]
    if metadata.dtype.kind != "b":
        problem = f"the last {n_metadata} columns are binary metadata, 0 or 1 (see n_metadata)"
        refuse_at((metadata != 0) & (metadata != 1), metadata, problem, first_column=n_columns - n_metadata)
    return tokens, metadata.astype(np.float32) if n_metadata else None
