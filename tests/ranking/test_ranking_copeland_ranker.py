"""CopelandRanker: elections against a plain count, their properties, and labs that some rankers lack."""

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from joblib import parallel_config
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import BernoulliNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skseed.datasets import make_plasmids
from skseed.preprocessing import KmerVectorizer
from skseed.ranking import CopelandRanker

# the vote on given scores, which a plain double loop checks without fitting rankers
from skseed.ranking._copeland_ranker import copeland_scores


def plain_election(ballots: list[list[float]]) -> list[int]:
    """Return the order of the candidates: count all duels, one by one, and break ties by mean rank."""
    n = len(ballots[0])
    keys = []
    for one in range(n):
        score = 0.0
        for other in range(n):
            if one == other:
                continue
            balance = sum((b[one] < b[other]) - (b[one] > b[other]) for b in ballots)
            score += 1 if balance > 0 else 0.5 if balance == 0 else 0
        keys.append((-score, sum(b[one] for b in ballots) / len(ballots), one))
    return [key[-1] for key in sorted(keys)]


ballots = st.tuples(st.integers(1, 5), st.integers(2, 7)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 5))
)


def as_ranks(scores: np.ndarray) -> np.ndarray:
    return rankdata(-scores, axis=-1, method="average")[:, None, :]


def order(scores: np.ndarray) -> list[int]:
    return np.argsort(-scores[0], kind="stable").tolist()


@given(ballots)
def test_equals_a_plain_count(scores: np.ndarray) -> None:
    ranks = as_ranks(scores)
    assert order(copeland_scores(ranks)) == plain_election(ranks[:, 0].tolist())


@given(ballots)
def test_a_condorcet_winner_comes_first(scores: np.ndarray) -> None:
    balance = np.sign(scores[:, :, None] - scores[:, None, :]).sum(axis=0)
    np.fill_diagonal(balance, 1)
    winner = np.flatnonzero((balance > 0).all(axis=1))
    if winner.size:
        assert order(copeland_scores(as_ranks(scores)))[0] == winner[0]


@given(ballots, st.integers(1, 4))
def test_unanimity_is_kept(scores: np.ndarray, n_candidates: int) -> None:
    for limit in (None, n_candidates):
        result = copeland_scores(as_ranks(scores), limit)[0]
        before = (scores[:, :, None] > scores[:, None, :]).all(axis=0)
        assert (result[:, None] > result[None, :])[before].all()


@given(ballots, st.permutations(range(7)))
def test_scores_do_not_depend_on_the_order_of_labs(scores: np.ndarray, shuffled: list[int]) -> None:
    columns = [c for c in shuffled if c < scores.shape[1]]
    expected = copeland_scores(as_ranks(scores))[0][columns]
    np.testing.assert_allclose(copeland_scores(as_ranks(scores[:, columns]))[0], expected)


def test_condorcet_winner_that_is_not_first_by_mean_rank() -> None:
    """Candidate 0 beats every other with three voters of five; the mean rank prefers candidate 1."""
    scores = np.array([[3, 2, 1, 0]] * 3 + [[0, 3, 2, 1]] * 2)
    assert order(copeland_scores(as_ranks(scores))) == [0, 1, 2, 3]
    assert rankdata(-scores, axis=1).mean(axis=0).argmin() == 1


def test_other_labs_follow_the_candidates_by_mean_rank() -> None:
    scores = np.array([[9, 8, 7, 6, 5, 4], [9, 8, 6, 7, 5, 4], [8, 9, 7, 6, 5, 4]])
    result = copeland_scores(as_ranks(scores), n_candidates=1)[0]
    assert (result[:2] >= 0).all()
    assert (result[2:] < 0).all()
    assert np.argsort(-result).tolist() == [0, 1, 2, 3, 4, 5]


class Given(ClassifierMixin, BaseEstimator):
    """A ranker of given labs and scores; X is ignored but for its length."""

    def __init__(self, labs: Any = (), scores: Any = ()) -> None:
        self.labs = labs
        self.scores = scores

    def fit(self, X: Any, y: Any) -> "Given":
        self.classes_ = np.asarray(self.labs)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        raw = np.tile(np.asarray(self.scores, dtype=float), (len(X), 1))
        return raw / raw.sum(axis=1, keepdims=True)


def elect(method: str, *rankers: tuple[list[str], list[float]]) -> CopelandRanker:
    members = [(f"r{i}", FrozenEstimator(Given(*args).fit(0, 0))) for i, args in enumerate(rankers)]
    return CopelandRanker(members, method=method).fit([[0], [0]], ["b", "c"])


@pytest.mark.parametrize("method", ["copeland", "mean_probability", "reciprocal_rank"])
def test_labs_are_matched_by_name_and_missing_labs_are_last(method: str) -> None:
    ranker = elect(method, (["b", "c"], [3, 1]), (["a", "b", "c", "d"], [4, 5, 2, 1]), (["c", "b"], [1, 2]))
    np.testing.assert_array_equal(ranker.classes_, ["a", "b", "c", "d"])
    ranked = ranker.rank([[0]], k=4)[0].tolist()
    assert ranked[0] == "b"
    assert ranked[-1] == "d"
    if method == "copeland":
        # b wins 3 duels; c beats a and d, which two rankers do not know; a beats d
        np.testing.assert_array_equal(np.floor(2 * ranker.decision_function([[0]])[0]) / 2, [1, 3, 2, 0])
    elif method == "mean_probability":
        expected = np.array([4 / 12, 3 / 4 + 5 / 12 + 2 / 3, 1 / 4 + 2 / 12 + 1 / 3, 1 / 12]) / 3
        np.testing.assert_allclose(ranker.predict_proba([[0]])[0], expected)
    else:
        # unknown labs share the last ranks: 3.5 of 3 and 4
        ranks = np.array([[3.5, 1, 2, 3.5], [2, 1, 3, 4], [3.5, 1, 2, 3.5]])
        np.testing.assert_allclose(ranker.decision_function([[0]])[0], (1 / (60 + ranks)).mean(axis=0))


