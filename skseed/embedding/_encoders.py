"""What an embedder's network looks like, as objects that clone and search like any estimator.

A spec holds the sizes; the embedder knows the length, the alphabet and the number of components
and asks the spec to build the torch module.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from torch import nn

from skseed.embedding._landmark_encoder import LandmarkEncoder
from skseed.embedding._targets import Oracle
from skseed.nn import CNNNet, LinearNet, MLPNet

Codes = npt.NDArray[np.uint8]
Inputs = Callable[[Codes], npt.NDArray[Any]]


class Encoder(Protocol):
    """What :class:`~skseed.embedding.EditDistanceEmbedder` asks of its ``encoder``."""

    def make_inputs(
        self, codes: Codes, distances: Oracle | npt.NDArray[np.float32], rng: np.random.Generator
    ) -> Inputs:
        """Return the function that makes the network's input from rows of codes."""
        ...

    def build(self, length: int, n_symbols: int, n_components: int) -> nn.Module:
        """Return the module that maps (n, length) inputs to (n, n_components) points."""
        ...


def _same_codes(codes: Codes) -> Codes:
    return codes


class CodesEncoder(BaseEstimator):
    """A network that reads the codes themselves."""

    def make_inputs(
        self, codes: Codes, distances: Oracle | npt.NDArray[np.float32], rng: np.random.Generator
    ) -> Inputs:
        """Return the function that makes the network's input from rows of codes: they are the input.

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
        inputs : callable
            Takes and returns rows of codes.
        """
        return _same_codes


class LinearEncoder(CodesEncoder):
    """One linear map of the one-hot matrix: the fastest, for sequences that are nearly aligned.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, LinearEncoder
    >>> embedder = EditDistanceEmbedder(encoder=LinearEncoder(), max_epochs=5, random_state=0)
    >>> embedder.fit(["GATTACA", "GATACA", "CATTACA", "GATTTACA"]).transform(["GATTACA"]).shape
    (1, 128)
    """

    def build(self, length: int, n_symbols: int, n_components: int) -> nn.Module:
        """Return the torch module.

        Parameters
        ----------
        length, n_symbols, n_components : int
            Positions of a row of codes, size of the alphabet, dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.
        """
        return LinearNet(length, n_symbols, n_components)


class MLPEncoder(CodesEncoder):
    """A multi-layer perceptron over the one-hot matrix.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(256, 256)
        The width of each hidden layer.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, MLPEncoder
    >>> embedder = EditDistanceEmbedder(encoder=MLPEncoder(hidden_layer_sizes=(64,)), max_epochs=5)
    >>> embedder.get_params()["encoder__hidden_layer_sizes"]
    (64,)
    """

    def __init__(self, hidden_layer_sizes: Sequence[int] = (256, 256)) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes

    def build(self, length: int, n_symbols: int, n_components: int) -> nn.Module:
        """Return the torch module.

        Parameters
        ----------
        length, n_symbols, n_components : int
            Positions of a row of codes, size of the alphabet, dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.
        """
        return MLPNet(length, n_symbols, n_components, hidden_layer_sizes=self.hidden_layer_sizes)


class CNNEncoder(CodesEncoder):
    """Convolutions with average pooling, then a linear read-out: the default.

    Parameters
    ----------
    n_channels : int, default=32
        Filters of each convolution.
    kernel_size : int, default=5
        Width of the filters, in bases or residues; odd.
    n_layers : int, default=4
        Convolutions; each halves the number of positions.

    Examples
    --------
    >>> from skseed.embedding import CNNEncoder, EditDistanceEmbedder
    >>> embedder = EditDistanceEmbedder(encoder=CNNEncoder(n_channels=16))
    >>> embedder.set_params(encoder__n_channels=64).encoder
    CNNEncoder(n_channels=64)
    """

    def __init__(self, n_channels: int = 32, kernel_size: int = 5, n_layers: int = 4) -> None:
        self.n_channels = n_channels
        self.kernel_size = kernel_size
        self.n_layers = n_layers

    def build(self, length: int, n_symbols: int, n_components: int) -> nn.Module:
        """Return the torch module.

        Parameters
        ----------
        length, n_symbols, n_components : int
            Positions of a row of codes, size of the alphabet, dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.

        Raises
        ------
        ValueError
            If `kernel_size` is even, which would shift the positions.
        """
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd; got {self.kernel_size}.")
        return CNNNet(
            length,
            n_symbols,
            n_components,
            n_channels=self.n_channels,
            kernel_size=self.kernel_size,
            n_layers=self.n_layers,
        )


ENCODERS: dict[str, type[Encoder]] = {
    "linear": LinearEncoder,
    "mlp": MLPEncoder,
    "cnn": CNNEncoder,
    "landmark": LandmarkEncoder,
}
