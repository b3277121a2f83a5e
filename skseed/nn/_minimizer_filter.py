"""Convolution filters whose max-pooling selects minimizers."""

import torch
from torch import nn
from torch.nn import functional


class MinimizerFilter(nn.Module):
    """Respond to symbols with a bank of convolution filters and keep each window's highest response.

    A convolution followed by a max-pool picks, in each window, the k-mer that the filter likes best:
    with random weights that k-mer *is* a minimizer [1]_. So one layer is both the first layer of a
    network, where its weights are trained, and a sketch, where they stay as drawn. For a sketch alone
    :class:`skseed.preprocessing.MinimizerVectorizer` is faster and needs no torch.

    Parameters
    ----------
    filters : array-like of shape (n_filters, k, n_symbols) or (k, n_symbols)
        The weights to start from, one for each position of a k-mer and symbol: ``torch.randn(64, 8, 4)`` for
        64 random orders of nucleotide 8-mers, or the ``filter_`` of a vectorizer.
    window : int
        K-mers in a window.

    Attributes
    ----------
    weight : torch.nn.Parameter of shape (n_filters, n_symbols, k)
        The weights, in the layout and dtype of ``filters``'s convolution. Freeze them with
        ``layer.requires_grad_(False)``.

    Raises
    ------
    ValueError
        If `filters` has the wrong number of dimensions, or `window` is below 1.

    See Also
    --------
    skseed.preprocessing.MinimizerVectorizer : The same selection, with ``order="gaussian"``.

    Notes
    -----
    A code outside the filter's symbols (a wildcard, padding) makes no k-mer: a k-mer that contains one
    responds with -inf. A sequence with fewer k-mers than `window` is one window. Two different k-mers
    whose responses are closer than the weights' precision may swap: use ``torch.float64`` to compare with
    the vectorizer.

    References
    ----------
    .. [1] Y. W. Yu, "On minimizers and convolutional filters: theoretical connections and
       applications to genome analysis", J. Comput. Biol., 2024. doi:10.1089/cmb.2024.0483

    Examples
    --------
    >>> import torch
    >>> from skseed.alphabets import DNA
    >>> from skseed.nn import MinimizerFilter
    >>> likes_gc = torch.tensor([[0.0, 1.0, 1.0, 0.0]] * 2)
    >>> layer = MinimizerFilter(likes_gc, window=3)
    >>> codes = torch.as_tensor(DNA.encode("ATGCATTTAGA").copy())[None]
    >>> layer.select(codes)
    tensor([[[2, 2, 2, 3, 4, 5, 8, 8]]])
    >>> layer(codes).detach()
    tensor([[[2., 2., 2., 1., 0., 0., 1., 1.]]])
    """

    def __init__(self, filters: torch.Tensor, *, window: int) -> None:
        super().__init__()
        weight = torch.as_tensor(filters)
        if weight.ndim == 2:
            weight = weight[None]
        if weight.ndim != 3 or not weight.is_floating_point():
            raise ValueError(
                "filters must be floating-point numbers of shape (n_filters, k, n_symbols) or "
                f"(k, n_symbols); got shape {tuple(weight.shape)} and dtype {weight.dtype}."
            )
        if window < 1:
            raise ValueError(f"window must be at least 1; got {window}.")
        self.weight = nn.Parameter(weight.transpose(1, 2).contiguous().clone())
        self.window = window

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the highest response of each window.

        Parameters
        ----------
        codes : Tensor of shape (n_sequences, length), integer dtype
            Symbol codes.

        Returns
        -------
        responses : Tensor of shape (n_sequences, n_filters, n_windows)
            The responses, -inf where a window has no k-mer without a wildcard.
        """
        return functional.max_pool1d(self._responses(codes), self.window, stride=1)

    def select(self, codes: torch.Tensor) -> torch.Tensor:
        """Return where the k-mer of the highest response starts, in each window.

        Parameters
        ----------
        codes : Tensor of shape (n_sequences, length), integer dtype
            Symbol codes.

        Returns
        -------
        positions : Tensor of shape (n_sequences, n_filters, n_windows), dtype int64
            Positions in the sequence, the leftmost of equal responses; -1 where a window has no k-mer
            without a wildcard.
        """
        with torch.no_grad():
            responses, positions = functional.max_pool1d(
                self._responses(codes), self.window, stride=1, return_indices=True
            )
            return positions.masked_fill(responses == -torch.inf, -1)

    def extra_repr(self) -> str:
        """Return the sizes, for the printed form.

        Returns
        -------
        text : str
            The number of filters, their width and the window.
        """
        n_filters, n_symbols, k = self.weight.shape
        return f"n_filters={n_filters}, k={k}, n_symbols={n_symbols}, window={self.window}"

    def _responses(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the response to every k-mer, -inf to one with a wildcard, for a whole window at least."""
        _, n_symbols, k = self.weight.shape
        missing = k + self.window - 1 - codes.shape[1]
        codes = functional.pad(codes.long(), (0, max(0, missing)), value=n_symbols)
        known = (codes >= 0) & (codes < n_symbols)
        symbols = functional.one_hot(codes.where(known, 0), n_symbols).transpose(1, 2)
        responses = functional.conv1d(symbols.to(self.weight.dtype), self.weight)
        foreign = functional.max_pool1d((~known).to(self.weight.dtype)[:, None], k, stride=1)
        return responses.masked_fill(foreign > 0, -torch.inf)
