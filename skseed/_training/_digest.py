"""A digest of parameters and data that is the same in every process."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import blake2b
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
import torch


def digest(value: Any) -> str:
    """Return a hexadecimal digest of nested containers, arrays, numbers, functions and estimators.

    Lists and tuples of equal items have the same digest, and so have equal numbers of Python and numpy. A
    function is described by its name, its code, its defaults and the values that its closure holds.
    """
    hasher = blake2b(digest_size=20)
    _feed(hasher, value, ())
    return hasher.hexdigest()


def _feed(hasher: Any, value: Any, parents: tuple[int, ...]) -> None:
    """Add a value to the hasher; `parents` are the ids of the containers that hold it."""

    def add(kind: str, *items: Any) -> None:
        hasher.update(f"{kind}{len(items)}(".encode())
        for item in items:
            _feed(hasher, item, (*parents, id(value)))
        hasher.update(b")")

    if id(value) in parents:
        # the place of the container among its parents describes a cycle
        hasher.update(f"cycle{len(parents) - parents.index(id(value))};".encode())
    elif value is None or isinstance(value, bool | int | float | complex | str | bytes):
        hasher.update(f"{type(value).__name__}:{value!r};".encode())
    elif isinstance(value, np.generic):
        _feed(hasher, value.item(), parents)
    elif isinstance(value, torch.Tensor):
        _feed(hasher, value.detach().cpu().numpy(), parents)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biufcSU":
        hasher.update(f"array:{value.dtype.str}{value.shape};".encode())
        hasher.update(np.ascontiguousarray(value).view(np.uint8).data if value.size else b"")
    elif isinstance(value, np.ndarray):
        add("objects", value.shape, *value.ravel().tolist())
    elif isinstance(value, Mapping):
        add(
            "mapping",
            *(item for pair in sorted(value.items(), key=lambda pair: repr(pair[0])) for item in pair),
        )
    elif isinstance(value, Sequence):
        add("sequence", *value)
    elif isinstance(value, set | frozenset):
        add("set", *sorted(value, key=repr))
    elif isinstance(value, partial):
        add("partial", value.func, value.args, value.keywords)
    elif isinstance(value, MethodType):
        add("method", value.__func__, value.__self__)
    elif isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        add("function", value.__module__, value.__qualname__, value.__code__, value.__defaults__, cells)
    elif isinstance(value, CodeType):
        add("code", value.co_code, value.co_names, value.co_consts)
    elif isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        add("name", getattr(value, "__module__", None), value.__qualname__)
    elif isinstance(value, np.random.RandomState):
        add("RandomState", value.get_state())
    elif hasattr(value, "get_params"):
        add("estimator", type(value), value.get_params(deep=False))
    elif hasattr(value, "__array__"):
        _feed(hasher, np.asarray(value), parents)
    elif dataclasses.is_dataclass(value):
        add(
            "object",
            type(value),
            {field.name: getattr(value, field.name) for field in dataclasses.fields(value)},
        )
    else:
        add("object", type(value), getattr(value, "__dict__", None))
