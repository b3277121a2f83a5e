"""Equal sequences are looked at once."""

import numpy as np
import numpy.typing as npt


def distinct(
    sequences: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.intp]]:
    """Return the different sequences, and which of them each sequence is.

    Parameters
    ----------
    sequences : ndarray of str of shape (n_sequences,)
        Sequences.

    Returns
    -------
    unique : ndarray of str of shape (n_unique,)
        The different sequences in the order of their first appearance.
    inverse : ndarray of shape (n_sequences,), dtype intp
        ``unique[inverse]`` is `sequences`.
    """
    positions: dict[str, int] = {}
    inverse = np.empty(len(sequences), dtype=np.intp)
    for index, sequence in enumerate(sequences):
        inverse[index] = positions.setdefault(sequence, len(positions))
    unique = np.empty(len(positions), dtype=object)
    unique[:] = list(positions)
    return unique, inverse


def lengths_of(sequences: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """Return the length of each sequence.

    Parameters
    ----------
    sequences : ndarray of str of shape (n_sequences,)
        Sequences.

    Returns
    -------
    lengths : ndarray of shape (n_sequences,), dtype int64
        Symbols.
    """
    return np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
