"""RiskCoverageDisplay: the numbers, the plot and errors."""

from typing import Any

import numpy as np
import pytest

from skseed.datasets import make_plasmids
from skseed.inspection import RiskCoverageDisplay
from skseed.metrics import risk_coverage_area, risk_coverage_curve
from skseed.ranking import KmerLabRanker

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures() -> Any:
    yield
    plt.close("all")


def test_estimator_and_its_predictions_give_the_same_curve() -> None:
    X, y = make_plasmids(60, 4, length=300, random_state=0)
    y[40:50] = (y[40:50] + 1) % 4
    ranker = KmerLabRanker(k=8, fraction=1).fit(X[:40], y[:40])
    display = RiskCoverageDisplay.from_estimator(ranker, X[40:], y[40:])
    probabilities = ranker.predict_proba(X[40:])
    is_correct = ranker.predict(X[40:]) == y[40:]
    assert 0 < is_correct.mean() < 1
    coverage, risk, thresholds = risk_coverage_curve(is_correct, probabilities.max(axis=1))
    np.testing.assert_array_equal(display.coverage, coverage)
    np.testing.assert_array_equal(display.risk, risk)
    np.testing.assert_array_equal(display.thresholds, thresholds)
    assert display.area == risk_coverage_area(is_correct, probabilities.max(axis=1))
    assert display.name == "KmerLabRanker"
    assert display.frame().loc[1.0, "risk"] == pytest.approx(1 - is_correct.mean())


def test_unknown_labels_and_ties_are_errors() -> None:
    probabilities = [[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]]
    display = RiskCoverageDisplay.from_predictions(["new", "a", "b"], probabilities, labels=["a", "b"])
    np.testing.assert_allclose(display.risk, [1, 1 / 2, 2 / 3])


def test_plot_draws_the_curve_on_given_axes() -> None:
    display = RiskCoverageDisplay.from_predictions(
        ["a", "b", "b"], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], labels=["a", "b"], name="vote"
    )
    _, ax = plt.subplots()
    assert display.plot(ax, color="C2") is display
    assert display.ax_ is ax
    np.testing.assert_array_equal(display.line_.get_ydata(), display.risk)
    assert "vote" in display.line_.get_label()
    assert RiskCoverageDisplay.plot(display).ax_ is not ax


def test_labels_of_another_kind_raise() -> None:
    with pytest.raises(ValueError, match=r"y_true\[0\] is 1 \(number\)"):
        RiskCoverageDisplay.from_predictions([1, 2], [[0.9, 0.1], [0.6, 0.4]], labels=["a", "b"])
