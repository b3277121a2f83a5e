"""Sequence files, read strictly: what is not clearly a sequence is an error that says where it stands.

The usual readers disagree about damaged files: some cut a sequence at a stray byte, some keep the
blanks and digits inside it, some return the part of a broken archive that could still be read. Here
a file is read as a whole or not at all, and every error names the path and the line.

>>> import tempfile
>>> from pathlib import Path
>>> from skseed.io import read_fasta
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder, "genes.fasta")
...     _ = path.write_text(">rbcL-1 fern\\nATGTCAcca\\nCAAACA\\n>rbcL-2\\nATGTCACC1CAA\\n")
...     try:
...         read_fasta(path)
...     except ValueError as error:
...         print(str(error).replace(folder, ""))
/genes.fasta, line 5, column 9: '1' (byte 0x31) does not belong in a sequence; only letters and '-', '.',
'*', '~' do, so remove it.
"""

import codecs
import gzip
import io
import lzma
import os
import re
import string
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NoReturn

from sklearn.utils import Bunch

from skseed._sklearn import StrOptions, validate_params
from skseed.alphabets import Alphabet, get_alphabet

__all__ = ["read_fasta", "read_genbank"]

_SEQUENCE_BYTES = string.ascii_letters.encode("ascii") + b"-.*~"
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_TRAILING_BLANKS = re.compile(rb"[ \t]+(?=\n|\Z)")


@validate_params(
    {
        "path": [str, os.PathLike],
        "alphabet": [str, Alphabet, None],
        "on_empty": [StrOptions({"raise", "skip"})],
        "on_duplicate": [StrOptions({"raise", "keep"})],
    },
    prefer_skip_nested_validation=True,
)
def read_fasta(
    path: str | os.PathLike[str],
    *,
    alphabet: str | Alphabet | None = None,
    on_empty: str = "raise",
    on_duplicate: str = "raise",
) -> Bunch:
    """Read all records of a FASTA file, or none.

    The letters are returned as they stand in the file: lower case (soft masking), ambiguity codes,
    gaps (``-``, ``.``, ``~``) and stops (``*``) are kept. Blank lines, and blanks at the end of a
    line, are ignored. The whole file is held in memory, so this is no reader for a collection of
    sequencing runs.

    Parameters
    ----------
    path : str or path-like
        The file: plain text (UTF-8, with or without a byte order mark; LF, CRLF or CR line ends), or
        the same compressed by gzip or xz, which is recognised by its content.
    alphabet : {"dna", "rna", "protein"}, Alphabet or None, default=None
        If given, every letter must belong to it, gaps excluded; the letters themselves are still
        returned unchanged.
    on_empty : {"raise", "skip"}, default="raise"
        What to do with a record that has a header and no sequence.
    on_duplicate : {"raise", "keep"}, default="raise"
        What to do with a record whose id was seen before; ``"keep"`` returns both.

    Returns
    -------
    records : Bunch
        With the attributes

        data : list of str
            The sequences.
        ids : list of str
            The first word of each header.
        descriptions : list of str
            The rest of each header, without surrounding blanks.

    Raises
    ------
    ValueError
        If the file has no record, is damaged, or holds anything but FASTA; the message names the
        path, the line, and the offending byte or id.
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    read_genbank : Read a GenBank file, which also knows whether a molecule is circular.

    Notes
    -----
    The splitters that hold out clades take sequences indexed by their names:
    ``pandas.Series(records.data, index=records.ids)``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skseed.io import read_fasta
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "genes.fasta")
    ...     _ = path.write_text(">rbcL-1 Adiantum, a fern\\nATGTCAcca\\nCAAACA\\n>rbcL-2\\nATGTCACCNCAA\\n")
    ...     records = read_fasta(path, alphabet="dna")
    >>> records.data
    ['ATGTCAccaCAAACA', 'ATGTCACCNCAA']
    >>> records.ids, records.descriptions
    (['rbcL-1', 'rbcL-2'], ['Adiantum, a fern', ''])
    """
    letters = None if alphabet is None else get_alphabet(alphabet)
    text = _with_unix_line_ends(_read_bytes(path))
    position = _first_record(text, path)
    line = 1 + text.count(b"\n", 0, position)
    records = Bunch(data=[], ids=[], descriptions=[])
    line_of_id: dict[str, int] = {}
    while position < len(text):
        end_of_header = _find(text, b"\n", position)
        end = _find(text, b"\n>", end_of_header)
        name, description = _parse_header(text[position + 1 : end_of_header], path, line)
        sequence = _parse_body(text, end_of_header + 1, end, path, line + 1, letters, name)
        if sequence or on_empty == "raise":
            if not sequence:
                _fail(path, line, f"the record {name!r} has no sequence; remove it, or pass on_empty='skip'.")
            if on_duplicate == "raise" and name in line_of_id:
                _fail(
                    path,
                    line,
                    f"the id {name!r} was already used in line {line_of_id[name]}; rename one of the "
                    "records, or pass on_duplicate='keep'.",
                )
            line_of_id[name] = line
            records.data.append(sequence)
            records.ids.append(name)
            records.descriptions.append(description)
        line += text.count(b"\n", position, end + 1)
        position = end + 1
    if not records.data:
        raise ValueError(f"There are no records with a sequence in {path}.")
    return records


