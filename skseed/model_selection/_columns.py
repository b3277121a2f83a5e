"""Where a splitter finds the sequences: in a list of them, or in a column of a table."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._validation import check_sequences


def sequences_of(X: Any, sequence_column: Any) -> npt.NDArray[np.object_]:
    """Return the sequences of X.

    Parameters
    ----------
    X : array-like of str, or table
        Sequences, or a table (pandas or polars) with a column of them.
    sequence_column : str, int or None
        The name of the column; for an array of two dimensions, its position.

    Returns
    -------
    sequences : ndarray of str of shape (n_sequences,)
        The sequences, checked.

    Raises
    ------
    ValueError
        If there is no such column, or several and none is named.
    """
    if sequence_column is None:
        if getattr(X, "ndim", len(getattr(X, "shape", ()))) == 2 and X.shape[1] > 1:
            names = ", ".join(map(repr, getattr(X, "columns", range(X.shape[1]))))
            raise ValueError(
                f"X has several columns ({names}); name that of the sequences by sequence_column."
            )
        return check_sequences(X)
    if hasattr(X, "columns"):
        if sequence_column not in list(X.columns):
            names = ", ".join(map(repr, X.columns))
            raise ValueError(f"X has no column {sequence_column!r}; its columns are {names}.")
        return check_sequences(X[sequence_column], name=f"X[{sequence_column!r}]")
    if (
        np.ndim(X) == 2
        and isinstance(sequence_column, int)
        and -np.shape(X)[1] <= sequence_column < np.shape(X)[1]
    ):
        return check_sequences(np.asarray(X, dtype=object)[:, sequence_column])
    raise ValueError(
        f"sequence_column is {sequence_column!r}, but X is no table with such a column; leave it None "
        "for a list of sequences."
    )
