"""Checks for every estimator whose X is a one-dimensional array-like of str.

scikit-learn's suite runs a single check on such an estimator and passes. `SEQUENCE_CHECKS` contains the
checks of scikit-learn that create no X, and our own checks, which repeat with sequences the checks that the
suite makes with numbers. A check is called as ``check(name, estimator)``; `sequence_checks` yields the checks
of an estimator.
"""

import inspect
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, clone, is_clusterer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import estimator_checks as sklearn_checks

# a clusterer labels the sequences of fit only
TRANSDUCTIVE = "fit_predict"
OUTPUTS = ("transform", "predict", "decision_function", "predict_proba")
Check = Callable[[str, BaseEstimator], None]


# data and comparison ------------------------------------------------------------------------------


def make_sequences(n: int = 24, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Return sequences of 8 to 14 symbols from two families, the longest ones first, and their labels."""
    rng = np.random.default_rng(seed)
    families = ["ACGTACGGTTCAGA", "TTGACCATGCATTC"]
    sequences, labels = [], np.array(["church", "voigt"] * ((n + 1) // 2))[:n]
    for index in range(n):
        letters = list(families[index % 2])
        letters[rng.integers(len(letters))] = "ACGT"[rng.integers(4)]
        sequences.append("".join(letters[: 14 if index % 6 < 2 else rng.integers(8, 15)]))
    return sequences, labels


def outputs(estimator: BaseEstimator, X: Any) -> dict[str, np.ndarray]:
    """Return the result for X of each method that the estimator has."""
    results = {}
    for method in OUTPUTS:
        if hasattr(estimator, method):
            result = getattr(estimator, method)(X)
            results[method] = result.toarray() if sparse.issparse(result) else np.asarray(result)
    if not results and hasattr(estimator, TRANSDUCTIVE):
        results[TRANSDUCTIVE] = clone(estimator).fit_predict(X)
    assert results, "the estimator has no method to check"
    return results


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray], *, exact: bool = True) -> None:
    assert one.keys() == other.keys()
    for method, a in one.items():
        b = other[method]
        assert a.dtype == b.dtype
        if exact or not np.issubdtype(a.dtype, np.floating):
            np.testing.assert_array_equal(a, b, err_msg=method)
        else:
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=method)


def _fitted(estimator: BaseEstimator, X: Any = None) -> BaseEstimator:
    sequences, y = make_sequences()
    return clone(estimator).fit(sequences if X is None else X, y)


# containers ---------------------------------------------------------------------------------------

CONTAINERS: dict[str, Callable[[list[str]], Any]] = {
    "tuple": tuple,
    "object array": lambda s: np.array(s, dtype=object),
    "U array": lambda s: np.array(s, dtype="U"),
    "StringDType array": lambda s: np.array(s, dtype=np.dtypes.StringDType()),
    "pandas str Series": lambda s: pd.Series(s, index=[f"tip{i}" for i in range(len(s))], dtype="str"),
    "pandas object Series": lambda s: pd.Series(s, dtype=object),
    "polars Series": pl.Series,
    "one-column DataFrame": lambda s: pd.DataFrame({"sequence": s}),
}


def check_containers_give_the_same(name: str, estimator: BaseEstimator) -> None:
    sequences, _ = make_sequences()
    expected = outputs(_fitted(estimator), sequences)
    for container in CONTAINERS.values():
        X = container(sequences)
        assert_same(outputs(_fitted(estimator, X), X), expected)


# invalid input ------------------------------------------------------------------------------------

_GOOD = "ACGTACGT"
INVALID: dict[str, tuple[Any, type[Exception] | tuple[type[Exception], ...], str]] = {
    "str": (_GOOD, ValueError, "single str"),
    "bytes": (_GOOD.encode(), ValueError, "single bytes"),
    "None": (None, (TypeError, ValueError), "NoneType"),
    "empty": ([], ValueError, "minimum of 1"),
    "bytes inside": ([_GOOD, _GOOD.encode()], TypeError, r"X\[1\].*bytes"),
    "None inside": ([_GOOD, _GOOD, None], ValueError, r"X\[2\]"),
    "NaN inside": ([_GOOD, float("nan")], ValueError, r"X\[1\]"),
    "pandas NA inside": (pd.Series([_GOOD, pd.NA], dtype=object), ValueError, r"X\[1\]"),
    "number inside": ([_GOOD, 7], TypeError, r"X\[1\].*int"),
    "numbers": (np.array([1.5, 2.5]), TypeError, r"X\[0\].*float"),
    "two columns": (np.array([[_GOOD, _GOOD]], dtype=object), (TypeError, ValueError), "."),
}


def check_invalid_input_raises(name: str, estimator: BaseEstimator) -> None:
    fitted = _fitted(estimator)
    for X, error, match in INVALID.values():
        fresh = clone(estimator)
        with pytest.raises(error, match=match):
            fresh.fit(X, np.array(["church", "voigt", "church"])[: len(X) if X is not None else 1])
        fitted_attributes = [key for key in vars(fresh) if key.endswith("_") and not key.startswith("_")]
        assert not fitted_attributes
        for method in OUTPUTS:
            if hasattr(fitted, method):
                with pytest.raises(error, match=match):
                    getattr(fitted, method)(X)


# fit ----------------------------------------------------------------------------------------------


def check_fit_returns_self(name: str, estimator: BaseEstimator) -> None:
    sequences, y = make_sequences()
    fresh = clone(estimator)
    assert fresh.fit(sequences, y) is fresh


def check_fit_changes_neither_x_nor_parameters(name: str, estimator: BaseEstimator) -> None:
    sequences, y = make_sequences()
    X = np.array(sequences, dtype=object)
    fresh = clone(estimator)
    before = _pickled_params(fresh)
    outputs(fresh.fit(X, y), X)
    assert X.tolist() == sequences
    assert _pickled_params(fresh) == before


def _pickled_params(estimator: BaseEstimator) -> dict[str, bytes]:
    """Return the pickled parameters; for a pipeline, which fits its steps in place, those of its steps."""
    params = estimator.get_params()
    if isinstance(estimator, Pipeline):
        params = {key: value for key, value in params.items() if "__" in key}
    return {key: pickle.dumps(value) for key, value in params.items()}


def check_outputs_change_no_state(name: str, estimator: BaseEstimator) -> None:
    sequences, _ = make_sequences()
    fitted = _fitted(estimator)
    keys = set(vars(fitted))
    first = outputs(fitted, sequences)
    assert set(vars(fitted)) == keys
    assert_same(outputs(fitted, sequences), first)


def check_refit_equals_fit(name: str, estimator: BaseEstimator) -> None:
    sequences, y = make_sequences()
    others, other_y = make_sequences(seed=1)
    refitted = clone(estimator).fit(others, other_y).fit(sequences, y)
    assert_same(outputs(refitted, sequences), outputs(_fitted(estimator), sequences))


def check_clone_of_fitted_equals(name: str, estimator: BaseEstimator) -> None:
    sequences, y = make_sequences()
    fitted = _fitted(estimator)
    copy = clone(fitted)
    assert not [key for key in vars(copy) if key.endswith("_") and not key.startswith("_")]
    assert_same(outputs(copy.fit(sequences, y), sequences), outputs(fitted, sequences))


def check_pickle_round_trip(name: str, estimator: BaseEstimator) -> None:
    sequences, _ = make_sequences()
    fitted = _fitted(estimator)
    assert_same(outputs(pickle.loads(pickle.dumps(fitted)), sequences), outputs(fitted, sequences))


def check_unfitted_raises(name: str, estimator: BaseEstimator) -> None:
    sequences, _ = make_sequences()
    for method in (*OUTPUTS, "inverse_transform", "get_feature_names_out"):
        if hasattr(estimator, method):
            with pytest.raises(NotFittedError):
                getattr(clone(estimator), method)(sequences)


def check_global_generators_untouched(name: str, estimator: BaseEstimator) -> None:
    sequences, y = make_sequences()
    fresh = clone(estimator)
    states = _generator_states()
    fresh.fit(sequences, y)
    assert _generator_states() == states, "fit changed a global generator"
    outputs(fresh, sequences)
    assert _generator_states() == states, "a method changed a global generator"
    if hasattr(fresh, "score"):
        fresh.score(sequences, y)
        assert _generator_states() == states, "score changed a global generator"


def _generator_states() -> list[bytes]:
    states = [pickle.dumps(np.random.get_state())]  # noqa: NPY002
    if "torch" in sys.modules:
        states.append(sys.modules["torch"].get_rng_state().numpy().tobytes())
    return states


# rows ---------------------------------------------------------------------------------------------


def check_order_of_rows(name: str, estimator: BaseEstimator) -> None:
    sequences, _ = make_sequences()
    fitted = _fitted(estimator)
    order = np.random.default_rng(0).permutation(len(sequences))
    expected = {method: result[order] for method, result in outputs(fitted, sequences).items()}
    if TRANSDUCTIVE in expected:
        # clusters are numbered by their first sequence
        expected[TRANSDUCTIVE] = pd.factorize(expected[TRANSDUCTIVE])[0]
    assert_same(outputs(fitted, [sequences[i] for i in order]), expected, exact=False)


def check_subset_of_rows(name: str, estimator: BaseEstimator) -> None:
    sequences, _ = make_sequences()
    fitted = _fitted(estimator)
    expected = outputs(fitted, sequences)
    for rows in ([0], [5], [3, 4], list(range(7, 19))):
        subset = {method: result[rows] for method, result in expected.items()}
        assert_same(outputs(fitted, [sequences[i] for i in rows]), subset, exact=False)


def check_labels_of_clusterer(name: str, estimator: BaseEstimator) -> None:
    sequences, _ = make_sequences()
    clusterer = clone(estimator)
    labels = clusterer.fit_predict(sequences)
    assert labels.dtype == np.int64
    assert labels.shape == (len(sequences),)
    np.testing.assert_array_equal(np.unique(labels), np.arange(labels.max() + 1))
    np.testing.assert_array_equal(clusterer.labels_, labels)


def check_lower_case_equals_upper_case(name: str, estimator: BaseEstimator) -> None:
    sequences, _ = make_sequences()
    fitted = _fitted(estimator)
    lower = outputs(fitted, [sequence.lower() for sequence in sequences])
    for method, result in outputs(fitted, sequences).items():
        if result.dtype != object:
            np.testing.assert_array_equal(lower[method], result)


# columns ------------------------------------------------------------------------------------------


def check_feature_names_fit_columns(name: str, estimator: BaseEstimator) -> None:
    sequences, _ = make_sequences()
    fitted = _fitted(estimator)
    names = fitted.get_feature_names_out()
    assert names.dtype == object
    assert len(set(names)) == len(names)
    result = fitted.transform(sequences)
    assert len(names) == (1 if result.ndim == 1 else result.shape[1])


def check_set_output(name: str, estimator: BaseEstimator) -> None:
    sequences, y = make_sequences()
    X = pd.Series(sequences, index=[f"tip{i}" for i in range(len(sequences))])
    fitted = _fitted(estimator)
    if sparse.issparse(fitted.transform(X)):
        with pytest.raises(ValueError, match="sparse"):
            clone(estimator).set_output(transform="pandas").fit_transform(X, y)
        return
    expected = fitted.transform(X).reshape(len(X), -1)
    for kind, frame_type in (("pandas", pd.DataFrame), ("polars", pl.DataFrame)):
        frame = clone(estimator).set_output(transform=kind).fit(X, y).transform(X)
        assert isinstance(frame, frame_type)
        assert list(frame.columns) == list(fitted.get_feature_names_out())
        np.testing.assert_array_equal(frame.to_numpy(), expected)
        if kind == "pandas":
            assert list(frame.index) == list(X.index)


# composition --------------------------------------------------------------------------------------


def check_pipeline_equals_estimator(name: str, estimator: BaseEstimator) -> None:
    sequences, y = make_sequences()
    pipeline = make_pipeline("passthrough", clone(estimator)).fit(sequences, y)
    assert_same(outputs(pipeline, sequences), outputs(_fitted(estimator), sequences))


def check_grid_search(name: str, estimator: BaseEstimator) -> None:
    sequences, y = make_sequences()
    params = clone(estimator).get_params(deep=False)
    param = sorted(params)[0]
    search = GridSearchCV(
        Pipeline([("estimator", clone(estimator))]),
        {f"estimator__{param}": [params[param]]},
        scoring=_first_output,
        cv=2,
        error_score="raise",
    ).fit(sequences, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert_same(outputs(search.best_estimator_, sequences), outputs(_fitted(estimator), sequences))


def _first_output(estimator: BaseEstimator, X: Any, y: Any = None) -> float:
    first = next(iter(outputs(estimator, X).values()))
    return float(len(first))


def check_repr_html(name: str, estimator: BaseEstimator) -> None:
    assert type(estimator).__name__ in clone(estimator)._repr_html_()
    assert type(estimator).__name__ in _fitted(estimator)._repr_html_()


# checks of each kind of estimator -------------------------------------------------------------------

_SKLEARN_CHECKS: list[Check] = [
    sklearn_checks.check_do_not_raise_errors_in_init_or_set_params,
    sklearn_checks.check_estimator_cloneable,
    sklearn_checks.check_estimator_repr,
    sklearn_checks.check_estimator_tags_renamed,
    sklearn_checks.check_get_params_invariance,
    sklearn_checks.check_mixin_order,
    sklearn_checks.check_no_attributes_set_in_init,
    sklearn_checks.check_param_validation,
    sklearn_checks.check_parameters_default_constructible,
    sklearn_checks.check_set_params,
    sklearn_checks.check_valid_tag_types,
]
_TRANSFORMER_CHECKS: list[Check] = [check_feature_names_fit_columns, check_set_output]
_OWN_CHECKS: list[Check] = [
    check_clone_of_fitted_equals,
    check_containers_give_the_same,
    check_fit_changes_neither_x_nor_parameters,
    check_fit_returns_self,
    check_global_generators_untouched,
    check_grid_search,
    check_lower_case_equals_upper_case,
    check_order_of_rows,
    check_outputs_change_no_state,
    check_pickle_round_trip,
    check_pipeline_equals_estimator,
    check_refit_equals_fit,
    check_invalid_input_raises,
    check_repr_html,
    check_subset_of_rows,
    check_unfitted_raises,
]
SEQUENCE_CHECKS: list[Check] = [*_SKLEARN_CHECKS, *_OWN_CHECKS, *_TRANSFORMER_CHECKS]


def sequence_checks(estimator: BaseEstimator) -> Iterator[Check]:
    """Yield the checks of an estimator: only our own for a pipeline, column checks only for transformers."""
    checks = _OWN_CHECKS + _TRANSFORMER_CHECKS if isinstance(estimator, Pipeline) else SEQUENCE_CHECKS
    for check in checks:
        if check is check_subset_of_rows and is_clusterer(estimator):
            # labels depend on all sequences of fit
            yield check_labels_of_clusterer
        elif check not in _TRANSFORMER_CHECKS or hasattr(estimator, "transform"):
            yield check


def is_public_estimator(item: Any) -> bool:
    """Return whether an item of a package's ``__all__`` is an estimator, not an encoder or a splitter."""
    return inspect.isclass(item) and issubclass(item, BaseEstimator) and hasattr(item, "fit")
