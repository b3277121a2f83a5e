"""The lab of origin by evidence of several kinds, weighed as held-out plasmids teach."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.model_selection import GroupKFold
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skseed._sklearn import Interval, _fit_context
from skseed._validation import number_groups
from skseed.preprocessing._kmer_sketches import Hashes
from skseed.ranking._conditional_logit import Candidates, fit_conditional_logit
from skseed.ranking._kmer_counts import index_kmers, known_kmers
from skseed.ranking._lab_evidence import PLAIN_VOTE, LabEvidence, Plasmids, blocks_of, evidence_names
from skseed.ranking._plasmid_ranker import PlasmidRanker

# a few dozen weights are learnt well from some thousand plasmids
_QUESTIONS = 6000
# labs beside the right one that it is compared with: the best by vote, and others drawn by chance
_BEST, _DRAWN = 48, 48
# the pull towards the vote, which some hundred held-out plasmids outweigh
_PRIOR_STRENGTH = 200.0


class EvidenceLabRanker(PlasmidRanker):
    """Rank the labs that may have engineered a plasmid, by several kinds of evidence at once.

    A shared k-mer that one lab only has, many that dozens have, the nearest single plasmid, the usual
    length, the metadata: each tells a part. Their weights are learnt by a conditional logit from plasmids
    held out of the training data, in a way that mimics use: with `groups`, no relative of such a plasmid
    helps to rank it. It ranks better than :class:`KmerLabRanker` for a few times its cost, and its
    probabilities are those of held-out plasmids. Take the plain vote where labs have too few plasmids to
    hold some out, or a minute counts.

    Parameters
    ----------
    k : int, default=16
        Letters in a k-mer, at most 31. Shorter than in :class:`KmerLabRanker`: the weights discount what is
        shared by chance.
    fraction : float, default=0.125
        The share of the k-mers that is looked at, in (0, 1]; time and memory are proportional to it.
        Raise it for sequences of a few hundred letters.
    topology : {"circular", "linear"}, default="circular"
        Whether the k-mers over the end of a sequence count.
    n_metadata : int, default=0
        How many columns of X, the last ones, are binary metadata. X is then a table whose first column is
        the sequence.
    n_splits : int, default=5
        Into how many parts the training data are split, each of which is held out once.
    random_state : int, RandomState instance or None, default=None
        Controls the parts, which 6,000 held-out plasmids at most are looked at, and the labs
        that theirs are compared with.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted.
    lab_counts_ : ndarray of shape (n_labs,)
        How many sequences of each lab were learnt.
    coef_ : ndarray of shape (n_evidence,)
        The weight of each piece of evidence in the score.
    evidence_names_ : list of str of length n_evidence
        What each piece is.
    n_features_in_ : int
        The number of columns seen in `fit`; only with metadata.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X was a table with names; only with metadata.

    See Also
    --------
    KmerLabRanker : The vote alone, for the smallest cost.
    TripletLabRanker : Learns an embedding of plasmids and labs.

    Notes
    -----
    K-mers are sketched as in :class:`KmerLabRanker`. The evidence for lab l is: the vote in which a k-mer
    counts for each lab that has it; three votes in which it counts for each group that has it, where the
    k-mers of the same labs are a part, and count as many as they are, as the root of that, or as one; the
    part of the query's k-mers that l has and 0, 1-3, 4-17, 18-99 or more other labs; the nearest
    plasmid of l by cosine, by the covered part of the query and by Jaccard index, k-mers being
    weighed by their rarity; the number of its groups; how usual the query's length is for it; naive
    Bayes on the metadata, and how many plasmids of l have metadata alike. A share stands thrice, as it
    is, as a logarithm and relative to the best lab's, since the score is a weighted sum. The weights
    minimise the log-loss of the right labs [1]_. They are drawn to those of the vote by labs alone, and stay
    there where no lab has plasmids in two groups, so that nothing can be held out.

    `enroll` adds evidence and leaves the weights as they are. `predict_proba` is the softmax of the scores.
    It is calibrated for plasmids that are to the training data as the held-out ones were: without `groups`,
    for near copies.

    A fit on 32,000 plasmids of 6,000 letters takes a minute and a half on one core and about 2 GB.

    References
    ----------
    .. [1] D. McFadden, "Conditional logit analysis of qualitative choice behavior", in: P. Zarembka (ed.),
       Frontiers in Econometrics, Academic Press, 1974, 105-142.

    Examples
    --------
    >>> from skseed.datasets import make_plasmids
    >>> from skseed.ranking import EvidenceLabRanker
    >>> plasmids = make_plasmids(120, 6, n_publications=4, return_X_y=False, random_state=0)
    >>> ranker = EvidenceLabRanker(random_state=0)
    >>> ranker.fit(plasmids.data, plasmids.target, groups=plasmids.groups).rank(plasmids.data[:2], k=3).shape
    (2, 3)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PlasmidRanker._parameter_constraints,
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        k: int = 16,
        *,
        fraction: float = 0.125,
        topology: str = "circular",
        n_metadata: int = 0,
        n_splits: int = 5,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.k = k
        self.fraction = fraction
        self.topology = topology
        self.n_metadata = n_metadata
        self.n_splits = n_splits
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Learn the library of plasmids and the weights of the evidence.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            DNA sequences, with metadata in further columns.
        y : array-like of shape (n_samples,)
            The lab of each.
        groups : array-like of shape (n_samples,), default=None
            What a plasmid to be ranked will not share with the training data, such as the publication or
            the number of a :func:`~skseed.distances.levenshtein_groups`. Each group is held out whole, and
            votes once for its lab. None: every plasmid is a group of its own.

        Returns
        -------
        self : EvidenceLabRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If a letter is foreign to DNA, metadata is neither 0 nor 1, a group is missing (the message
            names the place), or `y` holds a single lab.
        """
        sequences, metadata = self._read(X, reset=True)
        classes, targets = self._first_labs(y, sequences)
        groups = number_groups(groups, sequences)
        rng = check_random_state(self.random_state)
        sketches = self._sketch(sequences)
        hashes, kmers = index_kmers(sketches)
        library = Plasmids(kmers, np.diff(sketches.indptr), _lengths(sequences), metadata)
        candidates = self._hold_out(library, targets, groups, len(classes), rng)
        names = evidence_names(self.n_metadata)
        coef = np.array([float(name == PLAIN_VOTE) for name in names])
        if len(candidates.offset):
            coef = fit_conditional_logit(candidates, coef, strength=_PRIOR_STRENGTH)
        self._learn(classes, targets, groups, hashes, library)
        self.evidence_names_ = names
        self.coef_ = coef
        return self

    def enroll(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Learn further sequences, of known labs or of new ones, and leave the weights as they are.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            As in `fit`.
        y : array-like of shape (n_samples,)
            The lab of each.
        groups : array-like of shape (n_samples,), default=None
            As in `fit`, but none of them is taken for a group that is known already.

        Returns
        -------
        self : EvidenceLabRanker
            The ranker, `classes_` with the new labs in their places.

        Raises
        ------
        ValueError
            If X or `groups` is not as in `fit`, or `y` holds names where `classes_` holds numbers or the
            reverse.
        """
        check_is_fitted(self)
        sequences, metadata = self._read(X, reset=False)
        classes, targets, places = self._further_labs(y, sequences)
        groups = number_groups(groups, sequences) + self._groups.max() + 1
        sketches = self._sketch(sequences)
        hashes = np.union1d(self._hashes, sketches.hashes)
        old = self._library
        moved = np.searchsorted(hashes, self._hashes).astype(np.int32)[old.kmers.indices]
        kmers = sparse.csr_matrix(
            (old.kmers.data, moved, old.kmers.indptr), shape=(old.kmers.shape[0], len(hashes))
        )
        library = Plasmids(
            sparse.vstack([kmers, known_kmers(sketches, hashes)], format="csr"),
            np.concatenate([old.sizes, np.diff(sketches.indptr)]),
            np.concatenate([old.lengths, _lengths(sequences)]),
            np.concatenate([old.metadata, metadata]),
        )
        targets = np.concatenate([places[self._targets], targets])
        self._learn(classes, targets, np.concatenate([self._groups, groups]), hashes, library)
        return self

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        sequences, metadata = self._read(X, reset=False)
        sketches = self._sketch(sequences)
        queries = Plasmids(
            known_kmers(sketches, self._hashes), np.diff(sketches.indptr), _lengths(sequences), metadata
        )
        # numpy's own loops, since the product of a matrix may round by the number of threads
        return np.concatenate(
            [
                np.einsum("qle,e->ql", self._evidence.about(queries[rows]), self.coef_)
                for rows in blocks_of(len(sequences))
            ]
        )

    def _hold_out(
        self,
        library: Plasmids,
        targets: npt.NDArray[np.intp],
        groups: npt.NDArray[np.intp],
        n_labs: int,
        rng: np.random.RandomState,
    ) -> Candidates:
        """Return the evidence about plasmids whose groups, one part after the other, were left out."""
        n_groups = int(groups.max()) + 1
        evidence = [np.zeros((0, 1, 1), dtype=np.float32)]
        offsets = [np.zeros((0, 1))]
        if n_groups > 1:
            splitter = GroupKFold(min(self.n_splits, n_groups), shuffle=True, random_state=rng)
            asked = rng.permutation(len(targets)) < _QUESTIONS
            for train, rest in splitter.split(targets, groups=groups):
                present = np.bincount(targets[train], minlength=n_labs) > 0
                rest = rest[present[targets[rest]] & asked[rest]]
                known = LabEvidence(library[train], targets[train], groups[train], n_labs)
                for rows in blocks_of(len(rest)):
                    about = known.about(library[rest[rows]])
                    chosen, offset = _choose(about[:, :, 0], targets[rest[rows]], present, rng)
                    evidence.append(np.take_along_axis(about, chosen[:, :, None], axis=1))
                    offsets.append(offset)
        if len(evidence) > 1:
            evidence, offsets = evidence[1:], offsets[1:]
        return Candidates(np.concatenate(evidence), np.concatenate(offsets))

    def _learn(
        self,
        classes: npt.NDArray[Any],
        targets: npt.NDArray[np.integer],
        groups: npt.NDArray[np.integer],
        hashes: Hashes,
        library: Plasmids,
    ) -> None:
        self._evidence = LabEvidence(library, targets, groups, len(classes))
        self._targets, self._groups, self._hashes, self._library = targets, groups, hashes, library
        self.lab_counts_ = np.bincount(targets, minlength=len(classes))
        self.classes_ = classes


