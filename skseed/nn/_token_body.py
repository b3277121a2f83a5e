"""The common body of the networks of the lab rankers: from token rows and metadata to features."""

from collections.abc import Sequence

import torch
from torch import nn

from skseed.nn._conv_bank import TokenConvBank, row_lengths
from skseed.nn._token_dropout import TokenDropout


class TokenBody(nn.Module):
    """Token dropout and parallel convolutions with a global maximum, with metadata appended.

    This is the body of the lab-of-origin networks [1]_. :class:`PrototypeNetwork` and :class:`SoftmaxNetwork`
    differ only in their heads, so they can be compared.

    Parameters
    ----------
    n_tokens : int
        The number of token ids, including 0 for padding.
    embedding_dim : int, default=200
        The dimension of a token vector.
    kernel_sizes : sequence of int, default=(1, ..., 12)
        The widths of the convolutions.
    n_filters : int, default=256
        The number of filters of each width.
    n_metadata : int, default=0
        The number of columns of metadata.
    dropout : float, default=0.2
        The probability that a token is dropped in training.
    seed : int, default=0
        Seed of the dropout. The initial weights are drawn from torch's global generator.

    References
    ----------
    .. [1] Soares, I. M., Camargo, F. H. F., Marques, A., Crook, O. M. "Improving lab-of-origin prediction of
       genetically engineered plasmids via deep metric learning", Nature Computational Science 2, 253-264
       (2022). doi:10.1038/s43588-022-00234-z

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import TokenBody
    >>> body = TokenBody(10, embedding_dim=4, kernel_sizes=(1, 2), n_filters=5, n_metadata=3)
    >>> body(torch.tensor([[2, 7, 1, 8], [3, 0, 0, 0]]), torch.ones(2, 3)).shape
    torch.Size([2, 13])
    """

    def __init__(
        self,
        n_tokens: int,
        *,
        embedding_dim: int = 200,
        kernel_sizes: Sequence[int] = tuple(range(1, 13)),
        n_filters: int = 256,
        n_metadata: int = 0,
        dropout: float = 0.2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.dropout = TokenDropout(dropout, seed=seed)
        self.bank = TokenConvBank(
            n_tokens, embedding_dim=embedding_dim, kernel_sizes=kernel_sizes, n_filters=n_filters
        )
        self.n_features = self.bank.n_features + n_metadata

    def forward(self, tokens: torch.Tensor, metadata: torch.Tensor | None = None) -> torch.Tensor:
        """Return the features of rows of tokens.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            Token ids, 0 after the end of a row.
        metadata : Tensor of shape (n_rows, n_metadata), default=None
            The metadata, if the network has some.

        Returns
        -------
        features : Tensor of shape (n_rows, n_features)
            The features of the convolutions, then the metadata.
        """
        features = self.bank(self.dropout(tokens), row_lengths(tokens), scale=self.dropout.scale)
        if metadata is not None:
            features = torch.cat([features, metadata.to(features.dtype)], dim=1)
        return features


def linear_head(head: nn.Linear, features: torch.Tensor) -> torch.Tensor:
    """Return ``head(features)``, computed in float64 if the head is in evaluation mode.

    The result for a row then depends on the other rows only in the last bits of a double.

    Parameters
    ----------
    head : torch.nn.Linear
        The linear layer.
    features : Tensor of shape (n_rows, n_features)
        The features of a :class:`TokenBody`.

    Returns
    -------
    outputs : Tensor of shape (n_rows, n_outputs)
        Of the dtype of `features` in training mode, float64 in evaluation mode.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import linear_head
    >>> linear_head(torch.nn.Linear(13, 3).eval(), torch.ones(2, 13)).dtype
    torch.float64
    """
    dtype = features.dtype if head.training else torch.float64
    return nn.functional.linear(features.to(dtype), head.weight.to(dtype), head.bias.to(dtype))
