"""All pairs of sequences within a cut-off, as a sparse graph."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from skseed._constraints import ALPHABET_OF_DISTANCES
from skseed._limits import available_memory
from skseed._sklearn import validate_params
from skseed.alphabets import Alphabet
from skseed.distances._cutoff import MAX_DISTANCE, Cutoff
from skseed.distances._spellings import TOPOLOGY, Spelling, Topology, texts_of


@validate_params(
    {
        "X": "no_validation",
        "max_distance": MAX_DISTANCE,
        "topology": TOPOLOGY,
        "both_strands": ["boolean"],
        "alphabet": ALPHABET_OF_DISTANCES,
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def levenshtein_neighbors(
    X: Any,
    max_distance: int | float,
    *,
    topology: Topology = "linear",
    both_strands: bool = False,
    alphabet: str | Alphabet | None = "auto",
    n_jobs: int | None = None,
) -> csr_array:
    """Find all pairs of sequences within a cut-off of the edit distance.

    The answer is exact: every pair is found, with its distance. Use it to look for relatives, to
    remove redundancy or to draw a graph; `levenshtein_groups` gives the connected components
    without holding the pairs, and `levenshtein_distances` the distances of all pairs.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,)
        Sequences.
    max_distance : int or float
        The largest distance that counts: a number of edits (int, at least 0), or a fraction of
        the longer of the two lengths (float between 0 and 1). At 0.1, sequences of 100 and
        109 symbols may be 10 edits apart.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations of one of the sequences; see Notes.
    both_strands : bool, default=False
        Compare with the reverse complement too, and take the lesser distance. For nucleotides only:
        any other character raises a ValueError that names its index and position.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal. "auto": upper and lower case are equal, U equals T if every letter of `X`
        is an IUPAC nucleotide code, and every other character equals itself only. A name or an
        :class:`~skseed.alphabets.Alphabet`: every letter must belong to it, and all its ambiguity letters are
        equal. None: only equal characters are equal.
    n_jobs : int, default=None
        The number of blocks computed at once; None is 1 unless in a ``joblib.parallel_config``
        context, -1 is one for each processor.

    Returns
    -------
    graph : csr_array of shape (n_sequences, n_sequences), dtype int64
        The edits between row and column where they are within the cut-off, in both triangles and
        with sorted indices. The diagonal is not stored. Equal sequences are neighbours at a
        distance of 0, which is *stored*: count neighbours with ``graph.nnz`` or
        ``np.diff(graph.indptr)``, never with ``graph > 0``, and keep away from
        ``graph.eliminate_zeros()``.

    Raises
    ------
    ValueError
        If the work would take more than 48 hours on the workers that there are, before any work.
    MemoryError
        If the pairs found need more than a sixth of the memory of the machine.

    See Also
    --------
    sklearn.neighbors.radius_neighbors_graph : The same form of answer for points in space.
    levenshtein_groups : Connected components of this graph.

    Notes
    -----
    Pairs are dropped by the difference of their lengths, then where they share too few words of q
    letters for so few edits [1]_, and at last by their distance. The first two are bounds, so *no pair is
    missed*. The filter works while an edit in every q letters is more than the cut-off allows, up
    to about 12 % for DNA; beyond, every pair is compared. The plan is logged by the logger "skseed"
    at level INFO before work.

    *Circular sequences.* The distance is the least over all rotations (and strands). Trying all would
    be a thousand times dearer, so longer circles are cut open only where they share an exact run of at
    least 16 symbols, at the start of each such run. Let n be the longer length and d the limit. If n is
    at most 512, all rotations are tried; if d is at most n / 17, a run that good alignments contain must
    exist and all that are long enough are tried: in both cases *no pair is missed and distances are
    exact*. Otherwise the edits are estimated first from the words of 10 symbols that the two share, in
    blocks of 320, and pairs estimated at more than 1.1 d are dropped; of the others up to 8 of the longest
    runs are tried (and where d is more than n / 3, the first rotations in alphabetical order too). A pair
    that is reported is within the cut-off, but its distance is an upper bound. A pair could be missed whose
    alignments contain none of these runs, or whose edits are spread so evenly over a third of the symbols
    that the estimate is too high; where edits come in clusters, as in plasmids, it is too low. Results
    do not depend on where or on which strand a sequence was cut open.

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
    """
    spelling = Spelling(topology, both_strands)
    unique, inverse = spelling.distinct(
        texts_of(X, alphabet=alphabet, topology=topology, both_strands=both_strands)
    )
    found = [(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64))]
    n_bytes, most = 0, available_memory() / 6
    for block in spelling.pairs(unique, Cutoff(max_distance), n_jobs=n_jobs):
        found.append(block)
        n_bytes += sum(part.nbytes for part in block)
        if n_bytes > most:
            raise MemoryError(
                f"More than {sum(len(part[0]) for part in found):,} pairs are within "
                f"max_distance={max_distance}; lower it, or use levenshtein_groups, which holds no pairs."
            )
    first, second, edits = (np.concatenate([block[part] for block in found]) for part in range(3))
    if len(unique) < len(inverse):
        first, second, edits = _spread(first, second, edits, inverse)
    return _symmetric(first, second, edits, len(inverse))


def _spread(
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    edits: npt.NDArray[np.int64],
    inverse: npt.NDArray[np.intp],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    """Give the pairs of different sequences to all their copies, and join the copies at distance 0."""
    copies = np.argsort(inverse, kind="stable")
    counts = np.bincount(inverse)
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    itself = np.arange(len(counts))
    first, second = np.concatenate([first, itself]), np.concatenate([second, itself])
    edits = np.concatenate([edits, np.zeros(len(counts), dtype=np.int64)])
    widths = counts[second]
    n_copies = counts[first] * widths
    pair = np.repeat(np.arange(len(first)), n_copies)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(n_copies) - n_copies, n_copies)
    one = copies[starts[first[pair]] + within // widths[pair]]
    other = copies[starts[second[pair]] + within % widths[pair]]
    once = (first[pair] != second[pair]) | (one < other)
    return one[once], other[once], edits[pair[once]]


def _symmetric(
    first: npt.NDArray[np.intp], second: npt.NDArray[np.intp], edits: npt.NDArray[np.int64], n: int
) -> csr_array:
    # built by hand: converting from coordinates would be free to drop the stored zeros one day
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((columns, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
    index_type = np.int32 if max(n, len(rows)) <= np.iinfo(np.int32).max else np.int64
    graph = csr_array(
        (np.concatenate([edits, edits])[order], columns[order].astype(index_type), indptr.astype(index_type)),
        shape=(n, n),
    )
    graph.has_sorted_indices = True
    return graph
