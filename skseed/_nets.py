"""How every neural estimator trains: the one room that knows skorch.

An estimator builds its torch module, hands it to :meth:`NeuralEstimatorMixin._train` with batches
that it makes itself, and keeps the skorch net that comes back as ``net_``. What is shared stands here:
the parameters with skorch's names, one source of randomness, progress, and the stop when the loss
is no longer a number.

Results are the same, bit for bit, whatever else runs: training and prediction use one torch thread,
initial weights are drawn under a lock, and batches bring their own generators, so that the
global generators of numpy and torch never move.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from sklearn.utils import check_random_state
from skorch import NeuralNet
from skorch.callbacks import Callback, LRScheduler
from skorch.history import History

from skseed._sklearn import CallbackSupportMixin, Interval

ModuleT = TypeVar("ModuleT", bound=torch.nn.Module)

_WEIGHTS_LOCK = threading.Lock()


class _ThreadCounts(threading.local):
    """What a Python thread gave up: torch counts its own threads for each of them."""

    depth = 0
    before = 1


_counts = _ThreadCounts()
_COUNTS_LOCK = threading.Lock()
_n_users = 0
_ambient = 1


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Run torch on one thread in this Python thread, and give the others back at the end."""
    global _n_users, _ambient
    with _COUNTS_LOCK:
        if _counts.depth == 0:
            count = torch.get_num_threads()
            # a new Python thread starts with the count that was set last, which may be the 1 of another user
            _counts.before = _ambient if _n_users and count == 1 else count
            if _n_users == 0:
                _ambient = count
            _n_users += 1
            torch.set_num_threads(1)
        _counts.depth += 1
    try:
        yield
    finally:
        with _COUNTS_LOCK:
            _counts.depth -= 1
            if _counts.depth == 0:
                _n_users -= 1
                torch.set_num_threads(_counts.before)


def draw_seeds(random_state: int | np.random.RandomState | None, n_seeds: int) -> list[int]:
    """Return the seeds of the random parts of an estimator, drawn from its `random_state`."""
    return check_random_state(random_state).randint(np.iinfo(np.int32).max, size=n_seeds).tolist()


def build_seeded(build: Callable[[], ModuleT], seed: int) -> ModuleT:
    """Return ``build()`` with weights drawn from `seed`; the global generator is left as it was."""
    with _WEIGHTS_LOCK, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def resolve_device(device: str) -> str:
    """Return the device that ``"auto"`` stands for on this machine, or `device` unchanged."""
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def one_cycle(optimizer: torch.optim.Optimizer, **kwargs: Any) -> torch.optim.lr_scheduler.OneCycleLR:
    """Return the one-cycle schedule; it moves the momentum as well, where the optimizer has one."""
    has_momentum = not {"momentum", "betas"}.isdisjoint(optimizer.defaults)
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, cycle_momentum=has_momentum, **kwargs)


class TrainingNet(NeuralNet):
    """A skorch net that iterates over ready batches and refuses a loss that is not a number."""

    def get_dataset(self, X: Any, y: Any = None) -> Any:
        return X

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        return dataset

    def get_loss(self, y_pred: Any, y_true: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss = super().get_loss(y_pred, y_true, *args, **kwargs)
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"The loss became {loss.item()} in epoch {len(self.history)}; lower lr (now {self.lr})."
            )
        return loss

    def fit_loop(self, X: Any, y: Any = None, epochs: int | None = None, **fit_params: Any) -> "TrainingNet":
        # a resumed net brings the history of the epochs that it has behind it
        epochs = self.max_epochs - len(self.history)
        # skorch takes an interrupt for the end of training; a half-trained net must not pass for a fitted one
        try:
            return super().fit_loop(X, y, epochs=epochs, **fit_params)
        except _StopRequestError:
            return self
        except KeyboardInterrupt as interrupt:
            raise _InterruptedError from interrupt

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt as request:
            # at the end of an epoch this is how EarlyStopping, and callbacks like it, end the training
            if method_name == "on_epoch_end":
                raise _StopRequestError from request
            raise


