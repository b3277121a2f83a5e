"""Dropout of whole tokens."""

import numpy as np
import torch
from torch import nn


class TokenDropout(nn.Module):
    """Replace random tokens by padding during training.

    A dropped token keeps its position and has a zero vector, like a token that was never seen in training.
    The network therefore learns not to depend on single tokens.

    Parameters
    ----------
    p : float, default=0.2
        The probability that a token is dropped, in [0, 1).
    seed : int, default=0
        Seed of the masks, a non-negative int. A mask depends on the seed and on the number of masks before it
        only; torch's global generator is not used.

    Attributes
    ----------
    step : Tensor of shape (), dtype int64
        The number of masks drawn so far. It is part of the ``state_dict``, so training can resume.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import TokenDropout
    >>> dropout = TokenDropout(0.5, seed=1)
    >>> dropout(torch.tensor([[5, 6, 7, 8, 9]])).tolist()
    [[5, 0, 7, 8, 0]]
    >>> dropout.eval()(torch.tensor([[5, 6, 7, 8, 9]])).tolist()
    [[5, 6, 7, 8, 9]]
    """

    step: torch.Tensor

    def __init__(self, p: float = 0.2, *, seed: int = 0) -> None:
        super().__init__()
        self.p = p
        self.seed = seed
        self.register_buffer("step", torch.tensor(0))

    @property
    def scale(self) -> float:
        """The factor for the vectors of the remaining tokens that keeps the expected sum."""
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
            A new tensor in training mode, the same one in evaluation mode.
        """
        if not self.training or self.p == 0:
            return tokens
        # drawn on the CPU, so that every device drops the same tokens
        seed = np.random.SeedSequence([self.seed, int(self.step)]).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(seed[0]))
        self.step += 1
        dropped = torch.rand(tokens.shape, generator=generator) < self.p
        return tokens.masked_fill(dropped.to(tokens.device), 0)
