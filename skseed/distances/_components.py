"""Components that grow while pairs are found."""

import numpy as np
import numpy.typing as npt


class Components:
    """A partition of numbers that pairs join, one by one or many at once.

    Parameters
    ----------
    n : int
        The numbers 0 to n - 1, each alone at first.
    """

    def __init__(self, n: int) -> None:
        self.parents = np.arange(n, dtype=np.intp)

    def find(self, members: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
        """Return the number that stands for each member's component.

        Parameters
        ----------
        members : ndarray of int
            Any members.

        Returns
        -------
        roots : ndarray of intp
            Equal where the members are in one component.
        """
        roots = self.parents[members]
        while True:
            above = self.parents[roots]
            if np.array_equal(above, roots):
                self.parents[members] = roots
                return roots
            roots = above

    def join(self, first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> None:
        """Join the components of two members, for many pairs.

        Parameters
        ----------
        first : ndarray of int of shape (n_pairs,)
            One member of each pair.
        second : ndarray of int of shape (n_pairs,)
            The other.
        """
        apart = self.find(first) != self.find(second)
        for one, other in zip(first[apart].tolist(), second[apart].tolist(), strict=True):
            one, other = self.root(one), self.root(other)
            if one != other:
                self.parents[max(one, other)] = min(one, other)

    def root(self, member: int) -> int:
        """Return the number that stands for one member's component.

        Parameters
        ----------
        member : int
            A member.

        Returns
        -------
        root : int
            As `find` gives it.
        """
        parents = self.parents
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = int(parents[member])
        return member
