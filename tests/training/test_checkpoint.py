"""Checkpoints: resuming, damaged files, full disks, and equal fits in parallel."""

import errno
import multiprocessing
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, EarlyStopping, GradientNormClipping

from tests.training.line import Line, X, y

WHOLE = Line(max_epochs=6).fit(X, y).predict(X)


class InterruptIn(Callback):
    """Raise KeyboardInterrupt in the last step of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_grad_computed(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


def interrupted(folder, epoch=4, **params):
    """Leave the state of a training that was interrupted, and return its file."""
    with pytest.raises(KeyboardInterrupt):
        Line(**{"max_epochs": 6, "checkpoint": folder, "callbacks": [InterruptIn(epoch)], **params}).fit(X, y)
    (path,) = Path(folder).iterdir()
    return path


class Epochs(Callback):
    """Collect the numbers of the epochs that were trained."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_begin(self, net, **kwargs):
        self.epochs.append(len(net.history))


def test_an_interrupted_fit_resumes_at_its_epoch_and_removes_the_file(tmp_path):
    path = interrupted(tmp_path / "runs" / "deep", epoch=4)
    epochs = []
    line = Line(max_epochs=6, checkpoint=str(path.parent), callbacks=[Epochs(epochs)]).fit(X, y)
    assert epochs == [4, 5, 6]
    assert_array_equal(line.predict(X), WHOLE)
    assert not list(path.parent.iterdir())
    assert len(line.net_.history) == 6


@pytest.mark.parametrize("fraction", [0, 0.3])
def test_callbacks_resume_with_their_state(tmp_path, fraction):
    params = {"max_epochs": 30, "lr": 0.5, "validation_fraction": fraction, "n_iter_no_change": 100}

    def stop():
        return EarlyStopping(monitor="train_loss", patience=4, threshold=0.5, load_best=True)

    whole = Line(**params, callbacks=[stop()]).fit(X, y)
    n_epochs = len(whole.net_.history)
    assert 5 < n_epochs < 30
    for epoch in (3, n_epochs - 1):
        params["checkpoint"] = tmp_path / str(epoch)
        interrupted(params["checkpoint"], **params | {"callbacks": [stop(), InterruptIn(epoch)]})
        resumed = Line(**params, callbacks=[stop()]).fit(X, y)
        assert_array_equal(resumed.predict(X), whole.predict(X))
        assert len(resumed.net_.history) == n_epochs


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)], ids=["None", "RandomState"])
def test_a_checkpoint_needs_an_int_as_random_state(tmp_path, random_state):
    line = Line(checkpoint=tmp_path, random_state=random_state)
    with pytest.raises(ValueError, match=r"checkpoint needs an int as random_state.*pass an int such as"):
        line.fit(X, y)
    assert Line(checkpoint=tmp_path, random_state=np.int64(0)).fit(X, y)


@pytest.mark.parametrize(
    "other",
    [
        {"lr": 0.05},
        {"max_epochs": 7},
        {"batch_size": 16},
        {"random_state": 1},
        {"optimizer": "sgd"},
        {"optimizer": partial(torch.optim.Adam, weight_decay=0.5)},
        {"validation_fraction": 0.3},
        {"criterion": torch.nn.L1Loss()},
        {"callbacks": [GradientNormClipping(0.1)]},
    ],
    ids=lambda other: "-".join(other),
)
def test_fits_with_other_parameters_do_not_resume(tmp_path, other):
    path = interrupted(tmp_path)
    params = {"max_epochs": 6, **other}
    line = Line(**params, checkpoint=tmp_path).fit(X, y)
    assert_array_equal(line.predict(X), Line(**params).fit(X, y).predict(X))
    assert list(tmp_path.iterdir()) == [path]


def test_fits_on_other_data_do_not_resume(tmp_path):
    path = interrupted(tmp_path)
    Line(max_epochs=6, checkpoint=tmp_path).fit(X, y + 1)
    Line(max_epochs=6, checkpoint=tmp_path).fit(X[::-1].copy(), y)
    assert list(tmp_path.iterdir()) == [path]


