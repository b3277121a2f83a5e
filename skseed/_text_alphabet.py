"""Alphabets built from the characters of a data set, for distances between arbitrary texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from skseed.alphabets import DNA

NUCLEOTIDE_LETTERS = frozenset(DNA.symbols + DNA.wildcard + DNA.ambiguities + "U")

# a byte has 256 values, and the padding needs one of them
_MOST_OF_A_BYTE = 255


@dataclass(frozen=True)
class TextAlphabet:
    """An alphabet in which every different character has a code of its own.

    Parameters
    ----------
    symbols : str
        The characters; the code of a character is its position.
    exact : bool
        If True, upper and lower case differ, and U differs from T.
    """

    symbols: str
    exact: bool

    @classmethod
    def of(cls, characters: Iterable[str], *, exact: bool) -> "TextAlphabet":
        """Return the alphabet of some characters.

        Unless `exact` is True, upper and lower case have the same code, and so do U and T if all letters are
        IUPAC nucleotide codes. If all characters are nucleotides, their complements are added.
        """
        found = set(characters)
        if not exact:
            found = {_upper(character) for character in found}
            if _are_nucleotides(found):
                found = {"T" if character == "U" else character for character in found}
        if all(map(is_nucleotide, found)):
            table = _complements(found)
            found |= {table[character] for character in found}
        return cls("".join(sorted(found)), exact)

    @property
    def name(self) -> str:
        """The name of the alphabet in messages."""
        return "text"

    @property
    def padding_code(self) -> int:
        """The code that fills a row: the number of symbols."""
        return len(self.symbols)

    @property
    def dtype(self) -> type[np.unsignedinteger]:
        """The type of an array of codes: uint8 for at most 255 characters, else uint32."""
        return np.uint8 if len(self.symbols) <= _MOST_OF_A_BYTE else np.uint32

    def __len__(self) -> int:
        return len(self.symbols)

    @cached_property
    def complement_codes(self) -> npt.NDArray[np.unsignedinteger] | None:
        """The code of the complement of each code; None if a character is not a nucleotide."""
        if not all(map(is_nucleotide, self.symbols)):
            return None
        table = _complements(set(self.symbols))
        codes = [self.symbols.index(table[symbol]) for symbol in self.symbols]
        return np.array([*codes, self.padding_code], dtype=self.dtype)

    def codes_of(self, text: str) -> npt.NDArray[np.unsignedinteger]:
        """Return the codes of a text whose characters all belong to the alphabet."""
        if text.isascii() and self.dtype is np.uint8:
            return np.frombuffer(text.encode("ascii").translate(self._ascii_codes), dtype=np.uint8)
        points = _code_points(text)
        if not self.exact:
            lower = (points >= ord("a")) & (points <= ord("z"))
            points = np.where(lower, points - 32, points)
            if self._u_is_t:
                points = np.where(points == ord("U"), ord("T"), points)
        return np.searchsorted(self._points, points).astype(self.dtype)

    def code_of(self, symbol: str) -> int:
        """Return the code of one symbol, or the padding code if the alphabet does not contain it."""
        symbol = "T" if self._u_is_t and symbol == "U" else symbol
        code = self.symbols.find(symbol)
        return code if code >= 0 else self.padding_code

    def decode(self, codes: npt.NDArray[np.unsignedinteger]) -> str:
        """Return the text of some codes."""
        return self._points[codes].tobytes().decode("utf-32-le", errors="surrogatepass")

    @cached_property
    def _points(self) -> npt.NDArray[np.uint32]:
        return _code_points(self.symbols)

    @cached_property
    def _u_is_t(self) -> bool:
        return not self.exact and _are_nucleotides(set(self.symbols))

    @cached_property
    def _ascii_codes(self) -> bytes:
        codes = np.zeros(256, dtype=np.uint8)
        for code, symbol in enumerate(self.symbols):
            if symbol.isascii():
                codes[ord(symbol)] = code
                if not self.exact and "A" <= symbol <= "Z":
                    codes[ord(symbol) + 32] = code
        if self._u_is_t and "T" in self.symbols:
            codes[[ord("U"), ord("u")]] = codes[ord("T")]
        return codes.tobytes()


def is_nucleotide(character: str) -> bool:
    """Return whether a character is an IUPAC nucleotide code, in upper or lower case."""
    # upper() converts the long s, U+017F, to S
    return character.isascii() and character.upper() in NUCLEOTIDE_LETTERS


def _upper(character: str) -> str:
    return character.upper() if "a" <= character <= "z" else character


def _are_nucleotides(characters: set[str]) -> bool:
    return all(character in NUCLEOTIDE_LETTERS for character in characters if character.isalpha())


def _complements(characters: set[str]) -> dict[str, str]:
    """Return the complement of each nucleotide, in its case; U complements A if there is a U but no T."""
    table = {letter: DNA.complement(letter) for letter in NUCLEOTIDE_LETTERS}
    table |= {letter.lower(): complement.lower() for letter, complement in table.items()}
    for a, t, u in (("A", "T", "U"), ("a", "t", "u")):
        if u in characters and t not in characters:
            table[a] = u
    return table


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4").astype(np.uint32)
