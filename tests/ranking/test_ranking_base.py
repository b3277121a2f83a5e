"""The mixin of the rankers: what follows from a matrix of scores."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from skseed.ranking._base import LabRankerMixin, check_labs


class Given(LabRankerMixin, BaseEstimator):
    """X is the matrix of scores."""

    def fit(self, X: Any, y: Any) -> "Given":
        self.classes_ = np.unique(y)
        return self

    def _scores(self, X: Any) -> np.ndarray:
        return np.asarray(X, dtype=float)


SCORES = [[0.2, 0.9, 0.2], [0.5, 0.1, 0.5]]


@pytest.fixture
def ranker() -> Given:
    return Given().fit(None, ["Curie", "Franklin", "McClintock"])


def test_ties_fall_in_the_order_of_classes(ranker: Given) -> None:
    expected = [["Franklin", "Curie", "McClintock"], ["Curie", "McClintock", "Franklin"]]
    np.testing.assert_array_equal(ranker.rank(SCORES), expected)
    np.testing.assert_array_equal(ranker.rank(SCORES, k=2), [row[:2] for row in expected])
    np.testing.assert_array_equal(ranker.predict(SCORES), [row[0] for row in expected])
    np.testing.assert_array_equal(ranker.decision_function(SCORES), SCORES)


def test_two_labs_have_one_decision_column() -> None:
    scores = np.array([[0.2, 0.9], [0.5, 0.1], [0.3, 0.3]])
    ranker = Given().fit(None, ["Curie", "Franklin"])
    decision = ranker.decision_function(scores)
    np.testing.assert_allclose(decision, [0.7, -0.4, 0.0])
    np.testing.assert_array_equal(ranker.predict(scores), ranker.classes_[(decision > 0).astype(int)])


@pytest.mark.parametrize("k", [0, -1, 2.0, "2"])
def test_rank_wants_a_positive_k(ranker: Given, k: Any) -> None:
    with pytest.raises(ValueError, match="k must be an int of at least 1; got"):
        ranker.rank(SCORES, k=k)


def test_fitted_is_asked_first() -> None:
    for method in ("rank", "predict", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(Given(), method)("not even a table")


def test_many_labs_with_one_plasmid_each_pass_without_a_warning() -> None:
    labs = np.array([f"lab{i}" for i in range(30)])
    np.testing.assert_array_equal(check_labs(labs), labs)


def test_measured_values_are_no_labs() -> None:
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        check_labs([0.5, 1.25, 3.0])
