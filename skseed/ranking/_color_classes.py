"""Color classes: k-mers of exactly the same labs, which are copied together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skseed.ranking._kmer_library import KmerLibrary, sum_rows


@dataclass(frozen=True)
class ColorClasses:
    """The color class of each k-mer of a library, and the groups of each lab that have the class.

    `class_of_kmer` has an item for each k-mer of the library. `keys`, ascending, identifies the set of labs
    of each class. `counts`, shape (n_classes, n_labs), is the mean number of groups of the lab with a k-mer
    of the class. ``lab_groups[i]`` is the number of groups of lab i.
    """

    class_of_kmer: npt.NDArray[np.intp]
    keys: npt.NDArray[np.uint64]
    counts: sparse.csr_matrix
    lab_groups: npt.NDArray[np.int64]

    @classmethod
    def from_library(cls, library: KmerLibrary) -> "ColorClasses":
        by_group, lab_of_group = _pool_groups(library)
        counts = sum_rows(by_group, lab_of_group, library.n_labs).T.tocsr()
        lab_groups = np.bincount(lab_of_group, minlength=library.n_labs)
        class_of_kmer, keys, class_counts = _pool_color_classes(counts)
        return cls(class_of_kmer, keys, class_counts, lab_groups)

    @property
    def n_classes(self) -> int:
        return self.counts.shape[0]

    def count(self, kmers: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return the number of k-mers of each color class in each row of k-mers of the library."""
        return merge_entries(kmers, self.class_of_kmer[kmers.indices], self.n_classes)

    def without_own_group(self, library: KmerLibrary) -> npt.NDArray[np.intp]:
        """Return the color class of each k-mer of each row of the library, without the group of the row.

        If no other group of the row's lab has the k-mer, the class is that of the other labs. If no k-mer has
        exactly the other labs, it is the class in the whole library. It is -1 if no other group has the
        k-mer.
        """
        kmers, n_labs = library.profiles.kmers, library.n_labs
        by_group, lab_of_group = _pool_groups(library)
        groups_of_kmer = np.bincount(by_group.indices, minlength=kmers.shape[1])
        counts = sum_rows(by_group, lab_of_group, n_labs)
        is_single = np.zeros(kmers.shape[1], dtype=bool)
        only_own = np.zeros(kmers.nnz, dtype=bool)
        order = np.argsort(library.labs, kind="stable")
        bounds = np.searchsorted(library.labs[order], np.arange(n_labs + 1))
        for lab in range(n_labs):
            entries = slice(counts.indptr[lab], counts.indptr[lab + 1])
            single = counts.indices[entries][counts.data[entries] == 1]
            is_single[single] = True
            for row in order[bounds[lab] : bounds[lab + 1]]:
                own = slice(kmers.indptr[row], kmers.indptr[row + 1])
                only_own[own] = is_single[kmers.indices[own]]
            is_single[single] = False
        classes = self.class_of_kmer[kmers.indices]
        changed = np.flatnonzero(only_own)
        labs = np.repeat(library.labs, np.diff(kmers.indptr))[changed]
        pairs, pair_of = np.unique(classes[changed] * n_labs + labs, return_inverse=True)
        old = pairs // n_labs
        keys = self.keys[old] - _lab_keys(n_labs)[pairs % n_labs]
        new = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        classes[changed] = np.where(self.keys[new] == keys, new, old)[pair_of.ravel()]
        classes[groups_of_kmer[kmers.indices] < 2] = -1
        return classes


def merge_entries(
    table: sparse.csr_matrix, columns: npt.NDArray[np.integer], n_columns: int
) -> sparse.csr_matrix:
    """Return a table with a new column for each entry; entries of one column are added, -1 drops an entry."""
    kept = columns >= 0
    n_before = np.concatenate([[0], np.cumsum(kept)])
    merged = sparse.csr_matrix(
        (table.data[kept], columns[kept], n_before[table.indptr]), shape=(table.shape[0], n_columns)
    )
    merged.sum_duplicates()
    return merged


def _pool_groups(library: KmerLibrary) -> tuple[sparse.csr_matrix, npt.NDArray[np.integer]]:
    """Return one row for each group of each lab, 1 for each k-mer in it, and the lab of each row."""
    n_groups = int(library.groups.max(initial=0)) + 1
    keys = library.labs.astype(np.int64) * n_groups + library.groups
    pairs, row_of = np.unique(keys, return_inverse=True)
    pooled = sum_rows(library.profiles.kmers, row_of, len(pairs))
    pooled.data[:] = 1
    return pooled, pairs // n_groups


def _lab_keys(n_labs: int) -> npt.NDArray[np.uint64]:
    """Return 64 random bits for each lab, whose sum identifies a set of labs.

    A collision is practically impossible.
    """
    return np.random.default_rng(0).integers(2**64, size=n_labs, dtype=np.uint64)


def _pool_color_classes(
    counts: sparse.csr_matrix,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint64], sparse.csr_matrix]:
    """Return the color class of each k-mer, and for each class its key and the mean counts of its k-mers.

    A million k-mers make some ten thousand classes.
    """
    bits = _lab_keys(counts.shape[1])
    sums = np.zeros(counts.nnz + 1, dtype=np.uint64)
    np.cumsum(bits[counts.indices], out=sums[1:])
    sums = sums[counts.indptr[1:]] - sums[counts.indptr[:-1]]
    keys, class_of, sizes = np.unique(sums, return_inverse=True, return_counts=True)
    class_of = class_of.ravel()
    members = sparse.csr_matrix(
        (1 / sizes[class_of], (class_of, np.arange(len(class_of)))), shape=(len(sizes), len(class_of))
    )
    return class_of, keys, (members @ counts).tocsr()
