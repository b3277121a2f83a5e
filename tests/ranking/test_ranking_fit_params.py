"""Groups and other fit parameters reach the inner rankers of CalibratedRanker and CopelandRanker."""

from typing import Any

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold, LeaveOneGroupOut, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skseed.datasets import make_plasmids
from skseed.preprocessing import CircularShiftAugmenter
from skseed.ranking import CalibratedRanker, CopelandRanker, EvidenceLabRanker, KmerLabRanker

CALLS: list[dict[str, Any]] = []


@pytest.fixture(autouse=True)
def no_calls() -> None:
    CALLS.clear()


class Recorder(ClassifierMixin, BaseEstimator):
    """Record the fit parameters; X holds the row numbers, then the logits of three labs."""

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> "Recorder":
        rows = np.asarray(X)[:, 0].astype(int)
        CALLS.append({"rows": rows, "groups": groups, "sample_weight": sample_weight})
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[self.decision_function(X).argmax(axis=1)]

    def decision_function(self, X: Any) -> np.ndarray:
        return np.asarray(X)[:, 1:][:, self.classes_]


class WithoutParams(Recorder):
    def fit(self, X: Any, y: Any) -> "WithoutParams":  # type: ignore[override]
        return super().fit(X, y)  # type: ignore[return-value]


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.arange(48) % 3
    X = np.column_stack([np.arange(48), rng.normal(size=(48, 3)) + np.eye(3)[y]])
    return X, y, np.array([f"paper {row // 6}" for row in range(48)])


def wrap(kind: str, ranker: Any) -> Any:
    if kind == "calibrated":
        return CalibratedRanker(ranker, cv=2)
    if kind == "copeland":
        return CopelandRanker([("one", ranker), ("two", WithoutParams())])
    if kind == "pipeline in calibrated":
        return CalibratedRanker(make_pipeline(FunctionTransformer(), ranker), cv=2)
    return CalibratedRanker(CopelandRanker([("one", ranker)]), cv=2)


