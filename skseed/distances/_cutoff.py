"""Cut-off of the edit distance: a number of edits, or a fraction of the longer of two sequences."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import numpy.typing as npt

from skseed._constraints import MAX_DISTANCE

__all__ = ["MAX_DISTANCE", "Cutoff"]


@dataclass(frozen=True)
class Cutoff:
    """The largest edit distance that counts: edits (int), or a fraction of the longer length (float)."""

    max_distance: int | float

    def limits(self, longer: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the cut-off in whole edits for each longer length of a pair.

        The limit is at most the longer length, which no distance exceeds, and grows with the length.
        """
        longer = np.asarray(longer, dtype=np.int64)
        if isinstance(self.max_distance, Integral):
            return np.minimum(longer, min(int(self.max_distance), np.iinfo(np.int64).max))
        # str() gives 0.29 for float32(0.29); 0.29 * 100 is 28.999…96, and the tolerance makes it 29 edits
        fraction = float(str(self.max_distance))
        return np.floor(fraction * longer + 1e-9).astype(np.int64)
