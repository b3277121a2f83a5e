"""Minimizers of many sequences at once: k-mer codes, their orders, and the window minimum.

Sequences are laid side by side in buffers of bounded size (short ones share a buffer, a long one
is cut), so that every step is a handful of numpy calls on arrays that stay in the cache. A k-mer
is an integer, its letters' codes read as digits in base ``n_symbols``. An *order* gives each
k-mer a value, and the smallest value of a window is selected.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed.alphabets import Alphabet

Integers = npt.NDArray[np.int64]
Letters = npt.NDArray[np.uint8]
Values = npt.NDArray[Any]

# letters in a buffer: its arrays of eight-byte numbers then fit into a second-level cache
BUFFER_SIZE = 1 << 16
_TABLE_SIZE = 1 << 16


@dataclass(frozen=True)
class Buffer:
    """Pieces of sequences, end to end.

    A piece brings the letters of `n_windows` windows; windows that reach into the next piece belong
    to nobody. The pieces of a long sequence follow each other, each as the first of its buffer.
    """

    letters: Letters
    sequence: Integers
    offset: Integers
    start: Integers
    n_windows: Integers


@dataclass(frozen=True)
class Selection:
    """The selected k-mers of one buffer: the sequence, the position in it, and the k-mer's code."""

    sequence: Integers
    position: Integers
    code: Integers


def iter_buffers(
    sequences: Sequence[str], *, alphabet: Alphabet, k: int, window: int, size: int = BUFFER_SIZE
) -> Iterator[Buffer]:
    """Yield the sequences in buffers of about `size` letters; those shorter than `k` are left out.

    A sequence with fewer than `window` k-mers is one window: wildcards fill it up.
    """
    span = k + window - 1
    size = max(size, span)
    pieces: list[Letters] = []
    table: list[tuple[int, int, int, int]] = []
    used = 0
    for index, sequence in enumerate(sequences):
        n_windows = max(1, len(sequence) - span + 1)
        if len(sequence) < k:
            _encode(alphabet, sequence, index, 0, len(sequence))
            continue
        first = 0
        while first < n_windows:
            if used and (first or used + span > size):
                yield _close(pieces, table)
                pieces, table, used = [], [], 0
            count = min(n_windows - first, size - used - span + 1)
            letters = _encode(alphabet, sequence, index, first, first + count + span - 1)
            if len(letters) < span:
                padding = np.full(span - len(letters), alphabet.wildcard_code, dtype=np.uint8)
                letters = np.concatenate([letters, padding])
            pieces.append(letters)
            table.append((index, first, used, count))
            used += len(letters)
            first += count
    if pieces:
        yield _close(pieces, table)


def _encode(alphabet: Alphabet, sequence: str, index: int, start: int, stop: int) -> Letters:
    try:
        return alphabet.encode(sequence[start:stop])
    except ValueError:
        # encode all of it, so that the message counts from the first letter
        try:
            alphabet.encode(sequence)
        except ValueError as error:
            raise ValueError(str(error).replace("The sequence", f"X[{index}]", 1)) from None
        raise


def _close(pieces: list[Letters], table: list[tuple[int, int, int, int]]) -> Buffer:
    columns = np.array(table, dtype=np.int64).T
    return Buffer(np.concatenate(pieces), *columns)


def kmer_codes(letters: Letters, *, k: int, n_symbols: int) -> tuple[Integers, npt.NDArray[np.bool_] | None]:
    """Return the code of every k-mer, and which k-mers are free of wildcards (None: all of them).

    The words grow by doubling: a word of eight letters is two of four.
    """
    foreign = letters >= n_symbols
    valid = None
    if foreign.any():
        before = np.concatenate([[0], np.cumsum(foreign)])
        valid = before[k:] == before[:-k]
        letters = np.where(foreign, 0, letters).astype(np.uint8)
    words = letters.astype(np.int64)
    codes, length, width = None, 0, 1
    remaining = k
    while True:
        if remaining & 1:
            codes = words if codes is None else _join(words, codes, width, length, n_symbols)
            length += width
        remaining >>= 1
        if not remaining:
            break
        words = _join(words, words, width, width, n_symbols)
        width *= 2
    assert codes is not None
    return codes, valid