def _lengths(sequences: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    return np.array([len(sequence) for sequence in sequences], dtype=np.int64)


def _choose(
    votes: npt.NDArray[np.float32],
    targets: npt.NDArray[np.integer],
    present: npt.NDArray[np.bool_],
    rng: np.random.RandomState,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the labs that each right one is compared with, itself first, and the logarithm of their weights.

    These are the best ones by vote, and some of the others, which stand for all of these. A lab without
    plasmids has minus infinity.
    """
    n_queries, n_labs = votes.shape
    rows = np.arange(n_queries)[:, None]
    order = np.argsort(-votes, axis=1, kind="stable")
    # the right lab goes first, the others keep their order
    order = np.concatenate(
        [targets[:, None], order[order != targets[:, None]].reshape(n_queries, -1)], axis=1
    )
    offset = np.where(present[order], 0.0, -np.inf)
    n_others = n_labs - 1 - _BEST
    if n_others > _DRAWN:
        drawn = 1 + _BEST + rng.randint(n_others, size=(n_queries, _DRAWN))
        places = np.concatenate([np.tile(np.arange(1 + _BEST), (n_queries, 1)), drawn], axis=1)
        order, offset = order[rows, places], offset[rows, places]
        offset[:, 1 + _BEST :] += np.log(n_others / _DRAWN)
    return order, offset
