"""Learning from all pairs of a batch: encode every sequence once, compare everything with everything.

A batch of B sequences holds B (B - 1) / 2 pairs, so that the cost of a pair is a small share of
the cost of encoding. The true distances of the next batches are computed in the background.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch

from skseed.nn._geometry import PairwiseDistance

_WORKERS = 2
_LOOK_AHEAD = 4


class SiameseNet(torch.nn.Module):
    """An encoder and the distance between what it makes of two sequences.

    Parameters
    ----------
    encoder : torch.nn.Module
        Maps codes of shape (n, length) to points of shape (n, n_components).
    distance : PairwiseDistance
        The geometry of the points.
    """

    def __init__(self, encoder: torch.nn.Module, distance: PairwiseDistance) -> None:
        super().__init__()
        self.encoder = encoder
        self.distance = distance

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the (n, n) distances between the points of some codes."""
        points = self.encoder(codes)
        return self.distance(points, points)


class AllPairsLoss(torch.nn.Module):
    """Mean squared difference of two symmetric (n, n) matrices over the pairs above the diagonal.

    Parameters
    ----------
    near_weight : float, default=0.0
        How much more near pairs count: a pair has the weight ``(target + mean / 10) ** -near_weight``, where
        `mean` is the mean target of the batch. 0 weighs all pairs alike.
    """

    def __init__(self, near_weight: float = 0.0) -> None:
        super().__init__()
        self.near_weight = near_weight

    def forward(self, predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar."""
        rows, columns = torch.triu_indices(len(target), len(target), offset=1, device=target.device)
        true = target[rows, columns].to(predicted.dtype)
        if not self.near_weight:
            return torch.nn.functional.mse_loss(predicted[rows, columns], true)
        # a batch of copies of one sequence has no scale, and any will do
        scale = true.mean().clamp_min(torch.finfo(true.dtype).tiny)
        weights = (true.clamp_min(0) / scale + 0.1) ** -self.near_weight
        return (weights * (predicted[rows, columns] - true) ** 2).sum() / weights.sum()


class PairBatches:
    """Batches of code rows with the true distances between all their pairs, drawn afresh every epoch.

    An epoch depends on `seed` and its number alone, so that training can go on from any of them, and every
    batch of it gets its own generator before any of them is made.

    Parameters
    ----------
    n_sequences : int
        How many training sequences there are.
    make_batch : callable
        Takes the indices of some training sequences and a ``numpy.random.Generator``; returns
        their (n, length) codes and (n, n) distances. It runs in other threads, two
        at a time.
    batch_size : int
        Sequences a batch; the last few of an epoch's order are left out where they do not fill one.
    seed : int
        The source of randomness.
    order : callable, default=None
        Takes a generator and returns the order of an epoch, an array of indices that is cut into
        batches; by default a random permutation.
    """

    def __init__(
        self,
        n_sequences: int,
        make_batch: Callable[
            [npt.NDArray[np.intp], np.random.Generator], tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]
        ],
        *,
        batch_size: int,
        seed: int,
        order: Callable[[np.random.Generator], npt.NDArray[np.intp]] | None = None,
    ) -> None:
        self.n_sequences = n_sequences
        self.make_batch = make_batch
        self.batch_size = min(batch_size, n_sequences)
        self.seed = seed
        self.order = order
        self.epoch = 0

    def __len__(self) -> int:
        return self.n_sequences // self.batch_size

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        order = rng.permutation(self.n_sequences) if self.order is None else self.order(rng)
        batches = np.array_split(order[: len(self) * self.batch_size], len(self))
        jobs = zip(batches, rng.spawn(len(self)), strict=True)
        with ThreadPoolExecutor(_WORKERS) as pool:
            waiting = deque(pool.submit(self.make_batch, *job) for job in islice(jobs, _LOOK_AHEAD))
            while waiting:
                codes, distances = waiting.popleft().result()
                waiting.extend(pool.submit(self.make_batch, *job) for job in islice(jobs, 1))
                yield torch.from_numpy(codes), torch.from_numpy(distances)