def _join(left: Integers, right: Integers, left_length: int, right_length: int, n_symbols: int) -> Integers:
    """Return the words that start with a word of `left` and go on with the word of `right` after it."""
    n_words = len(right) - left_length
    joined = left[:n_words] * n_symbols**right_length
    joined += right[left_length:]
    return joined


def decode_kmers(codes: Integers, *, k: int, n_symbols: int) -> Letters:
    """Return the letters' codes of k-mers, of shape (n_kmers, k)."""
    letters = np.empty((len(codes), k), dtype=np.uint8)
    rest = codes
    for column in range(k - 1, -1, -1):
        rest, digit = np.divmod(rest, n_symbols)
        letters[:, column] = digit
    return letters


def mix64(codes: Integers, seed: int) -> npt.NDArray[np.uint64]:
    """Return codes scrambled by the 64-bit finaliser of SplitMix64, a bijection for every seed.

    Each input bit flips each output bit with a probability near one half; two different k-mers
    never collide. The seed goes through the same mixer, so that neighbouring seeds are unrelated.
    """
    key = np.array([seed], dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    _scramble(key)
    mixed: npt.NDArray[np.uint64] = codes.astype(np.uint64) ^ key
    _scramble(mixed)
    return mixed


def _scramble(values: npt.NDArray[np.uint64]) -> None:
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)


def hash_order(codes: Integers, seed: int) -> npt.NDArray[np.uint64]:
    """Return the order of a random permutation of all k-mers; the largest value stays free."""
    values = mix64(codes, seed)
    return np.minimum(values, np.iinfo(np.uint64).max - np.uint64(1), out=values)


class FilterOrder:
    """The order of a convolution filter: the k-mer of highest response comes first.

    The response is the sum of one weight a letter. Words of a few letters have theirs in a table,
    so equal k-mers have equal responses to the last bit, wherever they stand.
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
        """Return the negated response of every k-mer."""
        *lower, top = self._tables
        rest = codes
        values = np.zeros(len(codes))
        for table in lower:
            rest, word = np.divmod(rest, len(table))
            values += table[word]
        values += top[rest]
        return values


class CallableOrder:
    """The order of a user's function of the k-mers' letters, checked, as ranks within a buffer."""

    def __init__(self, function: Callable[[Letters], npt.ArrayLike], *, k: int, n_symbols: int) -> None:
        self._function = function
        self._k = k
        self._n_symbols = n_symbols

    def __call__(self, codes: Integers) -> Integers:
        """Return the rank of every k-mer; equal values have equal ranks."""
        distinct, inverse = np.unique(codes, return_inverse=True)
        if not len(distinct):
            return np.zeros(0, dtype=np.int64)
        values = np.asarray(self._function(decode_kmers(distinct, k=self._k, n_symbols=self._n_symbols)))
        if values.shape != (len(distinct),) or values.dtype.kind not in "biuf":
            raise ValueError(
                f"order must return one real number a k-mer, an array of shape ({len(distinct)},); got "
                f"an array of shape {values.shape} and dtype {values.dtype}."
            )
        if np.isnan(values).any():
            raise ValueError("order returned NaN, which has no place in an order; return numbers only.")
        _, ranks = np.unique(values, return_inverse=True)
        return ranks[inverse].astype(np.int64)


def order_values(
    order: Callable[[Integers], Values], codes: Integers, valid: npt.NDArray[np.bool_] | None
) -> Values:
    """Return the value of every k-mer; those with a wildcard come last."""
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
    """Return where the smallest value of each window stands, and that value.

    A tie goes to the leftmost position, to the rightmost, or to the lowest of `slots`. The spans
    double: the minimum over eight positions is the better one of two over four, and two spans that
    overlap make up a window of any length.
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
    first_of_piece: npt.NDArray[np.bool_],
    previous: int | None,
) -> Integers:
    """Return the picks of robust winnowing in ascending order.

    A pick stays while it is in the window and no value is smaller; then comes the rightmost minimum.
    It can only stay while the minimum stays the same, so each run of equal minima is a chain of its own,
    and all runs take their next link at once.

    Parameters
    ----------
    rightmost, minima, starts : ndarray of shape (n_windows,)
        The rightmost minimum of each window, its value, and the window's first position.
    first_of_piece : ndarray of shape (n_windows,), dtype bool
        Where a new piece begins.
    previous : int or None
        The pick of the window before the first one, where it still ties for the minimum.
    """
    new_run = first_of_piece.copy()
    new_run[1:] |= minima[1:] != minima[:-1]
    at = np.flatnonzero(new_run)
    end = np.append(at[1:], len(minima))
    picks = rightmost[at].astype(np.int64)
    if previous is not None:
        picks[0] = previous
    links = []
    while len(at):
        links.append(picks)
        # the first window that has lost its pick
        after = at + (picks + 1 - starts[at])
        going_on = after < end
        at, end = after[going_on], end[going_on]
        picks = rightmost[at].astype(np.int64)
    return np.sort(np.concatenate(links))


