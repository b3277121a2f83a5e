"""An encoder that reads exact distances to landmarks instead of the letters."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from torch import nn

from skseed._sklearn import Interval
from skseed.embedding._targets import Oracle, trimmed_rows
from skseed.nn import LandmarkNet


class LandmarkEncoder(BaseEstimator):
    """Exact distances to a sample of training sequences, then a residual perceptron.

    An insertion shifts everything after it, which a network that reads letters must learn to see
    through; a distance to a landmark has seen through it already. So the network only has to place a
    point by its distances to known points. It learns faster and generalises further than the other
    encoders, and does not care where sequences start. The price is paid when sequences are embedded:
    `n_landmarks` exact distances each. For reads of 150 bases that is a tenth of the speed of a
    convolutional network, and about the same speed with the extra ``skseed[fast]``; it grows with the
    square of the length. Nothing is gained where fewer sequences than landmarks are compared. A fitted
    embedder keeps its landmarks, that is, some of the training sequences.

    Parameters
    ----------
    n_landmarks : int, default=256
        How many distinct training sequences are landmarks; all of them where there are fewer.
    n_blocks : int, default=3
        The number of residual blocks.
    width : int, default=256
        The length of the vectors that they correct.

    Notes
    -----
    Landmarks are drawn at random, so that they lie where the data is dense. Distances to fixed
    sequences are an embedding by themselves (Lipschitz embeddings [1]_, landmark MDS [2]_); here they
    are the input of a network that learns the geometry.

    References
    ----------
    .. [1] Bourgain (1985). "On Lipschitz embedding of finite metric spaces in Hilbert space." Israel
       Journal of Mathematics 52. :doi:`10.1007/BF02776078`
    .. [2] de Silva, Tenenbaum (2004). "Sparse multidimensional scaling using landmark points."
       Technical report, Stanford University.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, LandmarkEncoder
    >>> genes = ["GATTACAGATTACA", "GATTACAGATTAC", "GCTTACAGATTACA", "CCCGGGAAATTTCC", "CCCGGAAATTTCC"]
    >>> embedder = EditDistanceEmbedder(8, encoder=LandmarkEncoder(3), max_epochs=20, random_state=0)
    >>> embedder.fit(genes).transform(genes).shape
    (5, 8)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_landmarks": [Interval(Integral, 1, None, closed="left")],
        "n_blocks": [Interval(Integral, 0, None, closed="left")],
        "width": [Interval(Integral, 1, None, closed="left")],
    }

    # what the embedder takes for lr="auto"
    good_lr: ClassVar[float] = 1e-3

    def __init__(self, n_landmarks: int = 256, *, n_blocks: int = 3, width: int = 256) -> None:
        self.n_landmarks = n_landmarks
        self.n_blocks = n_blocks
        self.width = width

    def make_inputs(
        self,
        codes: npt.NDArray[np.uint8],
        distances: Oracle | npt.NDArray[np.float32],
        rng: np.random.Generator,
    ) -> "LandmarkDistances":
        """Choose the landmarks.

        Parameters
        ----------
        codes : ndarray of shape (n_sequences, length), dtype uint8
            The training sequences.
        distances : Oracle or ndarray
            The distances to learn.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        inputs : LandmarkDistances
            Makes the distances to the landmarks from rows of codes.

        Raises
        ------
        ValueError
            If the distances are a matrix, which says nothing about new sequences.
        """
        if not isinstance(distances, Oracle):
            raise ValueError(
                "encoder='landmark' measures the distances of new sequences, which a matrix as target does "
                "not tell; pass the function that made the matrix, or choose another encoder."
            )
        distinct = np.unique(codes, axis=0)
        landmarks = rng.permutation(distinct)[: self.n_landmarks]
        return LandmarkDistances(tuple(trimmed_rows(landmarks, distances.alphabet)), distances)

    def build(self, length: int, n_symbols: int, n_components: int) -> nn.Module:
        """Return the torch module.

        Parameters
        ----------
        length, n_symbols, n_components : int
            The number of landmarks, the size of the alphabet (not used), the dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.
        """
        return LandmarkNet(length, n_components, n_blocks=self.n_blocks, width=self.width)


@dataclass(frozen=True)
class LandmarkDistances:
    """Makes the distances to some landmarks, shape (n, n_landmarks), from rows of codes."""

    landmarks: tuple[npt.NDArray[np.uint8], ...]
    distances: Oracle

    def __call__(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the distances, in the unit of the training targets."""
        return self.distances(trimmed_rows(codes, self.distances.alphabet), self.landmarks)
