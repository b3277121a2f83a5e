"""Encoders that read the symbols of a sequence, or count its k-mers."""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from skseed._constraints import AT_LEAST_ONE
from skseed._kmers import kmer_codes, kmer_starts
from skseed._sequences import Sequences
from skseed.embedding._encoder import Distances, Encoder, Featurizer, check_n_components
from skseed.nn import CNNNet, LinearNet, SegmentTransformerNet

_MAX_KMERS = 1 << 24


class LinearEncoder(Encoder):
    """One linear map of the one-hot matrix: the fastest encoder, for nearly aligned sequences.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, LinearEncoder
    >>> embedder = EditDistanceEmbedder(encoder=LinearEncoder(), max_epochs=5, random_state=0)
    >>> embedder.fit(["GATTACA", "GATACA", "CATTACA", "GATTTACA"]).transform(["GATTACA"]).shape
    (1, 128)
    """

    def build(self, featurizer: Featurizer, n_components: int | None) -> nn.Module:
        """Return the network.

        Parameters
        ----------
        featurizer : Featurizer
            The description of the input.
        n_components : int
            The dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.
        """
        return LinearNet(*input_size(featurizer), check_n_components(n_components, self))


class CNNEncoder(Encoder):
    """Convolutions with average pooling, then a linear layer: the most accurate reader of letters alone.

    Parameters
    ----------
    n_channels : int, default=32
        The number of filters of each convolution.
    kernel_size : int, default=5
        The width of the filters, in symbols; odd.
    n_layers : int, default=4
        The number of convolutions. Each halves the number of positions.

    Examples
    --------
    >>> from skseed.embedding import CNNEncoder, EditDistanceEmbedder
    >>> embedder = EditDistanceEmbedder(encoder=CNNEncoder(n_channels=16))
    >>> embedder.set_params(encoder__n_channels=64).encoder
    CNNEncoder(n_channels=64)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_channels": AT_LEAST_ONE,
        "kernel_size": AT_LEAST_ONE,
        "n_layers": AT_LEAST_ONE,
    }

    def __init__(self, n_channels: int = 32, kernel_size: int = 5, n_layers: int = 4) -> None:
        self.n_channels = n_channels
        self.kernel_size = kernel_size
        self.n_layers = n_layers

    def build(self, featurizer: Featurizer, n_components: int | None) -> nn.Module:
        """Return the network.

        Parameters
        ----------
        featurizer : Featurizer
            The description of the input.
        n_components : int
            The dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.

        Raises
        ------
        ValueError
            If `kernel_size` is even, which would shift the positions, or `n_components` is None.
        """
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd; got {self.kernel_size}.")
        return CNNNet(
            *input_size(featurizer),
            check_n_components(n_components, self),
            n_channels=self.n_channels,
            kernel_size=self.kernel_size,
            n_layers=self.n_layers,
        )


class TransformerEncoder(Encoder):
    """Attention between segments of a sequence, then a linear layer over all segments.

    Parameters
    ----------
    segment_length : int, default=10
        The number of symbols of a segment.
    width : int, default=32
        The length of the vector of a segment; a multiple of `n_heads`.
    n_layers : int, default=2
        The number of attention layers.
    n_heads : int, default=2
        The number of heads of each layer.
    window : int, default=None
        The number of segments to either side that a segment attends to (local attention); None is all.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, TransformerEncoder
    >>> encoder = TransformerEncoder(segment_length=3, window=1)
    >>> embedder = EditDistanceEmbedder(8, encoder=encoder, max_epochs=5, random_state=0)
    >>> embedder.fit(["GATTACA", "GATACA", "CATTACA", "GATTTACA"]).transform(["GATTACA"]).shape
    (1, 8)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "segment_length": AT_LEAST_ONE,
        "width": AT_LEAST_ONE,
        "n_layers": AT_LEAST_ONE,
        "n_heads": AT_LEAST_ONE,
        "window": [*AT_LEAST_ONE, None],
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

    def build(self, featurizer: Featurizer, n_components: int | None) -> nn.Module:
        """Return the network.

        Parameters
        ----------
        featurizer : Featurizer
            The description of the input.
        n_components : int
            The dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.

        Raises
        ------
        ValueError
            If `width` is not a multiple of `n_heads`, or `n_components` is None.
        """
        if self.width % self.n_heads:
            raise ValueError(f"width must be a multiple of n_heads; got {self.width} and {self.n_heads}.")
        return SegmentTransformerNet(
            *input_size(featurizer),
            check_n_components(n_components, self),
            segment_length=self.segment_length,
            width=self.width,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            window=self.window,
        )