class _StopRequestError(Exception):
    """A callback has seen enough; the net is trained."""


class _InterruptedError(Exception):
    """Carries an interrupt past skorch, which would swallow it."""


@contextmanager
def _no_stop_request() -> Iterator[None]:
    """Let an interrupt of our own work at the end of an epoch be one, and not the wish of a callback."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise _InterruptedError from interrupt


class _EpochProgress(Callback):
    """Tells scikit-learn's callbacks about the epochs of a net."""

    def __init__(self, estimator: Any, context: Any) -> None:
        self.estimator = estimator
        self.context = context

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        self.epoch_context_ = self.context.subcontext(task_name="epoch")
        self.epoch_context_.call_on_fit_task_begin(estimator=self.estimator)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.epoch_context_.call_on_fit_task_end(estimator=self.estimator)


class _KeepTheBest(Callback):
    """Notes the loss on held-out data, and goes back to its best epoch at the end."""

    def __init__(self, held_out_loss: Callable[[], float]) -> None:
        self.held_out_loss = held_out_loss

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        self.best_: dict[str, Any] = {"loss": float("inf"), "epoch": 0}

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        with _no_stop_request():
            loss = self.held_out_loss()
        net.history.record("valid_loss", loss)
        epoch = len(net.history)
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The loss on the held-out part became {loss} in epoch {epoch}; lower lr (now {net.lr})."
            )
        if loss < self.best_["loss"]:
            weights = {name: value.clone() for name, value in net.module_.state_dict().items()}
            self.best_ = {"loss": loss, "epoch": epoch, "weights": weights}

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if "weights" in self.best_:
            net.module_.load_state_dict(self.best_["weights"])


class _StopAfterTheBest(Callback):
    """Ends the training some epochs after the best one."""

    def __init__(self, best: _KeepTheBest, patience: int) -> None:
        self.best = best
        self.patience = patience

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if len(net.history) - self.best.best_["epoch"] >= self.patience:
            raise _StopRequestError


class _Resume(Callback):
    """Keeps the state of training in a file after every epoch, and goes on from there."""

    def __init__(self, path: Path, schedule: LRScheduler, batches: Any, best: _KeepTheBest | None) -> None:
        self.path = path
        self.schedule = schedule
        self.batches = batches
        self.best = best

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        if not self.path.exists():
            return
        state = torch.load(self.path, map_location=net.device, weights_only=True)
        net.module_.load_state_dict(state["module"])
        net.optimizer_.load_state_dict(state["optimizer"])
        self.schedule.lr_scheduler_.load_state_dict(state["schedule"])
        net.history = History(json.loads(state["history"]))
        self.batches.epoch = len(net.history)
        if self.best is not None:
            self.best.best_ = state["best"]

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        state = {
            "module": net.module_.state_dict(),
            "optimizer": net.optimizer_.state_dict(),
            "schedule": self.schedule.lr_scheduler_.state_dict(),
            # numpy's numbers among them are not what a safe reader of weights accepts
            "history": json.dumps(net.history.to_list(), default=lambda number: number.item()),
        }
        if self.best is not None:
            state["best"] = self.best.best_
        # an interrupt while the file is written must not cost the state of the epoch before
        unfinished = self.path.with_suffix(".part")
        with _no_stop_request():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state, unfinished)
            unfinished.replace(self.path)

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.path.unlink(missing_ok=True)


