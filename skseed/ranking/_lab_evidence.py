"""Evidence of several kinds, and of little cost each, that a lab made a plasmid.

A library of plasmids is asked about others: which labs have their k-mers, and how rare these are; which
single plasmid is nearest; whose metadata and whose lengths look like theirs. Nothing here is trained.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.ndimage import gaussian_filter1d

from skseed.ranking._kmer_counts import count_by_lab, vote_weights
from skseed.ranking._metadata_counts import count_metadata, metadata_log_likelihood

Floats = npt.NDArray[np.float32]

# a k-mer is of the first kind whose number of labs is not below its own
_MOST_LABS = (1, 4, 18, 100)
_KINDS = ("1 lab", "2-4 labs", "5-18 labs", "19-100 labs", "more labs")
# k-mers a plasmid that are enough to find the nearest one
_NEAREST_KMERS = 192
_LENGTH_STEP = 0.02
_LENGTH_CELLS = 920
_LENGTH_WIDTH = 0.05
_PRIOR_SEQUENCES = 5.0
# each property that differs makes two plasmids e times less alike
_LEAST_ALIKE = 1e-2
_ROWS = 64

_SHARES = (
    "vote by labs",
    "vote by plasmids",
    *_KINDS,
    "nearest, cosine",
    "nearest, part",
    "nearest, Jaccard",
)
PLAIN_VOTE = "vote by labs, log"
_METADATA_NAMES = ("metadata, naive Bayes", "metadata, alike")


def evidence_names(n_metadata: int) -> list[str]:
    """Return what each number of the evidence is."""
    names = [f"{share}{form}" for share in _SHARES for form in ("", ", log", ", to the best")]
    return [*names, "plasmids, log", "length", *(_METADATA_NAMES if n_metadata else ())]


@dataclass(frozen=True)
class Plasmids:
    """Plasmids as the evidence sees them.

    `kmers` has a row for each, 1 for each k-mer of the library in it; `sizes` says how many k-mers
    there are in all. `metadata` has shape (n_plasmids, n_metadata).
    """

    kmers: sparse.csr_matrix
    sizes: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    metadata: npt.NDArray[np.float64]

    def __getitem__(self, rows: slice | npt.NDArray[np.integer]) -> "Plasmids":
        return Plasmids(self.kmers[rows], self.sizes[rows], self.lengths[rows], self.metadata[rows])


class LabEvidence:
    """A library of plasmids that gives evidence about others.

    Parameters
    ----------
    library : Plasmids
        The plasmids that are known.
    targets : ndarray of int of shape (n_plasmids,)
        The lab of each.
    n_labs : int
        How many labs there are; some may have no plasmid in the library.
    """

    def __init__(self, library: Plasmids, targets: npt.NDArray[np.integer], n_labs: int) -> None:
        kmers = library.kmers
        n_plasmids, n_kmers = kmers.shape
        counts = count_by_lab(kmers, targets, n_labs)
        self.n_labs = n_labs
        self._plasmids_of = np.bincount(targets, minlength=n_labs)
        self._labs_of = np.diff(counts.indptr)
        self._has = sparse.csr_matrix(
            (np.ones(counts.nnz, np.float32), counts.indices, counts.indptr), shape=counts.shape
        )
        self._votes = vote_weights(counts).astype(np.float32)
        rare = np.log((1 + n_labs) / (1 + self._labs_of)) / np.maximum(self._labs_of, 1)
        self._vote_of_a_lab = np.where(self._labs_of > 0, rare, 0).astype(np.float32)
        self._kind = np.where(self._labs_of > 0, np.searchsorted(_MOST_LABS, self._labs_of), -1)

        # columns ascend by hash, so the first of them are a random part
        share = min(1.0, _NEAREST_KMERS / max(library.sizes.mean(), 1))
        self._n_nearest = int(np.ceil(share * n_kmers))
        order = np.argsort(targets, kind="stable")
        part = kmers[order][:, : self._n_nearest]
        plasmids_of_kmer = np.bincount(part.indices, minlength=self._n_nearest)
        self._rarity = np.log1p(n_plasmids / np.maximum(plasmids_of_kmer, 1)).astype(np.float32)
        part.data = self._rarity[part.indices]
        self._weights = np.asarray(part.sum(axis=1)).ravel()
        self._plasmids_by_kmer = part.T.tocsr()
        sorted_targets = targets[order]
        self._starts = np.flatnonzero(np.diff(sorted_targets, prepend=-1))
        self._labs_here = sorted_targets[self._starts]

        self._length_odds = _length_odds(library.lengths, targets, n_labs)
        self._metadata = count_metadata(library.metadata, targets, n_labs)
        self._kinds_of_metadata, inverse = np.unique(library.metadata, axis=0, return_inverse=True)
        self._metadata_of_lab = np.zeros((n_labs, len(self._kinds_of_metadata)))
        # numpy 2.0 alone gives the inverse a second axis
        np.add.at(self._metadata_of_lab, (targets, inverse.ravel()), 1)

    def about(self, queries: Plasmids) -> Floats:
        """Return the evidence, of shape (n_queries, n_labs, n_evidence), best asked in small blocks."""
        shares = [*self._vote_shares(queries), *self._kind_shares(queries), *self._nearest(queries)]
        columns = []
        for share in shares:
            best = share.max(axis=1, keepdims=True)
            columns += [share, np.log(share + np.float32(1e-3)), share / np.maximum(best, np.float32(1e-9))]
        shape = columns[0].shape
        columns.append(np.broadcast_to(np.log1p(self._plasmids_of), shape))
        columns.append(self._length_odds.T[_length_cells(queries.lengths)])
        if queries.metadata.shape[1]:
            columns += [
                _below_best(values)
                for values in (
                    metadata_log_likelihood(queries.metadata, self._metadata),
                    self._alike_metadata(queries.metadata),
                )
            ]
        return np.stack(columns, axis=2, dtype=np.float32, casting="same_kind")

    def vote(self, queries: Plasmids) -> Floats:
        """Return the vote in which each lab that has a k-mer counts once, scaled to the sum 1."""
        return _shares(self._asked(queries.kmers, self._vote_of_a_lab) @ self._has)

    def _vote_shares(self, queries: Plasmids) -> list[Floats]:
        return [self.vote(queries), _shares(queries.kmers @ self._votes)]

    def _kind_shares(self, queries: Plasmids) -> list[Floats]:
        """Return which part of the k-mers a lab has, for the k-mers that few, more, or many labs have."""
        size = np.maximum(queries.sizes, 1)[:, None].astype(np.float32)
        return [
            (self._asked(queries.kmers, (self._kind == kind).astype(np.float32)) @ self._has).toarray() / size
            for kind in range(len(_KINDS))
        ]

    @staticmethod
    def _asked(kmers: sparse.csr_matrix, weights: Floats) -> sparse.csr_matrix:
        """Return the rows with the weight of each k-mer in place of 1, without those of weight 0."""
        values = weights[kmers.indices]
        asked = values != 0
        before = np.concatenate([[0], np.cumsum(asked)])
        return sparse.csr_matrix(
            (values[asked], kmers.indices[asked], before[kmers.indptr]), shape=kmers.shape
        )

    def _nearest(self, queries: Plasmids) -> list[Floats]:
        """Return how near the nearest plasmid of each lab is, in three measures."""
        part = queries.kmers[:, : self._n_nearest]
        shared = (part @ self._plasmids_by_kmer).toarray()
        mine = (part @ self._rarity)[:, None]
        measures = (np.sqrt(mine * self._weights), mine, mine + self._weights - shared)
        results = []
        for measure in measures:
            near = shared / np.maximum(measure, np.float32(1e-9))
            result = np.zeros((len(near), self.n_labs), dtype=np.float32)
            result[:, self._labs_here] = np.maximum.reduceat(near, self._starts, axis=1)
            results.append(result)
        return results

    def _alike_metadata(self, metadata: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the logarithm of how many plasmids of each lab have metadata like a query's."""
        kinds = self._kinds_of_metadata
        differing = metadata @ (1 - kinds).T + (1 - metadata) @ kinds.T
        alike = np.einsum("qk,lk->ql", np.exp(-differing), self._metadata_of_lab)
        return np.log((alike + _LEAST_ALIKE) / (self._plasmids_of + 2))


