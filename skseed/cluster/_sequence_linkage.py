"""Hierarchical clustering of sequences by edit distance."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClusterMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._base import Estimator
from skseed._constraints import ALPHABET_OF_DISTANCES, VERBOSE
from skseed._limits import check_memory
from skseed._progress import reports_progress
from skseed._responses import last_step
from skseed._sequences import Sequences, as_sequences
from skseed._sklearn import HasMethods, Interval, StrOptions, _fit_context
from skseed._validation import check_sequences
from skseed.alphabets import Alphabet
from skseed.cluster._chain import Linkage, link_matrix, relabel
from skseed.cluster._points import Points, landmark_points, transformed_points
from skseed.cluster._scheme import link_points
from skseed.cluster._tree import children_of, cut, merges_of_graph, newick
from skseed.distances import levenshtein_distances, levenshtein_neighbors

# beyond this number of distinct sequences, "auto" estimates distances
_MOST_EXACT_SEQUENCES = 1000
# the edit distances, their copy in float32, and the rows that are merged
_BYTES_PER_PAIR = 8


class SequenceLinkage(ClusterMixin, Estimator):
    """Build the tree of agglomerative clustering by edit distance, and cut it into clusters.

    It is :class:`~sklearn.cluster.AgglomerativeClustering` for sequences. Small sets are linked by exact edit
    distances. For large sets, edit distances are estimated from exact distances to a few landmarks, so that
    neither time nor memory grows with the number of pairs. Use it for trees, for guide trees of alignments
    and for clusters of a given number. If you need groups with a guaranteed distance between them, use
    :func:`~skseed.distances.levenshtein_groups` or ``linkage="single"`` with `distance_threshold`. A tree of
    edit distances is no phylogeny: it assumes that all lineages evolve at one rate.

    Parameters
    ----------
    n_clusters : int or None, default=2
        The number of clusters in `labels_`. It must be None if `distance_threshold` is given.
    distance_threshold : float, default=None
        The height, in edits, from which on clusters are not joined in `labels_`.
    linkage : {"average", "complete", "single", "ward"}, default="average"
        The distance of two clusters: the mean, the largest or the least distance of their members, or the
        increase of the variance. "ward" needs vectors, so it never uses exact distances, and its heights are
        not edits.
    embedder : {"auto", "landmarks"}, transformer or None, default="auto"
        The source of distances. None computes the exact distances of all pairs. "landmarks" estimates them
        from exact distances to a few landmarks; see Notes. "auto" is None for up to 1,000 distinct sequences
        and for single linkage with `distance_threshold`, and "landmarks" otherwise. A transformer of
        sequences, such as a pipeline that ends with :class:`~skseed.embedding.EditDistanceEmbedder`, is
        cloned and fitted; wrap a fitted one in :class:`~sklearn.frozen.FrozenEstimator` to keep it. The
        distances of its vectors are scaled to edits.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal. "auto": upper and lower case are equal, U equals T if every letter of `X`
        is an IUPAC nucleotide code, and every other character equals itself only. A name or an
        :class:`~skseed.alphabets.Alphabet`: every letter must belong to it, and all its ambiguity letters are
        equal. None: only equal characters are equal.
    n_jobs : int, default=None
        The number of blocks of distances that are computed at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Attributes
    ----------
    linkage_matrix_ : ndarray of shape (n_sequences - 1, 4), dtype float64
        The tree in the form of :func:`scipy.cluster.hierarchy.linkage`, for SciPy's ``dendrogram``,
        ``fcluster`` and ``cophenet``. The third column holds heights in edits.
    labels_ : ndarray of shape (n_sequences,), dtype int64
        The cluster of each sequence; clusters are numbered by their first sequence.
    n_clusters_ : int
        The number of clusters.
    exact_ : bool
        Whether all heights come from exact distances.
    embedder_ : transformer
        The fitted transformer, if `embedder` is one.

    See Also
    --------
    sklearn.cluster.AgglomerativeClustering : For vectors, or for a precomputed matrix.
    skseed.distances.levenshtein_groups : Single-linkage groups without a tree.
    skseed.cluster.cluster_representatives : The medoid and a consensus of each cluster.
    skseed.inspection.DendrogramDisplay : Plots the tree.
    skseed.metrics.dasgupta_cost : Compares trees.

    Notes
    -----
    *Exact distances* take time and memory in proportion to the number of pairs. Equal sequences are compared
    once and joined at height 0.

    *Landmarks.* The scheme follows mBed [1]_ and Clustal Omega [2]_, which represent a sequence by its
    distances to some reference sequences. There are 2 log2(n) landmarks. The first one is the sequence
    farthest from ``X[0]``, and each further one the sequence farthest from all earlier ones. The mean of each
    vector is subtracted. The edit distance of a pair is estimated as
    :math:`a \\|u - v\\| + b (m_u + m_v)`, with the means :math:`m` and with :math:`a, b \\ge 0` fitted
    to the exact distances to the landmarks. The tree of these estimates is cut into subtrees of at most 50
    sequences, which are linked again by exact distances. A height is raised where it would be below the
    height of a child. In the source, sequences are embedded by log2(n)**2 references of evenly spaced
    lengths, bisecting k-means makes the small clusters, and approximate k-tuple distances are used inside.

    *More than 10,000 sequences* are divided into 4,096 groups by k-means. Each group is linked as above, and
    the groups are linked by the estimates for their mean vectors, weighted by their sizes.

    *Single linkage with* `distance_threshold` uses the exact sparse graph of
    :func:`~skseed.distances.levenshtein_neighbors`. Joins at or above the threshold have the threshold as
    their height, which is a lower bound, and their order is arbitrary.

    With an estimate, a pair within `distance_threshold` can be divided. The result depends on no random
    number. It can depend on the order of `X` where distances are equal, and through the first landmark.

    References
    ----------
    .. [1] G. Blackshields, F. Sievers, W. Shi, A. Wilm, D. G. Higgins, "Sequence embedding for fast
       construction of guide trees for multiple sequence alignment", Algorithms for Molecular Biology 5, 21,
       2010. :doi:`10.1186/1748-7188-5-21`
    .. [2] F. Sievers et al., "Fast, scalable generation of high-quality protein multiple sequence alignments
       using Clustal Omega", Molecular Systems Biology 7, 539, 2011. :doi:`10.1038/msb.2011.75`

    Examples
    --------
    >>> from skseed.cluster import SequenceLinkage
    >>> genes = ["GATTACAGAT", "GATTACACAT", "CCGCGGCCGA", "CCGCGGCCTA", "GATTACAGAT"]
    >>> tree = SequenceLinkage(n_clusters=2).fit(genes)
    >>> tree.labels_
    array([0, 0, 1, 1, 0])
    >>> tree.linkage_matrix_[:, 2].round(2).tolist()
    [0.0, 1.0, 1.0, 8.67]
    >>> tree.to_newick(["s1", "s2", "s3", "s4", "s5"])
    '((s2:0.500000,(s1:0.000000,s5:0.000000):0.500000):3.833333,(s3:0.500000,s4:0.500000):3.833333);'
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_clusters": [Interval(Integral, 1, None, closed="left"), None],
        "distance_threshold": [Interval(Real, 0, None, closed="left"), None],
        "linkage": [StrOptions({"average", "complete", "single", "ward"})],
        "embedder": [StrOptions({"auto", "landmarks"}), HasMethods(["fit", "transform"]), None],
        "alphabet": ALPHABET_OF_DISTANCES,
        "n_jobs": [Integral, None],
        "verbose": VERBOSE,
    }

    def __init__(
        self,
        n_clusters: int | None = 2,
        *,
        distance_threshold: float | None = None,
        linkage: Linkage = "average",
        embedder: Any = "auto",
        alphabet: str | Alphabet | None = "auto",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.distance_threshold = distance_threshold
        self.linkage = linkage
        self.embedder = embedder
        self.alphabet = alphabet
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

    @reports_progress
    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Build the tree and cut it.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            At least two sequences.
        y : None
            Ignored.

        Returns
        -------
        self : SequenceLinkage
            The fitted clusterer.

        Raises
        ------
        ValueError
            If both or none of `n_clusters` and `distance_threshold` are given, there are fewer sequences than
            clusters, "ward" is asked for exact distances, or a letter does not belong to `alphabet`.
        MemoryError
            If the matrix of distances would take more than half of the memory that the process may use.
        """
        strings = check_sequences(X)
        self._check_cut(len(strings))
        sequences = replace(as_sequences(strings, alphabet=self.alphabet), topology="linear")
        unique, inverse = sequences.unique()
        source = self._source(len(unique))
        if isinstance(source, str) or source is None:
            self.__dict__.pop("embedder_", None)
        else:
            self.embedder_ = clone(source)
            source = self.embedder_.fit(strings, None)
        counts = np.bincount(inverse)
        if len(unique) == 1:
            tree, self.exact_ = np.empty((0, 4)), True
        else:
            tree, self.exact_ = self._tree(unique, counts, source, strings, inverse)
        self.linkage_matrix_ = _with_copies(tree, inverse)
        if self.distance_threshold is None:
            n_merges = len(strings) - int(self.n_clusters or 1)
        else:
            n_merges = int(np.searchsorted(self.linkage_matrix_[:, 2], self.distance_threshold, side="left"))
        self.n_clusters_ = len(strings) - n_merges
        self.labels_ = cut(self.linkage_matrix_, n_merges)
        return self

    def _check_cut(self, n_sequences: int) -> None:
        if n_sequences < 2:
            raise ValueError(
                "Found array with 1 sample(s) while a minimum of 2 is required by SequenceLinkage; pass more "
                "sequences."
            )
        if (self.n_clusters is None) == (self.distance_threshold is None):
            raise ValueError(
                f"n_clusters={self.n_clusters} and distance_threshold={self.distance_threshold}, but exactly "
                "one of them must be None."
            )
        if self.n_clusters is not None and self.n_clusters > n_sequences:
            raise ValueError(
                f"n_clusters={self.n_clusters}, but X has {n_sequences} sequences; lower n_clusters."
            )
        if self.linkage == "ward" and self.embedder is None:
            raise ValueError(
                'linkage="ward" needs vectors, but embedder is None; set embedder="landmarks" or another '
                "linkage."
            )

    def _source(self, n_unique: int) -> Any:
        """Return the value that "auto" means here."""
        if not (isinstance(self.embedder, str) and self.embedder == "auto"):
            return self.embedder
        if self.linkage == "single" and self.distance_threshold is not None:
            return None
        return None if n_unique <= _MOST_EXACT_SEQUENCES and self.linkage != "ward" else "landmarks"

    def _tree(
        self,
        unique: Sequences,
        counts: npt.NDArray[np.integer],
        source: Any,
        strings: npt.NDArray[np.object_],
        inverse: npt.NDArray[np.intp],
    ) -> tuple[npt.NDArray[np.float64], bool]:
        """Return the linkage matrix of distinct sequences, and whether it is exact."""
        if source is None:
            if self.linkage == "single" and self.distance_threshold is not None:
                return self._tree_of_neighbors(unique, counts), True
            check_memory(
                _BYTES_PER_PAIR * float(len(unique)) ** 2,
                what=f"The exact distances of {len(unique):,} sequences",
                advice='set embedder="landmarks"',
            )
            distances = levenshtein_distances(unique, n_jobs=self.n_jobs).astype(np.float32)
            return link_matrix(distances, self.linkage, sizes=counts), True
        points = self._points(unique, source, strings, inverse)

        def exact(indices: npt.NDArray[np.intp]) -> npt.NDArray[np.signedinteger]:
            return levenshtein_distances(unique.take(indices), n_jobs=self.n_jobs)

        return link_points(points, counts, self.linkage, exact), False

    def _points(
        self,
        unique: Sequences,
        source: Any,
        strings: npt.NDArray[np.object_],
        inverse: npt.NDArray[np.intp],
    ) -> Points:
        if isinstance(source, str):
            return landmark_points(unique, n_jobs=self.n_jobs)
        first = np.unique(inverse, return_index=True)[1]
        vectors = source.transform(strings[first])
        vectors = vectors.toarray() if hasattr(vectors, "toarray") else vectors
        return transformed_points(unique, vectors, metric=_metric_of(source), n_jobs=self.n_jobs)

    def _tree_of_neighbors(
        self, unique: Sequences, counts: npt.NDArray[np.integer]
    ) -> npt.NDArray[np.float64]:
        threshold = float(self.distance_threshold or 0)
        # no distance is below a threshold of 0
        limit = max(0, ceil(threshold) - 1)
        graph = levenshtein_neighbors(unique, limit, n_jobs=self.n_jobs)
        return relabel(merges_of_graph(graph, threshold), len(unique), counts)

    def to_newick(self, names: Any = None) -> str:
        """Return the tree as Newick text.

        The distance of two tips along the tree is the height at which they are joined. Every branch has a
        length, and inner nodes have no names. This form is read by Clustal Omega (``--guidetree-in``), FAMSA
        (``-gt import``), MAFFT (``--treein``, after its program ``newick2mafft``) and
        :func:`skseed.io.read_tree`.

        Parameters
        ----------
        names : array-like of str of shape (n_sequences,), default=None
            The name of each sequence, such as its id in a FASTA file; None numbers the sequences from 0. A
            name with other characters than letters, digits and ``_.|/-`` is quoted, which aligners may not
            read.

        Returns
        -------
        newick : str
            The tree, with a semicolon at its end.

        Raises
        ------
        ValueError
            If `names` has another length than `X`, or contains an empty or a repeated name.
        """
        check_is_fitted(self)
        n_sequences = len(self.labels_)
        labels = [str(index) for index in range(n_sequences)] if names is None else _checked_names(names)
        if len(labels) != n_sequences:
            raise ValueError(f"names has {len(labels)} names, but the tree has {n_sequences} sequences.")
        return newick(self.linkage_matrix_, labels)


def _metric_of(transformer: Any) -> Callable[..., npt.NDArray[np.floating]] | None:
    """Return the distance function of points, which an `EditDistanceEmbedder` has."""
    metric: Callable[..., npt.NDArray[np.floating]] | None
    metric = getattr(last_step(transformer), "distances_from_points", None)
    return metric


def _checked_names(names: Any) -> list[str]:
    labels = list(check_sequences(names, name="names", min_length=1, remedy="name every sequence"))
    seen: set[str] = set()
    for index, label in enumerate(labels):
        if label in seen:
            raise ValueError(
                f"names[{index}] is {label[:60]!r}, which is not the first; give every sequence its own name."
            )
        seen.add(label)
    return labels


def _with_copies(tree: npt.NDArray[np.float64], inverse: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Return a tree of all sequences, given that of the distinct ones; copies are joined at height 0."""
    n_sequences = len(inverse)
    first = np.unique(inverse, return_index=True)[1]
    copies = np.setdiff1d(np.arange(n_sequences), first)
    merges = np.zeros((n_sequences - 1, 3))
    merges[: len(copies), 0], merges[: len(copies), 1] = first[inverse[copies]], copies
    members = first.tolist()
    for row, (one, other) in enumerate(children_of(tree).tolist(), start=len(copies)):
        merges[row] = members[one], members[other], tree[row - len(copies), 2]
        members.append(members[one])
    return relabel(merges, n_sequences)
