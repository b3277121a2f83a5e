"""Rank of the true label, and scores computed from this rank."""

from numbers import Integral

import numpy as np
import numpy.typing as npt

from skseed._files import quote
from skseed._sklearn import Interval, validate_params
from skseed.metrics._checks import check_column_labels, check_numbers, check_scores, check_true_labels


@validate_params(
    {"y_true": ["array-like"], "y_score": ["array-like"], "labels": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def true_label_rank(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, labels: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    r"""Rank of the true label among all labels, 1 for the highest score.

    The other ranking metrics are computed from these ranks. The rank of sample :math:`i` is the number of
    labels that score at least as high as its true label :math:`y_i`,

    .. math:: r_i = |\{l : s_{il} \ge s_{i y_i}\}|

    so ties count against the true label, and the order of the labels does not matter. A true label that
    is not in `labels`, such as a lab without training data, has rank ``n_labels + 1``.

    Ranks are between 1 and ``n_labels + 1``; lower is better. The best value is 1, the worst
    ``n_labels + 1``. Random scores give ``(n_labels + 1) / 2`` on average, and a constant score gives
    ``n_labels``.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true labels, of the same kind (number or str) as `labels`.
    y_score : array-like of shape (n_samples, n_labels)
        The score of each label, higher for more likely labels. With two labels, also of shape
        (n_samples,): the score of the second label, as of a binary ``decision_function``.
    labels : array-like of shape (n_labels,)
        The labels of the columns of `y_score`, in any order: ``classes_`` of the estimator.

    Returns
    -------
    ranks : ndarray of shape (n_samples,), dtype int64
        The ranks; lower is better.

    Raises
    ------
    ValueError
        If the shapes differ, a label is missing, repeated or of another kind, or a score is NaN or no
        number.

    See Also
    --------
    top_k_score : Compute the fraction of ranks up to k.
    rank_quantiles : Compute the k that reaches a given fraction.
    sklearn.metrics.label_ranking_loss : Score samples with several labels.

    References
    ----------
    .. [1] Crook, Warmbrod, Lipstein, et al. (2022). "Analysis of the first genetic engineering
       attribution challenge." Nature Communications 13, 7374. :doi:`10.1038/s41467-022-35032-8`

    Examples
    --------
    >>> from skseed.metrics import true_label_rank
    >>> scores = [[0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [0.1, 0.2, 0.7]]
    >>> true_label_rank(["church", "voigt", "smolke"], scores, labels=["church", "voigt", "keasling"])
    array([1, 2, 4])
    """
    index = check_column_labels(labels)
    scores = check_scores(y_score, len(index), "y_score")
    columns = check_true_labels(y_true, index, len(scores), "y_score")
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
    r"""Fraction of samples whose true label is among the k highest scores.

    Use it if the user of a ranking reads a list of k labels. Unlike
    :func:`sklearn.metrics.top_k_accuracy_score`, it is never NaN: a true label without a column is a miss.

    .. math:: \frac{1}{n} \sum_i [r_i \le \min(k, n_\mathrm{labels})]

    with the ranks :math:`r_i` of :func:`true_label_rank`, so ties count against the true label.

    The value is between 0 and 1; higher is better. The best value is 1, the worst 0. Random scores give
    ``k / n_labels``. A constant score gives 0 for every k below ``n_labels``.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true labels, of the same kind (number or str) as `labels`.
    y_score : array-like of shape (n_samples, n_labels)
        The score of each label, higher for more likely labels; with two labels, also of shape
        (n_samples,).
    k : int
        The length of the list, at least 1. From ``n_labels`` on, only labels without a column are missed.
    labels : array-like of shape (n_labels,)
        The labels of the columns of `y_score`, in any order: ``classes_`` of the estimator.

    Returns
    -------
    score : float
        The fraction, between 0 and 1; higher is better.

    Raises
    ------
    ValueError
        If there is no sample, the shapes differ, a label is missing, repeated or of another kind, or a
        score is NaN or no number.

    See Also
    --------
    top_k_scorer : Make a scorer for ``GridSearchCV``.
    sklearn.metrics.top_k_accuracy_score : NaN for unseen labels; ties favor the last label.

    References
    ----------
    .. [1] Crook, Warmbrod, Lipstein, et al. (2022). "Analysis of the first genetic engineering
       attribution challenge." Nature Communications 13, 7374. :doi:`10.1038/s41467-022-35032-8`

    Examples
    --------
    >>> from skseed.metrics import top_k_score
    >>> scores = [[0.5, 0.3, 0.2], [0.4, 0.5, 0.1], [0.1, 0.2, 0.7]]
    >>> top_k_score(["church"] * 3, scores, k=2, labels=["church", "keasling", "voigt"])
    0.6666666666666666
    """
    ranks = true_label_rank(y_true, y_score, labels=labels)
    if len(ranks) == 0:
        raise ValueError("There is no sample to score; pass at least one.")
    n_labels = len(np.asarray(labels, dtype=object))
    return float(np.mean(ranks <= min(k, n_labels)))


@validate_params(
    {"ranks": ["array-like"], "levels": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def rank_quantiles(
    ranks: npt.ArrayLike, *, levels: npt.ArrayLike = (0.8, 0.9, 0.95, 0.99)
) -> npt.NDArray[np.int64]:
    r"""Smallest list lengths that contain the true label at given rates.

    An investigator can exclude all labs that are not among the first X99, with an error rate of 1 % [1]_.
    For a level :math:`q`,

    .. math:: X_q = \min \{k : \frac{1}{n} \sum_i [r_i \le k] \ge q\}

    Values are between 1 and the largest rank; lower is better. The best value is 1, the worst the largest
    possible rank, ``n_labels + 1``. A value above the number of labels means that the whole list does not
    reach the level, because some true labels have no column. Random scores give about ``q * n_labels``.

    Parameters
    ----------
    ranks : array-like of int of shape (n_samples,)
        The ranks of the true labels, from :func:`true_label_rank`; at least 1.
    levels : array-like of float of shape (n_levels,), default=(0.8, 0.9, 0.95, 0.99)
        The fractions of samples to reach, each above 0 and at most 1.

    Returns
    -------
    lengths : ndarray of shape (n_levels,), dtype int64
        The smallest k whose top-k score reaches each level; lower is better.

    Raises
    ------
    ValueError
        If there is no rank, a rank is not a whole number from 1, or a level is out of range.

    See Also
    --------
    top_k_score : Compute the level that a given k reaches.

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
    if np.asarray(ranks).dtype.kind == "b":
        raise ValueError("ranks holds booleans; pass the ranks of true_label_rank.")
    values = check_numbers(ranks, "ranks")
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"ranks must be one-dimensional and not empty; got shape {values.shape}.")
    wrong = ~(np.isfinite(values) & (values >= 1) & (values == np.floor(values)))
    if wrong.any():
        position = int(np.argmax(wrong))
        raise ValueError(
            f"ranks[{position}] is {values[position]:g}, but ranks are whole numbers from 1; pass the ranks "
            "of true_label_rank."
        )
    shares = check_numbers(levels, "levels").astype(np.float64)
    if shares.ndim != 1 or not ((shares > 0) & (shares <= 1)).all():
        raise ValueError(
            f"levels must be a list of fractions above 0 and at most 1; got {quote(shares.tolist())}."
        )
    # 0.8 * 5 may be a little above 4, which must not require a fifth sample
    needed = np.ceil(shares * len(values) - 1e-9).astype(np.int64)
    return np.sort(values)[needed - 1].astype(np.int64)
