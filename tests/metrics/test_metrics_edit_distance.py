"""Percent RMSE: comparison with its plain definition, invariances, and invalid input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import squareform

from skseed.metrics import percent_rmse


@given(
    st.lists(st.tuples(st.integers(0, 300), st.floats(0, 400)), min_size=1, max_size=30), st.integers(1, 500)
)
@settings(max_examples=60, deadline=None)
def test_equals_the_plain_definition(pairs: list[tuple[int, float]], length: int) -> None:
    true, pred = [a for a, _ in pairs], [b for _, b in pairs]
    plain = 100 * (sum(((a - b) / length) ** 2 for a, b in pairs) / len(pairs)) ** 0.5
    assert percent_rmse(true, pred, length=length) == pytest.approx(plain)
    assert percent_rmse(true, true, length=length) == 0
    # doubling all lengths and distances changes nothing
    doubled = percent_rmse(2 * np.array(true), 2 * np.array(pred), length=2 * length)
    assert doubled == pytest.approx(plain)


def test_square_matrix_equals_its_pairs() -> None:
    rng = np.random.default_rng(0)
    true, pred = rng.integers(1, 50, 45), rng.uniform(1, 50, 45)
    whole = percent_rmse(squareform(true), squareform(pred), length=50)
    assert whole == pytest.approx(percent_rmse(true, pred, length=50))
    # the diagonal of the predictions is ignored
    noisy = squareform(pred) + np.diag(rng.uniform(size=10))
    assert percent_rmse(squareform(true), noisy, length=50) == pytest.approx(whole)


def test_matrix_between_two_sets_counts_every_cell() -> None:
    true = np.array([[1, 2], [3, 4]])
    assert percent_rmse(true, true + 1, length=100) == pytest.approx(1)
    assert percent_rmse([[5.0]], [[4.0]], length=100) == pytest.approx(1)
    assert percent_rmse(np.ones((2, 3)), np.zeros((2, 3)), length=10) == pytest.approx(10)


def test_predicting_the_mean_scores_the_standard_deviation() -> None:
    true = np.random.default_rng(0).integers(0, 100, 1000)
    expected = 100 * true.std() / 150
    assert percent_rmse(true, np.full(1000, true.mean()), length=150) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("true", "pred", "length", "match"),
    [
        ([1, 2], [1, 2, 3], 10, "same shape"),
        ([], [], 10, "no pair"),
        ([1, np.nan], [1, 2], 10, r"y_true\[1\] is nan, but distances must be finite"),
        ([1, 2], [np.inf, 2], 10, r"y_pred\[0\] is inf, but distances must be finite"),
        ([1], [1], 0, "'length' parameter"),
        (["1", "2"], [1, 2], 10, r"y_true\[0\] is '1', which is not a number"),
        ([1, 2], [1, None], 10, r"y_pred\[1\] is None, which is not a number"),
    ],
)
def test_invalid_input_raises_with_index(true: list, pred: list, length: float, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        percent_rmse(true, pred, length=length)
