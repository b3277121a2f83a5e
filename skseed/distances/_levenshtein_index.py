"""Exact nearest neighbors among a fixed collection of sequences."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from time import process_time
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from skseed._limits import check_time
from skseed._parallel import run_blocks
from skseed._progress import show_progress, track
from skseed._sequences import Topology, as_sequences, as_sequences_like
from skseed.alphabets import Alphabet
from skseed.distances._blocks import Cutoff
from skseed.distances._close_pairs import close_pairs, unique_forms
from skseed.distances._components import PairList
from skseed.distances._nearest import Collection, Neighbors, Queries, nearest, nearest_of, within
from skseed.distances._pair_graph import graph_of_pairs

_QUERIES_AT_ONCE = 256


class LevenshteinIndex:
    """A collection of sequences in which the nearest ones to a query are found by their edit distance.

    The results are exact. Use it for repeated searches in one collection;
    :class:`~skseed.neighbors.SequenceNeighbors` wraps it as a scikit-learn estimator.
    `levenshtein_neighbors` finds all close pairs of one collection, and `levenshtein_distances` is faster
    for a few hundred sequences.

    Parameters
    ----------
    X : array-like of str of shape (n_indexed,)
        The sequences to be searched.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations of one of the sequences; see Notes.
    both_strands : bool, default=False
        Compare with the reverse complement too, and take the lesser distance. For nucleotides only.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal, as in `levenshtein_neighbors`. With "auto", the indexed sequences
        determine it. A character that occurs only in queries equals no other.

    Attributes
    ----------
    n_indexed : int
        The number of indexed sequences.

    See Also
    --------
    levenshtein_neighbors : All pairs within a cut-off.

    Notes
    -----
    The index stores bits that say which q-grams occur in a sequence, and how often; the q-grams with the
    largest variance are chosen on a sample. The number of bits that differ is a lower bound of 2·q times
    the distance [1]_. The sequences with the least bounds are compared first. The distance of the k-th
    nearest of them is the cut-off for the other ones, which are compared in the ascending order of their
    bounds until a bound exceeds the cut-off. *No neighbor is missed.* The search is fast if the neighbors
    are near: at a distance of more than about 15 % of the symbols of DNA, the bounds reject little, and
    nearly all sequences are compared. A compiled kernel counts the bits in large jobs.

    Distances of circular sequences are exact up to 1/17 of the longer length, and for sequences of at most
    512 symbols. Other distances are upper bounds, as described for `levenshtein_neighbors`.

    References
    ----------
    .. [1] E. Ukkonen, "Approximate string-matching with q-grams and maximal matches", Theoretical
       Computer Science 92(1), 191-211, 1992. :doi:`10.1016/0304-3975(92)90143-4`

    Examples
    --------
    >>> from skseed.distances import LevenshteinIndex
    >>> index = LevenshteinIndex(["GATTACA", "CCGCGG", "GATTACC", "CCGCG"])
    >>> edits, indices = index.kneighbors(["GATTAC", "CCGC"], n_neighbors=2)
    >>> edits
    array([[1, 1],
           [1, 2]])
    >>> indices
    array([[0, 2],
           [3, 1]])
    """

    def __init__(
        self,
        X: Any,
        *,
        topology: Topology = "linear",
        both_strands: bool = False,
        alphabet: str | Alphabet | None = "auto",
    ) -> None:
        sequences = replace(as_sequences(X, alphabet=alphabet), topology=topology)
        if both_strands:
            sequences.check_complement()
        self.n_indexed = len(sequences)
        self._both_strands = both_strands
        forms, self._form_of = unique_forms(sequences, both_strands=both_strands)
        self._collection = Collection.of(forms)
        # the sequences of each form, ascending
        self._copies = np.argsort(self._form_of, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(self._form_of))])

    def kneighbors(
        self,
        X: Any = None,
        n_neighbors: int = 5,
        *,
        n_candidates: int | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> Neighbors:
        """Find the nearest indexed sequences of each query.

        Parameters
        ----------
        X : array-like of str of shape (n_queries,), default=None
            The queries. None searches the neighbors of the indexed sequences, without themselves.
        n_neighbors : int, default=5
            The number of neighbors of each query.
        n_candidates : int, default=None
            Compare only so many sequences, those with the least lower bounds. The result is then
            approximate: its distances are exact, but nearer sequences may be missing. None is exact.
        n_jobs : int, default=None
            The number of threads. None is 1 unless in a ``joblib.parallel_config`` context; -1 is one for
            each processor.
        verbose : int, default=0
            Whether to print the progress on standard error.

        Returns
        -------
        edits : ndarray of shape (n_queries, n_neighbors), dtype int64
            The distances in ascending order, in edits.
        indices : ndarray of shape (n_queries, n_neighbors), dtype int64
            The neighbors. Those at the same distance are in the order of their indices, and if several are
            as far away as the last one, those with the least indices are returned.

        Raises
        ------
        ValueError
            If there are fewer than `n_neighbors` sequences to choose from; if the time of the first queries
            shows that all would take more than 48 hours on the available workers.
        """
        itself = X is None
        largest = self.n_indexed - itself
        if not 0 < n_neighbors <= largest:
            raise ValueError(
                f"n_neighbors={n_neighbors}, but it must be between 1 and {largest}, the number of indexed "
                f"sequences{' without the query itself' * itself}; lower it."
            )
        queries, form_of = self._queries(X)
        k = n_neighbors + itself
        n_forms = min(k, len(self._collection))
        tiles = queries.tiles()
        tasks = (
            joblib.delayed(nearest)(queries, start, stop, n_forms, n_candidates=n_candidates)
            for start, stop in tiles
        )
        advice = "set n_candidates for an approximate search, or pass fewer queries"
        with show_progress(verbose, "LevenshteinIndex"):
            found = _results(tasks, tiles, n_jobs=n_jobs, advice=advice)
            edits, forms = (np.concatenate(values) for values in zip(*found, strict=True))
        edits, indices = self._with_copies(edits, forms, k)
        edits, indices = edits[form_of], indices[form_of]
        return _without_itself(edits, indices) if itself else (edits, indices)

    def nearest_of(
        self,
        X: Any,
        candidates: npt.NDArray[np.integer],
        n_neighbors: int,
        *,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> Neighbors:
        """Find the nearest of given candidates for each query, after an approximate search.

        Parameters
        ----------
        X : array-like of str of shape (n_queries,), or None
            The queries. None stands for the indexed sequences.
        candidates : ndarray of int of shape (n_queries, n_candidates)
            The indexed sequences that are compared with each query, without repetitions; likely ones first is
            fastest.
        n_neighbors : int
            The number of neighbors of each query, at most `n_candidates`.
        n_jobs : int, default=None
            The number of threads. None is 1 unless in a ``joblib.parallel_config`` context; -1 is one for
            each processor.
        verbose : int, default=0
            Whether to print the progress on standard error.

        Returns
        -------
        edits, indices : ndarray of shape (n_queries, n_neighbors), dtype int64
            The distances and the neighbors, in the order of `kneighbors`.
        """
        queries, form_of = self._queries(X)
        starts = range(0, len(form_of), _QUERIES_AT_ONCE)
        tiles = [(start, min(start + _QUERIES_AT_ONCE, len(form_of))) for start in starts]
        tasks = (
            joblib.delayed(nearest_of)(
                queries,
                form_of[start:stop],
                candidates[start:stop].astype(np.int64, copy=False),
                self._form_of,
                n_neighbors,
            )
            for start, stop in tiles
        )
        advice = "pass fewer candidates or fewer queries"
        with show_progress(verbose, "LevenshteinIndex"):
            found = _results(tasks, tiles, n_jobs=n_jobs, advice=advice)
            edits, indices = (np.concatenate(values) for values in zip(*found, strict=True))
        return edits, indices

    def radius_neighbors(
        self, X: Any, max_distance: int | float, *, n_jobs: int | None = None, verbose: int = 0
    ) -> csr_array:
        """Find all indexed sequences within a cut-off of each query.

        Parameters
        ----------
        X : array-like of str of shape (n_queries,), or None
            The queries. None searches the neighbors of the indexed sequences, without themselves, as
            `levenshtein_neighbors` does.
        max_distance : int or float
            A number of edits (int), or a fraction of the longer of the two lengths (float between 0 and 1).
        n_jobs : int, default=None
            The number of threads. None is 1 unless in a ``joblib.parallel_config`` context; -1 is one for
            each processor.
        verbose : int, default=0
            Whether to print the progress on standard error.

        Returns
        -------
        graph : csr_array of shape (n_queries, n_indexed), dtype int64
            The edits of each pair within the cut-off, in the order of the indices. A distance of 0 is stored.

        Raises
        ------
        MemoryError
            If the graph takes more than half of the memory that the process may use.
        ValueError
            If the time of the first queries shows that all would take more than 48 hours on the available
            workers.
        """
        cutoff = Cutoff(max_distance)
        if X is None:
            sequences, both_strands = self._collection.sequences, self._both_strands
            with show_progress(verbose, "LevenshteinIndex"):
                pairs = close_pairs(sequences, cutoff, both_strands=both_strands, n_jobs=n_jobs)
            return graph_of_pairs(pairs, self._form_of)
        queries, form_of = self._queries(X)
        tiles = queries.tiles()
        tasks = (joblib.delayed(within)(queries, start, stop, cutoff) for start, stop in tiles)
        found = PairList()
        advice = "lower max_distance, or pass fewer queries"
        with show_progress(verbose, "LevenshteinIndex"):
            for pairs in _results(tasks, tiles, n_jobs=n_jobs, advice=advice):
                found.add(pairs)
        return self._graph(*found.pairs(), form_of)

    def _queries(self, X: Any) -> tuple[Queries, npt.NDArray[np.intp]]:
        """Return the different queries, and the position of each query in them."""
        indexed = self._collection.sequences
        forms, form_of = indexed, self._form_of
        if X is not None:
            sequences = as_sequences_like(X, indexed, both_strands=self._both_strands)
            forms, form_of = unique_forms(sequences, both_strands=self._both_strands)
        return Queries(self._collection, forms, both_strands=self._both_strands), form_of

    def _with_copies(self, edits: npt.NDArray[np.int64], forms: npt.NDArray[np.int64], k: int) -> Neighbors:
        """Return the k nearest indexed sequences, given the nearest forms."""
        if len(self._collection) == self.n_indexed:
            return edits, forms
        nearest_edits = np.empty((len(edits), k), dtype=np.int64)
        indices = np.empty((len(edits), k), dtype=np.int64)
        n_copies = np.minimum(np.diff(self._starts), k)
        for row in range(len(edits)):
            form, copy = _members(n_copies[forms[row]])
            copies = self._copies[self._starts[forms[row]][form] + copy]
            order = np.lexsort((copies, edits[row][form]))[:k]
            nearest_edits[row], indices[row] = edits[row][form][order], copies[order]
        return nearest_edits, indices

    def _graph(
        self,
        rows: npt.NDArray[np.integer],
        forms: npt.NDArray[np.integer],
        edits: npt.NDArray[np.integer],
        form_of: npt.NDArray[np.intp],
    ) -> csr_array:
        """Return the graph of all queries and all indexed sequences, given that of their forms."""
        # every query repeats the row of its form, and every neighbor its copies
        n_pairs = np.bincount(rows, minlength=int(form_of.max(initial=-1)) + 1)
        starts = np.cumsum(n_pairs) - n_pairs
        order = np.argsort(rows, kind="stable")
        query, place = _members(n_pairs[form_of])
        pair = order[starts[form_of][query] + place]
        which, copy = _members(np.diff(self._starts)[forms[pair]])
        query, pair = query[which], pair[which]
        indices = self._copies[self._starts[forms[pair]] + copy]
        order = np.lexsort((indices, query))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(query, minlength=len(form_of)))])
        shape = (len(form_of), self.n_indexed)
        index_type = np.int32 if max(*shape, len(pair)) <= np.iinfo(np.int32).max else np.int64
        graph = csr_array(
            (
                edits[pair[order]].astype(np.int64),
                indices[order].astype(index_type),
                indptr.astype(index_type),
            ),
            shape=shape,
        )
        graph.has_sorted_indices = True
        return graph


def _results(
    tasks: Iterable[Any], tiles: list[tuple[int, int]], *, n_jobs: int | None, advice: str
) -> Iterator[Any]:
    """Yield the results of ranges of queries; raise if the first ones show that all take over 48 hours.

    The progress is printed if a report is open.
    """
    sizes = [stop - start for start, stop in tiles]
    blocks = run_blocks(tasks, n_jobs=n_jobs, prefer="threads", ordered=True)
    # unfinished blocks of other threads must be a small part of the time
    n_measured = 1 + 4 * (joblib.effective_n_jobs(n_jobs) - 1)
    started, n_queries = process_time(), sum(sizes)
    for number, block in enumerate(track(blocks, n_queries, "queries", sizes=sizes), start=1):
        if number == n_measured:
            cpu_seconds = (process_time() - started) * n_queries / sum(sizes[:number])
            check_time(cpu_seconds, n_jobs=n_jobs, what=f"To compare {n_queries:,} queries", advice=advice)
        yield block


def _without_itself(edits: npt.NDArray[np.int64], indices: npt.NDArray[np.int64]) -> Neighbors:
    """Remove each row's own index from the row, or the last column if the row does not contain it."""
    k = indices.shape[1] - 1
    own = indices == np.arange(len(indices))[:, None]
    place = np.where(own.any(axis=1), own.argmax(axis=1), k)
    kept = np.arange(k) + (np.arange(k) >= place[:, None])
    return np.take_along_axis(edits, kept, axis=1), np.take_along_axis(indices, kept, axis=1)


def _members(sizes: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the number of each member of groups of given sizes: that of its group, and in its group."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
