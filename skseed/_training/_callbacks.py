"""Report epochs to scikit-learn's callbacks, and check the callbacks of the user."""

from typing import Any

from skorch import NeuralNet
from skorch.callbacks import BatchScoring, Callback, EpochScoring

from skseed._progress import track


class EpochProgress(Callback):
    """Report the epochs of a net to scikit-learn's callbacks, and to the report of an enclosing estimator."""

    def __init__(self, estimator: Any, context: Any) -> None:
        self.estimator = estimator
        self.context = context

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        epochs = range(net.max_epochs)
        # a verbose net prints its epochs itself
        self.epochs_ = iter(epochs if net.verbose else track(epochs, net.max_epochs, "epochs"))

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        next(self.epochs_)
        self.epoch_context_ = self.context.subcontext(task_name="epoch")
        self.epoch_context_.call_on_fit_task_begin(estimator=self.estimator)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.epoch_context_.call_on_fit_task_end(estimator=self.estimator)

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        # the last epoch counts as done when the next one is asked for
        next(self.epochs_, None)
        del self.epochs_


def user_callbacks(estimator: Any) -> list[Any]:
    """Return the callbacks of an estimator without their names."""
    return [item[1] if isinstance(item, tuple) else item for item in estimator.callbacks or []]


def check_callbacks(estimator: Any, *, has_validation: bool) -> None:
    """Raise a ValueError if a callback needs predictions, or a validation loss that is not computed."""
    for callback in user_callbacks(estimator):
        name = type(callback).__name__
        if isinstance(callback, EpochScoring | BatchScoring):
            raise ValueError(
                f"{name}({callback.scoring!r:.60}) needs predictions during training, which "
                f"{type(estimator).__name__} does not make; set validation_fraction and read the validation "
                "loss in net_.history, or use cross_validate."
            )
        monitor = getattr(callback, "monitor", None)
        if isinstance(monitor, str) and monitor.startswith("valid_loss") and not has_validation:
            raise ValueError(
                f"{name}() monitors {monitor!r}, but validation_fraction={estimator.validation_fraction} "
                "holds out no data; set validation_fraction or "
                f"{name}(monitor={monitor.replace('valid', 'train')!r})."
            )
