"""All pairs of sequences within a cut-off, as a sparse graph."""

from dataclasses import replace
from numbers import Integral
from typing import Any

from scipy.sparse import csr_array

from skseed._constraints import ALPHABET_OF_DISTANCES, MAX_DISTANCE, TOPOLOGY, VERBOSE
from skseed._progress import show_progress
from skseed._sequences import Topology, as_sequence_pair, as_sequences
from skseed._sklearn import validate_params
from skseed.alphabets import Alphabet
from skseed.distances._blocks import Cutoff
from skseed.distances._close_pairs import close_pairs, unique_forms
from skseed.distances._levenshtein_index import LevenshteinIndex
from skseed.distances._pair_graph import graph_of_pairs


@validate_params(
    {
        "X": "no_validation",
        "max_distance": MAX_DISTANCE,
        "Y": "no_validation",
        "topology": TOPOLOGY,
        "both_strands": ["boolean"],
        "alphabet": ALPHABET_OF_DISTANCES,
        "n_jobs": [Integral, None],
        "verbose": VERBOSE,
    },
    prefer_skip_nested_validation=True,
)
def levenshtein_neighbors(
    X: Any,
    max_distance: int | float,
    Y: Any = None,
    *,
    topology: Topology = "linear",
    both_strands: bool = False,
    alphabet: str | Alphabet | None = "auto",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> csr_array:
    """Find all pairs of sequences within a cut-off of the edit distance, in one collection or between two.

    The result is exact: every pair is found, with its distance; circular sequences are exact under the
    conditions in Notes. Use it to find relatives, to remove redundancy or to draw a graph.
    `levenshtein_groups` returns the connected components without storing the pairs, and
    `levenshtein_distances` the distances of all pairs.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,)
        Sequences.
    max_distance : int or float
        The largest distance that counts: a number of edits (int, at least 0), or a fraction of the longer of
        the two lengths (float between 0 and 1). At 0.1, sequences of 100 and 109 symbols may be 10 edits
        apart. A number of edits beyond the longer length accepts every pair.
    Y : array-like of str of shape (n_others,), default=None
        A second collection, whose sequences are compared with those of `X`, but not with each other. None
        compares the sequences of `X`.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations of one of the sequences; see Notes.
    both_strands : bool, default=False
        Compare with the reverse complement too, and take the lesser distance. For nucleotides only: any other
        character raises a ValueError that names its index and position.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal. "auto": upper and lower case are equal, U equals T if every letter of `X`
        and `Y` is an IUPAC nucleotide code, and every other character equals itself only. A name or an
        :class:`~skseed.alphabets.Alphabet`: every letter must belong to it, and all its ambiguity letters are
        equal. None: only equal characters are equal.
    n_jobs : int, default=None
        The number of blocks that are computed at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor. Work of a few seconds starts no
        processes.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Returns
    -------
    graph : csr_array of shape (n_sequences, n_sequences) or (n_sequences, n_others), dtype int64
        The edits between row and column of each pair within the cut-off, with sorted indices. Without `Y`,
        both triangles are stored, and the diagonal is not. Equal sequences are neighbors at a distance of
        0, which is *stored*: count neighbors with ``graph.nnz`` or ``np.diff(graph.indptr)``, never with
        ``graph > 0``, and do not call ``graph.eliminate_zeros()``.

    Raises
    ------
    ValueError
        If the work would take more than 48 hours on the available workers, before any work or, with `Y`, by
        the time of the first comparisons; if a letter does not belong to `alphabet`.
    MemoryError
        If the graph takes more than half of the memory that the process may use.

    See Also
    --------
    sklearn.neighbors.radius_neighbors_graph : The same form of result for points in space.
    levenshtein_groups : Connected components of this graph.
    LevenshteinIndex : The nearest neighbors, without a cut-off, and repeated searches in one collection.

    Notes
    -----
    Pairs of one collection are rejected by the difference of their lengths, then by a lower bound of the
    distance, and at last by the distance itself. The bound is the cheapest of three: the number of shared
    q-grams [1]_; the number of non-overlapping k-mers that do not occur in the other sequence within d
    positions; or the seeds that a pair must share, because one of d + 1 segments of a sequence is unchanged
    by d edits. *No pair is missed.* The bounds reject pairs up to a cut-off of about 12 % for DNA; beyond
    it, every pair is compared. The logger "skseed" reports the plan at level INFO before work. Pairs of two
    collections are rejected by their lengths and by shared q-grams.

    *Circular sequences.* The distance is the least over all rotations (and strands). Comparing all rotations
    would take a thousand times longer, so longer sequences are rotated only to the start of maximal exact
    matches that they share, of at least 16 symbols. Let n be the longer length and d the limit. If n is at
    most 512, all rotations are compared. If d is at most n / 17, a good alignment contains an exact match of
    16 symbols, and all matches that are long enough are tried. In both cases *no pair is missed and distances
    are exact*. Otherwise the edits are estimated from the shared k-mers of 10 symbols, in blocks of 320
    symbols, and pairs with an estimate above 1.1 d are rejected. For the other pairs, up to 8 of the longest
    matches are tried (and if d is more than n / 3, the canonical rotations too). A reported pair is within
    the cut-off, but its distance is an upper bound. A pair can be missed if its alignments contain none of
    these matches, or if its edits are spread so evenly over a third of the symbols that the estimate is too
    high. Edits in clusters, as in plasmids, give a low estimate. Results do not depend on the rotation and
    the strand of the input.

    References
    ----------
    .. [1] E. Ukkonen, "Approximate string-matching with q-grams and maximal matches", Theoretical
       Computer Science 92(1), 191-211, 1992. :doi:`10.1016/0304-3975(92)90143-4`

    Examples
    --------
    >>> from skseed.distances import levenshtein_neighbors
    >>> graph = levenshtein_neighbors(["GATTACA", "GATACA", "CCCCCCC", "GATTACA"], max_distance=1)
    >>> graph.toarray()
    array([[0, 1, 0, 0],
           [1, 0, 0, 1],
           [0, 0, 0, 0],
           [0, 1, 0, 0]])
    >>> graph.indices[graph.indptr[0]:graph.indptr[1]]
    array([1, 3], dtype=int32)
    >>> levenshtein_neighbors(["GATTACC", "CCCC"], 2, ["GATTACA", "GATACA"]).toarray()
    array([[1, 2],
           [0, 0]])
    """
    if Y is not None:
        left, right = as_sequence_pair(X, Y, alphabet=alphabet, topology=topology)
        if both_strands:
            left.check_complement("X")
            right.check_complement("Y")
        index = LevenshteinIndex(right, topology=topology, both_strands=both_strands)
        with show_progress(verbose, "levenshtein_neighbors"):
            return index.radius_neighbors(left, max_distance, n_jobs=n_jobs)
    sequences = as_sequences(X, alphabet=alphabet, topology=topology)
    unique, inverse = unique_forms(replace(sequences, topology=topology), both_strands=both_strands)
    with show_progress(verbose, "levenshtein_neighbors"):
        pairs = close_pairs(unique, Cutoff(max_distance), both_strands=both_strands, n_jobs=n_jobs)
    return graph_of_pairs(pairs, inverse)
