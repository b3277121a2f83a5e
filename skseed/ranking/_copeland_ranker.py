"""Rankings put together: Copeland's method over the labs, and two simpler rules."""

from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy.stats import rankdata
from sklearn.base import MetaEstimatorMixin, clone, is_classifier
from sklearn.utils import Bunch, Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skseed._sklearn import Interval, StrOptions, _BaseComposition, _fit_context
from skseed.ranking._base import LabRankerMixin, check_labs, check_same_kind

# the constant of reciprocal rank fusion, from its paper
_RANK_OFFSET = 60


def _gives_probabilities(self: "CopelandRanker") -> bool:
    if self.method != "mean_probability":
        raise AttributeError(f"predict_proba is there for method='mean_probability', not {self.method!r}.")
    return True


class CopelandRanker(LabRankerMixin, MetaEstimatorMixin, _BaseComposition):
    """Put the rankings of several rankers together, as in an election.

    Every ranker is a voter that ranks all labs. A lab's Copeland score is the number of labs that it
    beats in a duel, that is, that fewer voters put before it than behind it, and half of those that it
    draws with. Only the order counts, so rankers whose scores have nothing in common, such as cosines and
    counts, go together without calibration. It takes two voters or more; with an odd number there are
    fewer draws. Where all rankers give good probabilities, ``method="mean_probability"`` uses more of
    what they know.

    Parameters
    ----------
    estimators : list of (str, estimator)
        The rankers with their names: classifiers with ``decision_function`` or ``predict_proba``,
        pipelines among them. Clones of them are fitted on the same X and y; one that is
        fitted already, and shall stay as it is, goes in as ``FrozenEstimator(ranker)``. ``"drop"``
        leaves a ranker out.
    method : {"copeland", "mean_probability", "reciprocal_rank"}, default="copeland"
        The rule. ``"mean_probability"`` averages ``predict_proba``; ``"reciprocal_rank"`` averages
        1 / (60 + rank) [2]_.
    n_candidates : int or None, default=50
        Only labs that some ranker has among its first `n_candidates` stand for election; the others
        follow, by mean rank. None lets all stand. Ignored by the other rules.
    n_jobs : int, default=None
        How many rankers are fitted at the same time, through joblib.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs of y and of all rankers, sorted.
    estimators_ : list of estimators
        The fitted rankers, without those dropped.
    named_estimators_ : Bunch
        The fitted rankers by name.
    n_features_in_ : int
        The number of columns, if the first ranker counts them.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if the first ranker has them.

    See Also
    --------
    sklearn.ensemble.VotingClassifier : Votes for one class each; needs the same classes everywhere.
    sklearn.frozen.FrozenEstimator : Keeps a fitted ranker from being fitted again.

    Notes
    -----
    Labs are matched by name through each ranker's ``classes_``. A ranker puts a lab that it does not
    know, because it was fitted elsewhere, behind all that it knows: its probability is 0 there.

    Labs with the same Copeland score are ordered by their mean rank, and `decision_function` is the
    Copeland score plus a part below one half that says the mean rank; labs that do not stand have
    negative scores. Of the labs that stand, one that beats all others, a Condorcet winner, is always
    first, and a lab that all rankers put before another stays before it.

    An election costs O(n_rankers · c²) for c candidates, at most ``n_rankers * n_candidates``
    and a little more where ranks are shared.

    References
    ----------
    .. [1] Copeland (1951). "A reasonable social welfare function." Seminar on applications of mathematics
       to social sciences, University of Michigan.
    .. [2] Cormack, Clarke, Büttcher (2009). "Reciprocal rank fusion outperforms Condorcet and individual
       rank learning methods." SIGIR. :doi:`10.1145/1571941.1572114`

    Examples
    --------
    >>> from sklearn.naive_bayes import BernoulliNB, MultinomialNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseed.preprocessing import KmerVectorizer
    >>> from skseed.ranking import CopelandRanker
    >>> plasmids = ["GATTACAGATT", "GATTACCGATT", "CCCGGGCC", "CCGGGGCC", "TTTTTTAT", "TTTTATTT"]
    >>> labs = ["voigt", "voigt", "church", "church", "smolke", "smolke"]
    >>> voters = [MultinomialNB(), BernoulliNB(), KNeighborsClassifier(2)]
    >>> estimators = [(type(nb).__name__, make_pipeline(KmerVectorizer(k=3), nb)) for nb in voters]
    >>> ranker = CopelandRanker(estimators).fit(plasmids, labs)
    >>> ranker.rank(["GATTACATT", "CCGGGC"], k=2)
    array([['voigt', 'smolke'],
           ['church', 'smolke']], dtype='<U6')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimators": [list],
        "method": [StrOptions({"copeland", "mean_probability", "reciprocal_rank"})],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        estimators: list[tuple[str, Any]],
        *,
        method: str = "copeland",
        n_candidates: int | None = 50,
        n_jobs: int | None = None,
    ) -> None:
        self.estimators = estimators
        self.method = method
        self.n_candidates = n_candidates
        self.n_jobs = n_jobs

    # the rankers are validated when they are fitted
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any) -> Self:
        """Fit the rankers.

        Parameters
        ----------
        X : array-like of n_samples rows
            What every ranker takes.
        y : array-like of shape (n_samples,)
            The labs.

        Returns
        -------
        self : CopelandRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If there is no ranker, a name stands twice, an estimator is not a classifier, or y holds names
            where a fitted ranker's labs are numbers, or the reverse.
        """
        names, estimators = self._check_estimators()
        y = check_labs(y)
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit)(clone(estimator), X, y)
            for estimator in estimators
            if not isinstance(estimator, str)
        )
        kept = [
            name for name, estimator in zip(names, estimators, strict=True) if not isinstance(estimator, str)
        ]
        for name, ranker in zip(kept, fitted, strict=True):
            check_same_kind(y, ranker.classes_, f"the ranker {name!r}")
        self.classes_ = np.unique(np.concatenate([np.unique(y), *(ranker.classes_ for ranker in fitted)]))
        self.estimators_ = fitted
        rankers = iter(fitted)
        self.named_estimators_ = Bunch(
            **{
                name: estimator if isinstance(estimator, str) else next(rankers)
                for name, estimator in zip(names, estimators, strict=True)
            }
        )
        return self

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the mean of the rankers' probabilities; only for ``method="mean_probability"``.

        Parameters
        ----------
        X : array-like of n_samples rows
            What every ranker takes.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labs)
            Rows that sum to 1, columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return self._scores(X)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, and those of the rankers as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether the rankers and their parameters are returned too.

        Returns
        -------
        params : dict
            The values by name.
        """
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, of the rankers as ``name__parameter``; a ranker by its name, or ``"drop"``.

        Parameters
        ----------
        **params : dict
            The values by name.

        Returns
        -------
        self : CopelandRanker
            The ranker itself.
        """
        self._set_params("estimators", **params)
        return self

    @property
    def n_features_in_(self) -> int:
        """The number of columns seen in `fit`."""
        return self._first("n_features_in_")

    @property
    def feature_names_in_(self) -> npt.NDArray[Any]:
        """The names of the columns seen in `fit`."""
        return self._first("feature_names_in_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        first = next((item[1] for item in self.estimators if _is_ranker(item[1])), None)
        if first is not None:
            tags.input_tags = get_tags(first).input_tags
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimators_")

    def _check_estimators(self) -> tuple[list[str], list[Any]]:
        for index, item in enumerate(self.estimators):
            if not (isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)):
                raise ValueError(
                    f"estimators[{index}] is {item!r}; it must be a tuple of a name and a ranker."
                )
            if not (isinstance(item[1], str) and item[1] == "drop") and not _is_ranker(item[1]):
                raise ValueError(
                    f"estimators[{index}], {item[0]!r}, is not a classifier but {type(item[1]).__name__}; "
                    "pass a ranker or 'drop'."
                )
        names, estimators = [item[0] for item in self.estimators], [item[1] for item in self.estimators]
        self._validate_names(names)
        if all(isinstance(estimator, str) for estimator in estimators):
            raise ValueError("estimators holds no ranker that is not dropped; pass at least one.")
        return names, estimators

    def _first(self, attribute: str) -> Any:
        if not hasattr(self, "estimators_"):
            raise AttributeError(f"{type(self).__name__} has no {attribute} before fit.")
        return getattr(self.estimators_[0], attribute)

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        if self.method == "mean_probability":
            return np.mean([self._aligned(name, X, _probabilities, 0.0) for name in self._names()], axis=0)
        ranks = np.stack(
            [
                rankdata(-self._aligned(name, X, _ranker_scores, -np.inf), axis=1, method="average")
                for name in self._names()
            ]
        )
        if self.method == "reciprocal_rank":
            return (1 / (_RANK_OFFSET + ranks)).mean(axis=0)
        return copeland_scores(ranks, self.n_candidates)

    def _names(self) -> list[str]:
        return [name for name, ranker in self.named_estimators_.items() if not isinstance(ranker, str)]

    def _aligned(self, name: str, X: Any, scores_of: Callable[..., Any], missing: float) -> npt.NDArray[Any]:
        """Return a ranker's scores with a column for each of `classes_`."""
        ranker = self.named_estimators_[name]
        scores = scores_of(ranker, X)
        if np.isnan(scores).any():
            row, column = (int(i) for i in np.argwhere(np.isnan(scores))[0])
            raise ValueError(
                f"The ranker {name!r} scores row {row} of X for {ranker.classes_.tolist()[column]!r} as NaN."
            )
        new = ~np.isin(ranker.classes_, self.classes_)
        if new.any():
            lab = ranker.classes_.tolist()[np.argmax(new)]
            raise ValueError(
                f"The ranker {name!r} learnt the lab {lab!r} later on; fit the {type(self).__name__} again."
            )
        aligned = np.full((len(scores), len(self.classes_)), missing)
        aligned[:, np.searchsorted(self.classes_, ranker.classes_)] = scores
        return aligned