class NeuralEstimatorMixin(CallbackSupportMixin):
    """What an estimator that owns a net shares: its training parameters and how it trains.

    The estimator's ``fit`` is decorated with ``_fit_context``, which also tears callbacks down, and its
    parameters include those of `_training_constraints`.
    """

    _training_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "lr": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "optimizer": [callable],
        "callbacks": [list, None],
        "device": [str],
        "verbose": ["verbose", Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __sklearn_is_fitted__(self) -> bool:
        # a fit that failed may have noted the columns of X already
        return hasattr(self, "net_")

    def _train(
        self,
        module: torch.nn.Module,
        criterion: torch.nn.Module,
        batches: Iterable[Any],
        *,
        steps_per_epoch: int,
        held_out_loss: Callable[[], float] | None = None,
        patience: int = 0,
        checkpoint: Path | None = None,
        lr: float | None = None,
        **net_params: Any,
    ) -> TrainingNet:
        """Train a module on batches for `max_epochs` with the one-cycle schedule up to `lr`.

        Parameters
        ----------
        module : torch.nn.Module
            The initialised module; it is trained in place.
        criterion : torch.nn.Module
            Called with the module's output and the second item of a batch.
        batches : iterable
            Yields ``(input, target)`` afresh every time it is iterated over.
        steps_per_epoch : int
            How many batches an epoch has.
        held_out_loss : callable, default=None
            Returns the loss on data that are not trained on. If given, the weights of the epoch
            with the lowest one are kept.
        patience : int, default=0
            After how many epochs without a lower `held_out_loss` the training ends.
        checkpoint : Path, default=None
            The file that holds the state of this very training between an interrupt and its
            continuation; `batches` must then draw an epoch by its attribute ``epoch`` alone.
        lr : float, default=None
            The highest learning rate, where the estimator's own parameter does not say it.
        **net_params
            Further parameters of the skorch net, such as ``optimizer__weight_decay``.

        Returns
        -------
        net : TrainingNet
            The trained net.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; the message names the epoch.
        KeyboardInterrupt
            If the training was interrupted.
        """
        lr = self.lr if lr is None else lr
        context = self._init_callback_context(max_subtasks=self.max_epochs)
        context.call_on_fit_task_begin(estimator=self)
        cycle = LRScheduler(
            policy=one_cycle,
            step_every="batch",
            max_lr=lr,
            total_steps=steps_per_epoch * self.max_epochs + 1,
        )
        best = None if held_out_loss is None else _KeepTheBest(held_out_loss)
        # callbacks of the user may want the loss of the epoch, and what is kept is what they let go on
        first = [("lr_schedule", cycle), ("progress", _EpochProgress(self, context))]
        last = []
        if checkpoint is not None:
            last.append(("resume", _Resume(checkpoint, cycle, batches, best)))
        if best is not None:
            first.append(("best", best))
            last.append(("stop", _StopAfterTheBest(best, patience)))
        net = TrainingNet(
            module,
            criterion=criterion,
            optimizer=self.optimizer,
            lr=lr,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            train_split=None,
            callbacks=[*first, *(self.callbacks or []), *last],
            device=resolve_device(self.device),
            verbose=int(self.verbose),
            **net_params,
        )
        with one_torch_thread():
            try:
                net.fit(batches)
            except _InterruptedError as interrupt:
                raise KeyboardInterrupt("training was interrupted; nothing is fitted") from interrupt
        context.call_on_fit_task_end(estimator=self)
        # all belong to this fit alone: the context and the held-out data must not travel in a pickle, and the
        # schedule, at its end, would carry the optimizer a second time
        ours = [*first, *last]
        net.callbacks_ = [item for item in net.callbacks_ if item[1] not in [mine for _, mine in ours]]
        net.callbacks = [item for item in net.callbacks if item not in ours]
        return net


def forward_in_batches(
    forward: Callable[..., torch.Tensor],
    *arrays: np.ndarray[Any, Any],
    batch_size: int,
    device: str,
) -> np.ndarray[Any, Any]:
    """Return ``forward(*arrays)``, computed `batch_size` rows at a time without gradients.

    skorch's own prediction moves torch's global generator; this does not.

    Parameters
    ----------
    forward : callable
        Takes one tensor an array and returns a tensor with as many rows.
    *arrays : ndarray
        The inputs, all with the same number of rows.
    batch_size : int
        Rows a batch; the result does not depend on it but for rounding.
    device : str
        Where the batches go.

    Returns
    -------
    output : ndarray
        The outputs of all rows.
    """
    parts = []
    with one_torch_thread(), torch.inference_mode():
        for start in range(0, len(arrays[0]), batch_size):
            batch = [torch.as_tensor(array[start : start + batch_size], device=device) for array in arrays]
            parts.append(forward(*batch).cpu().numpy())
    return np.concatenate(parts)
