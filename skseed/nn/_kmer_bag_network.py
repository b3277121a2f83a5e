"""Unit embeddings of sets of k-mers beside one unit vector, the prototype, for every class."""

import torch
from torch import nn

from skseed.nn._token_body import linear_head
from skseed.nn._token_dropout import TokenDropout


class KmerBagNetwork(nn.Module):
    """Embed sets of k-mers on the unit sphere, together with a learnt vector for every class.

    The vectors of a set's k-mers are added up with given weights, whose squares are scaled to the sum 1; then
    come the metadata, a rectifier and one linear layer. Nothing depends on the order of the k-mers, so
    an embedding of a circular sequence is that of all its rotations.

    Parameters
    ----------
    weights : Tensor of shape (n_kmers,)
        The weight of each k-mer; that of 0, the padding, does not count.
    n_prototypes : int
        The number of classes.
    embedding_dim : int, default=128
        The length of a k-mer's vector, of an embedding and of a prototype.
    n_metadata : int, default=0
        The number of columns of metadata.
    dropout : float, default=0.3
        The probability that a k-mer is dropped in training.
    seed : int, default=0
        Seeds the dropout; the initial weights come from torch's global generator, as everywhere.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import KmerBagNetwork
    >>> network = KmerBagNetwork(torch.ones(10), 3, embedding_dim=4)
    >>> embeddings, prototypes = network(torch.tensor([[2, 7, 1, 8], [3, 0, 0, 0]]))
    >>> (embeddings @ prototypes.T).shape
    torch.Size([2, 3])
    """

    weights: torch.Tensor

    def __init__(
        self,
        weights: torch.Tensor,
        n_prototypes: int,
        *,
        embedding_dim: int = 128,
        n_metadata: int = 0,
        dropout: float = 0.3,
        seed: int = 0,
    ) -> None:
        super().__init__()
        weights = weights.clone()
        weights[0] = 0
        self.register_buffer("weights", weights)
        self.dropout = TokenDropout(dropout, seed=seed)
        self.vectors = nn.Embedding(len(weights), embedding_dim)
        # small, so that what is learnt outweighs what is drawn: most k-mers are met a few times only
        nn.init.normal_(self.vectors.weight, std=embedding_dim**-0.5)
        self.metadata = nn.Linear(n_metadata, embedding_dim) if n_metadata else None
        self.bias = nn.Parameter(torch.zeros(embedding_dim))
        self.head = nn.Linear(embedding_dim, embedding_dim)
        self.prototypes = nn.Parameter(torch.randn(n_prototypes, embedding_dim))

    def embed(self, tokens: torch.Tensor, metadata: torch.Tensor | None = None) -> torch.Tensor:
        """Return the unit embeddings of sets of k-mers.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            The numbers of the k-mers, each once, 0 after the end of a row.
        metadata : Tensor of shape (n_rows, n_metadata), default=None
            The metadata, where the network has some.

        Returns
        -------
        embeddings : Tensor of shape (n_rows, embedding_dim)
            Rows of length 1: float32 in training, float64 in evaluation.
        """
        tokens = self.dropout(tokens)
        weights = self.weights[tokens]
        weights = nn.functional.normalize(weights, dim=1)
        features = self.bias + nn.functional.embedding_bag(
            tokens, self.vectors.weight, per_sample_weights=weights, mode="sum"
        )
        if self.metadata is not None:
            features = features + self.metadata(metadata)
        return nn.functional.normalize(linear_head(self.head, torch.relu(features)), dim=1)

    def forward(
        self, tokens: torch.Tensor, metadata: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the unit embeddings of sets of k-mers, and the unit prototypes.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            The numbers of the k-mers, each once, 0 after the end of a row.
        metadata : Tensor of shape (n_rows, n_metadata), default=None
            The metadata, where the network has some.

        Returns
        -------
        embeddings : Tensor of shape (n_rows, embedding_dim)
            See `embed`.
        prototypes : Tensor of shape (n_prototypes, embedding_dim)
            Rows of length 1.
        """
        return self.embed(tokens, metadata), nn.functional.normalize(self.prototypes, dim=1)
