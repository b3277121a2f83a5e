"""The torch pieces under the estimators: encoders, geometry, losses and batches.

Nothing here knows scikit-learn or skorch. A module can be used in a training loop of one's own.

*Pairs.* :class:`LinearNet`, :class:`MLPNet` and :class:`CNNNet` map rows of symbol codes to points; a
:class:`SiameseNet` puts one of them under a :class:`PairwiseDistance`. :class:`PairBatches` feeds it
and :class:`AllPairsLoss` compares all pairs of a batch with the truth.

*Places.* A :class:`KmerVotesNet` places a read by the votes of its k-mers. :class:`LocalSiameseNet` and
:class:`LocalPairsLoss` learn distances that hold near by, and only a bound for pairs that are far apart;
:func:`fold_line` folds the line that they begin with.

*Tokens.* A row of token ids, 0 after its end, goes through a :class:`TokenDropout` and a
:class:`TokenConvBank`; a :class:`TokenBody` is both with metadata beside them. A
:class:`PrototypeNetwork` puts it under a linear layer and adds one unit vector a class, which
:class:`HardestPrototypeTripletLoss` and :class:`ScaledCosineLoss` compare; a :class:`SoftmaxNetwork` puts it
under one logit a class.
:class:`TokenBatches` feeds them.

*Classes.* A :class:`SequenceNetwork` puts an encoder (the mean, a recurrent or convolutional network, a
transformer) over token vectors, and a linear layer over that; :class:`SequenceBatches` feeds it rows of
any lengths.

*Minimizers.* A :class:`MinimizerFilter` is a convolution and a max-pool over symbol codes, and so the
k-mer that each window selects.
"""

from skseed.nn._conv_bank import TokenConvBank
from skseed.nn._fold_line import fold_line
from skseed.nn._geometry import DISTANCES, PairwiseDistance
from skseed.nn._kmer_votes import FIRST_KNOWN, KmerVotesNet
from skseed.nn._local_pairs import LocalPairsLoss, LocalSiameseNet
from skseed.nn._minimizer_filter import MinimizerFilter
from skseed.nn._pairs import AllPairsLoss, PairBatches, SiameseNet
from skseed.nn._prototype_network import PrototypeNetwork
from skseed.nn._scaled_cosine import ScaledCosineLoss
from skseed.nn._segment_transformer import SegmentTransformerNet
from skseed.nn._sequence_batches import SequenceBatches, pad_rows
from skseed.nn._sequence_encoders import CNNNet, GRUNet, KmerNet, LandmarkNet, LinearNet, MLPNet
from skseed.nn._sequence_network import SequenceNetwork
from skseed.nn._softmax_network import SoftmaxNetwork
from skseed.nn._token_batches import TokenBatches
from skseed.nn._token_body import TokenBody, linear_head
from skseed.nn._token_dropout import TokenDropout
from skseed.nn._token_gradients import integrated_gradients, vocabulary_saliency
from skseed.nn._triplet import HardestPrototypeTripletLoss

__all__ = [
    "DISTANCES",
    "FIRST_KNOWN",
    "AllPairsLoss",
    "CNNNet",
    "GRUNet",
    "HardestPrototypeTripletLoss",
    "KmerNet",
    "KmerVotesNet",
    "LandmarkNet",
    "LinearNet",
    "LocalPairsLoss",
    "LocalSiameseNet",
    "MLPNet",
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
    "TokenBatches",
    "TokenBody",
    "TokenConvBank",
    "TokenDropout",
    "fold_line",
    "integrated_gradients",
    "linear_head",
    "pad_rows",
    "vocabulary_saliency",
]
