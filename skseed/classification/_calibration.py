"""Log loss of logits, their temperature, and the weight of a correction."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]

_CORRECTION_WEIGHTS = (0.25, 0.5, 0.75, 1.0)


def log_losses(logits: Floats, targets: Ints) -> Floats:
    """Return the log loss of each row."""
    losses: Floats = -log_softmax(logits, axis=1)[np.arange(len(targets)), targets]
    return losses


def fit_temperature(logits: Floats, targets: Ints, weights: Floats | None = None) -> float:
    """Return the divisor of the logits that minimizes their weighted log loss.

    The logarithm of the temperature has a normal prior with mean 0 and standard deviation 1, so a few rows
    leave the temperature near 1.
    """
    weights = np.ones(len(targets)) if weights is None else weights

    def penalized_loss(log_temperature: float) -> float:
        losses = log_losses(logits / np.exp(log_temperature), targets)
        return float(weights @ losses + log_temperature**2 / 2)

    return float(np.exp(minimize_scalar(penalized_loss, bounds=(-4, 4), method="bounded").x))


def choose_correction_weight(
    logits: Floats, correction: Floats, targets: Ints, *, weights: Floats, groups: Ints
) -> float:
    """Return the factor with which a correction lowers the log loss of rows that were held out.

    The factor is 0 unless groups of relatives agree: the loss of a group must fall by more than two
    standard errors on average, and the weighted share of wrong rows must not grow.

    Parameters
    ----------
    logits, correction : ndarray of shape (n_rows, n_classes)
        The logits, and what may be added to them.
    targets : ndarray of shape (n_rows,), dtype int64
        The class of each row.
    weights : ndarray of shape (n_rows,)
        The weight of each row.
    groups : ndarray of shape (n_rows,), dtype int64
        The group of each row.
    """
    _, members = np.unique(groups, return_inverse=True)
    n_groups = int(members.max(initial=-1)) + 1
    if n_groups < 2:
        return 0.0
    before = log_losses(logits, targets)
    gains = [
        weights * (before - log_losses(logits + factor * correction, targets))
        for factor in _CORRECTION_WEIGHTS
    ]
    best = int(np.argmax([gain.sum() for gain in gains]))
    by_group = np.bincount(members, gains[best], minlength=n_groups)
    standard_error = by_group.std(ddof=1) / np.sqrt(n_groups)
    factor = _CORRECTION_WEIGHTS[best]
    errors = [weights @ (sums.argmax(axis=1) != targets) for sums in (logits, logits + factor * correction)]
    return factor if by_group.mean() > 2 * standard_error and errors[1] <= errors[0] else 0.0


def weigh_and_calibrate(
    base: Floats | None,
    logits: Floats,
    targets: Ints,
    *,
    weights: Floats,
    sample_weight: Floats,
    groups: Ints,
) -> tuple[float, float]:
    """Return the factor of the logits of a network, and the temperature of their sum with those of `base`.

    All arguments are of rows that were held out. The factor is 1 if there is no `base`. If it is 0, the
    temperature is 1, since that of `base` is known already.
    """
    factor = 1.0
    if base is not None:
        factor = choose_correction_weight(base, logits, targets, weights=weights, groups=groups)
        logits = base + factor * logits
    return factor, fit_temperature(logits, targets, sample_weight) if factor else 1.0
