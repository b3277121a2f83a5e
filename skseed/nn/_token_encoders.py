"""Encoders that turn the vectors of tokens into one vector of the sequence.

Each takes vectors of shape (n_rows, n_columns, embedding_dim) and a mask of shape (n_rows, n_columns), True
inside a row, and returns features of shape (n_rows, n_features). Padding does not change the features.
"""

from math import log

import torch
from torch import nn
from torch.nn import functional

_KERNEL_SIZE = 5
_N_SEGMENTS = 4
_N_HEADS = 4
_N_LAYERS = 2


class RecurrentEncoder(nn.Module):
    """The maxima of the states of two recurrent networks, one for each reading direction.

    The forget gates of an LSTM start open (Jozefowicz et al. 2015), since most of them would not learn to
    remember the position otherwise. Time and memory are proportional to the padded length. Packed sequences
    are avoided: torch's backward pass through a packed GRU takes quadratic time.
    """

    def __init__(self, embedding_dim: int, hidden_dim: int, *, cell: type[nn.LSTM] | type[nn.GRU]) -> None:
        super().__init__()
        self.forwards = cell(embedding_dim, hidden_dim, batch_first=True)
        self.backwards = cell(embedding_dim, hidden_dim, batch_first=True)
        self.n_features = 2 * hidden_dim
        if cell is nn.LSTM:
            with torch.no_grad():
                for name, parameter in self.named_parameters():
                    if name.endswith("bias_ih_l0"):
                        parameter[hidden_dim : 2 * hidden_dim] += 1.0

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the features."""
        # the maximum over the states does not depend on their order, so they stay reversed
        columns = mask.sum(dim=1, keepdim=True) - 1 - torch.arange(mask.shape[1], device=mask.device)
        reversed_vectors = vectors.gather(1, columns.clamp_min(0)[:, :, None].expand_as(vectors))
        states = torch.cat([self.forwards(vectors)[0], self.backwards(reversed_vectors)[0]], dim=2)
        return states.masked_fill(~mask[:, :, None], -torch.inf).amax(dim=1)


class ConvolutionalEncoder(nn.Module):
    """Two convolutions, and their maxima over the sequence, its halves and its quarters.

    The maximum over the sequence detects a motif; those over its halves and quarters locate it. This is a
    spatial pyramid (He et al. 2014, doi:10.1007/978-3-319-10578-9_23) in one dimension. If the length is not
    a multiple of four, a position on a border belongs to both quarters.
    """

    def __init__(self, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        padding = _KERNEL_SIZE // 2
        self.first = nn.Conv1d(embedding_dim, hidden_dim, _KERNEL_SIZE, padding=padding)
        self.second = nn.Conv1d(hidden_dim, hidden_dim, _KERNEL_SIZE, padding=padding)
        self.n_features = (2 * _N_SEGMENTS - 1) * hidden_dim

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the features."""
        # masked between the layers, since the bias makes padding non-zero
        hidden = functional.relu(self.first(vectors.transpose(1, 2)) * mask[:, None])
        hidden = self.second(hidden)
        # rectification and maximum commute, and there are fewer maxima
        maxima = functional.relu(hidden.gather(2, _places_of_maxima(hidden, mask.sum(dim=1))))
        levels = [maxima]
        while levels[-1].shape[2] > 1:
            levels.append(levels[-1].unflatten(2, (-1, 2)).amax(dim=3))
        return torch.cat(levels, dim=2).transpose(1, 2).flatten(1)


def _places_of_maxima(hidden: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return where each channel is largest in each quarter of each row, (n_rows, n_channels, 4).

    Only these positions get a gradient. Four maxima over masked arrays would take four passes over all values
    and four in the backward pass, which was half the time of a training step.
    """
    with torch.no_grad():
        return torch.cat(
            [
                functional.adaptive_max_pool1d(row[None, :, :length], _N_SEGMENTS, return_indices=True)[1]
                for row, length in zip(hidden, lengths.tolist(), strict=True)
            ]
        )


class TransformerEncoder(nn.Module):
    """The mean of the outputs of two transformer layers with sinusoidal positions."""

    def __init__(self, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        width = -(-hidden_dim // (2 * _N_HEADS)) * 2 * _N_HEADS
        self.enter = nn.Linear(embedding_dim, width)
        self.layers = nn.ModuleList(_TransformerLayer(width) for _ in range(_N_LAYERS))
        self.leave = nn.LayerNorm(width)
        self.n_features = width

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the features."""
        hidden = self.enter(vectors)
        hidden = hidden + _positions(mask.shape[1], hidden)
        for layer in self.layers:
            hidden = layer(hidden, mask)
        return masked_mean(self.leave(hidden), mask)


class _TransformerLayer(nn.Module):
    """Self-attention and a perceptron, each with a residual connection and layer normalization before it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.widen = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        parts = self.queries_keys_values(self.attention_norm(hidden)).unflatten(2, (3, _N_HEADS, -1))
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask[:, None, None, :]
        )
        hidden = hidden + self.mix(attended.transpose(1, 2).flatten(2))
        return hidden + self.widen(hidden)


def masked_mean(vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean over the columns inside each row."""
    return (vectors * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)


def _positions(n_columns: int, like: torch.Tensor) -> torch.Tensor:
    """Return the sinusoidal vectors of the positions, of shape (n_columns, width)."""
    half = like.shape[2] // 2
    rates = torch.exp(-log(10_000.0) * torch.arange(half, device=like.device, dtype=like.dtype) / half)
    angles = torch.arange(n_columns, device=like.device, dtype=like.dtype)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
