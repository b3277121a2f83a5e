"""Copies with errors: the mutation model behind the made-up data and the made training sequences.

Pure numpy on arrays of symbol codes; the caller brings the generator.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]


def mutate(
    sequences: Sequence[Codes],
    rates: npt.ArrayLike,
    *,
    n_symbols: int,
    rng: np.random.Generator,
    indel_share: float = 0.2,
) -> list[Codes]:
    """Return a mutated copy of each sequence.

    Every position mutates with the probability that `rates` gives its sequence. A mutation is a
    substitution by a different symbol, or, with probability `indel_share`, a deletion or an
    insertion after the position, both equally likely.

    Parameters
    ----------
    sequences : sequence of ndarray of shape (length,), dtype uint8
        The codes of each sequence.
    rates : float or array-like of shape (n_sequences,)
        Mutations per position, between 0 and 1.
    n_symbols : int
        The size of the alphabet; new symbols are drawn from ``range(n_symbols)``.
    rng : numpy.random.Generator
        The source of randomness.
    indel_share : float, default=0.2
        The share of mutations that are insertions or deletions.

    Returns
    -------
    copies : list of ndarray of dtype uint8
        The mutated sequences; their lengths may differ from the originals'.
    """
    if len(sequences) == 0:
        return []
    lengths = np.array([len(sequence) for sequence in sequences])
    flat = np.concatenate(sequences)
    rate = np.repeat(np.broadcast_to(np.asarray(rates, dtype=float), lengths.shape), lengths)
    draw = rng.random(flat.size)
    # one uniform number decides both whether a position mutates and how
    substitution = draw < rate * (1 - indel_share)
    deletion = ~substitution & (draw < rate * (1 - indel_share / 2))
    insertion = ~substitution & ~deletion & (draw < rate)
    shift = rng.integers(1, n_symbols, size=int(substitution.sum()), dtype=np.uint8)
    flat[substitution] = (flat[substitution] + shift) % n_symbols
    copies_of_each = 1 - deletion.astype(np.int64) + insertion
    ends = np.cumsum(copies_of_each)
    out = np.repeat(flat, copies_of_each)
    out[ends[insertion] - 1] = rng.integers(n_symbols, size=int(insertion.sum()), dtype=np.uint8)
    sequence_ends = np.concatenate([[0], ends])[np.cumsum(lengths)]
    return np.split(out, sequence_ends[:-1])


def recombine(first: Codes, second: Codes, *, rng: np.random.Generator) -> Codes:
    """Return the start of one sequence joined to the end of another at one crossover.

    The crossover lies at the same relative position of both, so that homologous sequences swap
    homologous parts.

    Parameters
    ----------
    first, second : ndarray of shape (length,), dtype uint8
        The codes of the parents.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    child : ndarray of dtype uint8
        The recombined sequence.
    """
    position = rng.random()
    return np.concatenate([first[: round(position * len(first))], second[round(position * len(second)) :]])
