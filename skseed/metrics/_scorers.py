"""Scorers for the argument ``scoring=`` of ``GridSearchCV`` and ``cross_validate``."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

from skseed._responses import class_scores, last_step
from skseed._sklearn import Interval, validate_params
from skseed.metrics._ranking import top_k_score


class _PercentRMSEScorer:
    """Score an embedder of edit distances by its negated percent RMSE on the pairs of X.

    Call it as ``percent_rmse_scorer(estimator, X)``, or pass it as ``scoring=``. The estimator is an
    ``EditDistanceEmbedder`` or a ``Pipeline`` that ends in one. The scorer computes the true distances of
    all pairs of `X` and returns the negated :func:`percent_rmse`. Higher is better; the best value is 0,
    and there is no worst value. Predicting the mean distance scores minus
    ``100 * std(distances) / length``.
    """

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        embedder = last_step(estimator)
        if not hasattr(embedder, "pairwise_distances"):
            raise TypeError(
                "percent_rmse_scorer scores an embedder with pairwise_distances, such as "
                f"EditDistanceEmbedder, or a pipeline that ends in one; got {type(embedder).__name__}."
            )
        return float(estimator.score(X))

    def __repr__(self) -> str:
        return "percent_rmse_scorer"

    def __reduce__(self) -> str:
        return "percent_rmse_scorer"


percent_rmse_scorer = _PercentRMSEScorer()


@dataclass(frozen=True)
class _TopKScorer:
    k: int

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        if y is None:
            raise TypeError("top_k_scorer needs the true labels y; pass them to the search.")
        return top_k_score(y, class_scores(estimator, X), k=self.k, labels=estimator.classes_)

    def __repr__(self) -> str:
        return f"top_k_scorer({self.k})"


@validate_params({"k": [Interval(Integral, 1, None, closed="left")]}, prefer_skip_nested_validation=True)
def top_k_scorer(k: int) -> _TopKScorer:
    """Make a scorer of the fraction of samples whose true label is among the k highest scores.

    The scorer reads the labels of the columns from ``classes_``, and the scores from
    ``decision_function`` or, if there is none, from ``predict_proba``. A label that is not in the training
    fold is a miss, so the score of a fold is never NaN, unlike with ``scoring="top_k_accuracy"``. Labels of
    another kind than ``classes_``, such as strings for an estimator fitted on numbers, raise a ValueError.

    The score is between 0 and 1; higher is better. The best value is 1, the worst 0, and random scores
    give ``k / n_labels``.

    Parameters
    ----------
    k : int
        The length of the list, at least 1.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y)``, it returns :func:`top_k_score`; higher is better.

    See Also
    --------
    top_k_score : Compute the score from a matrix; see there for ties and unseen labels.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseed.metrics import top_k_scorer
    >>> from skseed.preprocessing import KmerVectorizer
    >>> genes = ["GATTACA", "GATTTACA", "CCCGGG", "CCGGGG", "GATTACC", "CCCGCG", "TTTTTT"]
    >>> labs = ["voigt", "voigt", "church", "church", "voigt", "church", "smolke"]
    >>> model = make_pipeline(KmerVectorizer(k=2), LogisticRegression())
    >>> cross_val_score(model, genes, labs, cv=[([0, 1, 2, 3], [4, 5, 6])], scoring=top_k_scorer(1))
    array([0.66666667])
    """
    return _TopKScorer(int(k))
