"""Every neural estimator resumes bit for bit after SIGKILL, with and without early stopping."""

import os
import signal

import numpy as np
import pytest
from skorch.callbacks import Callback

from tests.training.neural import CASES, fresh, predict, weights

KILLED_IN, LAST = 3, 6
PARAMS = {
    "plain": {"max_epochs": LAST},
    "early_stopping": {"max_epochs": LAST, "validation_fraction": 0.3, "n_iter_no_change": LAST},
}


class Kill(Callback):
    """Kill the process in the last batch of an epoch, as the kernel does without memory."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_grad_computed(self, net, **kwargs):
        if len(net.history) == self.epoch:
            os.kill(os.getpid(), signal.SIGKILL)


class Epochs(Callback):
    """Collect the numbers of the epochs that were trained."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_begin(self, net, **kwargs):
        self.epochs.append(len(net.history))


def fit_until_killed(name, **params):
    """Fit a case in a forked child, and return the exit status of the child."""
    child = os.fork()
    if child == 0:
        try:
            estimator, X, y = fresh(name, **params, callbacks=[Kill(KILLED_IN)])
            estimator.fit(X, y)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("kind", list(PARAMS))
@pytest.mark.parametrize("name", list(CASES))
def test_a_killed_fit_resumes_bit_for_bit(tmp_path, name, kind):
    whole, X, y = fresh(name, **PARAMS[kind])
    whole.fit(X, y)
    assert fit_until_killed(name, **PARAMS[kind], checkpoint=tmp_path) == -signal.SIGKILL
    assert len(list(tmp_path.glob("*.pt"))) == 1
    epochs = []
    resumed, *_ = fresh(name, **PARAMS[kind], checkpoint=tmp_path, callbacks=[Epochs(epochs)])
    resumed.fit(X, y)
    assert epochs == list(range(KILLED_IN, LAST + 1))
    expected = weights(whole)
    for parameter, values in weights(resumed).items():
        np.testing.assert_array_equal(values, expected[parameter], err_msg=parameter)
    np.testing.assert_array_equal(predict(resumed, X), predict(whole, X))
    for column in ("train_loss", "valid_loss") if kind == "early_stopping" else ("train_loss",):
        assert resumed.net_.history[:, column] == whole.net_.history[:, column]
    assert not list(tmp_path.iterdir())
