"""Read FASTA files strictly."""

import os
import re
import string

from sklearn.utils import Bunch

from skseed._files import decode, describe_byte, fail, quote, read_bytes, recognize_format
from skseed._sklearn import StrOptions, validate_params
from skseed.alphabets import Alphabet, get_alphabet

_SEQUENCE_BYTES = string.ascii_letters.encode("ascii") + b"-.*~"
# NCBI joins the descriptions of identical sequences by byte 0x01
_CONTROL = re.compile(rb"[\x00\x02-\x08\x0a-\x1f\x7f]")
_SEPARATORS = re.compile(rb"[ \t\x01]+")


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
    """Read all records of a FASTA file; raise an error if any record is invalid.

    The letters are returned unchanged: lower case (soft masking), ambiguity codes, gaps (``-``, ``.``,
    ``~``) and stops (``*``) are kept. Blank lines and blanks at the end of a line are ignored. The whole
    file is held in memory, so use another reader for a collection of sequencing runs.

    Parameters
    ----------
    path : str or path-like
        A local file in UTF-8, with or without a byte order mark, with LF, CRLF or CR line ends. It may be
        compressed by gzip, bzip2, xz or zstd; the content determines the compression, not the name.
        Before Python 3.14, zstd needs the package zstandard.
    alphabet : {"dna", "rna", "protein"}, Alphabet or None, default=None
        If given, a character outside of this alphabet, such as a gap, raises an error. The letters are
        still returned unchanged.
    on_empty : {"raise", "skip"}, default="raise"
        What to do with a record that has a header but no sequence.
    on_duplicate : {"raise", "keep"}, default="raise"
        What to do with a record whose id was used before; ``"keep"`` returns both.

    Returns
    -------
    records : Bunch
        With the attributes

        data : list of str
            The sequences.
        ids : list of str
            The first word of each header.
        descriptions : list of str
            The rest of each header, without surrounding blanks. Byte 0x01, which separates several
            descriptions in NCBI files, is kept.

    Raises
    ------
    ValueError
        If `path` is a URL, or the file has no record, is damaged, or is not FASTA. The message names the
        path, the line and column, and the byte or id.
    FileNotFoundError
        If the file does not exist.
    ImportError
        If the file is compressed by zstd and the package zstandard is not installed.

    See Also
    --------
    read_genbank : Read a GenBank file, which also states whether a molecule is circular.
    read_tree : Read the tree of the sequences.

    Notes
    -----
    Time and memory are linear in the size of the file. Columns in messages count characters from 1.

    ``pandas.Series(records.data, index=records.ids)`` is the form that
    :class:`~skseed.model_selection.PhylogeneticGroupSplit` needs to find each sequence in a tree.

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
    text = read_bytes(path)
    position = _first_record(text, path)
    line = 1 + text.count(b"\n", 0, position)
    records = Bunch(data=[], ids=[], descriptions=[])
    line_of_id: dict[str, int] = {}
    while position < len(text):
        end_of_header = _find(text, b"\n", position)
        end = _find(text, b"\n>", end_of_header)
        name, description = _parse_header(text[position + 1 : end_of_header], path, line)
        sequence = _parse_body(text[end_of_header + 1 : end], path, line + 1, name, letters)
        if not sequence and on_empty == "raise":
            fail(path, line, f"the record {quote(name)} has no sequence; remove it, or pass on_empty='skip'.")
        if sequence:
            if on_duplicate == "raise" and name in line_of_id:
                fail(
                    path,
                    line,
                    f"the id {quote(name)} was already used in line {line_of_id[name]}; rename one of the "
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


def _find(text: bytes, pattern: bytes, start: int) -> int:
    """Return the position of a pattern, or the end of the text."""
    position = text.find(pattern, start)
    return len(text) if position < 0 else position


def _first_record(text: bytes, path: str | os.PathLike[str]) -> int:
    """Return the position of the first header."""
    match = re.search(rb"[^ \t\n]", text)
    if match is None:
        raise ValueError(f"There are no records in {path}: the file is empty.")
    start = text.rfind(b"\n", 0, match.start()) + 1
    if text[start : start + 1] != b">":
        kind = recognize_format(text)
        advice = "is this a FASTA file?"
        if kind == "a GenBank file":
            advice = f"this looks like {kind}, so use read_genbank."
        elif kind is not None and kind != "a FASTA file":
            advice = f"this looks like {kind}, so convert it to FASTA."
        elif text[match.start() : match.start() + 1] == b">":
            advice = "remove the blanks before '>'."
        fail(
            path,
            1 + text.count(b"\n", 0, start),
            f"it starts with {describe_byte(text[start])}, but a FASTA record starts with '>'; {advice}",
        )
    return start


def _parse_header(header: bytes, path: str | os.PathLike[str], line: int) -> tuple[str, str]:
    """Return the id and the description of a record, given its header without ``>``."""
    control = _CONTROL.search(header)
    if control:
        column = 2 + len(header[: control.start()].decode("utf-8", errors="replace"))
        byte = describe_byte(control.group()[0])
        fail(path, line, f"{byte} does not belong in a header; remove it.", column=column)
    decode(header, path, line=line, column=2)
    words = _SEPARATORS.split(header.strip(b" \t\x01"), maxsplit=1)
    if not words[0]:
        fail(path, line, "the header has no id; write one after the '>'.")
    # the words are split as bytes because str.split would also split an id at a no-break space
    name, *rest = [word.decode("utf-8") for word in words]
    return name, rest[0].rstrip(" \t") if rest else ""


def _parse_body(
    body: bytes, path: str | os.PathLike[str], first_line: int, name: str, alphabet: Alphabet | None
) -> str:
    """Return the sequence in the lines of a record."""
    sequence = body.translate(None, b"\n")
    if sequence.translate(None, _SEQUENCE_BYTES):
        sequence = b"".join(line.rstrip(b" \t") for line in body.split(b"\n"))
        foreign = sequence.translate(None, _SEQUENCE_BYTES)
        if foreign:
            line, column, rest = _locate(body, sequence.index(foreign[:1]))
            fail(path, first_line + line, _advise(foreign[0], column, rest), column=column + 1)
    letters = sequence.decode("ascii")
    del sequence  # it may be as long as the file
    if alphabet is not None:
        # each distinct letter is checked once, so an invalid sequence takes no longer than a valid one
        foreign_letters = [letter for letter in set(letters) if not _belongs(letter, alphabet)]
        if foreign_letters:
            index = min(map(letters.index, foreign_letters))
            line, column, _ = _locate(body, index)
            letter = letters[index]
            advice = "remove the gaps" if letter in "-.~" else "remove or replace it"
            fail(
                path,
                first_line + line,
                f"{letter!r} in the record {quote(name)} is not a letter of the {alphabet.name} alphabet; "
                f"{advice}.",
                column=column + 1,
            )
    return letters


def _belongs(letter: str, alphabet: Alphabet) -> bool:
    try:
        alphabet.encode(letter)
    except ValueError:
        return False
    return True


def _advise(byte: int, column: int, rest: bytes) -> str:
    """Describe the error and the remedy for an invalid byte; `rest` is its line from the byte on."""
    if rest.lstrip(b" \t").startswith(b">"):
        if column == 0:
            return "there are blanks before '>'; remove the blanks, because a header starts with '>'."
        return "'>' is inside a sequence line; insert a line break before '>' if a record starts here."
    return (
        f"{describe_byte(byte)} does not belong in a sequence; only letters and '-', '.', '*', '~' do, so "
        "remove it."
    )


def _locate(body: bytes, index: int) -> tuple[int, int, bytes]:
    """Return the line and column, from 0, of a letter of the sequence, and the rest of its line."""
    for number, text in enumerate(body.split(b"\n")):
        n_letters = len(text.rstrip(b" \t"))
        if index < n_letters:
            return number, index, text[index:]
        index -= n_letters
    raise AssertionError("the letter is in the body")
