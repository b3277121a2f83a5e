"""Training batches of EditDistanceEmbedder: real sequences, synthetic relatives and target distances."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._mutation import mutate, recombine
from skseed._sequences import Sequences
from skseed.embedding._encoder import Featurizer
from skseed.embedding._target_distances import TargetDistance


def cut(sequences: Sequences, length: int) -> Sequences:
    """Return sequences without the symbols beyond a length."""
    if not (sequences.lengths > length).any():
        return sequences
    return sequences.with_rows([codes[:length] for codes in sequences])


class BatchMaker:
    """Make a training batch: features and target distances of real sequences and synthetic relatives.

    A relative is a sequence recombined with another one of the batch, then mutated at a rate between 0 and
    `mutation_rate`. It replaces a real sequence.

    Parameters
    ----------
    sequences : Sequences
        The training sequences.
    distances : TargetDistance or ndarray of shape (n_sequences, n_sequences)
        The target distances, divided by their unit.
    featurizer : Featurizer
        Turns sequences into the network's input.
    synthetic : float
        The share of a batch that is replaced. Without effect for a matrix, which has no distances of relatives.
    mutation_rate : float
        The largest share of positions that mutate.
    """

    def __init__(
        self,
        sequences: Sequences,
        *,
        distances: TargetDistance | npt.NDArray[np.float32],
        featurizer: Featurizer,
        synthetic: float,
        mutation_rate: float,
    ) -> None:
        self.sequences = sequences
        self.max_length = int(sequences.lengths.max())
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
        relatives = mutate(children, rng.uniform(0, self.mutation_rate, size=n_made), rng=rng)
        if not relatives.lengths.all():
            # an empty sequence has no features, so deletions of every symbol are undone
            relatives = relatives.with_rows(
                [codes if len(codes) else child for codes, child in zip(relatives, children, strict=True)]
            )
        return cut(relatives, self.max_length)
