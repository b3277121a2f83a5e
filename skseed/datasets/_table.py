"""Read CSV tables strictly: every line is one row, and every row has the fields of the header."""

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NoReturn

import pandas as pd

from skseed._files import decode, describe_byte, fail, quote, quote_some, read_bytes

_QUOTED = rb'"(?:[^"\n]++|"")*+"'
_ROW = re.compile(rb'(?:%b|[^",\n]*+)(?:,(?:%b|[^",\n]*+))*+\n?' % (_QUOTED, _QUOTED))
_CONTROL = bytes(byte for byte in range(128) if byte not in b"\t\n" and (byte < 0x20 or byte == 0x7F))
_NOT_CONTROL = bytes(byte for byte in range(256) if byte not in _CONTROL)
_NUCLEOTIDES = "ACGTURYSWKMBDHVN"
_NUCLEOTIDES += _NUCLEOTIDES.lower()


def read_table(
    path: str | os.PathLike[str], text_columns: Sequence[str], numeric_columns: Sequence[str]
) -> pd.DataFrame:
    """Return columns of a CSV file, indexed by the line of each row in the file.

    Parameters
    ----------
    path : str or path-like
        A local file in UTF-8, plain or compressed by gzip, bzip2, xz or zstd.
    text_columns : sequence of str
        Columns to return as ``str``: ``007`` and ``NA`` stay text.
    numeric_columns : sequence of str
        Columns to return as numbers, or as text if any value of the column is not a number.

    Returns
    -------
    table : DataFrame
        The columns; others are ignored.

    Raises
    ------
    ValueError
        If a column or a value is missing, or the file is not a well-formed CSV table. The message names
        the path and the line.
    """
    content, header, lines = _scan(path)
    columns = [*text_columns, *numeric_columns]
    _require_columns(path, header, columns)
    # a sequence or a laboratory may be called NA, so only an empty field is a missing value
    table = pd.read_csv(
        io.BytesIO(content),
        usecols=columns,
        dtype=dict.fromkeys(text_columns, object),
        index_col=False,
        keep_default_na=False,
        na_values=[""],
        low_memory=False,
    )[columns]
    table.index = pd.Index(lines, name="line")
    missing = table.isna()
    if missing.to_numpy().any():
        row = int(missing.any(axis=1).to_numpy().argmax())
        column = columns[int(missing.iloc[row].to_numpy().argmax())]
        fail_at_row(path, table, row, f"{column} is missing; fill it in or remove the row.")
    # pandas reads True as a boolean, which equals 1
    no_numbers = [name for name in numeric_columns if table[name].dtype.kind not in "iuf"]
    return table.astype(dict.fromkeys(no_numbers, str))


def read_chunks(
    path: str | os.PathLike[str], id_column: str, *, n_rows: int
) -> Iterator[tuple[list[str], pd.DataFrame]]:
    """Yield the names of the numeric columns and some rows of a CSV table, indexed by line.

    All columns but `id_column` are numeric. Values that are no numbers become NaN.
    """
    content, header, lines = _scan(path)
    numeric = [name for name in header if name != id_column]
    _require_columns(path, header, [id_column, *numeric])
    first = 0
    with pd.read_csv(
        io.BytesIO(content),
        dtype={id_column: object},
        index_col=False,
        keep_default_na=False,
        na_values=[""],
        chunksize=n_rows,
    ) as chunks:
        for chunk in chunks:
            chunk.index = pd.Index(lines[first : first + len(chunk)], name="line")
            first += len(chunk)
            if any(dtype.kind not in "iuf" for dtype in chunk[numeric].dtypes):
                # as text first, because pandas reads True as a number equal to 1
                chunk[numeric] = chunk[numeric].astype(str).apply(pd.to_numeric, errors="coerce")
            yield numeric, chunk


def fail_at_row(path: str | os.PathLike[str], table: pd.DataFrame, row: int, sentence: str) -> NoReturn:
    """Raise a ValueError that names the line of a row, from 1, and its number among the rows, from 0."""
    raise ValueError(f"{path}, line {table.index[row]} (row {row}): {sentence}")


def check_nucleotides(path: str | os.PathLike[str], table: pd.DataFrame, column: str, name: str) -> None:
    """Raise at the first sequence with a character that is no IUPAC nucleotide code.

    Parameters
    ----------
    path : str or path-like
        The file, for the message.
    table : DataFrame
        A table from `read_table`.
    column, name : str
        The columns of the sequences and of their names.
    """
    allowed = _NUCLEOTIDES.encode("ascii")
    for row, sequence in enumerate(table[column]):
        if sequence.encode("utf-8").translate(None, allowed):
            index = next(i for i, letter in enumerate(sequence) if letter not in _NUCLEOTIDES)
            owner = quote(table[name].iloc[row])
            fail_at_row(
                path,
                table,
                row,
                f"the {column} of {owner} has {sequence[index]!r} at position {index}, "
                "which is not an IUPAC nucleotide code; remove or replace it.",
            )


def _scan(path: str | os.PathLike[str]) -> tuple[bytes, list[str], list[int]]:
    """Return the content of a CSV file, its header and the line of each row, after checking its form.

    pandas fills short rows, shifts long ones, and joins lines at a stray quotation mark.
    """
    content = read_bytes(path)
    control = content.translate(None, _NOT_CONTROL)
    if control:
        index = content.index(control[:1])
        number = 1 + content.count(b"\n", 0, index)
        fail(path, number, f"{describe_byte(control[0])} does not belong in a table; remove it.")
    if not content.isascii():
        decode(content, path)
    header: list[str] = []
    lines: list[int] = []
    for number, line in enumerate(io.BytesIO(content), start=1):
        if not line.strip():
            continue
        n_fields = 1 + line.count(b",")
        if b'"' in line:
            if _ROW.fullmatch(line) is None:
                fail(
                    path,
                    number,
                    "a quotation mark is out of place: a quoted field starts and ends with one, ends in the "
                    "line where it starts, and doubles those inside; correct the line.",
                )
            n_fields = 1 + re.sub(_QUOTED, b"", line).count(b",")
        if not header:
            (header,) = csv.reader([line.decode("utf-8").rstrip("\n")], strict=True)
        elif n_fields != len(header):
            fail(
                path,
                number,
                f"the row has {n_fields} fields, but the header has {len(header)}; the file may be cut "
                "short, so fetch it again or correct the line.",
            )
        else:
            lines.append(number)
    if not lines:
        raise ValueError(f"There are no rows in {path}; pass a CSV table with a header.")
    return content, header, lines


def _require_columns(path: str | os.PathLike[str], header: list[str], columns: Sequence[str]) -> None:
    counts = Counter(header)
    missing = [column for column in columns if not counts[column]]
    if missing:
        raise ValueError(
            f"{path} lacks the columns {quote_some(missing)}; it has {quote_some(header)}. Add them."
        )
    repeated = [column for column in columns if counts[column] > 1]
    if repeated:
        raise ValueError(f"{path} has the columns {quote_some(repeated)} more than once; rename them.")
