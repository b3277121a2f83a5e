"""The smallest neural estimator: a line through points."""

import numpy as np
import torch
from sklearn.base import BaseEstimator

# a minimal neural estimator, so that training is tested apart from the real networks
from skseed._atomic_fit import atomic_fit
from skseed._sklearn import _fit_context
from skseed._training import NeuralEstimatorMixin, build_seeded, forward_in_batches

X = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
y = 3 * X + 1


class Batches:
    """Shuffled batches of points; an epoch depends on the seed and on its number."""

    def __init__(self, X, y, batch_size, seed):
        self.X, self.y, self.batch_size, self.seed, self.epoch = X, y, batch_size, seed, 0

    def __len__(self):
        return len(self.X) // self.batch_size

    def __iter__(self):
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.X))
        self.epoch += 1
        for rows in order.reshape(len(self), self.batch_size):
            yield torch.from_numpy(self.X[rows]), torch.from_numpy(self.y[rows])


class Line(NeuralEstimatorMixin, BaseEstimator):
    """A line through points; every third point is held out if `validation_fraction` is not 0."""

    _parameter_constraints = NeuralEstimatorMixin._training_constraints

    def __init__(
        self,
        criterion=None,
        lr=0.1,
        max_epochs=5,
        batch_size=8,
        optimizer="adam",
        validation_fraction=0.0,
        n_iter_no_change=3,
        callbacks=None,
        checkpoint=None,
        device="cpu",
        verbose=0,
        random_state=0,
    ):
        self.criterion = criterion
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        weight_seed, batch_seed = self._draw_seeds(2)
        options = {"n_inputs": X.shape[1]}
        module = build_seeded(lambda: self._build_module(**options), weight_seed)

        def validation_loss():
            outputs = forward_in_batches(module, X[::3], batch_size=8, device="cpu")
            return float(np.square(outputs - y[::3]).mean())

        net = self._train(
            module,
            self.criterion or torch.nn.MSELoss(),
            Batches(X, y, self.batch_size, batch_seed),
            data=[X, y],
            validation_loss=validation_loss if self.validation_fraction else None,
        )
        self.net_ = net
        self._module_options = options
        return self

    def _build_module(self, *, n_inputs):
        return torch.nn.Linear(n_inputs, 1)

    def predict(self, X):
        return forward_in_batches(self.net_.module_, X, batch_size=8, device="cpu")
