"""Learned embeddings of sequences, and the encoders that compute their points.

:class:`EditDistanceEmbedder` learns points whose distances approximate edit distances. Its parameter
`encoder` is a name or an encoder object. :class:`LandmarkEncoder`, the default, places sequences by their
exact distances to some training sequences. Others, such as :class:`CNNEncoder`, are networks that read
symbols or k-mer counts. A subclass of :class:`Encoder` adds a network of your own.

:class:`ReadPositionEmbedder` learns points whose distances approximate the distances of reads in a genome.
Its default network, a :class:`KmerVoteEncoder`, looks up k-mers.
"""

from skseed.embedding._edit_distance_embedder import EditDistanceEmbedder
from skseed.embedding._encoder import Encoder, Featurizer
from skseed.embedding._encoders import (
    CNNEncoder,
    KmerEncoder,
    LinearEncoder,
    TransformerEncoder,
)
from skseed.embedding._kmer_vote_encoder import KmerVoteEncoder
from skseed.embedding._landmark_encoder import LandmarkEncoder
from skseed.embedding._read_position_embedder import ReadPositionEmbedder

__all__ = [
    "CNNEncoder",
    "EditDistanceEmbedder",
    "Encoder",
    "Featurizer",
    "KmerEncoder",
    "KmerVoteEncoder",
    "LandmarkEncoder",
    "LinearEncoder",
    "ReadPositionEmbedder",
    "TransformerEncoder",
]
