"""Encoders that map rows of symbol codes to points.

Each is a torch module that takes codes of shape (n, length), with ``n_symbols`` for a wildcard and
``n_symbols + 1`` for padding, and returns points of shape (n, n_components).
"""

import torch
from torch import nn


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


class LinearNet(nn.Sequential):
    """One linear map of the flattened one-hot matrix, with weights for every position.

    Parameters
    ----------
    length, n_symbols, n_components : int
        The shape of the input and of the output.
    """

    def __init__(self, length: int, n_symbols: int, n_components: int) -> None:
        super().__init__(OneHot(n_symbols), nn.Flatten(), nn.Linear(length * n_symbols, n_components))


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
