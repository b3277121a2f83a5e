"""Plain, slow reference implementations with which the tests compare skseed.

Every function implements the textbook definition, letter by letter, and imports nothing from skseed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein

_COMPLEMENT = str.maketrans("ACGTRYKMBVDHSWNacgtrykmbvdhswn", "TGCAYRMKVBHDSWNtgcayrmkvbhdswn")


# random sequences ---------------------------------------------------------------------------------


def random_sequence(
    rng: np.random.Generator, length: int, letters: str = "ACGT", p: Sequence[float] | None = None
) -> str:
    """Return `length` letters drawn with the probabilities `p`, by default equal ones."""
    return "".join(rng.choice(list(letters), length, p=p))


def random_sequences(
    rng: np.random.Generator, n: int, length: int | tuple[int, int], letters: str = "ACGT"
) -> list[str]:
    """Return `n` random sequences of one length, or of lengths drawn from the half-open range `length`."""
    low, high = (length, length + 1) if isinstance(length, int) else length
    return [random_sequence(rng, int(rng.integers(low, high)), letters) for _ in range(n)]


def motif_in_one_half(n: int, seed: int, length: int = 20) -> tuple[list[str], np.ndarray]:
    """Return random proteins with one motif, and 0 or 1 for each: the half that contains the motif."""
    rng = np.random.default_rng(seed)
    halves = rng.integers(2, size=n)
    letters = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
    proteins = []
    for half in halves:
        protein = letters[rng.integers(20, size=length)]
        start = rng.integers(length // 2 - 5) + half * length // 2
        protein[start : start + 5] = list("HWKYC")
        proteins.append("".join(protein))
    return proteins, halves


def mutate(rng: np.random.Generator, sequence: str, n_edits: int, letters: str = "ACGT") -> str:
    """Return the sequence after `n_edits` random edits: substitutions, insertions or deletions.

    The edit distance to the original is at most `n_edits`, because edits can cancel each other.
    """
    edited = list(sequence)
    for _ in range(n_edits):
        kind = rng.integers(3)
        if kind == 0 or not edited:
            edited.insert(rng.integers(len(edited) + 1), rng.choice(list(letters)))
        elif kind == 1:
            edited[rng.integers(len(edited))] = rng.choice(list(letters))
        else:
            del edited[rng.integers(len(edited))]
    return "".join(edited)


# rotation and strand ------------------------------------------------------------------------------


def reverse_complement(sequence: str) -> str:
    """Return the other strand of a DNA sequence."""
    return sequence.translate(_COMPLEMENT)[::-1]


def rotate(sequence: str, start: int) -> str:
    """Return the circular sequence read from position `start`."""
    return sequence[start:] + sequence[:start]


def rotations(sequence: str) -> list[str]:
    """Return the circular sequence read from each of its positions."""
    return [rotate(sequence, start) for start in range(max(1, len(sequence)))]


def rotate_at_random(rng: np.random.Generator, sequence: str, *, both_strands: bool = True) -> str:
    """Return the circular sequence read from a random position, and from a random strand."""
    rotated = rotate(sequence, int(rng.integers(len(sequence) + 1)))
    return reverse_complement(rotated) if both_strands and rng.random() < 0.5 else rotated


# edit distances -----------------------------------------------------------------------------------


def edit_distance(a: str, b: str) -> int:
    """Return the Levenshtein distance by dynamic programming (Wagner and Fischer 1974)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def circular_edit_distance(a: str, b: str, *, both_strands: bool = False) -> int:
    """Return the smallest Levenshtein distance between `a` and any rotation of `b`.

    With `both_strands`, the rotations of the reverse complement of `b` are included. rapidfuzz computes each
    distance, because dynamic programming in Python takes seconds for each pair.
    """
    strands = [b, reverse_complement(b)] if both_strands else [b]
    return min(Levenshtein.distance(a, rotation) for strand in strands for rotation in rotations(strand))


def distance_matrix(
    X: Iterable[str], Y: Iterable[str] | None = None, distance: Callable[[str, str], int] = edit_distance
) -> np.ndarray:
    """Return the matrix of distances between all sequences of X and all of Y (default: X)."""
    X = list(X)
    Y = X if Y is None else list(Y)
    return np.array([[distance(a, b) for b in Y] for a in X], dtype=int).reshape(len(X), len(Y))


def cutoff(a: str, b: str, max_distance: float) -> int:
    """Return `max_distance` in edits: an int as given, a float as a fraction of the longer length."""
    if isinstance(max_distance, int):
        return max_distance
    return int(max_distance * max(len(a), len(b)) + 1e-9)


def connected_components(adjacent: np.ndarray) -> np.ndarray:
    """Return the component of each vertex of an undirected graph, numbered in order of appearance."""
    labels = np.full(len(adjacent), -1)
    for start in range(len(adjacent)):
        if labels[start] >= 0:
            continue
        labels[start] = label = labels.max() + 1
        to_visit = [start]
        while to_visit:
            for vertex in np.flatnonzero(adjacent[to_visit.pop()]):
                if labels[vertex] < 0:
                    labels[vertex] = label
                    to_visit.append(vertex)
    return labels


# k-mers -------------------------------------------------------------------------------------------


def kmers(sequence: str, k: int, *, circular: bool = False) -> list[str]:
    """Return the k-mers of a sequence in order; those of a circular sequence continue across its end.

    A sequence shorter than k has no k-mers.
    """
    if len(sequence) < k:
        return []
    if circular:
        sequence += sequence[: k - 1]
    return [sequence[i : i + k] for i in range(len(sequence) - k + 1)]


def canonical_kmers(sequence: str, k: int, *, circular: bool = False) -> list[str]:
    """Return the smaller of each k-mer and its reverse complement; skip k-mers with letters beyond ACGT."""
    forward = kmers(sequence, k, circular=circular)
    backward = kmers(
        reverse_complement(rotate(sequence, k - 1) if circular else sequence), k, circular=circular
    )
    pairs = zip(forward, reversed(backward), strict=True)
    return [min(pair) for pair in pairs if set(pair[0]) <= set("ACGT")]


def minimizers(
    kmers: Sequence[str | None], rank: Mapping[str, float], window: int, tie_break: str
) -> list[int]:
    """Return the positions of the minimizers of all windows of `window` consecutive k-mers.

    None in place of a k-mer excludes the position. A sequence with fewer k-mers forms one window.
    Among tied k-mers, "leftmost" selects the first, "slot" the one with the smallest position modulo
    `window`, and "robust" keeps the previous selection if it is tied, or else selects the last.
    """
    ranks = [None if kmer is None else rank[kmer] for kmer in kmers]
    if not kmers:
        return []
    positions, previous = [], None
    for start in range(max(1, len(kmers) - window + 1)):
        inside = [i for i in range(start, min(start + window, len(kmers))) if ranks[i] is not None]
        if not inside:
            previous = None
            continue
        smallest = min(ranks[i] for i in inside)
        tied = [i for i in inside if ranks[i] == smallest]
        if tie_break == "leftmost":
            selected = tied[0]
        elif tie_break == "slot":
            selected = min(tied, key=lambda i: i % window)
        else:
            selected = previous if previous in tied else tied[-1]
        if selected != previous:
            positions.append(selected)
        previous = selected
    return positions
