"""The linear model of the classifier, with its features: counts of k-mers, or of tokens."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import clone

from skseed.alphabets import Alphabet
from skseed.classification._calibration import fit_temperature
from skseed.classification._linear_path import LinearFit, fit_linear_path, unit_root_counts
from skseed.classification._rows import Rows, number_copies
from skseed.preprocessing import KmerVectorizer

# up to this size of the alphabet, such as that of DNA, gapped 3-mers are too few to distinguish classes
_FEW_SYMBOLS = 6


@dataclass(frozen=True, eq=False)
class KmerFeatures:
    """The columns of counts that occur in the training data.

    Parameters
    ----------
    vectorizer : KmerVectorizer or None
        Counts k-mers; None for rows of tokens, whose ids are counted.
    n_ids : int
        The number of token ids; larger ids are ignored.
    columns : ndarray of shape (n_features,), dtype int64
        The columns of the counts, ascending.
    """

    vectorizer: KmerVectorizer | None
    n_ids: int
    columns: npt.NDArray[np.int64]

    @classmethod
    def fit(
        cls, vectorizer: KmerVectorizer | None, X: Any, rows: Rows, used: npt.NDArray[np.intp]
    ) -> tuple["KmerFeatures", sparse.csr_array]:
        """Return the columns of the training data, and the features of the sequences at `used`.

        `rows` holds the tokens of these sequences, and X all sequences.
        """
        n_ids = max(int(row.max()) for row in rows) + 1
        counts = _count_ids(rows, n_ids) if vectorizer is None else vectorizer.fit_transform(X)[used]
        columns = np.unique(counts.indices).astype(np.int64)
        if not columns.size:
            # all sequences are too short; a column of zeros leaves the intercepts
            columns = np.zeros(1, dtype=np.int64)
        return cls(vectorizer, n_ids, columns), unit_root_counts(counts[:, columns])

    def transform(self, X: Any, rows: Rows) -> sparse.csr_array:
        """Return the features of sequences, or of rows of tokens if there is no vectorizer."""
        if self.vectorizer is None:
            counts = _count_ids(rows, self.n_ids)
        else:
            counts = self.vectorizer.transform(X)
        return unit_root_counts(counts[:, self.columns])


@dataclass(frozen=True, eq=False)
class BaseModel:
    """The linear model and its calibrated logits on folds that it was not fitted on.

    Parameters
    ----------
    features : KmerFeatures
        The features.
    linear : LinearFit
        The model.
    temperature : float
        The divisor of its logits.
    logits : ndarray of shape (n_rows, n_classes)
        The out-of-fold logits, divided by the temperature.
    """

    features: KmerFeatures
    linear: LinearFit
    temperature: float
    logits: npt.NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        kmers: str | KmerVectorizer,
        alphabet: Alphabet | None,
        X: Any,
        rows: Rows,
        targets: npt.NDArray[np.integer],
        *,
        used: npt.NDArray[np.intp],
        weights: npt.NDArray[np.float64],
        sample_weight: npt.NDArray[np.float64],
        seed: int,
    ) -> "BaseModel":
        """Return the model of the rows: the sequences of X at `used`, or tokens if `alphabet` is None."""
        vectorizer = None if alphabet is None else _vectorizer_of(kmers, alphabet)
        features, matrix = KmerFeatures.fit(vectorizer, X, rows, used)
        linear = fit_linear_path(
            matrix,
            targets,
            int(targets.max()) + 1,
            weights=weights,
            sample_weight=sample_weight,
            copies=number_copies(rows),
            seed=seed,
        )
        temperature = fit_temperature(linear.out_of_fold, targets, sample_weight)
        return cls(features, linear, temperature, linear.out_of_fold / temperature)


def _vectorizer_of(kmers: str | KmerVectorizer, alphabet: Alphabet) -> KmerVectorizer:
    """Return an unfitted vectorizer for the parameter `kmers` of the classifier."""
    if isinstance(kmers, KmerVectorizer):
        return clone(kmers)
    if len(alphabet) <= _FEW_SYMBOLS:
        return KmerVectorizer(6, alphabet=alphabet)
    return KmerVectorizer(3, gaps=2, alphabet=alphabet)


def _count_ids(rows: Rows, n_ids: int) -> sparse.csr_array:
    """Return how often each token id occurs in each row."""
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    ids = np.concatenate(rows)
    inside = (ids > 0) & (ids < n_ids)
    ones = np.ones(np.count_nonzero(inside), dtype=np.int32)
    return sparse.coo_array((ones, (owners[inside], ids[inside])), shape=(len(rows), n_ids)).tocsr()
