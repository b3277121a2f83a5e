"""Scorers, called directly and in searches and cross-validation."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, cross_validate
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from skseed.metrics import percent_rmse, percent_rmse_scorer, top_k_score, top_k_scorer
from skseed.preprocessing import KmerVectorizer
from tests.reference import random_sequence


def make_plasmids(sizes: dict[str, int], seed: int = 0) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(seed)
    sequences, labs = [], []
    for lab, size in sizes.items():
        weights = rng.dirichlet([1] * 4)
        sequences += [random_sequence(rng, 40, p=weights) for _ in range(size)]
        labs += [lab] * size
    return sequences, np.array(labs)


class MeanLengthEmbedder(BaseEstimator):
    """An embedder of edit distances that uses the lengths of the sequences only."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def fit(self, X: Any, y: Any = None) -> "MeanLengthEmbedder":
        self.max_length_ = max(map(len, X))
        return self

    def transform(self, X: Any) -> np.ndarray:
        return self.scale * np.array([[float(len(x))] for x in X])

    def pairwise_distances(self, X: Any) -> np.ndarray:
        points = self.transform(X)
        return np.abs(points - points.T)

    def score(self, X: Any, y: Any = None) -> float:
        true = [[Levenshtein.distance(a, b) for a in X] for b in X]
        return -percent_rmse(true, self.pairwise_distances(X), length=self.max_length_)


GENES = ["GATTACA", "GATTACAGATT", "CATTAG", "GAT", "TTACAGGA", "GATTA", "CATCATCAT", "GGATTA"]


def test_percent_rmse_scorer_is_the_score_of_the_embedder() -> None:
    embedder = MeanLengthEmbedder().fit(GENES)
    assert percent_rmse_scorer(embedder, GENES) == embedder.score(GENES) < 0
    pipeline = make_pipeline(FunctionTransformer(), MeanLengthEmbedder()).fit(GENES)
    assert percent_rmse_scorer(pipeline, GENES) == embedder.score(GENES)


def test_percent_rmse_scorer_works_in_a_search() -> None:
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), MeanLengthEmbedder()),
        {"meanlengthembedder__scale": [0.0, 1.0, 9.0]},
        scoring=percent_rmse_scorer,
        cv=2,
        error_score="raise",
    ).fit(GENES)
    assert search.best_params_ == {"meanlengthembedder__scale": 1.0}
    assert percent_rmse_scorer(search, GENES) == search.score(GENES)
    named = cross_validate(MeanLengthEmbedder(), GENES, scoring={"error": percent_rmse_scorer}, cv=2)
    assert (named["test_error"] <= 0).all()


def test_percent_rmse_scorer_raises_for_other_estimators() -> None:
    X, y = make_plasmids({"church": 4, "voigt": 4})
    model = make_pipeline(KmerVectorizer(k=2), LogisticRegression(max_iter=5000)).fit(X, y)
    with pytest.raises(TypeError, match="got LogisticRegression"):
        percent_rmse_scorer(model, X, y)


@pytest.mark.parametrize("scorer", [percent_rmse_scorer, top_k_scorer(3)])
def test_scorers_pickle_clone_and_print(scorer: Callable[..., float]) -> None:
    assert repr(pickle.loads(pickle.dumps(scorer))) == repr(scorer)
    assert repr(scorer) in {"percent_rmse_scorer", "top_k_scorer(3)"}
    assert repr(clone(scorer, safe=False)) == repr(scorer)
    assert pickle.loads(pickle.dumps(percent_rmse_scorer)) is percent_rmse_scorer
    assert pickle.loads(pickle.dumps(top_k_scorer(3))) == top_k_scorer(3)


