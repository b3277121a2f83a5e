"""Every neural estimator resumes bit for bit after SIGKILL, with and without early stopping."""

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

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


def fit_until_killed(folder):
    """Fit every case in a forked child that is killed."""
    warnings.simplefilter("ignore")
    # the children inherit what the first fit of a process loads
    for name in CASES:
        estimator, X, y = fresh(name, max_epochs=1)
        estimator.fit(X, y)
    for name in CASES:
        for kind, params in PARAMS.items():
            if os.fork() == 0:
                params = {**params, "checkpoint": Path(folder, name, kind), "callbacks": [Kill(KILLED_IN)]}
                estimator, X, y = fresh(name, **params)
                estimator.fit(X, y)
                os._exit(1)
            status = os.waitstatus_to_exitcode(os.wait()[1])
            assert status == -signal.SIGKILL, f"{name}, {kind}: exit status {status}"


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Return the directory with the states of all killed fits."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    folder = tmp_path_factory.mktemp("states")
    script = f"from tests.training.test_resume import fit_until_killed; fit_until_killed({str(folder)!r})"
    done = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("kind", list(PARAMS))
@pytest.mark.parametrize("name", list(CASES))
def test_a_killed_fit_resumes_bit_for_bit(killed, name, kind):
    folder = killed / name / kind
    assert len(list(folder.glob("*.pt"))) == 1
    whole, X, y = fresh(name, **PARAMS[kind])
    whole.fit(X, y)
    epochs = []
    resumed, *_ = fresh(name, **PARAMS[kind], checkpoint=folder, callbacks=[Epochs(epochs)])
    resumed.fit(X, y)
    assert epochs == list(range(KILLED_IN, LAST + 1))
    expected = weights(whole)
    for parameter, values in weights(resumed).items():
        np.testing.assert_array_equal(values, expected[parameter], err_msg=parameter)
    np.testing.assert_array_equal(predict(resumed, X), predict(whole, X))
    for column in ("train_loss", "valid_loss") if kind == "early_stopping" else ("train_loss",):
        assert resumed.net_.history[:, column] == whole.net_.history[:, column]
    assert not list(folder.iterdir())
