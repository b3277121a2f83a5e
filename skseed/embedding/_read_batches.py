"""Training batches of ReadPositionEmbedder, in which overlapping reads meet."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._sequences import Sequences
from skseed.embedding._batches import mutated
from skseed.embedding._encoder import Featurizer

_GROUP = 32


class ReadBatchMaker:
    """Make a training batch: features of reads, with new errors, and their targets.

    Parameters
    ----------
    reads : Sequences
        The training reads.
    targets : ndarray of shape (n_reads, n_targets), dtype float32
        The targets of each read.
    max_length : int
        The number of positions that are read; reads with new errors are cut to it.
    featurizer : Featurizer
        Turns reads into the network's input.
    mutation_rate : float
        The share of letters with a new error; 0 uses the reads as they are.
    """

    def __init__(
        self,
        reads: Sequences,
        targets: npt.NDArray[np.float32],
        *,
        max_length: int,
        featurizer: Featurizer,
        mutation_rate: float,
    ) -> None:
        self.reads = reads
        self.targets = targets
        self.max_length = max_length
        self.features = featurizer(reads) if featurizer.keep_features else None
        self.featurizer = featurizer
        self.mutation_rate = mutation_rate

    def __call__(
        self, indices: npt.NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
        """Return the features and the targets of a batch."""
        if not self.mutation_rate and self.features is not None:
            return self.features[indices], self.targets[indices]
        reads = self.reads.take(indices)
        if self.mutation_rate:
            reads = mutated(reads, self.mutation_rate, max_length=self.max_length, rng=rng)
        return self.featurizer(reads), self.targets[indices]


def neighbor_order(positions: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return the indices of all reads in a random order in which overlapping reads are close together.

    `positions` are in read lengths. The genome is divided into windows of two read lengths at a random
    offset. The reads of a window are dealt into random groups of at most 32, and the groups are shuffled. A
    batch therefore holds many near pairs, and pairs from the whole genome, at any depth.
    """
    window = np.floor((positions - positions.min() + 2 * rng.random()) / 2)
    shuffled = rng.permutation(len(positions))
    by_window = shuffled[np.argsort(window[shuffled], kind="stable")]
    ends = np.flatnonzero(np.diff(window[by_window])) + 1
    groups = [
        group
        for reads in np.split(by_window, ends)
        for group in np.array_split(reads, -(-len(reads) // _GROUP))
    ]
    return np.concatenate([groups[index] for index in rng.permutation(len(groups))])


def without_gaps(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return positions, in read lengths from 0 on, with every gap shortened to at most 2 read lengths.

    Reads that are more than a read length apart only have to be embedded at least that far apart.
    """
    order = np.argsort(positions, kind="stable")
    steps = np.minimum(np.diff(positions[order], prepend=positions[order[0]]), 2.0)
    places = np.empty_like(positions)
    places[order] = np.cumsum(steps)
    return places
