"""Torch modules of the estimators: encoders, geometries, losses and batches.

They depend on torch, numpy and scipy only, so they can be used in any training loop. A batch source yields
``(input, target)``; an epoch depends on its `seed` and on its attribute ``epoch`` only.

*Pairs.* :class:`LinearNet`, :class:`CNNNet` and :class:`SegmentTransformerNet` map rows of symbol codes to
points. A :class:`LandmarkNet` holds the points of landmarks and places other sequences by
their distances to them. A :class:`SiameseNet` combines one of these with a :class:`PairwiseDistance`, one of
`DISTANCES`; those in `FIXED_EXPONENTS` are a power of the Euclidean distance. :class:`PairBatches` yields the
batches, and :class:`AllPairsLoss` compares all pairs of a batch with their true distances.

*Read positions.* A :class:`KmerVotesNet` computes the point of a read from its k-mers, with ids from
`FIRST_KNOWN` on. :class:`LocalSiameseNet` and :class:`LocalPairsLoss` learn exact distances of near pairs and
a lower bound for others. :func:`fold_line` folds the line that training starts with.

*Tokens.* A row of token ids, 0 after its end, passes through a :class:`TokenDropout` and a
:class:`TokenConvBank`; a :class:`TokenBody` is both of them, with metadata appended. A
:class:`PrototypeNetwork` adds a linear layer and one unit vector for each class, which
:class:`HardestPrototypeTripletLoss` and :class:`ScaledCosineLoss` compare. A :class:`SoftmaxNetwork` adds a
linear layer with one logit for each class. :class:`TokenBatches` yields their batches.
:func:`integrated_gradients` and :func:`vocabulary_saliency` attribute a score to tokens.

*Classes.* A :class:`SequenceNetwork` combines token vectors, an encoder (mean, recurrent, convolutional or
transformer) and a linear layer. It can add its logits to those of a linear model on k-mer counts.
:class:`SequenceBatches` yields rows of any lengths, padded by :func:`pad_rows`, and
:class:`WeightedCrossEntropyLoss` is the loss of rows with weights.

*Sparse rows.* A :class:`SparseSoftmaxNetwork` computes one logit for each class from the nonzero entries of a
row. :class:`SparseBatches` yields its rows, and :class:`WeightedCrossEntropyLoss` weights them.

*Minimizers.* A :class:`MinimizerFilter` is a convolution and a max-pool over symbol codes; it selects one
k-mer in each window.
"""

from skseed.nn._conv_bank import TokenConvBank
from skseed.nn._fold_line import fold_line
from skseed.nn._geometry import DISTANCES, FIXED_EXPONENTS, PairwiseDistance
from skseed.nn._kmer_votes import FIRST_KNOWN, KmerVotesNet
from skseed.nn._landmark_net import LandmarkNet
from skseed.nn._local_pairs import LocalPairsLoss, LocalSiameseNet
from skseed.nn._minimizer_filter import MinimizerFilter
from skseed.nn._pairs import AllPairsLoss, PairBatches, SiameseNet
from skseed.nn._prototype_network import PrototypeNetwork
from skseed.nn._scaled_cosine import ScaledCosineLoss
from skseed.nn._segment_transformer import SegmentTransformerNet
from skseed.nn._sequence_batches import SequenceBatches, pad_rows
from skseed.nn._sequence_encoders import CNNNet, LinearNet
from skseed.nn._sequence_network import SequenceNetwork
from skseed.nn._softmax_network import SoftmaxNetwork
from skseed.nn._sparse_batches import SparseBatches, pad_sparse_rows
from skseed.nn._sparse_softmax_network import SparseSoftmaxNetwork
from skseed.nn._token_batches import TokenBatches
from skseed.nn._token_body import TokenBody, linear_head
from skseed.nn._token_dropout import TokenDropout
from skseed.nn._token_gradients import integrated_gradients, vocabulary_saliency
from skseed.nn._triplet import HardestPrototypeTripletLoss
from skseed.nn._weighted_cross_entropy import WeightedCrossEntropyLoss

__all__ = [
    "DISTANCES",
    "FIRST_KNOWN",
    "FIXED_EXPONENTS",
    "AllPairsLoss",
    "CNNNet",
    "HardestPrototypeTripletLoss",
    "KmerVotesNet",
    "LandmarkNet",
    "LinearNet",
    "LocalPairsLoss",
    "LocalSiameseNet",
    "MinimizerFilter",
    "PairBatches",
    "PairwiseDistance",
    "PrototypeNetwork",
    "ScaledCosineLoss",
    "SegmentTransformerNet",
    "SequenceBatches",
    "SequenceNetwork",
    "SiameseNet",
    "SoftmaxNetwork",
    "SparseBatches",
    "SparseSoftmaxNetwork",
    "TokenBatches",
    "TokenBody",
    "TokenConvBank",
    "TokenDropout",
    "WeightedCrossEntropyLoss",
    "fold_line",
    "integrated_gradients",
    "linear_head",
    "pad_rows",
    "pad_sparse_rows",
    "vocabulary_saliency",
]
