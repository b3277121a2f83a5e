"""Collect the result of a search for close pairs: connected components, or the pairs themselves."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from skseed._limits import check_memory

# the list, and the graph while it is sorted
_BYTES_PER_PAIR = 72

Pairs = tuple[npt.NDArray[np.integer], npt.NDArray[np.integer], npt.NDArray[np.integer]]


EditsOf = Callable[[npt.NDArray[np.integer], npt.NDArray[np.integer]], npt.NDArray[np.integer]]


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

    def roots(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return the components of the rows and of the columns as they are now."""
        return self.components.find(self.rows), self.components.find(self.columns)

    def are_connected(self, row: int, column: int) -> bool:
        """Return whether a row and a column are in one component."""
        return self.components.root(self.rows[row]) == self.components.root(self.columns[column])

    def connect(self, row: int, column: int) -> None:
        """Join the components of a row and a column."""
        self.components.join(self.rows[[row]], self.columns[[column]])


def all_close(
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    limits: npt.NDArray[np.int64],
    edits_of: EditsOf,
) -> Pairs:
    """Return all close pairs of the candidates."""
    edits = edits_of(first, second)
    close = edits <= limits[second]
    return first[close], second[close], edits[close]


def join_close(
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    nodes: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]],
    components: Components,
    limits: npt.NDArray[np.int64],
    edits_of: EditsOf,
) -> Pairs:
    """Join all components that close pairs of the candidates join; return the close pairs that were found.

    ``nodes[0]`` and ``nodes[1]`` are the members of `components` that rows and columns are. The foremost
    candidates of each component are checked first, because they join most of the others, which are skipped.
    """
    found = [(first[:0], second[:0], np.empty(0, dtype=np.int64))]
    width = 1
    while len(first):
        roots, other_roots = components.find(nodes[0][first]), components.find(nodes[1][second])
        apart = np.flatnonzero(roots != other_roots)
        foremost = _foremost(roots[apart], other_roots[apart], width)
        now, later = apart[foremost], apart[~foremost]
        edits = edits_of(first[now], second[now])
        close = edits <= limits[second[now]]
        now = now[close]
        found.append((first[now], second[now], edits[close]))
        components.join(nodes[0][first[now]], nodes[1][second[now]])
        first, second = first[later], second[later]
        width *= 2
    first, second, edits = (np.concatenate(values) for values in zip(*found, strict=True))
    return first, second, edits


def _foremost(one: npt.NDArray[np.intp], other: npt.NDArray[np.intp], width: int) -> npt.NDArray[np.bool_]:
    """Mark the first `width` pairs of each component."""
    return (_rank(one) < width) | (_rank(other) < width)


def _rank(components: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return how many pairs of its component precede each pair."""
    order = np.argsort(components, kind="stable")
    starts = np.flatnonzero(np.diff(components[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return ranks
