"""Encoders of token vectors: from one vector a token to one vector a sequence.

Each takes vectors of shape (n_rows, n_columns, embedding_dim) and a mask of shape (n_rows, n_columns), True
inside a row, and returns features of shape (n_rows, n_features). What lies behind the end of a row
changes nothing.
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
    """The maxima of the states of a recurrent network that reads a sequence both ways.

    The forget gates of an LSTM start open (Jozefowicz et al. 2015), or most of them would never learn to
    remember where in the sequence they are.
    """

    def __init__(self, embedding_dim: int, hidden_dim: int, *, cell: type[nn.LSTM] | type[nn.GRU]) -> None:
        super().__init__()
        self.recurrent = cell(embedding_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.n_features = 2 * hidden_dim
        if cell is nn.LSTM:
            with torch.no_grad():
                for name, parameter in self.recurrent.named_parameters():
                    if name.startswith("bias_ih"):
                        parameter[hidden_dim : 2 * hidden_dim] += 1.0

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the features."""
        packed = nn.utils.rnn.pack_padded_sequence(
            vectors, mask.sum(dim=1).cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.recurrent(packed)[0],
            batch_first=True,
            total_length=mask.shape[1],
            padding_value=-torch.inf,
        )
        return states.amax(dim=1)


class ConvolutionalEncoder(nn.Module):
    """Two convolutions, and their maxima over the sequence, its halves and its quarters.

    The maximum over the whole says whether a motif is there, those over the parts say where: a spatial
    pyramid (He et al. 2014, doi:10.1007/978-3-319-10578-9_23) in one dimension. Where the length is no
    multiple of four, the position on a border belongs to both quarters.
    """

    def __init__(self, embedding_dim: int, hidden_dim: int) -> None:
        super().__init__()
        padding = _KERNEL_SIZE // 2
        self.first = nn.Conv1d(embedding_dim, hidden_dim, _KERNEL_SIZE, padding=padding)
        self.second = nn.Conv1d(hidden_dim, hidden_dim, _KERNEL_SIZE, padding=padding)
        self.n_features = (2 * _N_SEGMENTS - 1) * hidden_dim

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the features."""
        # masked between the layers, or the bias would leak in from behind the end
        hidden = functional.relu(self.first(vectors.transpose(1, 2)) * mask[:, None])
        hidden = self.second(hidden)
        # rectified when only the maxima are left, which is the same
        maxima = functional.relu(hidden.gather(2, _places_of_maxima(hidden, mask.sum(dim=1))))
        levels = [maxima]
        while levels[-1].shape[2] > 1:
            levels.append(levels[-1].unflatten(2, (-1, 2)).amax(dim=3))
        return torch.cat(levels, dim=2).transpose(1, 2).flatten(1)


def _places_of_maxima(hidden: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return where each channel is largest in each quarter of each row, (n_rows, n_channels, 4).

    Only these places then get a gradient. A maximum over an array masked four times would make four
    passes over all of it, and four on the way back, which took half the time of a training step.
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
    """Self-attention and a hidden layer, each on top of what it gets, normalised before."""

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
