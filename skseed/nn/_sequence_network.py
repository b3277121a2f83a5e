"""Token vectors, an encoder over them, and a linear layer to the classes."""

import torch
from torch import nn
from torch.nn import functional

from skseed.nn._conv_bank import row_lengths
from skseed.nn._token_dropout import TokenDropout
from skseed.nn._token_encoders import (
    ConvolutionalEncoder,
    RecurrentEncoder,
    TransformerEncoder,
)


class SequenceNetwork(nn.Module):
    """Classify rows of tokens by learned token vectors and an encoder of the sequence.

    Parameters
    ----------
    n_tokens : int
        The number of token ids: 0 is padding, 1 the unknown token.
    n_classes : int
        The number of classes.
    encoder : {"mean", "lstm", "gru", "cnn", "transformer"}, default="mean"
        The encoder. ``"mean"``: the mean of the token vectors, which ignores their order; it is standardized
        before the linear layer, so a training batch needs two rows. ``"lstm"``, ``"gru"``: the maxima of the
        states of a bidirectional network. ``"cnn"``: the maxima of two convolutions over the sequence, its
        halves and its quarters. ``"transformer"``: the mean output of two transformer layers.
    embedding_dim : int, default=16
        The dimension of a token vector.
    hidden_dim : int, default=64
        The width of the encoder, for each direction of a bidirectional one; unused for ``"mean"``.
    dropout : float, default=0.1
        The probability that a token is dropped in training, in [0, 1).
    seed : int, default=0
        Seed of the dropout. The initial weights are drawn from torch's global generator.
    n_kmers : int, default=0
        The number of columns of a linear model on k-mer counts, 0 for none. If there is one, the logits of
        the network correct those of the linear model and are 0 at the start. The weights of the linear model
        are fixed in training; ``set_kmer_weights`` sets them.

    Attributes
    ----------
    n_features : int
        The dimension of the vector of a sequence: `embedding_dim` for ``"mean"``, 2 · `hidden_dim` for
        ``"lstm"`` and ``"gru"``, 7 · `hidden_dim` for ``"cnn"``, `hidden_dim` rounded up to a multiple of 8
        for ``"transformer"``.
    correction_weight : Tensor of shape ()
        The factor of the logits of the network in the sum with those of the linear model; 1 at the start.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import SequenceNetwork
    >>> network = SequenceNetwork(10, 3, encoder="lstm", embedding_dim=4, hidden_dim=5)
    >>> tokens = torch.tensor([[2, 7, 1, 8], [3, 0, 0, 0]])
    >>> network.embed(tokens).shape, network(tokens).shape
    (torch.Size([2, 10]), torch.Size([2, 3]))
    """

    correction_weight: torch.Tensor

    def __init__(
        self,
        n_tokens: int,
        n_classes: int,
        *,
        encoder: str = "mean",
        embedding_dim: int = 16,
        hidden_dim: int = 64,
        dropout: float = 0.1,
        seed: int = 0,
        n_kmers: int = 0,
    ) -> None:
        super().__init__()
        self.dropout = TokenDropout(dropout, seed=seed)
        self.tokens = nn.Embedding(n_tokens, embedding_dim, padding_idx=0)
        self.encoder = _build_encoder(encoder, embedding_dim, hidden_dim)
        with torch.no_grad():
            if self.encoder is None:
                # the mean is standardized below, so a smaller scale only makes the first steps relatively
                # larger; the vectors of many k-mers would otherwise stay near their random start
                self.tokens.weight *= 0.1
            # a token that training did not see is read as unknown and adds nothing
            self.tokens.weight[1] = 0.0
        self.n_features = embedding_dim if self.encoder is None else self.encoder.n_features
        # means of many vectors vary little; without standardization training takes hundreds of epochs
        self.standardize = (
            nn.BatchNorm1d(self.n_features, eps=1e-9, affine=False) if encoder == "mean" else nn.Identity()
        )
        self.head = nn.Linear(self.n_features, n_classes)
        self.kmers = nn.Linear(n_kmers, n_classes).requires_grad_(False) if n_kmers else None
        if n_kmers:
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)
        self.register_buffer("correction_weight", torch.ones(()))

    def set_kmer_weights(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        """Set the weights of the linear model.

        Parameters
        ----------
        weight : Tensor of shape (n_classes, n_kmers)
            The weights.
        bias : Tensor of shape (n_classes,)
            The intercepts.
        """
        if self.kmers is None:
            raise ValueError("The network has no linear model; build it with n_kmers.")
        with torch.no_grad():
            self.kmers.weight.copy_(weight)
            self.kmers.bias.copy_(bias)

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the vectors of sequences.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            Token ids, 0 after the end of a row; every row has at least one token.

        Returns
        -------
        vectors : Tensor of shape (n_rows, n_features)
            The vectors.
        """
        # before the dropout, which must not shorten a row
        lengths = row_lengths(tokens)[:, None]
        if self.encoder is None:
            # sums without an array of all vectors
            sums = functional.embedding_bag(
                self.dropout(tokens), self.tokens.weight, mode="sum", padding_idx=0
            )
            return sums * (self.dropout.scale / lengths)
        mask = torch.arange(tokens.shape[1], device=tokens.device) < lengths
        return self.encoder(self.tokens(self.dropout(tokens)) * self.dropout.scale, mask)

    def forward(self, tokens: torch.Tensor, offsets: torch.Tensor | None = None) -> torch.Tensor:
        """Return the logits of the classes.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            Token ids, 0 after the end of a row.
        offsets : Tensor of shape (n_rows, n_classes), default=None
            Logits of the linear model, to which the weighted logits of the network are added.

        Returns
        -------
        logits : Tensor of shape (n_rows, n_classes)
            The logits.
        """
        logits = self.head(self.standardize(self.embed(tokens)))
        return logits if offsets is None else offsets + self.correction_weight * logits


def _build_encoder(
    encoder: str, embedding_dim: int, hidden_dim: int
) -> RecurrentEncoder | ConvolutionalEncoder | TransformerEncoder | None:
    """Return the encoder, None for the mean, which needs no layer."""
    if encoder == "mean":
        return None
    if encoder == "lstm":
        return RecurrentEncoder(embedding_dim, hidden_dim, cell=nn.LSTM)
    if encoder == "gru":
        return RecurrentEncoder(embedding_dim, hidden_dim, cell=nn.GRU)
    if encoder == "cnn":
        return ConvolutionalEncoder(embedding_dim, hidden_dim)
    if encoder == "transformer":
        return TransformerEncoder(embedding_dim, hidden_dim)
    raise ValueError(f'encoder must be "mean", "lstm", "gru", "cnn" or "transformer"; got {encoder!r}.')
