"""A transformer over the segments of a sequence."""

import torch
from torch import nn

from skseed.nn._sequence_encoders import OneHot


class SegmentTransformerNet(nn.Module):
    """Cut the sequence into segments, apply attention between them, and map all of them to a point.

    Parameters
    ----------
    length, n_symbols, n_components : int
        The shape of the input and of the output.
    segment_length : int
        Positions of a segment; the last one may be shorter.
    width : int
        The dimension of the vector of a segment; a multiple of `n_heads`.
    n_layers, n_heads : int
        The number of attention layers, and of heads in each layer.
    window : int or None
        The number of segments on either side that a segment attends to; None is all of them.
    """

    def __init__(
        self,
        length: int,
        n_symbols: int,
        n_components: int,
        *,
        segment_length: int,
        width: int,
        n_layers: int,
        n_heads: int,
        window: int | None,
    ) -> None:
        super().__init__()
        n_segments = -(-length // segment_length)
        self.one_hot = OneHot(n_symbols)
        self.missing = n_segments * segment_length - length
        self.n_segments = n_segments
        self.segments = nn.Linear(segment_length * n_symbols, width)
        self.places = nn.Parameter(torch.randn(n_segments, width) * 0.02)
        # no dropout, which torch draws from its global generator
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, n_heads, 4 * width, dropout=0.0, batch_first=True)
            for _ in range(n_layers)
        )
        self.read_out = nn.Linear(n_segments * width, n_components)
        positions = torch.arange(n_segments)
        far = (positions[:, None] - positions).abs() > window if window is not None else None
        self.register_buffer("far", far)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the (n, n_components) points of some codes."""
        letters = nn.functional.pad(self.one_hot(codes), (0, 0, 0, self.missing))
        vectors = self.segments(letters.reshape(len(codes), self.n_segments, -1)) + self.places
        for layer in self.layers:
            vectors = layer(vectors, src_mask=self.far)
        return self.read_out(vectors.flatten(1))
