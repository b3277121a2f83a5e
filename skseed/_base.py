"""Base classes of estimators, and the warning about sequences that are cut."""

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags

from skseed._warnings import warn_user

_CUT_SHARE = 0.01


class Estimator(BaseEstimator):
    """A scikit-learn estimator whose HTML representation links to its page in the documentation."""

    _doc_link_module = "skseed"
    # the address without a version leads to the default version of the documentation
    _doc_link_template = "https://skseed.readthedocs.io/page/api/{estimator_module}.{estimator_name}.html"


class SequenceTransformer(TransformerMixin, Estimator):
    """A transformer whose input is a one-dimensional array-like of ``str``."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags


def warn_cut(
    lengths: npt.NDArray[np.integer],
    limit: int,
    *,
    unit: str,
    advice: str = "set max_length to choose the length, which also silences this warning",
) -> None:
    """Warn from ``transform`` if sequences lose more than 1 % of all their symbols.

    Lengths vary naturally: in nearly every cross-validation fold, some test sequence is slightly longer than
    all training sequences. Such a loss is not worth a warning.

    Parameters
    ----------
    lengths : ndarray of shape (n_sequences,), dtype int
        The length of each sequence of the call.
    limit : int
        The length at which sequences are cut, found in ``fit``.
    unit : str
        The plural of what is counted: "symbols" or "tokens".
    advice : str
        The remedy, as a clause.
    """
    lost = np.maximum(lengths - limit, 0)
    if lost.sum() > _CUT_SHARE * lengths.sum():
        first, share = int(np.argmax(lost > 0)), lost.sum() / lengths.sum()
        warn_user(
            f"{np.count_nonzero(lost)} of {len(lengths)} sequences are longer than the {limit} {unit} found "
            f"in fit and lose their end, {share:.0%} of all {unit} (the first is X[{first}] with "
            f"{int(lengths[first])} {unit}); {advice}."
        )
