"""CalibratedRanker: the temperature, the threshold, and labs that are in a single fold."""

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from joblib import parallel_config
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.pipeline import make_pipeline

from skseed.datasets import make_plasmids
from skseed.metrics import expected_calibration_error, fpr_at_tpr, oscr_score, top_k_score
from skseed.ranking import CalibratedRanker, KmerLabRanker

# the scores of given rows, which are checked without fitting rankers
from skseed.ranking._calibrated_ranker import label_scores, novelty_scores


class Logits(ClassifierMixin, BaseEstimator):
    """X holds the logits of labs 0, 1, …; the ranker multiplies those of labs it knows."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def fit(self, X: Any, y: Any) -> "Logits":
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        scores = self.factor * np.asarray(X)[:, self.classes_]
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[np.asarray(X)[:, self.classes_].argmax(axis=1)]


def draw(n: int, n_labs: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return logits and labels drawn with just these probabilities."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(n, n_labs))
    cumulative = softmax(logits, axis=1).cumsum(axis=1)
    return logits, (rng.random(n)[:, None] > cumulative).sum(axis=1).clip(max=n_labs - 1)


@pytest.mark.parametrize("n_labs", [2, 5, 30])
@pytest.mark.parametrize("factor", [1e-3, 1.0, 40.0])
def test_temperature_corrects_the_scale_of_the_scores(n_labs: int, factor: float) -> None:
    X, y = draw(3000, n_labs)
    ranker = CalibratedRanker(Logits(factor), cv=3).fit(X, y)
    assert ranker.temperature_ == pytest.approx(factor, rel=0.1)
    np.testing.assert_allclose(
        ranker.predict_proba(X), softmax(factor * X / ranker.temperature_, axis=1), atol=1e-9
    )
    assert expected_calibration_error(y, ranker.predict_proba(X), labels=ranker.classes_) < 0.03
    np.testing.assert_array_equal(ranker.predict(X), clone(Logits(factor)).fit(X, y).classes_[X.argmax(1)])


def test_temperature_minimizes_the_log_loss() -> None:
    X, y = draw(400, 6, seed=1)
    ranker = CalibratedRanker(Logits(3.0), cv=2).fit(X, y)
    losses = [
        log_loss(y, softmax(3 * X / (ranker.temperature_ * by), axis=1)) for by in (0.8, 0.95, 1, 1.05, 1.2)
    ]
    assert np.argmin(losses) == 2


def test_probabilities_of_a_perfect_ranker_stay_below_1() -> None:
    y = np.arange(90) % 3
    ranker = CalibratedRanker(Logits(), cv=3).fit(np.eye(3)[y], y)
    np.testing.assert_allclose(ranker.predict_proba(np.eye(3)).max(axis=1), 90 / 91, atol=0.01)


def test_equals_scikit_learn_if_every_fold_has_all_labs() -> None:
    X, y = draw(600, 4, seed=2)
    ours = CalibratedRanker(Logits(5.0), cv=3).fit(X, y)
    theirs = CalibratedClassifierCV(Logits(5.0), method="temperature", ensemble=False, cv=3).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=0.01)


@pytest.mark.parametrize("tpr", [0.5, 0.9, 0.95, 1.0])
def test_threshold_passes_the_share_tpr_of_known_rows(tpr: float) -> None:
    X, y = draw(500, 5)
    ranker = CalibratedRanker(Logits(), tpr=tpr, cv=4).fit(X, y)
    passing = ranker.out_of_fold_.novelty <= ranker.threshold_
    assert passing.mean() >= tpr
    assert passing.sum() == np.ceil(tpr * 500 - 1e-9)


@pytest.fixture(scope="module")
def rare() -> Any:
    """Some labs have all their rows in one group, others a single row; 100 rows are of unknown labs."""
    rng = np.random.default_rng(3)
    sizes = np.repeat([1, 2, 8], [15, 15, 30])
    y = np.repeat(np.arange(60), sizes)
    centers = rng.dirichlet(np.full(60, 0.5), 80)
    counts = np.array([rng.multinomial(12, centers[lab]) for lab in y])
    foreign = np.array([rng.multinomial(12, centers[lab]) for lab in np.repeat(np.arange(60, 80), 5)])
    groups = np.array([f"{lab}-{i % 4 if lab >= 30 else 0}" for i, lab in enumerate(y)])
    return counts, np.array([f"lab{lab:02d}" for lab in y]), groups, foreign


@pytest.mark.parametrize("novelty", ["max_score", "margin", "probability"])
def test_labs_of_a_single_fold_affect_neither_number(rare: Any, novelty: str) -> None:
    counts, y, groups, foreign = rare
    ranker = CalibratedRanker(MultinomialNB(), novelty=novelty, unknown_label="unknown", cv=GroupKFold(4))
    ranker.fit(counts, y, groups=groups)
    rows = ranker.out_of_fold_
    has_peers = np.array([(y[groups != group] == lab).any() for lab, group in zip(y, groups, strict=True)])
    alone = ~has_peers[rows.index]
    assert alone.sum() == 45
    assert not rows.is_known[alone].any()
    assert not rows.is_correct[~rows.is_known].any()
    assert np.mean(rows.novelty[rows.is_known] <= ranker.threshold_) == pytest.approx(0.95, abs=0.01)
    assert len(ranker.classes_) == 60
    # the temperature is the best one for the rows of labs in several folds
    losses = []
    for by in (0.8, 1, 1.25):
        total = 0.0
        for train, test in GroupKFold(4).split(counts, y, groups):
            model = MultinomialNB().fit(counts[train], y[train])
            test = test[np.isin(y[test], model.classes_)]
            prob = softmax(label_scores(model, counts[test]) / (ranker.temperature_ * by), axis=1)
            total -= np.log(prob[np.arange(len(test)), np.searchsorted(model.classes_, y[test])]).sum()
        losses.append(total)
    assert np.argmin(losses) == 1
    if novelty == "probability":
        labs = ranker.predict(foreign)
        assert np.mean(labs == "unknown") > 0.15
        assert labs.dtype.kind == "U"
        assert np.mean(ranker.predict(counts) == "unknown") < 0.1


def test_scikit_learn_does_not_handle_rare_labs(rare: Any) -> None:
    """If this test fails, scikit-learn may replace half of this class."""
    counts, y, groups, _ = rare
    splits = list(GroupKFold(4).split(counts, y, groups))
    with pytest.raises(ValueError, match="less than 4 examples for at least one class"):
        CalibratedClassifierCV(MultinomialNB(), method="temperature", ensemble=False, cv=4).fit(counts, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = CalibratedClassifierCV(MultinomialNB(), method="temperature", ensemble=False, cv=splits)
        theirs.fit(counts, y)
    ours = CalibratedRanker(MultinomialNB(), cv=splits).fit(counts, y)
    assert theirs.calibrated_classifiers_[0].calibrators[0].beta_ < 0.7 / ours.temperature_


def test_novelty_score_separates_unknown_labs() -> None:
    plasmids = make_plasmids(240, 12, n_publications=4, length=900, return_X_y=False, random_state=0)
    X, y, groups = np.array(plasmids.data, dtype=object), plasmids.target, plasmids.groups
    test = np.isin(groups, np.unique(groups)[::4])
    train = ~test & (y < 9)
    ranker = CalibratedRanker(KmerLabRanker(k=8), unknown_label=-1, cv=GroupKFold(3))
    ranker.fit(X[train], y[train], groups=groups[train])
    is_known, novelty = y[test] < 9, ranker.novelty_score(X[test])
    assert fpr_at_tpr(is_known, -novelty) < 0.3
    correct = (
        clone(ranker).set_params(unknown_label=None).fit(X[train], y[train], groups[train]).predict(X[test])
    )
    assert oscr_score(is_known, -novelty, is_correct=correct == y[test]) > 0.8
    predicted = ranker.predict(X[test])
    assert np.mean(predicted[~is_known] == -1) > 0.7
    assert np.mean(predicted[is_known] == -1) < 0.3
    scores = ranker.decision_function(X[test][is_known])
    assert top_k_score(y[test][is_known], scores, k=1, labels=ranker.classes_) > 0.8
    again = pickle.loads(pickle.dumps(ranker))
    np.testing.assert_array_equal(again.predict(X[test]), predicted)
    with parallel_config("threading"):
        parallel = clone(ranker).set_params(n_jobs=2).fit(X[train], y[train], groups=groups[train])
    assert (parallel.temperature_, parallel.threshold_) == (ranker.temperature_, ranker.threshold_)


def test_novelty_scores_equal_hand_computed_values() -> None:
    scores = np.array([[2.0, 1.0, 0.0], [3.0, -1.0, 3.0]])
    np.testing.assert_allclose(novelty_scores(scores, "max_score", 1.0), [-2, -3])
    np.testing.assert_allclose(novelty_scores(scores, "margin", 1.0), [-1, 0])
    np.testing.assert_allclose(
        novelty_scores(scores, "probability", 2.0), 1 - softmax(scores / 2, axis=1).max(axis=1)
    )


def test_labs_enrolled_in_the_inner_ranker_are_predicted() -> None:
    X, y = make_plasmids(60, 4, length=600, random_state=0)
    X, labs = np.array(X, dtype=object), np.array([f"lab{i}" for i in y])
    new = labs == "lab1"
    ranker = CalibratedRanker(KmerLabRanker(k=8, fraction=1), cv=2).fit(X[~new], labs[~new])
    ranker.estimator_.enroll(X[new], labs[new])
    np.testing.assert_array_equal(ranker.classes_, [f"lab{i}" for i in range(4)])
    np.testing.assert_array_equal(ranker.predict(X), ranker.estimator_.predict(X))
    np.testing.assert_array_equal(ranker.predict(X[new]), "lab1")


@pytest.mark.parametrize(("dtype", "label"), [(np.int8, 300), (np.uint8, -1), (np.int64, -1)])
def test_unknown_label_may_need_a_wider_dtype_than_the_labs(dtype: type, label: int) -> None:
    X, y = draw(60, 3)
    labs = CalibratedRanker(Logits(), tpr=0.5, unknown_label=label, cv=2).fit(X, y.astype(dtype)).predict(X)
    assert set(labs.tolist()) == {0, 1, 2, label}
    assert labs.dtype.kind == "i"


def test_works_in_grid_search_and_with_a_frozen_pipeline() -> None:
    X, y = draw(120, 3)
    search = GridSearchCV(CalibratedRanker(Logits(), cv=2), {"estimator__factor": [1, 2], "tpr": [0.5, 0.9]})
    assert search.fit(X, y).score(X, y) > 1 / 3
    frozen = CalibratedRanker(FrozenEstimator(make_pipeline(GaussianNB()).fit(X, y)), cv=2).fit(X, y)
    assert frozen.rank(X, k=2).shape == (120, 2)


def test_invalid_labels_and_folds_raise() -> None:
    X, y = draw(20, 4)
    ranker = CalibratedRanker(Logits(), unknown_label="unknown", cv=2)
    with pytest.raises(ValueError, match="unknown_label is 'unknown', but the labs are such as"):
        ranker.fit(X, y)
    ranker.set_params(unknown_label=2)
    with pytest.raises(ValueError, match="unknown_label is 2, which is also a lab in y"):
        ranker.fit(X, y)
    ranker.set_params(unknown_label=None, cv=[([0, 1, 2], [3, 4])])
    with pytest.raises(ValueError, match="No held-out row has a lab with training rows"):
        ranker.fit(X[:5], [0, 0, 1, 2, 3])
    assert not hasattr(ranker, "classes_")