@pytest.mark.parametrize("classifier", [LinearSVC(), LogisticRegression(max_iter=5000), MultinomialNB()])
@pytest.mark.parametrize("n_labs", [2, 5])
def test_top_k_scorer_reads_decision_function_or_predict_proba(classifier: Any, n_labs: int) -> None:
    X, y = make_plasmids(dict.fromkeys(["a", "b", "c", "d", "e"][:n_labs], 8))
    model = make_pipeline(KmerVectorizer(k=2), classifier).fit(X, y)
    top = [top_k_scorer(k)(model, X, y) for k in range(1, n_labs + 1)]
    assert top[0] == pytest.approx(model.score(X, y))
    assert top == sorted(top)
    assert top[-1] == 1


def test_rare_labels_never_make_a_fold_nan() -> None:
    """scikit-learn's own scorer is NaN in each of these folds."""
    X, y = make_plasmids({"church": 20, "voigt": 20, "smolke": 1, "keasling": 2})
    model = make_pipeline(KmerVectorizer(k=2), LogisticRegression(max_iter=5000))
    folds = [(np.arange(0, 40, 2), np.r_[np.arange(1, 40, 2), 40:43])]
    (score,) = cross_val_score(model, X, y, cv=folds, scoring=top_k_scorer(2), error_score="raise")
    assert score == 20 / 23


@pytest.mark.slow
def test_top_k_scorers_work_in_a_search_with_two_jobs() -> None:
    X, y = make_plasmids({"church": 9, "voigt": 9, "smolke": 9})
    results = [
        GridSearchCV(
            make_pipeline(KmerVectorizer(), LogisticRegression(max_iter=5000)),
            {"kmervectorizer__k": [1, 2]},
            scoring={"top1": top_k_scorer(1), "top2": top_k_scorer(2)},
            refit="top2",
            cv=StratifiedKFold(3),
            n_jobs=n_jobs,
            error_score="raise",
        )
        .fit(X, y)
        .cv_results_
        for n_jobs in (1, 2)
    ]
    for key in ("mean_test_top1", "mean_test_top2"):
        np.testing.assert_array_equal(results[0][key], results[1][key])
    assert (results[0]["mean_test_top1"] <= results[0]["mean_test_top2"]).all()


def test_constant_classifier_scores_zero() -> None:
    X, y = make_plasmids({"church": 5, "voigt": 5, "smolke": 5})
    uniform = DummyClassifier(strategy="uniform").fit(X, y)
    assert top_k_scorer(1)(uniform, X, y) == 0
    assert top_k_score(y, uniform.predict_proba(X), k=3, labels=uniform.classes_) == 1


def test_invalid_estimators_and_labels_raise() -> None:
    X, y = make_plasmids({"church": 4, "voigt": 4})
    model = make_pipeline(KmerVectorizer(k=2), LogisticRegression(max_iter=5000)).fit(X, y)
    with pytest.raises(TypeError, match="needs the true labels"):
        top_k_scorer(1)(model, X, None)
    with pytest.raises(TypeError, match="got KmerVectorizer"):
        top_k_scorer(1)(make_pipeline(KmerVectorizer(k=2)).fit(X), X, y)
    with pytest.raises(ValueError, match="'k' parameter"):
        top_k_scorer(0)


@pytest.mark.parametrize("numeric", [int, float])
def test_labels_of_another_kind_raise(numeric: type) -> None:
    """Strings never equal the numbers in classes_, so every sample would be a miss."""
    X, y = make_plasmids({"0": 6, "1": 6, "2": 6})
    model = make_pipeline(KmerVectorizer(k=2), LogisticRegression(max_iter=5000))
    model.fit(X, y.astype(numeric))
    assert top_k_scorer(1)(model, X, y.astype(numeric)) > 0.5
    with pytest.raises(ValueError, match=r"y_true\[0\] is '0' \(str\), but labels\[0\] is .*\(number\)"):
        top_k_scorer(1)(model, X, y)
    model.fit(X, y)
    with pytest.raises(ValueError, match=r"y_true\[0\] is 0.* \(number\), but labels\[0\] is '0' \(str\)"):
        top_k_scorer(1)(model, X, y.astype(numeric))