KINDS = ["calibrated", "copeland", "pipeline in calibrated", "copeland in calibrated"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("routing", [False, True])
def test_groups_reach_the_ranker_sliced_for_each_fold(data: Any, kind: str, routing: bool) -> None:
    X, y, groups = data
    with config_context(enable_metadata_routing=routing):
        ranker = Recorder().set_fit_request(groups=True) if routing else Recorder()
        wrap(kind, ranker).fit(X, y, groups=groups)
    recorded = [call for call in CALLS if call["groups"] is not None]
    assert len(recorded) == (1 if kind == "copeland" else 3)
    for call in recorded:
        np.testing.assert_array_equal(call["groups"], groups[call["rows"]])
    np.testing.assert_array_equal(recorded[-1]["rows"], np.arange(48))


@pytest.mark.parametrize("routing", [False, True])
def test_an_int_cv_keeps_groups_whole(data: Any, routing: bool) -> None:
    X, y, groups = data
    with config_context(enable_metadata_routing=routing):
        CalibratedRanker(WithoutParams(), cv=3).fit(X, y, groups=groups)
        assert len(CALLS) == 4
        for call in CALLS[:3]:
            train = np.isin(np.arange(48), call["rows"])
            assert not set(groups[train]) & set(groups[~train])
        CALLS.clear()
        CalibratedRanker(WithoutParams(), cv=LeaveOneGroupOut()).fit(X, y, groups=groups)
        assert len(CALLS) == 9


@pytest.mark.parametrize("routing", [False, True])
def test_other_fit_parameters_are_sliced_too(data: Any, routing: bool) -> None:
    X, y, _ = data
    weight = np.linspace(1, 2, 48)
    with config_context(enable_metadata_routing=routing):
        ranker = Recorder().set_fit_request(sample_weight=True) if routing else Recorder()
        CalibratedRanker(ranker, cv=2).fit(X, y, sample_weight=weight)
        for call in CALLS:
            np.testing.assert_array_equal(call["sample_weight"], weight[call["rows"]])
        with pytest.raises(TypeError, match="wheight"):
            CalibratedRanker(ranker, cv=2).fit(X, y, wheight=weight)
        with pytest.raises(TypeError, match="wheight"):
            wrap("copeland", ranker).fit(X, y, wheight=weight)


def test_parameters_of_a_pipeline_step_are_passed_on(data: Any) -> None:
    X, y, _ = data
    weight = np.linspace(1, 2, 48)
    wrap("pipeline in calibrated", Recorder()).fit(X, y, recorder__sample_weight=weight)
    for call in CALLS:
        np.testing.assert_array_equal(call["sample_weight"], weight[call["rows"]])


def test_a_search_inside_gets_groups_for_its_splitter(data: Any) -> None:
    X, y, groups = data
    search = GridSearchCV(Recorder(), {}, cv=GroupKFold(2))
    CalibratedRanker(search, cv=2).fit(X, y, groups=groups)
    assert len(CALLS) == 3 * 3


def test_frozen_rankers_accept_groups(data: Any) -> None:
    X, y, groups = data
    frozen = FrozenEstimator(Recorder().fit(X, y))
    CALLS.clear()
    CopelandRanker([("old", frozen), ("new", Recorder())]).fit(X, y, groups=groups)
    assert len(CALLS) == 1


def test_without_a_request_routing_raises(data: Any) -> None:
    X, y, groups = data
    with config_context(enable_metadata_routing=True):
        with pytest.raises(UnsetMetadataPassedError, match="groups"):
            CalibratedRanker(Recorder(), cv=2).fit(X, y, groups=groups)
        CalibratedRanker(Recorder().set_fit_request(groups=False), cv=2).fit(X, y, groups=groups)
        assert all(call["groups"] is None for call in CALLS)
        request = CalibratedRanker(Recorder(), cv=2).set_fit_request(groups="papers")
        assert request.get_metadata_routing()._self_request.fit.requests == {"groups": "papers"}


@pytest.mark.parametrize("kind", ["calibrated", "copeland"])
def test_grid_search_and_cross_validate_route_groups(data: Any, kind: str) -> None:
    X, y, groups = data
    with config_context(enable_metadata_routing=True):
        ranker = wrap(kind, Recorder().set_fit_request(groups=True))
        grid = {"tpr": [0.5, 0.9]} if kind == "calibrated" else {"n_candidates": [2, 3]}
        search = GridSearchCV(
            make_pipeline(FunctionTransformer(), ranker),
            {f"{type(ranker).__name__.lower()}__{name}": values for name, values in grid.items()},
            cv=GroupKFold(2),
            error_score="raise",
        )
        search.fit(X, y, groups=groups)
        recorded = [call for call in CALLS if call["groups"] is not None]
        assert len(recorded) == (3 if kind == "calibrated" else 1) * 5
        for call in recorded:
            np.testing.assert_array_equal(call["groups"], groups[call["rows"]])
        CALLS.clear()
        cross_validate(ranker, X, y, cv=GroupKFold(2), params={"groups": groups}, error_score="raise")
        assert all(
            set(groups[call["rows"]]) == set(call["groups"]) for call in CALLS if call["groups"] is not None
        )
        assert len(CALLS) == (3 if kind == "calibrated" else 2) * 2


def test_a_pipeline_around_takes_groups_by_the_step_name(data: Any) -> None:
    X, y, groups = data
    pipeline = make_pipeline(FunctionTransformer(), wrap("calibrated", Recorder()))
    pipeline.fit(X, y, calibratedranker__groups=groups)
    assert all(set(groups[call["rows"]]) == set(call["groups"]) for call in CALLS)


@pytest.fixture(scope="module")
def plasmids() -> Any:
    made = make_plasmids(120, 6, n_publications=4, length=900, return_X_y=False, random_state=0)
    return np.array(made.data, dtype=object), np.asarray(made.target), np.asarray(made.groups)


@pytest.mark.slow
@pytest.mark.parametrize("routing", [False, True])
def test_wrapped_evidence_ranker_learns_from_publications(plasmids: Any, routing: bool) -> None:
    X, y, groups = plasmids
    inner = EvidenceLabRanker(network=False, random_state=0)
    direct = clone(inner).fit(X, y, groups=groups)
    assert not np.array_equal(direct.coef_, clone(inner).fit(X, y).coef_)
    with config_context(enable_metadata_routing=routing):
        calibrated = CalibratedRanker(inner, cv=2).fit(X, y, groups=groups)
        elected = CopelandRanker([("learned", inner), ("vote", KmerLabRanker())]).fit(X, y, groups=groups)
        piped = CalibratedRanker(make_pipeline(CircularShiftAugmenter(random_state=0), inner), cv=2)
        piped.fit(X, y, groups=groups)
    np.testing.assert_array_equal(calibrated.estimator_.coef_, direct.coef_)
    np.testing.assert_array_equal(elected.named_estimators_.learned.coef_, direct.coef_)
    # rotation does not change circular k-mers
    np.testing.assert_array_equal(piped.estimator_[-1].coef_, direct.coef_)
