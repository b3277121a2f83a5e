"""Encoders: from rows of symbol codes to points.

Each is a torch module that takes codes of shape (n, length), with ``n_symbols`` for a wildcard and
``n_symbols + 1`` for padding, and returns points of shape (n, n_components).
"""

from collections.abc import Sequence

import torch
from torch import nn


class OneHot(nn.Module):
    """Codes to one-hot vectors: padding is all zero, a wildcard spreads evenly over the symbols.

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
    """One linear map of the flattened one-hot matrix: every position has its own weights.

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
        The widths of the hidden layers, each followed by batch normalisation and a ReLU.
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
    """A correction to vectors that starts at nothing: two linear maps around a hidden layer.

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
        """Return the corrected vectors."""
        return vectors + self.change(vectors)


class LandmarkNet(nn.Sequential):
    """A residual perceptron over distances to landmarks.

    Parameters
    ----------
    n_landmarks, n_components : int
        The shape of the input and of the output.
    n_blocks : int
        The number of residual blocks.
    width : int
        The length of the vectors that they correct; their hidden layers are twice as wide.
    """

    def __init__(self, n_landmarks: int, n_components: int, *, n_blocks: int, width: int) -> None:
        # distances to one landmark differ by little from one another; normalised, they speak up
        super().__init__(
            nn.BatchNorm1d(n_landmarks),
            nn.Linear(n_landmarks, width),
            *(ResidualBlock(width, 2 * width) for _ in range(n_blocks)),
            nn.LayerNorm(width),
            nn.Linear(width, n_components),
        )


class HalvingPool(nn.Module):
    """Means of two positions each: ``AvgPool1d(2)`` to the last bit, in half of the time on a CPU."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return features of half as many positions; an odd last one is lost."""
        end = features.shape[2] // 2 * 2
        return (features[:, :, :end:2] + features[:, :, 1:end:2]) * 0.5


class CNNNet(nn.Module):
    """Convolutions with batch normalisation and average pooling, flattened into one linear read-out.

    Pooling forgets small shifts, so that an insertion does not move everything after it into other
    weights; the flattened read-out keeps where along the sequence a thing stands.

    Parameters
    ----------
    length, n_symbols, n_components : int
        The shape of the input and of the output.
    n_channels : int
        The number of filters of each layer.
    kernel_size : int
        The width of the filters, in positions; odd.
    n_layers : int
        The number of convolutions; each halves the number of positions while more than one is left.
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


class KmerNet(nn.Module):
    """Counts of k-mers, in alphabetical order: nothing is learned. Words with a wildcard are not counted.

    Parameters
    ----------
    n_symbols : int
        The size of the alphabet.
    k : int
        The length of the words; a point has ``n_symbols ** k`` components.
    """

    powers: torch.Tensor

    def __init__(self, n_symbols: int, *, k: int) -> None:
        super().__init__()
        self.n_symbols = n_symbols
        self.register_buffer("powers", n_symbols ** torch.arange(k).flip(0))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the (n, n_symbols ** k) counts."""
        k, n_words = len(self.powers), self.n_symbols ** len(self.powers)
        counts = torch.zeros(len(codes), n_words + 1, device=codes.device)
        if codes.shape[1] >= k:
            windows = codes.long().unfold(1, k, 1)
            whole = (windows < self.n_symbols).all(dim=2)
            words = torch.where(whole, (windows * self.powers).sum(dim=2), n_words)
            counts.scatter_add_(1, words, torch.ones_like(words, dtype=counts.dtype))
        return counts[:, :n_words]


class GRUNet(nn.Module):
    """A gated recurrent network over the symbols; its state after the last one makes the point.

    Parameters
    ----------
    n_symbols, n_components : int
        The size of the alphabet and of the output.
    hidden_size : int
        The width of the state.
    """

    def __init__(self, n_symbols: int, n_components: int, *, hidden_size: int) -> None:
        super().__init__()
        self.one_hot = OneHot(n_symbols)
        self.padding = n_symbols + 1
        self.recurrence = nn.GRU(n_symbols, hidden_size, batch_first=True)
        self.read_out = nn.Linear(hidden_size, n_components)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the (n, n_components) points of some codes."""
        states, _ = self.recurrence(self.one_hot(codes))
        last = (codes != self.padding).sum(dim=1).clamp_min(1) - 1
        return self.read_out(states[torch.arange(len(codes), device=codes.device), last])
