"""Base class of the transformers of sequences, and their warning about sequences that are cut."""

import warnings

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags


class SequenceTransformer(TransformerMixin, BaseEstimator):
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
    """Warn from ``transform`` if a sequence is longer than the length that ``fit`` found."""
    longer = np.flatnonzero(lengths > limit)
    if longer.size:
        first = int(longer[0])
        warnings.warn(
            f"{longer.size} of {len(lengths)} sequences are longer than the {limit} {unit} found in fit "
            f"and lose their end (the first is X[{first}] with {int(lengths[first])} {unit}); {advice}.",
            UserWarning,
            stacklevel=4,
        )
