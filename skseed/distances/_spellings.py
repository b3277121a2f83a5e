"""From sequences to the different strings that are compared, and the engine that compares them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._constraints import TOPOLOGY
from skseed._sequences import Topology, as_sequences
from skseed.alphabets import DNA, Alphabet
from skseed.distances._anchors import canonical
from skseed.distances._circular import circular_pairs
from skseed.distances._components import Components
from skseed.distances._cutoff import Cutoff
from skseed.distances._distinct import distinct
from skseed.distances._pairs import Pairs, close_pairs

__all__ = ["TOPOLOGY", "Spelling", "Topology", "texts_of"]


def texts_of(
    X: Any, *, alphabet: str | Alphabet | None, topology: Topology, both_strands: bool
) -> npt.NDArray[np.object_]:
    """Return the sequences as ``str`` in which equal symbols are equal characters."""
    sequences = as_sequences(X, alphabet=alphabet, topology=topology)
    texts = np.empty(len(sequences), dtype=object)
    if both_strands:
        # raises if a character is not a nucleotide
        sequences.complement()
        texts[:] = [text.replace("U", "T") for text in sequences.to_strings()]
    else:
        texts[:] = sequences.to_strings()
    return texts


@dataclass(frozen=True)
class Spelling:
    """What counts as one sequence.

    Parameters
    ----------
    topology : {"linear", "circular"}
        Whether a sequence may be cut open anywhere.
    both_strands : bool
        Whether the reverse complement is the same sequence.
    """

    topology: Topology
    both_strands: bool

    def distinct(
        self, sequences: npt.NDArray[np.object_]
    ) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.intp]]:
        """Return the different sequences, and which of them each sequence is.

        Parameters
        ----------
        sequences : ndarray of str of shape (n_sequences,)
            Sequences.

        Returns
        -------
        unique : ndarray of str of shape (n_unique,)
            One spelling of each.
        inverse : ndarray of shape (n_sequences,), dtype intp
            The position of each sequence in `unique`.
        """
        unique, inverse = distinct(sequences)
        if self.topology == "linear" and not self.both_strands:
            return unique, inverse
        circular = self.topology == "circular"
        spelled = np.empty(len(unique), dtype=object)
        spelled[:] = [canonical(s, circular=circular, both_strands=self.both_strands) for s in unique]
        unique, again = distinct(spelled)
        return unique, again[inverse]

    def pairs(
        self,
        unique: npt.NDArray[np.object_],
        cutoff: Cutoff,
        *,
        components: Components | None = None,
        n_jobs: int | None = None,
    ) -> Iterator[Pairs]:
        """Yield the pairs within a cut-off.

        Parameters
        ----------
        unique : ndarray of str of shape (n_unique,)
            What `distinct` returned.
        cutoff : Cutoff
            The largest distance that counts.
        components : Components, default=None
            Where given, pairs that join components are enough, and joined here.
        n_jobs : int, default=None
            Blocks computed at once.

        Returns
        -------
        pairs : iterator of tuple of ndarray
            Positions of the two sequences and their distance, each pair once.
        """
        if self.topology == "circular":
            return circular_pairs(
                unique, cutoff, both_strands=self.both_strands, components=components, n_jobs=n_jobs
            )
        if self.both_strands:
            return _pairs_of_both_strands(unique, cutoff, components, n_jobs)
        return close_pairs(unique, cutoff, components=components, n_jobs=n_jobs)


def _pairs_of_both_strands(
    unique: npt.NDArray[np.object_], cutoff: Cutoff, components: Components | None, n_jobs: int | None
) -> Iterator[Pairs]:
    """Look for pairs among the sequences and their reverse complements together."""
    n = len(unique)
    both, copy_of = distinct(np.concatenate([unique, [DNA.reverse_complement(s) for s in unique]]))
    # a sequence and its complement are one from the start, so that their pairs are not looked for
    owner = np.empty(len(both), dtype=np.intp)
    owner[copy_of] = np.tile(np.arange(n), 2)
    if components is not None:
        stranded = Components(len(both))
        stranded.join(copy_of[:n], copy_of[n:])
        for first, second, edits in close_pairs(both, cutoff, components=stranded, n_jobs=n_jobs):
            components.join(owner[first], owner[second])
            yield owner[first], owner[second], edits
        return
    found = [block for block in close_pairs(both, cutoff, n_jobs=n_jobs) if len(block[0])]
    if not found:
        return
    first, second, edits = (np.concatenate(values) for values in zip(*found, strict=True))
    low, high = np.minimum(owner[first], owner[second]), np.maximum(owner[first], owner[second])
    order = np.lexsort((edits, low * n + high))
    keys = (low * n + high)[order]
    kept = order[np.diff(keys, prepend=-1) != 0]
    kept = kept[low[kept] != high[kept]]
    yield low[kept], high[kept], edits[kept]
