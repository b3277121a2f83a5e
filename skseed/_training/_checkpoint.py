"""Write the state of training to a file after every epoch, and resume from it.

The file is named after everything that determines the outcome of `fit`, so equal fits share it and other
fits never read it. It starts with a checksum: a damaged file is ignored with one warning.
"""

import hashlib
import io
import json
import os
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, GradientNormClipping, LoadInitState, LRScheduler, ParamMapper
from skorch.history import History

from skseed._files import check_path
from skseed._training._callbacks import user_callbacks
from skseed._training._digest import digest
from skseed._training._early_stopping import KeepBest
from skseed._training._net import raise_interrupts
from skseed._version import __version__

_HEADER = b"skseed checkpoint 1\n"
_DIGEST_SIZE = hashlib.sha256().digest_size

# these parameters do not change the outcome
_IRRELEVANT = ("callbacks", "checkpoint", "device", "n_jobs", "verbose")

# skorch's callbacks that change the weights or the learning rate; the others read the training or end it
_TRAINERS = (GradientNormClipping, LRScheduler, LoadInitState, ParamMapper)


def check_resumable(estimator: Any) -> None:
    """Raise a ValueError if a second `fit` with the same parameters would draw other random numbers."""
    if estimator.checkpoint is not None and not isinstance(estimator.random_state, int | np.integer):
        raise ValueError(
            f"checkpoint needs an int as random_state, but random_state is {estimator.random_state!r:.60}: "
            "another fit would draw other numbers and could not resume; pass an int such as random_state=0."
        )


def state_path(estimator: Any, data: Sequence[Any], module: torch.nn.Module) -> Path:
    """Return the file for the state of this training in the estimator's `checkpoint` directory.

    Its name is a digest of the version, the parameters, the training data and the initial weights. Of the
    callbacks, those of skorch that change the training count; of others, such as a logger, nothing is known.
    """
    params = {
        name: value for name, value in estimator.get_params(deep=True).items() if name not in _IRRELEVANT
    }
    callbacks = [item for item in user_callbacks(estimator) if isinstance(item, _TRAINERS)]
    weights = module.state_dict()
    name = digest([__version__, type(estimator), params, callbacks, list(data), weights, repr(module)])
    return check_path(estimator.checkpoint, "checkpoint") / f"{name}.pt"


class Resume(Callback):
    """Load the state of training at the beginning, save it after every epoch, and remove it at the end."""

    def __init__(
        self, path: Path, schedule: LRScheduler, batches: Any, best: KeepBest | None, callbacks: list[Any]
    ) -> None:
        self.path = path
        self.schedule = schedule
        self.batches = batches
        self.best = best
        self.callbacks = callbacks

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        self.began_ = time.time()
        self.failed_ = False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        state = read_state(self.path, net.device)
        if state is None:
            return
        net.module_.load_state_dict(state["module"])
        net.criterion_.load_state_dict(state["criterion"])
        net.optimizer_.load_state_dict(state["optimizer"])
        self.schedule.lr_scheduler_.load_state_dict(state["schedule"])
        net.history = History(json.loads(state["history"]))
        self.batches.epoch = len(net.history)
        if self.best is not None:
            self.best.best_ = state["best"]
        for callback, values in zip(self.callbacks, state["callbacks"], strict=False):
            vars(callback).update(values)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        state = {
            "module": net.module_.state_dict(),
            "criterion": net.criterion_.state_dict(),
            "optimizer": net.optimizer_.state_dict(),
            "schedule": self.schedule.lr_scheduler_.state_dict(),
            # torch's safe reader does not accept numpy numbers
            "history": json.dumps(net.history.to_list(), default=_plain_value),
            "callbacks": [_plain_state(callback) for callback in self.callbacks],
        }
        if self.best is not None:
            state["best"] = self.best.best_
        with raise_interrupts():
            try:
                write_state(self.path, state)
            except OSError as error:
                self._warn_once(error)

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the file, and temporary files of equal fits that were killed before this fit began."""
        for leftover in self.path.parent.glob(f"{self.path.stem}.*.part"):
            try:
                if leftover.stat().st_mtime < self.began_:
                    leftover.unlink(missing_ok=True)
            except FileNotFoundError:
                continue
        self.path.unlink(missing_ok=True)

    def _warn_once(self, error: OSError) -> None:
        if not self.failed_:
            self.failed_ = True
            warnings.warn(
                f"The checkpoint {self.path} could not be written ({error.strerror or error}); training goes "
                "on, but it can only resume from an earlier epoch.",
                UserWarning,
                stacklevel=2,
            )


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write the state and its checksum to a temporary file, then rename that to `path`."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    # a name of its own for each writer, since equal fits may run in parallel
    handle, unfinished = tempfile.mkstemp(prefix=f"{path.stem}.", suffix=".part", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(_HEADER + hashlib.sha256(content).digest() + content)
        os.replace(unfinished, path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def read_state(path: Path, device: str) -> dict[str, Any] | None:
    """Return the state in a file, or None if there is no file, or, with a warning, if it is damaged."""
    try:
        file = path.read_bytes()
    except FileNotFoundError:
        return None
    header, content = file[: len(_HEADER) + _DIGEST_SIZE], file[len(_HEADER) + _DIGEST_SIZE :]
    if header != _HEADER + hashlib.sha256(content).digest():
        warnings.warn(
            f"The checkpoint {path} is damaged and is ignored; training starts over.",
            UserWarning,
            stacklevel=2,
        )
        return None
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    return state


def _plain_state(callback: Any) -> dict[str, Any]:
    """Return the numbers, strings, tensors and containers of them that a callback has as its state."""
    params = callback.get_params(deep=False) if hasattr(callback, "get_params") else {}
    state = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in vars(callback).items()
        if name not in params
    }
    return {name: value for name, value in state.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    """Return whether torch's safe reader accepts a value."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if type(value) in (list, tuple):
        return all(_is_plain(item) for item in value)
    return value is None or type(value) in (bool, int, float, str) or isinstance(value, torch.Tensor)


def _plain_value(value: Any) -> Any:
    """Return a number or an array of numpy or torch as numbers of Python, and another object as text."""
    return value.tolist() if hasattr(value, "tolist") else repr(value)
