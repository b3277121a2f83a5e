"""Dropout of whole tokens, with a generator of its own."""

import torch
from torch import nn


class TokenDropout(nn.Module):
    """Blank out tokens at random while training.

    A dropped token keeps its place and loses its vector, which is what happens to a token that
    was never seen in training; the network so learns to do without any single one.

    Parameters
    ----------
    p : float, default=0.2
        The probability that a token is dropped, in [0, 1).
    seed : int, default=0
        Seeds the masks. They come from a generator of the module's own, so that the global one stays
        where it is and a thread beside changes nothing.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import TokenDropout
    >>> dropout = TokenDropout(0.5, seed=1)
    >>> dropout(torch.tensor([[5, 6, 7, 8, 9]])).tolist()
    [[5, 0, 0, 8, 0]]
    >>> dropout.eval()(torch.tensor([[5, 6, 7, 8, 9]])).tolist()
    [[5, 6, 7, 8, 9]]
    """

    def __init__(self, p: float = 0.2, *, seed: int = 0) -> None:
        super().__init__()
        self.p = p
        self.generator = torch.Generator().manual_seed(seed)

    @property
    def scale(self) -> float:
        """What the vectors that remain are multiplied by, so that sums keep their size."""
        return 1 / (1 - self.p) if self.training else 1.0

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the tokens with some of them replaced by 0.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            Token ids.

        Returns
        -------
        tokens : Tensor of shape (n_rows, n_columns), dtype int64
            A new tensor in training, the same one otherwise.
        """
        if not self.training or self.p == 0:
            return tokens
        # drawn where the generator lives, so that every device drops the same tokens
        dropped = torch.rand(tokens.shape, generator=self.generator) < self.p
        return tokens.masked_fill(dropped.to(tokens.device), 0)
