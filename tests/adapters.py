"""Adapters that run scikit-learn's checks, which pass numbers, on estimators of sequences.

`adapt` makes a subclass of an estimator whose methods accept a table of numbers. The subclass validates the
table as scikit-learn requires, encodes each row, and calls the *real* method with the result. The class is
stored in this module as "Rows" + the name of the estimator, so that it can be pickled.
"""

import sys
import threading
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skseed.embedding import ReadPositionEmbedder

_THRESHOLDS = np.linspace(-3, 3, 12)
_FIT_METHODS = ("fit", "fit_transform", "fit_predict")
_COLUMN_ATTRIBUTES = ("n_features_in_", "feature_names_in_")
_METHODS = ("transform", "predict", "decision_function", "predict_proba", "predict_log_proba", "score")


def rows_to_strings(X: np.ndarray) -> np.ndarray:
    """Encode each number as twelve letters, one for each threshold, after the prefix ACGT.

    Columns alternate between the letters A and C and the letters G and T. Neighboring columns therefore
    change different letter counts, so a model that ignores positions can also learn from them.
    """
    above = X[:, :, None] > _THRESHOLDS
    is_odd = (np.arange(X.shape[1]) % 2 == 1)[:, None]
    letters = np.where(above, np.where(is_odd, "T", "C"), np.where(is_odd, "G", "A")).reshape(len(X), -1)
    sequences = np.empty(len(X), dtype=object)
    sequences[:] = ["ACGT" + "".join(row) for row in letters]
    return sequences


def rows_to_tokens(X: np.ndarray) -> np.ndarray:
    """Encode each number as the token of its bin. The 13 tokens of a column occur in no other column."""
    n_bins = len(_THRESHOLDS) + 1
    return (np.digitize(X, _THRESHOLDS) + 1 + n_bins * np.arange(X.shape[1])).astype(np.int64)


def rows_to_counts(X: np.ndarray) -> pd.DataFrame:
    """Turn each number into a positive one; name each column by a sequence of its own."""
    names = [
        "".join("ACGT"[column >> shift & 3] for shift in range(0, 12, 2)) for column in range(X.shape[1])
    ]
    return pd.DataFrame(np.exp(np.clip(X, -5, 5)), columns=names)


class _Call(threading.local):
    """A flag for a running adapted method. The methods that it calls receive sequences, not numbers."""

    is_running = False


_call = _Call()


def adapt(estimator: BaseEstimator, encode: Any = rows_to_strings) -> BaseEstimator:
    """Return an estimator with the same parameters that accepts rows of numbers and encodes them."""
    real = type(estimator)
    name = "Rows" + real.__name__
    if not hasattr(sys.modules[__name__], name):
        methods = {
            method: _adapted(real, method, encode)
            for method in (*_FIT_METHODS, *_METHODS)
            if hasattr(real, method)
        }
        adapted = type(name, (real,), {**methods, "__module__": __name__, "__sklearn_tags__": _tags_of(real)})
        setattr(sys.modules[__name__], name, adapted)
    return getattr(sys.modules[__name__], name)(**estimator.get_params(deep=False))


def number_labels(estimator: BaseEstimator) -> BaseEstimator:
    """Return an estimator that accepts names as y if its y is positions; return others unchanged.

    The sequence checks use names as labels.
    """
    if not isinstance(estimator, ReadPositionEmbedder):
        return estimator
    return NumberLabelsReadPositionEmbedder(**estimator.get_params(deep=False))


class NumberLabelsReadPositionEmbedder(ReadPositionEmbedder):
    """A ReadPositionEmbedder that replaces each name in y by its rank in alphabetical order."""

    def fit(self, X: Any, y: Any) -> Any:
        return super().fit(X, np.unique(y, return_inverse=True)[1])

    def score(self, X: Any, y: Any) -> float:
        return super().score(X, np.unique(y, return_inverse=True)[1])


def _tags_of(real: type) -> Any:
    def tags_of_rows(self: Any) -> Any:
        tags = real.__sklearn_tags__(self)
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.string = False
        # the encodings accept any numbers, in dense tables
        tags.input_tags.positive_only = tags.input_tags.sparse = False
        return tags

    return tags_of_rows


def _adapted(real: type, method: str, encode: Any) -> Any:
    def call(self: Any, X: Any, *args: Any) -> Any:
        real_method = getattr(super(type_of(self), self), method)
        if _call.is_running:
            return real_method(X, *args)
        _call.is_running = True
        try:
            if method not in _FIT_METHODS:
                check_is_fitted(self)
            rows = validate_data(self, X, reset=method in _FIT_METHODS)
            encoded = encode(rows)
            if isinstance(encoded, pd.DataFrame):
                if isinstance(X, pd.DataFrame):
                    encoded.index = X.index
            elif isinstance(X, pd.DataFrame):
                # pass the index and, for tokens, the column names on
                names = None if encoded.ndim == 1 else X.columns
                encoded = pd.DataFrame(encoded, index=X.index, columns=names)
            # fit on sequences deletes the column attributes, but the checks expect those of the table
            columns = {key: vars(self)[key] for key in _COLUMN_ATTRIBUTES if key in vars(self)}
            result = real_method(encoded, *args)
            if method in _FIT_METHODS:
                for key in _COLUMN_ATTRIBUTES:
                    vars(self).pop(key, None)
                vars(self).update(columns)
            return result
        finally:
            _call.is_running = False

    def type_of(self: Any) -> type:
        return next(cls for cls in type(self).__mro__ if cls.__module__ == __name__)

    if method in ("fit", "fit_transform", "fit_predict", "score"):

        def wrapper(self: Any, X: Any, y: Any = None) -> Any:
            return call(self, X, y)
    else:

        def wrapper(self: Any, X: Any) -> Any:
            return call(self, X)

    wrapper.__name__ = method
    if type(real.__dict__.get(method)).__name__ == "_AvailableIfDescriptor":
        return available_if(lambda self: hasattr(super(type_of(self), self), method))(wrapper)
    return wrapper
