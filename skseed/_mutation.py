"""The mutation model of the synthetic data sets and of synthetic training sequences."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from skseed._sequences import Sequences, offsets_of


def mutate(
    sequences: Sequences,
    rates: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    indel_share: float = 0.2,
) -> Sequences:
    """Return a mutated copy of each sequence.

    Every position mutates with the probability `rates` (one number between 0 and 1, or one for each
    sequence). A mutation is a substitution by a different symbol of the alphabet or, with probability
    `indel_share`, a deletion or an insertion after the position, both equally likely.
    """
    n_symbols, lengths = len(sequences.alphabet), sequences.lengths
    codes = sequences.codes.copy()
    rate = np.repeat(np.broadcast_to(np.asarray(rates, dtype=float), lengths.shape), lengths)
    draw = rng.random(codes.size)
    # one uniform number decides both whether a position mutates and how
    substitution = draw < rate * (1 - indel_share)
    deletion = ~substitution & (draw < rate * (1 - indel_share / 2))
    insertion = ~substitution & ~deletion & (draw < rate)
    shift = rng.integers(1, n_symbols, size=int(substitution.sum()), dtype=np.uint8)
    codes[substitution] = (codes[substitution] + shift) % n_symbols
    ends = np.cumsum(1 - deletion.astype(np.int64) + insertion)
    mutated = np.repeat(codes, np.diff(ends, prepend=0))
    mutated[ends[insertion] - 1] = rng.integers(n_symbols, size=int(insertion.sum()), dtype=np.uint8)
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), ends])[sequences.offsets]
    return replace(sequences, codes=mutated, offsets=offsets)


def recombine(
    sequences: Sequences,
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    *,
    rng: np.random.Generator,
) -> Sequences:
    """Return the start of each sequence at `first` joined to the end of that at `second`.

    The crossover has the same relative position in both, so that homologous sequences exchange homologous
    segments.
    """
    starts, lengths = sequences.offsets[:-1], sequences.lengths
    position = rng.random(len(first))
    from_first, skipped = (
        np.rint(position * lengths[parents]).astype(np.int64) for parents in (first, second)
    )
    from_second = lengths[second] - skipped
    segment_starts = np.column_stack([starts[first], starts[second] + skipped]).ravel()
    segment_lengths = np.column_stack([from_first, from_second]).ravel()
    segment_offsets = offsets_of(segment_lengths)
    places = np.repeat(segment_starts - segment_offsets[:-1], segment_lengths) + np.arange(
        segment_offsets[-1]
    )
    return replace(sequences, codes=sequences.codes[places], offsets=segment_offsets[::2])
