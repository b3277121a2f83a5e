"""What the scores of a ranker are worth: probabilities, and the doubt that the lab is known at all."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch, Tags, _safe_indexing, get_tags, indexable
from sklearn.utils.validation import check_is_fitted

from skseed._sklearn import HasMethods, Interval, StrOptions, _fit_context
from skseed.ranking._base import LabRankerMixin, check_labs

Scores = npt.NDArray[np.float64]


class CalibratedRanker(LabRankerMixin, MetaEstimatorMixin, BaseEstimator):
    """Give a ranker probabilities that can be believed, and let it say that it does not know a lab.

    A ranking always has a first place, and the softmax of its scores is sure of anything. This fits
    clones of a ranker on parts of the data, looks at their scores for the rest, and learns two
    numbers from them: the temperature, which turns scores into probabilities, and a threshold on
    the novelty of a sequence, which most sequences of known labs keep below. Then the ranker is fitted on
    all data. The order of the labs stays as it is.

    Split as the ranker will be used: if plasmids to be ranked are no relatives of known ones, relatives must
    not be in different parts (:class:`~skseed.model_selection.LevenshteinGroupKFold`, or `groups`), or both
    numbers will be too optimistic.

    Parameters
    ----------
    estimator : estimator
        A ranker or another classifier with ``decision_function`` or ``predict_proba``, such as a
        pipeline that ends in one.
    novelty : {"max_score", "margin", "probability"}, default="max_score"
        What says that a sequence is foreign, from the scores of the labs: ``"max_score"``, that the best is
        low; ``"margin"``, that it is hardly better than the second; ``"probability"``, that its probability
        is low [1]_.
    tpr : float, default=0.95
        The share of out-of-fold sequences of known labs that the threshold lets pass, in (0, 1].
    unknown_label : str or int, default=None
        What `predict` says of a sequence whose novelty is above the threshold. None makes it always name
        a lab.
    cv : int, cross-validation splitter or iterable of (train, test), default=5
        How the data are split. An int makes a ``StratifiedKFold``.
    n_jobs : int, default=None
        How many clones are fitted at the same time, through joblib.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted, without `unknown_label`.
    estimator_ : estimator
        The ranker, fitted on all data.
    temperature_ : float
        What scores are divided by before the softmax.
    threshold_ : float
        The largest novelty of what is taken for a known lab.
    out_of_fold_ : Bunch
        What was learnt from: ``index`` of the row, its ``novelty``, whether its lab ``is_known``, that
        is, had other rows to be fitted on, and whether the first lab ``is_correct``. With these,
        :func:`~skseed.metrics.oscr_score` and :func:`~skseed.metrics.fpr_at_tpr` tell what to expect.
    n_features_in_ : int
        The number of columns, if the ranker counts them.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if the ranker has them.

    See Also
    --------
    skseed.metrics.expected_calibration_error : Whether the probabilities can be believed.
    sklearn.calibration.CalibratedClassifierCV : Other calibrations, where each class has samples in every
        part; it refuses rarer classes.
    sklearn.model_selection.TunedThresholdClassifierCV : A threshold between two classes.

    Notes
    -----
    With many labs some are in a single part. When that part is held out, the clone does not know the lab:
    such a row can teach neither the temperature nor the threshold, and is left out of both. It is what a
    foreign sequence looks like, and `out_of_fold_` keeps it as such.

    The temperature minimises the log loss of the rows whose lab is known [2]_, with one wrong row among
    them, as in Platt's method, so that no ranker is sure of everything. It divides the scores of
    ``decision_function``, or, where there is none, the logarithm of ``predict_proba``. With two labs,
    ``decision_function`` is one number; half of it is taken for the one and against the other, so that
    every novelty is then that of the margin.

    The clones see fewer rows than the final ranker. So the share that passes in use is rather above `tpr`,
    and the probabilities are rather too low, the more so the fewer parts there are. The log loss
    heeds all labs, not only the first: where a ranker gives the true lab next to nothing now and then, as a
    vote of k-mers does, the temperature is high and the first lab's probability too low. Compare
    :func:`~skseed.metrics.expected_calibration_error` with and without.

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
    >>> words = make_pipeline(KmerVectorizer(k=2), MultinomialNB())
    >>> ranker = CalibratedRanker(words, unknown_label="unknown", cv=2).fit(plasmids, labs)
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
    }

    def __init__(
        self,
        estimator: Any,
        *,
        novelty: str = "max_score",
        tpr: float = 0.95,
        unknown_label: str | int | None = None,
        cv: Any = 5,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.novelty = novelty
        self.tpr = tpr
        self.unknown_label = unknown_label
        self.cv = cv
        self.n_jobs = n_jobs

    # the ranker is validated when it is fitted
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Learn temperature and threshold out of fold, and fit the ranker on all data.

        Parameters
        ----------
        X : array-like of n_samples rows
            What the ranker takes.
        y : array-like of shape (n_samples,)
            The labs.
        groups : array-like of shape (n_samples,), default=None
            The groups of rows that `cv` keeps together.

        Returns
        -------
        self : CalibratedRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If no row has a lab that its part was fitted on, or `unknown_label` is a name where the labs are
            numbers, or the reverse, or is itself a lab.
        """
        X, y, groups = indexable(X, y, groups)
        y = check_labs(y)
        if self.unknown_label is not None and isinstance(self.unknown_label, str) != isinstance(
            y.tolist()[0], str
        ):
            raise ValueError(
                f"unknown_label is {self.unknown_label!r}, but the labs are such as {y.tolist()[0]!r}; name "
                "it in the same way."
            )
        if self.unknown_label in y.tolist():
            raise ValueError(
                f"unknown_label is {self.unknown_label!r}, which is a lab in y too; choose another one, or "
                "leave its rows out."
            )
        cv = check_cv(self.cv, y, classifier=True)
        parts = Parallel(n_jobs=self.n_jobs)(
            delayed(_score_part)(clone(self.estimator), X, y, train, test)
            for train, test in cv.split(X, y, groups)
        )
        if all((columns < 0).all() for _, _, columns in parts):
            raise ValueError(
                "No row has a lab that the rest of its split holds too, so nothing can be learnt from the "
                "scores; give every lab rows in several groups, or use fewer or larger parts in cv."
            )
        ranker = clone(self.estimator).fit(X, y)
        self.temperature_ = _fit_temperature([(scores, columns) for _, scores, columns in parts])
        rows = Bunch(
            index=np.concatenate([test for test, _, _ in parts]),
            novelty=np.concatenate(
                [novelty_scores(scores, self.novelty, self.temperature_) for _, scores, _ in parts]
            ),
            is_known=np.concatenate([columns >= 0 for _, _, columns in parts]),
            is_correct=np.concatenate([scores.argmax(axis=1) == columns for _, scores, columns in parts]),
        )
        known = np.sort(rows.novelty[rows.is_known])
        self.threshold_ = float(known[int(np.ceil(self.tpr * len(known) - 1e-9)) - 1])
        self.out_of_fold_ = rows
        self.estimator_ = ranker
        return self

    def novelty_score(self, X: Any) -> Scores:
        """Return how foreign sequences are.

        Parameters
        ----------
        X : array-like of n_samples rows
            What the ranker takes.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Higher for more foreign, on the scale of `threshold_`; see `novelty`.
        """
        check_is_fitted(self)
        return novelty_scores(self._scores(X), self.novelty, self.temperature_)

    def predict_proba(self, X: Any) -> Scores:
        """Return the probabilities of the labs, given that the lab is one of them.

        Parameters
        ----------
        X : array-like of n_samples rows
            What the ranker takes.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labs)
            Rows that sum to 1, columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return softmax(self._scores(X) / self.temperature_, axis=1)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest lab of each sequence, or `unknown_label` where it is set.

        Parameters
        ----------
        X : array-like of n_samples rows
            What the ranker takes.

        Returns
        -------
        labs : ndarray of shape (n_samples,)
            The labs.
        """
        check_is_fitted(self)
        scores = self._scores(X)
        labs = self.classes_[np.argmax(scores, axis=1)]
        if self.unknown_label is None:
            return labs
        is_foreign = novelty_scores(scores, self.novelty, self.temperature_) > self.threshold_
        return np.where(
            is_foreign, np.asarray(self.unknown_label, dtype=_fitting(self.unknown_label, labs)), labs
        )

    # not a copy, so that labs which the fitted ranker enrols have their names here
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

    def _scores(self, X: Any) -> Scores:
        return label_scores(self.estimator_, X)


def label_scores(classifier: Any, X: Any) -> Scores:
    """Return a classifier's score for each of its classes, to be read as logits."""
    if not hasattr(classifier, "decision_function"):
        # the logarithm of the smallest positive number instead of minus infinity
        probabilities = np.asarray(classifier.predict_proba(X), dtype=np.float64)
        return np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    scores = np.asarray(classifier.decision_function(X), dtype=np.float64)
    return np.column_stack([-scores / 2, scores / 2]) if scores.ndim == 1 else scores


