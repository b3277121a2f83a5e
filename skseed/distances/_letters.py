"""Many sequences as one array of small codes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_RARE = 1e-3
_ODD = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Letters:
    """The letters of many sequences, end to end.

    Parameters
    ----------
    codes : ndarray of shape (n_symbols,), dtype uint8
        A code below `n_letters` for every symbol. Rare letters share the codes of frequent ones,
        which can only bring two sequences closer, so that a bound from below stays one.
    starts : ndarray of shape (n_sequences + 1,), dtype int64
        Where each sequence begins, and where the last one ends.
    n_letters : int
        How many codes there are.
    """

    codes: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    n_letters: int

    def chosen(self, sequences: npt.NDArray[np.intp]) -> "Letters":
        """Return the letters of some of the sequences.

        Parameters
        ----------
        sequences : ndarray of int
            Their positions.

        Returns
        -------
        letters : Letters
            Their letters, with the same codes.
        """
        parts = [self.codes[self.starts[index] : self.starts[index + 1]] for index in sequences]
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        return Letters(np.concatenate(parts), starts, self.n_letters)

    def window_hashes(self, start: int, stop: int, width: int) -> npt.NDArray[np.uint64]:
        """Return a hash of the window that begins at each symbol of some sequences.

        Parameters
        ----------
        start : int
            The first sequence.
        stop : int
            One after the last sequence.
        width : int
            Symbols in a window.

        Returns
        -------
        hashes : ndarray of shape (n_symbols,), dtype uint64
            Equal windows have equal hashes. While ``n_letters ** width`` stays below 2**64 the hash is
            the number that the codes spell, so different windows differ too. The last ``width - 1``
            windows of a sequence run over its end and mean nothing.
        """
        codes = self.codes[self.starts[start] : self.starts[stop]].astype(np.uint64)
        hashes, done = np.zeros(len(codes), dtype=np.uint64), 0
        power, block = codes, 1
        # an odd number keeps every letter of a window whose codes no longer fit into 64 bits
        base = self.n_letters if self.n_letters**width < 2**64 else _ODD
        # windows of 1, 2, 4, … symbols are joined as the binary digits of the width say
        while True:
            if width & block:
                hashes = hashes * np.uint64(pow(base, block, 2**64)) + _shifted(power, done)
                done += block
            block *= 2
            if block > width:
                return hashes
            power = power * np.uint64(pow(base, block // 2, 2**64)) + _shifted(power, block // 2)


def read_letters(sequences: npt.NDArray[np.object_]) -> Letters:
    """Return the letters of sequences.

    Parameters
    ----------
    sequences : ndarray of str of shape (n_sequences,)
        Sequences.

    Returns
    -------
    letters : Letters
        Their codes.
    """
    joined = "".join(sequences)
    try:
        symbols = np.frombuffer(joined.encode("latin-1"), dtype=np.uint8)
        counts = np.bincount(symbols, minlength=256)
    except UnicodeEncodeError:
        points = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
        _, ranks, counts = np.unique(points, return_inverse=True, return_counts=True)
        symbols = np.minimum(ranks, 255).astype(np.uint8)
        counts = np.bincount(symbols, minlength=256)
    n_letters = max(1, int((counts > _RARE * max(1, len(symbols))).sum()))
    table = np.empty(256, dtype=np.uint8)
    table[np.argsort(-counts, kind="stable")] = np.arange(256) % n_letters
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    return Letters(table[symbols], np.concatenate([[0], np.cumsum(lengths)]), n_letters)


def _shifted(values: npt.NDArray[np.uint64], by: int) -> npt.NDArray[np.uint64]:
    if by == 0:
        return values
    shifted = np.zeros_like(values)
    shifted[:-by] = values[by:]
    return shifted
