"""Scores of novelty detection: known labels against labels without training data."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._sklearn import Interval, validate_params
from skseed.metrics._checks import check_booleans, check_numbers


@validate_params(
    {
        "is_known": ["array-like"],
        "score": ["array-like"],
        "tpr": [Interval(Real, 0, 1, closed="right")],
    },
    prefer_skip_nested_validation=True,
)
def fpr_at_tpr(is_known: npt.ArrayLike, score: npt.ArrayLike, *, tpr: float = 0.95) -> float:
    r"""False-positive rate at a given true-positive rate.

    Use it for a ranker that abstains below a threshold of its confidence. The threshold is set so that the
    fraction `tpr` of the known samples passes; the value is the fraction of unknown samples that also pass.
    It describes one threshold; use :func:`sklearn.metrics.roc_auc_score` with the same arguments for all
    thresholds.

    .. math:: \frac{|\{j \in U : s_j \ge t\}|}{|U|} \quad\text{with}\quad
              t = \max \{t : |\{i \in K : s_i \ge t\}| \ge q\, |K|\}

    where :math:`K` are the known samples, :math:`U` the unknown samples, :math:`s` their scores and
    :math:`q` the true-positive rate `tpr`.

    The value is between 0 and 1; lower is better. The best value is 0, the worst 1. A random score gives
    `tpr`, and a constant score gives 1.

    Parameters
    ----------
    is_known : array-like of bool of shape (n_samples,)
        Whether the training data contain the label of the sample.
    score : array-like of shape (n_samples,)
        The confidence, higher for known samples, such as the largest cosine to a lab.
    tpr : float, default=0.95
        The fraction of known samples that must pass, above 0 and at most 1.

    Returns
    -------
    fpr : float
        The false-positive rate, between 0 and 1; lower is better.

    Raises
    ------
    ValueError
        If there are no known or no unknown samples, the shapes differ, `is_known` holds other
        values than booleans, or a score is NaN or no number.

    See Also
    --------
    oscr_score : Take the correctness of the predictions into account.
    sklearn.metrics.roc_auc_score : Compute the area over all thresholds.

    References
    ----------
    .. [1] Hendrycks, Gimpel (2017). "A baseline for detecting misclassified and out-of-distribution
       examples in neural networks." ICLR. :doi:`10.48550/arXiv.1610.02136`

    Examples
    --------
    >>> from skseed.metrics import fpr_at_tpr
    >>> fpr_at_tpr([True, True, True, True, False, False], [0.9, 0.8, 0.7, 0.2, 0.5, 0.1], tpr=0.75)
    0.0
    >>> fpr_at_tpr([True, True, True, True, False, False], [0.9, 0.8, 0.7, 0.2, 0.5, 0.1], tpr=0.95)
    0.5
    """
    known, scores = _check_known(is_known, score)
    accepted = np.sort(scores[known])[::-1]
    threshold = accepted[int(np.ceil(tpr * len(accepted) - 1e-9)) - 1]
    return float(np.mean(scores[~known] >= threshold))


@validate_params(
    {"is_known": ["array-like"], "score": ["array-like"], "is_correct": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def oscr_score(is_known: npt.ArrayLike, score: npt.ArrayLike, *, is_correct: npt.ArrayLike) -> float:
    r"""Area under the open-set classification rate curve.

    Use it to compare rankers that abstain. Each threshold of the confidence gives one point of the curve.
    Its x-coordinate is the fraction of unknown samples that pass. Its y-coordinate is the fraction of known
    samples that pass *and* are classified correctly. Unlike the area under the ROC curve, the value does
    not reward confidence in wrong predictions.

    .. math:: \frac{1}{|K| |U|} \sum_{i \in K} \sum_{j \in U} c_i
              \left([s_i > s_j] + \tfrac12 [s_i = s_j]\right)

    where :math:`K` are the known samples, :math:`U` the unknown samples, :math:`s` their scores, and
    :math:`c_i` is 1 if the known sample :math:`i` is classified correctly, else 0.

    The value is between 0 and 1; higher is better. The best value is 1, the worst 0. It is at most the
    accuracy on the known samples; a random or constant confidence scores half of this accuracy.

    Parameters
    ----------
    is_known : array-like of bool of shape (n_samples,)
        Whether the training data contain the label of the sample.
    score : array-like of shape (n_samples,)
        The confidence, higher for known samples.
    is_correct : array-like of bool of shape (n_samples,)
        Whether the prediction is right; ignored for unknown samples.

    Returns
    -------
    area : float
        The area, between 0 and 1; higher is better.

    Raises
    ------
    ValueError
        If there are no known or no unknown samples, the shapes differ, `is_known` or
        `is_correct` holds other values than booleans, or a score is NaN or no number.

    See Also
    --------
    fpr_at_tpr : Score one threshold, without the classification.

    References
    ----------
    .. [1] Dhamija, Günther, Boult (2018). "Reducing network agnostophobia." NeurIPS.
       :doi:`10.48550/arXiv.1811.04110`

    Examples
    --------
    >>> from skseed.metrics import oscr_score
    >>> correct = [True, False, False, False]
    >>> oscr_score([True, True, False, False], [0.9, 0.8, 0.5, 0.1], is_correct=correct)
    0.5
    """
    known, scores = _check_known(is_known, score)
    correct = check_booleans(is_correct, "is_correct")
    if correct.shape != known.shape:
        raise ValueError(
            f"is_known and is_correct must have the same shape; got {known.shape} and {correct.shape}."
        )
    unknown = np.sort(scores[~known])
    right = scores[known & correct]
    below = np.searchsorted(unknown, right, side="left") + np.searchsorted(unknown, right, side="right")
    return float(below.sum() / 2 / len(unknown) / known.sum())


def _check_known(is_known: Any, score: Any) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    known = check_booleans(is_known, "is_known")
    scores = check_numbers(score, "score").astype(np.float64)
    if known.ndim != 1 or known.shape != scores.shape:
        raise ValueError(
            "is_known and score must be one-dimensional and of equal length; "
            f"got {known.shape} and {scores.shape}."
        )
    if not known.any() or known.all():
        raise ValueError(
            "There must be known and unknown samples, but is_known is the same for all "
            "samples; add the others."
        )
    if np.isnan(scores).any():
        raise ValueError(f"score[{int(np.argmax(np.isnan(scores)))}] is NaN; replace it by a number.")
    return known, scores
