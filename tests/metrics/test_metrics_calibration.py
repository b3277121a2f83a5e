"""Expected calibration error: comparison with a plain loop, known values, and invalid input."""

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
    y = rng.choice([*labels, "unseen"], size=30)
    expected = plain(y, prob, labels, n_bins)
    assert expected_calibration_error(y, prob, labels=labels, n_bins=n_bins) == pytest.approx(expected)


def test_certain_predictions_score_one_minus_accuracy() -> None:
    prob = np.eye(4)[[0, 1, 2, 3, 0]]
    assert expected_calibration_error([0, 1, 2, 0, 3], prob, labels=range(4)) == pytest.approx(0.4)


def test_calibrated_probabilities_score_near_zero() -> None:
    rng = np.random.default_rng(0)
    prob = rng.dirichlet([0.5, 0.5, 0.5], size=40_000)
    y = (rng.random(40_000)[:, None] > prob.cumsum(axis=1)).sum(axis=1)
    assert expected_calibration_error(y, prob, labels=range(3)) < 0.01
    sharpened = prob**3 / (prob**3).sum(axis=1, keepdims=True)
    assert expected_calibration_error(y, sharpened, labels=range(3)) > 0.1


def test_float32_rounding_above_one_is_accepted() -> None:
    above = np.nextafter(np.float32(1), np.float32(2))
    prob = np.array([[above, 0], [0, above]], dtype=np.float32)
    assert expected_calibration_error(["a", "b"], prob, labels=["a", "b"]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("y", "prob", "message"),
    [
        (["a"], [[0.4, 1.2]], r"y_prob\[0, 1\] is 1.2, but probabilities must be between 0 and 1"),
        (["a"], [[0.4, np.nan]], r"y_prob\[0, 1\] is nan"),
        (["a"], [0.4], "two-dimensional"),
        (["a", "b"], [[0.4, 0.6]], "y_true has 2 labels, but y_prob has 1 rows"),
        ([], np.empty((0, 2)), "no sample"),
        ([1], [[0.4, 0.6]], r"y_true\[0\] is 1 \(number\), but labels\[0\] is 'a' \(str\)"),
        ([None], [[0.4, 0.6]], r"y_true\[0\] is missing"),
        (["a"], [["0.4", "0.6"]], r"y_prob\[0, 0\] is '0.4', which is not a number"),
        (["a"], [[0.4, None]], r"y_prob\[0, 1\] is None, which is not a number"),
    ],
)
def test_invalid_input_raises_with_index(y: Any, prob: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(y, prob, labels=["a", "b"])
