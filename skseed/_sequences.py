"""The internal representation of sequences: flat codes, offsets, an alphabet and a topology.

A public function converts its input once, by :func:`as_sequences`, and passes the result on. Two sequences
are equal if their codes are equal, so encoders, distances, splitters and reports agree on equality.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt

from skseed._text_alphabet import TextAlphabet, is_nucleotide
from skseed._validation import check_sequences
from skseed.alphabets import FOREIGN, Alphabet, get_alphabet

Topology = Literal["linear", "circular"]
Codes = npt.NDArray[np.unsignedinteger]

_CHUNK = 1 << 22
_FEW_TIES = 32


@dataclass(frozen=True, eq=False)
class Sequences:
    """Many sequences as one flat array of symbol codes.

    Parameters
    ----------
    codes : ndarray of shape (n_symbols,), dtype uint8
        The codes of all sequences, end to end; dtype uint32 for texts of more than 254 different characters.
    offsets : ndarray of shape (n_sequences + 1,), dtype int64
        Sequence `i` is ``codes[offsets[i] : offsets[i + 1]]``; ``offsets[0]`` is 0.
    alphabet : Alphabet or TextAlphabet
        The meaning of the codes.
    topology : {"linear", "circular"}, default="linear"
        Whether the last symbol of a sequence is followed by its first.
    """

    codes: Codes
    offsets: npt.NDArray[np.int64]
    alphabet: Alphabet | TextAlphabet
    topology: Topology = "linear"

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Codes:
        """Return the codes of one sequence, as a view."""
        return self.codes[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[Codes]:
        bounds = self.offsets.tolist()
        for start, stop in pairwise(bounds):
            yield self.codes[start:stop]

    def __getstate__(self) -> dict[str, Any]:
        # cached properties are computed again
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of symbols of each sequence."""
        return np.diff(self.offsets)

    def slice(self, start: int, stop: int) -> "Sequences":
        """Return consecutive sequences; the codes are a view."""
        offsets = self.offsets[start : stop + 1]
        return replace(self, codes=self.codes[offsets[0] : offsets[-1]], offsets=offsets - offsets[0])

    def take(self, indices: npt.ArrayLike) -> "Sequences":
        """Return a copy of the sequences at `indices`, in that order."""
        indices = np.asarray(indices, dtype=np.intp)
        return self.with_rows([self[index] for index in indices.tolist()])

    def with_rows(self, rows: Sequence[Codes]) -> "Sequences":
        """Return other sequences, given as arrays of codes of the same alphabet and topology."""
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        codes = np.concatenate(rows) if len(rows) else self.codes[:0]
        return replace(self, codes=codes, offsets=offsets_of(lengths))

    def chunks(self, n_symbols: int) -> Iterator[tuple[int, int]]:
        """Yield ranges ``(start, stop)`` of whole sequences of about `n_symbols` symbols each."""
        yield from chunk_bounds(self.offsets, n_symbols)

    def unique(self) -> tuple["Sequences", npt.NDArray[np.intp]]:
        """Return the distinct sequences, by first appearance, and the index of each sequence among them."""
        return self._unique

    @cached_property
    def _unique(self) -> tuple["Sequences", npt.NDArray[np.intp]]:
        # cached, because the distances to one collection are often computed in several calls
        positions: dict[bytes, int] = {}
        inverse = np.empty(len(self), dtype=np.intp)
        data, width = self.codes.tobytes(), self.codes.dtype.itemsize
        bounds = (self.offsets * width).tolist()
        first: list[int] = []
        for index, (start, stop) in enumerate(pairwise(bounds)):
            inverse[index] = position = positions.setdefault(data[start:stop], len(positions))
            if position == len(first):
                first.append(index)
        if len(first) == len(self):
            return self, inverse
        return self.take(first), inverse

    def padded(self, length: int | None = None) -> Codes:
        """Return a matrix of codes of shape (n_sequences, length).

        Longer sequences lose their end, shorter ones are filled with ``alphabet.padding_code``. With None,
        `length` is the length of the longest sequence.
        """
        length = int(self.lengths.max(initial=0)) if length is None else length
        rows = np.full((len(self), length), self.alphabet.padding_code, dtype=self.codes.dtype)
        if (self.lengths == length).all():
            rows[:] = self.codes.reshape(len(self), length)
            return rows
        for row, codes in zip(rows, self, strict=True):
            row[: len(codes)] = codes[:length]
        return rows

    def keys(self) -> list[Any]:
        """Return each sequence as ``bytes`` of its codes, or as ``str`` if codes need more than a byte.

        Equal sequences have equal keys, and the edit distance of two keys is that of their sequences.
        """
        if self.codes.dtype == np.uint8:
            data = self.codes.tobytes()
            bounds = self.offsets.tolist()
            return [data[start:stop] for start, stop in pairwise(bounds)]
        text = self.codes.astype("<u4").tobytes().decode("utf-32-le", errors="surrogatepass")
        bounds = self.offsets.tolist()
        return [text[start:stop] for start, stop in pairwise(bounds)]

    def to_strings(self) -> list[str]:
        """Return the sequences as ``str``.

        Letters are in upper case if the alphabet ignores case. Ambiguity letters become the wildcard if the
        alphabet has one.
        """
        text = self.alphabet.decode(self.codes)
        bounds = self.offsets.tolist()
        return [text[start:stop] for start, stop in pairwise(bounds)]

    def complement(self) -> "Sequences":
        """Return the complement of each sequence, in the same order of symbols.

        Raises
        ------
        ValueError
            If the alphabet has no complement, or a character is not a nucleotide.
        """
        self.check_complement()
        table = self.alphabet.complement_codes
        if table is None:
            raise ValueError(
                "The alphabet has characters without a complement; encode these sequences separately."
            )
        return replace(self, codes=table.astype(self.codes.dtype)[self.codes])

    def reverse_complement(self) -> "Sequences":
        """Return the reverse complement of each sequence; raise the errors of `complement`."""
        complement = self.complement()
        codes = np.empty_like(self.codes)
        bounds = self.offsets.tolist()
        for start, stop in pairwise(bounds):
            codes[start:stop] = complement.codes[start:stop][::-1]
        return replace(complement, codes=codes)

    def wrapped(self, n_symbols: int) -> "Sequences":
        """Return each sequence followed by the `n_symbols` symbols with which it continues as a circle."""
        rows = []
        for row in self:
            n_copies = n_symbols // max(1, len(row))
            rows += [row] * (1 + n_copies) + [row[: n_symbols - n_copies * len(row)]]
        lengths = np.where(self.lengths > 0, self.lengths + n_symbols, 0)
        codes = np.concatenate(rows) if rows else self.codes
        return replace(self, codes=codes, offsets=offsets_of(lengths))

    def canonical(self, *, both_strands: bool = False) -> "Sequences":
        """Return the canonical form of each sequence.

        All rotations of a circular sequence have one canonical form, and so have both strands if
        `both_strands` is True.
        """
        strands = [self.keys()] + ([self.reverse_complement().keys()] if both_strands else [])
        if self.topology == "circular":
            strands = [[least_rotation(key) for key in keys] for keys in strands]
        keys = [min(forms) for forms in zip(*strands, strict=True)]
        return replace(self, codes=self._codes_of_keys(keys))

    def _codes_of_keys(self, keys: list[Any]) -> Codes:
        if self.codes.dtype == np.uint8:
            return np.frombuffer(b"".join(keys), dtype=np.uint8)
        text = "".join(keys).encode("utf-32-le", errors="surrogatepass")
        return np.frombuffer(text, dtype="<u4").astype(np.uint32)

    def check_complement(self, name: str = "X") -> None:
        """Raise a ValueError if a character has no complement; the message calls the input `name`."""
        if self.alphabet.complement_codes is not None:
            return
        if isinstance(self.alphabet, Alphabet):
            raise ValueError(f"The {self.alphabet.name} alphabet has no complement; use DNA or RNA.")
        is_foreign = np.array([not is_nucleotide(symbol) for symbol in self.alphabet.symbols])
        places = np.flatnonzero(is_foreign[self.codes])
        # characters without a complement may occur only in other sequences over the same alphabet
        if places.size:
            index, position = self.locate(int(places[0]))
            letter = self.alphabet.symbols[self.codes[places[0]]]
            raise ValueError(
                f"{name}[{index}] has {letter!r} at position {position}, which is not a nucleotide and has "
                "no complement; remove or replace it, or set both_strands=False."
            )

    def locate(self, place: int) -> tuple[int, int]:
        """Return the index of the sequence that contains ``codes[place]``, and the position in it."""
        index = int(np.searchsorted(self.offsets, place, side="right")) - 1
        return index, place - int(self.offsets[index])


