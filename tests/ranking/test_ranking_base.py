"""The methods that LabRankerMixin derives from a matrix of scores."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

# a ranker of given scores has no public base class
from skseed.ranking._base import LabRankerMixin


class Given(LabRankerMixin, BaseEstimator):
    """X is the matrix of scores."""

    def fit(self, X: Any, y: Any) -> "Given":
        self.classes_ = np.unique(y)
        return self

    def _scored(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        return self.classes_, np.asarray(X, dtype=float)


SCORES = [[0.2, 0.9, 0.2], [0.5, 0.1, 0.5]]


@pytest.fixture
def ranker() -> Given:
    return Given().fit(None, ["Curie", "Franklin", "McClintock"])


def test_ties_are_broken_by_the_order_of_classes(ranker: Given) -> None:
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
def test_rank_requires_a_positive_k(ranker: Given, k: Any) -> None:
    with pytest.raises(ValueError, match="k must be an int of at least 1; got"):
        ranker.rank(SCORES, k=k)


def test_unfitted_ranker_raises_not_fitted_error() -> None:
    for method in ("rank", "predict", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(Given(), method)("not even a table")


def test_score_raises_for_labels_of_another_type(ranker: Given) -> None:
    assert ranker.score(SCORES, ["Franklin", "McClintock"]) == 0.5
    with pytest.raises(
        ValueError, match="y holds labels such as 1, but the ranker was fitted on labels such as"
    ):
        ranker.score(SCORES, [1, 2])
    with pytest.raises(ValueError, match=r"y\[1\] is missing \(None\)"):
        ranker.score(SCORES, ["Franklin", None])
