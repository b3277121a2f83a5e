"""Cases 1 to 11 of the reliability list, and what a strict reader owes besides."""

import gzip
import lzma
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseed.io import read_fasta, read_genbank

RECORDS = ">a first gene\nACGT\nacgt\n>b\nNN-ACGT.*\n>c  late \nA\n"


def write(folder: Path, content: bytes | str, name: str = "x.fasta") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def check_records(records):
    assert records.data == ["ACGTacgt", "NN-ACGT.*", "A"]
    assert records.ids == ["a", "b", "c"]
    assert records.descriptions == ["first gene", "", "late"]


def check_error(path, *parts, error=ValueError, **options):
    """Check that reading fails in one sentence that names the path and the given parts."""
    with pytest.raises(error) as info:
        read_fasta(path, **options)
    for part in (str(path), *parts):
        assert part in str(info.value)


# 1
@pytest.mark.parametrize("content", ["", "\n", " \n\t\n\n", "\ufeff", "\r\n\r\n"])
def test_empty_file(tmp_path, content):
    check_error(write(tmp_path, content), "no records")


# 2
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("at_end", [True, False])
def test_line_ends(tmp_path, line_end, at_end):
    text = RECORDS if at_end else RECORDS.rstrip("\n")
    check_records(read_fasta(write(tmp_path, text.replace("\n", line_end))))


# 3
def test_byte_order_mark(tmp_path):
    check_records(read_fasta(write(tmp_path, "\ufeff" + RECORDS)))
    check_error(write(tmp_path, RECORDS.encode("utf-16")), "line 1", "0xff")


# 4
@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        (b"\x00\x01\x02\xff", "line 1", "0x00"),
        (b"\x89PNG\r\n\x1a\n", "line 1", "0x89"),
        (b"<html>\n<body>\n</html>\n", "line 1", "0x3c"),
        (">caf\xe9\nACGT\n".encode("latin-1"), "line 1", "0xe9"),
        (">a\nACGT\n>b caf\xe9\nACGT\n".encode("latin-1"), "line 3", "0xe9"),
        (b">a\nAC\x00GT\n", "line 2, column 3", "0x00"),
        (b">a\x00b\nACGT\n", "line 1", "0x00"),
        (">a\nACGT\nAC\u00e9T\n".encode(), "line 3, column 3", "0xc3"),
        (b">a\nACGT\n\x1a", "line 3, column 1", "0x1a"),
    ],
)
def test_bytes_that_are_no_fasta(tmp_path, content, line, byte):
    check_error(write(tmp_path, content), line, byte)


def test_utf8_header_is_kept(tmp_path):
    records = read_fasta(write(tmp_path, ">s1 Équisétum\u00a0arvense\nACGT\n"))
    assert records.descriptions == ["Équisétum\u00a0arvense"]


# 5
@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("ACGT\n", "line 1"),
        ("; comment\n>a\nACGT\n", "line 1"),
        ("\n\nACGT\n>a\nA\n", "line 3"),
        (" >a\nA\n", "line 1"),
    ],
)
def test_no_header(tmp_path, content, line):
    check_error(write(tmp_path, content), line)


def test_header_without_id(tmp_path):
    check_error(write(tmp_path, ">a\nACGT\n>  \nACGT\n"), "line 3", "no id")


# 6
@pytest.mark.parametrize(
    "text", [">a\nACGT\n>b only\n>c\nA\n", ">a\nACGT\n>b\n\n \n>c\nA", ">a\nACGT\n>c\nA\n>b"]
)
def test_header_without_sequence(tmp_path, text):
    path = write(tmp_path, text)
    line = 1 + text[: text.index(">b")].count("\n")
    check_error(path, f"line {line}", "'b'")
    assert read_fasta(path, on_empty="skip").ids == ["a", "c"]


def test_only_empty_records(tmp_path):
    check_error(write(tmp_path, ">a\n>b\n"), "no records", on_empty="skip")


# 7
def test_duplicate_ids(tmp_path):
    path = write(tmp_path, ">a x\nAC\n>b\nA\n>a y\nGT\n")
    check_error(path, "line 5", "'a'", "line 1")
    records = read_fasta(path, on_duplicate="keep")
    assert records.ids == ["a", "b", "a"]
    assert records.data == ["AC", "A", "GT"]


