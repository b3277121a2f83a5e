"""Combine rankings by Copeland's election, mean probability or reciprocal rank fusion."""

from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from joblib import delayed
from scipy.stats import rankdata
from sklearn.base import MetaEstimatorMixin, clone, is_classifier
from sklearn.utils import Bunch, Tags, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._base import Estimator
from skseed._constraints import VERBOSE
from skseed._parallel import run_blocks
from skseed._progress import reports_progress, track
from skseed._responses import class_scores
from skseed._sklearn import Interval, StrOptions, _BaseComposition, _fit_context
from skseed._validation import check_labels
from skseed.ranking._base import LabRankerMixin, Scores, check_same_kind
from skseed.ranking._fit_params import route_fit_params

# the constant of reciprocal rank fusion, from its paper
_RANK_OFFSET = 60


def _has_probabilities(self: "CopelandRanker") -> bool:
    if self.method != "mean_probability":
        raise AttributeError(
            f"predict_proba is available for method='mean_probability', not {self.method!r}."
        )
    return True


class CopelandRanker(LabRankerMixin, MetaEstimatorMixin, Estimator, _BaseComposition):
    """Combine the rankings of several rankers by an election.

    Every ranker is a voter that ranks all labs. A lab beats another one if more rankers put it before the
    other than behind it. The Copeland score of a lab is the number of labs that it beats plus half the number
    of ties. Only the order counts, so scores of different kinds, such as cosines and counts, need no
    calibration. The election needs two rankers or more; an odd number has fewer ties. If all rankers have
    good probabilities, ``method="mean_probability"`` uses more of their information.

    Parameters
    ----------
    estimators : list of (str, estimator)
        The rankers with their names: classifiers with ``decision_function`` or ``predict_proba``, including
        pipelines. Clones are fitted on the same X and y. Wrap a fitted ranker in
        ``FrozenEstimator(ranker)`` to use it as it is. ``"drop"`` leaves a ranker out.
    method : {"copeland", "mean_probability", "reciprocal_rank"}, default="copeland"
        The rule. ``"mean_probability"`` averages ``predict_proba``; ``"reciprocal_rank"`` averages
        1 / (60 + rank) [2]_.
    n_candidates : int or None, default=50
        Only labs among the first `n_candidates` of some ranker are candidates. The other labs follow by
        mean rank. With None, all labs are candidates. Only used for ``"copeland"``.
    n_jobs : int, default=None
        The number of rankers that are fitted at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs of y and of all rankers, sorted.
    estimators_ : list of estimators
        The fitted rankers, without dropped ones.
    named_estimators_ : Bunch
        The fitted rankers by name.
    n_features_in_ : int
        The number of columns, if the first ranker has this attribute.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns, if the first ranker has this attribute.

    See Also
    --------
    sklearn.ensemble.VotingClassifier : Votes for one class each; needs the same classes everywhere.
    sklearn.frozen.FrozenEstimator : Keeps a fitted ranker from being fitted again.

    Notes
    -----
    Labs are matched by name through ``classes_`` of each ranker. A lab that a ranker does not know is ranked
    behind all labs that it knows, and has the probability 0.

    Labs with the same Copeland score are ordered by their mean rank: `decision_function` is the Copeland
    score plus a fraction below one half from the mean rank. Labs that are no candidates have negative scores.
    Among the candidates, one that beats all others (a Condorcet winner) is always first, and a lab that all
    rankers put before another one stays before it.

    An election costs O(n_rankers · c²) for c candidates, at most ``n_rankers * n_candidates`` and a little
    more where ranks are tied.

    `fit` passes `groups` and further parameters to the rankers. Without metadata routing, a ranker gets the
    parameters that its ``fit`` has; a pipeline passes them to its last step. Rankers whose ``fit`` takes no
    groups are fitted without them. With ``sklearn.set_config(enable_metadata_routing=True)``, the requests of
    the rankers decide (``set_fit_request``).

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
        "verbose": VERBOSE,
    }
    # with metadata routing, groups are requested unless set_fit_request(groups=False) says otherwise
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

    def __init__(
        self,
        estimators: list[tuple[str, Any]],
        *,
        method: str = "copeland",
        n_candidates: int | None = 50,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimators = estimators
        self.method = method
        self.n_candidates = n_candidates
        self.n_jobs = n_jobs
        self.verbose = verbose

    # the rankers validate their own parameters when they are fitted
    @reports_progress
    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, groups: Any = None, **fit_params: Any) -> Self:
        """Fit the rankers.

        Parameters
        ----------
        X : array-like of n_samples rows
            The input of every ranker.
        y : array-like of shape (n_samples,)
            The labs.
        groups : array-like of shape (n_samples,), default=None
            Groups, passed to the rankers whose ``fit`` takes groups.
        **fit_params : dict
            Further parameters, passed to the rankers whose ``fit`` takes them.

        Returns
        -------
        self : CopelandRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If there is no ranker, a name occurs twice, an estimator is not a classifier, a lab is missing, or
            y holds strings where the labs of a fitted ranker are numbers, or the reverse.
        TypeError
            If no ranker accepts one of `fit_params`.
        """
        names, estimators = self._check_estimators()
        y = check_labels(y)
        rankers = {
            name: estimator
            for name, estimator in zip(names, estimators, strict=True)
            if not isinstance(estimator, str)
        }
        routed = route_fit_params(self, rankers, groups, fit_params)
        tasks = (
            delayed(_fit)(clone(estimator), X, y, routed[name].fit) for name, estimator in rankers.items()
        )
        fits = run_blocks(tasks, n_jobs=self.n_jobs, prefer="processes", ordered=True)
        fitted = list(track(fits, len(rankers), "rankers"))
        by_name = dict(zip(rankers, fitted, strict=True))
        for name, ranker in by_name.items():
            check_same_kind(y, ranker.classes_, f"the ranker {name!r}")
        self.__dict__.update(
            classes_=np.unique(np.concatenate([np.unique(y), *(ranker.classes_ for ranker in fitted)])),
            estimators_=fitted,
            named_estimators_=Bunch(**{name: by_name.get(name, "drop") for name in names}),
        )
        return self

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the routing of fit parameters to the rankers.

        Returns
        -------
        routing : MetadataRouter
            The requests of this estimator and of the rankers.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        mapping = MethodMapping().add(caller="fit", callee="fit")
        for name, estimator in self.estimators:
            if not isinstance(estimator, str):
                router.add(method_mapping=mapping, **{name: estimator})
        return router

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the mean of the rankers' probabilities; only with ``method="mean_probability"``.

        Parameters
        ----------
        X : array-like of n_samples rows
            The input of every ranker.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labs)
            Rows that sum to 1, columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return self._scored(X)[1]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, and those of the rankers as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the rankers and their parameters.

        Returns
        -------
        params : dict
            The values by name.
        """
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, and those of the rankers as ``name__parameter``.

        A ranker is replaced by its name, or left out by ``name="drop"``.

        Parameters
        ----------
        **params : dict
            The values by name.

        Returns
        -------
        self : CopelandRanker
            This estimator.
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

    def _scored(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        classes = self.classes_
        if self.method == "mean_probability":
            probabilities = [self._aligned(name, X, _probabilities, 0.0) for name in self._names()]
            return classes, np.mean(probabilities, axis=0)
        ranks = np.stack(
            [
                rankdata(-self._aligned(name, X, class_scores, -np.inf), axis=1, method="average")
                for name in self._names()
            ]
        )
        if self.method == "reciprocal_rank":
            return classes, (1 / (_RANK_OFFSET + ranks)).mean(axis=0)
        return classes, copeland_scores(ranks, self.n_candidates)

    def _probabilities(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        if self.method != "mean_probability":
            raise TypeError(
                f"CopelandRanker with method={self.method!r} has no probabilities, which ranking by groups "
                "needs; use method='mean_probability', or leave out groups."
            )
        return self._scored(X)

    def _names(self) -> list[str]:
        return [name for name, ranker in self.named_estimators_.items() if not isinstance(ranker, str)]

    def _aligned(self, name: str, X: Any, scores_of: Callable[..., Any], missing: float) -> npt.NDArray[Any]:
        """Return a ranker's scores with a column for each of `classes_`."""
        ranker = self.named_estimators_[name]
        scores = scores_of(ranker, X)
        if np.isnan(scores).any():
            row, column = (int(i) for i in np.argwhere(np.isnan(scores))[0])
            raise ValueError(
                f"The score of the ranker {name!r} for X[{row}] and the lab "
                f"{ranker.classes_.tolist()[column]!r} is NaN."
            )
        new = ~np.isin(ranker.classes_, self.classes_)
        if new.any():
            lab = ranker.classes_.tolist()[np.argmax(new)]
            raise ValueError(
                f"The ranker {name!r} enrolled the lab {lab!r} after fit; fit {type(self).__name__} again."
            )
        aligned = np.full((len(scores), len(self.classes_)), missing)
        aligned[:, np.searchsorted(self.classes_, ranker.classes_)] = scores
        return aligned


def copeland_scores(
    ranks: npt.NDArray[np.float64], n_candidates: int | None = None
) -> npt.NDArray[np.float64]:
    """Return the Copeland score of each lab plus a fraction from its mean rank.

    Parameters
    ----------
    ranks : ndarray of shape (n_rankers, n_samples, n_labs)
        Ranks from 1; tied labs have the mean of their ranks.
    n_candidates : int, default=None
        Only labs with a rank of at most this number are candidates; with None, all labs are.

    Returns
    -------
    scores : ndarray of shape (n_samples, n_labs)
        Higher for likelier; negative for labs that are no candidates.
    """
    n_labs = ranks.shape[2]
    # in [0, 1/2), less than the distance of two Copeland scores
    fractions = (n_labs - ranks.mean(axis=0)) / (2 * n_labs)
    is_candidate = np.any(ranks <= (n_labs if n_candidates is None else n_candidates), axis=0)
    scores = fractions - 1
    for row in range(len(is_candidate)):
        candidates = np.flatnonzero(is_candidate[row])
        own = ranks[:, row, candidates]
        votes = np.sign(own[:, None, :] - own[:, :, None]).sum(axis=0)
        wins, ties = (votes > 0).sum(axis=1), (votes == 0).sum(axis=1) - 1
        scores[row, candidates] = wins + ties / 2 + fractions[row, candidates]
    return scores


def _is_ranker(candidate: Any) -> bool:
    is_estimator = hasattr(candidate, "__sklearn_tags__") and not isinstance(candidate, type)
    return is_estimator and is_classifier(candidate)


def _fit(estimator: Any, X: Any, y: Any, params: dict[str, Any]) -> Any:
    return estimator.fit(X, y, **params)


def _probabilities(ranker: Any, X: Any) -> npt.NDArray[Any]:
    return np.asarray(ranker.predict_proba(X))
