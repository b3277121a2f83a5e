"""Store a fitted network as plain arrays, and rebuild it from them."""

from typing import Any, cast

import numpy as np
import torch

from skseed._training._net import TrainingNet
from skseed._training._seeding import build_seeded


class PlainStateMixin:
    """Pickle a neural estimator as arrays, numbers and strings.

    ``__getstate__`` replaces ``net_`` by the weights as numpy arrays and the history of the epochs. It leaves
    out the optimizer and the loss. ``__setstate__`` rebuilds the module and puts it into an initialized net
    on the CPU, from where prediction moves it to `device`.

    An estimator defines `_build_module` and, in ``fit``, sets the fitted attribute ``_module_options`` to the
    keyword arguments of that call: plain values, or objects that can be stored themselves.
    """

    _module_options: dict[str, Any]
    net_: TrainingNet

    def _build_module(self, **options: Any) -> torch.nn.Module:
        """Return the untrained module; it depends on the options only, not on parameters of the estimator."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        state = dict(cast(Any, super()).__getstate__())
        if "net_" in state:
            state["_net_state"] = net_state(state.pop("net_"))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        stored = state.pop("_net_state", None)
        cast(Any, super()).__setstate__(state)
        if stored is not None:
            module = build_seeded(lambda: self._build_module(**self._module_options), 0)
            self.net_ = restored_net(module, stored)


def net_state(net: TrainingNet) -> dict[str, Any]:
    """Return the weights and the history of a net as arrays, numbers and strings."""
    return {
        "weights": {name: values.cpu().numpy() for name, values in net.module_.state_dict().items()},
        "history": [_plain_row(row) for row in net.history.to_list()],
        "lr": float(net.lr),
        "max_epochs": int(net.max_epochs),
    }


def restored_net(module: torch.nn.Module, state: dict[str, Any]) -> TrainingNet:
    """Return an initialized net on the CPU with the stored weights and history."""
    weights = {name: torch.from_numpy(np.array(values)) for name, values in state["weights"].items()}
    # the stored dtype counts: weights may have been made doubles after training
    module.load_state_dict(weights, assign=True)
    net = TrainingNet(
        module.eval(),
        criterion=torch.nn.Module,
        lr=state["lr"],
        max_epochs=state["max_epochs"],
        train_split=None,
        callbacks=None,
        device="cpu",
        verbose=0,
    ).initialize()
    for row in state["history"]:
        net.history.new_epoch()
        for name, value in row.items():
            net.history.record(name, value)
    return net


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers and strings of an epoch, without its batches."""
    values = {name: value.item() if isinstance(value, np.generic) else value for name, value in row.items()}
    return {name: value for name, value in values.items() if isinstance(value, bool | int | float | str)}
