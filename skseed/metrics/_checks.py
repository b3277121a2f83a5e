"""Check labels, scores and booleans before a metric compares them."""

from numbers import Number, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._files import quote


def check_column_labels(labels: Any) -> pd.Index:
    """Return the labels of the columns of a score matrix as an index.

    Raises
    ------
    ValueError
        If there is no label, or a label is missing, of another kind than the first, or repeated.
    """
    values = _check_column(labels, "labels")
    if len(values) == 0:
        raise ValueError("labels is empty; pass the label of each column.")
    index = pd.Index(values, dtype=object)
    if not index.is_unique:
        position = int(np.argmax(index.duplicated()))
        raise ValueError(
            f"labels[{position}] is {quote(index[position])}, which occurs before; every label must "
            "occur once."
        )
    return index


def check_true_labels(y_true: Any, index: pd.Index, n_rows: int, scores_name: str) -> npt.NDArray[np.intp]:
    """Return the column index of each true label, -1 for a label without a column.

    Raises
    ------
    ValueError
        If there are not `n_rows` labels, or a label is missing or of another kind than those in `index`. A
        string never equals a number, so without this check every sample would silently count as a miss.
    """
    values = _check_column(y_true, "y_true")
    if len(values) != n_rows:
        raise ValueError(
            f"y_true has {len(values)} labels, but {scores_name} has {n_rows} rows; pass one label for each "
            "row."
        )
    if n_rows and _kind(values[0]) != _kind(index[0]):
        found, expected = _describe(values[0]), _describe(index[0])
        raise ValueError(
            f"y_true[0] is {found}, but labels[0] is {expected}; "
            "pass labels of the kind that the estimator was fitted on."
        )
    return index.get_indexer(pd.Index(values, dtype=object))


def check_scores(y_score: Any, n_labels: int, name: str) -> npt.NDArray[np.floating]:
    """Return a score matrix with one column for each label; the precision of floats is kept.

    Raises
    ------
    ValueError
        If the shape is wrong, or a score is NaN or no number.
    """
    scores = check_numbers(y_score, name)
    if scores.ndim == 1 and n_labels == 2:
        scores = np.column_stack([-scores, scores])
    if scores.ndim != 2 or scores.shape[1] != n_labels:
        raise ValueError(
            f"{name} must have one column for each of the {n_labels} labels; got shape {scores.shape}."
        )
    _raise_at_first(np.isnan(scores), name, scores, "scores must be numbers, so replace it")
    return scores


def check_numbers(values: Any, name: str) -> npt.NDArray[np.floating]:
    """Return an array of floats; float32 stays float32.

    Raises
    ------
    ValueError
        If an item is not a number. Text is never converted to numbers.
    """
    array = np.asarray(values)
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind not in "iub":
        # numpy would convert a number in a list of strings to a string
        array = np.asarray(values, dtype=object)
        for position, item in np.ndenumerate(array):
            if not isinstance(item, (Real, np.bool_)):
                raise ValueError(
                    f"{_place(name, position)} is {quote(item)}, which is not a number; convert it."
                )
    return array.astype(np.float64)


def check_booleans(values: Any, name: str) -> npt.NDArray[np.bool_]:
    """Return an array of booleans.

    Raises
    ------
    ValueError
        If an item is neither a boolean nor 0 nor 1. Strings are not converted, because ``bool("False")``
        is True.
    """
    array = np.asarray(values)
    if array.dtype.kind == "b":
        return array
    array = np.asarray(values, dtype=object)
    for position, item in np.ndenumerate(array):
        if not isinstance(item, (Real, np.bool_)) or item not in (0, 1):
            raise ValueError(
                f"{_place(name, position)} is {quote(item)}, but it must be True or False; convert it."
            )
    return array.astype(bool)


def check_finite(values: npt.NDArray[np.floating], name: str, what: str) -> None:
    """Raise at the first value that is NaN or infinite."""
    _raise_at_first(~np.isfinite(values), name, values, f"{what} must be finite, so replace it")


def check_range(
    values: npt.NDArray[np.floating], low: float, high: float, *, name: str, requirement: str
) -> None:
    """Raise at the first value outside of the closed interval from `low` to `high`."""
    _raise_at_first((values < low) | (values > high), name, values, requirement)


def _raise_at_first(wrong: npt.NDArray[np.bool_], name: str, values: npt.NDArray[Any], why: str) -> None:
    if wrong.any():
        position = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"{_place(name, position)} is {values[position]:g}, but {why}.")


def _place(name: str, position: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, position))}]" if position else name


def _check_column(values: Any, name: str) -> npt.NDArray[np.object_]:
    """Return labels as a one-dimensional object array of one kind without missing values."""
    array = np.asarray(values, dtype=object)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional; got shape {array.shape}.")
    missing = np.asarray(pd.isna(array))
    if missing.any():
        raise ValueError(f"{name}[{int(np.argmax(missing))}] is missing; remove the sample or label it.")
    # arrays have few types, so one label of each type is checked
    kinds = {
        kind: _kind(next(item for item in array if type(item) is kind)) for kind in set(map(type, array))
    }
    if len(set(kinds.values())) > 1:
        first = kinds[type(array[0])]
        position = next(i for i, item in enumerate(array) if kinds[type(item)] != first)
        raise ValueError(
            f"{name}[{position}] is {_describe(array[position])}, but {name}[0] is {_describe(array[0])}; "
            "use labels of one kind."
        )
    return array


def _kind(label: object) -> str:
    """Return the kind of a label; labels of different kinds are never equal."""
    if isinstance(label, (Number, np.bool_)):
        return "number"
    return "str" if isinstance(label, str) else type(label).__name__


def _describe(label: object) -> str:
    return f"{quote(label, 30)} ({_kind(label)})"
