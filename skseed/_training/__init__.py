"""Train the networks of the neural estimators, and store them as plain arrays.

An estimator inherits from :class:`NeuralEstimatorMixin`, which documents the protocol. Its ``fit`` builds a
torch module and batches from :mod:`skseed.nn`, calls ``_train``, and stores the returned skorch net as
``net_``. Only this package imports skorch.

Results are the same, bit for bit, whatever else runs in the process. Training and prediction use one torch
thread. Initial weights are drawn under a lock. Batches and dropout have generators of their own, so the
global generators of numpy and torch do not change.
"""

from skseed._training._early_stopping import split_by_class, split_by_group
from skseed._training._estimator import NeuralEstimatorMixin
from skseed._training._net import TrainingNet
from skseed._training._prediction import forward_in_batches, resolve_device
from skseed._training._seeding import build_seeded, draw_seeds
from skseed._training._threads import one_torch_thread

__all__ = [
    "NeuralEstimatorMixin",
    "TrainingNet",
    "build_seeded",
    "draw_seeds",
    "forward_in_batches",
    "one_torch_thread",
    "resolve_device",
    "split_by_class",
    "split_by_group",
]