def blocks_of(n_rows: int) -> list[slice]:
    """Return the slices in which evidence is asked for."""
    return [slice(start, start + _ROWS) for start in range(0, n_rows, _ROWS)]


def _shares(votes: sparse.csr_matrix) -> Floats:
    dense = votes.toarray()
    total = dense.sum(axis=1, keepdims=True)
    return np.divide(dense, total, out=np.zeros_like(dense), where=total > 0)


def _below_best(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values - values.max(axis=1, keepdims=True)


def _length_cells(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.minimum(np.log1p(lengths) / _LENGTH_STEP, _LENGTH_CELLS - 1).astype(np.int64)


def _length_odds(
    lengths: npt.NDArray[np.int64], targets: npt.NDArray[np.integer], n_labs: int
) -> npt.NDArray[np.float32]:
    """Return how much likelier each length is for a lab than for all, as a logarithm."""
    counts = np.zeros((n_labs, _LENGTH_CELLS))
    np.add.at(counts, (targets, _length_cells(lengths)), 1)
    counts = gaussian_filter1d(counts, _LENGTH_WIDTH / _LENGTH_STEP, axis=1, mode="constant")
    overall = counts.sum(axis=0) / len(lengths) + 1e-9
    plasmids = np.bincount(targets, minlength=n_labs)[:, None]
    odds = (counts / overall + _PRIOR_SEQUENCES) / (plasmids + _PRIOR_SEQUENCES)
    return np.log(odds).astype(np.float32)
