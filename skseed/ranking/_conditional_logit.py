"""Conditional logit: the probability of each candidate from a weighted sum of its features."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp

_MAX_ITERATIONS = 200


@dataclass(frozen=True)
class Candidates:
    """The candidates of each query; the first one is the true one.

    `features` has shape (n_queries, n_candidates, n_features). `offset`, shape (n_queries, n_candidates),
    is added to the weighted sums: the logarithm of the number of candidates that one stands for, minus
    infinity to leave it out.
    """

    features: npt.NDArray[np.float32]
    offset: npt.NDArray[np.float64]


def fit_conditional_logit(
    candidates: Candidates,
    prior: npt.NDArray[np.float64],
    *,
    strength: float,
    sample_weight: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64]:
    """Return the weights of the features.

    The weights minimize the sum over the queries of ``-log softmax(features @ weights + offset)`` of the
    true candidate plus half the strength times the squared distance from the prior weights, for features
    scaled to unit variance. A query with the sample weight n counts as n queries. The problem is convex; with
    few queries the weights stay near the prior.
    """
    if sample_weight is None:
        sample_weight = np.ones(len(candidates.features))
    mean = candidates.features.mean(axis=(0, 1), dtype=np.float64)
    scale = candidates.features.std(axis=(0, 1), dtype=np.float64)
    constant = scale < 1e-6
    scale[constant] = 1.0
    start = prior * scale
    scaled = (candidates.features - mean) / scale

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        # einsum, since the rounding of a matrix product may depend on the number of threads
        scores = np.einsum("qce,e->qc", scaled, weights) + candidates.offset
        total = logsumexp(scores, axis=1, keepdims=True)
        residual = np.exp(scores - total)
        residual[:, 0] -= 1
        residual *= sample_weight[:, None]
        gradient = np.einsum("qc,qce->e", residual, scaled) + strength * (weights - start)
        losses = sample_weight * (total[:, 0] - scores[:, 0])
        value = losses.sum() + strength / 2 * np.square(weights - start).sum()
        return float(value), gradient

    options = {"maxiter": _MAX_ITERATIONS}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    # a constant feature keeps its prior weight
    return np.where(constant, prior, found.x / scale)
