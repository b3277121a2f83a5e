"""Rank the sources, such as laboratories, that an engineered sequence may come from.

A *lab* is a class, and a ranker answers with all of them, the likeliest first: with a thousand
labs, a list of ten that holds the right one narrows the search a hundredfold, where a single guess is
often wrong. A ranker is a scikit-learn classifier (``predict``, ``decision_function``,
``predict_proba``) with one more method, ``rank``. The networks eat rows of token
ids, as :class:`~skseed.preprocessing.BPETokenizer` makes them, so the two stand in one ``Pipeline``;
:class:`KmerLabRanker`, the baseline, :class:`EvidenceLabRanker` and :class:`KmerEmbeddingRanker` eat the
sequences themselves.

Plasmids are copied between labs and papers: judge a ranker with a splitter that keeps relatives
together (:mod:`skseed.model_selection`), and by :func:`skseed.metrics.top_k_scorer`.
"""

from skseed.ranking._calibrated_ranker import CalibratedRanker
from skseed.ranking._copeland_ranker import CopelandRanker
from skseed.ranking._evidence_lab_ranker import EvidenceLabRanker
from skseed.ranking._kmer_embedding_ranker import KmerEmbeddingRanker
from skseed.ranking._kmer_lab_ranker import KmerLabRanker
from skseed.ranking._softmax_lab_ranker import SoftmaxLabRanker
from skseed.ranking._triplet_lab_ranker import TripletLabRanker

__all__ = [
    "CalibratedRanker",
    "CopelandRanker",
    "EvidenceLabRanker",
    "KmerEmbeddingRanker",
    "KmerLabRanker",
    "SoftmaxLabRanker",
    "TripletLabRanker",
]
