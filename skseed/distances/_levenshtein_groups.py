"""Groups of sequences that no short chain of edits joins to another group."""

import logging
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import joblib
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

from skseed._constraints import ALPHABET_OF_DISTANCES
from skseed._sklearn import StrOptions, validate_params
from skseed.alphabets import Alphabet
from skseed.distances._components import Components
from skseed.distances._cutoff import MAX_DISTANCE, Cutoff
from skseed.distances._spellings import TOPOLOGY, Spelling, Topology, texts_of

logger = logging.getLogger("skseed")


@validate_params(
    {
        "X": "no_validation",
        "max_distance": MAX_DISTANCE,
        "y": "no_validation",
        "linkage": [StrOptions({"single", "leader"})],
        "topology": TOPOLOGY,
        "both_strands": ["boolean"],
        "alphabet": ALPHABET_OF_DISTANCES,
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def levenshtein_groups(
    X: Any,
    max_distance: int | float,
    *,
    y: Any = None,
    linkage: Literal["single", "leader"] = "single",
    topology: Topology = "linear",
    both_strands: bool = False,
    alphabet: str | Alphabet | None = "auto",
    n_jobs: int | None = None,
) -> npt.NDArray[np.int64]:
    """Group sequences that lie within a cut-off of the edit distance.

    Two sequences within the cut-off are in one group, and so are all that a chain of such pairs
    joins. Whole groups can go to training or to test without a leak: sequences of two groups are
    always farther apart than the cut-off. Chains may join distant sequences, so these groups are
    made for splitting, not for describing families; for that, cut a tree of average linkage.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,)
        Sequences.
    max_distance : int or float
        The largest distance that joins two sequences: a number of edits (int, at least 0), or a
        fraction of the longer of the two lengths (float between 0 and 1).
    y : array-like of shape (n_sequences,), default=None
        Labels. Where given, only sequences of one label are joined, so that groups of different
        labels may be close or even equal.
    linkage : {"single", "leader"}, default="single"
        How pairs become groups. "leader" is the greedy rule of [1]_: the next sequence without a
        group, in the order of `X`, opens one, which all sequences without a group and close to it join.
        Its groups are smaller, but two of them may be close: take it for comparison only.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations, for plasmids, whose files are cut open
        anywhere; see Notes.
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
    groups : ndarray of shape (n_sequences,), dtype int64
        The number of each sequence's group; groups are numbered by their first sequence.

    Raises
    ------
    ValueError
        If the work would take more than 48 hours on the workers that there are, before any work.

    See Also
    --------
    skseed.model_selection.LevenshteinGroupKFold : Cross-validation with these groups.
    levenshtein_neighbors : The pairs themselves, and how they are found.

    Notes
    -----
    The groups of linear sequences are exact: the filters of `levenshtein_neighbors` miss no pair.
    Pairs that are in one group already are not compared. Those of circular sequences are exact under
    the conditions given there. Distances between labels are never computed where `y` is given.

    Memory is that of the sequences, one packed row of at most 1 KiB for each, and 50 MB for each
    block at work; up to 0.3 GB for each block at work where the topology is circular.

    References
    ----------
    .. [1] I. M. Soares et al., "Improving lab-of-origin prediction of genetically engineered plasmids
       via deep metric learning", Nature Computational Science 2, 253-264, 2022.
       :doi:`10.1038/s43588-022-00234-z`

    Examples
    --------
    >>> from skseed.distances import levenshtein_groups
    >>> genes = ["GATTACA", "GATTAC", "CCGCGG", "GATAC", "CCGCG"]
    >>> levenshtein_groups(genes, max_distance=1)
    array([0, 0, 1, 0, 1])
    >>> levenshtein_groups(genes, max_distance=1, y=["a", "a", "a", "b", "a"])
    array([0, 0, 1, 2, 1])
    """
    sequences = texts_of(X, alphabet=alphabet, topology=topology, both_strands=both_strands)
    grouper = _Grouper(Cutoff(max_distance), Spelling(topology, both_strands), linkage)
    if y is None:
        return first_come(grouper.groups(sequences, n_jobs))
    labels = np.asarray(y)
    if labels.shape != (len(sequences),):
        raise ValueError(
            f"y must hold one label for each of the {len(sequences)} sequences; got shape {labels.shape}."
        )
    codes = np.unique(labels, return_inverse=True)[1]
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    # large labels first, so that no process is left alone with one at the end
    members.sort(key=len, reverse=True)
    logger.info(
        "Groups are made inside %d labels, the largest of %d sequences.", len(members), len(members[0])
    )
    inside = joblib.Parallel(n_jobs=n_jobs, prefer="processes")(
        joblib.delayed(grouper.groups)(sequences[label]) for label in members if len(label) > 1
    )
    groups = np.arange(len(sequences), dtype=np.int64)
    for label, numbers in zip(members, inside, strict=False):
        # a group bears the index of one of its members, so those of two labels never meet
        groups[label] = label[numbers]
    return first_come(groups)


def first_come(groups: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Number groups by the position of their first member.

    Parameters
    ----------
    groups : ndarray of int of shape (n_sequences,)
        Any numbers for groups.

    Returns
    -------
    groups : ndarray of shape (n_sequences,), dtype int64
        The same partition with the numbers 0, 1, ….
    """
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


@dataclass(frozen=True)
class _Grouper:
    cutoff: Cutoff
    spelling: Spelling
    linkage: Literal["single", "leader"]

    def groups(self, sequences: npt.NDArray[np.object_], n_jobs: int | None = None) -> npt.NDArray[np.intp]:
        """Return a number below the number of sequences for the group of each."""
        unique, inverse = self.spelling.distinct(sequences)
        if self.linkage == "single":
            components = Components(len(unique))
            for _ in self.spelling.pairs(unique, self.cutoff, components=components, n_jobs=n_jobs):
                pass  # the components grow as the pairs come
            return components.find(inverse)
        close = coo_array((len(unique), len(unique)), dtype=bool).tocsr()
        for first, second, _ in self.spelling.pairs(unique, self.cutoff, n_jobs=n_jobs):
            ones = np.ones(2 * len(first), dtype=bool)
            places = (np.concatenate([first, second]), np.concatenate([second, first]))
            close += coo_array((ones, places), shape=close.shape).tocsr()
        return _leaders(close)[inverse]


def _leaders(close: csr_array) -> npt.NDArray[np.intp]:
    """Return for each sequence the first one that is close and no member of an earlier group."""
    leaders = np.full(close.shape[0], -1, dtype=np.intp)
    for leader in range(len(leaders)):
        if leaders[leader] < 0:
            near = close.indices[close.indptr[leader] : close.indptr[leader + 1]]
            leaders[near[leaders[near] < 0]] = leader
            leaders[leader] = leader
    return leaders
