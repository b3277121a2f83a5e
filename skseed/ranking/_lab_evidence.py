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
# the k-mers of a part vote together, this power of their number counts
_VOTES = {"vote by groups": 1.0, "parts, by root": 0.5, "parts, once": 0.0}
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
    *_VOTES,
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
    return [*names, "groups, log", "length", *(_METADATA_NAMES if n_metadata else ())]


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
    groups : ndarray of int of shape (n_plasmids,)
        The group of each: plasmids of one publication, say, which tell no more of their lab than one does.
    n_labs : int
        How many labs there are; some may have no plasmid in the library.
    """

    def __init__(
        self,
        library: Plasmids,
        targets: npt.NDArray[np.integer],
        groups: npt.NDArray[np.integer],
        n_labs: int,
    ) -> None:
        kmers = library.kmers
        n_plasmids, n_kmers = kmers.shape
        kmers_of_groups, lab_of_group = _merge_groups(kmers, targets, groups)
        self.n_labs = n_labs
        self._groups_of = np.bincount(lab_of_group, minlength=n_labs)
        self._part_of, parts = _join_rows(count_by_lab(kmers_of_groups, lab_of_group, n_labs))
        self._has = _replace(parts, np.ones(parts.nnz, np.float32))
        self._votes_by_labs = vote_weights(self._has).astype(np.float32)
        self._votes_by_groups = vote_weights(parts).astype(np.float32)
        self._kind = np.searchsorted(_MOST_LABS, np.diff(parts.indptr))
        self._plasmids_of = np.bincount(targets, minlength=n_labs)

        # columns ascend by hash, so the first of them are a random sample
        share = min(1.0, _NEAREST_KMERS / max(library.sizes.mean(), 1))
        self._n_nearest = int(np.ceil(share * n_kmers))
        order = np.argsort(targets, kind="stable")
        sample = kmers[order][:, : self._n_nearest]
        plasmids_of_kmer = np.bincount(sample.indices, minlength=self._n_nearest)
        self._rarity = np.log1p(n_plasmids / np.maximum(plasmids_of_kmer, 1)).astype(np.float32)
        sample.data = self._rarity[sample.indices]
        self._weights = np.asarray(sample.sum(axis=1)).ravel()
        self._plasmids_by_kmer = sample.T.tocsr()
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
        parts = self._parts(queries.kmers)
        kinds = self._kind_shares(parts, queries.sizes)
        shares = [*self._vote_shares(parts), *kinds, *self._nearest(queries)]
        columns = []
        for share in shares:
            best = share.max(axis=1, keepdims=True)
            columns += [share, np.log(share + np.float32(1e-3)), share / np.maximum(best, np.float32(1e-9))]
        shape = columns[0].shape
        columns.append(np.broadcast_to(np.log1p(self._groups_of), shape))
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

    def _parts(self, kmers: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return how many k-mers of each part a query has."""
        columns = self._part_of[kmers.indices]
        shape = (kmers.shape[0], len(self._kind))
        # summed in place, which the query must not notice
        parts = sparse.csr_matrix((kmers.data, columns, kmers.indptr), shape=shape, copy=True)
        parts.sum_duplicates()
        return parts

    def _vote_shares(self, parts: sparse.csr_matrix) -> list[Floats]:
        """Return votes in which a lab that has a part counts once, or as often as it has groups with it."""
        by_groups = [_replace(parts, parts.data**power) @ self._votes_by_groups for power in _VOTES.values()]
        return [_shares(votes) for votes in (parts @ self._votes_by_labs, *by_groups)]

    def _kind_shares(self, parts: sparse.csr_matrix, sizes: npt.NDArray[np.int64]) -> list[Floats]:
        """Return which part of the k-mers a lab has, for the k-mers that few, more, or many labs have."""
        size = np.maximum(sizes, 1)[:, None].astype(np.float32)
        kinds = self._kind[parts.indices]
        return [
            (_replace(parts, parts.data * (kinds == kind)) @ self._has).toarray() / size
            for kind in range(len(_KINDS))
        ]

    def _nearest(self, queries: Plasmids) -> list[Floats]:
        """Return how near the nearest plasmid of each lab is, in three measures."""
        sample = queries.kmers[:, : self._n_nearest]
        shared = (sample @ self._plasmids_by_kmer).toarray()
        mine = (sample @ self._rarity)[:, None]
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


def _merge_groups(
    kmers: sparse.csr_matrix, targets: npt.NDArray[np.integer], groups: npt.NDArray[np.integer]
) -> tuple[sparse.csr_matrix, npt.NDArray[np.integer]]:
    """Return a row for each group of each lab, 1 for each k-mer of its plasmids, and the labs of the rows."""
    n_groups = int(groups.max(initial=0)) + 1
    pairs, rows = np.unique(targets.astype(np.int64) * n_groups + groups, return_inverse=True)
    n_plasmids = len(targets)
    members = sparse.csr_matrix(
        (np.ones(n_plasmids, np.float32), (rows, np.arange(n_plasmids))), shape=(len(pairs), n_plasmids)
    )
    merged = (members @ kmers).tocsr()
    merged.data[:] = 1
    return merged, pairs // n_groups


def _join_rows(counts: sparse.csr_matrix) -> tuple[npt.NDArray[np.intp], sparse.csr_matrix]:
    """Return which part each k-mer belongs to, and the mean counts of a part's k-mers.

    K-mers of the same labs are a part: what stands on a plasmid side by side came to these labs together.
    A million k-mers make some ten thousand parts.
    """
    # sums of 64 random bits for each lab: two sets of labs do not meet by chance
    bits = np.random.default_rng(0).integers(2**64, size=counts.shape[1], dtype=np.uint64)
    sums = np.zeros(counts.nnz + 1, dtype=np.uint64)
    np.cumsum(bits[counts.indices], out=sums[1:])
    sums = sums[counts.indptr[1:]] - sums[counts.indptr[:-1]]
    _, part_of, sizes = np.unique(sums, return_inverse=True, return_counts=True)
    part_of = part_of.ravel()
    members = sparse.csr_matrix(
        (1 / sizes[part_of], (part_of, np.arange(len(part_of)))), shape=(len(sizes), len(part_of))
    )
    return part_of, (members @ counts).tocsr()


def _replace(matrix: sparse.csr_matrix, data: npt.NDArray[np.floating]) -> sparse.csr_matrix:
    """Return the matrix with other entries in the same places."""
    return sparse.csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


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
