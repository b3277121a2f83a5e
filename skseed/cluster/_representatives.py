"""The medoid and a consensus string of each cluster."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from skseed._constraints import ALPHABET_OF_DISTANCES, VERBOSE
from skseed._progress import show_progress, track
from skseed._sequences import Sequences, as_sequences
from skseed._sklearn import validate_params
from skseed._validation import check_labels, check_sequences
from skseed.alphabets import Alphabet
from skseed.cluster._consensus import distance_sums, improved_string, majority_string, medoid


@validate_params(
    {
        "X": "no_validation",
        "labels": "no_validation",
        "alphabet": ALPHABET_OF_DISTANCES,
        "n_jobs": [Integral, None],
        "verbose": VERBOSE,
    },
    prefer_skip_nested_validation=True,
)
def cluster_representatives(
    X: Any,
    labels: Any,
    *,
    alphabet: str | Alphabet | None = "auto",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Return the medoid and a consensus string of each cluster.

    The medoid is the member with the least mean edit distance to all members. The consensus is a string that
    may equal no member, with a mean distance that is at most as large. Use the medoid where a real
    sequence is needed, and the consensus to remove errors of reads. The members should be full-length copies
    of one molecule: a consensus of fragments, or of different strands, has no meaning.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,)
        Sequences.
    labels : array-like of shape (n_sequences,)
        The cluster of each sequence, of any clusterer. The number -1 marks noise, as in
        :class:`~sklearn.cluster.HDBSCAN`, and gets no representative.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal, as in :func:`~skseed.distances.levenshtein_distances`.
    n_jobs : int, default=None
        The number of blocks of distances that are computed at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Returns
    -------
    representatives : Bunch
        With one entry for each cluster in each of the attributes

        labels : ndarray of shape (n_clusters,)
            The labels, sorted.
        medoid_indices : ndarray of shape (n_clusters,), dtype int64
            The index of the medoid in `X`; the first one if there are several.
        medoids : list of str
            The medoids, as in `X`.
        consensus : list of str
            The consensus strings, in upper case unless `alphabet` is None.
        counts : ndarray of shape (n_clusters,), dtype int64
            The number of members.
        medoid_distances, majority_distances, consensus_distances : ndarray of shape (n_clusters,)
            The mean edit distance of the members to the medoid, to the majority vote, and to the consensus,
            in edits. The majority vote is that of the columns of a star alignment to the medoid.

    Raises
    ------
    ValueError
        If `labels` has another length than `X`, a label is missing, or a letter does not belong to
        `alphabet`.

    See Also
    --------
    SequenceLinkage : Makes clusters.
    skseed.distances.levenshtein_groups : Makes groups with a guaranteed distance.

    Notes
    -----
    The medoid is exact. Rows of the distance matrix are skipped if the triangle inequality shows that their
    sequence cannot be the medoid [1]_.

    The string with the least sum of distances is hard to compute [2]_, so the consensus is a local optimum.
    The search starts from the better one of the medoid and the majority vote. In each round, the alignments
    of the members to the current string vote for edits, as in [3]_; the 32 edits with most votes are tried,
    and those that lower the exact sum of distances are applied. It ends when none does. In clusters of more
    than 500 distinct sequences, 500 of them vote.

    References
    ----------
    .. [1] J. Newling, F. Fleuret, "A sub-quadratic exact medoid algorithm", AISTATS 2017, PMLR 54, 185-193.
    .. [2] C. de la Higuera, F. Casacuberta, "Topology of strings: median string is NP-complete", Theoretical
       Computer Science 230, 39-48, 2000. :doi:`10.1016/S0304-3975(97)00240-5`
    .. [3] P. Mirabal, J. Abreu, D. Seco, "Assessing the best edit in perturbation-based iterative refinement
       algorithms to compute the median string", Pattern Recognition Letters 120, 104-111, 2019.
       :doi:`10.1016/j.patrec.2019.02.004`

    Examples
    --------
    >>> from skseed.cluster import cluster_representatives
    >>> reads = ["GATTACGTC", "GATTTCAGTC", "GTTACAGTC", "CCGCGG", "CCGCGC"]
    >>> found = cluster_representatives(reads, [0, 0, 0, 1, 1])
    >>> found.medoids
    ['GATTACGTC', 'CCGCGG']
    >>> found.consensus
    ['GATTACAGTC', 'CCGCGG']
    >>> found.medoid_distances, found.consensus_distances
    (array([1.33333333, 0.5       ]), array([1. , 0.5]))
    """
    strings = check_sequences(X)
    names = check_labels(labels, name="labels")
    if len(names) != len(strings):
        raise ValueError(f"labels has {len(names)} labels, but X has {len(strings)} sequences.")
    sequences = as_sequences(strings, alphabet=alphabet)
    distinct, numbers = np.unique(names, return_inverse=True)
    is_noise = distinct == -1 if distinct.dtype.kind in "if" else np.zeros(len(distinct), dtype=bool)
    kept = np.flatnonzero(~is_noise)
    sizes = np.bincount(numbers)[kept].tolist()
    with show_progress(verbose, "cluster_representatives"):
        tracked = track(kept, sum(sizes), "sequences", sizes=sizes)
        results = [_represent(sequences, np.flatnonzero(numbers == number), n_jobs) for number in tracked]
    indices, consensus, counts, sums = zip(*results, strict=True) if results else ((), (), (), ())
    means = np.array(sums, dtype=np.float64).reshape(-1, 3) / np.array(counts, dtype=np.float64)[:, None]
    return Bunch(
        labels=distinct[kept],
        medoid_indices=np.array(indices, dtype=np.int64),
        medoids=[strings[index] for index in indices],
        consensus=list(consensus),
        counts=np.array(counts, dtype=np.int64),
        medoid_distances=means[:, 0],
        majority_distances=means[:, 1],
        consensus_distances=means[:, 2],
    )


def _represent(
    sequences: Sequences, members: npt.NDArray[np.intp], n_jobs: int | None
) -> tuple[int, str, int, tuple[int, int, int]]:
    """Return the index of the medoid, the consensus, the number of members and three sums of distances."""
    unique, inverse = sequences.take(members).unique()
    counts = np.bincount(inverse)
    place, medoid_sum = medoid(unique, counts, n_jobs)
    index = int(members[np.argmax(inverse == place)])
    keys = unique.keys()
    majority = majority_string(keys[place], keys, counts)
    majority_sum = int(distance_sums([majority], keys, counts)[0])
    start = majority if majority_sum < medoid_sum else keys[place]
    best, best_sum = improved_string(start, keys, counts)
    codes = (
        np.frombuffer(best, dtype=np.uint8)
        if isinstance(best, bytes)
        else np.frombuffer(best.encode("utf-32-le", errors="surrogatepass"), dtype="<u4").astype(np.uint32)
    )
    return index, unique.alphabet.decode(codes), len(members), (medoid_sum, majority_sum, best_sum)
