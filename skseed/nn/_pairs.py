"""A Siamese network, its loss and its batches, for training on all pairs of a batch.

Every sequence of a batch is encoded once and compared with all the others. A batch of B sequences has
B (B - 1) / 2 pairs, so a pair costs a small share of an encoding. The true distances of the next batches are
computed in the background.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from skseed.nn._geometry import PairwiseDistance

_WORKERS = 2
_LOOK_AHEAD = 4
_MAX_KEPT = 1 << 28
# the least mean of a Poisson distribution, relative to the mean distance of a batch
_LEAST_MEAN = 1e-2


class SiameseNet(torch.nn.Module):
    """An encoder, and the distance between the points of two sequences.

    Parameters
    ----------
    encoder : torch.nn.Module
        Maps n inputs, such as codes of shape (n, length), to points of shape (n, n_components).
    distance : PairwiseDistance
        The geometry of the points.
    """

    def __init__(self, encoder: torch.nn.Module, distance: PairwiseDistance) -> None:
        super().__init__()
        self.encoder = encoder
        self.distance = distance

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the (n, n) distances between the points of some inputs."""
        points = self.encoder(inputs)
        return self.distance(points, points)


class AllPairsLoss(torch.nn.Module):
    """Mean loss of two symmetric (n, n) matrices over the pairs above the diagonal.

    Parameters
    ----------
    near_weight : float, default=0.0
        Exponent of the weight of near pairs: a pair has the weight ``(target + mean / 10) ** -near_weight``,
        where `mean` is the mean target of the batch. 0 gives all pairs the same weight.
    loss : {"squared", "poisson"}, default="squared"
        The loss of a pair: the squared difference, or the deviance of a Poisson distribution with the
        predicted distance as its mean (Wei et al. 2024, :doi:`10.1609/aaai.v38i14.29509`). The deviance of a
        small relative error is the squared difference divided by the distance.
    """

    def __init__(self, near_weight: float = 0.0, loss: str = "squared") -> None:
        super().__init__()
        self.near_weight = near_weight
        self.loss = loss

    def forward(self, predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar."""
        rows, columns = torch.triu_indices(len(target), len(target), offset=1, device=target.device)
        true = target[rows, columns].to(predicted.dtype)
        losses = (predicted[rows, columns] - true) ** 2
        # the mean is 0 in a batch of copies of one sequence, for which any scale will do
        scale = true.mean().clamp_min(torch.finfo(true.dtype).tiny)
        if self.loss == "poisson":
            losses = _deviances(predicted[rows, columns], true, _LEAST_MEAN * scale)
        if not self.near_weight:
            return losses.mean()
        weights = (true.clamp_min(0) / scale + 0.1) ** -self.near_weight
        return (weights * losses).sum() / weights.sum()


def _deviances(predicted: torch.Tensor, true: torch.Tensor, least: torch.Tensor) -> torch.Tensor:
    """Return half the Poisson deviances; predictions below `least` continue as the tangent at `least`."""
    means = predicted.clamp_min(least)
    curve = means - true + torch.xlogy(true, true / means)
    return curve + (predicted - means) * (1 - true / least)


class PairBatches:
    """Yield batches of code rows with the true distances of all their pairs, drawn anew in every epoch.

    An epoch depends only on `seed` and on the attribute ``epoch``, its number from 0 on. Every iteration
    increases that number by 1, and training can resume from any of them. Every batch has its own generator.
    With `n_repeats`, the epochs 0 to ``n_repeats - 1`` have the same batches, and so on.

    Parameters
    ----------
    n_sequences : int
        The number of training sequences.
    make_batch : callable
        Takes the indices of some training sequences and a ``numpy.random.Generator``; returns the n inputs of
        the network and the (n, n) distances. It is called in two other threads.
    batch_size : int
        The number of sequences in a batch; the rest of an epoch that does not fill a batch is left out.
    seed : int
        Seed of the batches, a non-negative int.
    order : callable, default=None
        Takes a generator and returns the order of an epoch, an array of indices that is cut into batches.
        None is a random permutation.
    n_repeats : int, default=1
        The number of successive epochs that have the same batches. They are kept if they fit into 256 MiB.
    """

    def __init__(
        self,
        n_sequences: int,
        make_batch: Callable[
            [npt.NDArray[np.intp], np.random.Generator], tuple[npt.NDArray[Any], npt.NDArray[np.float32]]
        ],
        *,
        batch_size: int,
        seed: int,
        order: Callable[[np.random.Generator], npt.NDArray[np.intp]] | None = None,
        n_repeats: int = 1,
    ) -> None:
        self.n_sequences = n_sequences
        self.make_batch = make_batch
        self.batch_size = min(batch_size, n_sequences)
        self.seed = seed
        self.order = order
        self.n_repeats = n_repeats
        self.epoch = 0
        self._kept: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._kept_draw = -1

    def __len__(self) -> int:
        return self.n_sequences // self.batch_size

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        draw, self.epoch = self.epoch // self.n_repeats, self.epoch + 1
        if draw == self._kept_draw:
            yield from self._kept
            return
        kept, n_bytes = [], 0
        for batch in self._batches(draw):
            n_bytes += sum(tensor.nbytes for tensor in batch)
            if self.n_repeats > 1 and n_bytes <= _MAX_KEPT:
                kept.append(batch)
            yield batch
        if len(kept) == len(self):
            self._kept, self._kept_draw = kept, draw

    def _batches(self, draw: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        rng = np.random.default_rng([self.seed, draw])
        order = rng.permutation(self.n_sequences) if self.order is None else self.order(rng)
        batches = np.array_split(order[: len(self) * self.batch_size], len(self))
        jobs = zip(batches, rng.spawn(len(self)), strict=True)
        with ThreadPoolExecutor(_WORKERS) as pool:
            waiting = deque(pool.submit(self.make_batch, *job) for job in islice(jobs, _LOOK_AHEAD))
            while waiting:
                codes, distances = waiting.popleft().result()
                waiting.extend(pool.submit(self.make_batch, *job) for job in islice(jobs, 1))
                yield torch.from_numpy(codes), torch.from_numpy(distances)
