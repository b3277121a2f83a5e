"""Features of a query and a lab for the conditional logit: votes, nearest sequence, length, metadata."""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.ndimage import gaussian_filter1d

from skseed.ranking._color_classes import ColorClasses
from skseed.ranking._kmer_library import KmerLibrary, KmerProfiles, vote_weights
from skseed.ranking._metadata_likelihood import metadata_log_likelihood

Floats = npt.NDArray[np.float32]

# upper bounds on the number of labs with a k-mer, and the names of the ranges between them
_MAX_LABS = (1, 4, 18, 100)
_LAB_RANGES = ("1 lab", "2-4 labs", "5-18 labs", "19-100 labs", "over 100 labs")
# a color class with n of the query's k-mers has the weight n to this power
_GROUP_VOTES = {"group vote": 1.0, "group vote, root of class size": 0.5, "group vote, one per class": 0.0}
# number of k-mers a sequence that suffices to find the nearest sequence
_NEAREST_KMERS = 192
_LENGTH_STEP = 0.02
_LENGTH_BINS = 920
_LENGTH_WIDTH = 0.05
_PRIOR_SEQUENCES = 5.0
# similarity of metadata is exp(-number of differing properties)
_MIN_SIMILARITY = 1e-2
_BLOCK_ROWS = 64

_SHARES = (
    "lab vote",
    *_GROUP_VOTES,
    *(f"k-mers in {labs}" for labs in _LAB_RANGES),
    "nearest, cosine",
    "nearest, containment",
    "nearest, Jaccard",
)
LAB_VOTE = "lab vote, log"
_LAB_FEATURES = ("groups, log", "length")
_METADATA_FEATURES = ("metadata, naive Bayes", "metadata, similar sequences")
# columns that do not depend on the k-mers of the query
LAB_COLUMNS = slice(3 * len(_SHARES), 3 * len(_SHARES) + len(_LAB_FEATURES))


def feature_names(n_metadata: int) -> list[str]:
    """Return the name of each feature."""
    names = [f"{share}{form}" for share in _SHARES for form in ("", ", log", ", relative")]
    return [*names, *_LAB_FEATURES, *(_METADATA_FEATURES if n_metadata else ())]


