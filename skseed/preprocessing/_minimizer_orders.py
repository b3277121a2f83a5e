"""Orders of k-mers: the numbers that decide which k-mer of a window is selected.

An order is a function of a :class:`KmerText`, the symbols of a buffer. It returns a number for the k-mer that
starts at each symbol, and the k-mer with the smallest number in a window is selected. K-mers with a wildcard
receive the largest number of the type.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._kmers import canonical_kmer_codes, decode_kmers, kmer_codes, largest_k, mix64, window_hashes
from skseed.preprocessing._minimizer_windows import window_minima

Integers = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]
Order = Callable[["KmerText"], Values]

_TABLE_SIZE = 1 << 16
# sums of sines that differ from zero by less are zero
_ROUNDING = 1e-9
# a seed other than that of the k-mers, or the order of s-mers would repeat that of k-mers
_SUBMER_SEED = 0x7375626D6572


class KmerText:
    """The symbols of a buffer, and the codes of its k-mers.

    Up to ``largest_k`` symbols, the code of a k-mer is the number whose digits are its symbols. The code of a
    longer k-mer is a 64-bit hash. The canonical code is the smaller one of both strands.
    """

    def __init__(self, symbols: Symbols, *, n_symbols: int, canonical: bool) -> None:
        self.symbols = symbols
        self.n_symbols = n_symbols
        self.canonical = canonical
        self._cache: dict[int, tuple[Integers, Mask | None, Mask | None]] = {}

    def codes(self, k: int) -> tuple[Integers, Mask | None, Mask | None]:
        """Return the code of each k-mer, whether it has no wildcard, and whether it is canonical itself.

        The first mask is None if no k-mer has a wildcard, and the second is None without `canonical`.
        """
        if k not in self._cache:
            self._cache[k] = self._codes(k)
        return self._cache[k]

    def _codes(self, k: int) -> tuple[Integers, Mask | None, Mask | None]:
        if k <= largest_k(self.n_symbols):
            if self.canonical:
                codes, is_forward, valid = canonical_kmer_codes(self.symbols, k=k)
                return codes, valid, is_forward
            codes, valid = kmer_codes(self.symbols, k=k, n_symbols=self.n_symbols)
            return codes, valid, None
        wildcard = self.symbols >= self.n_symbols
        valid = None
        if wildcard.any():
            before = np.concatenate([[0], np.cumsum(wildcard)])
            valid = before[k:] == before[:-k]
        forward = window_hashes(np.where(wildcard, 0, self.symbols), width=k, n_symbols=self.n_symbols)
        if not self.canonical:
            return forward.view(np.int64), valid, None
        backward = window_hashes(self.complement(), width=k, n_symbols=4)[::-1]
        return np.minimum(forward, backward).view(np.int64), valid, forward <= backward

    def complement(self) -> Symbols:
        """Return the reverse complement of the DNA symbols; a wildcard becomes A."""
        return np.where(self.symbols < 4, 3 - self.symbols, 0)[::-1].astype(np.uint8)

    def order(self, function: Callable[[Integers], Values], k: int) -> Values:
        """Return the values of a function of the codes of k-mers."""
        codes, valid, _ = self.codes(k)
        return _mask(function(codes), valid)


def _mask(values: Values, valid: Mask | None) -> Values:
    """Return values in which k-mers with a wildcard have the largest number of the type."""
    if valid is None:
        return values
    last = np.inf if values.dtype.kind == "f" else np.iinfo(values.dtype).max
    return np.where(valid, values, np.asarray(last, dtype=values.dtype))


def random_order(k: int, seed: int) -> Order:
    """Return the order of a random permutation of all k-mers."""
    return lambda text: text.order(lambda codes: hash_values(codes, seed), k)


def hash_values(codes: Integers, seed: int) -> npt.NDArray[np.uint64]:
    """Return the values of a random permutation of all codes; none has the largest 64-bit number."""
    values = mix64(codes, seed)
    return np.minimum(values, np.iinfo(np.uint64).max - np.uint64(1), out=values)


def lexicographic_order(k: int) -> Order:
    """Return the order of the symbols of the alphabet."""
    return lambda text: text.order(np.asarray, k)


def filter_order(weights: npt.NDArray[np.float64]) -> Order:
    """Return the order of a convolution filter, in which the k-mer of highest response comes first.

    The canonical k-mer determines the response to a k-mer if strands are equal.
    """

    def order(text: KmerText) -> Values:
        _, valid, is_forward = text.codes(len(weights))
        return _mask(_responses(text, -weights, is_forward), valid)

    return order


def _responses(text: KmerText, weights: Values, is_forward: Mask | None) -> Values:
    """Return the sum of one weight of each symbol of each k-mer, or of its canonical k-mer."""
    symbols = np.where(text.symbols < text.n_symbols, text.symbols, 0)
    forward = _sums(symbols, weights)
    if is_forward is None:
        return forward
    return np.where(is_forward, forward, _sums(text.complement(), weights)[::-1])


def _sums(symbols: Symbols, weights: Values) -> Values:
    """Return the sum of weights of each k-mer; equal k-mers have bit-identical sums.

    The sums of a few consecutive symbols are tabulated.
    """
    k, n_symbols = weights.shape
    n_kmers = max(0, len(symbols) - k + 1)
    width = largest_k(n_symbols, limit=_TABLE_SIZE + 1)
    sums = np.zeros(n_kmers, dtype=weights.dtype)
    codes = {
        n_rows: kmer_codes(symbols, k=n_rows, n_symbols=n_symbols)[0]
        for n_rows in {min(width, k - start) for start in range(0, k, width)}
    }
    for start in range(0, k, width):
        rows = weights[start : start + width]
        table = np.zeros(1, dtype=weights.dtype)
        for row in rows:
            table = np.add.outer(table, row).ravel()
        sums += table[codes[len(rows)][start : start + n_kmers]]
    return sums


def callable_order(function: Callable[[Symbols], npt.ArrayLike], *, k: int) -> Order:
    """Return the order of a user's function of symbol codes, as ranks within a buffer.

    The function takes an array of shape (n_kmers, k) and returns a real number for each k-mer. Anything else
    raises a ValueError.
    """

    def order(text: KmerText) -> Values:
        codes, valid, _ = text.codes(k)
        distinct, inverse = np.unique(codes if valid is None else codes[valid], return_inverse=True)
        ranks = np.full(len(codes), np.iinfo(np.int64).max)
        if len(distinct):
            kmers = decode_kmers(distinct, k=k, n_symbols=text.n_symbols)
            ranks[slice(None) if valid is None else valid] = _ranks(function(kmers), len(distinct))[inverse]
        return ranks

    return order


def _ranks(values: npt.ArrayLike, n_kmers: int) -> Integers:
    """Return the ranks of the values that a callable order returned; equal values have equal ranks."""
    values = np.asarray(values)
    if values.shape != (n_kmers,) or values.dtype.kind not in "biuf":
        raise ValueError(
            f"order returned an array of shape {values.shape} and dtype {values.dtype}, but one real "
            f"number for each k-mer is required, an array of shape ({n_kmers},)."
        )
    if np.isnan(values).any():
        raise ValueError("order returned NaN, which cannot be ordered; return numbers only.")
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def double_decycling_order(k: int, n_symbols: int, seed: int) -> Order:
    """Return the order that prefers k-mers of two minimum decycling sets, each in random order.

    The symbols of a k-mer are weights at the k-th roots of unity. The first set holds the k-mers whose sum
    has a positive imaginary part that is not positive after the next rotation of the k-mer; the second set
    is the same for negative parts. Of the rotations of a k-mer without any such rotation, because the sum of
    the symbols is zero, the first set holds the smallest one.
    """
    turn = np.exp(2j * np.pi / k)
    weights = np.outer(np.exp(2j * np.pi * np.arange(k) / k), np.arange(n_symbols))

    def order(text: KmerText) -> Values:
        codes, valid, is_forward = text.codes(k)
        sums = _responses(text, weights, is_forward)
        here = sums.imag
        turned = here * turn.real + sums.real * turn.imag
        classes = np.full(len(codes), 2, dtype=np.uint64)
        classes[(here < -_ROUNDING) & (turned >= -_ROUNDING)] = 1
        classes[(here > _ROUNDING) & (turned <= _ROUNDING)] = 0
        zero = np.flatnonzero((np.abs(here) <= _ROUNDING) & (np.abs(sums.real) <= _ROUNDING))
        if len(zero):
            classes[zero[_is_smallest_rotation(text, zero, k, is_forward)]] = 0
        return _mask(_classed(classes, codes, seed), valid)

    return order


def _is_smallest_rotation(text: KmerText, starts: Integers, k: int, is_forward: Mask | None) -> Mask:
    """Return whether the (canonical) k-mer at each start is the smallest of its rotations."""
    kmers = np.lib.stride_tricks.sliding_window_view(text.symbols, k)[starts]
    if is_forward is not None:
        kmers = np.where(is_forward[starts, None], kmers, np.where(kmers < 4, 3 - kmers, kmers)[:, ::-1])
    smallest = np.ones(len(kmers), dtype=bool)
    for shift in range(1, k):
        rotated = np.roll(kmers, -shift, axis=1)
        differs = rotated != kmers
        at = differs.argmax(axis=1)[:, None]
        smaller = np.take_along_axis(rotated, at, 1) < np.take_along_axis(kmers, at, 1)
        smallest &= ~smaller[:, 0]
    return smallest


def syncmer_order(k: int, s: int, seed: int, *, prefer_open: bool) -> Order:
    """Return the order that prefers k-mers by the position of their smallest s-mer, each in random order.

    Closed syncmers, whose smallest s-mer is the first or the last, come before other k-mers. With
    `prefer_open`, open syncmers, whose smallest s-mer is in the middle, come before closed ones.
    """

    def order(text: KmerText) -> Values:
        codes, valid, _ = text.codes(k)
        classes = np.full(len(codes), 2, dtype=np.uint64)
        classes[has_smallest_at(text, k, s, seed, (0, k - s))] = 1
        if prefer_open:
            classes[has_smallest_at(text, k, s, seed, ((k - s) // 2,))] = 0
        return _mask(_classed(classes, codes, seed), valid)

    return order


def has_smallest_at(text: KmerText, k: int, s: int, seed: int, places: tuple[int, ...]) -> Mask:
    """Return whether the smallest s-mer of each k-mer is at one of the places.

    Of several smallest ones, the leftmost counts. If strands are equal, any of them counts, at a place or at
    its mirror image.
    """
    values = random_order(s, seed ^ _SUBMER_SEED)(text)
    where, minima = window_minima(values, k - s + 1)
    found = np.zeros(len(minima), dtype=bool)
    if text.canonical:
        for place in {*places, *(k - s - place for place in places)}:
            found |= values[place : place + len(minima)] == minima
    else:
        offsets = where - np.arange(len(where))
        for place in places:
            found |= offsets == place
    return found


def _classed(classes: npt.NDArray[np.uint64], codes: Integers, seed: int) -> npt.NDArray[np.uint64]:
    """Return values that are ordered by class (0, 1 or 2), then at random."""
    return mix64(codes, seed) >> np.uint64(2) | classes << np.uint64(62)


@lru_cache(maxsize=4)
def canonical_codes(k: int) -> npt.NDArray[np.int64]:
    """Return the codes of DNA k-mers that are not larger than that of their reverse complement."""
    codes = np.arange(4**k)
    kmers = decode_kmers(codes, k=k, n_symbols=4)
    return codes[canonical_kmer_codes(kmers.ravel(), k=k)[1][::k]]
