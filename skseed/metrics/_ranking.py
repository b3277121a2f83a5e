"""The rank of the true label, and what follows from it."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skseed._sklearn import Interval, validate_params


@validate_params(
    {"y_true": ["array-like"], "y_score": ["array-like"], "labels": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def true_label_rank(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, labels: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    r"""Rank of the true label among all labels, 1 for the highest score.

    It is what the other ranking metrics are made of. Ties are pessimistic: the rank is the number of
    labels that score at least as high,

    .. math:: r_i = |\{l : s_{il} \ge s_{i y_i}\}|

    so a constant predictor ranks every label last, and no order of the labels helps. A true label
    that is not among `labels`, as of a lab without training data, has rank ``n_labels + 1``: no list,
    however long, would contain it.

    The best value is 1, the worst ``n_labels + 1``; guessing at random gives ``(n_labels + 1) / 2`` on
    average.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true labels.
    y_score : array-like of shape (n_samples, n_labels)
        A score for each label, higher for likelier. With two labels, also of shape (n_samples,): the
        score of the second against the first, as of a binary ``decision_function``.
    labels : array-like of shape (n_labels,)
        The labels of the columns of `y_score`, in any order: ``classes_`` of the estimator.

    Returns
    -------
    ranks : ndarray of shape (n_samples,), dtype int64
        The ranks.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label stands twice, or a score is NaN.

    See Also
    --------
    top_k_score : The share of ranks up to k.
    rank_quantiles : The k that keeps a given share.
    sklearn.metrics.label_ranking_loss : For samples with several labels.

    Examples
    --------
    >>> from skseed.metrics import true_label_rank
    >>> scores = [[0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [0.1, 0.2, 0.7]]
    >>> true_label_rank(["church", "voigt", "smolke"], scores, labels=["church", "voigt", "keasling"])
    array([1, 2, 4])
    """
    index = _label_index(labels)
    scores = _score_matrix(y_score, len(index))
    true = np.asarray(y_true, dtype=object)
    if true.shape != (len(scores),):
        raise ValueError(
            f"y_true must have one label for each of the {len(scores)} rows of y_score; "
            f"got shape {true.shape}."
        )
    columns = index.get_indexer(pd.Index(true, dtype=object))
    own = scores[np.arange(len(scores)), columns]
    ranks = (scores >= own[:, None]).sum(axis=1, dtype=np.int64)
    ranks[columns < 0] = len(index) + 1
    return ranks


@validate_params(
    {
        "y_true": ["array-like"],
        "y_score": ["array-like"],
        "k": [Interval(Integral, 1, None, closed="left")],
        "labels": ["array-like"],
    },
    prefer_skip_nested_validation=True,
)
def top_k_score(y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, k: int, labels: npt.ArrayLike) -> float:
    r"""Share of samples whose true label is among the k highest scores.

    Unlike :func:`sklearn.metrics.top_k_accuracy_score`, it is never NaN: a true label without a
    column is a miss, as it is for the user of the ranking. Ties are pessimistic, so the order of
    the labels does not matter.

    .. math:: \frac{1}{n} \sum_i [r_i \le k]

    with the ranks :math:`r_i` of :func:`true_label_rank`, and k at most ``n_labels``. The best
    value is 1, the worst 0; guessing at random without ties scores ``k / n_labels``, and a constant
    score 0 for every k below ``n_labels``.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true labels.
    y_score : array-like of shape (n_samples, n_labels)
        A score for each label, higher for likelier; with two labels, also of shape (n_samples,).
    k : int
        The length of the list. From ``n_labels`` on, only labels without a column are missed.
    labels : array-like of shape (n_labels,)
        The labels of the columns of `y_score`, in any order.

    Returns
    -------
    score : float
        The share, between 0 and 1; higher is better.

    Raises
    ------
    ValueError
        If there is no sample, the shapes do not fit, a label stands twice, or a score is NaN.

    See Also
    --------
    top_k_scorer : The same for ``GridSearchCV``.
    sklearn.metrics.top_k_accuracy_score : NaN for unseen labels; ties favour the last label.

    Examples
    --------
    >>> from skseed.metrics import top_k_score
    >>> scores = [[0.5, 0.3, 0.2], [0.4, 0.5, 0.1], [0.1, 0.2, 0.7]]
    >>> top_k_score(["a", "a", "a"], scores, k=2, labels=["a", "b", "c"])
    0.6666666666666666
    """
    ranks = true_label_rank(y_true, y_score, labels=labels)
    n_labels = len(np.asarray(labels, dtype=object))
    if len(ranks) == 0:
        raise ValueError("There is no sample to score; pass at least one.")
    return float(np.mean(ranks <= min(k, n_labels)))


@validate_params(
    {"ranks": ["array-like"], "levels": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def rank_quantiles(
    ranks: npt.ArrayLike, *, levels: npt.ArrayLike = (0.8, 0.9, 0.95, 0.99)
) -> npt.NDArray[np.int64]:
    r"""Lengths of the list that contain the true label often enough.

    For an investigator these are the exclusion metrics: all but X99 labs can be excluded, with an error
    of one in a hundred [1]_. For a level :math:`q`,

    .. math:: X_q = \min \{k : \frac{1}{n} \sum_i [r_i \le k] \ge q\}

    The best value is 1, the worst the largest rank; a value above the number of labels says that not
    even the whole list is enough, because of labels without a column. Guessing at random gives about
    ``q * n_labels``.

    Parameters
    ----------
    ranks : array-like of int of shape (n_samples,)
        The ranks of the true labels, from :func:`true_label_rank`.
    levels : array-like of float of shape (n_levels,), default=(0.8, 0.9, 0.95, 0.99)
        The shares of samples to keep, each above 0 and at most 1.

    Returns
    -------
    lengths : ndarray of shape (n_levels,), dtype int64
        The smallest k whose top-k score reaches each level; lower is better.

    Raises
    ------
    ValueError
        If there is no rank, a rank is below 1 or not whole, or a level is out of range.

    See Also
    --------
    top_k_score : The level that a given k reaches.

    References
    ----------
    .. [1] Crook, Warmbrod, Lipstein, et al. (2022). "Analysis of the first genetic engineering
       attribution challenge." Nature Communications 13, 7374. :doi:`10.1038/s41467-022-35032-8`

    Examples
    --------
    >>> from skseed.metrics import rank_quantiles
    >>> rank_quantiles([1, 1, 1, 2, 40], levels=[0.6, 0.8, 1.0])
    array([ 1,  2, 40])
    """
    values = np.asarray(ranks)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"ranks must be one-dimensional and not empty; got shape {values.shape}.")
    wrong = ~(np.isfinite(values) & (values >= 1) & (values == np.floor(values)))
    if wrong.any():
        position = int(np.argmax(wrong))
        raise ValueError(f"ranks[{position}] is {float(values[position]):g}; ranks are whole numbers from 1.")
    shares = np.asarray(levels, dtype=np.float64)
    if shares.ndim != 1 or not ((shares > 0) & (shares <= 1)).all():
        raise ValueError(f"levels must be a list of shares above 0 and at most 1; got {shares.tolist()}.")
    # 0.8 * 5 may come out a little above 4, which must not ask for a fifth sample
    needed = np.ceil(shares * len(values) - 1e-9).astype(np.int64)
    return np.sort(values)[needed - 1].astype(np.int64)


def _label_index(labels: Any) -> pd.Index:
    values = np.asarray(labels, dtype=object)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"labels must be one-dimensional and not empty; got shape {values.shape}.")
    index = pd.Index(values, dtype=object)
    if not index.is_unique:
        raise ValueError(
            f"Every label must stand once in labels; {index[index.duplicated()][0]!r} stands twice."
        )
    return index


def _score_matrix(y_score: Any, n_labels: int) -> npt.NDArray[np.floating]:
    scores = np.asarray(y_score)
    if not np.issubdtype(scores.dtype, np.floating):
        scores = scores.astype(np.float64)
    if scores.ndim == 1 and n_labels == 2:
        scores = np.column_stack([-scores, scores])
    if scores.ndim != 2 or scores.shape[1] != n_labels:
        raise ValueError(
            f"y_score must have one column for each of the {n_labels} labels; got shape {scores.shape}."
        )
    missing = np.isnan(scores)
    if missing.any():
        row, column = (int(i) for i in np.argwhere(missing)[0])
        raise ValueError(f"y_score holds NaN at row {row}, column {column}.")
    return scores