class LabFeatures:
    """Compute the features of queries and labs from a library of known sequences.

    Parameters
    ----------
    library : KmerLibrary
        One row for each known sequence. Some of its labs may have no row. Sequences of one group, such as
        a publication, count once in the group votes.
    color_classes : ColorClasses
        The color classes of the library.
    """

    def __init__(self, library: KmerLibrary, color_classes: ColorClasses) -> None:
        n_labs, labs = library.n_labs, library.labs
        class_counts = color_classes.counts
        self.n_labs = n_labs
        self._color_classes = color_classes
        self._class_labs = _replace(class_counts, np.ones(class_counts.nnz, np.float32))
        self._lab_votes = vote_weights(self._class_labs).astype(np.float32)
        self._group_votes = vote_weights(class_counts).astype(np.float32)
        self._lab_range = np.searchsorted(_MAX_LABS, np.diff(class_counts.indptr))
        self._fit_nearest(library)
        self._length_odds = _length_log_odds(library.profiles.lengths, labs, n_labs)
        self._lab_counts = library.lab_counts
        self._lab_metadata = library.lab_metadata
        self._metadata_rows, row_of = np.unique(library.profiles.metadata, axis=0, return_inverse=True)
        self._metadata_counts = np.zeros((n_labs, len(self._metadata_rows)))
        # the inverse has a second axis in numpy 2.0 only
        np.add.at(self._metadata_counts, (labs, row_of.ravel()), 1)

    def features(self, queries: KmerProfiles) -> Floats:
        """Return the features, shape (n_queries, n_labs, n_features); see `query_blocks` for the memory."""
        classes = self._color_classes.count(queries.kmers)
        shares = [
            *self._vote_shares(classes),
            *self._kmer_shares(classes, queries.sketch_sizes),
            *self._nearest(queries),
        ]
        columns = []
        for share in shares:
            best = share.max(axis=1, keepdims=True)
            columns += [share, np.log(share + np.float32(1e-3)), share / np.maximum(best, np.float32(1e-9))]
        shape = columns[0].shape
        columns.append(np.broadcast_to(np.log1p(self._color_classes.lab_groups), shape))
        columns.append(self._length_odds.T[_length_bins(queries.lengths)])
        if queries.metadata.shape[1]:
            likelihood = metadata_log_likelihood(queries.metadata, self._lab_counts, self._lab_metadata)
            columns += [_below_best(likelihood), _below_best(self._similar_metadata(queries.metadata))]
        return np.stack(columns, axis=2, dtype=np.float32, casting="same_kind")

    def _fit_nearest(self, library: KmerLibrary) -> None:
        kmers, labs = library.profiles.kmers, library.labs
        n_sequences, n_kmers = kmers.shape
        # columns ascend by hash, so the first ones are a random sample
        share = min(1.0, _NEAREST_KMERS / max(library.profiles.sketch_sizes.mean(), 1))
        self._n_sampled = int(np.ceil(share * n_kmers))
        order = np.argsort(labs, kind="stable")
        sample = kmers[order][:, : self._n_sampled]
        sequences_with = np.bincount(sample.indices, minlength=self._n_sampled)
        self._rarity = np.log1p(n_sequences / np.maximum(sequences_with, 1)).astype(np.float32)
        sample.data = self._rarity[sample.indices]
        self._weights = np.asarray(sample.sum(axis=1)).ravel()
        self._sequences_by_kmer = sample.T.tocsr()
        self._first_of_lab = np.flatnonzero(np.diff(labs[order], prepend=-1))
        self._labs_with_rows = labs[order][self._first_of_lab]

    def _vote_shares(self, classes: sparse.csr_matrix) -> list[Floats]:
        """Return the share of each lab in the vote per lab and in the three votes per group."""
        by_group = [
            _replace(classes, classes.data**power) @ self._group_votes for power in _GROUP_VOTES.values()
        ]
        return [_shares(votes) for votes in (classes @ self._lab_votes, *by_group)]

    def _kmer_shares(self, classes: sparse.csr_matrix, sketch_sizes: npt.NDArray[np.int64]) -> list[Floats]:
        """Return the share of the query's k-mers that each lab has, by the number of labs with the k-mer."""
        sizes = np.maximum(sketch_sizes, 1)[:, None].astype(np.float32)
        ranges = self._lab_range[classes.indices]
        return [
            (_replace(classes, classes.data * (ranges == number)) @ self._class_labs).toarray() / sizes
            for number in range(len(_LAB_RANGES))
        ]

    def _nearest(self, queries: KmerProfiles) -> list[Floats]:
        """Return the cosine, containment and Jaccard index of the nearest sequence of each lab."""
        sample = queries.kmers[:, : self._n_sampled]
        shared = (sample @ self._sequences_by_kmer).toarray()
        own = (sample @ self._rarity)[:, None]
        results = []
        for norm in (np.sqrt(own * self._weights), own, own + self._weights - shared):
            similarity = shared / np.maximum(norm, np.float32(1e-9))
            result = np.zeros((len(similarity), self.n_labs), dtype=np.float32)
            result[:, self._labs_with_rows] = np.maximum.reduceat(similarity, self._first_of_lab, axis=1)
            results.append(result)
        return results

    def _similar_metadata(self, metadata: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the logarithm of the share of each lab's sequences with metadata similar to a query's."""
        rows = self._metadata_rows
        n_differing = metadata @ (1 - rows).T + (1 - metadata) @ rows.T
        similar = np.einsum("qk,lk->ql", np.exp(-n_differing), self._metadata_counts)
        return np.log((similar + _MIN_SIMILARITY) / (self._lab_counts + 2))


def query_blocks(n_rows: int) -> list[slice]:
    """Return slices of queries whose features fit in memory."""
    return [slice(start, start + _BLOCK_ROWS) for start in range(0, n_rows, _BLOCK_ROWS)]


def _replace(matrix: sparse.csr_matrix, data: npt.NDArray[np.floating]) -> sparse.csr_matrix:
    """Return a matrix with the same positions and other entries."""
    return sparse.csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _shares(votes: sparse.csr_matrix) -> Floats:
    dense = votes.toarray()
    total = dense.sum(axis=1, keepdims=True)
    return np.divide(dense, total, out=np.zeros_like(dense), where=total > 0)


def _below_best(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values - values.max(axis=1, keepdims=True)


def _length_bins(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.minimum(np.log1p(lengths) / _LENGTH_STEP, _LENGTH_BINS - 1).astype(np.int64)


def _length_log_odds(
    lengths: npt.NDArray[np.int64], labs: npt.NDArray[np.integer], n_labs: int
) -> npt.NDArray[np.float32]:
    """Return the log-ratio of the density of each length bin for a lab and for all labs."""
    counts = np.zeros((n_labs, _LENGTH_BINS))
    np.add.at(counts, (labs, _length_bins(lengths)), 1)
    counts = gaussian_filter1d(counts, _LENGTH_WIDTH / _LENGTH_STEP, axis=1, mode="constant")
    overall = counts.sum(axis=0) / len(lengths) + 1e-9
    n_sequences = np.bincount(labs, minlength=n_labs)[:, None]
    odds = (counts / overall + _PRIOR_SEQUENCES) / (n_sequences + _PRIOR_SEQUENCES)
    return np.log(odds).astype(np.float32)
