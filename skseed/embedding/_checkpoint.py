"""Which file holds the state of an interrupted training."""

from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import torch


def state_file(estimator: Any, data: list[npt.NDArray[Any]], module: torch.nn.Module, seed: int) -> Path:
    """Return the file of this very training in the `checkpoint` folder of an EditDistanceEmbedder.

    Its name depends on all that decides the outcome: on the data, the module as it starts, the seed of the
    batches and the parameters. Of a function among these only the name counts.
    """
    weights = [values.numpy() for values in module.state_dict().values()]
    settings = [
        _describe(getattr(estimator, name))
        for name in (
            "lr",
            "max_epochs",
            "batch_size",
            "optimizer",
            "target",
            "synthetic",
            "mutation_rate",
            "near_weight",
            "n_iter_no_change",
        )
    ]
    return Path(estimator.checkpoint) / f"{joblib.hash([*data, weights, settings, repr(module), seed])}.pt"


def _describe(choice: Any) -> Any:
    if isinstance(choice, partial):
        return [_describe(choice.func), choice.args, choice.keywords]
    if callable(choice):
        return getattr(choice, "__qualname__", type(choice).__qualname__)
    return choice if isinstance(choice, str | float | int) else np.asarray(choice)
