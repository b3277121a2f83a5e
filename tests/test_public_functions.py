"""Parameter constraints of all public functions."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable

import pytest

import skseed

# without nn, which does not use scikit-learn, and alphabets and io, whose functions take a single argument
PACKAGES = [
    "classification",
    "cluster",
    "datasets",
    "distances",
    "embedding",
    "metrics",
    "model_selection",
    "preprocessing",
    "ranking",
]


def public_functions() -> list[Callable]:
    modules = [importlib.import_module(f"skseed.{name}") for name in PACKAGES]
    items = [getattr(module, name) for module in modules for name in module.__all__]
    return [item for item in items if inspect.isfunction(item)]


def test_packages_exist_and_have_functions() -> None:
    assert set(PACKAGES) <= {module.name for module in pkgutil.iter_modules(skseed.__path__)}
    assert len(public_functions()) >= 10


@pytest.mark.parametrize("function", public_functions(), ids=lambda function: function.__name__)
def test_constraints_list_the_parameters_in_order(function: Callable) -> None:
    constraints = function._skl_parameter_constraints
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind != parameter.VAR_KEYWORD
    ]
    assert list(constraints) == [parameter.name for parameter in parameters]
    positional = [item.name for item in parameters if item.kind != item.KEYWORD_ONLY]
    # estimator, X, y and Y come first, as in scikit-learn's functions
    n_data = len({"estimator", "X", "y", "Y"} & set(positional))
    assert len(positional) <= max(2, n_data + 1), f"keyword-only after the first one or two; got {positional}"


@pytest.mark.parametrize("function", public_functions(), ids=lambda function: function.__name__)
def test_arguments_of_another_type_raise(function: Callable) -> None:
    parameters = inspect.signature(function).parameters
    with pytest.raises((TypeError, ValueError), match=r"parameter of|must be"):
        function(**dict.fromkeys(parameters, object()))
