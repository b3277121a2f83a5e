"""A trained network on color classes as plain arrays, and the rows that it reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import log_softmax

from skseed._kmers import Hashes, Sketches
from skseed.ranking._color_classes import ColorClasses, merge_entries
from skseed.ranking._kmer_library import KmerLibrary, KmerProfiles

Floats = npt.NDArray[np.float32]

_LENGTH_STEP = 0.1
_LENGTH_BINS = 128


@dataclass(frozen=True)
class ClassColumns:
    """The columns of a sparse row: color classes, then metadata, then length bins.

    `hashes` holds the k-mers of the color classes, ascending, and `columns` the column of each.
    """

    hashes: Hashes
    columns: npt.NDArray[np.int32]
    n_classes: int
    n_metadata: int

    @classmethod
    def from_library(cls, library: KmerLibrary, color_classes: ColorClasses) -> "ClassColumns":
        """Return the columns of the color classes of a library."""
        columns = color_classes.class_of_kmer.astype(np.int32)
        return cls(library.hashes, columns, color_classes.n_classes, library.profiles.metadata.shape[1])

    @property
    def n_columns(self) -> int:
        return self.n_classes + self.n_metadata + _LENGTH_BINS

    def columns_of(self, hashes: Hashes) -> npt.NDArray[np.int32]:
        """Return the column of each k-mer, -1 for a k-mer of no column."""
        if not len(self.hashes):
            return np.full(len(hashes), -1, dtype=np.int32)
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[places] == hashes, self.columns[places], np.int32(-1))

    def rows(self, profiles: KmerProfiles, column_of_kmer: npt.NDArray[np.int32]) -> sparse.csr_matrix:
        """Return the sparse rows of profiles.

        `column_of_kmer` is the result of `columns_of` for the k-mers of the profiles.
        """
        return self._rows(profiles, column_of_kmer[profiles.kmers.indices])

    def training_rows(self, library: KmerLibrary, color_classes: ColorClasses) -> sparse.csr_matrix:
        """Return the sparse row of each sequence of the library, computed as if its group were unknown.

        Otherwise the color classes of a training sequence would reveal its lab.
        """
        return self._rows(library.profiles, color_classes.without_own_group(library))

    def _rows(self, profiles: KmerProfiles, columns: npt.NDArray[np.integer]) -> sparse.csr_matrix:
        """Return the sparse rows of profiles, scaled to length 1, from the column of each k-mer entry.

        An entry of a color class is the logarithm of 1 plus the number of its k-mers.
        """
        counts = merge_entries(profiles.kmers, columns, self.n_classes)
        counts.data = np.log1p(counts.data)
        bins = np.minimum(np.log1p(profiles.lengths) / _LENGTH_STEP, _LENGTH_BINS - 1).astype(np.int64)
        n_rows = len(bins)
        lengths = sparse.csr_matrix((np.ones(n_rows), bins, np.arange(n_rows + 1)), (n_rows, _LENGTH_BINS))
        metadata = sparse.csr_matrix(profiles.metadata)
        table = sparse.hstack([counts, metadata, lengths], format="csr", dtype=np.float32)
        # the bin of the length makes every row nonzero
        norms = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
        table.data /= np.repeat(norms, np.diff(table.indptr))
        return table

    def sketch_rows(
        self, sketches: Sketches, lengths: npt.NDArray[np.int64], metadata: npt.NDArray[np.float64]
    ) -> tuple[sparse.csr_matrix, npt.NDArray[np.bool_]]:
        """Return the sparse rows of sequences, and whether a sequence has a k-mer of a column."""
        ones = np.ones(len(sketches.hashes), dtype=np.float32)
        each = np.arange(len(sketches.hashes))
        kmers = sparse.csr_matrix((ones, each, sketches.indptr), (len(sketches), len(each)))
        columns = self.columns_of(sketches.hashes)
        n_known = np.concatenate([[0], np.cumsum(columns >= 0)])
        is_known = np.diff(n_known[sketches.indptr]) > 0
        return self.rows(KmerProfiles(kmers, sketches.sizes, lengths, metadata), columns), is_known


@dataclass(frozen=True)
class ClassNetwork:
    """The weights of a :class:`~skseed.nn.SparseSoftmaxNetwork`, without torch."""

    columns: ClassColumns
    vectors: Floats
    bias: Floats
    head_weights: Floats
    head_bias: Floats

    @classmethod
    def from_module(cls, columns: ClassColumns, module: Any) -> "ClassNetwork":
        weights = (module.columns[1:], module.bias, module.head.weight, module.head.bias)
        return cls(columns, *(weight.detach().cpu().numpy().copy() for weight in weights))

    def select(self, outputs: npt.NDArray[np.integer]) -> "ClassNetwork":
        """Return the network with some of its outputs."""
        head_weights, head_bias = self.head_weights[outputs], self.head_bias[outputs]
        return ClassNetwork(self.columns, self.vectors, self.bias, head_weights, head_bias)

    def log_probabilities(self, rows: sparse.csr_matrix) -> npt.NDArray[np.float64]:
        """Return the log-probability of each lab for each sparse row, shape (n_rows, n_labs)."""
        hidden = np.maximum(rows @ self.vectors + self.bias, 0).astype(np.float32)
        # einsum, since the rounding of a matrix product may depend on the number of threads
        logits = np.einsum("qh,lh->ql", hidden, self.head_weights) + self.head_bias
        return log_softmax(logits.astype(np.float64), axis=1)
