"""The methods that all rankers derive from their scores, and checks of the labs."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skseed._validation import check_labels, number_groups

Scores = npt.NDArray[np.float64]


class LabRankerMixin(ClassifierMixin):
    """Derive the methods of a ranker from a matrix of scores.

    A ranker sets `classes_` in ``fit`` and implements `_scored`. The mixin adds ``decision_function``,
    with scikit-learn's convention for two classes, ``predict`` and ``rank``.
    """

    classes_: npt.NDArray[Any]

    def _scored(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        """Return the labs, and the scores of shape (n_samples, n_labs), higher for likelier.

        Both come from one state of the ranker, so that ``enroll`` in another thread does not mix two.
        """
        raise NotImplementedError

    def _probabilities(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        """Return the labs, and the probabilities of shape (n_samples, n_labs), from one state."""
        raise NotImplementedError

    def decision_function(self, X: Any) -> Scores:
        """Return the score of each lab for each sequence.

        Parameters
        ----------
        X : array-like of n_samples rows
            Sequences in the form that `fit` takes.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_labs) or (n_samples,)
            Higher for likelier, columns in the order of `classes_`. With two labs, the score of
            ``classes_[1]`` minus that of ``classes_[0]``, as in scikit-learn.
        """
        check_is_fitted(self)
        classes, scores = self._scored(X)
        return scores[:, 1] - scores[:, 0] if len(classes) == 2 else scores

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest lab of each sequence.

        Parameters
        ----------
        X : array-like of n_samples rows
            Sequences in the form that `fit` takes.

        Returns
        -------
        labs : ndarray of shape (n_samples,)
            The labs with the highest score; among equal scores the first in `classes_`.
        """
        check_is_fitted(self)
        classes, scores = self._scored(X)
        return classes[np.argmax(scores, axis=1)]

    def rank(self, X: Any, k: int = 10, *, groups: Any = None) -> npt.NDArray[Any]:
        """Return the `k` likeliest labs of each sequence or of each group, the likeliest first.

        Parameters
        ----------
        X : array-like of n_samples rows
            Sequences in the form that `fit` takes.
        k : int, default=10
            The number of labs; all labs if there are fewer.
        groups : array-like of shape (n_samples,), default=None
            Sequences with the same group come from one source, such as the constructs of one case, and are
            ranked together by the sum of their log-probabilities. None ranks each sequence by itself.

        Returns
        -------
        labs : ndarray of shape (n_samples, min(k, n_labs)) or (n_groups, min(k, n_labs))
            The labs by descending score; equal scores in the order of `classes_`. With groups, a row for each
            group, in the order in which the groups first occur, as in :func:`pandas.unique`.

        Raises
        ------
        ValueError
            If `k` is not a positive int, or a group is missing.
        """
        check_is_fitted(self)
        check_list_length(k)
        if groups is None:
            return best_labs(*self._scored(X), k)
        classes, probabilities = self._probabilities(X)
        return best_labs(classes, sum_log_probabilities(probabilities, groups), k)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of the sequences whose likeliest lab is the true one.

        Parameters
        ----------
        X : array-like of n_samples rows
            Sequences in the form that `fit` takes.
        y : array-like of shape (n_samples,)
            The true labs.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the sequences.

        Returns
        -------
        accuracy : float
            The share, in [0, 1].

        Raises
        ------
        ValueError
            If a lab is missing, or `y` holds strings and `classes_` numbers or the reverse.
        """
        check_is_fitted(self)
        check_same_kind(check_labels(y), self.classes_, "the ranker")
        return super().score(X, y, sample_weight=sample_weight)


def check_list_length(k: Any) -> None:
    """Raise a ValueError if `k` is not a positive int."""
    if not isinstance(k, Integral) or k < 1:
        raise ValueError(f"k must be an int of at least 1; got {k!r}.")


def best_labs(classes: npt.NDArray[Any], scores: Scores, k: int) -> npt.NDArray[Any]:
    """Return the `k` labs with the highest scores of each row, shape (n_samples, min(k, n_labs))."""
    return classes[np.argsort(-scores, axis=1, kind="stable")[:, :k]]


def sum_log_probabilities(probabilities: Any, groups: Any) -> Scores:
    """Return the sums of the log-probabilities of the rows of each group, shape (n_groups, n_labs).

    The groups are in the order in which they first occur. A probability of 0 counts as the smallest float.
    """
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), np.finfo(np.float64).tiny))
    numbers = number_groups(groups, logs)
    sums = np.zeros((int(numbers.max(initial=-1)) + 1, logs.shape[1]))
    np.add.at(sums, numbers, logs)
    return sums


def check_training_labs(y: Any) -> npt.NDArray[Any]:
    """Return the labs of a training set, at least two different ones."""
    y = check_labels(y)
    if (y == y[0]).all():
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the data contains only one "
            f"class: {y[0]!r}"
        )
    return y


def check_further_labs(y: Any, classes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the labs of sequences to enroll, which have the type of the known labs."""
    y = check_labels(y)
    check_same_kind(y, classes, "the ranker")
    return y


def check_same_kind(y: npt.NDArray[Any], classes: npt.NDArray[Any], owner: str) -> None:
    """Raise a ValueError if some labs are strings and others numbers, which numpy would turn into strings."""
    new, known = y.tolist()[0], classes.tolist()[0]
    if isinstance(new, str) != isinstance(known, str):
        raise ValueError(
            f"y holds labels such as {new!r}, but {owner} was fitted on labels such as {known!r}; use one "
            "type."
        )
