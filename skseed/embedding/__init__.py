"""Points for sequences: learned embeddings, and the networks inside them.

:class:`EditDistanceEmbedder` learns points whose distance approximates the edit distance. What its
network looks like is a parameter of its own: a name, or a spec such as :class:`CNNEncoder`, which
reads the letters, or :class:`LandmarkEncoder`, which reads exact distances to some training sequences.

:class:`ReadPositionEmbedder` learns points whose distance approximates how far apart reads lie in a
genome; its network, a :class:`KmerVoteEncoder`, looks up k-mers.
"""

from skseed.embedding._edit_distance_embedder import EditDistanceEmbedder
from skseed.embedding._encoders import (
    CNNEncoder,
    GRUEncoder,
    KmerEncoder,
    LinearEncoder,
    MLPEncoder,
    TransformerEncoder,
)
from skseed.embedding._kmer_vote_encoder import KmerVoteEncoder
from skseed.embedding._landmark_encoder import LandmarkEncoder
from skseed.embedding._read_position_embedder import ReadPositionEmbedder

__all__ = [
    "CNNEncoder",
    "EditDistanceEmbedder",
    "GRUEncoder",
    "KmerEncoder",
    "KmerVoteEncoder",
    "LandmarkEncoder",
    "LinearEncoder",
    "MLPEncoder",
    "ReadPositionEmbedder",
    "TransformerEncoder",
]
