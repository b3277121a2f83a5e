"""Calibrate the scores of a ranker, and detect sequences of unknown labs."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from joblib import delayed
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.model_selection import StratifiedGroupKFold, check_cv
from sklearn.utils import Bunch, Tags, _safe_indexing, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._base import Estimator
from skseed._constraints import VERBOSE
from skseed._parallel import run_blocks
from skseed._progress import reports_progress, track
from skseed._sklearn import HasMethods, Interval, StrOptions, _check_method_params, _fit_context
from skseed._validation import check_labels
from skseed.ranking._base import LabRankerMixin, Scores
from skseed.ranking._fit_params import route_fit_params

_DEFAULT_SPLITS = 5


class CalibratedRanker(LabRankerMixin, MetaEstimatorMixin, Estimator):
    """Add calibrated probabilities and an unknown label to a ranker.

    A ranking always has a first place, and the softmax of the scores is overconfident. This estimator fits
    clones of a ranker on training folds and scores the held-out folds. From these scores it learns two
    numbers: the temperature, which turns scores into probabilities, and a threshold on the novelty score,
    which most sequences of known labs stay below. Then it fits the ranker on all data. The order of the
    labs does not change.

    Split the data as the ranker will be used. If the plasmids to be ranked are not related to known ones,
    related plasmids must be in the same fold: pass `groups`, or
    :class:`~skseed.model_selection.LevenshteinGroupKFold` as `cv`. Otherwise both numbers are too optimistic.

    Parameters
    ----------
    estimator : estimator
        A ranker or another classifier with ``decision_function`` or ``predict_proba``, such as a
        pipeline that ends in one.
    novelty : {"max_score", "margin", "probability"}, default="max_score"
        The novelty score of a sequence, from the scores of the labs: minus the best score
        (``"max_score"``), the second best minus the best score (``"margin"``), or 1 minus the best
        probability (``"probability"``) [1]_.
    tpr : float, default=0.95
        The share of the held-out sequences of known labs whose novelty score does not exceed the threshold,
        in (0, 1].
    unknown_label : str or int, default=None
        The label that `predict` returns for a novelty score above the threshold. With None, `predict` always
        returns a lab.
    cv : int, cross-validation splitter or iterable of (train, test), default=5
        The folds. An int makes a ``StratifiedKFold``, or a ``StratifiedGroupKFold`` if `fit` gets
        `groups`. A splitter is used as it is.
    n_jobs : int, default=None
        The number of clones that are fitted at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted, without `unknown_label`.
    estimator_ : estimator
        The ranker, fitted on all data.
    temperature_ : float
        The number that scores are divided by before the softmax.
    threshold_ : float
        The largest novelty score of a sequence that is accepted as known.
    out_of_fold_ : Bunch
        The held-out sequences: ``index`` of the row, its ``novelty`` score, ``is_known``, whether its lab had
        training rows, and ``is_correct``, whether the first lab is the true one. From these,
        :func:`~skseed.metrics.oscr_score` and :func:`~skseed.metrics.fpr_at_tpr` estimate the open-set
        accuracy.
    n_features_in_ : int
        The number of columns, if the ranker has this attribute.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns, if the ranker has this attribute.

    See Also
    --------
    skseed.metrics.expected_calibration_error : The error of the probabilities.
    sklearn.calibration.CalibratedClassifierCV : Other calibrations; it refuses classes that are missing from
        a fold.
    sklearn.model_selection.TunedThresholdClassifierCV : A threshold between two classes.

    Notes
    -----
    Rare labs may have rows in a single fold. When that fold is held out, the clone does not know the lab.
    Such rows are left out of the temperature and the threshold. They are examples of unknown labs and stay in
    `out_of_fold_`.

    The temperature minimizes the log loss of the rows of known labs [2]_. One wrong row is added, as in
    Platt's method, which keeps the probabilities of a perfect ranker below 1. The temperature divides the
    scores of ``decision_function`` or, if there is none, the logarithm of ``predict_proba``. With two labs,
    plus and minus half of ``decision_function`` are the two scores, so every novelty score equals that of
    the margin.

    The clones have fewer training rows than the final ranker. Therefore, in use, slightly more than `tpr` of
    the known sequences pass the threshold, and the probabilities are slightly too low. More folds reduce both
    effects. The log loss depends on all labs, not only on the first. If a ranker sometimes gives the true
    lab almost no score, as a k-mer vote does, the temperature is high and the probability of the first lab
    too low. Compare :func:`~skseed.metrics.expected_calibration_error` with and without calibration.

    `fit` passes `groups` and further parameters, sliced for each fold, to the ranker. Without metadata
    routing, the ranker gets the parameters that its ``fit`` has; a pipeline passes them to its last step.
    With ``sklearn.set_config(enable_metadata_routing=True)``, the requests of the ranker decide
    (``set_fit_request``).

    References
    ----------
    .. [1] Hendrycks, Gimpel (2017). "A baseline for detecting misclassified and out-of-distribution
       examples in neural networks." ICLR. :doi:`10.48550/arXiv.1610.02136`
    .. [2] Guo, Pleiss, Sun, Weinberger (2017). "On calibration of modern neural networks." ICML.
       :doi:`10.48550/arXiv.1706.04599`

    Examples
    --------
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseed.preprocessing import KmerVectorizer
    >>> from skseed.ranking import CalibratedRanker
    >>> plasmids = ["GATTACAGATT", "GATTACCGATT", "CCCGGGCC", "CCGGGGCC", "TGTGTGCA", "TGTGTGTA"]
    >>> labs = ["voigt", "voigt", "church", "church", "smolke", "smolke"]
    >>> kmer_counts = make_pipeline(KmerVectorizer(k=2), MultinomialNB())
    >>> ranker = CalibratedRanker(kmer_counts, unknown_label="unknown", cv=2).fit(plasmids, labs)
    >>> ranker.predict(["GATTACAGAT", "AAAAAAAAA"])
    array(['voigt', 'unknown'], dtype='<U7')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "decision_function"]), HasMethods(["fit", "predict_proba"])],
        "novelty": [StrOptions({"max_score", "margin", "probability"})],
        "tpr": [Interval(Real, 0, 1, closed="right")],
        "unknown_label": [str, Integral, None],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
        "verbose": VERBOSE,
    }
    # with metadata routing, groups are requested unless set_fit_request(groups=False) says otherwise
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

    def __init__(
        self,
        estimator: Any,
        *,
        novelty: str = "max_score",
        tpr: float = 0.95,
        unknown_label: str | int | None = None,
        cv: Any = _DEFAULT_SPLITS,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.novelty = novelty
        self.tpr = tpr
        self.unknown_label = unknown_label
        self.cv = cv
        self.n_jobs = n_jobs
        self.verbose = verbose

    # the ranker validates its own parameters when it is fitted
    @reports_progress
    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, groups: Any = None, **fit_params: Any) -> Self:
        """Learn the temperature and the threshold from held-out folds, and fit the ranker on all data.

        Parameters
        ----------
        X : array-like of n_samples rows
            The input of the ranker.
        y : array-like of shape (n_samples,)
            The labs.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows that no fold divides. They are also passed to a ranker whose ``fit`` takes
            groups.
        **fit_params : dict
            Further parameters of the ranker's ``fit``. Arrays of n_samples rows are sliced for each fold.

        Returns
        -------
        self : CalibratedRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If a lab is missing, no held-out row has a lab with training rows, or `unknown_label` is a string
            while the labs are numbers, or the reverse, or is itself a lab.
        TypeError
            If the ranker accepts none of the parameters of a name in `fit_params`.
        """
        X, y, groups = indexable(X, check_labels(y), groups)
        self._check_unknown_label(y)
        routed = route_fit_params(self, {"estimator": self.estimator}, groups, fit_params)
        params = routed["estimator"].fit
        cv = self._splitter(y, groups)
        splits = list(cv.split(X, y, **routed["splitter"].split))
        tasks = (
            delayed(_score_fold)(clone(self.estimator), X, y, train, test, params) for train, test in splits
        )
        scored = run_blocks(tasks, n_jobs=self.n_jobs, prefer="processes", ordered=True)
        folds = list(track(scored, len(splits), "folds"))
        if all((columns < 0).all() for _, _, columns in folds):
            raise ValueError(
                "No held-out row has a lab with training rows, so nothing can be learned from the scores; "
                "give every lab rows in several groups, or use fewer folds in cv."
            )
        ranker = clone(self.estimator).fit(X, y, **_check_method_params(X, params))
        temperature = _fit_temperature([(scores, columns) for _, scores, columns in folds])
        rows = Bunch(
            index=np.concatenate([test for test, _, _ in folds]),
            novelty=np.concatenate(
                [novelty_scores(scores, self.novelty, temperature) for _, scores, _ in folds]
            ),
            is_known=np.concatenate([columns >= 0 for _, _, columns in folds]),
            is_correct=np.concatenate([scores.argmax(axis=1) == columns for _, scores, columns in folds]),
        )
        known = np.sort(rows.novelty[rows.is_known])
        self.__dict__.update(
            temperature_=temperature,
            threshold_=float(known[int(np.ceil(self.tpr * len(known) - 1e-9)) - 1]),
            out_of_fold_=rows,
            estimator_=ranker,
        )
        return self

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the routing of fit parameters to the ranker and the splitter.

        Returns
        -------
        routing : MetadataRouter
            The requests of this estimator, the ranker and the splitter.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(estimator=self.estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit"))
        splitter = StratifiedGroupKFold() if self._n_splits is not None else self.cv
        if hasattr(splitter, "split"):
            router.add(splitter=splitter, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        return router

    def novelty_score(self, X: Any) -> Scores:
        """Return the novelty score of each sequence.

        Parameters
        ----------
        X : array-like of n_samples rows
            The input of the ranker.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Higher for sequences less like those of known labs, on the scale of `threshold_`; see `novelty`.
        """
        check_is_fitted(self)
        return novelty_scores(self._scored(X)[1], self.novelty, self.temperature_)

    def predict_proba(self, X: Any) -> Scores:
        """Return the calibrated probabilities of the labs, on condition that the true lab is one of them.

        Parameters
        ----------
        X : array-like of n_samples rows
            The input of the ranker.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labs)
            Rows that sum to 1, columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return self._probabilities(X)[1]

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest lab of each sequence, or `unknown_label` where it is set.

        Parameters
        ----------
        X : array-like of n_samples rows
            The input of the ranker.

        Returns
        -------
        labs : ndarray of shape (n_samples,)
            The labs.
        """
        check_is_fitted(self)
        classes, scores = self._scored(X)
        labs = classes[np.argmax(scores, axis=1)]
        if self.unknown_label is None:
            return labs
        is_novel = novelty_scores(scores, self.novelty, self.temperature_) > self.threshold_
        label = np.asarray(self.unknown_label, dtype=_common_dtype(self.unknown_label, labs))
        return np.where(is_novel, label, labs)

    # no copy, so that classes_ contains labs that are enrolled in the fitted ranker
    @property
    def classes_(self) -> npt.NDArray[Any]:  # type: ignore[override]
        """The labs, sorted."""
        return self._fitted("classes_")

    @property
    def n_features_in_(self) -> int:
        """The number of columns seen in `fit`."""
        return self._fitted("n_features_in_")

    @property
    def feature_names_in_(self) -> npt.NDArray[Any]:
        """The names of the columns seen in `fit`."""
        return self._fitted("feature_names_in_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if hasattr(self.estimator, "__sklearn_tags__"):
            tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def _fitted(self, attribute: str) -> Any:
        if not hasattr(self, "estimator_"):
            raise AttributeError(f"{type(self).__name__} has no {attribute} before fit.")
        return getattr(self.estimator_, attribute)

    def _scored(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        return self.classes_, label_scores(self.estimator_, X)

    def _probabilities(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        classes, scores = self._scored(X)
        return classes, softmax(scores / self.temperature_, axis=1)

    @property
    def _n_splits(self) -> int | None:
        """The number of folds, or None if `cv` is a splitter or an iterable."""
        if self.cv is None:
            return _DEFAULT_SPLITS
        return int(self.cv) if isinstance(self.cv, Integral) else None

    def _splitter(self, y: npt.NDArray[Any], groups: Any) -> Any:
        if groups is not None and self._n_splits is not None:
            return StratifiedGroupKFold(self._n_splits)
        return check_cv(self.cv, y, classifier=True)

    def _check_unknown_label(self, y: npt.NDArray[Any]) -> None:
        label, first = self.unknown_label, y.tolist()[0]
        if label is not None and isinstance(label, str) != isinstance(first, str):
            raise ValueError(f"unknown_label is {label!r}, but the labs are such as {first!r}; use one type.")
        if label in y.tolist():
            raise ValueError(
                f"unknown_label is {label!r}, which is also a lab in y; choose another label, or leave out "
                "its rows."
            )


def label_scores(classifier: Any, X: Any) -> Scores:
    """Return the scores of a classifier for all its classes, as logits."""
    if not hasattr(classifier, "decision_function"):
        probabilities = np.asarray(classifier.predict_proba(X), dtype=np.float64)
        return np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    scores = np.asarray(classifier.decision_function(X), dtype=np.float64)
    return np.column_stack([-scores / 2, scores / 2]) if scores.ndim == 1 else scores


def novelty_scores(scores: Scores, kind: str, temperature: float) -> Scores:
    """Return the novelty score of each row of scores; see the parameter `novelty` of CalibratedRanker."""
    if kind == "max_score":
        return -scores.max(axis=1)
    if kind == "margin":
        second, first = np.partition(scores, -2, axis=1)[:, -2:].T
        return second - first
    return 1 - softmax(scores / temperature, axis=1).max(axis=1)


def _score_fold(
    estimator: Any,
    X: Any,
    y: npt.NDArray[Any],
    train: npt.NDArray[Any],
    test: npt.NDArray[Any],
    params: dict[str, Any],
) -> tuple[npt.NDArray[np.intp], Scores, npt.NDArray[np.int64]]:
    """Return the held-out rows, their scores, and the column of each row's lab, -1 if the lab is unknown."""
    train, test = (np.arange(len(y))[rows] for rows in (train, test))
    estimator.fit(_safe_indexing(X, train), y[train], **_check_method_params(X, params, indices=train))
    classes = estimator.classes_
    columns = np.searchsorted(classes, y[test]).clip(max=len(classes) - 1)
    scores = label_scores(estimator, _safe_indexing(X, test))
    return test, scores, np.where(classes[columns] == y[test], columns, -1)


def _fit_temperature(folds: Sequence[tuple[Scores, npt.NDArray[np.int64]]]) -> float:
    """Return the divisor of the scores that minimizes the log loss of the rows of known labs."""
    known = [(scores[columns >= 0], columns[columns >= 0]) for scores, columns in folds]
    own, best_other = [], []
    for scores, columns in known:
        of_lab = np.arange(scores.shape[1]) == columns[:, None]
        own.append(scores[of_lab])
        best_other.append(np.where(of_lab, -np.inf, scores).max(axis=1))
    if np.isneginf(np.concatenate(best_other)).any():
        return 1.0
    # one more row that belongs to the best wrong lab keeps the probabilities of a perfect ranker below 1
    wrong_share = 1 / (1 + sum(map(len, own)))
    targets = [
        (1 - wrong_share) * right + wrong_share * wrong for right, wrong in zip(own, best_other, strict=True)
    ]
    # the temperature is proportional to the unknown scale of the scores
    scale = max(float(np.ptp(scores, axis=1).max()) for scores, _ in known if len(scores)) or 1.0

    def log_loss(log_sharpness: float) -> float:
        sharpness = np.exp(log_sharpness) / scale
        return sum(
            float((logsumexp(sharpness * scores, axis=1) - sharpness * target).sum())
            for (scores, _), target in zip(known, targets, strict=True)
        )

    best = minimize_scalar(log_loss, bounds=(-10, 15), method="bounded", options={"xatol": 1e-8}).x
    return float(scale / np.exp(best))


def _common_dtype(label: str | int, labs: npt.NDArray[Any]) -> Any:
    """Return a dtype that holds the label and the labs without truncation."""
    if isinstance(label, str):
        return None if labs.dtype.kind == "U" else labs.dtype
    return np.result_type(labs.dtype, np.min_scalar_type(label))
