"""Split sequences into training, validation and test sets by one splitter."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import _safe_indexing

from skseed._sklearn import HasMethods, validate_params


@validate_params(
    {"X": "no_validation", "y": "no_validation", "groups": "no_validation", "cv": [HasMethods("split")]},
    prefer_skip_nested_validation=True,
)
def train_validation_test_split(
    X: Any, y: Any = None, *, groups: Any = None, cv: Any
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Split sequences into training, validation and test sets by one splitter.

    A validation set that is close to the training set misleads early stopping and the choice of thresholds.
    The first split of `cv` gives the test set. The first split of the remaining sequences gives the
    validation set, so the guarantee of `cv` holds between all three sets.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,), or table
        The input of the splitter; a Series indexed by tip name for `PhylogeneticGroupSplit` with a tree.
    y : array-like of shape (n_sequences,), default=None
        Labels, for splitters that need them.
    groups : array-like of shape (n_sequences,), default=None
        Groups, for splitters that need them, such as ``GroupKFold``.
    cv : cross-validation splitter
        Such as `LevenshteinGroupKFold` or `PhylogeneticGroupSplit`. With five folds, 20 % of the sequences
        are for testing, and 20 % of the rest, which is 16 % of all, for validation.

    Returns
    -------
    train : ndarray of int
        The indices of the training sequences.
    validation : ndarray of int
        The indices of the validation sequences.
    test : ndarray of int
        The indices of the test sequences.

    See Also
    --------
    sklearn.model_selection.train_test_split : Split into two random sets.
    leakage_report : The distance of each test sequence to its nearest training sequence.

    Examples
    --------
    >>> from skseed.model_selection import LevenshteinGroupKFold, train_validation_test_split
    >>> genes = ["GATTACA", "GATTACC", "CCGCGG", "CCGCG", "TATATATA", "TATATTTA", "AAAAA", "AAAA"]
    >>> train_validation_test_split(genes, cv=LevenshteinGroupKFold(2, max_distance=1))
    (array([0, 1]), array([4, 5]), array([2, 3, 6, 7]))
    """
    rest, test = _first_split(cv, X, y, groups)
    remaining = [None if values is None else _safe_indexing(values, rest) for values in (X, y, groups)]
    train, validation = _first_split(cv, *remaining)
    return rest[train], rest[validation], test


def _first_split(cv: Any, X: Any, y: Any, groups: Any) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    # a splitter of the user may take no groups
    return next(iter(cv.split(X, y) if groups is None else cv.split(X, y, groups=groups)))
