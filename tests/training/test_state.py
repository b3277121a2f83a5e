"""The state of a fitted neural estimator is plain, and every way to store it gives equal predictions."""

import copy
import io
import pickle

import cloudpickle
import joblib
import numpy as np
import pytest
import skops.io
import torch
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from skseed.classification import SequenceClassifier
from skseed.preprocessing import BPETokenizer
from skseed.ranking import TripletLabRanker
from tests.training.neural import CASES, CLASSES, GENES, fresh, predict

PLAIN = (bool, int, float, str, bytes, type(None), np.ndarray, np.generic)


@pytest.fixture(scope="module", params=list(CASES))
def fitted(request):
    estimator, X, y = fresh(request.param, max_epochs=2)
    return estimator.fit(X, y), X, predict(estimator, X)


def through_joblib(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


def through_skops(estimator):
    file = skops.io.dumps(estimator)
    untrusted = skops.io.get_untrusted_types(data=file)
    assert all(name.startswith(("skseed.", "numpy.", "scipy.", "sklearn.")) for name in untrusted), untrusted
    return skops.io.loads(file, trusted=untrusted)


WAYS = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "joblib": through_joblib,
    "cloudpickle": lambda estimator: pickle.loads(cloudpickle.dumps(estimator)),
    "skops": through_skops,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", list(WAYS))
def test_every_way_to_store_gives_equal_predictions(fitted, way):
    estimator, X, expected = fitted
    loaded = WAYS[way](estimator)
    assert_array_equal(predict(loaded, X), expected)
    # and what was loaded can be stored again
    assert_array_equal(predict(WAYS[way](loaded), X), expected)
    assert loaded.net_.history[:, "train_loss"] == estimator.net_.history[:, "train_loss"]
    assert not loaded.net_.module_.training


def assert_plain(value, path):
    if isinstance(value, dict):
        for key, item in value.items():
            assert isinstance(key, PLAIN), path
            assert_plain(item, f"{path}[{key!r}]")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            assert_plain(item, f"{path}[{index}]")
    elif type(value).__module__.startswith("skseed."):
        # alphabets, encoder specs and the featurizers that they make
        _, arguments, *state = value.__reduce_ex__(2)
        assert_plain([item for item in (*arguments, *state) if not isinstance(item, type)], path)
    else:
        assert isinstance(value, PLAIN), f"{path} is a {type(value)}"
        assert not (isinstance(value, np.ndarray) and value.dtype.kind == "O" and value.ndim == 0), path


def test_state_holds_arrays_numbers_and_strings(fitted):
    estimator, _, _ = fitted
    state = estimator.__getstate__()
    assert "net_" not in state
    assert_plain(state, type(estimator).__name__)


def test_state_is_hardly_larger_than_the_weights(fitted):
    estimator, *_ = fitted
    n_bytes = sum(weights.numel() * weights.element_size() for weights in estimator.net_.module_.parameters())
    assert len(pickle.dumps(estimator)) < n_bytes + 25_000


def test_stored_estimators_ignore_parameters_that_were_set_after_fit():
    for name, params in (
        ("SequenceClassifier-lstm", {"encoder": "cnn", "hidden_dim": 9, "embedding_dim": 3}),
        ("EditDistanceEmbedder-cnn", {"n_components": 7, "distance": "cosine", "encoder": "linear"}),
        ("ReadPositionEmbedder", {"n_components": 5, "encoder": "cnn"}),
        ("TripletLabRanker", {"embedding_dim": 3, "kernel_sizes": (2,), "n_filters": 2}),
        ("SoftmaxLabRanker", {"embedding_dim": 3, "kernel_sizes": (2,), "n_filters": 2}),
    ):
        estimator, X, y = fresh(name, max_epochs=1)
        expected = predict(estimator.fit(X, y), X)
        estimator.set_params(**params)
        assert_array_equal(predict(pickle.loads(pickle.dumps(estimator)), X), expected)


@pytest.mark.parametrize("way", ["pickle", "skops"])
@pytest.mark.parametrize("kind", ["classifier", "ranker"])
def test_pipelines_are_stored_with_equal_predictions(way, kind):
    last = {
        "classifier": SequenceClassifier("cnn", hidden_dim=4, max_epochs=1, random_state=0),
        "ranker": TripletLabRanker(4, kernel_sizes=(1, 2), n_filters=3, max_epochs=1, random_state=0),
    }[kind]
    pipeline = make_pipeline(BPETokenizer(vocab_size=20), last).fit(GENES, CLASSES)
    loaded = WAYS[way](pipeline)
    assert_array_equal(loaded.predict(GENES), pipeline.predict(GENES))
    assert_array_equal(loaded.decision_function(GENES), pipeline.decision_function(GENES))


def test_callables_and_random_states_as_parameters_are_stored():
    estimator, X, y = fresh("SequenceClassifier", max_epochs=1, optimizer=torch.optim.SGD)
    estimator.set_params(random_state=np.random.RandomState(0)).fit(X, y)
    file = skops.io.dumps(estimator)
    untrusted = skops.io.get_untrusted_types(data=file)
    assert [name for name in untrusted if not name.startswith("skseed.")] == ["torch.optim.sgd.SGD"]
    assert_array_equal(predict(skops.io.loads(file, trusted=untrusted), X), predict(estimator, X))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_an_estimator_from_a_gpu_loads_on_a_machine_without_one():
    estimator, X, y = fresh("SequenceClassifier", max_epochs=1)
    expected = predict(estimator.fit(X, y), X)
    loaded = pickle.loads(pickle.dumps(estimator.set_params(device="cuda")))
    with pytest.raises(ValueError, match=r"device='cuda' is not available .* set_params\(device='cpu'\)"):
        predict(loaded, X)
    assert_array_equal(predict(loaded.set_params(device="cpu"), X), expected)
