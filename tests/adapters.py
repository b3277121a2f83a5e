"""Test-only subclasses that lead scikit-learn's own checks, which feed numbers, to sequence estimators.

`adapt` makes a subclass of an estimator whose doors take a table of numbers. The table is validated as
scikit-learn wants it, every row is encoded, and the *real* method runs on what comes out. The class is
placed in this module under the name "Rows" + the estimator's own, so that it can be pickled.
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
_FIT_DOORS = ("fit", "fit_transform", "fit_predict")
_COLUMN_ATTRIBUTES = ("n_features_in_", "feature_names_in_")
_DOORS = ("transform", "predict", "decision_function", "predict_proba", "predict_log_proba", "score")


def rows_to_strings(X: np.ndarray) -> np.ndarray:
    """Spell every number as twelve letters, a thermometer, after the four letters of DNA.

    It is of A and C in one column and of G and T in the next, so that counts of letters tell two columns
    apart: a model that forgets positions learns from them too.
    """
    above = X[:, :, None] > _THRESHOLDS
    is_odd = (np.arange(X.shape[1]) % 2 == 1)[:, None]
    letters = np.where(above, np.where(is_odd, "T", "C"), np.where(is_odd, "G", "A")).reshape(len(X), -1)
    sequences = np.empty(len(X), dtype=object)
    sequences[:] = ["ACGT" + "".join(row) for row in letters]
    return sequences


def rows_to_tokens(X: np.ndarray) -> np.ndarray:
    """Give every number a token by its bin, from 1 to 13, with bins of its own for each column."""
    n_bins = len(_THRESHOLDS) + 1
    return (np.digitize(X, _THRESHOLDS) + 1 + n_bins * np.arange(X.shape[1])).astype(np.int64)


class _Door(threading.local):
    """Whether a door is open: methods that call each other meet sequences, not numbers."""

    is_open = False


_door = _Door()


def adapt(estimator: BaseEstimator, encode: Any = rows_to_strings) -> BaseEstimator:
    """Return an estimator with the same parameters whose rows of numbers become sequences or tokens."""
    real = type(estimator)
    name = "Rows" + real.__name__
    if not hasattr(sys.modules[__name__], name):
        doors = {door: _door_of(real, door, encode) for door in (*_FIT_DOORS, *_DOORS) if hasattr(real, door)}
        adapted = type(name, (real,), {**doors, "__module__": __name__, "__sklearn_tags__": _tags_of(real)})
        setattr(sys.modules[__name__], name, adapted)
    return getattr(sys.modules[__name__], name)(**estimator.get_params(deep=False))


def number_labels(estimator: BaseEstimator) -> BaseEstimator:
    """Return an estimator that reads labels as numbers, if its y is positions; others come back as they are.

    The sequence checks label sequences with names.
    """
    if not isinstance(estimator, ReadPositionEmbedder):
        return estimator
    return NumberLabelsReadPositionEmbedder(**estimator.get_params(deep=False))


class NumberLabelsReadPositionEmbedder(ReadPositionEmbedder):
    """The embedder of reads, which takes a name for a position: its place in the order of names."""

    def fit(self, X: Any, y: Any) -> Any:
        return super().fit(X, np.unique(y, return_inverse=True)[1])

    def score(self, X: Any, y: Any) -> float:
        return super().score(X, np.unique(y, return_inverse=True)[1])


def _tags_of(real: type) -> Any:
    def tags_of_rows(self: Any) -> Any:
        tags = real.__sklearn_tags__(self)
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.string = False
        return tags

    return tags_of_rows


def _door_of(real: type, door: str, encode: Any) -> Any:
    def call(self: Any, X: Any, *args: Any) -> Any:
        method = getattr(super(type_of(self), self), door)
        if _door.is_open:
            return method(X, *args)
        _door.is_open = True
        try:
            if door not in _FIT_DOORS:
                check_is_fitted(self)
            rows = validate_data(self, X, reset=door in _FIT_DOORS)
            encoded = encode(rows)
            if isinstance(X, pd.DataFrame):
                # the index and, for tokens, the column names go on to the real method
                names = None if encoded.ndim == 1 else X.columns
                encoded = pd.DataFrame(encoded, index=X.index, columns=names)
            # fitted on strings, the real estimator forgets columns, which are of the table here
            columns = {key: vars(self)[key] for key in _COLUMN_ATTRIBUTES if key in vars(self)}
            result = method(encoded, *args)
            if door in _FIT_DOORS:
                vars(self).update(columns)
            return result
        finally:
            _door.is_open = False

    def type_of(self: Any) -> type:
        return next(cls for cls in type(self).__mro__ if cls.__module__ == __name__)

    if door in ("fit", "fit_transform", "fit_predict", "score"):

        def wrapper(self: Any, X: Any, y: Any = None) -> Any:
            return call(self, X, y)
    else:

        def wrapper(self: Any, X: Any) -> Any:
            return call(self, X)

    wrapper.__name__ = door
    if type(real.__dict__.get(door)).__name__ == "_AvailableIfDescriptor":
        return available_if(lambda self: hasattr(super(type_of(self), self), door))(wrapper)
    return wrapper