@validate_params({"path": [str, os.PathLike]}, prefer_skip_nested_validation=True)
def read_genbank(path: str | os.PathLike[str]) -> Bunch:
    """Read the sequences of a GenBank file, with the topology that FASTA cannot tell.

    Needs Biopython: ``pip install skseed[bio]``. Features and annotations are not returned; take
    ``Bio.SeqIO`` for those.

    Parameters
    ----------
    path : str or path-like
        The file, plain or compressed by gzip or xz.

    Returns
    -------
    records : Bunch
        With the attributes

        data : list of str
            The sequences, in upper case.
        ids : list of str
            The accession, with its version where it has one.
        descriptions : list of str
            The DEFINITION of each record.
        topology : list of {"circular", "linear", None}
            The shape of each molecule, None where the file does not state it.

    Raises
    ------
    ImportError
        If Biopython is not installed.
    ValueError
        If the file has no record, is damaged, or has a record without a sequence or with an id that
        was seen before.

    See Also
    --------
    read_fasta : Read a FASTA file.

    Examples
    --------
    >>> from skseed.io import read_genbank
    >>> records = read_genbank("pUC19.gb")  # doctest: +SKIP
    >>> records.topology  # doctest: +SKIP
    ['circular']
    """
    try:
        from Bio import SeqIO
        from Bio.Seq import UndefinedSequenceError
    except ImportError as error:
        raise ImportError(
            "read_genbank needs Biopython; install it with 'pip install skseed[bio]'."
        ) from error
    text = _decode(_with_unix_line_ends(_read_bytes(path)), path, 1)
    starts = [match.start() for match in re.finditer("^LOCUS ", text, flags=re.MULTILINE)]
    if not starts:
        raise ValueError(f"There are no records in {path}: no line starts with LOCUS.")
    records = Bunch(data=[], ids=[], descriptions=[], topology=[])
    for start, end in pairwise([*starts, len(text)]):
        line = 1 + text.count("\n", 0, start)
        if not re.search("^//", text[start:end], flags=re.MULTILINE):
            _fail(path, line, "the record that starts here is cut short: it has no line '//'.")
        try:
            record = SeqIO.read(io.StringIO(text[start:end]), "genbank")
            sequence = str(record.seq)
        except UndefinedSequenceError:
            sequence = ""
        except (ValueError, AssertionError) as error:
            raise ValueError(f"{path}, in the record of line {line}: {error}") from error
        if not sequence:
            _fail(path, line, f"the record {record.id!r} has no sequence; fetch it with its sequence.")
        if record.id in records.ids:
            _fail(path, line, f"the id {record.id!r} was already used; rename one of the records.")
        records.data.append(sequence)
        records.ids.append(record.id)
        records.descriptions.append(record.description)
        records.topology.append(record.annotations.get("topology"))
    return records


def _fail(path: str | os.PathLike[str], line: int, sentence: str) -> NoReturn:
    raise ValueError(f"{path}, line {line}: {sentence}")


