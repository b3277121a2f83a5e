"""Paths and compressed files: the same rules in every reader."""

import bz2
import gzip
import lzma
import sys
from pathlib import Path

import pytest
import zstandard

from skseed.datasets import fetch_addgene, fetch_attribution_challenge
from skseed.io import read_fasta, read_genbank, read_tree
from skseed.model_selection import PhylogeneticGroupSplit

FASTA = b">a first gene\nACGT\nacgt\n>b\nNN-ACGT.*\n"
NEWICK = b"((oak:1,elm:1):2,(fern:1,moss:1):2);\n"
GENBANK = b"LOCUS       pMini 10 bp DNA circular SYN 01-JAN-2020\nORIGIN\n        1 gatcctccat\n//\n"
COMPRESS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}
READ = {
    "fasta": (read_fasta, FASTA),
    "genbank": (read_genbank, GENBANK),
    "newick": (lambda path: list(read_tree(path).tips), NEWICK),
}


def write(folder: Path, content: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("reader", READ)
@pytest.mark.parametrize("name", ["file", "file.gz", "file.txt"])
def test_content_decides_the_compression(tmp_path, kind, reader, name):
    read, content = READ[reader]
    expected = read(write(tmp_path, content, "plain"))
    assert read(write(tmp_path, COMPRESS[kind](content), name)) == expected


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("reader", READ)
def test_members_are_joined(tmp_path, kind, reader):
    read, content = READ[reader]
    expected = read(write(tmp_path, content, "plain"))
    members = [COMPRESS[kind](part) for part in (b"", content[:20], content[20:30], content[30:], b"")]
    assert read(write(tmp_path, b"".join(members))) == expected


def test_many_small_members_are_joined(tmp_path):
    content = b"".join(gzip.compress(b">r%d\nACGT\n" % number) for number in range(3000))
    assert read_fasta(write(tmp_path, content)).ids == [f"r{number}" for number in range(3000)]


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_padding_between_members_is_ignored(tmp_path, kind):
    compress = COMPRESS[kind]
    content = compress(FASTA[:24]) + b"\0" * 40_000 + compress(FASTA[24:]) + b"\0" * 8
    assert read_fasta(write(tmp_path, content)).ids == ["a", "b"]


def test_skippable_zstd_frame_is_ignored(tmp_path):
    frame = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"note"
    content = frame + COMPRESS["zstd"](FASTA) + frame
    assert read_fasta(write(tmp_path, content)).ids == ["a", "b"]


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("reader", READ)
def test_archive_cut_anywhere_raises(tmp_path, kind, reader):
    read, content = READ[reader]
    whole = COMPRESS[kind](content)
    for end in range(len(whole)):
        path = write(tmp_path, whole[:end])
        with pytest.raises(ValueError, match="file"):
            read(path)


@pytest.mark.parametrize("kind", COMPRESS)
def test_damaged_byte_of_any_member_raises(tmp_path, kind):
    """The first member alone is valid FASTA, so a reader that stops there would return part of the file."""
    members = [COMPRESS[kind](b">r%d\n" % number + b"ACGT\n" * 50) for number in range(3)]
    whole = read_fasta(write(tmp_path, b"".join(members)))
    n_raised = 0
    for position in range(len(members[0]), sum(map(len, members))):
        damaged = bytearray(b"".join(members))
        damaged[position] ^= 0x10
        try:
            records = read_fasta(write(tmp_path, bytes(damaged)))
        except ValueError:
            n_raised += 1
        else:
            # bits that do not affect the content, such as those of the time stamp of gzip
            assert records == whole
    assert n_raised > (sum(map(len, members[1:])) * 3) // 5


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("tail", [b"tail", b"\x1f", b">c\nACGT\n", b"\xfd7zXZ\x00", b"BZh"])
def test_bytes_after_the_archive_raise(tmp_path, kind, tail):
    with pytest.raises(ValueError, match=r"damaged or cut short at or after line 6.*fetch it again"):
        read_fasta(write(tmp_path, COMPRESS[kind](FASTA) + tail))


@pytest.mark.parametrize("kind", COMPRESS)
def test_cut_last_member_raises(tmp_path, kind):
    members = [COMPRESS[kind](part) for part in (FASTA[:24], FASTA[24:])]
    for end in range(1, len(members[1])):
        with pytest.raises(ValueError, match="damaged or cut short"):
            read_fasta(write(tmp_path, members[0] + members[1][:end]))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04rest", "zip"),
        (b"7z\xbc\xaf\x27\x1crest", "7z"),
        (b"\x1f\x9drest", "compress"),
        (b"\x04\x22\x4d\x18rest", "lz4"),
        (gzip.compress(b"name" + b"\0" * 253 + b"ustar\x0000", mtime=0), "tar"),
    ],
)
@pytest.mark.parametrize("reader", READ)
def test_other_archives_are_named(tmp_path, content, kind, reader):
    with pytest.raises(ValueError, match=rf"file is a {kind}.*extract it"):
        READ[reader][0](write(tmp_path, content))


def test_missing_zstd_package_is_named(tmp_path, monkeypatch):
    path = write(tmp_path, COMPRESS["zstd"](FASTA))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(ImportError, match=r"file is compressed by zstd.*pip install 'skseed\[zstd\]'"):
        read_fasta(path)


URLS = [
    "http://example.org/x.fasta",
    "HTTPS://example.org/x.gz",
    "ftp://example.org/x",
    "s3://bucket/key",
    "file:///etc/hosts",
    " https://example.org/x",
    Path("https://example.org/x"),
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "read",
    [
        read_fasta,
        read_genbank,
        read_tree,
        fetch_addgene,
        fetch_attribution_challenge,
        lambda url: list(PhylogeneticGroupSplit(tree=url, tip_names=["a", "b"]).split(["A", "C"])),
    ],
)
def test_urls_raise_before_anything_is_opened(url, read, monkeypatch):
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(ValueError, match=r"is a URL.*no network connection; download"):
        read(url)


def test_url_of_the_labels_raises(tmp_path):
    from skseed.datasets import METADATA_COLUMNS

    header = ["sequence_id", "sequence", *METADATA_COLUMNS]
    content = ",".join(header) + "\nx,ACGT" + ",0" * len(METADATA_COLUMNS) + "\n"
    with pytest.raises(ValueError, match="is a URL"):
        fetch_attribution_challenge(write(tmp_path, content.encode()), "http://example.org/labels.csv")


@pytest.mark.parametrize("text", [">a\nACGT\n", "ACGT" * 100, "a\0b", ""])
def test_content_in_place_of_a_path_raises(text):
    with pytest.raises(ValueError, match="path") as info:
        read_fasta(text)
    assert len(str(info.value)) < 250


def test_windows_drive_is_not_a_url():
    with pytest.raises(FileNotFoundError):
        read_fasta("C:/genes.fasta")


@pytest.mark.parametrize("url", ["http://example.org/states", Path("s3://bucket/states")])
def test_url_as_checkpoint_raises(url):
    from skseed.classification import SequenceClassifier

    model = SequenceClassifier(max_epochs=1, checkpoint=url, random_state=0)
    with pytest.raises(ValueError, match=r"checkpoint is a URL.*no network connection"):
        model.fit(["ACGTACGT", "GGGTTTGG", "ACGTACGA", "GGGTTTGC"], [0, 1, 0, 1])
