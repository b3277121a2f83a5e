"""Small instances of all neural estimators, with data that they can be fitted on in a second."""

import importlib
import pkgutil

import numpy as np
from sklearn.base import clone

import skseed

# the mixin finds all neural estimators
from skseed._training import NeuralEstimatorMixin
from skseed.classification import SequenceClassifier
from skseed.embedding import (
    CNNEncoder,
    EditDistanceEmbedder,
    KmerVoteEncoder,
    LandmarkEncoder,
    ReadPositionEmbedder,
)
from skseed.preprocessing import CircularShiftAugmenter
from skseed.ranking import KmerNetworkLabRanker, SoftmaxLabRanker, TripletLabRanker
from tests.reference import mutate, random_sequence

_RNG = np.random.default_rng(0)
_ROOTS = [random_sequence(_RNG, 30) for _ in range(4)]
GENES = [mutate(_RNG, root, 3)[:28] for root in _ROOTS for _ in range(8)]
CLASSES = np.repeat(["Curie", "Franklin", "McClintock", "Meitner"], 8)
_GENOME = random_sequence(_RNG, 300)
POSITIONS = np.arange(0, 256, 8)
READS = [_GENOME[start : start + 40] for start in POSITIONS]
TOKENS = _RNG.integers(2, 20, size=(32, 12)) + 3 * np.repeat(np.arange(4), 8)[:, None]
TOKENS[::3, 9:] = 0

_FAST = {"max_epochs": 6, "batch_size": 8, "random_state": 0}
_RANKER = {"embedding_dim": 6, "kernel_sizes": (1, 3), "n_filters": 5, **_FAST}

# name: estimator, X, y
CASES = {
    "EditDistanceEmbedder-cnn": (
        EditDistanceEmbedder(4, encoder=CNNEncoder(n_channels=4, n_layers=2), **_FAST),
        GENES,
        None,
    ),
    "EditDistanceEmbedder-landmark": (
        EditDistanceEmbedder(4, encoder=LandmarkEncoder(8), **_FAST),
        GENES,
        None,
    ),
    "ReadPositionEmbedder": (
        # one component, because folding the line into more dimensions takes most of the time of a tiny fit
        ReadPositionEmbedder(1, encoder=KmerVoteEncoder(k=9), mutation_rate=0.01, **_FAST),
        READS,
        POSITIONS,
    ),
    "SequenceClassifier-mean": (
        SequenceClassifier(alphabet="dna", dropout=0.3, validation_fraction=0, **_FAST),
        GENES,
        CLASSES,
    ),
    "SequenceClassifier-lstm": (
        SequenceClassifier("lstm", alphabet="dna", k=2, hidden_dim=4, validation_fraction=0, **_FAST),
        GENES,
        CLASSES,
    ),
    "SequenceClassifier-tokens": (
        SequenceClassifier("transformer", hidden_dim=8, validation_fraction=0, **_FAST),
        TOKENS,
        CLASSES,
    ),
    "KmerNetworkLabRanker": (KmerNetworkLabRanker(9, fraction=1, n_hidden=4, **_FAST), GENES, CLASSES),
    "SoftmaxLabRanker": (SoftmaxLabRanker(**_RANKER), TOKENS, CLASSES),
    "TripletLabRanker": (
        TripletLabRanker(augmenter=CircularShiftAugmenter(), dropout=0.3, n_views=2, **_RANKER),
        TOKENS,
        CLASSES,
    ),
}
# one case for each class
ONE_EACH = {name.split("-")[0]: case for name, case in reversed(CASES.items())}


def fresh(name, **params):
    """Return a new estimator of a case with some parameters changed, and its data."""
    estimator, X, y = CASES[name] if name in CASES else ONE_EACH[name]
    return clone(estimator).set_params(**params), X, y


def predict(estimator, X):
    """Return what an estimator predicts for X, as floats."""
    for method in ("decision_function", "transform"):
        if hasattr(estimator, method):
            return np.asarray(getattr(estimator, method)(X), dtype=np.float64)
    raise AssertionError(f"{type(estimator).__name__} has no method of prediction")


def weights(estimator):
    """Return the weights of a fitted estimator."""
    return {name: value.cpu().numpy() for name, value in estimator.net_.module_.state_dict().items()}


def neural_classes():
    """Return the public neural estimators of skseed by name."""
    found = {}
    for module in pkgutil.iter_modules(skseed.__path__):
        if not module.name.startswith("_"):
            package = importlib.import_module(f"skseed.{module.name}")
            for name in getattr(package, "__all__", ()):
                item = getattr(package, name)
                if isinstance(item, type) and issubclass(item, NeuralEstimatorMixin):
                    found[name] = item
    return found
