"""Many ranges of numbers at once."""

import numpy as np
import numpy.typing as npt


def members_of_ranges(
    low: npt.NDArray[np.integer], high: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the members of many ranges, and which range each belongs to.

    Parameters
    ----------
    low : ndarray of int of shape (n_ranges,)
        The first member of each range.
    high : ndarray of int of shape (n_ranges,)
        One after the last.

    Returns
    -------
    which : ndarray of shape (n_members,), dtype intp
        The range of each member.
    members : ndarray of shape (n_members,), dtype intp
        The members, range after range.
    """
    sizes = high - low
    which = np.repeat(np.arange(len(sizes)), sizes)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes - low, sizes)
