"""Points for sequences: learned embeddings, and the networks inside them.

:class:`EditDistanceEmbedder` learns points whose distance approximates the edit distance. What its
network looks like is a parameter of its own: a name, or a spec such as :class:`CNNEncoder`.
"""

from skseed.embedding._edit_distance_embedder import EditDistanceEmbedder
from skseed.embedding._encoders import CNNEncoder, LinearEncoder, MLPEncoder

__all__ = ["CNNEncoder", "EditDistanceEmbedder", "LinearEncoder", "MLPEncoder"]
