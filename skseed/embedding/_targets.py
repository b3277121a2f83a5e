"""The distances an embedder learns: Levenshtein, a function of the user's, or a matrix."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._mutation import mutate, recombine
from skseed.alphabets import Alphabet
from skseed.distances._exact import exact_distances

Target = Callable[[list[str], list[str]], npt.ArrayLike]


def trimmed_rows(codes: npt.NDArray[np.uint8], alphabet: Alphabet) -> list[npt.NDArray[np.uint8]]:
    """Return each row of codes without its padding."""
    lengths = (codes != alphabet.padding_code).sum(axis=1)
    return [row[:length] for row, length in zip(codes, lengths, strict=True)]


def padded_codes(
    rows: Sequence[npt.NDArray[np.uint8]], length: int, alphabet: Alphabet
) -> npt.NDArray[np.uint8]:
    """Return rows as a matrix of codes, cut or padded to one length."""
    codes = np.full((len(rows), length), alphabet.padding_code, dtype=np.uint8)
    for index, row in enumerate(rows):
        codes[index, : len(row)] = row[:length]
    return codes


@dataclass(frozen=True)
class Oracle:
    """True distances between any sequences, divided by a unit.

    Parameters
    ----------
    target : "levenshtein" or callable
        The distance.
    alphabet : Alphabet
        What the codes mean.
    unit : float
        What the distances are divided by.
    lanes : bool, default=False
        Whether edit distances are many enough to compile code for them.
    """

    target: str | Target
    alphabet: Alphabet
    unit: float
    lanes: bool = False

    def __call__(
        self, rows: Sequence[npt.NDArray[np.uint8]], others: Sequence[npt.NDArray[np.uint8]]
    ) -> npt.NDArray[np.float32]:
        """Return the (n, m) distances between two lists of code rows.

        Raises
        ------
        ValueError
            If a callable target returns another shape, or a number that is not finite.
        """
        if isinstance(self.target, str):
            left = [row.tobytes() for row in rows]
            # half of the work is enough where one list meets itself
            right = left if others is rows else [row.tobytes() for row in others]
            distances: npt.NDArray[Any] = exact_distances(left, right, lanes=self.lanes)
        else:
            distances = self._called(rows, others)
        return (distances / self.unit).astype(np.float32)

    def _called(
        self, rows: Sequence[npt.NDArray[np.uint8]], others: Sequence[npt.NDArray[np.uint8]]
    ) -> npt.NDArray[np.float64]:
        assert not isinstance(self.target, str)
        left, right = ([self.alphabet.decode(row) for row in part] for part in (rows, others))
        distances = np.asarray(self.target(left, right), dtype=np.float64)
        if distances.shape != (len(left), len(right)):
            raise ValueError(
                f"target must return an array of shape ({len(left)}, {len(right)}) for two lists of "
                f"{len(left)} and {len(right)} sequences; got shape {distances.shape}."
            )
        if not np.isfinite(distances).all():
            i, j = np.argwhere(~np.isfinite(distances))[0]
            raise ValueError(
                f"target returned {distances[i, j]} for {left[i]!r} and {right[j]!r}; "
                "it must return finite numbers."
            )
        return distances


class BatchMaker:
    """Makes a training batch: real sequences, some replaced by copies that never existed.

    A copy is recombined with another sequence of the batch, then mutated at a rate between 0 and
    `mutation_rate`; its true distances cost as little as those of a real one.

    Parameters
    ----------
    codes : ndarray of shape (n_sequences, length), dtype uint8
        The training sequences.
    distances : Oracle or ndarray of shape (n_sequences, n_sequences)
        The distances to learn, divided by their unit.
    inputs : callable
        Makes the input of the network from rows of codes.
    alphabet : Alphabet
        What the codes mean.
    synthetic : float
        The share of a batch that is replaced; a matrix of distances has none for made-up sequences.
    mutation_rate : float
        The largest share of positions that mutate.
    """

    def __init__(
        self,
        codes: npt.NDArray[np.uint8],
        *,
        distances: Oracle | npt.NDArray[np.float32],
        inputs: Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]],
        alphabet: Alphabet,
        synthetic: float,
        mutation_rate: float,
    ) -> None:
        self.rows = trimmed_rows(codes, alphabet)
        self.length = codes.shape[1]
        self.distances = distances
        self.inputs = inputs
        self.inputs_of_real = inputs(codes)
        self.alphabet = alphabet
        self.synthetic = synthetic if isinstance(distances, Oracle) else 0.0
        self.mutation_rate = mutation_rate

    def __call__(
        self, indices: npt.NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
        """Return the inputs and the distances of a batch."""
        if not isinstance(self.distances, Oracle):
            return self.inputs_of_real[indices], self.distances[np.ix_(indices, indices)]
        made = self._made(indices, rng)
        rows = made + [self.rows[index] for index in indices[len(made) :]]
        inputs = self.inputs_of_real[indices]
        if made:
            inputs[: len(made)] = self.inputs(padded_codes(made, self.length, self.alphabet))
        return inputs, self.distances(rows, rows)

    def _made(self, indices: npt.NDArray[np.intp], rng: np.random.Generator) -> list[npt.NDArray[np.uint8]]:
        n_made = int(self.synthetic * len(indices))
        partners = rng.choice(indices, size=n_made)
        children = [
            recombine(self.rows[i], self.rows[j], rng=rng)
            for i, j in zip(indices[:n_made], partners, strict=True)
        ]
        rates = rng.uniform(0, self.mutation_rate, size=n_made)
        made = mutate(children, rates, n_symbols=len(self.alphabet), rng=rng)
        # a deletion of every symbol would leave nothing to read
        return [row[: self.length] if len(row) else child for row, child in zip(made, children, strict=True)]