# 8
def test_letters_are_kept_and_checked_on_demand(tmp_path):
    text = ">a\nACGTNryk\nacgt\n>b\nAC-GT\n"
    path = write(tmp_path, text)
    assert read_fasta(path).data == ["ACGTNrykacgt", "AC-GT"]
    check_error(path, "line 5, column 3", "'-'", "'b'", alphabet="dna")
    protein = write(tmp_path, ">p\nMKV\nMKVLA1\n".replace("1", "?"), "p.faa")
    check_error(protein, "line 3, column 6", "0x3f", alphabet="protein")
    assert read_fasta(write(tmp_path, ">a\nACGTNryk\nacgt\n", "dna.fa"), alphabet="dna").data == [
        "ACGTNrykacgt"
    ]
    with pytest.raises(ValueError, match="klingon"):
        read_fasta(path, alphabet="klingon")


def test_column_counts_within_the_line_despite_blanks(tmp_path):
    check_error(write(tmp_path, ">a\nACGT  \nACGT\t\nAC1\n"), "line 4, column 3", "'1'")


# 9
def test_one_long_line_needs_little_memory(tmp_path):
    size = 10_000_000
    path = write(tmp_path, b">chromosome\n" + b"ACGT" * (size // 4) + b"\n")
    tracemalloc.start()
    records = read_fasta(path, alphabet="dna")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(records.data[0]) == size
    assert peak < 5 * size


# 10
@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_compressed(tmp_path, compress):
    whole = compress(RECORDS.encode())
    # the content tells, whatever the name
    check_records(read_fasta(write(tmp_path, whole, "x.fasta.gz")))
    check_records(read_fasta(write(tmp_path, whole, "x.fasta")))
    check_records(read_fasta(write(tmp_path, RECORDS, "plain.fasta.gz")))
    for end in range(len(whole)):
        check_error(write(tmp_path, whole[:end], "cut.gz"))


def test_damaged_archive(tmp_path):
    content = gzip.compress(b">a\n" + b"ACGT\n" * 1000)
    for position in range(10, len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 0x10
        check_error(write(tmp_path, bytes(damaged), "x.gz"), "fetch it again")
    check_error(write(tmp_path, content + b"tail", "x.gz"), "line 1002")


def test_members_of_an_archive_are_joined(tmp_path):
    parts = [gzip.compress(part.encode()) for part in (RECORDS[:20], RECORDS[20:])]
    check_records(read_fasta(write(tmp_path, b"".join(parts))))


# 11
@pytest.mark.parametrize(
    ("content", "where"),
    [
        (">a\nACGT ACGT\n", "line 2, column 5"),
        (">a\n1 ACGT\n", "line 2, column 1"),
        (">a\nACGT\n 5 ACGT\n", "line 3, column 1"),
        (">a\nAC>GT\n", "line 2, column 3"),
        (">a\nACGT\n >b\nACGT\n", "line 3, column 1"),
        (">a\nACGT;\n", "line 2, column 5"),
    ],
)
def test_what_does_not_belong_in_a_sequence(tmp_path, content, where):
    check_error(write(tmp_path, content), where)


def test_blank_lines_and_blanks_at_line_ends_are_ignored(tmp_path):
    check_records(
        read_fasta(write(tmp_path, "\n \n" + RECORDS.replace("\n", " \t\n\n").replace("acgt", "acgt  ")))
    )


def test_paths(tmp_path):
    path = write(tmp_path, RECORDS)
    check_records(read_fasta(str(path)))
    with pytest.raises(FileNotFoundError, match="absent"):
        read_fasta(tmp_path / "absent.fasta")
    with pytest.raises(ValueError, match="'path' parameter"):
        read_fasta([path])


@pytest.mark.parametrize("options", [{"on_empty": "keep"}, {"on_duplicate": "skip"}, {"alphabet": 3}])
def test_invalid_options(tmp_path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        read_fasta(write(tmp_path, RECORDS), **options)


@settings(max_examples=60, deadline=None)
@given(
    sequences=st.lists(st.text("ACGTNacgt-.*~", min_size=1, max_size=40), min_size=1, max_size=6),
    width=st.integers(1, 50),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    compress=st.sampled_from([bytes, gzip.compress, lzma.compress]),
)
def test_round_trip(tmp_path_factory, sequences, width, line_end, compress):
    lines = []
    for number, sequence in enumerate(sequences):
        lines.append(f">s{number} number {number}")
        lines += [sequence[start : start + width] for start in range(0, len(sequence), width)]
    path = write(tmp_path_factory.mktemp("fasta"), compress(line_end.join(lines).encode()))
    records = read_fasta(path)
    assert records.data == sequences
    assert records.ids == [f"s{number}" for number in range(len(sequences))]
    assert records.descriptions == [f"number {number}" for number in range(len(sequences))]


@settings(max_examples=200, deadline=None)
@given(content=st.one_of(st.binary(max_size=60), st.text(">ACGT \n\r\t1;é", max_size=40).map(str.encode)))
def test_any_bytes_are_read_or_refused_by_name(tmp_path_factory, content):
    path = write(tmp_path_factory.mktemp("fasta"), content)
    try:
        records = read_fasta(path)
    except ValueError:
        check_error(path)
        return
    assert all(sequence and sequence.isascii() for sequence in records.data)
    assert len(set(records.ids)) == len(records.ids) == len(records.data)
    assert sum(map(len, records.data)) <= len(content)


def test_real_files(shared_data):
    records = read_fasta(shared_data / "ferns" / "trnL-trnF.fasta.gz", alphabet="dna")
    assert len(records.data) == 3629
    proteins = read_fasta(shared_data / "ferns" / "rbcL_protein.faa.gz", alphabet="protein")
    assert len(proteins.data) == 4501
    phage = read_fasta(shared_data / "genomes" / "lambda_NC_001416.fa", alphabet="dna")
    assert len(phage.data[0]) == 48502


GENBANK = """\
LOCUS       {name:<16} {length:>11} bp    DNA     {topology:<8} SYN 01-JAN-2020
DEFINITION  {name} cloning vector.
ACCESSION   {name}
VERSION     {name}.1
FEATURES             Location/Qualifiers
     source          1..{length}
                     /organism="synthetic construct"
ORIGIN
        1 {sequence}
//
"""


def genbank(name, topology="circular", sequence="gatcctccat"):
    return GENBANK.format(name=name, topology=topology, sequence=sequence, length=len(sequence))


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_genbank(tmp_path, compress, line_end):
    pytest.importorskip("Bio")
    text = (genbank("PUC1") + genbank("LAMB", "linear", "acgtacgtnn") + genbank("WHAT", "")).replace(
        "\n", line_end
    )
    records = read_genbank(write(tmp_path, compress(text.encode()), "x.gb"))
    assert records.data == ["GATCCTCCAT", "ACGTACGTNN", "GATCCTCCAT"]
    assert records.ids == ["PUC1.1", "LAMB.1", "WHAT.1"]
    assert records.descriptions[0] == "PUC1 cloning vector"
    assert records.topology == ["circular", "linear", None]


def test_genbank_errors(tmp_path):
    pytest.importorskip("Bio")
    contig = genbank("CON1").split("ORIGIN")[0] + "CONTIG      join(U00096.3:1..10)\n//\n"
    for text, parts in [
        ("", ["no records"]),
        (">a\nACGT\n", ["no records"]),
        (genbank("PUC1") + genbank("PUC1"), ["line 11", "'PUC1.1'"]),
        (genbank("PUC1") + contig, ["line 11", "'CON1.1'", "no sequence"]),
        (genbank("PUC1") + genbank("PUC2")[:85], ["line 11"]),
        (genbank("PUC1") + genbank("PUC2")[:250], ["line 11"]),
        (genbank("PUC1")[:-4], ["line 1"]),
    ]:
        path = write(tmp_path, text, "x.gb")
        with pytest.raises(ValueError, match=r"x\.gb") as info:
            read_genbank(path)
        for part in parts:
            assert part in str(info.value), text


def test_genbank_without_biopython(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "Bio", None)
    with pytest.raises(ImportError, match=r"pip install skseed\[bio\]"):
        read_genbank(write(tmp_path, genbank("PUC1")))
