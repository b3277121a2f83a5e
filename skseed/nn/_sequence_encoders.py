"""Encoders that map rows of symbol codes to points.

Each is a torch module that takes codes of shape (n, length), with ``n_symbols`` for a wildcard and
``n_symbols + 1`` for padding, and returns points of shape (n, n_components).
"""

import math
from collections.abc import Sequence

import torch
from torch import nn

_KMER_SPREAD = 0.3


class OneHot(nn.Module):
    """Map codes to one-hot vectors: padding is all zero, a wildcard is 1 / n_symbols for every symbol.

    Parameters
    ----------
    n_symbols : int
        The size of the alphabet.
    """

    table: torch.Tensor

    def __init__(self, n_symbols: int) -> None:
        super().__init__()
        rows = [torch.eye(n_symbols), torch.full((1, n_symbols), 1 / n_symbols), torch.zeros(1, n_symbols)]
        self.register_buffer("table", torch.cat(rows))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the (n, length, n_symbols) one-hot vectors."""
        return nn.functional.embedding(codes.int(), self.table)


def _perceptron(n_inputs: int, hidden_layer_sizes: Sequence[int], n_outputs: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for size in hidden_layer_sizes:
        layers += [nn.Linear(n_inputs, size), nn.BatchNorm1d(size), nn.ReLU()]
        n_inputs = size
    return [*layers, nn.Linear(n_inputs, n_outputs)]


class LinearNet(nn.Sequential):
    """One linear map of the flattened one-hot matrix, with weights for every position.

    Parameters
    ----------
    length, n_symbols, n_components : int
        The shape of the input and of the output.
    """

    def __init__(self, length: int, n_symbols: int, n_components: int) -> None:
        super().__init__(OneHot(n_symbols), nn.Flatten(), nn.Linear(length * n_symbols, n_components))


class MLPNet(nn.Sequential):
    """A multi-layer perceptron over the flattened one-hot matrix.

    Parameters
    ----------
    length, n_symbols, n_components : int
        The shape of the input and of the output.
    hidden_layer_sizes : sequence of int
        The widths of the hidden layers, each followed by batch normalization and a ReLU.
    """

    def __init__(
        self, length: int, n_symbols: int, n_components: int, *, hidden_layer_sizes: Sequence[int]
    ) -> None:
        super().__init__(
            OneHot(n_symbols),
            nn.Flatten(),
            *_perceptron(length * n_symbols, hidden_layer_sizes, n_components),
        )


class ResidualBlock(nn.Module):
    """A perceptron with one hidden layer whose output is added to its input, and is 0 at the start.

    Parameters
    ----------
    width : int
        The length of the vectors.
    hidden : int
        The length of the hidden layer.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        last = nn.Linear(hidden, width)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.change = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, hidden), nn.GELU(), last)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the sum of the vectors and their correction."""
        return vectors + self.change(vectors)


class LandmarkNet(nn.Module):
    """A residual perceptron over distances to landmarks, beside a linear map of k-mer counts.

    A point consists of the output of the perceptron and, in its last quarter, of the linear map times a
    learned positive factor. Without counts, or with fewer than 4 components, the perceptron gives the whole
    point.

    Parameters
    ----------
    n_landmarks, n_components : int
        The number of distances in the input, which are its first columns, and the length of the output.
    n_kmers : int, default=0
        The number of counts in the input, which are its last columns.
    n_blocks : int
        The number of residual blocks.
    width : int
        The dimension of the vectors; the hidden layers are twice as wide.
    """

    def __init__(
        self, n_landmarks: int, n_components: int, *, n_kmers: int = 0, n_blocks: int, width: int
    ) -> None:
        super().__init__()
        self.n_landmarks = n_landmarks
        n_from_kmers = n_components // 4 if n_kmers else 0
        self.perceptron = nn.Sequential(
            nn.Linear(n_landmarks, width),
            *(ResidualBlock(width, 2 * width) for _ in range(n_blocks)),
            nn.LayerNorm(width),
            nn.Linear(width, n_components - n_from_kmers),
        )
        self.kmers = nn.Linear(n_kmers, n_from_kmers, bias=False) if n_from_kmers else None
        if self.kmers is not None:
            # the two sections then have standard deviations of about .6 and .3 in every component
            nn.init.normal_(self.kmers.weight, std=_KMER_SPREAD)
            # the factor is exp(5 gate), so that it moves as fast as the weights
            self.gate = nn.Parameter(torch.tensor(-math.log(n_kmers) / 10))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the points of rows of standardized distances and counts."""
        points = self.perceptron(features[:, : self.n_landmarks])
        if self.kmers is None:
            return points
        return torch.cat([points, self.kmers(features[:, self.n_landmarks :]) * (5 * self.gate).exp()], dim=1)


class HalvingPool(nn.Module):
    """Mean of each pair of positions: ``AvgPool1d(2)`` to the last bit, in half of the time on a CPU."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return features of half as many positions; an odd last position is dropped."""
        end = features.shape[2] // 2 * 2
        return (features[:, :, :end:2] + features[:, :, 1:end:2]) * 0.5


class CNNNet(nn.Module):
    """Convolutions with batch normalization and average pooling, followed by one linear layer.

    Pooling reduces the effect of insertions, which shift all following positions. The linear layer has
    weights for every pooled position, so positions are distinguished.

    Parameters
    ----------
    length, n_symbols, n_components : int
        The shape of the input and of the output.
    n_channels : int
        The number of filters of each layer.
    kernel_size : int
        The width of the filters, in positions; odd.
    n_layers : int
        The number of convolutions; each is followed by pooling while more than one position is left.
    """

    def __init__(
        self,
        length: int,
        n_symbols: int,
        n_components: int,
        *,
        n_channels: int,
        kernel_size: int,
        n_layers: int,
    ) -> None:
        super().__init__()
        self.one_hot = OneHot(n_symbols)
        layers: list[nn.Module] = []
        width = n_symbols
        for _ in range(n_layers):
            layers += [
                nn.Conv1d(width, n_channels, kernel_size, padding=kernel_size // 2),
                nn.BatchNorm1d(n_channels),
                nn.ReLU(),
            ]
            if length > 1:
                layers.append(HalvingPool())
                length //= 2
            width = n_channels
        self.convolutions = nn.Sequential(*layers)
        self.read_out = nn.Linear(n_channels * length, n_components)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the (n, n_components) points of some codes."""
        features = self.convolutions(self.one_hot(codes).transpose(1, 2))
        return self.read_out(features.flatten(1))
