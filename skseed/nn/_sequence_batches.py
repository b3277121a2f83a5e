"""Shuffled batches of token rows of any lengths, in which rows of similar length share a batch."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

_POOL = 16


class SequenceBatches:
    """Yield shuffled batches of token rows and targets, each batch padded to its own longest row.

    In every epoch the rows are shuffled and then sorted by length within pools of 16 batches. This avoids
    most of the padding and keeps the order of the batches random. The rows are stored without padding, so
    the memory is proportional to the number of tokens.

    An epoch depends only on `seed` and on the attribute ``epoch``, its number from 0 on. Every iteration
    increases that number by 1, and training can resume from any of them.

    Parameters
    ----------
    rows : sequence of ndarray of shape (length,), integer dtype
        The token ids of each row, from 1 on.
    targets : ndarray of shape (n_rows,), dtype int64
        The class of each row.
    batch_size : int, default=32
        The number of rows in a batch, at least 2. The last batch of an epoch may be smaller; a single row
        that is left over joins another batch.
    seed : int, default=0
        Seed of the shuffling, a non-negative int.
    offsets : ndarray of shape (n_rows, n_classes), dtype float32, default=None
        Logits of another model. If given, the input of a batch is a dict with ``"tokens"`` and ``"offsets"``.
    weights : ndarray of shape (n_rows,), dtype float32, default=None
        The weights of the rows. If given, the target of a batch is the pair of classes and weights that
        :class:`WeightedCrossEntropyLoss` takes.

    See Also
    --------
    TokenBatches : For a table of tokens, with metadata and augmentation.

    Examples
    --------
    >>> import numpy as np
    >>> from skseed.nn import SequenceBatches
    >>> rows = [np.array([2, 3, 4]), np.array([5]), np.array([6, 7]), np.array([8, 9, 8, 9])]
    >>> batches = SequenceBatches(rows, np.array([0, 1, 2, 3]), batch_size=2)
    >>> sorted((tokens.tolist(), targets.tolist()) for tokens, targets in batches)
    [([[2, 3, 4, 0], [8, 9, 8, 9]], [0, 3]), ([[5, 0], [6, 7]], [1, 2])]
    """

    def __init__(
        self,
        rows: Sequence[npt.NDArray[np.integer]],
        targets: npt.NDArray[np.int64],
        *,
        batch_size: int = 32,
        seed: int = 0,
        offsets: npt.NDArray[np.float32] | None = None,
        weights: npt.NDArray[np.float32] | None = None,
    ) -> None:
        self.rows = rows
        self.targets = targets
        self.batch_size = batch_size
        self.seed = seed
        self.offsets = offsets
        self.weights = weights
        self.epoch = 0
        self._lengths = np.array([len(row) for row in rows])

    def __len__(self) -> int:
        whole, rest = divmod(len(self.rows), self.batch_size)
        return whole + (rest > 1 or not whole)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        order = rng.permutation(len(self.rows))
        batches: list[npt.NDArray[np.intp]] = []
        for start in range(0, len(order), _POOL * self.batch_size):
            pool = order[start : start + _POOL * self.batch_size]
            pool = pool[np.argsort(self._lengths[pool], kind="stable")]
            batches += [pool[i : i + self.batch_size] for i in range(0, len(pool), self.batch_size)]
        if len(batches) > 1 and len(batches[-1]) == 1:
            # a single row has no variance, which batch normalization needs
            batches[-2:] = [np.concatenate(batches[-2:])]
        for number in rng.permutation(len(batches)):
            chosen = batches[number]
            inputs: Any = pad_rows([self.rows[i] for i in chosen])
            targets: Any = torch.from_numpy(self.targets[chosen])
            if self.offsets is not None:
                inputs = {"tokens": inputs, "offsets": torch.from_numpy(self.offsets[chosen])}
            if self.weights is not None:
                targets = (targets, torch.from_numpy(self.weights[chosen]))
            yield inputs, targets


def pad_rows(rows: Sequence[npt.NDArray[np.integer]]) -> torch.Tensor:
    """Return rows of token ids as one tensor, with 0 after the end of each row.

    Parameters
    ----------
    rows : sequence of ndarray of shape (length,), integer dtype
        At least one row of token ids.

    Returns
    -------
    tokens : Tensor of shape (n_rows, longest), dtype int64
        The padded rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skseed.nn import pad_rows
    >>> pad_rows([np.array([2, 3, 4]), np.array([5])])
    tensor([[2, 3, 4],
            [5, 0, 0]])
    """
    padded = torch.zeros((len(rows), max(len(row) for row in rows)), dtype=torch.int64)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = torch.from_numpy(row.astype(np.int64))
    return padded
