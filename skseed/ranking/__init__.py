"""Rank the sources, such as laboratories, that an engineered sequence may come from.

A *lab* is a class, and a ranker answers with all of them, the likeliest first: with a thousand
labs, a list of ten that holds the right one narrows the search a hundredfold, where a single guess is
often wrong. A ranker is a scikit-learn classifier (``predict``, ``decision_function``,
``predict_proba``) with one more method, ``rank``.

*K-mers.* These eat the sequences themselves, and ``enroll`` new labs without a new fit.
:class:`KmerLabRanker` lets k-mers vote for the labs that have them: the baseline, which trains nothing.
:class:`EvidenceLabRanker` learns from held-out plasmids what that vote, the nearest plasmid, lengths and
metadata are worth.

*Tokens.* These are networks over rows of token ids, as :class:`~skseed.preprocessing.BPETokenizer` makes
them, so the two stand in one ``Pipeline``. :class:`TripletLabRanker` learns a vector for every lab, by which
labs can be compared and enrolled; :class:`SoftmaxLabRanker` is the plain classifier on the same body. Both
say which tokens a score comes from (``token_importance``).

*Rankers of rankers.* :class:`CopelandRanker` lets several rankers elect the order of the labs;
:class:`CalibratedRanker` gives one probabilities that can be believed, and lets it say that a lab is unknown.

Plasmids are copied between labs and papers: judge a ranker with a splitter that keeps relatives
together (:mod:`skseed.model_selection`), and by :func:`skseed.metrics.top_k_scorer`.
"""

from skseed.ranking._calibrated_ranker import CalibratedRanker
from skseed.ranking._copeland_ranker import CopelandRanker
from skseed.ranking._evidence_lab_ranker import EvidenceLabRanker
from skseed.ranking._kmer_lab_ranker import KmerLabRanker
from skseed.ranking._softmax_lab_ranker import SoftmaxLabRanker
from skseed.ranking._triplet_lab_ranker import TripletLabRanker

__all__ = [
    "CalibratedRanker",
    "CopelandRanker",
    "EvidenceLabRanker",
    "KmerLabRanker",
    "SoftmaxLabRanker",
    "TripletLabRanker",
]
