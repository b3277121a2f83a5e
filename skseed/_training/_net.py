"""The skorch net of the neural estimators, its optimizers and its learning-rate schedule."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from skorch import NeuralNet

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}


class StopTraining(Exception):  # noqa: N818
    """Ends the training; the net counts as trained."""


class TrainingInterrupted(Exception):  # noqa: N818
    """Carries a KeyboardInterrupt past skorch, which would treat it as the end of training."""


@contextmanager
def raise_interrupts() -> Iterator[None]:
    """Propagate Ctrl-C raised in our own end-of-epoch code instead of treating it as early stopping."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise TrainingInterrupted from interrupt


class TrainingNet(NeuralNet):
    """A skorch net that iterates over ready batches and raises if the loss or a weight is not finite."""

    _last_batch: Any = None

    def get_dataset(self, X: Any, y: Any = None) -> Any:
        return X

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        return dataset

    def get_loss(self, y_pred: Any, y_true: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss = super().get_loss(y_pred, y_true, *args, **kwargs)
        if not torch.isfinite(loss):
            raise self._diverged(f"The loss became {loss.item()} in epoch {len(self.history)}")
        return loss

    def fit_loop(self, X: Any, y: Any = None, epochs: int | None = None, **fit_params: Any) -> "TrainingNet":
        # a resumed net starts with the history of its finished epochs
        epochs = self.max_epochs - len(self.history)
        try:
            return super().fit_loop(X, y, epochs=epochs, **fit_params)
        except StopTraining:
            return self
        except KeyboardInterrupt as interrupt:
            # skorch would return the half-trained net as a trained one
            raise TrainingInterrupted from interrupt

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt as request:
            # EarlyStopping and similar callbacks raise KeyboardInterrupt at the end of an epoch to end
            # training
            if method_name == "on_epoch_end":
                raise StopTraining from request
            raise
        except KeyError as error:
            self._explain_missing_monitor(error)
            raise

    def on_batch_end(self, net: NeuralNet, batch: Any = None, training: bool = False, **kwargs: Any) -> None:
        self._last_batch = batch

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if not all(torch.isfinite(weights).all() for weights in self.module_.parameters()):
            raise self._diverged(f"The weights became infinite or NaN in epoch {len(self.history)}")

    def check_output(self, batches: Any) -> None:
        """Raise a FloatingPointError if the trained module returns a number that is not finite.

        Finite weights may still be so large that their products overflow.
        """
        inputs = (self._last_batch if self._last_batch is not None else next(iter(batches)))[0]
        self._last_batch = None
        self.module_.eval()
        with torch.inference_mode():
            output = self.infer(inputs)
        tensors = output if isinstance(output, tuple) else (output,)
        if not all(torch.isfinite(tensor).all() for tensor in tensors):
            raise self._diverged(f"The output became infinite or NaN in epoch {len(self.history)}")

    def _diverged(self, problem: str) -> FloatingPointError:
        return FloatingPointError(f"{problem}; lower lr (now {self.lr}).")

    def _explain_missing_monitor(self, error: KeyError) -> None:
        """Raise a ValueError if a callback monitors a column that the history does not have."""
        columns = self.history[-1].keys() - {"batches"} if len(self.history) else set()
        for _, callback in self.callbacks_:
            monitor = getattr(callback, "monitor", None)
            if isinstance(monitor, str) and columns and monitor not in columns:
                raise ValueError(
                    f"{type(callback).__name__} monitors {monitor!r}, which the history does not have; "
                    f"choose one of {', '.join(sorted(columns))}."
                ) from error


def resolve_optimizer(
    optimizer: str | Callable[..., torch.optim.Optimizer],
) -> Callable[..., torch.optim.Optimizer]:
    """Return the torch class of an optimizer's name, or the callable unchanged."""
    return OPTIMIZERS[optimizer] if isinstance(optimizer, str) else optimizer


def one_cycle(optimizer: torch.optim.Optimizer, **kwargs: Any) -> torch.optim.lr_scheduler.OneCycleLR:
    """Return the one-cycle schedule, which also changes the momentum if the optimizer has one."""
    has_momentum = not {"momentum", "betas"}.isdisjoint(optimizer.defaults)
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, cycle_momentum=has_momentum, **kwargs)