def copeland_scores(
    ranks: npt.NDArray[np.float64], n_candidates: int | None = None
) -> npt.NDArray[np.float64]:
    """Return the wins and half the draws of each lab, with the mean rank as the fraction.

    Parameters
    ----------
    ranks : ndarray of shape (n_rankers, n_samples, n_labs)
        Ranks from 1; equal labs have the mean of their ranks.
    n_candidates : int, default=None
        Only labs with a rank of at most this stand; None lets all stand.

    Returns
    -------
    scores : ndarray of shape (n_samples, n_labs)
        Higher for likelier; negative for labs that do not stand.
    """
    n_labs = ranks.shape[2]
    # in [0, 1/2): less than the step from one Copeland score to the next
    fractions = (n_labs - ranks.mean(axis=0)) / (2 * n_labs)
    stands = np.any(ranks <= (n_labs if n_candidates is None else n_candidates), axis=0)
    scores = fractions - 1
    for row in range(len(stands)):
        candidates = np.flatnonzero(stands[row])
        own = ranks[:, row, candidates]
        votes = np.sign(own[:, None, :] - own[:, :, None]).sum(axis=0)
        wins, draws = (votes > 0).sum(axis=1), (votes == 0).sum(axis=1) - 1
        scores[row, candidates] = wins + draws / 2 + fractions[row, candidates]
    return scores


def _is_ranker(candidate: Any) -> bool:
    is_estimator = hasattr(candidate, "__sklearn_tags__") and not isinstance(candidate, type)
    return is_estimator and is_classifier(candidate)


def _fit(estimator: Any, X: Any, y: Any) -> Any:
    return estimator.fit(X, y)


def _ranker_scores(ranker: Any, X: Any) -> npt.NDArray[Any]:
    if not hasattr(ranker, "decision_function"):
        return _probabilities(ranker, X)
    scores = np.asarray(ranker.decision_function(X))
    return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores


def _probabilities(ranker: Any, X: Any) -> npt.NDArray[Any]:
    return np.asarray(ranker.predict_proba(X))
