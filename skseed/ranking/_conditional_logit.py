"""A conditional logit: which of several candidates is the right one, by a weighted sum of what is known."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp

_ITERATIONS = 200


@dataclass(frozen=True)
class Candidates:
    """Candidates of questions; the first one is right.

    `evidence` has shape (n_questions, n_candidates, n_evidence). `offset`, (n_questions, n_candidates),
    is added to the sums: the logarithm of how many candidates one stands for, minus infinity for none.
    """

    evidence: npt.NDArray[np.float32]
    offset: npt.NDArray[np.float64]


def fit_conditional_logit(
    candidates: Candidates, prior: npt.NDArray[np.float64], *, strength: float
) -> npt.NDArray[np.float64]:
    """Return the weights of the evidence.

    They minimise the sum of ``-log softmax(evidence @ weights + offset)`` of the right candidates plus
    half the strength times the squared distance from the prior weights, for evidence scaled to unit
    variance. It is convex; with few questions the weights stay near the prior.
    """
    mean = candidates.evidence.mean(axis=(0, 1), dtype=np.float64)
    scale = candidates.evidence.std(axis=(0, 1), dtype=np.float64)
    constant = scale < 1e-6
    # what never varies says nothing
    scale[constant] = 1.0
    start = prior * scale
    scaled = (candidates.evidence - mean) / scale

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        # numpy's own loops, since the product of a matrix may round by the number of threads
        scores = np.einsum("qce,e->qc", scaled, weights) + candidates.offset
        total = logsumexp(scores, axis=1, keepdims=True)
        residual = np.exp(scores - total)
        residual[:, 0] -= 1
        gradient = np.einsum("qc,qce->e", residual, scaled) + strength * (weights - start)
        value = (total[:, 0] - scores[:, 0]).sum() + strength / 2 * np.square(weights - start).sum()
        return float(value), gradient

    options = {"maxiter": _ITERATIONS}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.where(constant, prior, found.x / scale)
