"""The protocol between an embedder and its encoder: a spec, a featurizer and a torch module."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from skseed._base import Estimator
from skseed._sequences import Sequences

Distances = Callable[[Sequences, Sequences], npt.NDArray[np.float32]]


class Featurizer:
    """Turn encoded sequences into the input of a network.

    An :class:`Encoder` fits a featurizer on the training sequences. The embedder calls it for every batch of
    training and for every sequence that it embeds. Subclasses set `shape` and implement ``__call__``.

    Attributes
    ----------
    shape : tuple of int
        The shape of the features of one sequence.
    n_symbols : int or None
        The number of different symbols, for features that are symbols. None for measurements.
    keep_features : bool
        Whether the features of the training sequences are computed once and kept in memory. Set it to False
        where features are cheap to compute and larger than the sequences.
    feature_name : str
        The plural of what the features are, for the warning about sequences that have none of them.
    """

    shape: tuple[int, ...]
    n_symbols: int | None = None
    keep_features: ClassVar[bool] = True
    feature_name: str = "features"

    def __call__(self, sequences: Sequences) -> npt.NDArray[Any]:
        """Return the features of some sequences.

        Parameters
        ----------
        sequences : Sequences
            Encoded sequences, none of them empty. ``sequences.padded(length)`` returns their codes as a uint8
            matrix, ``sequences.lengths`` their lengths, ``sequences.alphabet`` the meaning of the codes;
            iteration yields the codes of one sequence after the other.

        Returns
        -------
        features : ndarray of shape (n_sequences, ...)
            The network's input.
        """
        raise NotImplementedError

    def is_known(self, features: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Return which rows of features say anything about their sequence.

        An embedder warns about the others. By default all rows do.

        Parameters
        ----------
        features : ndarray of shape (n_sequences, ...)
            Features of some sequences.

        Returns
        -------
        is_known : ndarray of shape (n_sequences,), dtype bool
            False where the features are empty, such as those of a read without a known k-mer.
        """
        return np.ones(len(features), dtype=np.bool_)


class PaddedCodes(Featurizer):
    """The symbol codes themselves, cut or padded to one length.

    Parameters
    ----------
    length : int
        The number of positions.
    n_symbols : int
        The size of the alphabet: code ``n_symbols`` is the wildcard, ``n_symbols + 1`` is padding.
    """

    keep_features = False

    def __init__(self, length: int, n_symbols: int) -> None:
        self.shape = (length,)
        self.n_symbols = n_symbols

    def __call__(self, sequences: Sequences) -> npt.NDArray[np.int32]:
        """Return the codes, shape (n_sequences, length), as torch's embedding layers accept them."""
        return sequences.padded(self.shape[0]).astype(np.int32)


