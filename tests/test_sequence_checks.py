"""The sequence checks and the adapters: each check must fail on the fault that it looks for."""

from typing import Any, Self

import numpy as np
import pytest
from scipy import sparse

from skseed.preprocessing import KmerVectorizer
from tests import sequence_checks as checks
from tests.adapters import adapt, rows_to_strings, rows_to_tokens


class CentersOnEachCall(KmerVectorizer):
    def transform(self, X: Any) -> Any:
        counts = super().transform(X).toarray()
        return counts - counts.mean(axis=0)


class AcceptsASingleString(KmerVectorizer):
    def fit(self, X: Any, y: Any = None) -> Self:
        return super().fit(list(X), y)


class DrawsFromTheGlobalGenerator(KmerVectorizer):
    def transform(self, X: Any) -> Any:
        np.random.rand()  # noqa: NPY002
        return super().transform(X)


class SetsAnAttributeBeforeChecking(KmerVectorizer):
    def fit(self, X: Any, y: Any = None) -> Self:
        self.seen_ = True
        return super().fit(X, y)


class StoresTheLastResult(KmerVectorizer):
    def transform(self, X: Any) -> Any:
        self.last_ = super().transform(X)
        return self.last_


class CountsItsFits(KmerVectorizer):
    def fit(self, X: Any, y: Any = None) -> Self:
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        return super().fit(X, y)

    def transform(self, X: Any) -> Any:
        return self.n_fits_ * super().transform(X)


class OverwritesAParameter(KmerVectorizer):
    def fit(self, X: Any, y: Any = None) -> Self:
        super().fit(X, y)
        self.alphabet = self.alphabet_
        return self


class ReturnsNothing(KmerVectorizer):
    def fit(self, X: Any, y: Any = None) -> None:  # type: ignore[override]
        super().fit(X, y)


class ReadsTheColumnNames(KmerVectorizer):
    def transform(self, X: Any) -> sparse.csr_matrix:
        return super().transform(["ACGT" for _ in X])


FAULTS = [
    (CentersOnEachCall, checks.check_subset_of_rows),
    (AcceptsASingleString, checks.check_invalid_input_raises),
    (DrawsFromTheGlobalGenerator, checks.check_global_generators_untouched),
    (SetsAnAttributeBeforeChecking, checks.check_invalid_input_raises),
    (StoresTheLastResult, checks.check_outputs_change_no_state),
    (CountsItsFits, checks.check_refit_equals_fit),
    (OverwritesAParameter, checks.check_fit_changes_neither_x_nor_parameters),
    (ReturnsNothing, checks.check_fit_returns_self),
    (ReadsTheColumnNames, checks.check_containers_give_the_same),
]


@pytest.mark.parametrize(("faulty", "check"), FAULTS, ids=[faulty.__name__ for faulty, _ in FAULTS])
def test_check_fails_on_a_fault(faulty: type[KmerVectorizer], check: checks.Check) -> None:
    check("KmerVectorizer", KmerVectorizer(k=2))
    with pytest.raises((AssertionError, AttributeError, pytest.fail.Exception)):
        check(faulty.__name__, faulty(k=2))


def test_adapter_calls_the_real_estimator() -> None:
    X = np.random.default_rng(0).normal(size=(6, 3))
    real = KmerVectorizer(k=2).fit(rows_to_strings(X))
    adapted = adapt(KmerVectorizer(k=2)).fit(X)
    assert isinstance(adapted, KmerVectorizer)
    assert adapted.n_features_in_ == 3
    assert (adapted.transform(X) != real.transform(rows_to_strings(X))).nnz == 0


def test_encoded_rows_differ_when_the_numbers_differ() -> None:
    X = np.array([[-9.0, 0.1], [0.1, -9.0], [9.0, 0.1]])
    assert len(set(rows_to_strings(X))) == 3
    assert rows_to_strings(X)[0] == "ACGT" + "A" * 12 + "T" * 6 + "G" * 6
    assert rows_to_tokens(X).tolist() == [[1, 20], [7, 14], [13, 20]]
