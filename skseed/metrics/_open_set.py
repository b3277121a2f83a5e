"""Scores of the ability to tell what is unknown."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._sklearn import Interval, validate_params


@validate_params(
    {
        "is_known": ["array-like"],
        "score": ["array-like"],
        "tpr": [Interval(Real, 0, 1, closed="right")],
    },
    prefer_skip_nested_validation=True,
)
def fpr_at_tpr(is_known: npt.ArrayLike, score: npt.ArrayLike, *, tpr: float = 0.95) -> float:
    r"""Share of unknown samples that pass a threshold which most known samples pass.

    A ranker that abstains below a threshold on its best score must keep most samples of known labels;
    this says how many strangers it keeps with them. It judges one working point; for all of them use
    :func:`sklearn.metrics.roc_auc_score` on the same arguments.

    The threshold is the largest score :math:`t` that at least a share `tpr` of the known samples
    reach, and the result the share of unknown samples with a score of at least :math:`t`. The best
    value is 0, the worst 1; guessing at random scores `tpr`.

    Parameters
    ----------
    is_known : array-like of bool of shape (n_samples,)
        Whether the sample's label was there in training.
    score : array-like of shape (n_samples,)
        The confidence, higher for known samples: such as the largest cosine to a lab.
    tpr : float, default=0.95
        The share of known samples to keep, above 0 and at most 1.

    Returns
    -------
    fpr : float
        The share, between 0 and 1; lower is better.

    Raises
    ------
    ValueError
        If there are no known or no unknown samples, the shapes differ, or a score is NaN.

    See Also
    --------
    oscr_score : Also asks whether the known samples are classified correctly.
    sklearn.metrics.roc_auc_score : The area over all thresholds.

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

    For every threshold on the confidence the curve has a point: across, the share of unknown samples
    that pass; up, the share of known samples that pass *and* are classified correctly. Unlike the area
    under the ROC curve it does not reward a confidence without knowledge. It equals

    .. math:: \frac{1}{|K| |U|} \sum_{i \in K} \sum_{j \in U} c_i
              \left([s_i > s_j] + \tfrac12 [s_i = s_j]\right)

    with K the known samples, U the unknown ones and :math:`c_i` 1 where a known sample is classified
    correctly. The best value is 1, the worst 0; it is at most the accuracy on the known samples, and
    half of this accuracy with a random confidence.

    Parameters
    ----------
    is_known : array-like of bool of shape (n_samples,)
        Whether the sample's label was there in training.
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
        If there are no known or no unknown samples, the shapes differ, or a score is NaN.

    See Also
    --------
    fpr_at_tpr : A single working point, without the classification.

    References
    ----------
    .. [1] Dhamija, Günther, Boult (2018). "Reducing network agnostophobia." NeurIPS.
       :doi:`10.48550/arXiv.1811.04110`

    Examples
    --------
    >>> from skseed.metrics import oscr_score
    >>> right = [True, False, False, False]
    >>> oscr_score([True, True, False, False], [0.9, 0.8, 0.5, 0.1], is_correct=right)
    0.5
    """
    known, scores = _check_known(is_known, score)
    correct = np.asarray(is_correct, dtype=bool)
    if correct.shape != known.shape:
        raise ValueError(
            f"is_known and is_correct must have the same shape; got {known.shape} and {correct.shape}."
        )
    strangers = np.sort(scores[~known])
    right = scores[known & correct]
    below = np.searchsorted(strangers, right, side="left") + np.searchsorted(strangers, right, side="right")
    return float(below.sum() / 2 / len(strangers) / known.sum())


def _check_known(is_known: Any, score: Any) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    known, scores = np.asarray(is_known, dtype=bool), np.asarray(score, dtype=np.float64)
    if known.ndim != 1 or known.shape != scores.shape:
        raise ValueError(
            "is_known and score must be one-dimensional and of equal length; "
            f"got {known.shape} and {scores.shape}."
        )
    if not known.any() or known.all():
        raise ValueError("There must be known and unknown samples; all samples are of one kind.")
    if np.isnan(scores).any():
        raise ValueError(f"score holds NaN at index {int(np.argmax(np.isnan(scores)))}.")
    return known, scores
