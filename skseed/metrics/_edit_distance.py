"""Percent RMSE, the error of approximate edit distances."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._sklearn import Interval, validate_params
from skseed.metrics._checks import check_finite, check_numbers


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "length": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def percent_rmse(y_true: npt.ArrayLike, y_pred: npt.ArrayLike, *, length: float) -> float:
    r"""Root mean squared error of edit distances, in percent of the sequence length.

    Use it to compare embeddings across data sets of different lengths: the value is an error in edits per
    hundred symbols. Distant pairs outnumber near pairs and dominate the value. If near neighbors matter,
    also measure how many of them are retrieved.

    .. math:: 100 \sqrt{\frac{1}{|P|} \sum_{(i, j) \in P} \left(\frac{d_{ij} - p_{ij}}{n}\right)^2}

    where :math:`P` is the set of pairs, :math:`d` the true and :math:`p` the predicted distance, and
    :math:`n` the length.

    The value is at least 0; lower is better. The best value is 0, which requires that all distances are
    exact. There is no worst value. Predicting the mean distance for every pair scores
    ``100 * std(y_true) / length``.

    Parameters
    ----------
    y_true : array-like of any shape
        True distances in edits: a list of pairs, a condensed matrix, or a matrix. A square symmetric
        matrix with a zero diagonal is read as the distances within one set: its diagonal is not counted,
        so the mean is that over all pairs i < j.
    y_pred : array-like of the shape of y_true
        The predicted distances, in edits.
    length : float
        The number n of symbols that equals 100 %, above 0; usually the length of the longest training
        sequence.

    Returns
    -------
    error : float
        The error in percent, at least 0; lower is better.

    Raises
    ------
    ValueError
        If the shapes differ, there is no pair, or a distance is missing, infinite or no number.

    See Also
    --------
    percent_rmse_scorer : The negated error, for ``GridSearchCV``.
    sklearn.metrics.root_mean_squared_error : The error in edits, for lists of pairs.

    References
    ----------
    .. [1] Corso, Ying, Pándy, Veličković, Leskovec, Liò (2021). "Neural distance embeddings for
       biological sequences." NeurIPS. :doi:`10.48550/arXiv.2109.09740`

    Examples
    --------
    >>> from skseed.metrics import percent_rmse
    >>> percent_rmse([10, 20], [13, 16], length=100)
    3.5355339059327378
    >>> percent_rmse([[0, 10], [10, 0]], [[0, 13], [13, 0]], length=100)
    3.0
    """
    true, pred = _distances(y_true, "y_true"), _distances(y_pred, "y_pred")
    if true.shape != pred.shape:
        raise ValueError(f"y_true and y_pred must have the same shape; got {true.shape} and {pred.shape}.")
    if _is_within_one_set(true):
        pairs = ~np.eye(len(true), dtype=bool)
        true, pred = true[pairs], pred[pairs]
    if true.size == 0:
        raise ValueError("There is no pair to score; pass the distances of at least two sequences.")
    return float(100 * np.sqrt(np.mean(((true - pred) / length) ** 2)))


def _distances(values: Any, name: str) -> npt.NDArray[np.float64]:
    distances = check_numbers(values, name).astype(np.float64)
    check_finite(distances, name, "distances")
    return distances


def _is_within_one_set(matrix: npt.NDArray[np.float64]) -> bool:
    return bool(
        matrix.ndim == 2
        and len(matrix) > 1
        and matrix.shape[0] == matrix.shape[1]
        and not matrix.diagonal().any()
        and np.array_equal(matrix, matrix.T)
    )
