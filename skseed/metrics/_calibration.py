"""Expected calibration error: the gap between confidence and accuracy."""

from numbers import Integral

import numpy as np
import numpy.typing as npt

from skseed._sklearn import Interval, validate_params
from skseed.metrics._checks import (
    check_column_labels,
    check_numbers,
    check_range,
    check_scores,
    check_true_labels,
)


@validate_params(
    {
        "y_true": ["array-like"],
        "y_prob": ["array-like"],
        "labels": ["array-like"],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def expected_calibration_error(
    y_true: npt.ArrayLike, y_prob: npt.ArrayLike, *, labels: npt.ArrayLike, n_bins: int = 15
) -> float:
    r"""Mean gap between the confidence in the most probable label and its accuracy.

    Use it to check whether probabilities match observed frequencies, not to compare rankings. The
    confidence of a sample is its largest probability. Samples are grouped into bins of equal width by
    confidence, and

    .. math:: \mathrm{ECE} = \sum_b \frac{n_b}{n} \left| \mathrm{acc}(b) - \mathrm{conf}(b) \right|

    where :math:`n_b` of the :math:`n` samples are in bin :math:`b`, :math:`\mathrm{acc}(b)` is the
    fraction of them whose most probable label is true, and :math:`\mathrm{conf}(b)` is their mean
    confidence.

    The value is between 0 and 1; lower is better. The best value is 0, the worst 1. Random guesses among
    n balanced labels score 0 in expectation if their probability is 1/n, and 1 - 1/n if it is 1. A
    classifier that always predicts the majority label with its true frequency also scores 0. The value
    depends on `n_bins` and is larger for small samples, so compare only values of the same sample size. A
    proper score such as :func:`sklearn.metrics.log_loss` has neither weakness.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true labels, of the same kind as `labels`. A label that is not in `labels` counts as a wrong
        prediction.
    y_prob : array-like of shape (n_samples, n_labels)
        The probability of each label, between 0 and 1.
    labels : array-like of shape (n_labels,)
        The labels of the columns of `y_prob`, in any order: ``classes_`` of the estimator.
    n_bins : int, default=15
        The number of bins between 0 and 1, at least 1. A bin includes its upper edge. The usual number
        is 15 [1]_ [2]_.

    Returns
    -------
    error : float
        The error, between 0 and 1; lower is better.

    Raises
    ------
    ValueError
        If there is no sample, the shapes differ, a label is missing, repeated or of another kind, or a
        probability is NaN or not between 0 and 1.

    See Also
    --------
    top_k_score : Score a ranking.
    sklearn.calibration.calibration_curve : Compute the two means of each bin for two classes.

    References
    ----------
    .. [1] Guo, Pleiss, Sun, Weinberger (2017). "On calibration of modern neural networks." ICML.
       :doi:`10.48550/arXiv.1706.04599`
    .. [2] Alley, Turpin, Liu, et al. (2020). "A machine learning toolkit for genetic engineering attribution
       to facilitate biosecurity." Nature Communications 11, 6293. :doi:`10.1038/s41467-020-19612-0`

    Examples
    --------
    >>> from skseed.metrics import expected_calibration_error
    >>> probabilities = [[0.9, 0.1], [0.9, 0.1], [0.8, 0.2], [0.4, 0.6]]
    >>> labs = ["church", "voigt"]
    >>> expected_calibration_error(["church", "voigt", "church", "voigt"], probabilities, labels=labs)
    0.35
    """
    index = check_column_labels(labels)
    raw = check_numbers(y_prob, "y_prob")
    if raw.ndim != 2:
        raise ValueError(f"y_prob must be two-dimensional; got shape {raw.shape}.")
    probabilities = check_scores(raw, len(index), "y_prob").astype(np.float64)
    # rounding in a float32 softmax may give a value slightly above 1
    check_range(
        probabilities, 0, 1 + 1e-6, name="y_prob", requirement="probabilities must be between 0 and 1"
    )
    columns = check_true_labels(y_true, index, len(probabilities), "y_prob")
    if len(columns) == 0:
        raise ValueError("There is no sample to score; pass at least one.")
    first = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(first)), first]
    bins = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=(columns == first) - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(columns))