def as_sequences(
    X: Any,
    *,
    alphabet: str | Alphabet | TextAlphabet | None,
    topology: Topology = "linear",
    name: str = "X",
    min_length: int = 0,
    remedy: str = "remove the sequence",
) -> Sequences:
    """Return any accepted input as :class:`Sequences`.

    Parameters
    ----------
    X : array-like of str of shape (n_sequences,) or Sequences
        The sequences, in any container that :func:`~skseed._validation.check_sequences` accepts.
        ``Sequences`` are returned unchanged; the other parameters are then ignored.
    alphabet : {"auto", "dna", "rna", "protein"}, Alphabet, TextAlphabet or None
        The alphabet, see `resolve_alphabet`.
    topology : {"linear", "circular"}, default="linear"
        The topology of the molecules.
    name : str, default="X"
        The name of the input in messages.
    min_length : int, default=0
        The shortest length that is accepted, in symbols.
    remedy : str, default="remove the sequence"
        The remedy in the message about a shorter sequence.

    Returns
    -------
    sequences : Sequences
        The encoded sequences.

    Raises
    ------
    TypeError
        If an item is not a ``str``.
    ValueError
        If `X` is empty or a single string, an item is missing or too short, or a letter does not belong to
        the alphabet. The message names the index and the position.
    """
    if isinstance(X, Sequences):
        return X
    strings = check_sequences(X, name=name, min_length=min_length, remedy=remedy)
    return _encode(strings, resolve_alphabet(alphabet, strings), topology, name)


