"""Novelty-detection scores: plain definitions, documented values and invalid input."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from skseed.metrics import fpr_at_tpr, oscr_score

SAMPLES = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 6)), min_size=2, max_size=25)


@given(SAMPLES, st.integers(1, 100))
@settings(max_examples=80, deadline=None)
def test_equal_the_plain_definitions(samples: list[tuple[bool, bool, int]], percent: int) -> None:
    known = [score for is_known, _, score in samples if is_known]
    unknown = [score for is_known, _, score in samples if not is_known]
    assume(known and unknown)
    is_known, is_correct, score = (np.array(column) for column in zip(*samples, strict=True))
    threshold = max(t for t in known if 100 * sum(s >= t for s in known) >= percent * len(known))
    plain = sum(s >= threshold for s in unknown) / len(unknown)
    assert fpr_at_tpr(is_known, score, tpr=percent / 100) == pytest.approx(plain)

    area = sum(
        right * ((s > t) + 0.5 * (s == t)) for is_in, right, s in samples if is_in for t in unknown
    ) / (len(known) * len(unknown))
    assert oscr_score(is_known, score, is_correct=is_correct) == pytest.approx(area)
    # with every known sample classified correctly it is the area under the ROC curve
    everything = np.ones(len(samples), dtype=bool)
    assert oscr_score(is_known, score, is_correct=everything) == pytest.approx(roc_auc_score(is_known, score))
    assert oscr_score(is_known, score, is_correct=is_correct) <= np.mean(is_correct[is_known]) + 1e-12


def test_best_and_random_values() -> None:
    rng = np.random.default_rng(0)
    known = np.repeat([True, False], 5000)
    assert fpr_at_tpr(known, known.astype(float)) == 0
    assert oscr_score(known, known.astype(float), is_correct=known) == 1
    noise = rng.normal(size=10_000)
    assert fpr_at_tpr(known, noise) == pytest.approx(0.95, abs=0.02)
    assert oscr_score(known, noise, is_correct=rng.random(10_000) < 0.6) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(
    ("known", "score", "match"),
    [
        ([True, True], [1, 2], "known and unknown"),
        ([True, False], [1, 2, 3], "equal length"),
        ([True, False], [1, np.nan], r"score\[1\] is NaN"),
    ],
)
def test_invalid_input_raises(known: list, score: list, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        fpr_at_tpr(known, score)
    with pytest.raises(ValueError, match=match):
        oscr_score(known, score, is_correct=known)


def test_is_correct_of_another_length_raises() -> None:
    with pytest.raises(ValueError, match="same shape"):
        oscr_score([True, False], [1, 2], is_correct=[True])


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (["True", "False"], r"is_known\[0\] is 'True', but it must be True or False"),
        ([True, "no"], r"is_known\[1\] is 'no'"),
        (["church", "unseen"], r"is_known\[0\] is 'church'"),
        ([1, 7], r"is_known\[1\] is 7"),
        ([1.0, 0.5], r"is_known\[1\] is 0.5"),
        ([True, None], r"is_known\[1\] is None"),
        ([1, float("nan")], r"is_known\[1\] is nan"),
    ],
)
def test_values_that_are_not_booleans_raise(values: list, match: str) -> None:
    """bool("False") is True, so a conversion would silently give wrong scores."""
    with pytest.raises(ValueError, match=match):
        fpr_at_tpr(values, [1, 2])
    with pytest.raises(ValueError, match=match):
        oscr_score(values, [1, 2], is_correct=[True, False])
    with pytest.raises(ValueError, match=match.replace("is_known", "is_correct")):
        oscr_score([True, False], [1, 2], is_correct=values)


@pytest.mark.parametrize("values", [[1, 0], [1.0, 0.0], np.array([True, False], dtype=object)])
def test_zero_and_one_are_accepted_as_booleans(values: list) -> None:
    assert fpr_at_tpr(values, [2, 1]) == 0
    assert oscr_score(values, [2, 1], is_correct=values) == 1


@pytest.mark.parametrize("scores", [["0.5", "0.1"], [0.5, None], [0.5, "high"]])
def test_scores_that_are_not_numbers_raise(scores: list) -> None:
    with pytest.raises(ValueError, match=r"score\[\d\] is .*not a number"):
        fpr_at_tpr([True, False], scores)


def test_constant_and_random_scores_give_the_documented_values() -> None:
    rng = np.random.default_rng(0)
    known, correct = rng.random(4000) < 0.5, rng.random(4000) < 0.6
    accuracy = correct[known].mean()
    assert fpr_at_tpr(known, np.zeros(4000)) == 1
    assert fpr_at_tpr(known, rng.random(4000), tpr=0.8) == pytest.approx(0.8, abs=0.04)
    assert oscr_score(known, np.zeros(4000), is_correct=correct) == pytest.approx(accuracy / 2)
    assert oscr_score(known, rng.random(4000), is_correct=correct) == pytest.approx(accuracy / 2, abs=0.03)
