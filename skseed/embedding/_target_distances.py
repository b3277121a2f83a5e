"""The distances that an embedder learns: Levenshtein, a function of the user's, or a matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_array

from skseed._sequences import Sequences
from skseed.distances import levenshtein_distances

Target = Callable[[list[str], list[str]], npt.ArrayLike]

# rounding errors of a user's distances in single precision, relative to the largest
_TOLERANCE = 1e-5
_SHOWN = 20


@dataclass(frozen=True)
class TargetDistance:
    """The target distances between any sequences, divided by a unit.

    Parameters
    ----------
    target : "levenshtein" or callable
        The distance.
    unit : float
        The divisor.
    """

    target: str | Target
    unit: float

    def __call__(self, sequences: Sequences, others: Sequences | None = None) -> npt.NDArray[np.float32]:
        """Return the (n, m) distances; without `others` those of `sequences` to one another.

        Raises
        ------
        ValueError
            If a callable target returns another shape, or numbers that are not distances.
        """
        if isinstance(self.target, str):
            distances: npt.NDArray[Any] = levenshtein_distances(sequences, others)
        else:
            distances = self._called(self.target, sequences, others)
        return (distances / self.unit).astype(np.float32)

    @staticmethod
    def _called(target: Target, sequences: Sequences, others: Sequences | None) -> npt.NDArray[np.float64]:
        left = sequences.to_strings()
        right = left if others is None else others.to_strings()
        distances = np.asarray(target(left, right), dtype=np.float64)
        if distances.shape != (len(left), len(right)):
            raise ValueError(
                f"target must return an array of shape ({len(left)}, {len(right)}) for two lists of "
                f"{len(left)} and {len(right)} sequences; got shape {distances.shape}."
            )
        fault = find_fault(distances, within=others is None)
        if fault is not None:
            (i, j), reason = fault
            raise ValueError(
                f"target returned {distances[i, j]:g} for {_shorten(left[i])} and {_shorten(right[j])}, "
                f"{reason}."
            )
        return distances


def resolve_target(
    target: str | Target | npt.ArrayLike, n_sequences: int, max_length: int
) -> TargetDistance | npt.NDArray[np.float32]:
    """Return the target distances, divided by the length of the longest sequence."""
    if isinstance(target, str) or callable(target):
        return TargetDistance(target, max_length)
    return (check_target_matrix(target, n_sequences) / max_length).astype(np.float32)


def restrict(
    distances: TargetDistance | npt.NDArray[np.float32], rows: npt.NDArray[np.intp]
) -> TargetDistance | npt.NDArray[np.float32]:
    """Return the target distances of some rows: a submatrix, or the function itself."""
    return distances if isinstance(distances, TargetDistance) else distances[np.ix_(rows, rows)]


def target_distances(
    distances: TargetDistance | npt.NDArray[np.float32], sequences: Sequences
) -> npt.NDArray[np.float32]:
    """Return the matrix of the target distances of sequences to one another."""
    return distances(sequences) if isinstance(distances, TargetDistance) else distances


def check_target_matrix(target: Any, n_sequences: int) -> npt.NDArray[np.float64]:
    """Return the target as a checked matrix of distances between the training sequences.

    Raises
    ------
    ValueError
        If its shape is not (n_sequences, n_sequences), or its numbers are not distances.
    """
    matrix: npt.NDArray[np.float64] = check_array(target, input_name="target", dtype=np.float64)
    if matrix.shape != (n_sequences, n_sequences):
        raise ValueError(
            f"target has shape {matrix.shape}, but X has {n_sequences} sequences; pass their "
            f"({n_sequences}, {n_sequences}) matrix of distances."
        )
    fault = find_fault(matrix, within=True)
    if fault is not None:
        (i, j), reason = fault
        raise ValueError(f"target[{i}, {j}] is {matrix[i, j]:g}, {reason}.")
    return matrix


def find_fault(distances: npt.NDArray[np.float64], *, within: bool) -> tuple[tuple[int, int], str] | None:
    """Return the index of the first number that is not a distance, and the reason; None if all are.

    Distances are finite and not negative. Those `within` one set are symmetric and have a diagonal of zeros.
    """
    finite = np.isfinite(distances)
    if not finite.all():
        return _first(~finite), "but distances must be finite numbers"
    tolerance = _TOLERANCE * np.abs(distances).max(initial=0.0)
    if within:
        off_diagonal = np.abs(distances.diagonal()) > tolerance
        if off_diagonal.any():
            index = int(np.argmax(off_diagonal))
            return (index, index), (
                "but the distance of a sequence to itself must be 0; turn similarities into distances, such "
                "as 1 - similarity"
            )
    negative = distances < -tolerance
    if negative.any():
        return _first(negative), "but distances must not be negative"
    if within:
        asymmetric = np.abs(distances - distances.T) > tolerance
        if asymmetric.any():
            i, j = _first(asymmetric)
            return (i, j), (
                f"but {distances[j, i]:g} in the other direction; distances must be symmetric, such as "
                "(d + d.T) / 2"
            )
    return None


def _first(where: npt.NDArray[np.bool_]) -> tuple[int, int]:
    i, j = np.argwhere(where)[0]
    return int(i), int(j)


def _shorten(sequence: str) -> str:
    return repr(sequence if len(sequence) <= _SHOWN else sequence[: _SHOWN - 1] + "…")