def as_sequences_like(X: Any, others: Sequences, *, both_strands: bool = False, name: str = "X") -> Sequences:
    """Return any accepted input over the alphabet of other sequences, with their topology.

    Characters that a :class:`TextAlphabet` does not contain get its padding code, so they equal no
    character of the other sequences.

    Raises
    ------
    ValueError
        If `X` is ``Sequences`` over another alphabet, or `both_strands` is True and a character has no
        complement.
    """
    alphabet = others.alphabet
    if isinstance(X, Sequences):
        if X.alphabet != alphabet:
            raise ValueError(f"{name} has another alphabet than the fitted sequences; encode it with theirs.")
        return replace(X, topology=others.topology)
    strings = check_sequences(X, name=name)
    if isinstance(alphabet, Alphabet):
        return _encode(strings, alphabet, others.topology, name)
    union = TextAlphabet.of(_characters([strings]) | set(alphabet.symbols), exact=alphabet.exact)
    sequences = _encode(strings, union, others.topology, name)
    if both_strands:
        sequences.check_complement(name)
    if union == alphabet:
        return sequences
    table = np.array([alphabet.code_of(symbol) for symbol in union.symbols], dtype=alphabet.dtype)
    return replace(sequences, codes=table[sequences.codes], alphabet=alphabet)


def as_sequence_pair(
    X: Any,
    Y: Any,
    *,
    alphabet: str | Alphabet | TextAlphabet | None,
    topology: Topology = "linear",
    names: tuple[str, str] = ("X", "Y"),
) -> tuple[Sequences, Sequences]:
    """Return two inputs as :class:`Sequences` over one alphabet; see `as_sequences`.

    Raises
    ------
    ValueError
        If both are ``Sequences`` over different alphabets.
    """
    if isinstance(X, Sequences) and isinstance(Y, Sequences):
        if X.alphabet != Y.alphabet:
            raise ValueError(f"{names[0]} and {names[1]} have different alphabets; encode them with one.")
        return X, Y
    parts = [
        check_sequences(part.to_strings() if isinstance(part, Sequences) else part, name=name)
        for part, name in zip((X, Y), names, strict=True)
    ]
    common = resolve_alphabet(alphabet, *parts)
    left, right = (_encode(part, common, topology, name) for part, name in zip(parts, names, strict=True))
    return left, right


def encoded_chunks(
    strings: npt.NDArray[np.object_], alphabet: Alphabet, *, n_symbols: int = _CHUNK, name: str = "X"
) -> Iterator[Sequences]:
    """Encode sequences in chunks of whole sequences, for work that needs only one chunk at a time.

    Parameters
    ----------
    strings : ndarray of shape (n_sequences,), dtype object
        The result of :func:`~skseed._validation.check_sequences`.
    alphabet : Alphabet
        The alphabet.
    n_symbols : int, default=2**22
        The approximate size of a chunk, in symbols; a longer sequence is a chunk of its own.
    name : str, default="X"
        The name of the input in messages.

    Yields
    ------
    chunk : Sequences
        Consecutive sequences; at least one.

    Raises
    ------
    ValueError
        If a letter does not belong to the alphabet. The message names the index and the position.
    """
    offsets = _offsets_of_strings(strings)
    for start, stop in chunk_bounds(offsets, n_symbols):
        chunk = Sequences(
            np.empty(offsets[stop] - offsets[start], dtype=alphabet.dtype),
            offsets[start : stop + 1] - offsets[start],
            alphabet,
        )
        _encode_chunk(chunk, strings, start, name)
        yield chunk


def check_letters(strings: npt.NDArray[np.object_], alphabet: Alphabet, *, name: str = "X") -> None:
    """Raise a ValueError that names index and position if a letter does not belong to the alphabet."""
    for _ in encoded_chunks(strings, alphabet, name=name):
        pass


