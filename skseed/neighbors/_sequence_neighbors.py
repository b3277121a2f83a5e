"""Nearest sequences by edit distance."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from sklearn.base import ClassNamePrefixFeaturesOutMixin, clone
from sklearn.utils.validation import check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._base import SequenceTransformer
from skseed._constraints import ALPHABET_OF_DISTANCES, AT_LEAST_ONE, TOPOLOGY, VERBOSE
from skseed._progress import reports_progress
from skseed._sequences import Topology
from skseed._sklearn import HasMethods, Interval, RealNotInt, StrOptions, _fit_context
from skseed._validation import check_sequences
from skseed.alphabets import Alphabet
from skseed.distances import LevenshteinIndex
from skseed.neighbors._vector_candidates import VectorCandidates

_SAMPLED = 100


class SequenceNeighbors(ClassNamePrefixFeaturesOutMixin, SequenceTransformer):
    """Find the nearest sequences by their edit distance.

    The methods are those of :class:`~sklearn.neighbors.NearestNeighbors`. As a transformer it returns the
    sparse graph of the distances, as :class:`~sklearn.neighbors.KNeighborsTransformer` does, so that
    estimators with ``metric="precomputed"`` work behind it in a pipeline. All distances are true edit
    distances. For a full matrix of a few thousand sequences, use
    :func:`~skseed.distances.levenshtein_distances`.

    Parameters
    ----------
    n_neighbors : int, default=5
        The number of neighbors in `kneighbors` and, if `radius` is None, in the graph.
    radius : int or float, default=None
        If given, the graph of `transform` connects all sequences within the radius: a number of edits
        (int), or a fraction of the longer of two lengths (float between 0 and 1).
    algorithm : {"exact", "approximate"}, default="exact"
        "exact" finds the nearest sequences, without exception. "approximate" compares only `n_candidates`
        sequences with each query; use it if the nearest sequences are more than about 15 % of the symbols
        away, where the exact search compares nearly all sequences. Searches within a radius are always exact.
    n_candidates : int, default=64
        How many sequences the approximate algorithm compares with a query.
    transformer : transformer, default=None
        Where the candidates of the approximate algorithm come from. None takes the sequences with the least
        lower bounds from q-gram counts. A transformer of sequences into vectors, such as
        :class:`~skseed.embedding.EditDistanceEmbedder`, is cloned and fitted, and the nearest vectors are
        taken. Pass ``sklearn.frozen.FrozenEstimator(embedder)`` to use a fitted one.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations; see
        :class:`~skseed.distances.LevenshteinIndex` for when it is exact.
    both_strands : bool, default=False
        Compare with the reverse complement too, and take the lesser distance. For nucleotides only.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal, as in :func:`~skseed.distances.levenshtein_neighbors`. With "auto", the
        sequences of `fit` determine it, and a character that occurs only in queries equals no other.
    n_jobs : int, default=None
        The number of threads. None is 1 unless in a ``joblib.parallel_config`` context; -1 is one for each
        processor.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Attributes
    ----------
    index_ : LevenshteinIndex
        The index of the sequences.
    n_samples_fit_ : int
        The number of sequences.
    recall_ : float
        With ``algorithm="approximate"``, the share of the `n_neighbors` nearest sequences that it finds,
        measured on up to 100 of the sequences; a sequence as near as the last true neighbor counts as
        found. It is shown in the representation of the estimator.
    transformer_ : transformer
        The fitted transformer, if there is one.

    See Also
    --------
    skseed.distances.LevenshteinIndex : The search.
    skseed.distances.levenshtein_groups : Connected components of the graph of a radius.
    sklearn.neighbors.KNeighborsTransformer : The same for points in space.

    Notes
    -----
    Neighbors are in the order of their distance, and of their index if they are equally near. If several
    sequences are as far away as the last neighbor, those with the least indices are returned.

    A graph of `transform` has one more neighbor than `n_neighbors`, because a sequence of `fit` is its own
    nearest neighbor, at an explicit distance of 0. Only if more than `n_neighbors` equal sequences precede
    it, it is not in its row.

    Examples
    --------
    >>> from skseed.neighbors import SequenceNeighbors
    >>> neighbors = SequenceNeighbors(n_neighbors=2).fit(["GATTACA", "CCGCGG", "GATTACC", "CCGCG"])
    >>> edits, indices = neighbors.kneighbors(["GATTAC", "CCGC"])
    >>> edits
    array([[1., 1.],
           [1., 2.]])
    >>> indices
    array([[0, 2],
           [3, 1]])
    >>> SequenceNeighbors(radius=1).fit_transform(["GATTACA", "CCGCGG", "GATTACC"]).toarray()
    array([[0., 0., 1.],
           [0., 0., 0.],
           [1., 0., 0.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_neighbors": AT_LEAST_ONE,
        "radius": [
            Interval(Integral, 0, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "algorithm": [StrOptions({"exact", "approximate"})],
        "n_candidates": AT_LEAST_ONE,
        "transformer": [HasMethods(["fit", "transform"]), None],
        "topology": TOPOLOGY,
        "both_strands": ["boolean"],
        "alphabet": ALPHABET_OF_DISTANCES,
        "n_jobs": [Integral, None],
        "verbose": VERBOSE,
    }

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        radius: int | float | None = None,
        algorithm: str = "exact",
        n_candidates: int = 64,
        transformer: Any = None,
        topology: Topology = "linear",
        both_strands: bool = False,
        alphabet: str | Alphabet | None = "auto",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.radius = radius
        self.algorithm = algorithm
        self.n_candidates = n_candidates
        self.transformer = transformer
        self.topology = topology
        self.both_strands = both_strands
        self.alphabet = alphabet
        self.n_jobs = n_jobs
        self.verbose = verbose

    @reports_progress
    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Index the sequences.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences among which neighbors are searched.
        y : array-like of shape (n_sequences,), default=None
            Passed to the transformer.

        Returns
        -------
        self : SequenceNeighbors
            The fitted estimator.
        """
        if self.transformer is not None and self.algorithm == "exact":
            raise ValueError(
                'transformer needs algorithm="approximate"; set it, or leave out the transformer.'
            )
        sequences = check_sequences(X)
        self.index_ = LevenshteinIndex(
            sequences, topology=self.topology, both_strands=self.both_strands, alphabet=self.alphabet
        )
        self.n_samples_fit_ = self._n_features_out = len(sequences)
        self._candidates = None
        for name in {"recall_", "transformer_"} & vars(self).keys():
            delattr(self, name)
        if self.transformer is not None:
            self.transformer_ = clone(self.transformer).fit(sequences, y)
            self._candidates = VectorCandidates(self.transformer_, sequences, n_jobs=self.n_jobs)
        if self.algorithm == "approximate":
            self.recall_ = self._recall(sequences)
        return self

    @reports_progress
    def kneighbors(self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True) -> Any:
        """Find the nearest sequences of each query.

        Parameters
        ----------
        X : array-like of str of shape (n_queries,), default=None
            The queries. None searches the neighbors of the sequences of `fit`, without themselves.
        n_neighbors : int, default=None
            The number of neighbors; None takes that of the estimator.
        return_distance : bool, default=True
            Whether to return the distances.

        Returns
        -------
        distances : ndarray of shape (n_queries, n_neighbors), dtype float64
            The edit distances, ascending; only if `return_distance` is True.
        indices : ndarray of shape (n_queries, n_neighbors), dtype int64
            The neighbors.
        """
        check_is_fitted(self)
        n_neighbors = self.n_neighbors if n_neighbors is None else n_neighbors
        edits, indices = self._kneighbors(X, n_neighbors)
        return (edits.astype(np.float64), indices) if return_distance else indices

    def radius_neighbors(
        self, X: Any = None, radius: int | float | None = None, return_distance: bool = True
    ) -> Any:
        """Find all sequences within a radius of each query; the search is always exact.

        Parameters
        ----------
        X : array-like of str of shape (n_queries,), default=None
            The queries. None searches the neighbors of the sequences of `fit`, without themselves.
        radius : int or float, default=None
            The radius, as in the parameters of the estimator; None takes that of the estimator.
        return_distance : bool, default=True
            Whether to return the distances.

        Returns
        -------
        distances : ndarray of shape (n_queries,), dtype object
            The edit distances to the neighbors of each query, ascending; only if `return_distance` is True.
        indices : ndarray of shape (n_queries,), dtype object
            The neighbors of each query.
        """
        graph = self.radius_neighbors_graph(X, radius, mode="distance")
        indices = _rows_of(graph.indices.astype(np.int64), graph.indptr)
        return (_rows_of(graph.data, graph.indptr), indices) if return_distance else indices

    def kneighbors_graph(
        self, X: Any = None, n_neighbors: int | None = None, mode: str = "connectivity"
    ) -> csr_array:
        """Return the graph of the nearest sequences of each query.

        Parameters
        ----------
        X : array-like of str of shape (n_queries,), default=None
            The queries. None searches the neighbors of the sequences of `fit`, without themselves.
        n_neighbors : int, default=None
            The number of neighbors; None takes that of the estimator.
        mode : {"connectivity", "distance"}, default="connectivity"
            "connectivity" stores ones, "distance" stores edit distances.

        Returns
        -------
        graph : csr_array of shape (n_queries, n_samples_fit_), dtype float64
            The graph. The neighbors of a row are in the order of their distance; distances of 0 are stored.
        """
        distances, indices = self.kneighbors(X, n_neighbors)
        n_queries, k = indices.shape
        data = _weights(distances.ravel(), mode)
        return csr_array(
            (data, indices.ravel(), np.arange(0, n_queries * k + 1, k)), (n_queries, self.n_samples_fit_)
        )

    @reports_progress
    def radius_neighbors_graph(
        self, X: Any = None, radius: int | float | None = None, mode: str = "connectivity"
    ) -> csr_array:
        """Return the graph of all sequences within a radius of each query; the search is always exact.

        Parameters
        ----------
        X : array-like of str of shape (n_queries,), default=None
            The queries. None searches the neighbors of the sequences of `fit`, without themselves.
        radius : int or float, default=None
            The radius, as in the parameters of the estimator; None takes that of the estimator.
        mode : {"connectivity", "distance"}, default="connectivity"
            "connectivity" stores ones, "distance" stores edit distances.

        Returns
        -------
        graph : csr_array of shape (n_queries, n_samples_fit_), dtype float64
            The graph. The neighbors of a row are in the order of their distance; distances of 0 are stored.
        """
        check_is_fitted(self)
        radius = self.radius if radius is None else radius
        if radius is None:
            raise ValueError("radius is None; pass a radius, or set that of the estimator.")
        graph = self.index_.radius_neighbors(X, radius, n_jobs=self.n_jobs)
        return _sorted_by_distance(graph, mode)

    @reports_progress
    def fit_transform(self, X: Any, y: Any = None) -> csr_array:
        """Index the sequences, and return the graph of their own neighbors.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.
        y : array-like of shape (n_sequences,), default=None
            Passed to the transformer.

        Returns
        -------
        graph : csr_array of shape (n_sequences, n_sequences), dtype float64
            The graph of `transform`.
        """
        self.fit(X, y)
        if self.radius is None:
            return self.transform(X)
        # the search for all pairs of one collection is faster
        graph = self.index_.radius_neighbors(None, self.radius, n_jobs=self.n_jobs)
        return _sorted_by_distance(_with_diagonal(graph), "distance")

    def transform(self, X: Any) -> csr_array:
        """Return the graph of the neighbors of each query, weighted by distance.

        Parameters
        ----------
        X : array-like of str of shape (n_queries,)
            The queries.

        Returns
        -------
        graph : csr_array of shape (n_queries, n_samples_fit_), dtype float64
            The distances to the ``n_neighbors + 1`` nearest sequences or, if `radius` is given, to all
            sequences within it. Every row is in the order of the distances; distances of 0 are stored.
        """
        check_is_fitted(self)
        # None would stand for the sequences of fit
        X = check_sequences(X)
        if self.radius is not None:
            return self.radius_neighbors_graph(X, mode="distance")
        return self.kneighbors_graph(X, self.n_neighbors + 1, mode="distance")

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        text: str = super().__repr__(N_CHAR_MAX)
        return text if not hasattr(self, "recall_") else f"{text}  # recall_={self.recall_:.3f}"

    def _kneighbors(self, X: Any, k: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the distances and indices of `kneighbors`."""
        largest = self.n_samples_fit_ - (X is None)
        if k > largest:
            raise ValueError(
                f"Expected n_neighbors <= n_samples_fit, but n_neighbors = {k}, n_samples_fit = {largest}"
                f"{' without the query itself' * (X is None)}; lower n_neighbors."
            )
        if self._candidates is not None:
            candidates = self._candidates.nearest(X, min(max(k, self.n_candidates), largest))
            return self.index_.nearest_of(X, candidates, k, n_jobs=self.n_jobs)
        n_candidates = None if self.algorithm == "exact" else self.n_candidates
        return self.index_.kneighbors(X, k, n_candidates=n_candidates, n_jobs=self.n_jobs)

    def _recall(self, sequences: npt.NDArray[np.object_]) -> float:
        """Return the share of the nearest sequences that are found, on evenly spaced sequences."""
        n = len(sequences)
        if n == 1:
            return 1.0
        sample = sequences[np.unique(np.linspace(0, n - 1, min(n, _SAMPLED)).astype(np.intp))]
        # the first neighbor is the query itself
        k = min(self.n_neighbors, n - 1) + 1
        exact, _ = self.index_.kneighbors(sample, k, n_jobs=self.n_jobs)
        found, _ = self._kneighbors(sample, k)
        return float((found[:, 1:] <= exact[:, -1:]).mean())


def _weights(distances: npt.NDArray[np.floating], mode: str) -> npt.NDArray[np.float64]:
    if mode not in ("connectivity", "distance"):
        raise ValueError(f'mode must be "connectivity" or "distance"; got {mode!r}.')
    return np.ones(len(distances)) if mode == "connectivity" else distances.astype(np.float64)


def _with_diagonal(graph: csr_array) -> csr_array:
    """Return a graph in which every row starts with the sequence itself, at distance 0."""
    n = graph.shape[0]
    starts = graph.indptr[:-1]
    return csr_array(
        (
            np.insert(graph.data, starts, 0),
            np.insert(graph.indices, starts, np.arange(n)),
            graph.indptr + np.arange(n + 1, dtype=graph.indptr.dtype),
        ),
        graph.shape,
    )


def _sorted_by_distance(graph: csr_array, mode: str) -> csr_array:
    """Return a graph whose rows are in the order of the distances, and then of the indices."""
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    order = np.lexsort((graph.indices, graph.data, rows))
    return csr_array((_weights(graph.data[order], mode), graph.indices[order], graph.indptr), graph.shape)


def _rows_of(values: npt.NDArray[Any], indptr: npt.NDArray[np.integer]) -> npt.NDArray[np.object_]:
    rows = np.empty(len(indptr) - 1, dtype=object)
    rows[:] = np.split(values, indptr[1:-1])
    return rows
