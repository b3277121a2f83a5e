"""Batches of reads in which neighbours meet."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._mutation import mutate
from skseed.alphabets import Alphabet
from skseed.embedding._targets import padded_codes, trimmed_rows

_GROUP = 32


class ReadBatchMaker:
    """Makes a training batch of reads with fresh errors, and of what is to be learnt of them.

    Parameters
    ----------
    codes : ndarray of shape (n_reads, length), dtype uint8
        The training reads.
    targets : ndarray of shape (n_reads, n_targets), dtype float32
        What is to be learnt of each read.
    inputs : callable
        Makes the input of the network from rows of codes.
    alphabet : Alphabet
        What the codes mean.
    mutation_rate : float
        The share of letters that get a fresh error; 0 leaves the reads as they are.
    """

    def __init__(
        self,
        codes: npt.NDArray[np.uint8],
        targets: npt.NDArray[np.float32],
        *,
        inputs: Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]],
        alphabet: Alphabet,
        mutation_rate: float,
    ) -> None:
        self.rows = trimmed_rows(codes, alphabet)
        self.length = codes.shape[1]
        self.targets = targets
        self.inputs = inputs
        self.inputs_of_real = inputs(codes)
        self.alphabet = alphabet
        self.mutation_rate = mutation_rate

    def __call__(
        self, indices: npt.NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
        """Return the inputs and the targets of a batch."""
        if not self.mutation_rate:
            return self.inputs_of_real[indices], self.targets[indices]
        rows = [self.rows[index] for index in indices]
        copies = mutate(rows, self.mutation_rate, n_symbols=len(self.alphabet), rng=rng)
        return self.inputs(padded_codes(copies, self.length, self.alphabet)), self.targets[indices]


def neighbour_order(positions: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return all reads in an order in which neighbours follow one another, drawn afresh.

    The genome is cut into windows of two read lengths at a random offset, and the reads of a window
    are dealt into random groups of at most 32, which are shuffled. So a batch holds many near pairs,
    and pairs from all over the genome, at any depth.

    Parameters
    ----------
    positions : ndarray of shape (n_reads,), dtype float64
        Where the reads come from, divided by the length of a read.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    order : ndarray of shape (n_reads,), dtype intp
        Every index once.
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


def along_the_line(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return places along a line without long gaps, from positions in read lengths.

    Of reads further apart than a read length only that is learnt, so that two lengths of a gap are enough.
    """
    order = np.argsort(positions, kind="stable")
    steps = np.minimum(np.diff(positions[order], prepend=positions[order[0]]), 2.0)
    places = np.empty_like(positions)
    places[order] = np.cumsum(steps)
    return places
