"""Tables of sequences and binary metadata."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._validation import check_sequences


def as_sequence_table(X: Any, n_metadata: int) -> Any:
    """Return `X` as a table: a data frame as it is, anything else as an array of objects.

    Raises a ValueError unless the table has one column of sequences and `n_metadata` further columns.
    """
    if X is None or isinstance(X, (str, bytes)):
        check_sequences(X)
    table = X if hasattr(X, "columns") else np.array(X, dtype=object)
    shape = tuple(table.shape)
    if len(shape) != 2 or shape[1] != 1 + n_metadata:
        raise ValueError(
            f"With n_metadata={n_metadata}, X must be a table of {1 + n_metadata} columns, the sequence and "
            f"then the metadata; got shape {shape}."
        )
    return table


def split_sequence_table(
    table: Any, n_metadata: int
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Return the first column, not yet checked, and the binary metadata of shape (n_samples, n_metadata).

    Raises a ValueError with the row and the column of the first metadata that is neither 0 nor 1.
    """
    if hasattr(table, "to_pandas"):
        # polars; its to_numpy has no dtype parameter
        cells = table.to_numpy()
    else:
        cells = table.to_numpy(dtype=object) if hasattr(table, "columns") else table
    columns = [
        pd.to_numeric(pd.Series(cells[:, column]), errors="coerce") for column in range(1, n_metadata + 1)
    ]
    metadata = np.stack([column.to_numpy(dtype=np.float64, na_value=np.nan) for column in columns], axis=1)
    wrong = (metadata != 0) & (metadata != 1)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"X[{row}, {column + 1}] is {cells[row, column + 1]!r}, but the last {n_metadata} columns are "
            "binary metadata, 0 or 1 (see n_metadata); encode them first."
        )
    return cells[:, 0], metadata
