"""Rank labs by a vote of shared k-mers."""

from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._constraints import VERBOSE
from skseed._progress import reports_progress
from skseed._sequences import Topology
from skseed._sklearn import Interval, _fit_context
from skseed.ranking._base import Scores
from skseed.ranking._kmer_explanation_mixin import KmerExplanationMixin
from skseed.ranking._kmer_library import KmerLibrary, KmerProfiles, vote_weights
from skseed.ranking._kmer_ranker import KmerRanker
from skseed.ranking._metadata_likelihood import metadata_log_likelihood

_MIN_SHARE = 1e-4
_BLOCK_ROWS = 512


@dataclass(frozen=True)
class LabVote:
    """The k-mers of each lab, one row a lab, and the votes of the k-mers, shape (n_kmers, n_labs)."""

    library: KmerLibrary
    votes: sparse.csr_matrix

    @classmethod
    def from_library(cls, library: KmerLibrary) -> "LabVote":
        pooled = library.pool_labs()
        return cls(pooled, vote_weights(pooled.profiles.kmers.T.tocsr()))

    def scores(self, queries: KmerProfiles, metadata_weight: float) -> Scores:
        """Return the logarithm of each lab's share of the votes, plus the weighted metadata likelihood."""
        n_queries = queries.kmers.shape[0]
        scores = np.empty((n_queries, self.library.n_labs))
        for start in range(0, n_queries, _BLOCK_ROWS):
            rows = slice(start, start + _BLOCK_ROWS)
            votes = (queries.kmers[rows] @ self.votes).toarray()
            total = votes.sum(axis=1, keepdims=True)
            scores[rows] = np.log(np.divide(votes, total, out=votes, where=total > 0) + _MIN_SHARE)
        if queries.metadata.shape[1]:
            scores += metadata_weight * metadata_log_likelihood(
                queries.metadata, self.library.lab_counts, self.library.lab_metadata
            )
        return scores


