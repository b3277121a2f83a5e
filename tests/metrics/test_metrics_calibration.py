"""The expected calibration error against a plain loop, and what it says about known cases."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skseed.metrics import expected_calibration_error


def plain(y_true: Any, y_prob: Any, labels: Any, n_bins: int) -> float:
    total = 0.0
    for b in range(n_bins):
        low, high = b / n_bins, (b + 1) / n_bins
        inside = [
            (max(row), labels[list(row).index(max(row))] == true)
            for true, row in zip(y_true, y_prob, strict=True)
            if low < max(row) <= high or (b == 0 and max(row) == 0)
        ]
        if inside:
            confidence = sum(c for c, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            total += len(inside) / len(y_true) * abs(accuracy - confidence)
    return total


@given(st.integers(0, 10**6), st.integers(2, 5), st.sampled_from([1, 2, 7, 15]))
def test_equals_a_plain_loop(seed: int, n_labels: int, n_bins: int) -> None:
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.full(n_labels, 0.4), size=30)
    labels = [f"lab{i}" for i in range(n_labels)]
    y = rng.choice([*labels, "stranger"], size=30)
    expected = plain(y, prob, labels, n_bins)
    assert expected_calibration_error(y, prob, labels=labels, n_bins=n_bins) == pytest.approx(expected)


def test_certain_of_everything_errs_by_what_is_wrong() -> None:
    """Rank codes for probabilities: the third of the challenge's winners scored 1 - accuracy so."""
    prob = np.eye(4)[[0, 1, 2, 3, 0]]
    assert expected_calibration_error([0, 1, 2, 0, 3], prob, labels=range(4)) == pytest.approx(0.4)


def test_a_calibrated_forecast_scores_next_to_nothing() -> None:
    rng = np.random.default_rng(0)
    prob = rng.dirichlet([0.5, 0.5, 0.5], size=40_000)
    y = (rng.random(40_000)[:, None] > prob.cumsum(axis=1)).sum(axis=1)
    assert expected_calibration_error(y, prob, labels=range(3)) < 0.01
    sharpened = prob**3 / (prob**3).sum(axis=1, keepdims=True)
    assert expected_calibration_error(y, sharpened, labels=range(3)) > 0.1


def test_a_softmax_in_single_precision_may_end_above_one() -> None:
    above = np.nextafter(np.float32(1), np.float32(2))
    prob = np.array([[above, 0], [0, above]], dtype=np.float32)
    assert expected_calibration_error(["a", "b"], prob, labels=["a", "b"]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("y", "prob", "message"),
    [
        (["a"], [[0.4, 1.2]], "1.2 at row 0, column 1; probabilities are between 0 and 1"),
        (["a"], [[0.4, np.nan]], "NaN at row 0, column 1"),
        (["a"], [0.4], "two-dimensional"),
        (["a", "b"], [[0.4, 0.6]], "one label for each of the 1 rows"),
        ([], np.empty((0, 2)), "no sample"),
    ],
)
def test_bad_input_is_named(y: Any, prob: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(y, prob, labels=["a", "b"])
