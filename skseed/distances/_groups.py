"""Groups of sequences that no short chain of edits joins to another group."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._sklearn import validate_params
from skseed._validation import check_sequences
from skseed.distances._components import Components
from skseed.distances._cutoff import MAX_DISTANCE, Cutoff
from skseed.distances._distinct import distinct
from skseed.distances._pairs import close_pairs


@validate_params(
    {
        "X": "no_validation",
        "max_distance": MAX_DISTANCE,
        "y": "no_validation",
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def levenshtein_groups(
    X: Any, max_distance: int | float, *, y: Any = None, n_jobs: int | None = None
) -> npt.NDArray[np.int64]:
    """Group sequences by single linkage of their edit distances.

    Two sequences within the cut-off are in one group, and so are all that a chain of such pairs
    joins. Whole groups can go to training or to test without a leak: sequences of two groups are
    always farther apart than the cut-off. Chains may join distant sequences, so these groups are
    made for splitting, not for describing families; for that, cut a tree of average linkage.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,)
        Sequences.
    max_distance : int or float
        The largest distance that joins two sequences: a number of edits (int, at least 0), or a
        fraction of the longer of the two lengths (float between 0 and 1).
    y : array-like of shape (n_sequences,), default=None
        Labels. Where given, only sequences of one label are joined, so that groups of different
        labels may be close or even equal.
    n_jobs : int, default=None
        The number of blocks computed at once; None is 1 unless in a ``joblib.parallel_config``
        context, -1 is one for each processor.

    Returns
    -------
    groups : ndarray of shape (n_sequences,), dtype int64
        The number of each sequence's group; groups are numbered by their first sequence.

    See Also
    --------
    skseed.model_selection.LevenshteinGroupKFold : Cross-validation with these groups.
    levenshtein_neighbors : The pairs themselves.

    Examples
    --------
    >>> from skseed.distances import levenshtein_groups
    >>> genes = ["GATTACA", "GATTAC", "CCGCGG", "GATAC", "CCGCG"]
    >>> levenshtein_groups(genes, max_distance=1)
    array([0, 0, 1, 0, 1])
    >>> levenshtein_groups(genes, max_distance=1, y=["a", "a", "a", "b", "a"])
    array([0, 0, 1, 2, 1])
    """
    sequences = check_sequences(X)
    cutoff = Cutoff(max_distance)
    if y is None:
        return first_come(_components(sequences, cutoff, n_jobs))
    labels = np.asarray(y)
    if labels.shape != (len(sequences),):
        raise ValueError(
            f"y must hold one label for each of the {len(sequences)} sequences; got shape {labels.shape}."
        )
    groups = np.empty(len(sequences), dtype=np.int64)
    n_groups = 0
    codes = np.unique(labels, return_inverse=True)[1]
    for members in np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1]):
        groups[members] = _components(sequences[members], cutoff, n_jobs) + n_groups
        n_groups = int(groups[members].max()) + 1
    return first_come(groups)


def first_come(groups: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Number groups by the position of their first member.

    Parameters
    ----------
    groups : ndarray of int of shape (n_sequences,)
        Any numbers for groups.

    Returns
    -------
    groups : ndarray of shape (n_sequences,), dtype int64
        The same partition with the numbers 0, 1, ….
    """
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _components(
    sequences: npt.NDArray[np.object_], cutoff: Cutoff, n_jobs: int | None
) -> npt.NDArray[np.integer]:
    unique, inverse = distinct(sequences)
    components = Components(len(unique))
    for _ in close_pairs(unique, cutoff, components=components, n_jobs=n_jobs):
        pass  # the components grow as the pairs come
    return components.find(inverse)
