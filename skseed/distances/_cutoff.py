"""The cut-off of a distance: edits, or a fraction of the longer of two sequences."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import numpy.typing as npt

from skseed._sklearn import Interval

MAX_DISTANCE = [Interval(Integral, 0, None, closed="left"), Interval(Real, 0, 1, closed="neither")]


@dataclass(frozen=True)
class Cutoff:
    """How many edits may lie between two sequences, given the longer of their lengths.

    Parameters
    ----------
    max_distance : int or float
        An int counts edits; a float between 0 and 1 is a fraction of the longer length.
    """

    max_distance: int | float

    def limits(self, longer: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the largest number of edits that is within the cut-off.

        Parameters
        ----------
        longer : array-like of int
            The longer length of each pair.

        Returns
        -------
        limits : ndarray of int64
            A whole number of edits for each pair, never decreasing with the length.
        """
        longer = np.asarray(longer, dtype=np.int64)
        if isinstance(self.max_distance, Integral):
            return np.full_like(longer, int(self.max_distance))
        # 0.29 * 100 is 28.999…96: the tolerance gives back the 29 edits that were meant
        return np.floor(float(self.max_distance) * longer + 1e-9).astype(np.int64)

    def shortest_partner(self, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the least length that a partner, no longer itself, must have to be within the cut-off.

        Parameters
        ----------
        lengths : ndarray of int64 of shape (n,)
            Lengths in ascending order.

        Returns
        -------
        shortest : ndarray of int64 of shape (n,)
            Ascending as well, since the limit grows by at most one edit a symbol.
        """
        return lengths - self.limits(lengths)