class Encoder(Estimator):
    """Base class of encoders: the specification of an embedder's network.

    An encoder holds sizes, clones and searches like any estimator, and learns nothing itself. When an
    embedder is fitted, it calls two methods. :meth:`fit_featurizer` returns a :class:`Featurizer`, which
    turns sequences into the input of a network. :meth:`build` returns that network, a torch module. Subclass
    this class to use a network of your own; only :meth:`build` is required.

    Attributes
    ----------
    default_lr : float
        The largest learning rate of the training where the embedder has ``lr="auto"``: 3e-3 unless a subclass
        sets another one.
    embedders : tuple of str
        The names of the embedders that can train the encoder.

    Examples
    --------
    An encoder that reads how often each base occurs, and nothing else:

    >>> import numpy as np
    >>> from torch import nn
    >>> from skseed.embedding import EditDistanceEmbedder, Encoder, Featurizer
    >>> class Composition(Featurizer):
    ...     def __init__(self, n_symbols):
    ...         self.shape = (n_symbols,)
    ...
    ...     def __call__(self, sequences):
    ...         counts = [np.bincount(codes, minlength=len(sequences.alphabet) + 2) for codes in sequences]
    ...         return np.array(counts, dtype=np.float32)[:, : self.shape[0]]
    >>> class CompositionEncoder(Encoder):
    ...     def __init__(self, width=16):
    ...         self.width = width
    ...
    ...     def fit_featurizer(self, sequences, max_length, distances, rng):
    ...         return Composition(len(sequences.alphabet))
    ...
    ...     def build(self, featurizer, n_components):
    ...         hidden = nn.Linear(featurizer.shape[0], self.width)
    ...         return nn.Sequential(hidden, nn.ReLU(), nn.Linear(self.width, n_components))
    >>> genes = ["GATTACAGATTACA", "GATTACAGATTAC", "GCTTACAGATTACA", "CCCGGGAAATTTCC"]
    >>> embedder = EditDistanceEmbedder(8, encoder=CompositionEncoder(), max_epochs=5, random_state=0)
    >>> embedder.fit(genes).transform(genes).shape
    (4, 8)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    default_lr: ClassVar[float] = 3e-3
    embedders: ClassVar[tuple[str, ...]] = ("EditDistanceEmbedder", "ReadPositionEmbedder")

    def fit_featurizer(
        self, sequences: Sequences, max_length: int, distances: Distances | None, rng: np.random.Generator
    ) -> Featurizer:
        """Return what turns sequences into the input of the network: here, their padded codes.

        Parameters
        ----------
        sequences : Sequences
            The encoded training sequences.
        max_length : int
            The length to which all sequences are cut before the featurizer is called.
        distances : callable or None
            Takes two Sequences of n and m sequences and returns their (n, m) target distances, divided by the
            length of the longest training sequence. None where there is no such function: the target is a
            matrix, or the embedder learns positions.
        rng : numpy.random.Generator
            The only source of randomness.

        Returns
        -------
        featurizer : Featurizer
            The fitted featurizer.
        """
        return PaddedCodes(max_length, len(sequences.alphabet))

    def build(self, featurizer: Featurizer, n_components: int | None) -> torch.nn.Module:
        """Return the network.

        Parameters
        ----------
        featurizer : Featurizer
            The result of :meth:`fit_featurizer`; its `shape` and `n_symbols` describe the input.
        n_components : int or None
            The dimension of the points. None means as many as the encoder gives without a projection.

        Returns
        -------
        module : torch.nn.Module
            The untrained module. It maps features of shape (n, ...) to points of shape (n, n_components).
        """
        raise NotImplementedError

    def initialize(
        self,
        module: torch.nn.Module,
        featurizer: Featurizer,
        sequences: Sequences,
        points: npt.NDArray[np.float32],
    ) -> None:
        """Set the weights of `module` so that training starts near given points; by default, do nothing.

        :class:`ReadPositionEmbedder` calls this method before training.

        Parameters
        ----------
        module : torch.nn.Module
            The result of :meth:`build`.
        featurizer : Featurizer
            The result of :meth:`fit_featurizer`.
        sequences : Sequences
            The encoded training sequences.
        points : ndarray of shape (n_sequences, n_components), dtype float32
            The points from which training should start.
        """


def resolve_encoder(encoder: str | Encoder, names: Mapping[str, type[Encoder]], embedder: str) -> Encoder:
    """Return the default encoder of a name, or an encoder whose parameters have been checked.

    Raises
    ------
    TypeError
        If it is a class instead of an object, or not an :class:`Encoder`.
    ValueError
        If `embedder` cannot train it, or a parameter of it is out of its range.
    """
    if isinstance(encoder, str):
        return names[encoder]()
    if isinstance(encoder, type):
        raise TypeError(f"encoder must be an object; pass {encoder.__name__}() instead of the class.")
    if not isinstance(encoder, Encoder):
        raise TypeError(
            f"encoder is of type {type(encoder).__name__}; pass an object of a subclass of "
            "skseed.embedding.Encoder."
        )
    if embedder not in encoder.embedders:
        valid = ", ".join(
            sorted(
                spec.__name__
                for spec in Encoder.__subclasses__()
                if embedder in spec.embedders and spec.__module__.startswith("skseed.")
            )
        )
        raise ValueError(
            f"{type(encoder).__name__} works in {' and '.join(encoder.embedders)}, but not in {embedder}; "
            f"choose one of {valid}."
        )
    encoder._validate_params()
    return encoder


def check_n_components(n_components: int | None, encoder: Encoder) -> int:
    """Return `n_components`; raise a ValueError if it is None, which only some encoders accept."""
    if n_components is None:
        raise ValueError(
            f"n_components=None uses the features of an encoder as points, but {type(encoder).__name__} does "
            "not support it; pass a number, or encoder='kmer' for plain k-mer counts."
        )
    return n_components
