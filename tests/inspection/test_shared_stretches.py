"""SharedStretchesDisplay: the arcs of the map, given axes and errors."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from skseed.inspection import SharedStretchesDisplay
from skseed.ranking import KmerLabRanker, KmerNetworkLabRanker

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

STRETCHES = pd.DataFrame(
    {"lab": ["a", "a", "b"], "start": [10, 90, 30], "end": [30, 10, 30], "n_labs": [1, 100, 2]}
)
KMERS = pd.DataFrame({"start": np.arange(0, 100, 10), "n_labs": 3})


@pytest.fixture(autouse=True)
def close_figures() -> Any:
    yield
    plt.close("all")


def display(**changes: Any) -> SharedStretchesDisplay:
    options = {"stretches": STRETCHES, "kmers": KMERS, "labs": ["a", "b", "c"], "length": 100}
    return SharedStretchesDisplay(**{"circular": True, **options, **changes})


def test_arcs_have_the_angles_of_the_stretches() -> None:
    shown = display().plot()
    assert len(shown.rings_) == 2
    circle = 2 * np.pi
    first, second = shown.rings_[0]
    assert (first.get_x(), first.get_width()) == pytest.approx((0.1 * circle, 0.2 * circle))
    # it crosses the first position
    assert (second.get_x(), second.get_width()) == pytest.approx((0.9 * circle, 0.2 * circle))
    (whole,) = shown.rings_[1]
    assert whole.get_width() == pytest.approx(circle)
    assert first.get_alpha() > second.get_alpha()
    assert shown.rings_[0][0].get_y() > shown.rings_[1][0].get_y()


def test_linear_sequences_leave_a_gap() -> None:
    linear = STRETCHES.iloc[:1].assign(start=0, end=100)
    (bar,) = display(stretches=linear, circular=False).plot().rings_[0]
    assert bar.get_width() == pytest.approx(0.97 * 2 * np.pi)


def test_given_axes_and_colors_are_used() -> None:
    figure = plt.figure()
    ax = figure.add_subplot(projection="polar")
    shown = display().plot(ax, colors=["red", "green", "blue"])
    assert shown.ax_ is ax
    assert shown.figure_ is figure
    assert shown.rings_[0][0].get_facecolor()[:3] == (1, 0, 0)
    with pytest.raises(ValueError, match="projection='polar'"):
        display().plot(plt.figure().add_subplot())
    with pytest.raises(ValueError, match="colors has 1 items, but there are 3 labs"):
        display().plot(colors=["red"])


def test_estimator_gives_its_shared_stretches() -> None:
    X, y = ["GATTACAGATCCGTA", "CTTGGCATTCACGGA"], ["Curie", "Franklin"]
    ranker = KmerLabRanker(k=6, fraction=1).fit(X, y)
    shown = SharedStretchesDisplay.from_estimator(ranker, X[:1], ["Franklin", "Curie"])
    assert shown.labs.tolist() == ["Franklin", "Curie"]
    pd.testing.assert_frame_equal(shown.stretches, ranker.shared_stretches(X[:1], shown.labs).stretches)
    assert len(shown.plot().rings_) == 1
    with pytest.raises(TypeError, match="KmerNetworkLabRanker has no method shared_stretches"):
        SharedStretchesDisplay.from_estimator(KmerNetworkLabRanker(), X[:1])
