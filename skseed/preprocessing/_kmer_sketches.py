"""Sketches of many sequences at once: the distinct k-mers, of either strand, with a small hash.

Of a k-mer and its reverse complement the smaller code stands for both, and a circular sequence goes on
after its last letter: a sketch depends neither on the strand nor on where a plasmid was cut open. Keeping
the k-mers whose hash is small (FracMinHash) keeps the same ones wherever they occur.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skseed._kmers import kmer_codes, mix64
from skseed.alphabets import DNA

LONGEST = 31
# letters side by side: the arrays of eight-byte numbers then fit into a second-level cache
_BUFFER_SIZE = 1 << 16
_SEED = 0

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Sketches:
    """The sketches of sequences end to end: row i is ``hashes[indptr[i] : indptr[i + 1]]``, ascending."""

    hashes: Hashes
    indptr: npt.NDArray[np.int64]


def kmer_sketches(sequences: Sequence[str], *, k: int, fraction: float, circular: bool) -> Sketches:
    """Return the sketch of every sequence.

    Parameters
    ----------
    sequences : sequence of str of length n_sequences
        DNA. A k-mer with an ambiguous letter does not count; a sequence shorter than `k` has none.
    k : int
        Letters in a k-mer, at most 31.
    fraction : float
        The expected share of the k-mers that is kept, in (0, 1].
    circular : bool
        Whether the k-mers over the end of a sequence count.

    Returns
    -------
    sketches : Sketches
        The sketches, in the order of the sequences.

    Raises
    ------
    ValueError
        If a letter is foreign to DNA; the message names the sequence and the position.
    """
    largest = np.uint64(min(int(fraction * 2.0**64), 2**64 - 1))
    hashes = [np.zeros(0, dtype=np.uint64)]
    sizes = np.zeros(len(sequences), dtype=np.int64)
    for letters, starts, owners in _buffers(sequences, k, circular):
        kept, places = _small_hashes(letters, k, largest)
        rows = np.searchsorted(starts, places, side="right") - 1
        order = np.lexsort((kept, rows))
        kept, rows = kept[order], rows[order]
        first = np.ones(len(kept), dtype=bool)
        first[1:] = (kept[1:] != kept[:-1]) | (rows[1:] != rows[:-1])
        hashes.append(kept[first])
        sizes[owners] = np.bincount(rows[first], minlength=len(owners))
    return Sketches(np.concatenate(hashes), np.concatenate([[0], np.cumsum(sizes)]))


def _small_hashes(
    letters: npt.NDArray[np.uint8], k: int, largest: np.uint64
) -> tuple[Hashes, npt.NDArray[np.intp]]:
    """Return the hashes, up to the largest, of the k-mers without a wildcard, and where these stand."""
    n_symbols = len(DNA)
    # the code of a complement is the number of symbols less one, less the code
    complement = np.where(letters < n_symbols, n_symbols - 1 - letters, letters).astype(np.uint8)
    codes, valid = kmer_codes(letters, k=k, n_symbols=n_symbols)
    others, _ = kmer_codes(complement[::-1], k=k, n_symbols=n_symbols)
    values = mix64(np.minimum(codes, others[::-1]), _SEED)
    small = values <= largest
    if valid is not None:
        small &= valid
    places = np.flatnonzero(small)
    return values[places], places


def _buffers(
    sequences: Sequence[str], k: int, circular: bool
) -> Iterator[tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield letters of whole sequences, where each starts, and which it is; wildcards stand between."""
    wall = np.array([DNA.wildcard_code], dtype=np.uint8)
    pieces: list[npt.NDArray[np.uint8]] = []
    starts: list[int] = []
    owners: list[int] = []
    used = 0
    for index, sequence in enumerate(sequences):
        try:
            codes = DNA.encode(sequence)
        except ValueError as error:
            raise ValueError(str(error).replace("The sequence", f"X[{index}]", 1)) from None
        if len(codes) < k:
            continue
        starts.append(used)
        owners.append(index)
        pieces += [codes, codes[: k - 1], wall] if circular else [codes, wall]
        used += len(codes) + circular * (k - 1) + 1
        if used >= _BUFFER_SIZE:
            yield np.concatenate(pieces), np.array(starts), np.array(owners)
            pieces, starts, owners, used = [], [], [], 0
    if pieces:
        yield np.concatenate(pieces), np.array(starts), np.array(owners)
