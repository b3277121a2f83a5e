"""Scores of predictions with abstention: the error rate against the share of answered samples."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._sklearn import validate_params
from skseed.metrics._checks import check_booleans, check_numbers


@validate_params({"is_correct": ["array-like"], "score": ["array-like"]}, prefer_skip_nested_validation=True)
def risk_coverage_curve(
    is_correct: npt.ArrayLike, score: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    r"""Error rate of the answered samples at each threshold of the confidence.

    Use it for a classifier that abstains when its confidence is below a threshold: the curve shows the share
    of samples that can be answered at an accepted error rate. It does not show whether the confidence is a
    probability; use :func:`expected_calibration_error` for that.

    .. math:: \text{coverage}(t) = \frac{|\{i : s_i \ge t\}|}{n}, \qquad
              \text{risk}(t) = \frac{|\{i : s_i \ge t,\ c_i = 0\}|}{|\{i : s_i \ge t\}|}

    where :math:`s_i` is the confidence of sample :math:`i` and :math:`c_i` is 1 if its prediction is right.

    Parameters
    ----------
    is_correct : array-like of bool of shape (n_samples,)
        Whether the prediction of the sample is right.
    score : array-like of shape (n_samples,)
        The confidence, such as the largest probability.

    Returns
    -------
    coverage : ndarray of shape (n_thresholds,)
        The share of answered samples, ascending, in (0, 1]; the last one is 1.
    risk : ndarray of shape (n_thresholds,)
        The error rate of the answered samples, in [0, 1].
    thresholds : ndarray of shape (n_thresholds,)
        The smallest confidence that is answered, descending: each different value of `score`.

    Raises
    ------
    ValueError
        If there is no sample, the shapes differ, `is_correct` holds other values than booleans, or a score is
        NaN or no number.

    See Also
    --------
    risk_coverage_area : The mean of the curve.
    skseed.inspection.RiskCoverageDisplay : Plots the curve.

    References
    ----------
    .. [1] Geifman, El-Yaniv (2017). "Selective classification for deep neural networks." NeurIPS.
       :doi:`10.48550/arXiv.1705.08500`

    Examples
    --------
    >>> from skseed.metrics import risk_coverage_curve
    >>> coverage, risk, thresholds = risk_coverage_curve([True, True, False, True], [0.9, 0.8, 0.4, 0.4])
    >>> coverage, risk, thresholds
    (array([0.25, 0.5 , 1.  ]), array([0.  , 0.  , 0.25]), array([0.9, 0.8, 0.4]))
    """
    wrong, sizes, thresholds = _errors_by_threshold(is_correct, score)
    n_answered = np.cumsum(sizes)
    return n_answered / n_answered[-1], np.cumsum(wrong) / n_answered, thresholds


@validate_params({"is_correct": ["array-like"], "score": ["array-like"]}, prefer_skip_nested_validation=True)
def risk_coverage_area(is_correct: npt.ArrayLike, score: npt.ArrayLike) -> float:
    r"""Mean error rate of the answered samples over all coverages.

    Use it to compare confidences: with the same predictions, a lower area means that wrong predictions have
    lower confidences. Between classifiers of different accuracy, the area mostly reflects the accuracy.

    .. math:: \frac1n \sum_{m=1}^{n} \frac{\text{errors among the } m \text{ most confident samples}}{m}

    Among samples of equal confidence, the errors are spread evenly, so the value does not depend on their
    order.

    The value is between 0 and 1; lower is better. It is 0 if all predictions are right, and 1 if all are
    wrong. A constant confidence gives the error rate of all samples; so does a random one, on average.

    Parameters
    ----------
    is_correct : array-like of bool of shape (n_samples,)
        Whether the prediction of the sample is right.
    score : array-like of shape (n_samples,)
        The confidence, such as the largest probability.

    Returns
    -------
    area : float
        The area under the risk-coverage curve, in [0, 1]; lower is better.

    Raises
    ------
    ValueError
        If there is no sample, the shapes differ, `is_correct` holds other values than booleans, or a score is
        NaN or no number.

    See Also
    --------
    risk_coverage_curve : The curve.
    oscr_score : Takes samples of unknown labels into account.

    References
    ----------
    .. [1] Geifman, Uziel, El-Yaniv (2019). "Bias-reduced uncertainty estimation for deep neural classifiers."
       ICLR. :doi:`10.48550/arXiv.1805.08206`

    Examples
    --------
    >>> from skseed.metrics import risk_coverage_area
    >>> risk_coverage_area([True, True, False, False], [0.9, 0.8, 0.4, 0.3])
    0.20833333333333331
    >>> risk_coverage_area([True, True, False, False], [0.5, 0.5, 0.5, 0.5])
    0.5
    """
    wrong, sizes, _ = _errors_by_threshold(is_correct, score)
    errors = np.cumsum(np.repeat(wrong / sizes, sizes))
    return float(np.mean(errors / np.arange(1, len(errors) + 1)))


def _errors_by_threshold(
    is_correct: Any, score: Any
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the errors and the samples of each confidence, and the confidences, descending."""
    correct = check_booleans(is_correct, "is_correct")
    scores = check_numbers(score, "score").astype(np.float64)
    if correct.ndim != 1 or correct.shape != scores.shape:
        raise ValueError(
            "is_correct and score must be one-dimensional and of equal length; "
            f"got {correct.shape} and {scores.shape}."
        )
    if not len(scores):
        raise ValueError("is_correct is empty; pass at least one sample.")
    if np.isnan(scores).any():
        raise ValueError(f"score[{int(np.argmax(np.isnan(scores)))}] is NaN; replace it by a number.")
    values, confidence_of, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    wrong = np.bincount(confidence_of, weights=~correct, minlength=len(values)).astype(np.float64)
    return wrong[::-1], sizes[::-1].astype(np.int64), values[::-1]
