"""What the rankers that read plasmids by their k-mers share: their input, their tags, their probabilities."""

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from skseed._sklearn import Interval, StrOptions
from skseed._validation import check_sequences, forget_columns
from skseed.preprocessing._kmer_sketches import LONGEST, Sketches, kmer_sketches
from skseed.ranking._base import LabRankerMixin, first_labs, merge_labs
from skseed.ranking._sequence_table import as_sequence_table, split_sequence_table


class PlasmidRanker(LabRankerMixin, BaseEstimator):
    """A ranker whose X is sequences, or a table of sequences and binary metadata."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, LONGEST, closed="both")],
        "fraction": [Interval(Real, 0, 1, closed="right")],
        "topology": [StrOptions({"circular", "linear"})],
        "n_metadata": [Interval(Integral, 0, None, closed="left")],
    }

    k: int
    fraction: float
    topology: str
    n_metadata: int

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the softmax of the scores.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            As in `fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labs)
            Rows that sum to 1, columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return softmax(self._scores(X), axis=1)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = self.n_metadata == 0
        tags.input_tags.two_d_array = self.n_metadata > 0
        return tags

    def _read(self, X: Any, *, reset: bool) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
        """Return the sequences and the metadata, which may have no column."""
        if self.n_metadata:
            table = validate_data(
                self, as_sequence_table(X, self.n_metadata), reset=reset, skip_check_array=True
            )
            return split_sequence_table(table, self.n_metadata)
        sequences = check_sequences(X)
        if reset:
            forget_columns(self)
        return sequences, np.zeros((len(sequences), 0))

    def _sketch(self, sequences: npt.NDArray[np.object_]) -> Sketches:
        return kmer_sketches(
            sequences.tolist(), k=self.k, fraction=self.fraction, circular=self.topology == "circular"
        )

    def _first_labs(
        self, y: Any, sequences: npt.NDArray[np.object_]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.intp]]:
        """Return the labs, sorted, and which of them each sequence is of."""
        classes, targets = first_labs(y)
        check_consistent_length(sequences, targets)
        return classes, targets

    def _further_labs(
        self, y: Any, sequences: npt.NDArray[np.object_]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return all labs, sorted, which of them each sequence is of, and where the known ones stand."""
        classes, targets, places = merge_labs(self.classes_, y)
        check_consistent_length(sequences, targets)
        return classes, targets, places