def select_minimizers(
    sequences: Sequence[str],
    *,
    alphabet: Alphabet,
    k: int,
    window: int,
    order: Callable[[Integers], Values],
    tie_break: str,
    size: int = BUFFER_SIZE,
) -> Iterator[Selection]:
    """Yield the distinct selected k-mers of the sequences, one buffer after the other.

    Parameters
    ----------
    sequences : sequence of str of length n_sequences
        The sequences.
    alphabet : Alphabet
        Their alphabet.
    k, window : int
        Letters in a k-mer, and k-mers in a window.
    order : callable
        Gives the values of k-mer codes; the smallest is selected. The largest value an integer
        type can hold stays free.
    tie_break : {"robust", "leftmost", "slot"}
        Which one of equal minima is selected.
    size : int
        Letters in a buffer.

    Yields
    ------
    selection : Selection
        Sequences and positions ascend, within a buffer and from one to the next.
    """
    previous = -1  # the last pick of the last buffer, as a position in its sequence
    previous_sequence = -1
    for buffer in iter_buffers(sequences, alphabet=alphabet, k=k, window=window, size=size):
        codes, valid = kmer_codes(buffer.letters, k=k, n_symbols=len(alphabet))
        values = order_values(order, codes, valid)
        goes_on = buffer.offset[0] > 0 and buffer.sequence[0] == previous_sequence
        carried = int(previous - buffer.offset[0]) if goes_on else -1

        # windows of the pieces: consecutive numbers, with a jump from piece to piece
        total = int(buffer.n_windows.sum())
        first = np.cumsum(buffer.n_windows) - buffer.n_windows
        starts = np.arange(total) + np.repeat(buffer.start - first, buffer.n_windows)

        if tie_break == "robust":
            rightmost, minima = window_minima(values, window, rightmost=True)
            rightmost, minima = rightmost[starts], minima[starts]
            first_of_piece = np.zeros(total, dtype=bool)
            first_of_piece[first] = True
            keeps = carried >= 0 and values[carried] == minima[0]
            picks = robust_picks(rightmost, minima, starts, first_of_piece, carried if keeps else None)
        else:
            slots = _slots(buffer, len(values), window) if tie_break == "slot" else None
            where, _ = window_minima(values, window, slots=slots)
            where = where[starts]
            changes = np.ones(total, dtype=bool)
            np.not_equal(where[1:], where[:-1], out=changes[1:])
            picks = where[changes].astype(np.int64)
        if valid is not None:
            picks = picks[valid[picks]]

        piece = np.searchsorted(buffer.start, picks, side="right") - 1
        position = picks - buffer.start[piece] + buffer.offset[piece]
        sequence = buffer.sequence[piece]
        fresh = slice(1 if len(picks) and picks[0] == carried else 0, None)
        yield Selection(sequence[fresh], position[fresh], codes[picks[fresh]])
        previous_sequence = int(buffer.sequence[-1])
        if len(picks) and sequence[-1] == previous_sequence:
            previous = int(position[-1])
        elif not goes_on or len(buffer.start) > 1:
            previous = -1


def _slots(buffer: Buffer, n_kmers: int, window: int) -> npt.NDArray[np.int32]:
    """Return the position of every k-mer in its sequence, modulo the window."""
    lengths = np.diff(np.append(buffer.start, n_kmers))
    shift = np.repeat((buffer.offset - buffer.start) % window, lengths)
    return ((np.arange(n_kmers) + shift) % window).astype(np.int32)
