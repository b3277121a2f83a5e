"""Read whole files: check the path, decompress by content, unify line ends, recognize formats.

Every reader of skseed uses this module. All readers therefore accept the same compressed files, refuse
URLs and damaged archives, and name the path and the line in their errors.
"""

import bz2
import codecs
import importlib
import lzma
import os
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

#: The most characters of the user's data that one quotation in an error message shows.
MAX_QUOTED = 60

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
# the longest file name of common file systems; for longer text, the system's own error would quote all of it
_MAX_NAME = 255
# small, because each member of an archive copies the rest of its chunk, and members may be a few bytes long
_CHUNK = 1 << 14

_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ),
}
_MAGIC = (
    ("gzip", re.compile(rb"\x1f\x8b")),
    ("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")),
    ("xz", re.compile(rb"\xfd7zXZ\x00")),
    # a zstd file may start with a skippable frame
    ("zstd", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")),
)
_PADDED_BY_ZEROS = ("gzip", "xz")
_OTHER_ARCHIVES = (
    ("zip", re.compile(rb"PK(?:\x03\x04|\x05\x06)")),
    ("7z", re.compile(rb"7z\xbc\xaf\x27\x1c")),
    ("lz4", re.compile(rb"\x04\x22\x4d\x18")),
    ("compress (.Z)", re.compile(rb"\x1f\x9d")),
    ("rar", re.compile(rb"Rar!\x1a\x07")),
    ("lzma", re.compile(rb"\x5d\x00\x00")),
    ("tar", re.compile(rb"(?s:.{257})ustar(?:\x00|  \x00)")),
)

# in this order: the first pattern that matches the start of a text names its format
_FORMATS = (
    ("a NEXUS file", re.compile(r"#nexus\b", re.IGNORECASE)),
    ("a GenBank file", re.compile(r"LOCUS\s")),
    ("an EMBL file", re.compile(r"ID   \S")),
    ("a Stockholm alignment", re.compile(r"# STOCKHOLM\b")),
    ("a CLUSTAL alignment", re.compile(r"CLUSTAL\b")),
    ("a SAM file", re.compile(r"@(?:HD|SQ|RG|PG|CO)\t")),
    ("a FASTQ file", re.compile(r"@[^\n]*\n[A-Za-z.*-]+\n\+")),
    ("a GFF file", re.compile(r"##gff-version", re.IGNORECASE)),
    ("a VCF file", re.compile(r"##fileformat=VCF", re.IGNORECASE)),
    ("a FASTA file", re.compile(r">")),
    ("a Newick tree", re.compile(r"\(")),
    ("a JSON file", re.compile(r"[{\[]\s*[\"{\[\]}0-9]")),
)
_XML_FORMATS = (("phyloxml", "a PhyloXML file"), ("nexml", "a NeXML file"), ("html", "an HTML page"))


def check_path(path: str | os.PathLike[str], name: str = "path") -> Path:
    """Return the path of a local file; refuse URLs and text that is the content of a file.

    Parameters
    ----------
    path : str or path-like
        The path.
    name : str, default="path"
        The name of the argument in error messages.

    Returns
    -------
    path : pathlib.Path
        The path.

    Raises
    ------
    TypeError
        If `path` is neither a str nor path-like.
    ValueError
        If `path` is empty, a URL, or text that cannot be a path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name} must be a str or path-like; got {type(path).__name__}.")
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a path as str; got {type(text).__name__}, so decode it first.")
    if not text.strip():
        raise ValueError(f"{name} is empty; pass the path of a file.")
    # pathlib.Path("http://host") drops one of the two slashes
    if _URL.match(text.strip()):
        raise ValueError(
            f"{name} is a URL ({quote(text)}), but skseed opens no network connection; download the file "
            "and pass its path."
        )
    if re.search(r"[\x00\n\r]", text) or max(map(len, re.split(r"[/\\]", text))) > _MAX_NAME:
        raise ValueError(
            f"{name} is not the path of a file ({quote(text)}); save the text to a file and pass its path."
        )
    return Path(text)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file, decompressed, without byte order mark and with Unix line ends.

    Parameters
    ----------
    path : str or path-like
        A file, uncompressed or compressed by gzip, bzip2, xz or zstd. The content determines the
        compression, not the name.

    Returns
    -------
    content : bytes
        The whole content; the members of an archive are joined.

    Raises
    ------
    ImportError
        If the file is compressed by zstd and no zstd package is installed.
    ValueError
        If the archive is damaged or cut short in any of its members, or is of another kind.
    """
    content = check_path(path).read_bytes()
    for kind, magic in _MAGIC:
        if magic.match(content):
            content = _decompress(content, kind, path)
            break
    for kind, magic in _OTHER_ARCHIVES:
        if magic.match(content):
            raise ValueError(
                f"{path} is a {kind} archive; extract it and pass the path of the extracted file."
            )
    content = content.removeprefix(codecs.BOM_UTF8)
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content


