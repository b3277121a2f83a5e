"""The base of the rankers that compare sequences by their k-mers."""

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.utils import Tags
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from skseed._base import Estimator
from skseed._constraints import TOPOLOGY
from skseed._kmers import MAX_DNA_K, kmer_sketches
from skseed._sequences import Sequences, Topology, as_sequences
from skseed._sklearn import Interval
from skseed._tokens import warn_unknown_sequences
from skseed._validation import forget_columns, number_groups
from skseed._warnings import warn_user
from skseed.ranking._base import LabRankerMixin, Scores, check_further_labs, check_training_labs
from skseed.ranking._kmer_library import KmerLibrary, KmerProfiles
from skseed.ranking._sequence_table import as_sequence_table, split_sequence_table


class KmerRanker(LabRankerMixin, Estimator):
    """Rank labs by a model of a :class:`KmerLibrary`; X is sequences, or a table with binary metadata.

    A fitted ranker has one attribute, `_model`, with everything that prediction needs; ``_model.library`` is
    the library. ``fit`` and ``enroll`` replace it in one step.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, MAX_DNA_K, closed="both")],
        "fraction": [Interval(Real, 0, 1, closed="right")],
        "topology": TOPOLOGY,
        "n_metadata": [Interval(Integral, 0, None, closed="left")],
    }

    k: int
    fraction: float
    topology: Topology
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
        return self._probabilities(X)[1]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = self.n_metadata == 0
        tags.input_tags.two_d_array = self.n_metadata > 0
        return tags

    def _probabilities(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        classes, scores = self._scored(X)
        return classes, softmax(scores, axis=1)

    def _read_library(self, X: Any, y: Any, groups: Any = None, *, reset: bool) -> KmerLibrary:
        """Return the library of sequences with their labs and groups; warns if some have no k-mer.

        `reset` is True in ``fit``, and False in ``enroll``, where `y` must have the type of the known labs.
        """
        sequences, metadata = self._read(X, reset=reset)
        y = check_training_labs(y) if reset else check_further_labs(y, self.classes_)
        check_consistent_length(sequences, y)
        groups = number_groups(groups, sequences)
        sketches = kmer_sketches(sequences, k=self.k, fraction=self.fraction)
        n_empty = int((sketches.sizes == 0).sum())
        if n_empty:
            reason = (
                f"{n_empty} of {len(sequences)} sequences have no k-mer among those that are kept "
                f"(k={self.k}, fraction={self.fraction:g})"
            )
            remedy = "lower k or raise fraction for short sequences"
            if reset and n_empty == len(sequences) and not self.n_metadata:
                raise ValueError(f"{reason}, so there is nothing to learn; {remedy}.")
            warn_user(f"{reason}; {remedy}.")
        return KmerLibrary.from_sketches(sketches, sequences.lengths, metadata, y, groups)

    def _read_queries(self, X: Any, library: KmerLibrary) -> KmerProfiles:
        """Return the profiles of sequences to be ranked; warns if some have no k-mer of the library."""
        sequences, metadata = self._read(X, reset=False)
        sketches = kmer_sketches(sequences, k=self.k, fraction=self.fraction)
        queries = library.profile(sketches, sequences.lengths, metadata)
        warn_unknown_sequences(
            has_known_kmer(queries),
            kind=f"{self.k}-mers",
            effect="all labs get equal votes for them; lower k or raise fraction for short sequences",
        )
        return queries

    def _set_model(self, model: Any, **attributes: Any) -> Self:
        """Set the model and all attributes that follow from it at once."""
        library = model.library
        self.__dict__.update(
            _model=model, classes_=library.classes, lab_counts_=library.lab_counts, **attributes
        )
        return self

    def _read(self, X: Any, *, reset: bool) -> tuple[Sequences, npt.NDArray[np.float64]]:
        """Return the sequences and the metadata, which has no column if `n_metadata` is 0."""
        metadata = None
        if self.n_metadata:
            table = validate_data(
                self, as_sequence_table(X, self.n_metadata), reset=reset, skip_check_array=True
            )
            X, metadata = split_sequence_table(table, self.n_metadata)
        elif reset:
            forget_columns(self)
        sequences = as_sequences(X, alphabet="dna", topology=self.topology)
        return sequences, np.zeros((len(sequences), 0)) if metadata is None else metadata


def has_known_kmer(queries: KmerProfiles) -> npt.NDArray[np.bool_]:
    """Return whether each query has a k-mer of the library."""
    return np.diff(queries.kmers.indptr) > 0
