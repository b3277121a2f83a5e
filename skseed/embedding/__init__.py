"""Points for sequences: learned embeddings, and the networks inside them.

:class:`EditDistanceEmbedder` learns points whose distance approximates the edit distance. What its
network looks like is a parameter of its own: a name, or a spec such as :class:`CNNEncoder`, which
reads the letters, or :class:`LandmarkEncoder`, which reads exact distances to some training sequences.
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
from skseed.embedding._landmark_encoder import LandmarkEncoder

__all__ = [
    "CNNEncoder",
    "EditDistanceEmbedder",
    "GRUEncoder",
    "KmerEncoder",
    "LandmarkEncoder",
    "LinearEncoder",
    "MLPEncoder",
    "TransformerEncoder",
]