class KmerLabRanker(KmerExplanationMixin, KmerRanker):
    """Rank the labs that may have engineered a plasmid by the k-mers it shares with their plasmids.

    Every k-mer of a plasmid votes for the labs whose plasmids have it. A k-mer of few labs has a large vote.
    The ranker learns tens of thousands of plasmids in a minute and enrolls new labs without a new fit. It
    depends neither on the strand nor on the position at which a circular sequence starts. Use it as the
    baseline for any other ranker; it is hard to beat where queries are relatives of known plasmids. It sees
    only exact copies of `k` letters, so it misses habits of a lab that show in shorter motifs.

    Parameters
    ----------
    k : int, default=21
        Letters in a k-mer, at most 31. Shorter k-mers are shared by chance, longer ones break at every
        mutation.
    fraction : float, default=0.125
        The share of the k-mers that is used, in (0, 1]. Time and memory are proportional to it. Raise it
        for sequences of a few hundred letters.
    topology : {"circular", "linear"}, default="circular"
        Whether the k-mers over the end of a sequence count.
    n_metadata : int, default=0
        The number of columns of X, the last ones, that are binary metadata. If it is not 0, X is a table
        whose first column is the sequence.
    metadata_weight : float, default=0.25
        The weight of the metadata's log-likelihood relative to the logarithm of the vote. It is below 1
        because the properties depend on each other.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted.
    lab_counts_ : ndarray of shape (n_labs,)
        The number of known sequences of each lab.
    n_features_in_ : int
        The number of columns seen in `fit`; only with metadata.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns, if X was a table with names; only with metadata.

    See Also
    --------
    EvidenceLabRanker : Learns the weights of this vote and of other features.
    TripletLabRanker : Learns an embedding of plasmids and labs.

    Notes
    -----
    A k-mer and its reverse complement count as one. The ranker keeps the k-mers with a small hash
    (FracMinHash [1]_), each once a sequence. A k-mer with an ambiguous letter is skipped. Let c(l, m) be
    the number of sequences of lab l with the k-mer m, n(m) the number of labs with m, and L the number of
    labs. The vote for lab l is

    .. math:: v_l = \\sum_m \\frac{c(l, m)}{\\sum_j c(j, m)} \\log \\frac{1 + L}{1 + n(m)}

    over the k-mers of the query, scaled to the sum 1. The score of a lab is the logarithm of its share plus
    1e-4, plus `metadata_weight` times the naive Bayes log-likelihood of the metadata. The idea of lower
    weights for fragments of many labs is from [2]_, which aligns sequences instead of counting k-mers.

    `predict_proba` is the softmax of the scores; without metadata it equals the share of the vote. It is
    not calibrated; see :class:`CalibratedRanker`.

    A sequence without a known k-mer, such as one shorter than `k`, has the same vote for all labs, and a
    warning states the number of such sequences. `fit` raises if no sequence has a k-mer and there is no
    metadata.

    `enroll` may run while other threads predict: `predict` and `rank` use either the old labs or the new
    ones. `decision_function` may return columns for the new labs before the caller reads `classes_`.

    References
    ----------
    .. [1] L. Irber et al., "Lightweight compositional analysis of metagenomes with FracMinHash and minimum
       metagenome covers", bioRxiv, 2022. doi:10.1101/2022.01.11.475838
    .. [2] Q. Wang, B. Kille, T. R. Liu, R. A. L. Elworth, T. J. Treangen, "PlasmidHawk improves lab of origin
       prediction of engineered plasmids using sequence alignment", Nature Communications 12, 1167 (2021).
       doi:10.1038/s41467-021-21180-w

    Examples
    --------
    >>> from skseed.ranking import KmerLabRanker
    >>> plasmids = ["GATTACAGATCCGTA", "GATTACAGTTCCGAA", "CTTGGCATTCACGGA", "CTTGGCATACACGGT"]
    >>> ranker = KmerLabRanker(k=6, fraction=1).fit(plasmids, ["Curie", "Curie", "Franklin", "Franklin"])
    >>> ranker.predict(["ACAGTTCCGATTTTT", "TCCGTGAATGCCAAG"])
    array(['Curie', 'Franklin'], dtype='<U8')
    >>> ranker.enroll(["AAGCTTGCGGCCGCA"], ["McClintock"]).rank(["AGCTTGCGGCCGGATTACA"], k=2)
    array([['McClintock', 'Curie']], dtype='<U10')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **KmerRanker._parameter_constraints,
        "verbose": VERBOSE,
        "metadata_weight": [Interval(Real, 0, None, closed="left")],
    }

    # the library holds the sum of the sequences of each lab
    _has_plasmids = False

    def __init__(
        self,
        k: int = 21,
        *,
        fraction: float = 0.125,
        topology: Topology = "circular",
        n_metadata: int = 0,
        metadata_weight: float = 0.25,
        verbose: int = 0,
    ) -> None:
        self.k = k
        self.fraction = fraction
        self.topology = topology
        self.n_metadata = n_metadata
        self.metadata_weight = metadata_weight
        self.verbose = verbose

    @reports_progress
    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> Self:
        """Count the k-mers and the metadata of every lab.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            DNA sequences, with metadata in further columns.
        y : array-like of shape (n_samples,)
            The lab of each sequence; one sequence per lab is enough.

        Returns
        -------
        self : KmerLabRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If a letter does not belong to DNA, metadata is neither 0 nor 1, or a lab is missing (the message
            names the index); if `y` has a single lab, or no sequence has a k-mer and there is no metadata.

        Warns
        -----
        UserWarning
            If some sequences have no k-mer.
        """
        library = self._read_library(X, y, reset=True)
        return self._set_model(LabVote.from_library(library))

    @reports_progress
    def enroll(self, X: Any, y: Any) -> Self:
        """Add sequences of known or new labs.

        The result is the same, bit for bit, as one `fit` on all sequences.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            As in `fit`.
        y : array-like of shape (n_samples,)
            The lab of each sequence.

        Returns
        -------
        self : KmerLabRanker
            The ranker; `classes_` contains the new labs and stays sorted.

        Raises
        ------
        ValueError
            If X is not as in `fit`, or `y` holds strings and `classes_` numbers or the reverse. The ranker
            then stays as it was.
        """
        check_is_fitted(self)
        library = self._model.library
        new = self._read_library(X, y, reset=False)
        return self._set_model(LabVote.from_library(library.enroll(new)))

    def _scored(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        model = self._model
        queries = self._read_queries(X, model.library)
        return model.library.classes, model.scores(queries, self.metadata_weight)
