"""Three parts from any splitter."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import _safe_indexing

from skseed._sklearn import HasMethods, validate_params


@validate_params(
    {"X": "no_validation", "y": "no_validation", "cv": [HasMethods("split")]},
    prefer_skip_nested_validation=True,
)
def train_validation_test_split(
    X: Any, y: Any = None, *, cv: Any
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Split sequences into training, validation and test with the rule of one splitter.

    Early stopping and thresholds are tuned on a validation set; when that is close to the training
    set, both are tuned to memory. The first split of `cv` gives the test set, and the first split of
    what remains gives the validation set, so what `cv` guarantees holds between all three parts.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,), or table
        What the splitter splits; a Series indexed by tip name for `PhylogeneticGroupSplit` with a tree.
    y : array-like of shape (n_sequences,), default=None
        The labels, for splitters that need them.
    cv : cross-validation splitter
        Such as `LevenshteinGroupKFold` or `PhylogeneticGroupSplit`. With five folds, 20 % are for testing,
        20 % of the rest, 16 % of all, for validation.

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
    sklearn.model_selection.train_test_split : Two parts at random.

    Examples
    --------
    >>> from skseed.model_selection import LevenshteinGroupKFold, train_validation_test_split
    >>> genes = ["GATTACA", "GATTACC", "CCGCGG", "CCGCG", "TATATATA", "TATATTTA", "AAAAA", "AAAA"]
    >>> train_validation_test_split(genes, cv=LevenshteinGroupKFold(2, max_distance=1))
    (array([0, 1]), array([4, 5]), array([2, 3, 6, 7]))
    """
    rest, test = next(iter(cv.split(X, y)))
    rest_y = None if y is None else _safe_indexing(y, rest)
    train, validation = next(iter(cv.split(_safe_indexing(X, rest), rest_y)))
    return rest[train], rest[validation], test
