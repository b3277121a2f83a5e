"""Select the sequences of a splitter's input: all of a list, or one column of a table."""

from numbers import Integral
from typing import Any

import numpy as np

from skseed._files import quote, quote_some
from skseed._sequences import Sequences, Topology, as_sequences


def sequences_of(
    X: Any,
    sequence_column: Any,
    *,
    alphabet: Any,
    topology: Topology = "linear",
) -> Sequences:
    """Return the encoded sequences of a list, or of one column of a table."""
    return as_sequences(column_of(X, sequence_column), alphabet=alphabet, topology=topology)


def column_of(X: Any, sequence_column: Any, *, name: str = "X") -> Any:
    """Return the column that holds the sequences, or `X` itself if `sequence_column` is None.

    `X` is an array-like of str, a table (pandas or polars), whose column is given by name, or a
    two-dimensional array, whose column is given by position. `name` is the name of `X` in messages.

    Raises
    ------
    ValueError
        If there is no such column, or if there are several columns and `sequence_column` is None.
    """
    if sequence_column is None:
        shape: tuple[int, ...] = getattr(X, "shape", ())
        if len(shape) == 2 and shape[1] > 1:
            columns = list(X.columns) if hasattr(X, "columns") else list(range(shape[1]))
            raise ValueError(
                f"{name} has several columns ({quote_some(columns)}); pass the column of the sequences as "
                "sequence_column."
            )
        return X
    if hasattr(X, "columns"):
        columns = list(X.columns)
        if sequence_column not in columns:
            raise ValueError(
                f"{name} has no column {quote(sequence_column)}; set sequence_column to one of its columns, "
                f"{quote_some(columns)}."
            )
        return X[sequence_column]
    table = np.asarray(X, dtype=object)
    if table.ndim == 2 and isinstance(sequence_column, Integral):
        n_columns = table.shape[1]
        if -n_columns <= sequence_column < n_columns:
            return table[:, sequence_column]
    raise ValueError(
        f"sequence_column is {quote(sequence_column)}, but {name} is not a table with this column; leave it "
        "None for a list of sequences."
    )
