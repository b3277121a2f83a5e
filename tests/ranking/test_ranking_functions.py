"""rank_labs and enroll_labs: pipelines, searches and errors."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from skseed.datasets import make_plasmids
from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter, KmerVectorizer
from skseed.ranking import (
    CopelandRanker,
    EvidenceLabRanker,
    KmerLabRanker,
    TripletLabRanker,
    enroll_labs,
    rank_labs,
)

SIZES: dict[str, Any] = {"embedding_dim": 8, "kernel_sizes": (1, 2), "n_filters": 8, "max_epochs": 1}


class HardLabels(ClassifierMixin, BaseEstimator):
    def fit(self, X: Any, y: Any) -> "HardLabels":
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[:1].repeat(len(X))


@pytest.fixture(scope="module")
def plasmids() -> Any:
    made = make_plasmids(60, 4, n_publications=3, length=600, return_X_y=False, random_state=0)
    return np.array(made.data, dtype=object), np.array([f"lab{i}" for i in made.target]), made.groups


def test_methods_of_the_ranker_are_reached_through_a_pipeline(plasmids: Any) -> None:
    X, y, _ = plasmids
    old = y != "lab2"
    pipeline = make_pipeline(BPETokenizer(60), TripletLabRanker(8, random_state=0, **SIZES)).fit(
        X[old], y[old]
    )
    tokens = pipeline[:-1].transform(X)
    np.testing.assert_array_equal(rank_labs(pipeline, X, k=2), pipeline[-1].rank(tokens, k=2))
    assert enroll_labs(pipeline, X[~old], y[~old]) is pipeline
    np.testing.assert_array_equal(pipeline.classes_, [f"lab{i}" for i in range(4)])
    ranked = rank_labs(pipeline, X)
    assert ranked.shape == (60, 4)
    np.testing.assert_array_equal(ranked[:, 0], pipeline.predict(X))


def test_searches_and_nested_pipelines(plasmids: Any) -> None:
    X, y, groups = plasmids
    ranker = make_pipeline(CircularShiftAugmenter(), make_pipeline(EvidenceLabRanker(network=False)))
    search = GridSearchCV(ranker, {"pipeline__evidencelabranker__k": [12, 16]}, cv=2).fit(X[5:], y[5:])
    np.testing.assert_array_equal(rank_labs(search, X, k=1)[:, 0], search.predict(X))
    enroll_labs(search, X[:5], ["new"] * 5, groups=groups[:5])
    assert search.classes_.tolist() == [*sorted(set(y)), "new"]
    np.testing.assert_array_equal(rank_labs(search, X[:5], k=1), np.full((5, 1), "new"))


def test_any_classifier_is_ranked(plasmids: Any) -> None:
    X, y, _ = plasmids
    two = np.isin(y, ["lab0", "lab3"])
    for classifier in (MultinomialNB(), RidgeClassifier()):
        for rows in (two, slice(None)):
            pipeline = make_pipeline(KmerVectorizer(k=4), classifier).fit(X[rows], y[rows])
            ranked = rank_labs(pipeline, X[rows])
            np.testing.assert_array_equal(ranked[:, 0], pipeline.predict(X[rows]))
            assert set(ranked[0]) == set(y[rows])


def test_groups_are_ranked_by_the_sum_of_log_probabilities(plasmids: Any) -> None:
    X, y, _ = plasmids
    ranker = KmerLabRanker(k=12).fit(X[:40], y[:40])
    pipeline = make_pipeline(CircularShiftAugmenter(), KmerLabRanker(k=12)).fit(X[:40], y[:40])
    groups = np.array(["z", "a", "z", None], dtype=object)
    groups[3] = "m"
    logs = np.log(ranker.predict_proba(X[40:44]))
    sums = np.stack([logs[0] + logs[2], logs[1], logs[3]])
    expected = ranker.classes_[np.argsort(-sums, axis=1)]
    np.testing.assert_array_equal(ranker.rank(X[40:44], groups=groups), expected)
    np.testing.assert_array_equal(rank_labs(pipeline, X[40:44], 2, groups=groups), expected[:, :2])
    # a group of one sequence is ranked like the sequence
    np.testing.assert_array_equal(ranker.rank(X[40:44], groups=range(4)), ranker.rank(X[40:44]))


def test_invalid_groups_raise(plasmids: Any) -> None:
    X, y, _ = plasmids
    ranker = KmerLabRanker(k=12).fit(X, y)
    with pytest.raises(ValueError, match=r"groups\[1\] is missing"):
        ranker.rank(X[:2], groups=["a", None])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        rank_labs(ranker, X[:2], groups=["a"])
    election = CopelandRanker([("one", KmerLabRanker(k=12)), ("two", KmerLabRanker(k=10))]).fit(X, y)
    with pytest.raises(TypeError, match="method='mean_probability'"):
        election.rank(X[:2], groups=[0, 0])
    with pytest.raises(TypeError, match="has no predict_proba"):
        rank_labs(make_pipeline(KmerVectorizer(k=3), RidgeClassifier()).fit(X, y), X[:2], groups=[0, 0])


def test_errors_name_what_is_missing(plasmids: Any) -> None:
    X, y, _ = plasmids
    counts = make_pipeline(KmerVectorizer(k=3), MultinomialNB()).fit(X, y)
    with pytest.raises(TypeError, match="MultinomialNB has no method enroll"):
        enroll_labs(counts, X, y)
    with pytest.raises(ValueError, match="'k' parameter of rank_labs must be an int in the range"):
        rank_labs(counts, X, k=0)
    with pytest.raises(NotFittedError):
        rank_labs(KmerLabRanker(), X)
    with pytest.raises(NotFittedError):
        enroll_labs(make_pipeline(KmerLabRanker()), X, y)
    with pytest.raises(TypeError, match="HardLabels has neither decision_function nor predict_proba"):
        rank_labs(HardLabels().fit(X, y), X)
