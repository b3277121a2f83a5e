"""Check sequences, tables, labels and groups once, in the public functions."""

import math
import warnings
from collections.abc import Sized
from numbers import Number
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import issparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_consistent_length, column_or_1d

_ROW_TYPES = (list, tuple, np.ndarray, pd.Series)


def check_sequences(
    X: Any, *, name: str = "X", min_length: int = 0, remedy: str = "remove the sequence"
) -> npt.NDArray[np.object_]:
    """Return `X` as a one-dimensional object array of ``str``.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,)
        A list, a tuple, an object, ``U`` or ``StringDType`` array, a pandas or polars Series, or
        a table or array with a single column.
    name : str, default="X"
        The name of the input in messages.
    min_length : int, default=0
        The shortest length that is accepted, in symbols.
    remedy : str, default="remove the sequence"
        The remedy that the message about a shorter sequence names.

    Returns
    -------
    sequences : ndarray of shape (n_sequences,), dtype object
        A new array of ``str``.

    Raises
    ------
    TypeError
        If an item is not a ``str``; the message names its index and its type.
    ValueError
        If `X` is a single string, is empty, has more than one column, holds a missing value or a
        sequence shorter than `min_length`.

    Warns
    -----
    DataConversionWarning
        If `X` is an array of one column; a table of one column is accepted without a warning.
    """
    if isinstance(X, (str, bytes)):
        raise ValueError(
            f"{name} is a single {type(X).__name__}; pass a list of sequences, such as [{name}], instead."
        )
    if X is None or not (hasattr(X, "__iter__") and isinstance(X, Sized)):
        raise TypeError(f"{name} must be an array-like of str; got {type(X).__name__}.")
    if isinstance(X, (set, frozenset, dict)):
        raise TypeError(f"{name} must be an ordered array-like of str; got {type(X).__name__}.")
    items = _single_column(X, name)
    if len(items) == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape=(0,)) while a minimum of 1 is required: {name} is empty."
        )
    sequences = np.empty(len(items), dtype=object)
    for index, item in enumerate(items):
        if not isinstance(item, str):
            _raise_not_a_sequence(item, index, name)
        if len(item) < min_length:
            raise ValueError(
                f"{name}[{index}] has {len(item)} symbols, but at least {min_length} are required; {remedy}."
            )
        # str() converts numpy.str_ to a plain str, because some libraries do not accept numpy.str_
        sequences[index] = str(item)
    return sequences


def is_numeric_table(X: Any) -> bool:
    """Return whether `X` is a two-dimensional table of numbers, such as one-hot rows or token ids.

    Only this function distinguishes tables from sequences. Any other input, including a table of text, is
    passed to `check_sequences`. A sparse matrix counts as a table, so that scikit-learn rejects it.
    """
    if issparse(X):
        return True
    shape = getattr(X, "shape", None)
    if shape is None:
        first = X[0] if isinstance(X, (list, tuple)) and X else None
        if not isinstance(first, _ROW_TYPES) or getattr(first, "shape", None) == ():
            return False
        return not isinstance(next(iter(first), 0), (str, bytes))
    if len(shape) != 2:
        return False
    values = np.asarray(X)
    if values.dtype.kind == "O" and values.size:
        # np.bool_ is no Number
        return isinstance(values[0, 0], (Number, np.bool_))
    return values.dtype.kind in "fiubc"


def forget_columns(estimator: Any) -> None:
    """Delete the column attributes of an earlier `fit` on a table, before a `fit` on sequences."""
    for name in {"n_features_in_", "feature_names_in_"} & vars(estimator).keys():
        delattr(estimator, name)


def _single_column(X: Any, name: str) -> Any:
    """Return `X`, or its only column if it is two-dimensional."""
    shape = getattr(X, "shape", None)
    if shape is None or len(shape) == 1:
        return X
    if len(shape) == 0:
        raise TypeError(f"{name} must be an array-like of str; got a scalar array.")
    if len(shape) > 2 or shape[1] != 1:
        raise ValueError(
            f"{name} must be one-dimensional or have one column of sequences; got shape {tuple(shape)}. "
            "Select the column first."
        )
    if hasattr(X, "iloc"):
        return X.iloc[:, 0]
    if hasattr(X, "to_series"):
        return X.to_series(0)
    warnings.warn(
        f"{name} is a column of sequences where a one-dimensional array is expected; it was flattened, "
        f"as {name}.ravel() does.",
        DataConversionWarning,
        stacklevel=4,
    )
    return np.asarray(X, dtype=object).ravel()


