"""Shuffled batches of sparse rows."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse

_POOL = 16


class SparseBatches:
    """Yield shuffled batches of sparse rows with targets and weights, epoch after epoch.

    In every epoch the rows are shuffled and then sorted by the number of entries within pools of 16 batches,
    which avoids most of the padding.

    An epoch depends only on `seed` and on the attribute ``epoch``, its number from 0 on. Every iteration
    increases that number by 1, and training can resume from any of them.

    Parameters
    ----------
    rows : csr_array or csr_matrix of shape (n_rows, n_columns)
        The rows.
    targets : ndarray of shape (n_rows,), dtype int64
        The class of each row.
    weights : ndarray of shape (n_rows,)
        The weight of each row in the loss.
    batch_size : int, default=128
        The number of rows in a batch; the last one of an epoch may be smaller.
    seed : int, default=0
        Seed of the shuffling, a non-negative int.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from skseed.nn import SparseBatches
    >>> rows = sparse.csr_array([[0.0, 2.0, 0.5], [1.0, 0.0, 0.0]])
    >>> batches = SparseBatches(rows, np.array([1, 0]), np.ones(2), batch_size=2)
    >>> for inputs, (targets, weights) in batches:
    ...     print(inputs["columns"].tolist(), inputs["values"].tolist(), targets.tolist())
    [[1, 0], [2, 3]] [[1.0, 0.0], [2.0, 0.5]] [0, 1]
    """

    def __init__(
        self,
        rows: sparse.csr_array | sparse.csr_matrix,
        targets: npt.NDArray[np.int64],
        weights: npt.NDArray[np.floating],
        *,
        batch_size: int = 128,
        seed: int = 0,
    ) -> None:
        self.rows = rows
        self.targets = targets
        self.weights = weights.astype(np.float32)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.targets) // self.batch_size)

    def __iter__(
        self,
    ) -> Iterator[tuple[dict[str, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        order = rng.permutation(len(self.targets))
        sizes = np.diff(self.rows.indptr)
        batches: list[npt.NDArray[np.intp]] = []
        for start in range(0, len(order), _POOL * self.batch_size):
            pool = order[start : start + _POOL * self.batch_size]
            pool = pool[np.argsort(sizes[pool], kind="stable")]
            batches += [pool[i : i + self.batch_size] for i in range(0, len(pool), self.batch_size)]
        for number in rng.permutation(len(batches)):
            chosen = batches[number]
            columns, values = pad_sparse_rows(self.rows[chosen])
            inputs = {"columns": torch.from_numpy(columns), "values": torch.from_numpy(values)}
            yield inputs, (torch.from_numpy(self.targets[chosen]), torch.from_numpy(self.weights[chosen]))


def pad_sparse_rows(
    rows: sparse.csr_array | sparse.csr_matrix,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the entries of sparse rows as two tables, padded with 0.

    Parameters
    ----------
    rows : csr_array or csr_matrix of shape (n_rows, n_columns)
        The rows.

    Returns
    -------
    columns : ndarray of shape (n_rows, n_entries), dtype int64
        The numbers of the columns of the entries, from 1 on; at least one column.
    values : ndarray of shape (n_rows, n_entries), dtype float32
        The values of the entries.

    Examples
    --------
    >>> from scipy import sparse
    >>> from skseed.nn import pad_sparse_rows
    >>> pad_sparse_rows(sparse.csr_array([[0.0, 2.0, 0.5], [1.0, 0.0, 0.0]]))[0]
    array([[2, 3],
           [1, 0]])
    """
    sizes = np.diff(rows.indptr)
    places = np.arange(max(1, int(sizes.max(initial=0))))[None, :] < sizes[:, None]
    columns = np.zeros(places.shape, dtype=np.int64)
    values = np.zeros(places.shape, dtype=np.float32)
    columns[places] = rows.indices + 1
    values[places] = rows.data
    return columns, values
