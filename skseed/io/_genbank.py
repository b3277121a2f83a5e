"""Read GenBank files strictly."""

import os
import re
from dataclasses import dataclass
from typing import NoReturn

from sklearn.utils import Bunch

from skseed._files import fail, quote, read_text, recognize_format
from skseed._sklearn import validate_params

_TOPOLOGY = re.compile(r"\b(circular|linear)\b", re.IGNORECASE)
_READ_KEYWORDS = ("ACCESSION", "DEFINITION", "VERSION")
_NUCLEOTIDES = "ACGTURYSWKMBDHVNacgturyswkmbdhvn"


@dataclass
class _Locus:
    """The fields of a LOCUS line."""

    name: str
    length: str
    unit: str
    topology: str | None


@validate_params({"path": [str, os.PathLike]}, prefer_skip_nested_validation=True)
def read_genbank(path: str | os.PathLike[str]) -> Bunch:
    """Read the sequences of a GenBank file, with the topology that FASTA cannot state.

    Features and annotations are not returned; use ``Bio.SeqIO`` for those. Every record is checked: the
    numbers of the ORIGIN lines, the letters, the stated length and the end mark ``//``.

    Parameters
    ----------
    path : str or path-like
        A local file in UTF-8. It may be compressed by gzip, bzip2, xz or zstd; the content determines
        the compression, not the name. Before Python 3.14, zstd needs the package zstandard.

    Returns
    -------
    records : Bunch
        With the attributes

        data : list of str
            The sequences, in upper case.
        ids : list of str
            The accession with its version, or the accession, or the name in the LOCUS line. A
            placeholder such as ``.`` or ``<unknown id>`` counts as absent.
        descriptions : list of str
            The DEFINITION of each record, without its final period; empty if there is none.
        topology : list of {"circular", "linear", None}
            The topology of each molecule, None if the LOCUS line does not state it. The word may be in
            upper or lower case and at any column.

    Raises
    ------
    ValueError
        If `path` is a URL, or the file has no record, is damaged or cut short, or has a record without a
        sequence or with an id that was used before. The message names the path and the line.
    FileNotFoundError
        If the file does not exist.
    ImportError
        If the file is compressed by zstd and the package zstandard is not installed.

    See Also
    --------
    read_fasta : Read a FASTA file.

    References
    ----------
    .. [1] Sayers, E. W. et al. (2024). "GenBank 2024 update." Nucleic Acids Research 52, D134.
       :doi:`10.1093/nar/gkad903`

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skseed.io import read_genbank
    >>> lines = [
    ...     "LOCUS       pMini          12 bp    DNA     circular SYN 01-JAN-2020",
    ...     "DEFINITION  Minimal cloning vector.",
    ...     "ORIGIN",
    ...     "        1 gatcctccat at",
    ...     "//",
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "pMini.gb")
    ...     _ = path.write_text("\\n".join(lines))
    ...     records = read_genbank(path)
    >>> records.ids, records.topology, records.data
    (['pMini'], ['circular'], ['GATCCTCCATAT'])
    """
    lines = read_text(path).split("\n")
    records = Bunch(data=[], ids=[], descriptions=[], topology=[])
    line_of_id: dict[str, int] = {}
    for first, end in _find_records(lines, path):
        fields, origin = _split_record(lines, first, end, path)
        sequence, locus = _parse_sequence(lines, first, origin, end, path)
        name = _choose_id(fields, locus)
        if not name:
            fail(
                path, first + 1, "the record has neither an accession nor a name in its LOCUS line; add one."
            )
        if not sequence:
            fail(path, first + 1, f"the record {quote(name)} has no sequence; fetch it with its sequence.")
        if name in line_of_id:
            fail(
                path,
                first + 1,
                f"the id {quote(name)} was already used in line {line_of_id[name]}; rename one of the "
                "records.",
            )
        line_of_id[name] = first + 1
        definition = fields.get("DEFINITION", "")
        records.data.append(sequence)
        records.ids.append(name)
        records.descriptions.append("" if _is_placeholder(definition) else definition.removesuffix("."))
        records.topology.append(locus.topology)
    return records


def _find_records(lines: list[str], path: str | os.PathLike[str]) -> list[tuple[int, int]]:
    """Return the index of the LOCUS line and of the line ``//`` of each record."""
    records: list[tuple[int, int]] = []
    first: int | None = None
    for index, line in enumerate(lines):
        if re.match(r"LOCUS\s|LOCUS$", line):
            if first is not None:
                _fail_unfinished(path, first)
            first = index
        elif line.startswith("//"):
            if line.rstrip() != "//":
                fail(path, index + 1, f"{quote(line)} is not the end mark '//'; remove what follows '//'.")
            if first is None:
                fail(path, index + 1, "'//' ends a record that has no LOCUS line; restore the line.")
            records.append((first, index))
            first = None
        elif first is None and line.strip():
            kind = recognize_format(line)
            what = f"this looks like {kind}" if kind else f"{quote(line.strip())} is outside of any record"
            if not records:
                raise ValueError(
                    f"{path}, line {index + 1}: there are no records before this line, because a record "
                    f"starts with LOCUS; {what}."
                )
            fail(path, index + 1, f"{what}; remove the line.")
    if first is not None:
        _fail_unfinished(path, first)
    if not records:
        raise ValueError(f"There are no records in {path}: no line starts with LOCUS.")
    return records


def _fail_unfinished(path: str | os.PathLike[str], first: int) -> NoReturn:
    fail(path, first + 1, "the record that starts here is cut short: it has no line '//'; fetch it again.")


