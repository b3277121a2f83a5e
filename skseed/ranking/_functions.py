"""Rank and enroll labs through a pipeline."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skseed._sklearn import BaseSearchCV, HasMethods, Interval, validate_params
from skseed.ranking._base import best_labs, check_list_length, sum_log_probabilities


@validate_params(
    {
        "estimator": [HasMethods("predict")],
        "X": "no_validation",
        "k": [Interval(Integral, 1, None, closed="left")],
        "groups": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def rank_labs(estimator: Any, X: Any, k: int = 10, *, groups: Any = None) -> npt.NDArray[Any]:
    """Return the `k` likeliest labs of each sequence or of each group, for any fitted classifier.

    The methods of a ranker are hidden in a pipeline, as all methods are that scikit-learn does not know.
    This function ranks the classes by the scores of the whole pipeline.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier with ``decision_function`` or ``predict_proba``: a ranker, a pipeline that ends in
        one, or a search such as ``GridSearchCV`` over them.
    X : array-like of n_samples rows
        Sequences in the form that the estimator takes.
    k : int, default=10
        The number of labs; all labs if there are fewer.
    groups : array-like of shape (n_samples,), default=None
        Sequences with the same group come from one source, such as the constructs of one case, and are ranked
        together by the sum of their log-probabilities. None ranks each sequence by itself.

    Returns
    -------
    labs : ndarray of shape (n_samples, min(k, n_labs)) or (n_groups, min(k, n_labs))
        The labs by descending score; equal scores in the order of ``classes_``. With groups, a row for each
        group, in the order in which the groups first occur, as in :func:`pandas.unique`.

    Raises
    ------
    ValueError
        If `k` is not a positive int, or a group is missing.
    TypeError
        If the estimator has neither ``decision_function`` nor ``predict_proba``, or groups are passed and it
        has no ``predict_proba``.

    See Also
    --------
    enroll_labs : Adds labs to a fitted pipeline.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseed.preprocessing import BPETokenizer
    >>> from skseed.ranking import TripletLabRanker, enroll_labs, rank_labs
    >>> plasmids = ["CCGCGGATTACAGG", "CCGCGGATTACACG", "TATATTTTTTTTGG", "TATATTTTTTTTCG"]
    >>> labs = ["voigt", "voigt", "church", "church"]
    >>> ranker = TripletLabRanker(8, kernel_sizes=(1, 2), n_filters=16, lr=0.01, random_state=0)
    >>> pipeline = make_pipeline(BPETokenizer(10, max_length=14), ranker).fit(plasmids, labs)
    >>> rank_labs(pipeline, ["CCGCGGATTACACC"], k=2)
    array([['voigt', 'church']], dtype='<U6')
    >>> enroll_labs(pipeline, ["CCGATTATATTACC"], ["smolke"]).classes_
    array(['church', 'smolke', 'voigt'], dtype='<U6')
    """
    check_list_length(k)
    check_is_fitted(estimator)
    if groups is not None:
        if not hasattr(estimator, "predict_proba"):
            raise TypeError(
                f"{type(estimator).__name__} has no predict_proba, which ranking by groups needs; wrap the "
                "ranker in CalibratedRanker, or leave out groups."
            )
        probabilities = estimator.predict_proba(X)
        return best_labs(estimator.classes_, sum_log_probabilities(probabilities, groups), k)
    # a search and a pipeline have a method if their last step has it
    for method in ("decision_function", "predict_proba"):
        if hasattr(estimator, method):
            scores = np.asarray(getattr(estimator, method)(X))
            break
    else:
        raise TypeError(
            f"{type(estimator).__name__} has neither decision_function nor predict_proba; pass a fitted "
            "ranker or a pipeline that ends in one."
        )
    return best_labs(
        estimator.classes_, np.column_stack([-scores, scores]) if scores.ndim == 1 else scores, k
    )


@validate_params(
    {"estimator": [HasMethods("predict")], "X": "no_validation", "y": "no_validation"},
    prefer_skip_nested_validation=True,
)
def enroll_labs(estimator: Any, X: Any, y: Any, **enroll_params: Any) -> Any:
    """Add sequences of known or new labs to the ranker at the end of a fitted pipeline.

    The steps before the ranker transform the sequences and stay as they are. Then ``enroll`` of the ranker is
    called.

    Parameters
    ----------
    estimator : estimator
        A fitted ranker with ``enroll``, a pipeline that ends in one, or a search such as ``GridSearchCV``
        with such a best estimator. The ranker is changed in place.
    X : array-like of n_samples rows
        Sequences in the form that the estimator takes.
    y : array-like of shape (n_samples,)
        The lab of each sequence.
    **enroll_params : dict
        Further parameters of ``enroll``, such as `groups` of :class:`EvidenceLabRanker`.

    Returns
    -------
    estimator : estimator
        The estimator that was passed.

    Raises
    ------
    TypeError
        If the last step has no method ``enroll``.

    See Also
    --------
    rank_labs : Ranks labs through a pipeline.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseed.preprocessing import CircularShiftAugmenter
    >>> from skseed.ranking import KmerLabRanker, enroll_labs, rank_labs
    >>> plasmids = ["GATTACAGATCCGTA", "GATTACAGTTCCGAA", "CTTGGCATTCACGGA", "CTTGGCATACACGGT"]
    >>> pipeline = make_pipeline(CircularShiftAugmenter(random_state=0), KmerLabRanker(k=6, fraction=1))
    >>> pipeline = pipeline.fit(plasmids, ["Curie", "Curie", "Franklin", "Franklin"])
    >>> pipeline = enroll_labs(pipeline, ["AAGCTTGCGGCCGCA"], ["McClintock"])
    >>> rank_labs(pipeline, ["AGCTTGCGGCCGGATTACA"], k=2)
    array([['McClintock', 'Curie']], dtype='<U10')
    """
    check_is_fitted(estimator)
    inner = estimator.best_estimator_ if isinstance(estimator, BaseSearchCV) else estimator
    ranker = inner
    while isinstance(ranker, Pipeline):
        if len(ranker) > 1:
            X = ranker[:-1].transform(X)
        ranker = ranker[-1]
    if not hasattr(ranker, "enroll"):
        raise TypeError(
            f"{type(ranker).__name__} has no method enroll; use KmerLabRanker, EvidenceLabRanker or "
            "TripletLabRanker as the last step."
        )
    ranker.enroll(X, y, **enroll_params)
    return estimator
