"""The stretches of a query that labs and their plasmids share."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from skseed._kmers import sketch_positions
from skseed._sequences import Sequences
from skseed.ranking._kmer_library import KmerLibrary

Ints = npt.NDArray[np.integer]
_DTYPES = {
    "start": "int64",
    "end": "int64",
    "n_kmers": "int64",
    "n_labs": "int64",
    "plasmid": "int64",
    "share": "float64",
}


@dataclass(frozen=True)
class SharedKmers:
    """The k-mers of a query with their positions, and the rows of a library that have them.

    `starts`, ascending, is the position of each kept k-mer; ``rows_with[i]`` of `table`, shape (n_rows,
    n_positions), is 1 if the row of the library has the k-mer at position i; ``n_labs[i]`` is the number of
    labs with it.
    """

    length: int
    circular: bool
    k: int
    starts: Ints
    table: sparse.csr_matrix
    labs: Ints
    n_labs: Ints

    @classmethod
    def from_library(
        cls, query: Sequences, library: KmerLibrary, *, k: int, fraction: float
    ) -> "SharedKmers":
        starts, hashes = sketch_positions(query, k=k, fraction=fraction)
        columns = np.searchsorted(library.hashes, hashes).clip(max=len(library.hashes) - 1)
        known = library.hashes[columns] == hashes
        shared = np.unique(columns[known])
        table = library.profiles.kmers.tocsc()[:, shared].tocsr()
        # one column for each position; an unknown k-mer has an empty one
        places = np.searchsorted(shared, columns).clip(max=max(len(shared) - 1, 0))
        positions = np.arange(len(starts))[known]
        ones = np.ones(len(positions), dtype=np.float32)
        spread = sparse.csr_matrix((ones, (places[known], positions)), shape=(len(shared), len(starts)))
        table = (table @ spread).tocsr()
        table.data = np.minimum(table.data, 1)
        members = sparse.csr_matrix(
            (np.ones(len(library.labs), np.float32), (library.labs, np.arange(len(library.labs)))),
            shape=(library.n_labs, len(library.labs)),
        )
        n_labs = np.diff((members @ table).tocsc().indptr)
        return cls(
            int(query.lengths[0]),
            query.topology == "circular",
            k,
            starts,
            table,
            library.labs,
            n_labs,
        )

    def stretches(self, lab: int, *, by_row: bool) -> pd.DataFrame:
        """Return the runs of k-mers that a lab has, as a row for each.

        With `by_row`, `plasmid` is the row of the library with the most k-mers of the stretch, the first one
        among equals, and `share` the share of them; without it, they are -1 and NaN.
        """
        rows = np.flatnonzero(self.labs == lab)
        own = self.table[rows]
        has = np.bincount(own.indices, minlength=len(self.starts)) > 0
        records = []
        for run in _runs(has, circular=self.circular):
            counts = np.asarray(own[:, run].sum(axis=1)).ravel()
            best = int(counts.argmax())
            start = int(self.starts[run[0]])
            n_bases = (int(self.starts[run[-1]]) - start) % self.length + self.k
            records.append(
                {
                    "start": start,
                    # the end equals the start if the stretch is the whole circle
                    "end": start if n_bases > self.length else (start + n_bases - 1) % self.length + 1,
                    "n_kmers": len(run),
                    "n_labs": int(self.n_labs[run].min()),
                    "plasmid": int(rows[best]) if by_row else -1,
                    "share": float(counts[best] / len(run)) if by_row else np.nan,
                }
            )
        # an empty table has the same types
        return pd.DataFrame(records, columns=list(_DTYPES)).astype(_DTYPES)


def _runs(has: npt.NDArray[np.bool_], *, circular: bool) -> list[Ints]:
    """Return the maximal runs of True as arrays of indices; a circular run may continue at the start."""
    indices = np.flatnonzero(has)
    if not len(indices):
        return []
    runs: list[Ints] = list(np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1))
    if circular and len(runs) > 1 and has[0] and has[-1]:
        return [*runs[1:-1], np.concatenate([runs[-1], runs[0]])]
    return runs
