"""Color classes: k-mers of exactly the same labs, which are copied together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skseed.ranking._kmer_library import KmerLibrary, sum_rows


@dataclass(frozen=True)
class ColorClasses:
    """The color class of each k-mer of a library, and the groups of each lab that have the class.

    `class_of_kmer` and `groups_of_kmer`, the number of groups with the k-mer, have an item for each k-mer of
    the library. `counts`, shape (n_classes, n_labs), is the mean number of groups of the lab with a k-mer of
    the class. ``lab_groups[i]`` is the number of groups of lab i.
    """

    class_of_kmer: npt.NDArray[np.intp]
    groups_of_kmer: npt.NDArray[np.float32]
    counts: sparse.csr_matrix
    lab_groups: npt.NDArray[np.int64]

    @classmethod
    def from_library(cls, library: KmerLibrary) -> "ColorClasses":
        by_group, lab_of_group = _pool_groups(library)
        counts = sum_rows(by_group, lab_of_group, library.n_labs).T.tocsr()
        lab_groups = np.bincount(lab_of_group, minlength=library.n_labs)
        class_of_kmer, class_counts = _pool_color_classes(counts)
        return cls(class_of_kmer, np.asarray(counts.sum(axis=1)).ravel(), class_counts, lab_groups)

    @property
    def n_classes(self) -> int:
        return self.counts.shape[0]

    def count(self, kmers: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return the number of k-mers of each color class in each row of k-mers of the library."""
        return merge_columns(kmers, self.class_of_kmer, self.n_classes)


def merge_columns(
    table: sparse.csr_matrix, new_columns: npt.NDArray[np.integer], n_columns: int
) -> sparse.csr_matrix:
    """Return a table in which old columns with the same new column are added; -1 leaves a column out."""
    columns = new_columns[table.indices]
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


def _pool_color_classes(counts: sparse.csr_matrix) -> tuple[npt.NDArray[np.intp], sparse.csr_matrix]:
    """Return the color class of each k-mer, and the mean of the counts of the k-mers of each class.

    A million k-mers make some ten thousand classes.
    """
    # the sum of 64 random bits a lab identifies a set of labs; a collision is practically impossible
    bits = np.random.default_rng(0).integers(2**64, size=counts.shape[1], dtype=np.uint64)
    sums = np.zeros(counts.nnz + 1, dtype=np.uint64)
    np.cumsum(bits[counts.indices], out=sums[1:])
    sums = sums[counts.indptr[1:]] - sums[counts.indptr[:-1]]
    _, class_of, sizes = np.unique(sums, return_inverse=True, return_counts=True)
    class_of = class_of.ravel()
    members = sparse.csr_matrix(
        (1 / sizes[class_of], (class_of, np.arange(len(class_of)))), shape=(len(sizes), len(class_of))
    )
    return class_of, (members @ counts).tocsr()
