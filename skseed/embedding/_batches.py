"""Training batches of EditDistanceEmbedder: real sequences, synthetic relatives and target distances."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._mutation import mutate, recombine
from skseed._sequences import Sequences
from skseed.embedding._encoder import Featurizer
from skseed.embedding._input import cut
from skseed.embedding._points import calibrate
from skseed.embedding._target_distances import TargetDistance
from skseed.nn import PairBatches, SiameseNet

_CALIBRATION = 256
# an epoch has at least this number of batches, unless they would be too small
_LEAST_STEPS = 6
_SMALL_BATCH = 32
# true distances of sequences of this length cost more than the step of a network
_LONG = 400
_REPEATS = 3


class BatchMaker:
    """Make a training batch: features and target distances of real sequences and synthetic relatives.

    A relative is a sequence recombined with another one of the batch, then mutated at a rate between 0 and
    `mutation_rate`. It replaces a real sequence.

    Parameters
    ----------
    sequences : Sequences
        The training sequences.
    max_length : int
        The number of positions that are read; relatives are cut to it.
    distances : TargetDistance or ndarray of shape (n_sequences, n_sequences)
        The target distances, divided by their unit.
    featurizer : Featurizer
        Turns sequences into the network's input.
    synthetic : float
        The share of a batch that is replaced. Without effect for a matrix, which has no distances of
        relatives.
    mutation_rate : float
        The largest share of positions that mutate.
    """

    def __init__(
        self,
        sequences: Sequences,
        *,
        max_length: int,
        distances: TargetDistance | npt.NDArray[np.float32],
        featurizer: Featurizer,
        synthetic: float,
        mutation_rate: float,
    ) -> None:
        self.sequences = sequences
        self.max_length = max_length
        self.distances = distances
        self.featurizer = featurizer
        self.features = featurizer(sequences) if featurizer.keep_features else None
        self.synthetic = synthetic if isinstance(distances, TargetDistance) else 0.0
        self.mutation_rate = mutation_rate

    def __call__(
        self, indices: npt.NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
        """Return the features and the distances of a batch."""
        if not isinstance(self.distances, TargetDistance):
            return self._features(indices), self.distances[np.ix_(indices, indices)]
        relatives = self._relatives(indices, rng)
        n_made = len(relatives)
        batch = relatives.with_rows([*relatives, *(self.sequences[index] for index in indices[n_made:])])
        if self.features is None:
            features = self.featurizer(batch)
        else:
            features = self.features[indices]
            if n_made:
                features[:n_made] = self.featurizer(relatives)
        return features, self.distances(batch)

    def _features(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        if self.features is None:
            return self.featurizer(self.sequences.take(indices))
        return self.features[indices]

    def _relatives(self, indices: npt.NDArray[np.intp], rng: np.random.Generator) -> Sequences:
        n_made = int(self.synthetic * len(indices))
        partners = rng.choice(indices, size=n_made)
        children = recombine(self.sequences, indices[:n_made], partners, rng=rng)
        rates = rng.uniform(0, self.mutation_rate, size=n_made)
        return mutated(children, rates, max_length=self.max_length, rng=rng)


def start_network(
    module: SiameseNet, make_batch: BatchMaker, batch_size: int, *, rng: np.random.Generator, seed: int
) -> tuple[int, PairBatches]:
    """Calibrate an untrained network, and return the number of its components and the training batches.

    Batches are smaller for small training sets, and serve three epochs of long sequences.
    """
    n_sequences = len(make_batch.sequences)
    n_components = calibrate(module, *make_batch(rng.permutation(n_sequences)[:_CALIBRATION], rng))
    return n_components, PairBatches(
        n_sequences,
        make_batch,
        batch_size=min(batch_size, max(_SMALL_BATCH, n_sequences // _LEAST_STEPS)),
        seed=seed,
        n_repeats=_REPEATS if make_batch.max_length >= _LONG else 1,
    )


def mutated(
    sequences: Sequences, rates: npt.ArrayLike, *, max_length: int, rng: np.random.Generator
) -> Sequences:
    """Return mutated copies of sequences, none of them empty or longer than `max_length`."""
    copies = mutate(sequences, rates, rng=rng)
    if not copies.lengths.all():
        # a sequence that would lose all symbols stays as it is
        copies = copies.with_rows(
            [copy if len(copy) else codes for copy, codes in zip(copies, sequences, strict=True)]
        )
    return cut(copies, max_length)
