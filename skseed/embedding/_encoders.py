"""What an embedder's network looks like, as objects that clone and search like any estimator.

A spec holds the sizes; the embedder knows the length, the alphabet and the number of components
and asks the spec to build the torch module.
"""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from torch import nn

from skseed._sklearn import Interval
from skseed.alphabets import Alphabet
from skseed.embedding._landmark_encoder import LandmarkEncoder
from skseed.embedding._targets import Oracle
from skseed.nn import CNNNet, GRUNet, KmerNet, LinearNet, MLPNet, SegmentTransformerNet

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like"],
    }

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_channels": [_AT_LEAST_ONE],
        "kernel_size": [_AT_LEAST_ONE],
        "n_layers": [_AT_LEAST_ONE],
    }

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


class GRUEncoder(CodesEncoder):
    """A recurrent network that reads symbol by symbol: slow, and for comparison with the paper.

    Parameters
    ----------
    hidden_size : int, default=128
        The width of its state.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, GRUEncoder
    >>> embedder = EditDistanceEmbedder(8, encoder=GRUEncoder(16), max_epochs=5, random_state=0)
    >>> embedder.fit(["GATTACA", "GATACA", "CATTACA", "GATTTACA"]).transform(["GATTACA"]).shape
    (1, 8)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_size": [_AT_LEAST_ONE],
    }

    def __init__(self, hidden_size: int = 128) -> None:
        self.hidden_size = hidden_size

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
        return GRUNet(n_symbols, n_components, hidden_size=self.hidden_size)


class TransformerEncoder(CodesEncoder):
    """Attention between segments of the sequence, read out together.

    Parameters
    ----------
    segment_length : int, default=10
        Bases or residues of a segment.
    width : int, default=32
        The size of a segment's vector; a multiple of `n_heads`.
    n_layers : int, default=2
        The number of attention layers.
    n_heads : int, default=2
        The heads of each layer.
    window : int, default=None
        How many segments to either side are attended to (local attention); None attends to all.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, TransformerEncoder
    >>> encoder = TransformerEncoder(segment_length=3, window=1)
    >>> embedder = EditDistanceEmbedder(8, encoder=encoder, max_epochs=5, random_state=0)
    >>> embedder.fit(["GATTACA", "GATACA", "CATTACA", "GATTTACA"]).transform(["GATTACA"]).shape
    (1, 8)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "segment_length": [_AT_LEAST_ONE],
        "width": [_AT_LEAST_ONE],
        "n_layers": [_AT_LEAST_ONE],
        "n_heads": [_AT_LEAST_ONE],
        "window": [_AT_LEAST_ONE, None],
    }

    def __init__(
        self,
        segment_length: int = 10,
        width: int = 32,
        n_layers: int = 2,
        n_heads: int = 2,
        window: int | None = None,
    ) -> None:
        self.segment_length = segment_length
        self.width = width
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.window = window

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
            If the heads do not divide the width.
        """
        if self.width % self.n_heads:
            raise ValueError(f"width must be a multiple of n_heads; got {self.width} and {self.n_heads}.")
        return SegmentTransformerNet(
            length,
            n_symbols,
            n_components,
            segment_length=self.segment_length,
            width=self.width,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            window=self.window,
        )


class KmerEncoder(CodesEncoder):
    """Counts of k-mers: the baseline. Training finds no more than the scale of the distance.

    Parameters
    ----------
    k : int, default=4
        The length of the words; a point has ``n_symbols ** k`` components whatever `n_components` says.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, KmerEncoder
    >>> embedder = EditDistanceEmbedder(encoder=KmerEncoder(2), distance="cosine", max_epochs=5)
    >>> embedder.fit(["GATTACA", "GATACA", "CATTACA", "GATTTACA"]).transform(["GATTACA"])[0, :4]
    array([0., 1., 0., 1.], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [_AT_LEAST_ONE],
    }

    def __init__(self, k: int = 4) -> None:
        self.k = k

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
        return KmerNet(n_symbols, k=self.k)


ENCODERS: dict[str, type[Encoder]] = {
    "kmer": KmerEncoder,
    "linear": LinearEncoder,
    "mlp": MLPEncoder,
    "cnn": CNNEncoder,
    "gru": GRUEncoder,
    "transformer": TransformerEncoder,
    "landmark": LandmarkEncoder,
}


def n_input_symbols(inputs: Inputs, alphabet: Alphabet) -> int:
    """Return how many symbols a network's input is made of: those of the alphabet, or the inputs' own."""
    return int(getattr(inputs, "n_symbols", len(alphabet)))


def resolve_encoder(encoder: str | Encoder) -> Encoder:
    """Return the default spec of a name, or a spec whose parameters have been checked.

    Raises
    ------
    TypeError
        If it is a class instead of an object.
    ValueError
        If a parameter of the spec is out of its range.
    """
    if isinstance(encoder, str):
        return ENCODERS[encoder]()
    if isinstance(encoder, type):
        raise TypeError(f"encoder must be an object; pass {encoder.__name__}() instead of the class.")
    if isinstance(encoder, BaseEstimator):
        encoder._validate_params()
    return encoder
