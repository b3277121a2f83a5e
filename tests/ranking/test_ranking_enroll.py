"""TripletLabRanker.enroll: new labs are ranked, and known labs keep their vectors and scores."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skseed.datasets import make_plasmids
from skseed.metrics import top_k_score
from skseed.preprocessing import BPETokenizer
from skseed.ranking import TripletLabRanker

NEW = ["lab0", "lab5"]


@pytest.fixture(scope="module")
def plasmids() -> Any:
    made = make_plasmids(160, 8, n_publications=5, length=1500, return_X_y=False, random_state=1)
    made.tokens = BPETokenizer(vocab_size=400).fit_transform(made.data)
    made.labs = np.array([f"lab{i}" for i in made.target])
    made.is_new = np.isin(made.labs, NEW)
    return made


@pytest.fixture(scope="module")
def trained(plasmids: Any) -> TripletLabRanker:
    ranker = TripletLabRanker(
        32,
        embedding_dim=32,
        kernel_sizes=(2, 4),
        n_filters=48,
        loss="cosine",
        lr=5e-3,
        max_epochs=5,
        batch_size=16,
        random_state=0,
    )
    return ranker.fit(plasmids.tokens[~plasmids.is_new], plasmids.labs[~plasmids.is_new])


@pytest.fixture
def ranker(trained: TripletLabRanker) -> TripletLabRanker:
    return pickle.loads(pickle.dumps(trained))


def test_new_labs_are_ranked_after_enrolling_one_publication(ranker: TripletLabRanker, plasmids: Any) -> None:
    """The queries share no publication with the enrolled plasmids."""
    new = np.flatnonzero(plasmids.is_new)
    first = [plasmids.groups[new[plasmids.labs[new] == lab][0]] for lab in NEW]
    shown = np.isin(plasmids.groups[new], first)
    queries = new[~shown]
    known_before = ranker.decision_function(plasmids.tokens[~plasmids.is_new])
    assert ranker.enroll(plasmids.tokens[new[shown]], plasmids.labs[new[shown]]) is ranker
    np.testing.assert_array_equal(ranker.classes_, [f"lab{i}" for i in range(8)])
    scores = ranker.decision_function(plasmids.tokens[queries])
    top3 = top_k_score(plasmids.labs[queries], scores, k=3, labels=ranker.classes_)
    assert top3 > 0.6, top3  # 3 / 8 by chance
    after = ranker.decision_function(plasmids.tokens[~plasmids.is_new])
    np.testing.assert_allclose(np.delete(after, [0, 5], axis=1), known_before, atol=1e-12)


def test_vector_of_a_new_lab_is_the_mean_direction_of_its_plasmids(
    ranker: TripletLabRanker, plasmids: Any
) -> None:
    rows = plasmids.tokens[plasmids.labs == "lab5"]
    ranker.enroll(rows, ["lab5"] * len(rows))
    mean = ranker.transform(rows).mean(axis=0)
    np.testing.assert_allclose(ranker.lab_embeddings_[4], mean / np.linalg.norm(mean))
    assert ranker.classes_[4] == "lab5"
    one = rows[:1]
    ranker.enroll(one, ["alone"])
    np.testing.assert_allclose(ranker.decision_function(one)[0, 0], 1)
    assert ranker.rank(one, k=1)[0, 0] == ranker.predict(one)[0] == "alone"
    assert ranker.predict_proba(one).shape == (1, 8)


def test_known_lab_is_weighted_by_its_training_plasmids(ranker: TripletLabRanker, plasmids: Any) -> None:
    before = ranker.lab_embeddings_.copy()
    n_trained = (plasmids.labs == "lab3").sum()
    rows = plasmids.tokens[:5]
    ranker.enroll(rows, ["lab3"] * 5)
    at = ranker.classes_.tolist().index("lab3")
    moved = n_trained * before[at] + ranker.transform(rows).sum(axis=0)
    np.testing.assert_allclose(ranker.lab_embeddings_[at], moved / np.linalg.norm(moved))
    np.testing.assert_array_equal(
        np.delete(ranker.lab_embeddings_, at, axis=0), np.delete(before, at, axis=0)
    )


def test_enrolling_one_by_one_equals_enrolling_all(ranker: TripletLabRanker, plasmids: Any) -> None:
    rows, labs = plasmids.tokens[:12], np.array(["lab5", "lab3", "another", "lab0"] * 3)
    at_once = pickle.loads(pickle.dumps(ranker)).enroll(rows, labs)
    for i in np.random.default_rng(0).permutation(12):
        ranker = pickle.loads(pickle.dumps(ranker)).enroll(rows[[i]], labs[[i]])
    np.testing.assert_array_equal(ranker.classes_, at_once.classes_)
    np.testing.assert_allclose(ranker.lab_embeddings_, at_once.lab_embeddings_, atol=1e-12)


def test_refit_forgets_enrolled_labs(plasmids: Any) -> None:
    rows, labs = plasmids.tokens[:40], plasmids.labs[:40]
    ranker = TripletLabRanker(
        8, embedding_dim=8, kernel_sizes=(1,), n_filters=8, max_epochs=1, random_state=0
    ).fit(rows, labs)
    expected = ranker.decision_function(rows)
    ranker.enroll(rows[:3], ["x", "y", "x"])
    np.testing.assert_array_equal(clone(ranker).fit(rows, labs).decision_function(rows), expected)
    np.testing.assert_array_equal(ranker.fit(rows, labs).decision_function(rows), expected)


def test_enrolling_a_third_lab_adds_decision_columns(plasmids: Any) -> None:
    frame = pd.DataFrame(plasmids.tokens[:20]).add_prefix("token")
    ranker = TripletLabRanker(
        8, embedding_dim=8, kernel_sizes=(1,), n_filters=8, max_epochs=1, random_state=0
    )
    ranker.fit(frame, np.arange(20) % 2)
    assert ranker.decision_function(frame).shape == (20,)
    assert ranker.enroll(frame[:2], [7, 7]).decision_function(frame).shape == (20, 3)


@pytest.mark.parametrize(
    ("rows", "labs", "message"),
    [
        (2, [1, 2], "y holds labels such as 1, but the ranker was fitted on labels such as 'lab1'"),
        (2, ["a"], "inconsistent numbers of samples"),
        (1, [["a", "b"]], "y should be a 1d array"),
        (1, [], "y is empty; pass the label of at least one sequence"),
        (-1, ["a"], r"X\[0, 0\] is -5"),
    ],
)
def test_failed_enroll_changes_nothing(
    ranker: TripletLabRanker, plasmids: Any, rows: int, labs: list[Any], message: str
) -> None:
    before = ranker.lab_embeddings_.copy()
    X = plasmids.tokens[: abs(rows)].copy()
    if rows < 0:
        X[0, 0] = -5
    with pytest.raises(ValueError, match=message):
        ranker.enroll(X, labs)
    assert len(ranker.classes_) == 6
    np.testing.assert_array_equal(ranker.lab_embeddings_, before)


def test_enroll_before_fit_raises() -> None:
    with pytest.raises(NotFittedError):
        TripletLabRanker().enroll([[1]], ["a"])
