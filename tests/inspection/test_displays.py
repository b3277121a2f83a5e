"""Displays of distances, rankings, probabilities and training: their numbers, and what they plot."""

import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skseed.datasets import make_plasmids
from skseed.distances import levenshtein_distances
from skseed.embedding import EditDistanceEmbedder
from skseed.inspection import (
    DistanceErrorDisplay,
    ReliabilityDisplay,
    SplitLeakageDisplay,
    TopKDisplay,
    TrainingHistoryDisplay,
)
from skseed.metrics import expected_calibration_error, top_k_score
from skseed.preprocessing import KmerVectorizer, OneHotEncoder
from skseed.ranking import KmerLabRanker

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

GENES = ["GATTACAGATT", "GATTACCGATT", "CCGCGGCCGCG", "CCGCGCCGCG", "GATTTACAGATA", "CCGCGGGCCGC"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def embedder():
    return EditDistanceEmbedder(2, encoder="linear", max_epochs=2, random_state=0).fit(GENES)


@pytest.fixture(scope="module")
def plasmids():
    return make_plasmids(40, 4, length=300, random_state=0)


def test_distance_error_compares_all_pairs(embedder):
    display = DistanceErrorDisplay.from_estimator(embedder, GENES)
    above = np.triu_indices(6, 1)
    np.testing.assert_array_equal(display.y_true, levenshtein_distances(GENES)[above])
    np.testing.assert_array_equal(display.y_pred, embedder.pairwise_distances(GENES)[above])
    assert display.name == "EditDistanceEmbedder"


def test_distance_error_passes_a_pipeline(embedder):
    pipeline = make_pipeline(
        OneHotEncoder("dna"), EditDistanceEmbedder(2, encoder="linear", max_epochs=2, random_state=0)
    ).fit(GENES)
    display = DistanceErrorDisplay.from_estimator(pipeline, GENES)
    np.testing.assert_allclose(display.y_pred, DistanceErrorDisplay.from_estimator(embedder, GENES).y_pred)


def test_bias_and_error_of_each_band():
    true = np.array([1, 2, 9, 10, 19, 20])
    display = DistanceErrorDisplay.from_predictions(true, true + np.array([1, 3, 0, -2, 0, -4]))
    frame = display.frame(bands=[0, 10, 20])
    assert frame.index.tolist() == ["0–10", "10–20"]
    assert frame.n_pairs.tolist() == [3, 3]
    np.testing.assert_allclose(frame.bias, [4 / 3, -2])
    np.testing.assert_allclose(frame.rmse, np.sqrt([10 / 3, 20 / 3]))


def test_default_bands_hold_every_pair():
    true = np.random.default_rng(0).integers(0, 90, 500)
    assert DistanceErrorDisplay.from_predictions(true, true).frame().n_pairs.sum() == 500
    assert DistanceErrorDisplay.from_predictions([0, 0], [0, 1]).frame().n_pairs.tolist() == [2]


@pytest.mark.parametrize(("true", "predicted", "message"), [([1, 2], [1], "shape"), ([], [], "at least one")])
def test_distances_that_do_not_match_raise(true, predicted, message):
    with pytest.raises(ValueError, match=message):
        DistanceErrorDisplay.from_predictions(true, predicted)


def test_mean_of_exact_predictions_is_on_the_diagonal():
    true = np.arange(40)
    display = DistanceErrorDisplay.from_predictions(true, true, name="exact").plot()
    np.testing.assert_allclose(display.line_.get_xdata(), display.line_.get_ydata())
    assert display.ax_.get_title() == "exact"


def test_top_k_curve_equals_the_metric(plasmids):
    X, y = plasmids
    ranker = KmerLabRanker().fit(X[:24], y[:24])
    display = TopKDisplay.from_estimator(ranker, X[24:], y[24:]).plot()
    scores = ranker.decision_function(X[24:])
    expected = [top_k_score(y[24:], scores, k=k, labels=ranker.classes_) for k in range(1, 5)]
    np.testing.assert_allclose(display.frame().top_k, expected)
    np.testing.assert_allclose(display.line_.get_ydata(), expected)
    assert display.name == "KmerLabRanker"


def test_top_k_accepts_two_classes_and_names_the_last_step():
    y = ["animal", "animal", "plant", "plant", "animal", "plant"]
    model = make_pipeline(KmerVectorizer(k=2), LogisticRegression()).fit(GENES, y)
    display = TopKDisplay.from_estimator(model, GENES, y)
    assert display.frame().top_k.tolist() == [
        top_k_score(y, model.decision_function(GENES), k=1, labels=model.classes_),
        1,
    ]
    assert display.name == "LogisticRegression"


def test_top_k_counts_unknown_labels_as_misses():
    display = TopKDisplay.from_predictions(["voigt", "arnold"], [[1.0, 0.0]] * 2, labels=["voigt", "church"])
    assert display.frame().top_k.tolist() == [0.5, 0.5]
    assert "X99 3" in display.plot(chance=False).ax_.get_legend().get_texts()[0].get_text()


def test_reliability_bins_sum_to_the_error(plasmids):
    X, y = plasmids
    model = make_pipeline(KmerVectorizer(k=2), LogisticRegression(C=0.001)).fit(X[:24], y[:24])
    display = ReliabilityDisplay.from_estimator(model, X[24:], y[24:], n_bins=7)
    gaps = (display.bins.accuracy - display.bins.confidence).abs()
    expected = expected_calibration_error(
        y[24:], model.predict_proba(X[24:]), labels=model.classes_, n_bins=7
    )
    assert display.error == pytest.approx(expected)
    assert (display.bins.n * gaps).sum() / display.bins.n.sum() == pytest.approx(expected)
    np.testing.assert_array_equal(display.plot().line_.get_ydata(), display.bins.accuracy)


def test_training_history_equals_that_of_the_net():
    embedder = EditDistanceEmbedder(
        2, encoder="linear", max_epochs=3, validation_fraction=0.4, random_state=0
    ).fit(GENES)
    display = TrainingHistoryDisplay.from_estimator(embedder).plot()
    assert display.history.index.tolist() == [1, 2, 3]
    assert display.history.train_loss.tolist() == embedder.net_.history[:, "train_loss"]
    assert display.history.valid_loss.tolist() == embedder.net_.history[:, "valid_loss"]
    assert len(display.lines_) == 2


def test_an_estimator_without_network_raises(plasmids):
    with pytest.raises(TypeError, match="KmerLabRanker has no network"):
        TrainingHistoryDisplay.from_estimator(KmerLabRanker().fit(*plasmids))


def test_missing_matplotlib_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    display = DistanceErrorDisplay.from_predictions([1, 2], [1, 2])
    with pytest.raises(ImportError, match=r"DistanceErrorDisplay.plot needs matplotlib: pip install"):
        display.plot()


def test_displays_share_axes(plasmids):
    X, _ = plasmids
    _, ax = plt.subplots()
    display = SplitLeakageDisplay.from_splits(X[:10], X_test=X[10:14]).plot(ax)
    assert display.ax_ is ax
    assert not ax.spines["top"].get_visible()
