"""The parameters of training have one order, one set of constraints and one text in all neural estimators."""

import inspect

import pytest
from numpydoc.docscrape import FunctionDoc

# the mixin finds all neural estimators
from skseed._training import NeuralEstimatorMixin
from tests.training.neural import ONE_EACH, neural_classes

# the description of a parameter starts with this text; an estimator may add sentences of its own
SHARED = {
    "lr": ("float", "Highest learning rate of the one-cycle schedule."),
    "max_epochs": ("int", "Largest number of passes over the training data."),
    "batch_size": ("int", "Number of training samples in a batch, at least 2."),
    "optimizer": (
        '{"adagrad", "adam", "adamw", "rmsprop", "sgd"} or callable, default="adam"',
        "Torch optimizer: a name, or a callable that takes parameters and ``lr``.",
    ),
    "validation_fraction": (
        "float",
        "Share of the training data, in [0, 1), that is held out to choose the best epoch by the validation "
        "loss. 0 trains on all data and keeps the last epoch.",
    ),
    "n_iter_no_change": (
        "int",
        "Number of epochs without a lower validation loss after which training ends. Unused if nothing is "
        "held out.",
    ),
    "callbacks": (
        "list of skorch callbacks or None, default=None",
        "Further skorch callbacks. Callbacks that score predictions, such as ``EpochScoring``, are not "
        "supported.",
    ),
    "checkpoint": (
        "str, path-like or None, default=None",
        "Directory for the state of training, which is written after every epoch and removed at the end. An "
        "interrupted `fit` resumes when it is called again with the same data and parameters, and gives the "
        "same result, bit for bit. Requires an int as `random_state`.",
    ),
    "device": (
        'str, default="cpu"',
        'Torch device, or ``"auto"`` for CUDA if it is available and the CPU otherwise.',
    ),
    "verbose": ("int, default=0", "Whether to print a line for every epoch."),
    "random_state": (
        "int, RandomState instance or None, default=None",
        "Seed of all random choices of `fit`. Pass an int for the same result, bit for bit, in every call "
        "and for any number of jobs or threads.",
    ),
}


def test_every_neural_estimator_has_a_case():
    assert sorted(neural_classes()) == sorted(ONE_EACH)


@pytest.mark.parametrize("name", sorted(neural_classes()))
def test_shared_parameters_have_one_order_and_are_keyword_only(name):
    parameters = inspect.signature(neural_classes()[name].__init__).parameters
    assert [parameter for parameter in parameters if parameter in SHARED] == list(SHARED)
    assert all(parameters[shared].kind is inspect.Parameter.KEYWORD_ONLY for shared in SHARED)
    for shared, default in (
        ("optimizer", "adam"),
        ("callbacks", None),
        ("checkpoint", None),
        ("device", "cpu"),
        ("verbose", 0),
        ("random_state", None),
    ):
        assert parameters[shared].default == default, shared


@pytest.mark.parametrize("name", sorted(neural_classes()))
def test_shared_parameters_have_one_text(name):
    documented = {item.name: item for item in FunctionDoc(neural_classes()[name])["Parameters"]}
    assert [parameter for parameter in documented if parameter in SHARED] == list(SHARED)
    for shared, (kind, text) in SHARED.items():
        assert documented[shared].type.startswith(kind), shared
        assert " ".join(documented[shared].desc).startswith(text), shared


@pytest.mark.parametrize("name", sorted(neural_classes()))
def test_shared_parameters_have_one_set_of_constraints(name):
    constraints = neural_classes()[name]._parameter_constraints
    for shared in SHARED.keys() - {"lr"}:
        assert constraints[shared] is NeuralEstimatorMixin._training_constraints[shared], shared
