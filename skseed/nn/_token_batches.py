"""Shuffled batches of token rows, with a new augmentation in every epoch."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch


class TokenBatches:
    """Yield shuffled batches of token rows, metadata and targets, epoch after epoch.

    An epoch depends only on `seed` and on the attribute ``epoch``, its number from 0 on. Every iteration
    increases that number by 1, and training can resume from any of them.

    Parameters
    ----------
    tokens : ndarray of shape (n_rows, n_columns), dtype int32
        Token ids, 0 after the end of a row.
    targets : ndarray of shape (n_rows,), dtype int64
        The class of each row.
    metadata : ndarray of shape (n_rows, n_metadata), dtype float32, default=None
        Further features of each row.
    batch_size : int, default=64
        The number of rows in a batch; the last one of an epoch may be smaller.
    augment : callable, default=None
        Called at the start of an epoch as ``augment(tokens, seed)`` with all token rows and the seed of the
        epoch, an int below 2**31; returns the rows for this epoch.
    seed : int, default=0
        Seed of the shuffling and of the augmentation, a non-negative int.

    Examples
    --------
    >>> import numpy as np
    >>> from skseed.nn import TokenBatches
    >>> tokens = np.array([[2, 3, 4], [5, 6, 0], [7, 0, 0]], dtype=np.int32)
    >>> batches = TokenBatches(tokens, np.array([0, 1, 1]), batch_size=2, seed=0)
    >>> [(inputs["tokens"].shape, targets.tolist()) for inputs, targets in batches]
    [(torch.Size([2, 3]), [1, 0]), (torch.Size([1, 2]), [1])]
    """

    def __init__(
        self,
        tokens: npt.NDArray[np.int32],
        targets: npt.NDArray[np.int64],
        metadata: npt.NDArray[np.float32] | None = None,
        *,
        batch_size: int = 64,
        augment: Callable[[npt.NDArray[np.int32], int], npt.NDArray[Any]] | None = None,
        seed: int = 0,
    ) -> None:
        self.tokens = tokens
        self.targets = targets
        self.metadata = metadata
        self.batch_size = batch_size
        self.augment = augment
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.tokens) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[dict[str, torch.Tensor], torch.Tensor]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        order = rng.permutation(len(self.tokens))
        tokens = self.tokens
        if self.augment is not None:
            tokens = self.augment(tokens, int(rng.integers(np.iinfo(np.int32).max)))
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            inputs = {"tokens": torch.from_numpy(without_padding_columns(tokens[rows]).astype(np.int64))}
            if self.metadata is not None:
                inputs["metadata"] = torch.from_numpy(self.metadata[rows])
            yield inputs, torch.from_numpy(self.targets[rows])


def without_padding_columns(tokens: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the columns of token rows up to the last one that is not all 0, at least the first column."""
    used = np.flatnonzero(tokens.any(axis=0))
    return tokens[:, : (used[-1] + 1 if used.size else 1)]
