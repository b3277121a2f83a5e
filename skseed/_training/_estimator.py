"""The training that all neural estimators share."""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from os import PathLike
from typing import Any

import torch
from skorch.callbacks import LRScheduler

from skseed._sklearn import CallbackSupportMixin, Interval, StrOptions
from skseed._training._callbacks import EpochProgress, check_callbacks, user_callbacks
from skseed._training._checkpoint import Resume, check_resumable, state_path
from skseed._training._early_stopping import KeepBest, StopAfterBest
from skseed._training._net import OPTIMIZERS, TrainingInterrupted, TrainingNet, one_cycle, resolve_optimizer
from skseed._training._prediction import resolve_device
from skseed._training._seeding import draw_seeds
from skseed._training._state import PlainStateMixin
from skseed._training._threads import one_torch_thread


class NeuralEstimatorMixin(PlainStateMixin, CallbackSupportMixin):
    """Train a network, stop early, resume from a checkpoint, and store the result as plain arrays.

    An estimator has the parameters of `_training_constraints`, in this order, as explicit keyword arguments.
    Its ``fit``

    1. is decorated with ``atomic_fit`` and ``_fit_context``, which also tears down scikit-learn's callbacks;
    2. takes its seeds from `_draw_seeds`;
    3. builds the module by ``build_seeded(lambda: self._build_module(**options), seed)``;
    4. splits the rows by ``split_by_class`` or ``split_by_group``, and calls `_train`;
    5. sets its fitted attributes at the end, with ``net_`` and ``_module_options``.
    """

    _training_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "lr": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "callbacks": [list, None],
        "checkpoint": [str, PathLike, None],
        "device": [str],
        "verbose": ["verbose", Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")

    def _draw_seeds(self, n_seeds: int) -> list[int]:
        """Return seeds drawn from `random_state`, which is an int if there is a checkpoint."""
        check_resumable(self)
        return draw_seeds(self.random_state, n_seeds)

    def _train(
        self,
        module: torch.nn.Module,
        criterion: torch.nn.Module,
        batches: Any,
        *,
        data: Sequence[Any],
        validation_loss: Callable[[], float] | None = None,
        lr: float | None = None,
        **net_params: Any,
    ) -> TrainingNet:
        """Train a module for `max_epochs` with the one-cycle schedule up to `lr`, and return its net.

        Parameters
        ----------
        module : torch.nn.Module
            The initialized module, which is trained in place and left in evaluation mode. Its state, such as
            the number of steps of a dropout layer, is in its ``state_dict``.
        criterion : torch.nn.Module
            The loss; it is called with the module's output and the second item of a batch.
        batches : sized iterable
            Yields ``(input, target)``. Its attribute ``epoch`` and its seed determine the next iteration.
        data : sequence of arrays
            Everything besides the parameters that determines the batches and the validation loss, such as the
            encoded sequences, the targets and the rows of the split. It names the checkpoint.
        validation_loss : callable, default=None
            Returns the loss on the validation split. If given, the weights of the epoch with the lowest one
            are kept, and training ends after `n_iter_no_change` epochs without a lower one.
        lr : float, default=None
            The highest learning rate, if it is not the parameter `lr`.
        **net_params
            Further parameters of the skorch net, such as ``optimizer__weight_decay``.

        Raises
        ------
        ValueError
            If a callback needs a validation loss or predictions that are not computed.
        FloatingPointError
            If the loss, a weight or the output is not finite; the message names the epoch.
        KeyboardInterrupt
            If the training was interrupted.
        """
        lr = self.lr if lr is None else lr
        check_callbacks(self, has_validation=validation_loss is not None)
        context = self._init_callback_context(max_subtasks=self.max_epochs)
        context.call_on_fit_task_begin(estimator=self)
        schedule = LRScheduler(
            policy=one_cycle, step_every="batch", max_lr=lr, total_steps=len(batches) * self.max_epochs + 1
        )
        best = None if validation_loss is None else KeepBest(validation_loss)
        resume = None
        # the validation loss is recorded before user callbacks run; a checkpoint is written unless they end
        # training
        first = [("lr_schedule", schedule), ("progress", EpochProgress(self, context))]
        last: list[Any] = []
        if best is not None:
            first.append(("best", best))
            last.append(("stop", StopAfterBest(best, self.n_iter_no_change)))
        if self.checkpoint is not None:
            path = state_path(self, data, module)
            resume = Resume(path, schedule, batches, best, user_callbacks(self))
            last.append(("resume", resume))
        if not self.verbose:
            # this callback formats a table after every epoch, also if it prints nothing
            net_params["callbacks__print_log"] = None
        net = TrainingNet(
            module,
            criterion=criterion,
            optimizer=resolve_optimizer(self.optimizer),
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
                net.check_output(batches)
            except TrainingInterrupted as interrupt:
                raise KeyboardInterrupt("training was interrupted; the estimator is unchanged") from interrupt
            except FloatingPointError:
                # the next fit would resume and fail in the same way
                if resume is not None:
                    resume.remove()
                raise
        context.call_on_fit_task_end(estimator=self)
        # these callbacks hold the context, the batches and the validation data, which only this fit needs
        ours = [callback for _, callback in [*first, *last]]
        net.callbacks_ = [item for item in net.callbacks_ if item[1] not in ours]
        net.callbacks = list(self.callbacks or [])
        return net
