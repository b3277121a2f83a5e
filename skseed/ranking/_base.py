"""What every ranker of labs does with its scores."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted


class LabRankerMixin(ClassifierMixin):
    """Derive the methods of a ranker from one matrix of scores.

    A ranker sets `classes_` in ``fit`` and says in `_scores` how well each lab fits each row; it has
    checked by then what it is given. The rest stands here: scikit-learn's convention for two classes, the
    best lab, and the list of labs.
    """

    classes_: npt.NDArray[Any]

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the scores, (n_samples, n_labs): higher for likelier, in the order of `classes_`."""
        raise NotImplementedError

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Return how well each lab fits each sequence.

        Parameters
        ----------
        X : array-like of n_samples rows
            Sequences in the form that `fit` takes.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_labs) or (n_samples,)
            Higher for likelier, columns in the order of `classes_`. With two labs, as scikit-learn
            wants it, the difference of the two: positive for ``classes_[1]``.
        """
        check_is_fitted(self)
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest lab of each sequence.

        Parameters
        ----------
        X : array-like of n_samples rows
            Sequences in the form that `fit` takes.

        Returns
        -------
        labs : ndarray of shape (n_samples,)
            The labs with the highest score; of equal ones the first in `classes_`.
        """
        check_is_fitted(self)
        return self.classes_[np.argmax(self._scores(X), axis=1)]

    def rank(self, X: Any, k: int = 10) -> npt.NDArray[Any]:
        """Return the `k` likeliest labs of each sequence, the likeliest first.

        Parameters
        ----------
        X : array-like of n_samples rows
            Sequences in the form that `fit` takes.
        k : int, default=10
            How many labs; all of them when there are fewer.

        Returns
        -------
        labs : ndarray of shape (n_samples, min(k, n_labs))
            The labs, by falling score; equal ones in the order of `classes_`.

        Raises
        ------
        ValueError
            If `k` is not a positive int.
        """
        check_is_fitted(self)
        if not isinstance(k, Integral) or k < 1:
            raise ValueError(f"k must be an int of at least 1; got {k!r}.")
        order = np.argsort(-self._scores(X), axis=1, kind="stable")
        return self.classes_[order[:, :k]]


def check_labs(y: Any) -> npt.NDArray[Any]:
    """Return the labs of a training set or of an enrolment as a column that a classifier can learn."""
    y = column_or_1d(y, warn=True)
    if not len(y):
        raise ValueError("y is empty; pass the lab of at least one sequence.")
    assert_all_finite(y, input_name="y")
    # scikit-learn's own check warns of many labs with a single plasmid, which are usual here
    kind = type_of_target(y, input_name="y")
    if kind not in ("binary", "multiclass"):
        raise ValueError(
            f"Unknown label type: {kind}; y must hold the name or the number of a lab for each row."
        )
    return y


def first_labs(y: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.intp]]:
    """Return the labs, two or more, sorted, and where in them y is."""
    classes, targets = np.unique(check_labs(y), return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the data contains only one "
            f"class: {classes[0]!r}"
        )
    return classes, targets


def merge_labs(
    classes: npt.NDArray[Any], y: Any
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the known and the new labs together, sorted; where in them y is, and where `classes` are."""
    y = check_labs(y)
    check_same_kind(y, classes, "the ranker")
    merged = np.union1d(classes, y)
    return merged, np.searchsorted(merged, y), np.searchsorted(merged, classes)


def grow_sums(
    sums: npt.NDArray[np.float64],
    places: npt.NDArray[np.integer],
    embeddings: npt.NDArray[np.float64],
    targets: npt.NDArray[np.integer],
    n_labs: int,
) -> npt.NDArray[np.float64]:
    """Return the sum of the embeddings of each lab: the old `sums`, at their `places`, and new ones."""
    grown = np.zeros((n_labs, sums.shape[1]))
    grown[places] = sums
    np.add.at(grown, targets, embeddings)
    return grown


def check_same_kind(y: npt.NDArray[Any], classes: npt.NDArray[Any], ranker: str) -> None:
    """Raise where some labs are names and others numbers, which numpy would turn into names."""
    one, other = y.tolist()[0], classes.tolist()[0]
    if isinstance(one, str) != isinstance(other, str):
        raise ValueError(
            f"y holds labs such as {one!r}, but {ranker} was fitted on labs such as {other!r}; name all of "
            "them in the same way."
        )
