"""The training loop: learning rate, divergence, interrupts, callbacks, early stopping and progress."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.callback import CallbackContext, ProgressBar
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback, EarlyStopping

from tests.training.line import Line, X, y


@pytest.fixture(autouse=True)
def _ambient_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


class Poison(torch.nn.MSELoss):
    """A loss that is multiplied by `value` after some batches."""

    def __init__(self, value, after):
        super().__init__()
        self.value, self.after, self.n_calls = value, after, 0

    def forward(self, predicted, target):
        self.n_calls += 1
        loss = super().forward(predicted, target)
        return loss * self.value if self.n_calls > self.after else loss


class At(Callback):
    """Do something at a batch or at the end of an epoch."""

    def __init__(self, action, *, epoch, where="on_batch_end"):
        self.action, self.epoch, self.where = action, epoch, where

    def on_batch_end(self, net, **kwargs):
        self._act(net, "on_batch_end")

    def on_epoch_end(self, net, **kwargs):
        self._act(net, "on_epoch_end")

    def _act(self, net, where):
        if where == self.where and len(net.history) == self.epoch:
            self.action()


def interrupt():
    raise KeyboardInterrupt


# training -----------------------------------------------------------------------------------------


def test_training_learns_and_keeps_skorch_history():
    line = Line(max_epochs=60).fit(X, y)
    assert len(line.net_.history) == 60
    losses = line.net_.history[:, "train_loss"]
    assert losses[-1] < 1e-3 < losses[0]
    np.testing.assert_allclose(line.predict(X), y, atol=0.1)


def test_the_learning_rate_makes_one_cycle():
    rates = []
    line = Line(lr=0.05, max_epochs=10)
    line.callbacks = [At(lambda: None, epoch=1)]
    line.callbacks[0].on_batch_end = lambda net, **kwargs: rates.append(net.optimizer_.param_groups[0]["lr"])
    line.fit(X, y)
    assert len(rates) == 40
    assert max(rates) == pytest.approx(0.05, rel=0.02)
    assert rates[0] < 0.01
    assert rates[-1] < 0.001


@pytest.mark.parametrize(("value", "shown"), [(float("nan"), "nan"), (float("inf"), "inf")])
def test_a_loss_that_is_not_finite_raises_and_names_the_epoch(value, shown):
    line = Line(criterion=Poison(value, after=9), lr=0.2)
    with pytest.raises(FloatingPointError, match=rf"loss became {shown} in epoch 3; lower lr \(now 0.2\)"):
        line.fit(X, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(line)
    assert torch.get_num_threads() == 3


def test_an_input_that_is_not_finite_raises_in_the_first_epoch():
    broken = X.copy()
    broken[5] = np.nan
    with pytest.raises(FloatingPointError, match="epoch 1"):
        Line().fit(broken, y)


@pytest.mark.parametrize("epoch", [1, 4])
def test_an_interrupt_is_raised_and_leaves_the_estimator_unfitted(epoch):
    line = Line(callbacks=[At(interrupt, epoch=epoch)])
    with pytest.raises(KeyboardInterrupt, match="the estimator is unchanged"):
        line.fit(X, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(line)
    assert torch.get_num_threads() == 3
    # the next fit equals that of a new estimator
    assert_array_equal(line.set_params(callbacks=None).fit(X, y).predict(X), Line().fit(X, y).predict(X))


def test_column_attributes_alone_do_not_count_as_fitted():
    line = Line()
    line.n_features_in_ = 1
    with pytest.raises(NotFittedError):
        check_is_fitted(line)


def test_an_error_in_a_callback_is_raised():
    def fail():
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Line(callbacks=[At(fail, epoch=2)]).fit(X, y)
    assert torch.get_num_threads() == 3


def test_a_callback_that_stops_training_leaves_a_fitted_estimator():
    stop = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0, lower_is_better=True)
    line = Line(max_epochs=50, callbacks=[("stop", stop)]).fit(X, y)
    assert 2 <= len(line.net_.history) < 10
    assert np.isfinite(line.predict(X)).all()
    stopped = Line(max_epochs=50, callbacks=[At(interrupt, epoch=3, where="on_epoch_end")]).fit(X, y)
    assert len(stopped.net_.history) == 3


def test_verbose_prints_a_line_an_epoch(capsys):
    Line(max_epochs=3).fit(X, y)
    assert capsys.readouterr().out == ""
    Line(max_epochs=3, verbose=1).fit(X, y)
    assert capsys.readouterr().out.count("\n") >= 5


def test_progress_is_reported_to_scikit_learn_and_not_kept(capsys):
    pytest.importorskip("rich")
    line = Line(max_epochs=4).set_callbacks(ProgressBar()).fit(X, y)
    assert "Line - fit" in capsys.readouterr().out

    def values(holder):
        return [value for _, value in holder]

    kept = [*vars(line).values(), *vars(line.net_).values(), *values(line.net_.callbacks_)]
    assert not any(isinstance(value, CallbackContext) for value in kept)
    assert not any("Progress" in type(value).__name__ for value in values(line.net_.callbacks_))
    assert_array_equal(line.predict(X), Line(max_epochs=4).fit(X, y).predict(X))


def test_progress_is_complete_after_early_stopping(capsys):
    pytest.importorskip("rich")
    stop = At(interrupt, epoch=2, where="on_epoch_end")
    Line(max_epochs=9, callbacks=[stop]).set_callbacks(ProgressBar()).fit(X, y)
    assert "100%" in capsys.readouterr().out


@pytest.mark.parametrize("optimizer", ["SGD", "AdamW", "RMSprop", "Adagrad", "Rprop"])
def test_the_schedule_takes_optimizers_with_and_without_momentum(optimizer):
    line = Line(optimizer=getattr(torch.optim, optimizer), max_epochs=20).fit(X, y)
    losses = line.net_.history[:, "train_loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("optimizer", ["adagrad", "adam", "adamw", "rmsprop", "sgd"])
def test_optimizers_have_names(optimizer):
    named = Line(optimizer=optimizer).fit(X, y)
    classes = {"adagrad": "Adagrad", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "sgd": "SGD"}
    by_class = Line(optimizer=getattr(torch.optim, classes[optimizer])).fit(X, y)
    assert_array_equal(named.predict(X), by_class.predict(X))


# divergence ---------------------------------------------------------------------------------------


class LastStep(torch.optim.SGD):
    """Set all weights to `value` in step 20, the last one of five epochs."""

    value = float("nan")
    n_steps = 0

    def step(self, closure=None):
        loss = super().step(closure)
        self.n_steps += 1
        if self.n_steps == 20:
            for group in self.param_groups:
                for weights in group["params"]:
                    weights.data.fill_(self.value)
        return loss


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (float("inf"), r"weights became infinite or NaN in epoch 5; lower lr \(now 0.1\)"),
        (3e38, r"output became infinite or NaN in epoch 5; lower lr \(now 0.1\)"),
    ],
)
def test_divergence_in_the_last_step_raises(value, match):
    line = Line(optimizer=type("Diverge", (LastStep,), {"value": value}))
    with pytest.raises(FloatingPointError, match=match):
        line.fit(X, y)
    assert not hasattr(line, "net_")


# early stopping -----------------------------------------------------------------------------------


class MovingTarget(torch.nn.MSELoss):
    """A loss whose targets change after 40 calls, so that the validation loss rises."""

    n_calls = 0

    def forward(self, predicted, target):
        self.n_calls += 1
        return super().forward(predicted, target if self.n_calls <= 40 else target + 50)


def test_the_best_epoch_is_kept_and_training_stops_after_it():
    params = {"lr": 0.5, "max_epochs": 60, "validation_fraction": 0.3, "n_iter_no_change": 4}
    line = Line(MovingTarget(), **params).fit(X, y)
    losses = line.net_.history[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 4 < 60
    assert np.square(line.predict(X[::3]) - y[::3]).mean() == pytest.approx(losses[best])
    is_best = line.net_.history[:, "valid_loss_best"]
    assert is_best == [loss < min([np.inf, *losses[:i]]) for i, loss in enumerate(losses)]


def test_early_stopping_of_skorch_works_with_a_validation_split():
    params = {"lr": 0.5, "max_epochs": 60, "validation_fraction": 0.3, "n_iter_no_change": 60}
    line = Line(MovingTarget(), **params, callbacks=[EarlyStopping(patience=2)]).fit(X, y)
    assert len(line.net_.history) < 60


def test_a_monitor_that_is_not_recorded_raises_with_the_columns():
    stop = EarlyStopping(monitor="accuracy")
    with pytest.raises(ValueError, match=r"EarlyStopping monitors 'accuracy', .* choose one of .*train_loss"):
        Line(callbacks=[stop]).fit(X, y)


def test_a_key_error_in_a_callback_is_raised_as_it_is():
    def fail():
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Line(callbacks=[At(fail, epoch=1, where="on_epoch_end")]).fit(X, y)
