"""Select the minimizers of many sequences: orders of k-mers and window minima.

Sequences are encoded in buffers of bounded size, so that each step is a few numpy calls on arrays that fit
into the cache. Short sequences share a buffer; a long sequence is split into overlapping segments. An *order*
assigns a value to the code of each k-mer, and the k-mer with the smallest value in a window is selected.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._kmers import decode_kmers, kmer_codes, mix64
from skseed._sequences import offsets_of, raise_foreign
from skseed.alphabets import FOREIGN, Alphabet

Integers = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.uint8]
Values = npt.NDArray[Any]

_TABLE_SIZE = 1 << 16


@dataclass(frozen=True)
class Buffer:
    """Symbol codes of segments of sequences, end to end.

    A segment is a sequence or a slice of a long one. Segment i begins at ``start[i]`` in `codes` and at
    position ``offset[i]`` of sequence ``sequence[i]``. Only its first ``n_windows[i]`` windows count, because
    the next ones reach into segment i + 1. A buffer that continues a long sequence begins with its segment.
    """

    codes: Symbols
    sequence: Integers
    offset: Integers
    start: Integers
    n_windows: Integers


@dataclass(frozen=True)
class Selection:
    """The selected k-mers of one buffer: their sequences, their positions in them and their codes."""

    sequence: Integers
    position: Integers
    code: Integers


def iter_buffers(
    strings: npt.NDArray[np.object_], *, alphabet: Alphabet, k: int, window: int, size: int
) -> Iterator[Buffer]:
    """Yield the sequences in buffers of about `size` symbols; sequences shorter than `k` are skipped.

    A sequence of fewer than `window` k-mers is filled up with wildcards to one window. Raises a ValueError
    that names index and position if a letter does not belong to the alphabet.
    """
    span = k + window - 1
    size = max(size, span)
    texts: list[str] = []
    table: list[tuple[int, int, int]] = []
    used = 0
    for index, sequence in enumerate(strings):
        if len(sequence) < k:
            codes = alphabet.codes_of(sequence)
            if codes.max(initial=0) == FOREIGN:
                raise_foreign(strings, index, int(np.argmax(codes == FOREIGN)), alphabet, "X")
            continue
        n_windows = max(1, len(sequence) - span + 1)
        first = 0
        while first < n_windows:
            if used and (first or used + span > size):
                yield _encode_buffer(texts, table, strings, alphabet)
                texts, table, used = [], [], 0
            count = min(n_windows - first, size - used - span + 1)
            texts.append(sequence[first : first + count + span - 1].ljust(span, alphabet.wildcard))
            table.append((index, first, count))
            used += len(texts[-1])
            first += count
    if texts:
        yield _encode_buffer(texts, table, strings, alphabet)


def _encode_buffer(
    texts: list[str], table: list[tuple[int, int, int]], strings: npt.NDArray[np.object_], alphabet: Alphabet
) -> Buffer:
    sequence, offset, n_windows = np.array(table, dtype=np.int64).T
    start = offsets_of(np.array([len(text) for text in texts]))[:-1]
    codes = alphabet.codes_of("".join(texts))
    if codes.max() == FOREIGN:
        place = int(np.argmax(codes == FOREIGN))
        segment = int(np.searchsorted(start, place, side="right")) - 1
        position = place - int(start[segment]) + int(offset[segment])
        raise_foreign(strings, int(sequence[segment]), position, alphabet, "X")
    return Buffer(codes, sequence, offset, start, n_windows)


def hash_order(codes: Integers, seed: int) -> npt.NDArray[np.uint64]:
    """Return the values of a random permutation of all k-mers; none has the largest 64-bit number."""
    values = mix64(codes, seed)
    return np.minimum(values, np.iinfo(np.uint64).max - np.uint64(1), out=values)


class FilterOrder:
    """The order of a convolution filter, in which the k-mer of highest response comes first.

    The response is the sum of one weight for each symbol. The sums of a few consecutive symbols are
    tabulated, so that equal k-mers have bit-identical responses.
    """

    def __init__(self, weights: npt.NDArray[np.float64]) -> None:
        k, n_symbols = weights.shape
        width = 1
        while n_symbols ** (width + 1) <= _TABLE_SIZE:
            width += 1
        self._tables = []
        for stop in range(k, 0, -width):
            table = np.zeros(1)
            for row in weights[max(0, stop - width) : stop]:
                table = np.add.outer(table, -row).ravel()
            self._tables.append(table)

    def __call__(self, codes: Integers) -> npt.NDArray[np.float64]:
        """Return the negated response of each k-mer."""
        *lower, top = self._tables
        rest = codes
        values = np.zeros(len(codes))
        for table in lower:
            rest, code = np.divmod(rest, len(table))
            values += table[code]
        values += top[rest]
        return values


class CallableOrder:
    """The order of a user's function of symbol codes, as ranks within a buffer.

    The function takes an array of shape (n_kmers, k) and returns a real number for each k-mer. Anything else
    raises a ValueError.
    """

    def __init__(self, function: Callable[[Symbols], npt.ArrayLike], *, k: int, n_symbols: int) -> None:
        self._function = function
        self._k = k
        self._n_symbols = n_symbols

    def __call__(self, codes: Integers) -> Integers:
        """Return the rank of each k-mer; equal values have equal ranks."""
        distinct, inverse = np.unique(codes, return_inverse=True)
        if not len(distinct):
            return np.zeros(0, dtype=np.int64)
        values = np.asarray(self._function(decode_kmers(distinct, k=self._k, n_symbols=self._n_symbols)))
        if values.shape != (len(distinct),) or values.dtype.kind not in "biuf":
            raise ValueError(
                f"order returned an array of shape {values.shape} and dtype {values.dtype}, but one real "
                f"number for each k-mer is required, an array of shape ({len(distinct)},)."
            )
        if np.isnan(values).any():
            raise ValueError("order returned NaN, which cannot be ordered; return numbers only.")
        _, ranks = np.unique(values, return_inverse=True)
        return ranks[inverse].astype(np.int64)


def order_values(
    order: Callable[[Integers], Values], codes: Integers, valid: npt.NDArray[np.bool_] | None
) -> Values:
    """Return the value of each k-mer; k-mers with a wildcard come last."""
    if valid is None:
        return order(codes)
    known = order(codes[valid])
    last = np.inf if known.dtype.kind == "f" else np.iinfo(known.dtype).max
    values = np.full(len(codes), last, dtype=known.dtype)
    values[valid] = known
    return values


def window_minima(
    values: Values, window: int, *, slots: npt.NDArray[np.int32] | None = None, rightmost: bool = False
) -> tuple[npt.NDArray[np.int32], Values]:
    """Return the position of the smallest value of each window, and that value.

    Of equal values, the leftmost, the rightmost, or the one with the lowest of `slots` is taken. Spans
    double: the minimum over eight positions is the lesser of two minima over four. Two overlapping spans make
    a window of any length.
    """
    where = np.arange(len(values), dtype=np.int32)
    span = 1
    while span < window:
        shift = min(span, window - span)
        left, right = values[:-shift], values[shift:]
        take = right <= left if rightmost else right < left
        if slots is not None:
            take |= (right == left) & (slots[shift:] < slots[:-shift])
            slots = np.where(take, slots[shift:], slots[:-shift])
        where = np.where(take, where[shift:], where[:-shift])
        values = np.where(take, right, left)
        span += shift
    return where, values


def robust_picks(
    rightmost: npt.NDArray[np.int32],
    minima: Values,
    starts: Integers,
    is_first: npt.NDArray[np.bool_],
    previous: int | None,
) -> Integers:
    """Return the positions selected by robust winnowing, ascending.

    A window selects the same position as the window before it if that position is still inside and no value
    is smaller; otherwise it selects its rightmost minimum. The position can stay only while the minimum is
    equal, so windows are divided where the minimum changes, and all divisions advance at once.

    Parameters
    ----------
    rightmost, minima, starts : ndarray of shape (n_windows,)
        The rightmost minimum of each window, its value, and the first position of the window.
    is_first : ndarray of shape (n_windows,), dtype bool
        Whether a window is the first of a segment.
    previous : int or None
        The position that the window before the first one selected, if it is a minimum of the first one too.
    """
    begins = is_first.copy()
    begins[1:] |= minima[1:] != minima[:-1]
    at = np.flatnonzero(begins)
    end = np.append(at[1:], len(minima))
    picks = rightmost[at].astype(np.int64)
    if previous is not None:
        picks[0] = previous
    selected = []
    while len(at):
        selected.append(picks)
        # the first window that no longer contains the selected position
        after = at + (picks + 1 - starts[at])
        remains = after < end
        at, end = after[remains], end[remains]
        picks = rightmost[at].astype(np.int64)
    return np.sort(np.concatenate(selected))


def select_minimizers(
    strings: npt.NDArray[np.object_],
    *,
    alphabet: Alphabet,
    k: int,
    window: int,
    order: Callable[[Integers], Values],
    tie_break: str,
    size: int,
) -> Iterator[Selection]:
    """Yield the selected positions of the sequences, buffer by buffer, each position once.

    Parameters
    ----------
    strings : ndarray of shape (n_sequences,), dtype object
        The sequences.
    alphabet : Alphabet
        The alphabet of the sequences.
    k : int
        Symbols in a k-mer.
    window : int
        K-mers in a window.
    order : callable
        Returns the values of k-mer codes; the smallest is selected. An integer value must not be the largest
        of its type, which marks k-mers with a wildcard.
    tie_break : {"robust", "leftmost", "slot"}
        Which of several equal minima is selected.
    size : int
        Symbols in a buffer.

    Yields
    ------
    selection : Selection
        Sequences and positions ascend, within a buffer and from one buffer to the next.
    """
    # the position in its sequence that was selected last
    previous = -1
    previous_sequence = -1
    for buffer in iter_buffers(strings, alphabet=alphabet, k=k, window=window, size=size):
        codes, valid = kmer_codes(buffer.codes, k=k, n_symbols=len(alphabet))
        values = order_values(order, codes, valid)
        continues = buffer.offset[0] > 0 and buffer.sequence[0] == previous_sequence
        carried = int(previous - buffer.offset[0]) if continues else -1

        # the first positions of all windows: consecutive numbers within a segment
        total = int(buffer.n_windows.sum())
        first = np.cumsum(buffer.n_windows) - buffer.n_windows
        starts = np.arange(total) + np.repeat(buffer.start - first, buffer.n_windows)

        if tie_break == "robust":
            rightmost, minima = window_minima(values, window, rightmost=True)
            rightmost, minima = rightmost[starts], minima[starts]
            is_first = np.zeros(total, dtype=bool)
            is_first[first] = True
            keeps = carried >= 0 and values[carried] == minima[0]
            picks = robust_picks(rightmost, minima, starts, is_first, carried if keeps else None)
        else:
            slots = _slots(buffer, len(values), window) if tie_break == "slot" else None
            where, _ = window_minima(values, window, slots=slots)
            where = where[starts]
            changes = np.ones(total, dtype=bool)
            np.not_equal(where[1:], where[:-1], out=changes[1:])
            picks = where[changes].astype(np.int64)
        if valid is not None:
            picks = picks[valid[picks]]

        segment = np.searchsorted(buffer.start, picks, side="right") - 1
        position = picks - buffer.start[segment] + buffer.offset[segment]
        sequence = buffer.sequence[segment]
        new = slice(1 if len(picks) and picks[0] == carried else 0, None)
        yield Selection(sequence[new], position[new], codes[picks[new]])
        previous_sequence = int(buffer.sequence[-1])
        if len(picks) and sequence[-1] == previous_sequence:
            previous = int(position[-1])
        elif not continues or len(buffer.start) > 1:
            previous = -1


def _slots(buffer: Buffer, n_kmers: int, window: int) -> npt.NDArray[np.int32]:
    """Return the position of each k-mer in its sequence, modulo the window."""
    lengths = np.diff(np.append(buffer.start, n_kmers))
    shift = np.repeat((buffer.offset - buffer.start) % window, lengths)
    return ((np.arange(n_kmers) + shift) % window).astype(np.int32)
