"""How far the confidence of a ranking is from its accuracy."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._sklearn import Interval, validate_params
from skseed.metrics._ranking import _label_index, _score_matrix


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
    r"""Mean gap between the confidence in the first label and how often it is right.

    Samples are put into bins of equal width by the largest of their probabilities, the confidence, and

    .. math:: \mathrm{ECE} = \sum_b \frac{n_b}{n} \left| \mathrm{acc}(b) - \mathrm{conf}(b) \right|

    with the share of samples in a bin whose likeliest label is right, and their mean confidence. It
    says whether a probability can be taken at its word, not whether the ranking is good: a classifier
    that always says the majority label, with its share, scores 0. The best value is 0, the worst 1. The
    value depends on `n_bins`, and small samples inflate it, so compare at equal sizes; a proper score such
    as :func:`sklearn.metrics.log_loss` has neither weakness.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true labels; one that is not among `labels` counts as a wrong prediction.
    y_prob : array-like of shape (n_samples, n_labels)
        A probability for each label.
    labels : array-like of shape (n_labels,)
        The labels of the columns of `y_prob`, in any order: ``classes_`` of the estimator.
    n_bins : int, default=15
        The number of bins between 0 and 1, each with its upper edge; 15 is usual [1]_ [2]_.

    Returns
    -------
    error : float
        The error, between 0 and 1; lower is better.

    Raises
    ------
    ValueError
        If there is no sample, the shapes do not fit, a label stands twice, or a probability is NaN or
        not between 0 and 1.

    See Also
    --------
    top_k_score : Whether the ranking is good.
    sklearn.calibration.calibration_curve : The two means for each bin, for two classes.

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
    index = _label_index(labels)
    probabilities = _probability_matrix(y_prob, len(index))
    true = np.asarray(y_true, dtype=object)
    if true.shape != (len(probabilities),):
        raise ValueError(
            f"y_true must have one label for each of the {len(probabilities)} rows of y_prob; "
            f"got shape {true.shape}."
        )
    if len(true) == 0:
        raise ValueError("There is no sample to score; pass at least one.")
    first = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(first)), first]
    is_right = index.get_indexer(pd.Index(true, dtype=object)) == first
    bins = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=is_right - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(true))


def _probability_matrix(y_prob: Any, n_labels: int) -> npt.NDArray[np.float64]:
    probabilities = np.asarray(y_prob, dtype=np.float64)
    if probabilities.ndim != 2:
        raise ValueError(f"y_prob must be two-dimensional; got shape {probabilities.shape}.")
    probabilities = _score_matrix(probabilities, n_labels).astype(np.float64)
    # a softmax in float32 may end a little above 1
    wrong = (probabilities < 0) | (probabilities > 1 + 1e-6)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"y_prob holds {probabilities[row, column]:g} at row {row}, column {column}; probabilities are "
            "between 0 and 1."
        )
    return probabilities