def read_text(path: str | os.PathLike[str]) -> str:
    """Return the content of a file as text; see `read_bytes`.

    Parameters
    ----------
    path : str or path-like
        A UTF-8 file.

    Returns
    -------
    text : str
        The content.

    Raises
    ------
    ValueError
        If the content is not UTF-8; the message names path, line and column.
    """
    return decode(read_bytes(path), path)


def decode(content: bytes, path: str | os.PathLike[str], *, line: int = 1, column: int = 1) -> str:
    """Return bytes as text.

    Parameters
    ----------
    content : bytes
        Text in UTF-8.
    path : str or path-like
        The file that contains the text, for the error message.
    line, column : int, default=1
        The line and the column of the file at which the content starts, from 1.

    Returns
    -------
    text : str
        The text.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        last = before.rsplit("\n", 1)
        line += before.count("\n")
        column = len(last[-1]) + (column if len(last) == 1 else 1)
        fail(
            path,
            line,
            f"{describe_byte(content[error.start])} is not UTF-8; convert the file to UTF-8.",
            column=column,
        )


def fail(path: str | os.PathLike[str], line: int, sentence: str, *, column: int | None = None) -> NoReturn:
    """Raise a ValueError that names a place in a file."""
    where = f"line {line}" if column is None else f"line {line}, column {column}"
    raise ValueError(f"{path}, {where}: {sentence}")


def describe_byte(byte: int) -> str:
    """Return a byte in words, such as ``'1' (byte 0x31)``."""
    return f"{chr(byte)!r} (byte 0x{byte:02x})" if 0x20 <= byte < 0x7F else f"byte 0x{byte:02x}"


def quote(value: object, limit: int = MAX_QUOTED) -> str:
    """Return the repr of a value, cut to `limit` characters."""
    # a slice first, so that a long text is not copied
    text = repr(value[: limit + 1] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def quote_some(values: Sequence[object], limit: int = MAX_QUOTED) -> str:
    """Return as many quoted values as fit in `limit` characters, and the number of the other values."""
    words = quote(values[0], limit)
    shown = 1
    for value in values[1:5]:
        longer = f"{words}, {quote(value, limit)}"
        if len(longer) > limit:
            break
        words, shown = longer, shown + 1
    return f"{words} and {len(values) - shown} more" if len(values) > shown else words


def recognize_format(text: str | bytes) -> str | None:
    """Return the name of the format of a text, with its article, or None if the format is unknown.

    Parameters
    ----------
    text : str or bytes
        The content of a file.

    Returns
    -------
    name : str or None
        Such as ``"a NEXUS file"``.
    """
    start = text[:4096]
    if isinstance(start, bytes):
        start = start.decode("utf-8", errors="replace")
    start = start.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        start = start.lower()
        for tag, name in _XML_FORMATS:
            if f"<{tag}" in start or f":{tag} " in start or f"<!doctype {tag}" in start:
                return name
        return "an XML file" if re.match(r"<[?!a-z]", start) else None
    return next((name for name, pattern in _FORMATS if pattern.match(start)), None)


def _decompress(content: bytes, kind: str, path: str | os.PathLike[str]) -> bytes:
    """Return the joined content of all members of an archive.

    If the header of a later member of an xz or bzip2 file is damaged, the file objects of Python's standard
    library silently stop there; this loop raises an error.
    """
    start, errors = _decompressor(kind, path)
    chunks: list[bytes] = []
    position = 0
    decompressor = None
    try:
        while position < len(content):
            chunk = content[position : position + _CHUNK]
            position += len(chunk)
            while chunk:
                if decompressor is None:
                    chunk = chunk.lstrip(b"\0") if chunks and kind in _PADDED_BY_ZEROS else chunk
                    if not chunk:
                        break
                    decompressor = start()
                chunks.append(decompressor.decompress(chunk))
                chunk = b""
                if decompressor.eof:
                    chunk = decompressor.unused_data
                    decompressor = None
        if decompressor is not None:
            raise EOFError("it ends before its end mark")
    except errors as error:
        line = 1 + sum(chunk.count(b"\n") for chunk in chunks)
        raise ValueError(
            f"{path}: the {kind} archive is damaged or cut short at or after line {line} ({error}); fetch "
            "it again."
        ) from error
    return b"".join(chunks)


def _decompressor(
    kind: str, path: str | os.PathLike[str]
) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    """Return a function that makes a decompressor, and the exceptions that damaged data cause."""
    errors: tuple[type[Exception], ...] = (EOFError, OSError, zlib.error, lzma.LZMAError)
    if kind != "zstd":
        return _DECOMPRESSORS[kind], errors
    try:
        zstd = importlib.import_module("compression.zstd")
    except ImportError:
        pass
    else:
        return zstd.ZstdDecompressor, (*errors, zstd.ZstdError)
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError as error:
        raise ImportError(
            f"{path} is compressed by zstd, which needs the package zstandard: pip install 'skseed[zstd]', "
            "or decompress the file."
        ) from error
    return lambda: zstandard.ZstdDecompressor().decompressobj(), (*errors, zstandard.ZstdError)
