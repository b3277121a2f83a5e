"""Log loss of logits, and their temperature."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax


def log_losses(logits: npt.NDArray[np.float64], targets: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Return the log loss of each row."""
    losses: npt.NDArray[np.float64] = -log_softmax(logits, axis=1)[np.arange(len(targets)), targets]
    return losses


def fit_temperature(logits: npt.NDArray[np.float64], targets: npt.NDArray[np.integer]) -> float:
    """Return the divisor of the logits that minimizes their log loss.

    The logarithm of the temperature has a normal prior with mean 0 and standard deviation 1, so a few rows
    leave the temperature near 1.
    """

    def penalized_loss(log_temperature: float) -> float:
        losses = log_losses(logits / np.exp(log_temperature), targets)
        return float(losses.sum() + log_temperature**2 / 2)

    return float(np.exp(minimize_scalar(penalized_loss, bounds=(-4, 4), method="bounded").x))