def test_parameters_that_do_not_change_the_outcome_resume(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    interrupted(tmp_path)
    epochs = []
    Line(max_epochs=6, checkpoint=".", device="auto", verbose=1, callbacks=[Epochs(epochs)]).fit(X, y)
    assert epochs == [4, 5, 6]
    assert not list(tmp_path.iterdir())


# damage -------------------------------------------------------------------------------------------


def test_no_flipped_bit_changes_a_number(tmp_path):
    path = interrupted(tmp_path)
    file = path.read_bytes()
    places = np.random.default_rng(0).integers(len(file), size=12)
    for place in [0, 25, 60, len(file) - 1, *places.tolist()]:
        damaged = bytearray(file)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        with pytest.warns(UserWarning, match="damaged") as warned:
            line = Line(max_epochs=6, checkpoint=tmp_path).fit(X, y)
        assert [str(warning.message) for warning in warned] == [
            f"The checkpoint {path} is damaged and is ignored; training starts over."
        ]
        assert_array_equal(line.predict(X), WHOLE)
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("n_bytes", [0, 10, 100, -1])
def test_a_truncated_file_is_ignored_with_one_warning(tmp_path, n_bytes):
    path = interrupted(tmp_path)
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.warns(UserWarning, match="is damaged and is ignored") as warned:
        line = Line(max_epochs=6, checkpoint=tmp_path).fit(X, y)
    assert len(warned) == 1
    assert_array_equal(line.predict(X), WHOLE)


def test_a_full_disk_warns_once_with_the_path_and_training_goes_on(tmp_path, monkeypatch):
    path = interrupted(tmp_path, epoch=3)
    before = path.read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    # nothing else makes a disk full after the temporary file was opened
    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(UserWarning, match="could not be written .No space left on device") as warned:
        line = Line(max_epochs=6, checkpoint=tmp_path).fit(X, y)
    assert len(warned) == 1
    assert str(path) in str(warned[0].message)
    assert_array_equal(line.predict(X), WHOLE)
    assert not list(tmp_path.iterdir())
    # the state of an earlier epoch survives a failing write
    path.write_bytes(before)
    with pytest.warns(UserWarning, match="could not be written"), pytest.raises(KeyboardInterrupt):
        Line(max_epochs=6, checkpoint=tmp_path, callbacks=[InterruptIn(5)]).fit(X, y)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [before]


def test_a_directory_that_cannot_be_made_raises_with_its_path(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Line(checkpoint=tmp_path / "file" / "below").fit(X, y)


def test_a_training_that_diverges_leaves_no_file(tmp_path):
    with pytest.raises(FloatingPointError):
        Line(optimizer="sgd", lr=1e30, max_epochs=30, checkpoint=tmp_path).fit(X, y)
    assert not list(tmp_path.iterdir())


def test_temporary_files_of_killed_fits_are_removed(tmp_path):
    path = interrupted(tmp_path)
    leftover = path.with_suffix(".abc.part")
    leftover.write_bytes(b"half")
    os.utime(leftover, (0, 0))
    other = tmp_path / "other.abc.part"
    other.write_bytes(b"half")
    Line(max_epochs=6, checkpoint=tmp_path).fit(X, y)
    assert list(tmp_path.iterdir()) == [other]


# equal fits in parallel ---------------------------------------------------------------------------


def fit_often(folder, output):
    """Fit a line several times with the same checkpoint, and write its predictions to a file."""
    lines = [Line(max_epochs=6, checkpoint=folder).fit(X, y) for _ in range(8)]
    np.save(output, [line.predict(X) for line in lines])


def test_equal_fits_in_parallel_agree(tmp_path):
    outputs = [tmp_path / f"{number}.npy" for number in range(2)]
    context = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")
    fits = [context.Process(target=fit_often, args=(tmp_path / "states", output)) for output in outputs]
    for fit in fits:
        fit.start()
    for fit in fits:
        fit.join(120)
    assert [fit.exitcode for fit in fits] == [0, 0]
    for output in outputs:
        assert_array_equal(np.load(output), [WHOLE] * 8)
    assert not list((tmp_path / "states").iterdir())


def minus_error(line, X, y):
    return -np.abs(line.predict(X) - y).mean()


@pytest.mark.slow
def test_a_parallel_search_with_equal_fits(tmp_path):
    lines = Line(max_epochs=2, checkpoint=tmp_path)
    search = GridSearchCV(lines, {"verbose": [0, False]}, cv=2, n_jobs=2, scoring=minus_error).fit(X, y)
    assert search.cv_results_["mean_test_score"][0] == search.cv_results_["mean_test_score"][1]
    assert not list(tmp_path.iterdir())
