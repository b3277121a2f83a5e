"""Parallel convolutions over tokens with a global maximum, computed from tables of token products."""

from collections.abc import Sequence
from math import sqrt

import torch
from torch import nn

# window sums of a chunk of rows: on the CPU they fit into the cache of a core
_TABLE_CHUNK_FLOATS = 2**18
_CONVOLUTION_CHUNK_FLOATS = 2**28


class TokenConvBank(nn.Module):
    """Embed tokens, convolve them with kernels of several widths, and keep each filter's maximum.

    This is the body of the lab-of-origin networks: token vectors, parallel convolutions without padding,
    SELU, and the maximum over the whole sequence. It detects short patterns wherever they occur. It does not
    use their position, nor their order at a distance.

    Parameters
    ----------
    n_tokens : int
        The number of token ids, padding (0) included.
    embedding_dim : int, default=200
        The dimension of a token vector.
    kernel_sizes : sequence of int, default=(1, ..., 12)
        The widths of the convolutions, in tokens.
    n_filters : int, default=256
        The number of filters of each width.

    Notes
    -----
    The product of a token with a column of a kernel depends on the token only, and there are far
    fewer tokens than positions. Every product is therefore computed once, in a table of shape (n_tokens,
    width, n_filters), and a window is a sum of `width` rows of the table. SELU is increasing and only the
    maximum is kept, so the gradient flows through one window for each filter. On a GPU, an ordinary
    convolution finds this window. The result equals a convolution up to rounding. A window does not reach
    beyond its row; a row shorter than a kernel has one window, filled with zero vectors.

    In evaluation mode the table has all tokens, so the result for a row does not depend on the other rows,
    not even in the last bit.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import TokenConvBank
    >>> bank = TokenConvBank(n_tokens=10, embedding_dim=4, kernel_sizes=(1, 2, 3), n_filters=5)
    >>> bank(torch.tensor([[2, 7, 1, 8], [3, 0, 0, 0]])).shape
    torch.Size([2, 15])
    """

    def __init__(
        self,
        n_tokens: int,
        *,
        embedding_dim: int = 200,
        kernel_sizes: Sequence[int] = tuple(range(1, 13)),
        n_filters: int = 256,
    ) -> None:
        super().__init__()
        self.kernel_sizes = tuple(int(size) for size in kernel_sizes)
        self.n_features = len(self.kernel_sizes) * n_filters
        self.tokens = nn.Parameter(torch.randn(n_tokens, embedding_dim))
        with torch.no_grad():
            # padding keeps the zero vector; the unknown token starts with it, so a token that training did
            # not see adds nothing to a window
            self.tokens[:2] = 0.0
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for size in self.kernel_sizes:
            bound = 1 / sqrt(size * embedding_dim)
            self.weights.append(torch.empty(embedding_dim, size, n_filters).uniform_(-bound, bound))
            self.biases.append(torch.empty(n_filters).uniform_(-bound, bound))

    def forward(
        self, tokens: torch.Tensor, lengths: torch.Tensor | None = None, *, scale: float = 1.0
    ) -> torch.Tensor:
        """Return the features of rows of tokens.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            Token ids; 0 has a zero vector.
        lengths : Tensor of shape (n_rows,), dtype int64, default=None
            The length of each row; by default up to its last token other than 0.
        scale : float, default=1.0
            Multiplies the token vectors; dropout uses it.

        Returns
        -------
        features : Tensor of shape (n_rows, n_features)
            SELU of the maximum of each filter, ordered by width.
        """
        tokens, lengths, vectors = self._look_up(tokens, lengths, scale)
        maxima = []
        for weight, bias in zip(self.weights, self.biases, strict=True):
            table = _table(vectors, weight)
            starts = _best_windows(table, vectors, weight, tokens, lengths)
            maxima.append(_contributions(table, tokens, starts).sum(dim=2) + bias)
        return nn.functional.selu(torch.cat(maxima, dim=1))

    def chosen_windows(self, tokens: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return the window of the maximum of each filter, and the contribution of each of its tokens.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            Token ids; 0 has a zero vector.

        Returns
        -------
        windows : list of (Tensor, Tensor), one for each width
            Both of shape (n_rows, n_filters, width): the columns of the tokens of the window, and the
            products of their vectors with the kernel. The sum of the products and the bias is the maximum. A
            column may be beyond the end of a row that is shorter than the kernel; its product is 0.
        """
        tokens, lengths, vectors = self._look_up(tokens, None, 1.0)
        windows = []
        for weight in self.weights:
            table = _table(vectors, weight)
            starts = _best_windows(table, vectors, weight, tokens, lengths)
            columns = starts[:, :, None] + torch.arange(table.shape[1], device=starts.device)
            windows.append((columns, _contributions(table, tokens, starts)))
        return windows

    def _look_up(
        self, tokens: torch.Tensor, lengths: torch.Tensor | None, scale: float
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return rows of indices into token vectors, their lengths, and the vectors."""
        if lengths is None:
            lengths = row_lengths(tokens)
        missing = max(self.kernel_sizes) - tokens.shape[1]
        if missing > 0:
            tokens = nn.functional.pad(tokens, (0, missing))
        if self.training:
            used, tokens = torch.unique(tokens, return_inverse=True)
        else:
            used = torch.arange(len(self.tokens), device=tokens.device)
        vectors = self.tokens[used] * (scale * (used != 0).to(self.tokens.dtype)).unsqueeze(1)
        return tokens, lengths, vectors


def row_lengths(tokens: torch.Tensor) -> torch.Tensor:
    """Return the length of each row of tokens, up to its last token other than 0."""
    columns = torch.arange(1, tokens.shape[1] + 1, device=tokens.device)
    return (columns * (tokens != 0)).amax(dim=1)


def _table(vectors: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the products of all tokens with all columns of a kernel: (n_tokens, width, n_filters)."""
    return (vectors @ weight.flatten(1)).unflatten(1, weight.shape[1:])


@torch.no_grad()
def _best_windows(
    table: torch.Tensor,
    vectors: torch.Tensor,
    weight: torch.Tensor,
    tokens: torch.Tensor,
    lengths: torch.Tensor,
) -> torch.Tensor:
    """Return the first column of the window with the largest sum: (n_rows, n_filters)."""
    n_windows = (lengths - weight.shape[1] + 1).clamp(min=1)
    if tokens.device.type == "cpu":
        return _best_windows_by_table(table, tokens, n_windows)
    return _best_windows_by_convolution(vectors, weight, tokens, n_windows)


def _best_windows_by_table(
    table: torch.Tensor, tokens: torch.Tensor, n_windows: torch.Tensor
) -> torch.Tensor:
    """Return the best windows; the sum of the window at s is that of ``table[tokens[s + o], o]`` over o."""
    width, n_filters = table.shape[1:]
    offsets = torch.arange(width, device=tokens.device)
    rows_of_table = table.flatten(0, 1)
    chunk = max(1, _TABLE_CHUNK_FLOATS // (int(n_windows.max()) * n_filters))
    chosen = []
    for begin in range(0, len(tokens), chunk):
        rows = slice(begin, begin + chunk)
        last = n_windows[rows, None] - 1
        # a row with fewer windows than others of the chunk repeats its last one, which changes no maximum
        first = torch.minimum(torch.arange(int(last.max()) + 1, device=tokens.device), last)
        windows = _windows(tokens[rows], first, offsets) * width + offsets
        sums = nn.functional.embedding_bag(windows.flatten(0, 1), rows_of_table, mode="sum")
        chosen.append(first.gather(1, sums.view(*first.shape, n_filters).argmax(dim=1)))
    return torch.cat(chosen)


def _best_windows_by_convolution(
    vectors: torch.Tensor, weight: torch.Tensor, tokens: torch.Tensor, n_windows: torch.Tensor
) -> torch.Tensor:
    """Return the best windows by an ordinary convolution, which is faster on a GPU.

    A GPU may round its products to 10 bits. That suffices to choose a window; the table scores it.
    """
    kernel = weight.permute(2, 0, 1).contiguous()
    chunk = max(1, _CONVOLUTION_CHUNK_FLOATS // (tokens.shape[1] * max(kernel.shape[:2])))
    chosen = []
    for begin in range(0, len(tokens), chunk):
        rows = slice(begin, begin + chunk)
        sums = nn.functional.conv1d(vectors[tokens[rows]].transpose(1, 2), kernel)
        beyond = torch.arange(sums.shape[2], device=sums.device) >= n_windows[rows, None]
        chosen.append(sums.masked_fill_(beyond[:, None], -torch.inf).argmax(dim=2))
    return torch.cat(chosen)


def _contributions(table: torch.Tensor, tokens: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """Return the contribution of each token to the window sum of each filter: (n_rows, n_filters, width)."""
    width, n_filters = table.shape[1:]
    offsets = torch.arange(width, device=tokens.device)
    filters = torch.arange(n_filters, device=tokens.device)[:, None]
    return table[_windows(tokens, starts, offsets), offsets, filters]


def _windows(tokens: torch.Tensor, first: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """Return the tokens of the windows that start at `first`: (n_rows, n_windows, width)."""
    columns = (first[:, :, None] + offsets).flatten(1)
    return tokens.gather(1, columns).view(*first.shape, len(offsets))