def _read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file, decompressed."""
    content = Path(path).read_bytes()
    opener: Callable[[IO[bytes]], Any]
    if content.startswith(b"\x1f\x8b"):
        opener = gzip.open
    elif content.startswith(b"\xfd7zXZ\x00"):
        opener = lzma.open
    else:
        return content
    parts: list[bytes] = []
    try:
        with opener(io.BytesIO(content)) as stream:
            while part := stream.read1(1 << 20):
                parts.append(part)
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        line = 1 + sum(part.count(b"\n") for part in parts)
        raise ValueError(
            f"{path}: the compressed file is damaged or cut short at or after line {line} ({error}); "
            "fetch it again."
        ) from error
    return b"".join(parts)


def _with_unix_line_ends(content: bytes) -> bytes:
    content = content.removeprefix(codecs.BOM_UTF8)
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content


def _find(text: bytes, pattern: bytes, start: int) -> int:
    """Return where a pattern occurs, or the end of the text."""
    position = text.find(pattern, start)
    return len(text) if position < 0 else position


def _first_record(text: bytes, path: str | os.PathLike[str]) -> int:
    match = re.search(rb"[^ \t\n]", text)
    if match is None:
        raise ValueError(f"There are no records in {path}: the file is empty.")
    start = _start_of_line(text, match.start())
    if text[start : start + 1] != b">":
        line = 1 + text.count(b"\n", 0, start)
        first = _describe(text[start])
        _fail(
            path, line, f"it starts with {first} where a FASTA record starts with '>'; is this a FASTA file?"
        )
    return match.start()


def _start_of_line(text: bytes, position: int) -> int:
    return text.rfind(b"\n", 0, position) + 1


def _describe(byte: int) -> str:
    return f"{chr(byte)!r} (byte 0x{byte:02x})" if 0x20 <= byte < 0x7F else f"byte 0x{byte:02x}"


def _decode(words: bytes, path: str | os.PathLike[str], line: int) -> str:
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError as error:
        line += words.count(b"\n", 0, error.start)
        column = error.start - _start_of_line(words, error.start) + 1
        _fail(
            path, line, f"{_describe(words[error.start])} in column {column} is not UTF-8; convert the file."
        )


def _parse_header(header: bytes, path: str | os.PathLike[str], line: int) -> tuple[str, str]:
    """Return the id and the description of a record."""
    control = _CONTROL.search(header)
    if control:
        byte = _describe(control.group()[0])
        _fail(path, line, f"{byte} in column {control.start() + 2} does not belong in a header; remove it.")
    words = header.split(None, 1)
    if not words:
        _fail(path, line, "the header has no id; write one after the '>'.")
    # split by ASCII blanks before decoding: str.split would also split an id at other blanks
    name, *rest = [_decode(word, path, line) for word in words]
    return name, rest[0].rstrip(" \t") if rest else ""


def _parse_body(
    text: bytes,
    start: int,
    end: int,
    path: str | os.PathLike[str],
    line: int,
    alphabet: Alphabet | None,
    name: str,
) -> str:
    """Return the sequence that the lines of ``text[start:end]`` hold; `line` is the first of them."""
    # no copy of the lines is kept: the sequence may be as long as the file
    sequence = text[start:end].translate(None, b"\n")
    if sequence.translate(None, _SEQUENCE_BYTES):
        sequence = _TRAILING_BLANKS.sub(b"", text[start:end]).translate(None, b"\n")
        foreign = sequence.translate(None, _SEQUENCE_BYTES)
        if foreign:
            line, column = _locate(text[start:end], sequence.index(foreign[:1]), line)
            raise ValueError(
                f"{path}, line {line}, column {column}: {_describe(foreign[0])} does not belong in a "
                "sequence; only letters and '-', '.', '*', '~' do, so remove it."
            )
    letters = sequence.decode("ascii")
    del sequence
    if alphabet is not None:
        try:
            alphabet.encode(letters)
        except ValueError as error:
            index = next(i for i, letter in enumerate(letters) if not _belongs(letter, alphabet))
            line, column = _locate(text[start:end], index, line)
            raise ValueError(f"{path}, line {line}, column {column}: in {name!r}, {error}") from None
    return letters


def _belongs(letter: str, alphabet: Alphabet) -> bool:
    try:
        alphabet.encode(letter)
    except ValueError:
        return False
    return True


def _locate(body: bytes, index: int, line: int) -> tuple[int, int]:
    """Return the line and column, from 1, of the letter at `index` of the sequence."""
    for number, text in enumerate(body.split(b"\n"), start=line):
        letters = len(text.rstrip(b" \t"))
        if index < letters:
            return number, index + 1
        index -= letters
    raise AssertionError("the letter lies in the body")