class KmerCounts(Featurizer):
    """The count of every k-mer, in alphabetical order. K-mers with a wildcard do not count.

    Parameters
    ----------
    k : int
        Symbols in a k-mer.
    alphabet_size : int
        The number of symbols of the alphabet.
    """

    keep_features = False

    def __init__(self, k: int, alphabet_size: int) -> None:
        self.k = k
        self.alphabet_size = alphabet_size
        self.shape = (alphabet_size**k,)

    def __call__(self, sequences: Sequences) -> npt.NDArray[np.float32]:
        """Return the counts, shape (n_sequences, alphabet_size ** k)."""
        starts, owners = kmer_starts(sequences.offsets, self.k)
        codes, valid = kmer_codes(sequences.codes, k=self.k, n_symbols=self.alphabet_size)
        if valid is not None:
            owners, starts = owners[valid[starts]], starts[valid[starts]]
        counts = np.zeros(len(sequences) * self.shape[0], dtype=np.float32)
        np.add.at(counts, owners * self.shape[0] + codes[starts], np.float32(1))
        return counts.reshape(-1, self.shape[0])


class KmerEncoder(Encoder):
    """Counts of k-mers, then a linear map: independent of where a sequence starts.

    Parameters
    ----------
    k : int, default=4
        The length of the k-mers. Memory grows with ``n_symbols ** k``, at most 2**24 k-mers.

    Notes
    -----
    With ``n_components=None`` the embedder omits the linear map, and a point is the vector of counts.
    Training then finds only the scale of the distance: this is the baseline of plain k-mer counts.

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder, KmerEncoder
    >>> genes = ["GATTACA", "GATACA", "CATTACA", "GATTTACA"]
    >>> embedder = EditDistanceEmbedder(8, encoder=KmerEncoder(2), max_epochs=5, random_state=0)
    >>> embedder.fit(genes).transform(["GATTACA"]).shape
    (1, 8)
    >>> counts = EditDistanceEmbedder(None, encoder=KmerEncoder(2), max_epochs=5, random_state=0)
    >>> counts.fit(genes).transform(["GATTACA"])[0, :4]
    array([0., 1., 0., 1.], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": AT_LEAST_ONE,
    }

    def __init__(self, k: int = 4) -> None:
        self.k = k

    def fit_featurizer(
        self, sequences: Sequences, max_length: int, distances: Distances | None, rng: np.random.Generator
    ) -> Featurizer:
        """Return the counter of k-mers.

        Parameters
        ----------
        sequences : Sequences
            The encoded training sequences; only their alphabet is used.
        max_length : int
            Not used.
        distances : callable or None
            Not used.
        rng : numpy.random.Generator
            Not used.

        Returns
        -------
        featurizer : Featurizer
            The featurizer.

        Raises
        ------
        ValueError
            If there are more than 2**24 k-mers.
        """
        return counter_of_kmers(self.k, len(sequences.alphabet), self)

    def build(self, featurizer: Featurizer, n_components: int | None) -> nn.Module:
        """Return the network: a linear map, or nothing where `n_components` is None.

        Parameters
        ----------
        featurizer : Featurizer
            The description of the input.
        n_components : int or None
            The dimension of the points; None returns the counts.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.
        """
        if n_components is None:
            return nn.Identity()
        return nn.Linear(featurizer.shape[0], n_components)


SYMBOL_ENCODERS: dict[str, type[Encoder]] = {
    "kmer": KmerEncoder,
    "linear": LinearEncoder,
    "cnn": CNNEncoder,
    "transformer": TransformerEncoder,
}


def counter_of_kmers(k: int, n_symbols: int, encoder: Encoder) -> KmerCounts:
    """Return the featurizer that counts k-mers; raise a ValueError if there are more than 2**24 of them."""
    if n_symbols**k > _MAX_KMERS:
        raise ValueError(
            f"There are {n_symbols}**{k} k-mers of k={k}, but {type(encoder).__name__} counts at most "
            f"{_MAX_KMERS:,}; lower k."
        )
    return KmerCounts(k, n_symbols)


def input_size(featurizer: Featurizer) -> tuple[int, int]:
    """Return the number of positions and the number of symbols of a featurizer of codes."""
    assert featurizer.n_symbols is not None
    return featurizer.shape[0], featurizer.n_symbols
