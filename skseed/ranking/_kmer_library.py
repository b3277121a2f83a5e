"""K-mers, lengths and metadata of the known sequences, by lab and by group."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from skseed._kmers import Hashes, Sketches


@dataclass(frozen=True)
class KmerProfiles:
    """K-mers, lengths and metadata of sequences, one row a sequence or a set of sequences.

    Every column is a sum over the sequences of the row: `kmers`, shape (n_rows, n_kmers), counts the
    sequences with each k-mer of a library; `sketch_sizes` counts all their k-mers, also those that are not
    in the library; `lengths` counts letters and `metadata`, shape (n_rows, n_metadata), sequences with
    each property.
    """

    kmers: sparse.csr_matrix
    sketch_sizes: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    metadata: npt.NDArray[np.float64]

    def __getitem__(self, rows: slice | npt.NDArray[np.integer]) -> "KmerProfiles":
        return KmerProfiles(
            self.kmers[rows], self.sketch_sizes[rows], self.lengths[rows], self.metadata[rows]
        )


@dataclass(frozen=True)
class KmerLibrary:
    """Profiles of known sequences, and the lab and the group of each row.

    `classes` holds the labs, sorted, and `hashes` the k-mers of the columns, ascending. ``labs[i]`` is the
    index in `classes` of row i, ``groups[i]`` the number of its group, ``n_sequences[i]`` the number of
    sequences in it.
    """

    classes: npt.NDArray[Any]
    hashes: Hashes
    profiles: KmerProfiles
    labs: npt.NDArray[np.intp]
    groups: npt.NDArray[np.intp]
    n_sequences: npt.NDArray[np.int64]

    @classmethod
    def from_sketches(
        cls,
        sketches: Sketches,
        lengths: npt.NDArray[np.int64],
        metadata: npt.NDArray[np.float64],
        y: npt.NDArray[Any],
        groups: npt.NDArray[np.intp],
    ) -> "KmerLibrary":
        """Return the library of sequences given by their sketches."""
        classes, labs = np.unique(y, return_inverse=True)
        hashes, kmers = index_kmers(sketches)
        profiles = KmerProfiles(kmers, sketches.sizes, lengths, metadata)
        return cls(classes, hashes, profiles, labs, groups, np.ones(len(labs), dtype=np.int64))

    @property
    def n_labs(self) -> int:
        return len(self.classes)

    @property
    def lab_counts(self) -> npt.NDArray[np.int64]:
        """The number of sequences of each lab."""
        return _sum_by(self.labs, self.n_sequences, self.n_labs)

    @property
    def lab_metadata(self) -> npt.NDArray[np.int64]:
        """The number of sequences of each lab with each property, shape (n_labs, n_metadata)."""
        return _sum_by(self.labs, self.profiles.metadata.astype(np.int64), self.n_labs)

    def take(self, rows: npt.NDArray[np.integer]) -> "KmerLibrary":
        """Return the library of some of the rows, with the same labs and k-mers."""
        return KmerLibrary(
            self.classes,
            self.hashes,
            self.profiles[rows],
            self.labs[rows],
            self.groups[rows],
            self.n_sequences[rows],
        )

    def enroll(self, new: "KmerLibrary") -> "KmerLibrary":
        """Return the library with the rows of another one after its own.

        A group of the new rows is never the same as a group of the known rows.
        """
        classes = np.union1d(self.classes, new.classes)
        hashes = np.union1d(self.hashes, new.hashes)
        both = (self, new)
        return KmerLibrary(
            classes,
            hashes,
            KmerProfiles(
                sparse.vstack([library._kmers_of(hashes) for library in both], format="csr"),
                np.concatenate([library.profiles.sketch_sizes for library in both]),
                np.concatenate([library.profiles.lengths for library in both]),
                np.concatenate([library.profiles.metadata for library in both]),
            ),
            np.concatenate([np.searchsorted(classes, library.classes)[library.labs] for library in both]),
            np.concatenate([self.groups, new.groups + self.groups.max() + 1]),
            np.concatenate([library.n_sequences for library in both]),
        )

    def pool_labs(self) -> "KmerLibrary":
        """Return the library with one row a lab, the sum of the rows of the lab, which is also its group."""
        n_labs, profiles = self.n_labs, self.profiles
        each = np.arange(n_labs)
        return KmerLibrary(
            self.classes,
            self.hashes,
            KmerProfiles(
                sum_rows(profiles.kmers, self.labs, n_labs),
                _sum_by(self.labs, profiles.sketch_sizes, n_labs),
                _sum_by(self.labs, profiles.lengths, n_labs),
                _sum_by(self.labs, profiles.metadata, n_labs),
            ),
            each,
            each,
            self.lab_counts,
        )

    def profile(
        self,
        sketches: Sketches,
        lengths: npt.NDArray[np.int64],
        metadata: npt.NDArray[np.float64],
    ) -> KmerProfiles:
        """Return the profiles of other sequences on the k-mers of the library."""
        columns = np.searchsorted(self.hashes, sketches.hashes)
        known = columns < len(self.hashes)
        known[known] = self.hashes[columns[known]] == sketches.hashes[known]
        n_before = np.concatenate([[0], np.cumsum(known)])
        columns = columns[known]
        kmers = sparse.csr_matrix(
            (np.ones(len(columns), dtype=np.float32), columns, n_before[sketches.indptr]),
            shape=(len(sketches), len(self.hashes)),
        )
        return KmerProfiles(kmers, sketches.sizes, lengths, metadata)

    def _kmers_of(self, hashes: Hashes) -> sparse.csr_matrix:
        """Return the k-mer counts with a column for each of `hashes`, which include those of the library."""
        kmers = self.profiles.kmers
        columns = np.searchsorted(hashes, self.hashes).astype(np.int32)[kmers.indices]
        return sparse.csr_matrix((kmers.data, columns, kmers.indptr), shape=(kmers.shape[0], len(hashes)))


def index_kmers(sketches: Sketches) -> tuple[Hashes, sparse.csr_matrix]:
    """Return the distinct k-mers, ascending, and a row for each sketch: 1 for each of its k-mers."""
    # a hash table takes a third of the time of sorting
    columns, distinct = pd.factorize(sketches.hashes)
    order = np.argsort(distinct)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    ones = np.ones(len(columns), dtype=np.float32)
    shape = (len(sketches), len(order))
    return distinct[order], sparse.csr_matrix((ones, rank[columns], sketches.indptr), shape=shape)


def sum_rows(table: sparse.csr_matrix, labels: npt.NDArray[np.integer], n_labels: int) -> sparse.csr_matrix:
    """Return the sum of the rows of each label; float32 counts are exact up to 2**24."""
    n_rows = len(labels)
    ones = np.ones(n_rows, dtype=np.float32)
    members = sparse.csr_matrix((ones, (labels, np.arange(n_rows))), shape=(n_labels, n_rows))
    return (members @ table).tocsr()


def vote_weights(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the vote of each k-mer for each lab, from counts of the same shape (n_kmers, n_labs).

    The vote is the lab's share of the count times the rarity, ``log((1 + n_labs) / (1 + n))`` for a k-mer
    of n labs.
    """
    n_kmers, n_labs = counts.shape
    labs_of_kmer = np.diff(counts.indptr)
    totals = np.asarray(counts.sum(axis=1)).ravel()
    weight = np.log((1 + n_labs) / (1 + labs_of_kmer)) / np.maximum(totals, 1)
    votes = counts.data * np.repeat(weight, labs_of_kmer)
    return sparse.csr_matrix((votes, counts.indices, counts.indptr), shape=(n_kmers, n_labs))


def _sum_by(labels: npt.NDArray[np.integer], values: npt.NDArray[Any], n_labels: int) -> npt.NDArray[Any]:
    """Return the sum of the values, or of their rows, of each label."""
    sums = np.zeros((n_labels, *values.shape[1:]), dtype=values.dtype)
    np.add.at(sums, labels, values)
    return sums
