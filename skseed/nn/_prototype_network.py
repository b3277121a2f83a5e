"""Unit embeddings of token rows beside one unit vector, the prototype, for every class."""

from collections.abc import Sequence

import torch
from torch import nn

from skseed.nn._token_body import TokenBody, linear_head


class PrototypeNetwork(nn.Module):
    """Embed rows of tokens on the unit sphere, together with a learned vector for every class.

    The network of the triplet paper: a :class:`TokenBody`, one linear layer, unit length. A class is where
    its prototype points; the loss pulls the rows of the class there. New classes need no new network,
    only a new vector.

    Parameters
    ----------
    n_tokens : int
        The number of token ids, including 0 for padding.
    n_prototypes : int
        The number of classes.
    n_components : int, default=200
        The dimension of an embedding and of a prototype.
    embedding_dim : int, default=200
        The dimension of the vector of a token.
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
    >>> from skseed.nn import PrototypeNetwork
    >>> network = PrototypeNetwork(10, 3, n_components=4, kernel_sizes=(1, 2), n_filters=5)
    >>> embeddings, prototypes = network(torch.tensor([[2, 7, 1, 8], [3, 0, 0, 0]]))
    >>> (embeddings @ prototypes.T).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        n_tokens: int,
        n_prototypes: int,
        *,
        n_components: int = 200,
        embedding_dim: int = 200,
        kernel_sizes: Sequence[int] = tuple(range(1, 13)),
        n_filters: int = 256,
        n_metadata: int = 0,
        dropout: float = 0.2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.body = TokenBody(
            n_tokens,
            embedding_dim=embedding_dim,
            kernel_sizes=kernel_sizes,
            n_filters=n_filters,
            n_metadata=n_metadata,
            dropout=dropout,
            seed=seed,
        )
        self.head = nn.Linear(self.body.n_features, n_components)
        self.prototypes = nn.Parameter(torch.randn(n_prototypes, n_components))

    def embed(self, tokens: torch.Tensor, metadata: torch.Tensor | None = None) -> torch.Tensor:
        """Return the unit embeddings of rows of tokens.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            Token ids, 0 after the end of a row.
        metadata : Tensor of shape (n_rows, n_metadata), default=None
            The metadata, where the network has some.

        Returns
        -------
        embeddings : Tensor of shape (n_rows, n_components)
            Rows of length 1: float32 in training; float64 in evaluation, where a row's embedding does
            not depend on the rows beside it but for the last bits of a double.
        """
        return self.project(self.body(tokens, metadata))

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """Return the unit embeddings of features of the body.

        Parameters
        ----------
        features : Tensor of shape (n_rows, n_features)
            The output of the body.

        Returns
        -------
        embeddings : Tensor of shape (n_rows, n_components)
            As in `embed`.
        """
        return nn.functional.normalize(linear_head(self.head, features), dim=1)

    def forward(
        self, tokens: torch.Tensor, metadata: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the unit embeddings of rows of tokens, and the unit prototypes.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            Token ids, 0 after the end of a row.
        metadata : Tensor of shape (n_rows, n_metadata), default=None
            The metadata, where the network has some.

        Returns
        -------
        embeddings : Tensor of shape (n_rows, n_components)
            See `embed`.
        prototypes : Tensor of shape (n_prototypes, n_components)
            Rows of length 1.
        """
        return self.embed(tokens, metadata), nn.functional.normalize(self.prototypes, dim=1)
