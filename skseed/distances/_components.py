"""Collect the result of a search for close pairs: connected components, or the pairs themselves."""

import numpy as np
import numpy.typing as npt

from skseed._limits import check_memory

# the list, and the graph while it is sorted
_BYTES_PER_PAIR = 72

Pairs = tuple[npt.NDArray[np.integer], npt.NDArray[np.integer], npt.NDArray[np.integer]]


class Components:
    """Connected components of the numbers 0 to n - 1, which grow as pairs are added."""

    def __init__(self, n: int) -> None:
        self.parents = np.arange(n, dtype=np.intp)

    @property
    def components(self) -> "Components":
        """The components that pairs join, here the object itself; see `PairList.components`."""
        return self

    def add(self, pairs: Pairs) -> None:
        """Join the components of the two members of each pair."""
        self.join(pairs[0], pairs[1])

    def find(self, members: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
        """Return one number for the component of each member: its root."""
        roots = self.parents[members]
        while True:
            above = self.parents[roots]
            if np.array_equal(above, roots):
                self.parents[members] = roots
                return roots
            roots = above

    def join(self, first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> None:
        """Join the components of ``first[i]`` and ``second[i]`` for all i."""
        apart = self.find(first) != self.find(second)
        for one, other in zip(first[apart].tolist(), second[apart].tolist(), strict=True):
            one, other = self.root(one), self.root(other)
            if one != other:
                self.parents[max(one, other)] = min(one, other)

    def root(self, member: int) -> int:
        """Return the root of one member."""
        parents = self.parents
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = int(parents[member])
        return member


class PairList:
    """A list of pairs with their distances, whose graph must fit into half of the available memory."""

    components = None

    def __init__(self) -> None:
        empty = np.empty(0, dtype=np.int32)
        self._blocks: list[Pairs] = [(empty, empty, empty)]
        self._n_pairs = 0

    def add(self, pairs: Pairs) -> None:
        """Append pairs.

        Raises
        ------
        MemoryError
            If the list becomes too long.
        """
        first, second, edits = (values.astype(np.int32) for values in pairs)
        self._blocks.append((first, second, edits))
        self._n_pairs += len(first)
        check_memory(
            _BYTES_PER_PAIR * self._n_pairs,
            what=f"A graph of more than {self._n_pairs:,} pairs within max_distance",
            advice="lower max_distance, or use levenshtein_groups, which stores no pairs",
        )

    def pairs(self) -> Pairs:
        """Return all pairs as three arrays: first, second, edits."""
        first, second, edits = (np.concatenate(values) for values in zip(*self._blocks, strict=True))
        return first, second, edits


class BlockComponents:
    """Components among the rows and columns of two blocks, which may overlap.

    Parameters
    ----------
    rows, columns : ndarray of int
        The component of each row and of each column before the search.
    """

    def __init__(self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> None:
        numbers = np.unique(np.concatenate([rows, columns]), return_inverse=True)[1]
        self.rows, self.columns = numbers[: len(rows)], numbers[len(rows) :]
        self.components = Components(int(numbers.max(initial=-1)) + 1)

    def are_connected(self, row: int, column: int) -> bool:
        """Return whether a row and a column are in one component."""
        return self.components.root(self.rows[row]) == self.components.root(self.columns[column])

    def connect(self, row: int, column: int) -> None:
        """Join the components of a row and a column."""
        self.components.join(self.rows[[row]], self.columns[[column]])
