"""Alphabets, which map the letters of a sequence to small integer codes and back.

The *code* of a symbol is its position in the alphabet. Two more codes exist. The *wildcard* code is
that of every ambiguity letter (IUPAC ``N``, ``R``, ``Y``, … for nucleotides, ``X``, ``B``, ``Z``, … for
proteins). The *padding* code fills the rows of a matrix of codes. Lower case (soft masking) equals upper
case, and U equals T in the nucleotide alphabets. A gap (``-``, ``.``), a stop (``*``) or any other
character raises an error that names its position.

``PROTEIN_REDUCED`` has one code for each of the groups D/E, I/L/M/V, N/Q, K/R, S/T and F/W/Y. Its k-mers
match in spite of conservative substitutions.

>>> from skseed.alphabets import DNA
>>> DNA.encode("GATTACAN")
array([2, 0, 3, 3, 0, 1, 0, 4], dtype=uint8)
>>> DNA.decode([2, 0, 3, 3, 0, 1, 0, 4])
'GATTACAN'
>>> DNA.reverse_complement("GATTACAN")
'NTGTAATC'
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from reprlib import repr as shorten
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

__all__ = ["DNA", "PROTEIN", "PROTEIN_REDUCED", "RNA", "Alphabet", "get_alphabet"]

FOREIGN = 255


@dataclass(frozen=True)
class Alphabet:
    """The letters of one kind of sequence and their codes.

    Parameters
    ----------
    name : str
        The short name that estimators accept in place of the object, such as ``"dna"``.
    symbols : str
        The unambiguous letters; a symbol's code is its position here.
    wildcard : str
        The letter for "any symbol"; the wildcard code decodes to it.
    ambiguities : str, default=""
        Further letters with the code of the wildcard.
    synonyms : str, default=""
        Pairs of letters; the first letter of a pair has the code of the second. ``"UT"`` makes U equal to T.
    complements : str, default=""
        Pairs of letters that complement each other; empty for an alphabet without complement.

    Examples
    --------
    >>> from skseed.alphabets import Alphabet
    >>> secondary = Alphabet("secondary", symbols="HEC", wildcard="X")
    >>> secondary.encode("CCHHHE")
    array([2, 2, 0, 0, 0, 1], dtype=uint8)
    """

    name: str
    symbols: str
    wildcard: str
    ambiguities: str = ""
    synonyms: str = ""
    complements: str = ""
    _codes: bytes = field(init=False, repr=False, compare=False)
    _letters: bytes = field(init=False, repr=False, compare=False)
    _complement: MappingProxyType[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check_letters()
        letters = self.symbols + self.wildcard
        codes = np.full(256, FOREIGN, dtype=np.uint8)
        for code, letter in enumerate(letters):
            codes[ord(letter)] = code
        for letter in self.ambiguities:
            codes[ord(letter)] = self.wildcard_code
        for letter, target in _pairs(self.synonyms):
            codes[ord(letter)] = codes[ord(target)]
        for upper in range(ord("A"), ord("Z") + 1):
            if codes[upper + 32] == FOREIGN:
                codes[upper + 32] = codes[upper]
        table = {}
        for one, other in _pairs(self.complements):
            for a, b in ((one, other), (one.lower(), other.lower())):
                table[ord(a)] = b
                table.setdefault(ord(b), a)
        object.__setattr__(self, "_codes", codes.tobytes())
        object.__setattr__(self, "_letters", letters.encode("ascii"))
        object.__setattr__(self, "_complement", MappingProxyType(table))

    def _check_letters(self) -> None:
        letters = self.symbols + self.wildcard + self.ambiguities
        if len(set(letters)) != len(letters) or not letters.isascii():
            raise ValueError(
                f"The letters of an alphabet must be distinct ASCII characters; got {shorten(letters)}."
            )
        if not self.symbols or len(self.wildcard) != 1:
            raise ValueError(
                "An alphabet needs symbols and a single letter as wildcard; got "
                f"symbols={shorten(self.symbols)} and wildcard={shorten(self.wildcard)}."
            )
        for name, pairs in (("synonyms", self.synonyms), ("complements", self.complements)):
            if len(pairs) % 2 or not pairs.isascii():
                raise ValueError(
                    f"The {name} of an alphabet must be pairs of ASCII letters; got {shorten(pairs)}."
                )
        if not set(self.synonyms[1::2]) <= set(letters):
            raise ValueError(
                f"The second letter of each pair of synonyms must be one of the alphabet's {letters!r}; "
                f"got {shorten(self.synonyms)}."
            )
        if not set(self.complements) <= set(letters + self.synonyms[::2]):
            raise ValueError(
                f"The complements of an alphabet must be among its letters {letters + self.synonyms[::2]!r}; "
                f"got {shorten(self.complements)}."
            )
        if self.complements and not set(self.symbols) <= set(self.complements):
            raise ValueError(
                f"Either all or none of the symbols {self.symbols!r} of an alphabet must have complements; "
                f"got {self.complements!r}."
            )

    def __reduce__(self) -> tuple[type, tuple[str, ...]]:
        return (
            Alphabet,
            (self.name, self.symbols, self.wildcard, self.ambiguities, self.synonyms, self.complements),
        )

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def wildcard_code(self) -> int:
        """The code of every ambiguity letter: the number of symbols."""
        return len(self.symbols)

    @property
    def padding_code(self) -> int:
        """The code that fills a row: the number of symbols plus one."""
        return len(self.symbols) + 1

    @property
    def dtype(self) -> type[np.uint8]:
        """The type of an array of codes."""
        return np.uint8

    @property
    def complement_codes(self) -> npt.NDArray[np.uint8] | None:
        """The code of the complement of each code, including padding; None without complements."""
        if not self.complements:
            return None
        codes = np.arange(self.padding_code + 1, dtype=np.uint8)
        for code, symbol in enumerate(self.symbols):
            codes[code] = self._codes[ord(self._complement[ord(symbol)])]
        return codes

    def encode(self, sequence: str) -> npt.NDArray[np.uint8]:
        """Return the codes of a sequence.

        Parameters
        ----------
        sequence : str
            The sequence, in upper or lower case.

        Returns
        -------
        codes : ndarray of shape (len(sequence),), dtype uint8
            The position of each letter in `symbols`, or `wildcard_code`.

        Raises
        ------
        ValueError
            If a letter does not belong to the alphabet; the message names it and its position.
        """
        codes = self.codes_of(sequence)
        if codes.size and codes.max() == FOREIGN:
            position = int(np.argmax(codes == FOREIGN))
            raise ValueError(f"The sequence has {self.describe_foreign(sequence, position)}.")
        return codes

    def codes_of(self, text: str) -> npt.NDArray[np.uint8]:
        """Return the codes of a text, 255 for a character that does not belong to the alphabet.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        codes : ndarray of shape (len(text),), dtype uint8
            The codes; `encode` raises an error instead of returning 255.
        """
        if text.isascii():
            return np.frombuffer(text.encode("ascii").translate(self._codes), dtype=np.uint8)
        points = np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
        return np.frombuffer(self._codes, dtype=np.uint8)[np.minimum(points, FOREIGN)]

    def describe_foreign(self, sequence: str, position: int) -> str:
        """Return the part of an error message that describes a letter outside the alphabet.

        Parameters
        ----------
        sequence : str
            The sequence that holds the letter.
        position : int
            The position of the letter, from 0.

        Returns
        -------
        description : str
            The letter, its position, the letters that are allowed, and a remedy.
        """
        letter = sequence[position]
        remedy = "remove or replace it"
        if letter in "-.~":
            remedy = "remove the gaps"
        elif self.complements and PROTEIN.codes_of(sequence).max() != FOREIGN:
            remedy = 'pass alphabet="protein" if the sequences are proteins, or remove or replace the letter'
        return (
            f"{letter!r} at position {position}, which is not a letter of the {self.name} alphabet "
            f"({self.symbols}, ambiguous {self.wildcard + self.ambiguities}); {remedy}"
        )

    def is_valid(self, X: Iterable[object], *, min_length: int = 1) -> npt.NDArray[np.bool_]:
        """Return a mask of the items that are sequences over this alphabet.

        Estimators raise an error for a whole batch when one sequence is missing, too short or has a foreign
        letter, because they return one row for each sequence. Use this mask to drop such rows from `X` and
        from `y` before the call.

        Parameters
        ----------
        X : iterable of length n_sequences
            Sequences, or anything else, such as None for a missing sequence.
        min_length : int, default=1
            The shortest length that is valid, in symbols.

        Returns
        -------
        valid : ndarray of shape (n_sequences,), dtype bool
            True where the item is a ``str`` of at least `min_length` letters that all belong to the alphabet.

        Examples
        --------
        >>> import numpy as np
        >>> from skseed.alphabets import DNA
        >>> reads = np.array(["GATTACA", "GATT1CA", None, "", "gattaca"], dtype=object)
        >>> DNA.is_valid(reads)
        array([ True, False, False, False,  True])
        >>> reads[DNA.is_valid(reads)]
        array(['GATTACA', 'gattaca'], dtype=object)
        """
        return np.array(
            [
                isinstance(item, str)
                and len(item) >= min_length
                and int(self.codes_of(item).max(initial=0)) != FOREIGN
                for item in X
            ],
            dtype=bool,
        )

    def decode(self, codes: Iterable[int] | npt.NDArray[np.integer]) -> str:
        """Return the sequence that codes represent, up to the first padding code.

        Parameters
        ----------
        codes : array-like of int of shape (length,)
            Codes, as `encode` returns them.

        Returns
        -------
        sequence : str
            The sequence, in upper case, with `wildcard` for every ambiguity letter.

        Raises
        ------
        ValueError
            If a number is not a code of this alphabet (the message names its position), or `codes` does not
            have one dimension.
        """
        numbers = np.asarray(codes if isinstance(codes, np.ndarray) else list(codes))
        if numbers.ndim != 1:
            raise ValueError(
                f"codes has shape {numbers.shape}, but one sequence has one dimension; decode each row."
            )
        # the conversion below would drop fractions, and negative numbers would index from the end
        wrong = ~((numbers >= 0) & (numbers <= self.padding_code) & (numbers == np.floor(numbers)))
        if wrong.any():
            position = int(np.argmax(wrong))
            raise ValueError(
                f"{numbers[position]} at position {position} is not a code of the {self.name} alphabet "
                f"(0 to {self.padding_code}); pass codes as encode returns them."
            )
        known = numbers.astype(np.uint8)
        padding = np.flatnonzero(known == self.padding_code)
        end = padding[0] if padding.size else known.size
        return np.frombuffer(self._letters, dtype=np.uint8)[known[:end]].tobytes().decode("ascii")

    def complement(self, sequence: str) -> str:
        """Return the sequence with every letter, including ambiguity letters, replaced by its complement.

        Parameters
        ----------
        sequence : str
            The sequence; its case is kept.

        Returns
        -------
        complement : str
            The complementary letters in the same order.

        Raises
        ------
        ValueError
            If the alphabet has no complement, like the protein alphabet, or a letter does not belong to
            the alphabet; the message names the letter and its position.
        """
        if not self.complements:
            raise ValueError(f"The {self.name} alphabet has no complement; use DNA or RNA.")
        self.encode(sequence)
        return sequence.translate(self._complement)

    def reverse_complement(self, sequence: str) -> str:
        """Return the other strand, in its own reading direction.

        Parameters
        ----------
        sequence : str
            The sequence; its case is kept.

        Returns
        -------
        reverse_complement : str
            The complement, reversed.

        Raises
        ------
        ValueError
            For the same reasons as `complement`.
        """
        return self.complement(sequence)[::-1]


def _pairs(letters: str) -> list[tuple[str, str]]:
    return list(zip(letters[::2], letters[1::2], strict=True))


_IUPAC_COMPLEMENTS = "CGRYKMBVDHSSWWNN"

DNA = Alphabet(
    "dna",
    symbols="ACGT",
    wildcard="N",
    ambiguities="RYSWKMBDHV",
    synonyms="UT",
    complements="AT" + _IUPAC_COMPLEMENTS + "UA",
)
RNA = Alphabet(
    "rna",
    symbols="ACGU",
    wildcard="N",
    ambiguities="RYSWKMBDHV",
    synonyms="TU",
    complements="AU" + _IUPAC_COMPLEMENTS + "TA",
)
PROTEIN = Alphabet("protein", symbols="ACDEFGHIKLMNPQRSTVWY", wildcard="X", ambiguities="BJZUO")
# residues that replace each other often have one code: D/E, I/L/M/V, N/Q, K/R, S/T, F/W/Y; J is I or L
PROTEIN_REDUCED = Alphabet(
    "protein-reduced",
    symbols="ACDFGHIKNPS",
    wildcard="X",
    ambiguities="BZUO",
    synonyms="EDLIMIVIJIQNRKTSWFYF",
)

_BY_NAME = {alphabet.name: alphabet for alphabet in (DNA, RNA, PROTEIN, PROTEIN_REDUCED)}


def get_alphabet(alphabet: str | Alphabet) -> Alphabet:
    """Return an alphabet given by name, or unchanged.

    Parameters
    ----------
    alphabet : {"dna", "rna", "protein", "protein-reduced"} or Alphabet
        The name, or the object itself.

    Returns
    -------
    alphabet : Alphabet
        The object.

    Raises
    ------
    ValueError
        If there is no alphabet of that name.

    Examples
    --------
    >>> from skseed.alphabets import get_alphabet
    >>> get_alphabet("rna").symbols
    'ACGU'
    """
    if isinstance(alphabet, Alphabet):
        return alphabet
    if not isinstance(alphabet, str) or alphabet not in _BY_NAME:
        raise ValueError(
            f"There is no alphabet {shorten(alphabet)}; choose from {sorted(_BY_NAME)} or pass an Alphabet."
        )
    return _BY_NAME[alphabet]