def raise_foreign(
    strings: Sequence[str] | npt.NDArray[np.object_], index: int, position: int, alphabet: Alphabet, name: str
) -> NoReturn:
    """Raise the ValueError about a letter of a sequence that does not belong to the alphabet."""
    raise ValueError(f"{name}[{index}] has {alphabet.describe_foreign(strings[index], position)}.")


def resolve_alphabet(
    alphabet: str | Alphabet | TextAlphabet | None, *inputs: npt.NDArray[np.object_]
) -> Alphabet | TextAlphabet:
    """Return the alphabet of some arrays of ``str``.

    ``"auto"`` builds an alphabet of the characters in the arrays. Upper and lower case are equal, and U
    equals T if every letter is an IUPAC nucleotide code. None builds an alphabet in which all characters
    differ. Other values are passed to :func:`~skseed.alphabets.get_alphabet`.
    """
    if isinstance(alphabet, TextAlphabet):
        return alphabet
    if alphabet is not None and alphabet != "auto":
        return get_alphabet(alphabet)
    return TextAlphabet.of(_characters(inputs), exact=alphabet is None)


def _characters(inputs: Iterable[npt.NDArray[np.object_]]) -> set[str]:
    """Return all characters of some arrays of ``str``."""
    characters: set[str] = set()
    known = b""
    for strings in inputs:
        for start in range(0, len(strings), 1024):
            text = "".join(strings[start : start + 1024])
            if text.isascii():
                # deleting known letters takes a tenth of the time of building a set of all letters
                new = bytes(set(text.encode("ascii").translate(None, known)))
                known += new
                characters.update(new.decode("ascii"))
            else:
                characters.update(text)
    return characters


def sequences_of_rows(rows: Sequence[Codes], alphabet: Alphabet) -> Sequences:
    """Return linear sequences, given as arrays of codes."""
    return Sequences(np.empty(0, dtype=alphabet.dtype), np.zeros(1, dtype=np.int64), alphabet).with_rows(rows)


def offsets_of(lengths: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Return the offsets of sequences of given lengths that are laid end to end."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def least_rotation(key: Any) -> Any:
    """Return the rotation of a ``bytes`` or ``str`` that is first in lexicographic order."""
    # each longer prefix leaves fewer candidates; str.find and bytes.find are faster than a loop in Python
    n = len(key)
    if n < 2:
        return key
    doubled = key + key
    period = doubled.find(key, 1)
    if period < n:
        return least_rotation(key[:period]) * (n // period)
    least = min(key)
    prefix = bytes([least]) if isinstance(key, bytes) else least
    # the least rotation starts with the longest run of the least symbol
    while prefix + prefix in doubled:
        prefix += prefix
    while len(prefix) < n:
        starts = _starts(doubled, prefix, n)
        if len(starts) <= _FEW_TIES:
            return min(doubled[start : start + n] for start in starts)
        width = min(2 * len(prefix), n)
        prefix = min(doubled[start : start + width] for start in starts)
    return prefix


def _starts(doubled: Any, prefix: Any, n: int) -> list[int]:
    starts, start = [], doubled.find(prefix)
    while 0 <= start < n:
        starts.append(start)
        start = doubled.find(prefix, start + 1)
    return starts


def _encode(
    strings: npt.NDArray[np.object_], alphabet: Alphabet | TextAlphabet, topology: Topology, name: str
) -> Sequences:
    offsets = _offsets_of_strings(strings)
    codes = np.empty(offsets[-1], dtype=alphabet.dtype)
    sequences = Sequences(codes, offsets, alphabet, topology)
    for start, stop in chunk_bounds(offsets, _CHUNK):
        _encode_chunk(sequences.slice(start, stop), strings, start, name)
    return sequences


def _encode_chunk(chunk: Sequences, strings: npt.NDArray[np.object_], start: int, name: str) -> None:
    """Write the codes of the strings from `start` on into a chunk."""
    codes, alphabet = chunk.codes, chunk.alphabet
    text = "".join(strings[start : start + len(chunk)])
    # slices, because encoding makes temporary copies
    for place in range(0, len(text), _CHUNK):
        codes[place : place + _CHUNK] = alphabet.codes_of(text[place : place + _CHUNK])
    if isinstance(alphabet, Alphabet) and codes.size and codes.max() == FOREIGN:
        index, position = chunk.locate(int(np.argmax(codes == FOREIGN)))
        raise_foreign(strings, start + index, position, alphabet, name)


def _offsets_of_strings(strings: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    return offsets_of(np.fromiter(map(len, strings), dtype=np.int64, count=len(strings)))


def chunk_bounds(offsets: npt.NDArray[np.int64], n_symbols: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of whole sequences of about `n_symbols` symbols each."""
    number = offsets[:-1] // n_symbols
    bounds = [*np.flatnonzero(np.diff(number, prepend=-1)).tolist(), len(offsets) - 1]
    yield from pairwise(bounds)
