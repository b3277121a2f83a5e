"""A linear layer with one output for every class over the features of token rows."""

from collections.abc import Sequence

import torch
from torch import nn

from skseed.nn._token_body import TokenBody, linear_head


class SoftmaxNetwork(nn.Module):
    """Give rows of tokens one logit for every class.

    The plain classifier beside :class:`PrototypeNetwork`: the same :class:`TokenBody`, and on it a
    single linear layer. There is no embedding space, and a new class needs new training.

    Parameters
    ----------
    n_tokens : int
        The number of token ids, including 0 for padding.
    n_classes : int
        The number of classes.
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

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import SoftmaxNetwork
    >>> network = SoftmaxNetwork(10, 3, embedding_dim=4, kernel_sizes=(1, 2), n_filters=5)
    >>> network(torch.tensor([[2, 7, 1, 8], [3, 0, 0, 0]])).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        n_tokens: int,
        n_classes: int,
        *,
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
        self.head = nn.Linear(self.body.n_features, n_classes)

    def forward(self, tokens: torch.Tensor, metadata: torch.Tensor | None = None) -> torch.Tensor:
        """Return the logits of rows of tokens.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            Token ids, 0 after the end of a row.
        metadata : Tensor of shape (n_rows, n_metadata), default=None
            The metadata, where the network has some.

        Returns
        -------
        logits : Tensor of shape (n_rows, n_classes)
            One for every class: float32 in training, float64 in evaluation.
        """
        return self.project(self.body(tokens, metadata))

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """Return the logits of features of the body.

        Parameters
        ----------
        features : Tensor of shape (n_rows, n_features)
            The output of the body.

        Returns
        -------
        logits : Tensor of shape (n_rows, n_classes)
            As in `forward`.
        """
        return linear_head(self.head, features)