def novelty_scores(scores: Scores, kind: str, temperature: float) -> Scores:
    """Return how foreign each row of the scores of all labs is, higher for more foreign."""
    if kind == "max_score":
        return -scores.max(axis=1)
    if kind == "margin":
        second, first = np.partition(scores, -2, axis=1)[:, -2:].T
        return second - first
    return 1 - softmax(scores / temperature, axis=1).max(axis=1)


def _score_part(
    estimator: Any, X: Any, y: npt.NDArray[Any], train: npt.NDArray[Any], test: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.intp], Scores, npt.NDArray[np.int64]]:
    """Return the rows of the part, their scores, and the column of each one's lab, -1 if there is none."""
    train, test = (np.arange(len(y))[rows] for rows in (train, test))
    estimator.fit(_safe_indexing(X, train), y[train])
    classes = estimator.classes_
    columns = np.searchsorted(classes, y[test]).clip(max=len(classes) - 1)
    return (
        test,
        label_scores(estimator, _safe_indexing(X, test)),
        np.where(classes[columns] == y[test], columns, -1),
    )


def _fit_temperature(parts: Sequence[tuple[Scores, npt.NDArray[np.int64]]]) -> float:
    """Return the divisor of the scores that minimises the log loss of rows whose lab has a column."""
    known = [(scores[columns >= 0], columns[columns >= 0]) for scores, columns in parts]
    own, best_other = [], []
    for scores, columns in known:
        of_lab = np.arange(scores.shape[1]) == columns[:, None]
        own.append(scores[of_lab])
        best_other.append(np.where(of_lab, -np.inf, scores).max(axis=1))
    if np.isneginf(np.concatenate(best_other)).any():
        return 1.0
    # as though one row more than there are belonged to the best of the other labs: where the ranker is
    # always right, this keeps the probabilities below 1
    doubt = 1 / (1 + sum(map(len, own)))
    targets = [(1 - doubt) * right + doubt * wrong for right, wrong in zip(own, best_other, strict=True)]
    # scores, and so the temperature, may be of any size
    size = max(float(np.ptp(scores, axis=1).max()) for scores, _ in known if len(scores)) or 1.0

    def log_loss(log_sharpness: float) -> float:
        sharpness = np.exp(log_sharpness) / size
        return sum(
            float((logsumexp(sharpness * scores, axis=1) - sharpness * target).sum())
            for (scores, _), target in zip(known, targets, strict=True)
        )

    best = minimize_scalar(log_loss, bounds=(-10, 15), method="bounded", options={"xatol": 1e-8}).x
    return float(size / np.exp(best))


def _fitting(label: str | int, labs: npt.NDArray[Any]) -> Any:
    """Return the dtype of a label beside those of an array, where narrow text or numbers must not cut it."""
    if isinstance(label, str):
        return None if labs.dtype.kind == "U" else labs.dtype
    return np.result_type(labs.dtype, np.min_scalar_type(label))
