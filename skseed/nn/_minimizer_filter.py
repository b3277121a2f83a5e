"""Convolution filters whose max-pooling selects minimizers."""

import torch
from torch import nn
from torch.nn import functional


class MinimizerFilter(nn.Module):
    """Convolve symbols with a bank of filters and keep the highest response in each window.

    A convolution followed by a max-pool selects, in each window, the k-mer with the highest response. With
    random weights that k-mer is a minimizer [1]_. The same layer can therefore be the first layer of a
    network, with trained weights, or a sketch, with fixed ones. For a sketch alone,
    :class:`skseed.preprocessing.MinimizerVectorizer` is faster and does not need torch.

    Parameters
    ----------
    filters : array-like of shape (n_filters, k, n_symbols) or (k, n_symbols)
        The initial weights, one for each position of a k-mer and each symbol: ``torch.randn(64, 8, 4)`` for
        64 random orders of nucleotide 8-mers, or the ``filter_`` of a vectorizer.
    window : int
        K-mers in a window.

    Attributes
    ----------
    weight : torch.nn.Parameter of shape (n_filters, n_symbols, k)
        The weights in the layout of a convolution, with the dtype of `filters`. Freeze them with
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
    A k-mer with a code that is not a symbol of the filters (a wildcard or padding) has the
    response -inf. A sequence with fewer k-mers than `window` is one window. The order of two k-mers may
    differ from that of the vectorizer if their responses differ by less than the precision of the weights;
    use ``torch.float64`` then.

    References
    ----------
    .. [1] Y. W. Yu, "On minimizers and convolutional filters: theoretical connections and
       applications to genome analysis", J. Comput. Biol., 2024. doi:10.1089/cmb.2024.0483

    Examples
    --------
    >>> import torch
    >>> from skseed.alphabets import DNA
    >>> from skseed.nn import MinimizerFilter
    >>> gc_content = torch.tensor([[0.0, 1.0, 1.0, 0.0]] * 2)
    >>> layer = MinimizerFilter(gc_content, window=3)
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
            The responses, -inf for a window without a valid k-mer.
        """
        return functional.max_pool1d(self._responses(codes), self.window, stride=1)

    def select(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the start of the k-mer with the highest response in each window.

        Parameters
        ----------
        codes : Tensor of shape (n_sequences, length), integer dtype
            Symbol codes.

        Returns
        -------
        positions : Tensor of shape (n_sequences, n_filters, n_windows), dtype int64
            Positions in the sequence, the leftmost of equal responses; -1 for a window without a valid k-mer.
        """
        with torch.no_grad():
            responses, positions = functional.max_pool1d(
                self._responses(codes), self.window, stride=1, return_indices=True
            )
            return positions.masked_fill(responses == -torch.inf, -1)

    def extra_repr(self) -> str:
        """Return the sizes for the printed form.

        Returns
        -------
        text : str
            The number of filters, their width and the window.
        """
        n_filters, n_symbols, k = self.weight.shape
        return f"n_filters={n_filters}, k={k}, n_symbols={n_symbols}, window={self.window}"

    def _responses(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the response of every k-mer, -inf if it has a wildcard; at least one whole window."""
        _, n_symbols, k = self.weight.shape
        missing = k + self.window - 1 - codes.shape[1]
        codes = functional.pad(codes.long(), (0, max(0, missing)), value=n_symbols)
        known = (codes >= 0) & (codes < n_symbols)
        symbols = functional.one_hot(codes.where(known, 0), n_symbols).transpose(1, 2)
        responses = functional.conv1d(symbols.to(self.weight.dtype), self.weight)
        foreign = functional.max_pool1d((~known).to(self.weight.dtype)[:, None], k, stride=1)
        return responses.masked_fill(foreign > 0, -torch.inf)
