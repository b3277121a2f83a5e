"""The distances an embedder learns: Levenshtein, a function of the user's, or a matrix."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from skseed._mutation import mutate, recombine
from skseed.alphabets import Alphabet

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


class BatchMaker:
    """Makes a training batch: real sequences, some replaced by copies that never existed.

    A copy is recombined with another sequence of the batch, then mutated at a rate between 0 and
    `mutation_rate`; its true distances cost as little as those of a real one.

    Parameters
    ----------
    rows : list of ndarray of dtype uint8
        The codes of the training sequences, without padding.
    length : int
        The positions of a row of the batch.
    alphabet : Alphabet
        What the codes mean.
    target : "levenshtein", callable or ndarray of shape (n_sequences, n_sequences)
        The distances to learn.
    unit : float
        What the distances are divided by.
    synthetic : float
        The share of a batch that is replaced.
    mutation_rate : float
        The largest share of positions that mutate.
    """

    def __init__(
        self,
        rows: list[npt.NDArray[np.uint8]],
        *,
        length: int,
        alphabet: Alphabet,
        target: str | Target | npt.NDArray[Any],
        unit: float,
        synthetic: float,
        mutation_rate: float,
    ) -> None:
        self.rows = rows
        self.length = length
        self.alphabet = alphabet
        self.target = target
        self.unit = unit
        self.synthetic = 0.0 if isinstance(target, np.ndarray) else synthetic
        self.mutation_rate = mutation_rate

    def __call__(
        self, indices: npt.NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        """Return the codes and the distances, divided by the unit, of a batch."""
        rows = [self.rows[index] for index in indices]
        n_made = int(self.synthetic * len(rows))
        if n_made:
            partners = rng.integers(len(rows), size=n_made)
            children = [recombine(rows[i], rows[j], rng=rng) for i, j in enumerate(partners)]
            rates = rng.uniform(0, self.mutation_rate, size=n_made)
            copies = mutate(children, rates, n_symbols=len(self.alphabet), rng=rng)
            # a copy that lost its last letter is no sequence; its parent stands in
            made = [copy if len(copy) else child for copy, child in zip(copies, children, strict=True)]
            rows[:n_made] = [row[: self.length] for row in made]
        if isinstance(self.target, np.ndarray):
            distances = self.target[np.ix_(indices, indices)]
        else:
            distances = true_distances(rows, self.target, self.alphabet)
        return padded_codes(rows, self.length, self.alphabet), (distances / self.unit).astype(np.float32)


def true_distances(
    rows: Sequence[npt.NDArray[np.uint8]], target: str | Target, alphabet: Alphabet
) -> npt.NDArray[Any]:
    """Return the (n, n) distances between rows of codes.

    Raises
    ------
    ValueError
        If a callable target returns another shape, or a number that is not finite.
    """
    if isinstance(target, str):
        strings = [row.tobytes() for row in rows]
        return cdist(strings, strings, scorer=Levenshtein.distance, dtype=np.int32)
    sequences = [alphabet.decode(row) for row in rows]
    distances = np.asarray(target(sequences, sequences), dtype=np.float64)
    if distances.shape != (len(rows), len(rows)):
        raise ValueError(
            f"target must return an array of shape ({len(rows)}, {len(rows)}) for two lists of {len(rows)} "
            f"sequences; got shape {distances.shape}."
        )
    if not np.isfinite(distances).all():
        i, j = np.argwhere(~np.isfinite(distances))[0]
        raise ValueError(
            f"target returned {distances[i, j]} for {sequences[i]!r} and {sequences[j]!r}; "
            "it must return finite numbers."
        )
    return distances