def _split_record(
    lines: list[str], first: int, end: int, path: str | os.PathLike[str]
) -> tuple[dict[str, str], int]:
    """Return the text of each keyword above the sequence, and the index of the ORIGIN line."""
    fields: dict[str, list[str]] = {}
    words: list[str] | None = None
    for index in range(first, end):
        line = lines[index]
        if re.match(r"ORIGIN\b", line):
            end = index
            break
        if line[:1].isspace() or not line:
            # lines indented by less than four blanks hold keywords such as ORGANISM
            if words is not None and re.match(r"\s{4}", line):
                words += line.split()
            continue
        match = re.match(r"[A-Z][A-Z_]*", line)
        if match is None:
            fail(path, index + 1, f"{quote(line)} does not start with a keyword; indent or remove the line.")
        words = None
        if match.group() in _READ_KEYWORDS and match.group() not in fields:
            words = fields[match.group()] = line[match.end() :].split()
    return {keyword: " ".join(words) for keyword, words in fields.items()}, end


def _parse_sequence(
    lines: list[str], first: int, origin: int, end: int, path: str | os.PathLike[str]
) -> tuple[str, _Locus]:
    """Return the sequence of a record and its LOCUS line; raise if their lengths differ."""
    words: list[str] = []
    length = 0
    for index in range(origin + 1, end):
        number, *letters = lines[index].split() or [""]
        if not number:
            continue
        if not (number.isascii() and number.isdecimal()):
            fail(
                path,
                index + 1,
                f"the line starts with {quote(number)} where its number {length + 1} is expected; restore "
                "it.",
            )
        # compared as text, because Python refuses to convert a number of thousands of digits
        if number.lstrip("0") != str(length + 1):
            fail(
                path,
                index + 1,
                f"the line is numbered {number[:20]}, but {length} letters come before it, so {length + 1} "
                "is expected; restore the missing or remove the surplus letters.",
            )
        words += letters
        length += sum(map(len, letters))
    sequence = "".join(words)
    n_lines = 1
    # some programs wrap a long LOCUS line
    while lines[first + n_lines][:1].isspace():
        n_lines += 1
    locus = _parse_locus(" ".join(lines[first : first + n_lines]), length, path, first + 1)
    allowed = _NUCLEOTIDES if locus.unit == "bp" else None
    _check_letters(sequence, allowed, lines, origin, path)
    if sequence and locus.length != str(length):
        fail(
            path,
            first + 1,
            f"the LOCUS line states {locus.length[:20]} {locus.unit}, but the record has {length}; fetch it "
            "again.",
        )
    return sequence.upper(), locus


def _check_letters(
    sequence: str, allowed: str | None, lines: list[str], origin: int, path: str | os.PathLike[str]
) -> None:
    """Raise a ValueError at the first character that is not a letter or not in `allowed`."""
    foreign = {
        letter
        for letter in set(sequence)
        if not (letter.isascii() and letter.isalpha() and (allowed is None or letter in allowed))
    }
    if not foreign:
        return
    for index in range(origin + 1, len(lines)):
        line = lines[index]
        start = len(line) - len(line.lstrip()) + len((line.split() or [""])[0])
        for column, letter in enumerate(line[start:], start=start + 1):
            if letter in foreign:
                kind = "a letter" if allowed is None else "an IUPAC nucleotide code"
                fail(
                    path,
                    index + 1,
                    f"{letter!r} is not {kind}; remove or replace it.",
                    column=column,
                )


def _parse_locus(line: str, n_letters: int, path: str | os.PathLike[str], number: int) -> _Locus:
    """Parse a LOCUS line by its words, which may be at any column."""
    words = line.split()[1:]
    # a name may contain a length too, so the last length is read
    for index in range(len(words) - 1, -1, -1):
        unit = words[index][-2:].lower()
        amount = words[index][:-2] or (words[index - 1] if index else "")
        if unit in ("bp", "aa") and amount[-1:].isascii() and amount[-1:].isdecimal():
            break
    else:
        fail(path, number, "the LOCUS line states no length, such as '2686 bp'; restore it.")
    before = words[: index if words[index][:-2] else index - 1]
    glued = amount.rstrip("0123456789")
    length = amount[len(glued) :].lstrip("0") or "0"
    if glued:
        # some programs write a long name and the length without a blank between them
        if not amount.endswith(str(n_letters)):
            fail(path, number, f"the length in {quote(amount)} is not {n_letters}; fetch the record again.")
        length = str(n_letters)
        before.append(amount[: -len(length)])
    shapes = {shape.lower() for word in words[index + 1 :] for shape in _TOPOLOGY.findall(word)}
    if not shapes:
        # the first word is the name, even if it is "circular" or "linear"
        shapes = {word.lower() for word in before[1:] if _TOPOLOGY.fullmatch(word)}
        before = before[:1] + [word for word in before[1:] if not _TOPOLOGY.fullmatch(word)]
    if len(shapes) > 1:
        fail(path, number, "the LOCUS line states both circular and linear; remove one of them.")
    return _Locus(" ".join(before), length, unit, shapes.pop() if shapes else None)


def _choose_id(fields: dict[str, str], locus: _Locus) -> str:
    """Return the accession with its version; if it is missing, the accession; if both are, the name."""
    for keyword in ("VERSION", "ACCESSION"):
        words = fields.get(keyword, "")
        if not _is_placeholder(words):
            return words.split()[0]
    return "" if _is_placeholder(locus.name) else locus.name


def _is_placeholder(text: str) -> bool:
    """Return whether a field contains only a placeholder for a missing value."""
    words = text.lower().split()
    return (
        not any(character.isalnum() for character in text)
        or words[0].startswith((".", "<unknown"))
        or words in (["unknown"], ["none"], ["null"], ["n/a"])
    )
