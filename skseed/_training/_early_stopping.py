"""Validation split, best epoch and early stopping."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit
from skorch import NeuralNet
from skorch.callbacks import Callback

from skseed._training._net import StopTraining, raise_interrupts

Split = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


class KeepBest(Callback):
    """Record the validation loss of each epoch, and load the weights of the best epoch at the end."""

    def __init__(self, validation_loss: Callable[[], float]) -> None:
        self.validation_loss = validation_loss

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        self.best_: dict[str, Any] = {"loss": float("inf"), "epoch": 0}

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        with raise_interrupts():
            loss = self.validation_loss()
        epoch = len(net.history)
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The validation loss became {loss} in epoch {epoch}; lower lr (now {net.lr})."
            )
        is_best = loss < self.best_["loss"]
        net.history.record("valid_loss", loss)
        net.history.record("valid_loss_best", is_best)
        if is_best:
            weights = {name: value.clone() for name, value in net.module_.state_dict().items()}
            self.best_ = {"loss": loss, "epoch": epoch, "weights": weights}

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if "weights" in self.best_:
            net.module_.load_state_dict(self.best_["weights"])


class StopAfterBest(Callback):
    """End the training `patience` epochs after the best one."""

    def __init__(self, best: KeepBest, patience: int) -> None:
        self.best = best
        self.patience = patience

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if len(net.history) - self.best.best_["epoch"] >= self.patience:
            raise StopTraining


def split_by_class(
    targets: npt.NDArray[np.integer],
    fraction: float,
    *,
    seed: int,
    groups: npt.NDArray[np.integer] | None = None,
) -> Split:
    """Return the indices of the training rows and of the validation rows.

    `targets` holds the class of each row, from 0 on. `fraction` of each class, rounded down, is held out, so
    the validation split may be empty. If `groups` holds the group of each row, from 0 on, whole groups are
    held out, and no more than that fraction of each class.
    """
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(targets), dtype=bool)
    n_classes = int(targets.max()) + 1
    orders = [rng.permutation(np.flatnonzero(targets == target)) for target in range(n_classes)]
    free = np.array([int(fraction * len(order)) for order in orders])
    groups = np.arange(len(targets)) if groups is None else groups
    by_group = np.argsort(groups, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(groups))])
    for target, order in enumerate(orders):
        for row in order:
            if not free[target]:
                break
            members = by_group[bounds[groups[row]] : bounds[groups[row] + 1]]
            sizes = np.bincount(targets[members], minlength=n_classes)
            if not held_out[row] and (sizes <= free).all():
                held_out[members] = True
                free -= sizes
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def split_by_group(
    groups: npt.NDArray[np.integer], fraction: float, *, seed: int, max_held_out: int
) -> Split:
    """Return the indices of the training rows and of the validation rows, which are whole groups.

    `groups` holds the group of each row, from 0 on. The validation split has at least 2 rows and at most
    `max_held_out`; rows of held-out groups beyond that are not used. It is empty if `fraction` is 0.

    Raises
    ------
    ValueError
        If fewer than 2 rows are left for training or for validation.
    """
    if not fraction:
        return np.arange(len(groups)), np.arange(0)
    n_groups = int(groups.max()) + 1
    n_held_out = max(1, round(fraction * n_groups))
    if n_held_out < n_groups:
        splitter = GroupShuffleSplit(1, test_size=n_held_out, random_state=seed)
        train, held_out = next(splitter.split(groups, groups=groups))
        if min(len(train), len(held_out)) >= 2:
            return train, np.sort(np.random.default_rng(seed).permutation(held_out)[:max_held_out])
    raise ValueError(
        f"validation_fraction={fraction} of {n_groups} groups leaves fewer than 2 sequences for training or "
        "validation; set another fraction, 0 for no validation, or pass more groups."
    )
