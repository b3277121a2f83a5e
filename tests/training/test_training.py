"""Training in one room: seeds, threads, the stop at a loss that is no number, interrupts and progress."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackContext, ProgressBar
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback, EarlyStopping

from skseed._sklearn import _fit_context
from skseed._training import (
    NeuralEstimatorMixin,
    build_seeded,
    forward_in_batches,
    one_torch_thread,
    resolve_device,
)


@pytest.fixture(autouse=True)
def _ambient_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


class Poison(torch.nn.MSELoss):
    """A loss that turns into `value` after some batches."""

    def __init__(self, value, after):
        super().__init__()
        self.value, self.after, self.n_calls = value, after, 0

    def forward(self, predicted, target):
        self.n_calls += 1
        loss = super().forward(predicted, target)
        return loss * self.value if self.n_calls > self.after else loss


class Line(NeuralEstimatorMixin, BaseEstimator):
    """The smallest estimator that owns a net: a line through points."""

    _parameter_constraints = NeuralEstimatorMixin._training_constraints

    def __init__(
        self,
        criterion=None,
        lr=0.1,
        max_epochs=5,
        batch_size=8,
        optimizer=torch.optim.Adam,
        callbacks=None,
        device="cpu",
        verbose=0,
        random_state=0,
    ):
        self.criterion = criterion
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.callbacks = callbacks
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        module = build_seeded(lambda: torch.nn.Linear(1, 1), self.random_state)
        batches = list(zip(*(torch.tensor(a).split(self.batch_size) for a in (X, y)), strict=True))
        self.net_ = self._train(module, self.criterion or torch.nn.MSELoss(), batches, data=[X, y])
        return self

    def predict(self, X):
        return forward_in_batches(self.net_.module_, X, batch_size=8, device="cpu")


X = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
y = 3 * X + 1


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
def test_a_loss_that_is_no_number_stops_and_names_the_epoch(value, shown):
    line = Line(criterion=Poison(value, after=9), lr=0.2)
    with pytest.raises(FloatingPointError, match=rf"loss became {shown} in epoch 3; lower lr \(now 0.2\)"):
        line.fit(X, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(line)
    assert torch.get_num_threads() == 3


def test_an_input_that_is_no_number_never_trains():
    broken = X.copy()
    broken[5] = np.nan
    with pytest.raises(FloatingPointError, match="epoch 1"):
        Line().fit(broken, y)


@pytest.mark.parametrize("epoch", [1, 4])
def test_an_interrupt_surfaces_and_leaves_nothing_fitted(epoch):
    line = Line(callbacks=[At(interrupt, epoch=epoch)])
    with pytest.raises(KeyboardInterrupt, match="the estimator is unchanged"):
        line.fit(X, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(line)
    assert torch.get_num_threads() == 3
    # and the next fit is that of a new estimator
    assert_array_equal(line.set_params(callbacks=None).fit(X, y).predict(X), Line().fit(X, y).predict(X))


def test_columns_noted_by_a_fit_that_failed_are_no_fit():
    line = Line()
    line.n_features_in_ = 1
    with pytest.raises(NotFittedError):
        check_is_fitted(line)


def test_an_error_of_a_callback_surfaces():
    def fail():
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Line(callbacks=[At(fail, epoch=2)]).fit(X, y)
    assert torch.get_num_threads() == 3


def test_early_stopping_ends_the_training_and_the_net_counts_as_fitted():
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


def test_progress_reaches_scikit_learn_and_does_not_stay(capsys):
    pytest.importorskip("rich")
    line = Line(max_epochs=4).set_callbacks(ProgressBar()).fit(X, y)
    assert "Line - fit" in capsys.readouterr().out

    def values(holder):
        return [value for _, value in holder]

    kept = [*vars(line).values(), *vars(line.net_).values(), *values(line.net_.callbacks_)]
    assert not any(isinstance(value, CallbackContext) for value in kept)
    assert not any("Progress" in type(value).__name__ for value in values(line.net_.callbacks_))
    assert_array_equal(line.predict(X), Line(max_epochs=4).fit(X, y).predict(X))


def test_progress_survives_early_stopping(capsys):
    pytest.importorskip("rich")
    stop = At(interrupt, epoch=2, where="on_epoch_end")
    Line(max_epochs=9, callbacks=[stop]).set_callbacks(ProgressBar()).fit(X, y)
    assert "100%" in capsys.readouterr().out


# threads ------------------------------------------------------------------------------------------


def test_one_thread_inside_and_all_back_outside():
    with one_torch_thread():
        assert torch.get_num_threads() == 1
        with one_torch_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    with pytest.raises(OSError), one_torch_thread():  # noqa: PT011
        raise OSError
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("first_to_leave", ["main", "other"])
def test_overlapping_users_get_their_own_threads_back(first_to_leave):
    entered, leave = threading.Event(), threading.Event()
    counts = []

    def other():
        # whatever the number that this Python thread inherits, it is 1 inside and 3 afterwards
        with one_torch_thread():
            entered.set()
            leave.wait(10)
            counts.append(torch.get_num_threads())
        counts.append(torch.get_num_threads())

    thread = threading.Thread(target=other)
    with one_torch_thread():
        thread.start()
        assert entered.wait(10)
        if first_to_leave == "other":
            leave.set()
            thread.join()
            assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    leave.set()
    thread.join()
    assert counts == [1, 3]
    assert torch.get_num_threads() == 3
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 3


def test_many_users_in_a_pool():
    def use(_):
        with one_torch_thread():
            torch.randn(64, 64, generator=torch.Generator().manual_seed(0)).matmul(torch.ones(64, 64))
            inside = torch.get_num_threads()
        return inside, torch.get_num_threads()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(use, range(200))) == {(1, 3)}
    assert torch.get_num_threads() == 3


# seeds --------------------------------------------------------------------------------------------


def test_weights_hang_on_the_seed_and_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    one, two, other = (build_seeded(lambda: torch.nn.Linear(8, 8), seed).weight for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_a_failing_build_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError):
        build_seeded(lambda: 1 / 0, 0)
    assert torch.equal(torch.get_rng_state(), state)


def test_weights_drawn_in_many_threads_are_those_of_one():
    state = torch.get_rng_state()
    expected = [build_seeded(lambda: torch.nn.Linear(50, 50), seed).weight for seed in range(12)]
    with ThreadPoolExecutor(6) as pool:
        drawn = list(
            pool.map(lambda seed: build_seeded(lambda: torch.nn.Linear(50, 50), seed).weight, range(12))
        )
    assert all(torch.equal(a, b) for a, b in zip(expected, drawn, strict=True))
    assert torch.equal(torch.get_rng_state(), state)


# the forward pass ---------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 7, 32, 100])
def test_forward_in_batches_is_the_forward_pass(batch_size):
    module = build_seeded(lambda: torch.nn.Linear(1, 3), 0)
    state = torch.get_rng_state()
    output = forward_in_batches(module, X, batch_size=batch_size, device="cpu")
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_allclose(output, module(torch.from_numpy(X)).detach(), rtol=1e-6)
    assert torch.get_num_threads() == 3


def test_forward_takes_several_arrays():
    output = forward_in_batches(lambda a, b: a + b, X, 2 * X, batch_size=5, device="cpu")
    np.testing.assert_allclose(output, 3 * X, rtol=1e-6)


def test_devices():
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_missing_device_is_named_with_the_remedy():
    with pytest.raises(ValueError, match=r"'cuda:1' is not available .* set_params\(device='cpu'\)"):
        resolve_device("cuda:1")


@pytest.mark.parametrize("optimizer", ["SGD", "AdamW", "RMSprop", "Adagrad", "Rprop"])
def test_the_schedule_takes_optimizers_with_and_without_momentum(optimizer):
    line = Line(optimizer=getattr(torch.optim, optimizer), max_epochs=20).fit(X, y)
    losses = line.net_.history[:, "train_loss"]
    assert losses[-1] < losses[0]