def _raise_not_a_sequence(item: Any, index: int, name: str) -> NoReturn:
    missing = item is None or (np.isscalar(pd.isna(item)) and bool(pd.isna(item)))
    if missing:
        raise ValueError(f"{name}[{index}] is missing ({item!r}); remove the row or fill in its sequence.")
    raise TypeError(
        f"{name}[{index}] is of type {type(item).__name__}; every sequence must be a str"
        + (", so decode it first." if isinstance(item, bytes) else ".")
    )


def number_groups(groups: Any, X: Any) -> npt.NDArray[np.int64]:
    """Return the group number of each row of `X`; without `groups`, every row has its own group.

    Raises
    ------
    ValueError
        If there are not as many groups as rows, or a group is missing; the message names its index.
    """
    if groups is None:
        return np.arange(len(X))
    check_consistent_length(X, groups)
    # numpy would turn a missing value in a list of text into text
    column = np.asarray(groups) if hasattr(groups, "ndim") else pd.Series(groups, dtype=object).to_numpy()
    if column.ndim != 1:
        raise ValueError(f"groups must have one dimension; got shape {column.shape}.")
    numbers = pd.factorize(column)[0]
    missing = np.flatnonzero(numbers < 0)
    if missing.size:
        raise ValueError(
            f"groups[{missing[0]}] is missing; give a row that has no relatives a group of its own."
        )
    return numbers


def check_labels(y: Any, *, name: str = "y") -> npt.NDArray[Any]:
    """Return class labels as a one-dimensional array of strings or of numbers.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        A list, a tuple, an array, a pandas or polars Series, or a table or array with a single column.
    name : str, default="y"
        The name of the input in messages.

    Returns
    -------
    labels : ndarray of shape (n_samples,)
        The labels, in numpy's dtype for them.

    Raises
    ------
    ValueError
        If `y` is empty or not one-dimensional, a label is missing (None, NaN, NA), infinite or of another
        type than the first one, or the labels are real numbers. The message names the index.
    """
    if y is None:
        raise ValueError(
            f"requires {name} to be passed, but the target {name} is None; pass the label of each sequence."
        )
    labels = column_or_1d(_as_label_array(y), warn=True)
    if not len(labels):
        raise ValueError(f"{name} is empty; pass the label of at least one sequence.")
    if labels.dtype.kind in "OfM":
        _refuse_labels(labels, name)
    if labels.dtype.kind == "O" and (isinstance(y, (list, tuple)) or isinstance(labels[0], Number)):
        labels = np.asarray(labels.tolist())
    kind = type_of_target(labels, input_name=name)
    if kind not in ("binary", "multiclass"):
        raise ValueError(
            f"Unknown label type: {kind}; {name} must hold the name or the number of a class for each row."
        )
    return labels


def check_target(y: Any, *, name: str = "y") -> Any:
    """Return a target of any kind, one-dimensional ones as an array.

    Unlike `check_labels`, it accepts real numbers and several columns. It raises a ValueError, with the
    index, if a label of a one-dimensional target is missing, infinite or of another type than the first one.
    """
    if y is None:
        raise ValueError(f"{name} is None; pass the label of each sequence.")
    labels = _as_label_array(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels.ravel()
    if labels.ndim != 1:
        return y
    if labels.dtype.kind in "OfM":
        _refuse_labels(labels, name)
    if labels.dtype.kind == "O":
        labels = np.asarray(labels.tolist())
    return labels


def _as_label_array(y: Any) -> Any:
    """Return an array in which missing values and mixed types are still visible."""
    if hasattr(y, "to_numpy"):
        return y.to_numpy()
    if isinstance(y, (list, tuple)) and not any(isinstance(item, (list, tuple)) for item in y):
        # numpy would turn a number or a missing value beside strings into a string
        items = np.empty(len(y), dtype=object)
        items[:] = y
        return items
    values = np.asarray(y)
    return values.astype(object) if values.dtype.kind == "T" else values


def _refuse_labels(labels: npt.NDArray[Any], name: str) -> None:
    """Raise a ValueError for the first label that is missing, infinite or of another type."""
    missing = np.flatnonzero(pd.isna(labels))
    if missing.size:
        index = int(missing[0])
        raise ValueError(
            f"{name}[{index}] is missing ({labels.tolist()[index]!r}); remove the row or fill in its label."
        )
    first = labels.tolist()[0]
    for index, label in enumerate(labels.tolist()):
        if isinstance(label, (float, np.floating)) and not math.isfinite(label):
            raise ValueError(f"{name}[{index}] is {label!r}, which is no label; remove the row.")
        if isinstance(label, str) != isinstance(first, str):
            raise ValueError(
                f"{name}[{index}] is {_short(label)}, but {name}[0] is {_short(first)}; use only strings or "
                "only numbers as labels."
            )


def _short(value: Any) -> str:
    """Return the representation of a value, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
