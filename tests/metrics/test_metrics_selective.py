"""Risk-coverage curve and area: plain definitions, documented values and invalid input."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseed.metrics import risk_coverage_area, risk_coverage_curve

SAMPLES = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=25)


@given(SAMPLES)
@settings(max_examples=80, deadline=None)
def test_curve_equals_the_plain_definition(samples: list[tuple[bool, int]]) -> None:
    is_correct, score = zip(*samples, strict=True)
    coverage, risk, thresholds = risk_coverage_curve(is_correct, score)
    assert thresholds.tolist() == sorted(set(score), reverse=True)
    for share, error, threshold in zip(coverage, risk, thresholds, strict=True):
        answered = [right for right, s in samples if s >= threshold]
        assert share == pytest.approx(len(answered) / len(samples))
        assert error == pytest.approx(1 - np.mean(answered))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_area_is_the_mean_over_all_orders_of_ties(samples: list[tuple[bool, int]]) -> None:
    areas = []
    for order in permutations(samples):
        ordered = sorted(order, key=lambda sample: -sample[1])
        errors = np.cumsum([not right for right, _ in ordered])
        areas.append(np.mean(errors / np.arange(1, len(errors) + 1)))
    is_correct, score = zip(*samples, strict=True)
    assert risk_coverage_area(is_correct, score) == pytest.approx(np.mean(areas))


def test_best_constant_and_random_values() -> None:
    rng = np.random.default_rng(0)
    is_correct = rng.random(10_000) < 0.7
    assert risk_coverage_area(np.ones(5), np.arange(5)) == 0
    assert risk_coverage_area(np.zeros(5), np.arange(5)) == 1
    assert risk_coverage_area(is_correct, np.ones(10_000)) == pytest.approx(1 - is_correct.mean())
    assert risk_coverage_area(is_correct, rng.random(10_000)) == pytest.approx(0.3, abs=0.03)
    best, worst = (risk_coverage_area(is_correct, sign * is_correct.astype(float)) for sign in (1, -1))
    assert best < 0.1 < 0.5 < worst


@pytest.mark.parametrize(
    ("is_correct", "score", "match"),
    [
        ([True, False], [1, 2, 3], "equal length"),
        ([], [], "is empty"),
        ([True, False], [1, np.nan], r"score\[1\] is NaN"),
        ([True, 2], [1, 2], r"is_correct\[1\]"),
    ],
)
def test_invalid_input_raises(is_correct: list, score: list, match: str) -> None:
    for function in (risk_coverage_curve, risk_coverage_area):
        with pytest.raises(ValueError, match=match):
            function(is_correct, score)
