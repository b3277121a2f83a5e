"""A network with one hidden layer on sparse rows, with one logit for each class."""

import numpy as np
import torch
from torch import nn


class SparseSoftmaxNetwork(nn.Module):
    """Compute a logit for each class from sparse rows by a hidden layer with ReLU and a linear layer.

    A row is given by the columns and the values of its nonzero entries. The first layer adds the vectors of
    these columns, so its time depends on the number of entries and not on the number of columns.

    Parameters
    ----------
    n_columns : int
        The number of columns of the sparse rows.
    n_classes : int
        The number of classes.
    n_hidden : int, default=256
        The number of hidden units.
    dropout : float, default=0.3
        The probability that a hidden unit of a row is dropped in training, in [0, 1).
    seed : int, default=0
        Seed of the dropout. A mask depends on the seed and on the number of masks before it only. The initial
        weights are drawn from torch's global generator.

    Attributes
    ----------
    step : Tensor of shape (), dtype int64
        The number of masks drawn so far. It is part of the ``state_dict``, so training can resume.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import SparseSoftmaxNetwork
    >>> network = SparseSoftmaxNetwork(10, 3, n_hidden=4)
    >>> columns = torch.tensor([[1, 7, 10], [4, 0, 0]])
    >>> values = torch.tensor([[0.6, 0.64, 0.48], [1.0, 0.0, 0.0]])
    >>> network(columns, values).shape
    torch.Size([2, 3])
    """

    step: torch.Tensor

    def __init__(
        self, n_columns: int, n_classes: int, *, n_hidden: int = 256, dropout: float = 0.3, seed: int = 0
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.seed = seed
        # row 0 is for padding
        self.columns = nn.Parameter(0.01 * torch.randn(n_columns + 1, n_hidden))
        self.bias = nn.Parameter(torch.zeros(n_hidden))
        self.head = nn.Linear(n_hidden, n_classes)
        self.register_buffer("step", torch.tensor(0))

    def forward(self, columns: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Return the logits of sparse rows.

        Parameters
        ----------
        columns : Tensor of shape (n_rows, n_entries), dtype int64
            The numbers of the columns of the entries, from 1 on, and 0 after the last entry of a row.
        values : Tensor of shape (n_rows, n_entries)
            The values of the entries, 0 for padding.

        Returns
        -------
        logits : Tensor of shape (n_rows, n_classes)
            The logits.
        """
        sums = nn.functional.embedding_bag(columns, self.columns, mode="sum", per_sample_weights=values)
        hidden = torch.relu(sums + self.bias)
        if self.training and self.dropout > 0:
            # drawn on the CPU, so that every device drops the same units
            seed = np.random.SeedSequence([self.seed, int(self.step)]).generate_state(1, np.uint64)
            generator = torch.Generator().manual_seed(int(seed[0]))
            self.step += 1
            kept = torch.rand(hidden.shape, generator=generator) >= self.dropout
            hidden = hidden * kept.to(hidden.device) / (1 - self.dropout)
        return self.head(hidden)
