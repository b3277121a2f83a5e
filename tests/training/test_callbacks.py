"""Callbacks of skorch on every neural estimator, and refits that fail."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skorch.callbacks import BatchScoring, Callback, EarlyStopping, EpochScoring

from tests.training.neural import CASES, ONE_EACH, fresh, predict, weights


@pytest.mark.parametrize("name", list(ONE_EACH))
def test_early_stopping_without_a_validation_split_raises_with_the_remedy(name):
    estimator, X, y = fresh(name, validation_fraction=0, callbacks=[EarlyStopping()])
    message = (
        r"^EarlyStopping\(\) monitors 'valid_loss', but validation_fraction=0 holds out no data; set "
        r"validation_fraction or EarlyStopping\(monitor='train_loss'\)\.$"
    )
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y)
    stop = EarlyStopping(monitor="train_loss", patience=2, threshold=0.99)
    assert len(estimator.set_params(callbacks=[("stop", stop)]).fit(X, y).net_.history) < 6


@pytest.mark.parametrize("name", list(ONE_EACH))
def test_early_stopping_with_a_validation_split_works(name):
    stop = EarlyStopping(patience=2, threshold=0.99)
    estimator, X, y = fresh(name, validation_fraction=0.3, callbacks=[stop])
    history = estimator.fit(X, y).net_.history
    assert len(history) < 6
    assert np.isfinite(history[:, "valid_loss"]).all()


@pytest.mark.parametrize(
    "scoring", [EpochScoring("accuracy"), BatchScoring("accuracy")], ids=["epoch", "batch"]
)
@pytest.mark.parametrize("name", list(ONE_EACH))
def test_callbacks_that_score_predictions_raise_with_the_remedy(name, scoring):
    estimator, X, y = fresh(name, callbacks=[scoring])
    with pytest.raises(
        ValueError, match=r"Scoring\('accuracy'\) needs predictions during training, .* cross_val"
    ):
        estimator.fit(X, y)


@pytest.mark.parametrize("name", list(ONE_EACH))
def test_the_best_epoch_is_kept(name):
    estimator, X, y = fresh(name, validation_fraction=0.3, n_iter_no_change=2, max_epochs=12, lr=0.05)
    losses = estimator.fit(X, y).net_.history[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == min(12, best + 1 + 2)
    collected = WeightsOf(best + 1)
    estimator.set_params(callbacks=[collected]).fit(X, y)
    for (key, value), expected in zip(weights(estimator).items(), collected.weights, strict=True):
        # the classifier sets its linear model afterwards, and converts the weights to double precision
        if key != "correction_weight" and not key.startswith("kmers."):
            assert_array_equal(value.astype(expected.dtype), expected)


class WeightsOf(Callback):
    """Copy the weights at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch
        self.weights = None

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            self.weights = [value.cpu().numpy().copy() for value in net.module_.state_dict().values()]


# refits that fail ---------------------------------------------------------------------------------


def narrower(X, y):
    """Return data with other fitted attributes: fewer classes, and shorter rows or sequences."""
    rows = range(len(X) - 8)
    if isinstance(X, np.ndarray):
        return X[: len(rows), :9], None if y is None else y[: len(rows)]
    return [X[i][:20] for i in rows], None if y is None else y[: len(rows)]


class Interrupt(Callback):
    """Raise KeyboardInterrupt, or another exception, in the second epoch."""

    def __init__(self, error):
        self.error = error

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("disk full")], ids=["interrupt", "error"])
@pytest.mark.parametrize("name", list(CASES))
def test_a_failed_refit_leaves_the_estimator_as_it_was(name, error):
    estimator, X, y = fresh(name, max_epochs=2)
    estimator.fit(X, y)
    before, expected = dict(vars(estimator)), predict(estimator, X)
    other_X, other_y = narrower(X, y)
    estimator.set_params(callbacks=[Interrupt(error)])
    with pytest.raises(type(error)):
        estimator.fit(other_X, other_y)
    estimator.set_params(callbacks=None)
    assert vars(estimator).keys() == before.keys()
    assert all(vars(estimator)[attribute] is value for attribute, value in before.items())
    assert_array_equal(predict(estimator, X), expected)
    # an unfitted estimator stays unfitted
    new, *_ = fresh(name, max_epochs=2, callbacks=[Interrupt(error)])
    with pytest.raises(type(error)):
        new.fit(other_X, other_y)
    assert not [attribute for attribute in vars(new) if attribute.endswith("_")]


@pytest.mark.parametrize("name", [name for name, (_, X, _) in CASES.items() if isinstance(X, np.ndarray)])
def test_a_refit_on_invalid_data_leaves_the_columns_as_they_were(name):
    estimator, X, y = fresh(name, max_epochs=1)
    estimator.fit(X, y)
    invalid = X[:, :7].copy()
    invalid[3, 2] = -1
    with pytest.raises(ValueError, match=r"X\[3, 2\] is -1"):
        estimator.fit(invalid, y)
    assert estimator.n_features_in_ == X.shape[1]
    assert len(predict(estimator, X)) == len(X)
