"""Groups of sequences that no chain of close pairs joins to another group."""

import logging
from dataclasses import replace
from numbers import Integral
from typing import Any, Literal

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array

from skseed._constraints import ALPHABET_OF_DISTANCES, MAX_DISTANCE, TOPOLOGY, VERBOSE
from skseed._parallel import run_blocks, worth_processes
from skseed._progress import show_progress, track
from skseed._sequences import Sequences, Topology, as_sequences
from skseed._sklearn import StrOptions, validate_params
from skseed._validation import check_labels
from skseed.alphabets import Alphabet
from skseed.distances._blocks import Cutoff
from skseed.distances._close_pairs import close_pairs, connected_components, most_seconds, unique_forms

logger = logging.getLogger("skseed")

Linkage = Literal["single", "leader"]


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
        "verbose": VERBOSE,
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
    verbose: int = 0,
) -> npt.NDArray[np.int64]:
    """Group sequences by chains of pairs within a cut-off of the edit distance.

    Two sequences within the cut-off are in one group, and so are all sequences that a chain of such pairs
    joins. Sequences of two groups are always farther apart than the cut-off, so that whole groups can go to
    training or to test without a leak. Chains may join distant sequences: use these groups for splitting, and
    a tree of average linkage to describe families.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,)
        Sequences.
    max_distance : int or float
        The largest distance that joins two sequences: a number of edits (int, at least 0), or a fraction of
        the longer of the two lengths (float between 0 and 1).
    y : array-like of shape (n_sequences,), default=None
        Labels. If given, only sequences of one label are joined, so that groups of different labels may be
        close or even equal.
    linkage : {"single", "leader"}, default="single"
        How pairs become groups. "leader" is the greedy rule of [1]_: the next sequence without a group, in
        the order of `X`, opens a group, which all close sequences without a group join. Its groups are
        smaller, but two of them may be close: use it for comparison only.
    topology : {"linear", "circular"}, default="linear"
        "circular" takes the least distance over all rotations. Use it for plasmids, whose files start at an
        arbitrary position; see Notes.
    both_strands : bool, default=False
        Compare with the reverse complement too, and take the lesser distance. For nucleotides only: any other
        character raises a ValueError that names its index and position.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet or None, default="auto"
        Which characters are equal. "auto": upper and lower case are equal, U equals T if every letter of `X`
        is an IUPAC nucleotide code, and every other character equals itself only. A name or an
        :class:`~skseed.alphabets.Alphabet`: every letter must belong to it, and all its ambiguity letters are
        equal. None: only equal characters are equal.
    n_jobs : int, default=None
        The number of blocks or labels that are computed at the same time. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor. Work of a few seconds starts no
        processes.
    verbose : int, default=0
        Whether to print the progress on standard error.

    Returns
    -------
    groups : ndarray of shape (n_sequences,), dtype int64
        The number of the group of each sequence; groups are numbered by their first sequence.

    Raises
    ------
    ValueError
        If the work would take more than 48 hours on the available workers, before any work; if a letter does
        not belong to `alphabet`; if a label is missing or of another type than the first label.

    See Also
    --------
    skseed.model_selection.LevenshteinGroupKFold : Cross-validation with these groups.
    levenshtein_neighbors : The pairs, and how they are found.

    Notes
    -----
    The groups of linear sequences are exact: the filters of `levenshtein_neighbors` miss no pair. The groups
    of circular sequences are exact under the conditions given there. Pairs that are in one group already are
    not compared, and neither are pairs of different labels.

    In large jobs, native code counts shared q-grams and aligns several pairs per instruction, in a diagonal
    band as wide as the cut-off.

    Memory is that of the sequences, one packed row of at most 1 KiB for each sequence, and 50 MB for each
    block that is computed; up to 0.3 GB for each block of circular sequences.

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
    sequences = replace(as_sequences(X, alphabet=alphabet, topology=topology), topology=topology)
    cutoff = Cutoff(max_distance)
    labels = None if y is None else check_labels(y)
    if labels is not None and len(labels) != len(sequences):
        raise ValueError(f"y has {len(labels)} labels, but X has {len(sequences)} sequences.")
    with show_progress(verbose, "levenshtein_groups"):
        if labels is None:
            groups = _groups(sequences, cutoff, linkage, both_strands, n_jobs)
        else:
            groups = _groups_within_labels(sequences, labels, cutoff, linkage, both_strands, n_jobs)
    # number the groups by their first sequence
    return pd.factorize(groups)[0].astype(np.int64, copy=False)


def _groups_within_labels(
    sequences: Sequences,
    labels: npt.NDArray[Any],
    cutoff: Cutoff,
    linkage: Linkage,
    both_strands: bool,
    n_jobs: int | None,
) -> npt.NDArray[np.int64]:
    """Return a number for the group of each sequence; groups of different labels have different numbers."""
    codes = pd.factorize(labels)[0]
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    # large labels first, so that no process runs alone at the end
    members.sort(key=len, reverse=True)
    several = [label for label in members if len(label) > 1]
    seconds = sum(most_seconds(sequences.lengths[label], cutoff, sequences.topology) for label in several)
    logger.info(
        "Groups are made within %d labels, the largest of %d sequences.", len(members), len(members[0])
    )
    numbers = run_blocks(
        (
            joblib.delayed(_groups)(sequences.take(label), cutoff, linkage, both_strands, None)
            for label in several
        ),
        n_jobs=worth_processes(seconds, n_jobs),
        prefer="processes",
        ordered=True,
    )
    groups = np.arange(len(sequences), dtype=np.int64)
    sizes = [len(label) * (len(label) - 1) // 2 for label in several]
    tracked = track(numbers, sum(sizes), "pairs of sequences of one label", sizes=sizes)
    for label, number in zip(several, tracked, strict=True):
        # the number of a group is the index of one of its members
        groups[label] = label[number]
    return groups


def _groups(
    sequences: Sequences, cutoff: Cutoff, linkage: Linkage, both_strands: bool, n_jobs: int | None
) -> npt.NDArray[np.intp]:
    """Return a number below `n_sequences` for the group of each sequence."""
    unique, inverse = unique_forms(sequences, both_strands=both_strands)
    if linkage == "single":
        return connected_components(unique, cutoff, both_strands=both_strands, n_jobs=n_jobs)[inverse]
    first, second, _ = close_pairs(unique, cutoff, both_strands=both_strands, n_jobs=n_jobs)
    ends = np.concatenate([first, second]), np.concatenate([second, first])
    close = coo_array((np.ones(len(ends[0]), dtype=bool), ends), shape=(len(unique), len(unique))).tocsr()
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
