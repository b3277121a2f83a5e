"""Rank labs by a conditional logit on features from votes, the nearest sequence, a network and metadata."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._constraints import VERBOSE
from skseed._progress import reports_progress
from skseed._sequences import Topology
from skseed._sklearn import Interval, _fit_context
from skseed.ranking._base import Scores
from skseed.ranking._color_classes import ColorClasses
from skseed.ranking._conditional_logit import Candidates, fit_conditional_logit
from skseed.ranking._evidence_model import EvidenceModel, evidence_names, train_network
from skseed.ranking._hold_out import HeldOut, hold_out
from skseed.ranking._kmer_explanation_mixin import KmerExplanationMixin
from skseed.ranking._kmer_ranker import KmerRanker
from skseed.ranking._lab_features import LAB_VOTE

# the prior on the plain vote; some hundred held-out sequences outweigh it
_PRIOR_STRENGTH = 200.0


class EvidenceLabRanker(KmerExplanationMixin, KmerRanker):
    """Rank the labs that may have engineered a plasmid by learned weights of several features.

    The features of a lab are votes of shared k-mers, the similarity of its nearest plasmid, the usual length
    of its plasmids, metadata, and the probability of a small network on common k-mers. A conditional logit
    learns their weights from held-out plasmids. With `groups`, no relative of a held-out plasmid helps to
    rank it, as in use. The ranker is more accurate than :class:`KmerLabRanker`, at twenty times the cost of
    `fit` and five times that of a query. Its probabilities are those of held-out plasmids. Use the plain vote
    where labs have too few plasmids to hold some out, or where minutes count.

    Parameters
    ----------
    k : int, default=16
        Letters in a k-mer, at most 31. It is smaller than in :class:`KmerLabRanker` because the weights
        discount k-mers that are shared by chance.
    fraction : float, default=0.125
        The share of the k-mers that is used, in (0, 1]. Time and memory are proportional to it. Raise it
        for sequences of a few hundred letters.
    topology : {"circular", "linear"}, default="circular"
        Whether the k-mers over the end of a sequence count.
    n_metadata : int, default=0
        The number of columns of X, the last ones, that are binary metadata. If it is not 0, X is a table
        whose first column is the sequence.
    network : bool, default=True
        Whether :class:`KmerNetworkLabRanker` is trained as a feature. It takes most of the time of `fit`.
    n_splits : int, default=5
        The number of folds of the training data. Folds are held out one after the other until 6,000 plasmids
        are ranked.
    verbose : int, default=0
        Whether to print the progress on standard error.
    random_state : int, RandomState instance or None, default=None
        Controls the folds, the choice of held-out and enrolled plasmids, the wrong labs that the true labs
        are compared with, and the network.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted.
    lab_counts_ : ndarray of shape (n_labs,)
        The number of known sequences of each lab.
    coef_ : ndarray of shape (n_logit_features,)
        The weights of the features of the conditional logit.
    enrolled_coef_ : ndarray of shape (n_logit_features,)
        The weights for labs that `enroll` adds, of which the network has seen no plasmid.
    logit_feature_names_ : list of str of length n_logit_features
        The names of these features, in the order of `coef_`.
    n_features_in_ : int
        The number of columns seen in `fit`; only with metadata.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns, if X was a table with names; only with metadata.

    See Also
    --------
    KmerLabRanker : The vote alone, at the smallest cost.
    KmerNetworkLabRanker : The network alone.
    TripletLabRanker : Learns an embedding of plasmids and labs.

    Notes
    -----
    K-mers are sketched as in :class:`KmerLabRanker`. K-mers shared by exactly the same labs are a color
    class. The features of lab l are

    - the share of l in the vote of :class:`KmerLabRanker`, with one vote for each lab that has the k-mer;
    - the share of l in three votes with one vote for each group that has the k-mer. A color class with n
      k-mers of the query has the weight n, √n or 1;
    - the share of the query's k-mers that l has, separately for k-mers of 1, 2-4, 5-18, 19-100 and more labs;
    - the cosine, the containment of the query and the Jaccard index for the nearest plasmid of l, with k-mers
      weighted by their rarity;
    - the number of groups of l, and how usual the length of the query is for l;
    - the naive Bayes likelihood of the metadata, and the share of the plasmids of l with similar metadata;
    - the probability of l by the network, which for a held-out plasmid is trained without its fold, and its
      logarithm.

    Each share enters as it is, as its logarithm, and relative to the best lab. The weights minimize the log
    loss of the true labs [1]_ plus a penalty on the distance from the weights of the plain vote. They stay
    there if no lab has plasmids in two groups, since nothing can then be held out.

    `enroll` adds sequences and keeps the weights and the network. New labs have weights of their own, since
    the network and the votes know them less. `fit` learns these weights from labs with all of their plasmids
    in a held-out fold: some of the plasmids are enrolled, and the others are ranked among all labs, mixed
    with held-out plasmids of known labs, whose weights stay as they are. Sample weights give known and new
    labs the shares that they have in the fold, so `predict_proba` expects queries from new labs as often as
    the folds contain them. Without such labs, new labs have the weights of the known ones.

    `predict_proba` is the softmax of the scores. It is calibrated for plasmids that are related to the
    training data as the held-out plasmids were: without `groups`, for near copies.

    A sequence without a known k-mer, such as one shorter than `k`, has the same score for all labs except for
    metadata, and a warning states the number of such sequences. `fit` raises if no sequence has a k-mer and
    there is no metadata.

    `enroll` may run while other threads predict: `predict` and `rank` use either the old labs or the new
    ones. `decision_function` may return columns for the new labs before the caller reads `classes_`.

    A fit on 26,000 plasmids of 6,000 letters takes about four minutes on one core and about 2 GB, and a query
    takes 10 ms.

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
        **KmerRanker._parameter_constraints,
        "network": ["boolean"],
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "verbose": VERBOSE,
        "random_state": ["random_state"],
    }
    # with metadata routing, groups are requested unless set_fit_request(groups=False) says otherwise
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

    _has_plasmids = True

    def __init__(
        self,
        k: int = 16,
        *,
        fraction: float = 0.125,
        topology: Topology = "circular",
        n_metadata: int = 0,
        network: bool = True,
        n_splits: int = 5,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.k = k
        self.fraction = fraction
        self.topology = topology
        self.n_metadata = n_metadata
        self.network = network
        self.n_splits = n_splits
        self.verbose = verbose
        self.random_state = random_state

    @reports_progress
    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Build the library of plasmids and learn the weights of the features.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            DNA sequences, with metadata in further columns.
        y : array-like of shape (n_samples,)
            The lab of each sequence.
        groups : array-like of shape (n_samples,), default=None
            Groups that a plasmid to be ranked does not share with the training data, such as publications or
            the groups of :func:`~skseed.distances.levenshtein_groups`. Each group is held out as a whole, and
            votes once for its lab. None makes every plasmid a group.

        Returns
        -------
        self : EvidenceLabRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If a letter does not belong to DNA, metadata is neither 0 nor 1, or a lab or a group is missing
            (the message names the index); if `y` has a single lab, or no sequence has a k-mer and there is no
            metadata.

        Warns
        -----
        UserWarning
            If some sequences have no k-mer.
        """
        library = self._read_library(X, y, groups, reset=True)
        rng = check_random_state(self.random_state)
        names = evidence_names(self.n_metadata, network=self.network)
        coef = np.array([float(name == LAB_VOTE) for name in names])
        known, mixed = hold_out(library, self.n_splits, rng, network=self.network)
        if known is not None:
            coef = fit_conditional_logit(known.candidates, coef, strength=_PRIOR_STRENGTH)
        enrolled_coef = coef if mixed is None else _fit_enrolled(mixed, coef)
        color_classes = ColorClasses.from_library(library)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        network = train_network(library, color_classes, seed) if self.network else None
        model = EvidenceModel.from_library(library, color_classes, network, np.arange(library.n_labs))
        return self._set_model(model, coef_=coef, enrolled_coef_=enrolled_coef, logit_feature_names_=names)

    @reports_progress
    def enroll(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Add sequences of known or new labs, and keep the weights of the features.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            As in `fit`.
        y : array-like of shape (n_samples,)
            The lab of each sequence.
        groups : array-like of shape (n_samples,), default=None
            As in `fit`. Every group is a new one, even if `fit` has seen the same name.

        Returns
        -------
        self : EvidenceLabRanker
            The ranker; `classes_` contains the new labs and stays sorted.

        Raises
        ------
        ValueError
            If X or `groups` is not as in `fit`, or `y` holds strings and `classes_` numbers or the reverse.
            The ranker then stays as it was.
        """
        check_is_fitted(self)
        model = self._model
        library = model.library.enroll(self._read_library(X, y, groups, reset=False))
        lab_of_output = np.searchsorted(library.classes, model.library.classes)[model.lab_of_output]
        color_classes = ColorClasses.from_library(library)
        return self._set_model(
            EvidenceModel.from_library(library, color_classes, model.network, lab_of_output)
        )

    def _scored(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        model = self._model
        queries = self._read_queries(X, model.library)
        return model.library.classes, model.scores(queries, self.coef_, self.enrolled_coef_)


def _fit_enrolled(held_out: HeldOut, coef: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the weights for enrolled labs, while known labs keep the weights `coef`."""
    candidates, is_enrolled = held_out.candidates, held_out.is_enrolled
    of_known = np.einsum("qce,e->qc", candidates.features, coef)
    features = candidates.features * is_enrolled[:, :, None]
    offset = candidates.offset + np.where(is_enrolled, 0.0, of_known)
    return fit_conditional_logit(
        Candidates(features, offset), coef, strength=_PRIOR_STRENGTH, sample_weight=held_out.sample_weight
    )