def test_predict_proba_exists_for_mean_probability_only() -> None:
    assert hasattr(elect("mean_probability", (["b", "c"], [3, 1])), "predict_proba")
    assert not hasattr(elect("copeland", (["b", "c"], [3, 1])), "predict_proba")


def test_errors_name_a_lab_enrolled_later_and_a_nan_score() -> None:
    ranker = elect("copeland", (["b", "c"], [3, 1]))
    ranker.estimators_[0].estimator.classes_ = np.array(["b", "x"])
    with pytest.raises(ValueError, match=r"'r0' enrolled the lab 'x' after fit; fit CopelandRanker again"):
        ranker.predict([[0]])
    with pytest.raises(ValueError, match=r"ranker 'r0' for X\[0\] and the lab 'b' is NaN"):
        elect("copeland", (["b", "c"], [np.nan, 1])).predict([[0]])


def test_strings_and_numbers_as_labs_raise() -> None:
    message = r"y holds labels such as 'b', but the ranker 'r1' was fitted on labels such as 4; use"
    with pytest.raises(ValueError, match=message):
        elect("copeland", (["b", "c"], [3, 1]), ([4, 5], [1, 2]))


def members() -> list[tuple[str, Any]]:
    return [
        ("counts", make_pipeline(KmerVectorizer(k=4), MultinomialNB())),
        ("presence", make_pipeline(KmerVectorizer(k=6), BernoulliNB())),
        ("near", make_pipeline(KmerVectorizer(k=5), KNeighborsClassifier(5, metric="cosine"))),
        ("line", make_pipeline(KmerVectorizer(k=3), LogisticRegression(max_iter=300))),
    ]


@pytest.fixture(scope="module")
def plasmids() -> Any:
    return make_plasmids(60, 6, n_publications=5, length=600, return_X_y=False, random_state=2)


class Noisy(Given):
    """Score the true lab, which is X, with noise on a scale of its own."""

    def decision_function(self, X: Any) -> np.ndarray:
        truth = np.asarray(X)[:, 0]
        noise = np.random.default_rng(self.scores).normal(size=(len(truth), len(self.labs)))
        return 10.0**self.scores * (1.5 * (truth[:, None] == self.labs) + noise)

    predict_proba = None


@pytest.mark.parametrize("method", ["copeland", "reciprocal_rank"])
def test_independent_voters_are_more_accurate_together(method: str) -> None:
    """The scales differ by powers of ten, so that no mean of scores would do."""
    truth = np.random.default_rng(9).integers(0, 30, size=600)
    X = truth[:, None]
    ranker = CopelandRanker([(f"r{i}", Noisy(list(range(30)), i)) for i in range(5)], method=method)
    ranker.fit(X, truth)
    alone = [np.mean(voter.decision_function(X).argmax(axis=1) == truth) for voter in ranker.estimators_]
    assert ranker.score(X, truth) > max(alone) + 0.2, (ranker.score(X, truth), alone)


def test_n_jobs_and_pickle_do_not_change_the_scores(plasmids: Any) -> None:
    ranker = CopelandRanker(members()).fit(plasmids.data, plasmids.target)
    expected = ranker.decision_function(plasmids.data)
    with parallel_config("threading"):
        parallel = clone(ranker).set_params(n_jobs=2).fit(plasmids.data, plasmids.target)
    np.testing.assert_array_equal(parallel.decision_function(plasmids.data), expected)
    again = pickle.loads(pickle.dumps(ranker))
    np.testing.assert_array_equal(again.decision_function(plasmids.data), expected)


def test_set_params_and_grid_search_reach_the_rankers(plasmids: Any) -> None:
    ranker = CopelandRanker(members()[:3])
    ranker.set_params(counts__kmervectorizer__k=2, near="drop")
    assert ranker.get_params()["counts__kmervectorizer__k"] == 2
    ranker.fit(plasmids.data, plasmids.target)
    assert ranker.named_estimators_["near"] == "drop"
    assert len(ranker.estimators_) == 2
    assert ranker.named_estimators_.counts[0].k == 2
    search = GridSearchCV(
        ranker, {"counts__kmervectorizer__k": [2, 3], "method": ["copeland", "reciprocal_rank"]}, cv=2
    )
    assert search.fit(plasmids.data, plasmids.target).best_score_ > 1 / 6


@pytest.mark.parametrize(
    ("estimators", "message"),
    [
        ([], "no ranker that is not dropped"),
        ([("a", "drop")], "no ranker that is not dropped"),
        ([("a", Ridge())], r"estimators\[0\], 'a', is not a classifier but Ridge"),
        ([("a", MultinomialNB)], r"estimators\[0\], 'a', is not a classifier but"),
        ([MultinomialNB()], r"estimators\[0\] is MultinomialNB\(\); it must be a tuple"),
        ([("a", MultinomialNB()), ("a", BernoulliNB())], "Names provided are not unique"),
        ([("method", MultinomialNB())], "conflict with constructor arguments"),
    ],
)
def test_invalid_estimators_raise(estimators: list[Any], message: str) -> None:
    ranker = CopelandRanker(estimators)
    with pytest.raises(ValueError, match=message):
        ranker.fit([[0, 1], [1, 0]], ["a", "b"])
    assert not hasattr(ranker, "classes_")
