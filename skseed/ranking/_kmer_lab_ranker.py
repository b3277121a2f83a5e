"""The lab of origin by a vote of long k-mers, without a network."""

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skseed._sklearn import Interval, _fit_context
from skseed.ranking._kmer_counts import (
    KmerCounts,
    count_kmers,
    known_kmers,
    merge_counts,
    spread_labs,
    vote_weights,
)
from skseed.ranking._metadata_counts import (
    MetadataCounts,
    add_metadata,
    count_metadata,
    metadata_log_likelihood,
    spread_metadata,
)
from skseed.ranking._plasmid_ranker import PlasmidRanker

_LEAST_SHARE = 1e-4
_PREDICTION_ROWS = 512


class KmerLabRanker(PlasmidRanker):
    """Rank the labs that may have engineered a plasmid, by the k-mers it shares with theirs.

    Every k-mer of a plasmid votes for the labs whose plasmids have it, the more the fewer labs have it. It
    learns tens of thousands of plasmids in a minute, new labs without starting again, and depends neither
    on the strand nor on where a plasmid was cut open: the baseline that any other ranker must beat, and
    hard to beat where the plasmids to be ranked are relatives of known ones. It
    sees only exact copies of `k` letters, so a lab's habits that show in shorter words escape it.

    Parameters
    ----------
    k : int, default=21
        Letters in a k-mer, at most 31. Shorter ones occur by chance, longer ones break at
        every mutation.
    fraction : float, default=0.125
        The share of the k-mers that is looked at, in (0, 1]; time and memory are proportional to it.
        Raise it for sequences of a few hundred letters.
    topology : {"circular", "linear"}, default="circular"
        Whether the k-mers over the end of a sequence count.
    n_metadata : int, default=0
        How many columns of X, the last ones, are binary metadata. X is then a table whose first column is
        the sequence.
    metadata_weight : float, default=0.25
        The weight of the metadata's log-likelihood against the logarithm of the vote. Below 1, since
        the properties are not independent of one another.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted.
    lab_counts_ : ndarray of shape (n_labs,)
        How many sequences of each lab were learnt.
    n_features_in_ : int
        The number of columns seen in `fit`; only with metadata.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X was a table with names; only with metadata.

    See Also
    --------
    TripletLabRanker : Learns an embedding of plasmids and labs.
    skseed.preprocessing.MinimizerVectorizer : Another sketch, as a transformer.

    Notes
    -----
    A k-mer and its reverse complement count as one. Those with a small hash are kept (FracMinHash [1]_),
    each once a sequence; one with an ambiguous letter is not counted, so a sequence shorter than `k` has
    no say. With c(l, m) the sequences of lab l that have k-mer m, and n(m) the labs that do, the vote is

    .. math:: v_l = \\sum_m \\frac{c(l, m)}{\\sum_j c(j, m)} \\log \\frac{1 + L}{1 + n(m)}

    over the k-mers of the query. It is scaled to the sum 1; the score of a lab is the logarithm of its share
    plus 1e-4, plus `metadata_weight` times the log-likelihood of the metadata by naive Bayes. Weighing
    fragments down by the number of labs that share them is the idea of [2]_, which aligns where this counts.

    `predict_proba` is the softmax of the scores: without metadata the share of the vote itself. It is
    not calibrated. A sequence without a known k-mer has equal scores for all labs.

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
        **PlasmidRanker._parameter_constraints,
        "metadata_weight": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        k: int = 21,
        *,
        fraction: float = 0.125,
        topology: str = "circular",
        n_metadata: int = 0,
        metadata_weight: float = 0.25,
    ) -> None:
        self.k = k
        self.fraction = fraction
        self.topology = topology
        self.n_metadata = n_metadata
        self.metadata_weight = metadata_weight

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> Self:
        """Count the k-mers and the metadata of every lab.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            DNA sequences, with metadata in further columns.
        y : array-like of shape (n_samples,)
            The lab of each; one sequence a lab is enough.

        Returns
        -------
        self : KmerLabRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If a letter is foreign to DNA, metadata is neither 0 nor 1 (the message names the place), or
            `y` holds a single lab.
        """
        sequences, metadata = self._read(X, reset=True)
        classes, targets = self._first_labs(y, sequences)
        kmers, properties = self._count(sequences, metadata, targets, len(classes))
        self._learn(classes, kmers, properties)
        return self

    def enroll(self, X: Any, y: Any) -> Self:
        """Learn further sequences, of known labs or of new ones.

        The ranker is then the same, to the last bit, as one fitted on all sequences at once.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            As in `fit`.
        y : array-like of shape (n_samples,)
            The lab of each.

        Returns
        -------
        self : KmerLabRanker
            The ranker, `classes_` with the new labs in their places.

        Raises
        ------
        ValueError
            If X is not as in `fit`, or `y` holds names where `classes_` holds numbers or the reverse.
        """
        check_is_fitted(self)
        sequences, metadata = self._read(X, reset=False)
        classes, targets, places = self._further_labs(y, sequences)
        kmers, properties = self._count(sequences, metadata, targets, len(classes))
        self._learn(
            classes,
            merge_counts(spread_labs(self._kmers, places, len(classes)), kmers),
            add_metadata(spread_metadata(self._properties, places, len(classes)), properties),
        )
        return self

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        sequences, metadata = self._read(X, reset=False)
        sketches = self._sketch(sequences)
        kmers = known_kmers(sketches, self._kmers.hashes)
        scores = np.empty((len(sequences), len(self.classes_)))
        for start in range(0, len(sequences), _PREDICTION_ROWS):
            rows = slice(start, start + _PREDICTION_ROWS)
            votes = (kmers[rows] @ self._votes).toarray()
            total = votes.sum(axis=1, keepdims=True)
            scores[rows] = np.log(np.divide(votes, total, out=votes, where=total > 0) + _LEAST_SHARE)
        if self.n_metadata:
            scores += self.metadata_weight * metadata_log_likelihood(metadata, self._properties)
        return scores

    def _count(
        self,
        sequences: npt.NDArray[np.object_],
        metadata: npt.NDArray[np.float64],
        targets: npt.NDArray[np.intp],
        n_labs: int,
    ) -> tuple[KmerCounts, MetadataCounts]:
        return (
            count_kmers(self._sketch(sequences), targets, n_labs),
            count_metadata(metadata, targets, n_labs),
        )

    def _learn(self, classes: npt.NDArray[Any], kmers: KmerCounts, properties: MetadataCounts) -> None:
        self._kmers = kmers
        self._properties = properties
        self._votes: sparse.csr_matrix = vote_weights(kmers.table)
        self.lab_counts_ = properties.sequences
        self.classes_ = classes
