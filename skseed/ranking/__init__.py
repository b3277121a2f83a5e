"""Rank the sources, such as laboratories, that an engineered sequence may come from.

A *lab* is a class, and a *ranker* returns all labs, the likeliest first. With a thousand labs, a list of ten
that contains the true lab reduces the search a hundredfold, while a single guess is often wrong. A ranker is
a scikit-learn classifier (``predict``, ``decision_function``, ``predict_proba``) with a method ``rank``. For
a ranker inside a pipeline, use :func:`rank_labs` and :func:`enroll_labs`.

*K-mer rankers* read sequences and ``enroll`` new labs without a new fit. :class:`KmerLabRanker` counts votes
of shared k-mers; it is the baseline. :class:`EvidenceLabRanker` learns from held-out plasmids how to weigh
this vote, the nearest plasmid, lengths, metadata and a small network. :class:`KmerNetworkLabRanker` is this
network alone, which does not enroll.

*Token rankers* are networks on rows of token ids of :class:`~skseed.preprocessing.BPETokenizer`; put both
into a ``Pipeline``. :class:`TripletLabRanker` learns a vector for every lab, so that labs can be compared and
enrolled. :class:`SoftmaxLabRanker` is the plain classifier on the same network. Both have token attributions
(``token_importance``).

*Meta-rankers*: :class:`CopelandRanker` combines several rankers by an election. :class:`CalibratedRanker`
adds calibrated probabilities and an unknown label to a ranker.

Labs and papers share plasmids. Evaluate a ranker with a splitter that keeps related plasmids in one fold
(:mod:`skseed.model_selection`), and with :func:`skseed.metrics.top_k_scorer`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skseed.ranking._calibrated_ranker import CalibratedRanker
from skseed.ranking._copeland_ranker import CopelandRanker
from skseed.ranking._evidence_lab_ranker import EvidenceLabRanker
from skseed.ranking._functions import enroll_labs, rank_labs
from skseed.ranking._kmer_lab_ranker import KmerLabRanker

if TYPE_CHECKING:
    from skseed.ranking._kmer_network_lab_ranker import KmerNetworkLabRanker
    from skseed.ranking._softmax_lab_ranker import SoftmaxLabRanker
    from skseed.ranking._triplet_lab_ranker import TripletLabRanker

__all__ = [
    "CalibratedRanker",
    "CopelandRanker",
    "EvidenceLabRanker",
    "KmerLabRanker",
    "KmerNetworkLabRanker",
    "SoftmaxLabRanker",
    "TripletLabRanker",
    "enroll_labs",
    "rank_labs",
]

# these import torch, which takes seconds, also in every worker process
_NEURAL = {
    "KmerNetworkLabRanker": "skseed.ranking._kmer_network_lab_ranker",
    "SoftmaxLabRanker": "skseed.ranking._softmax_lab_ranker",
    "TripletLabRanker": "skseed.ranking._triplet_lab_ranker",
}


def __getattr__(name: str) -> Any:
    if name not in _NEURAL:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_NEURAL[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
