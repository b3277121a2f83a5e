"""read_fasta: accepted files, and the place and remedy that each error names."""

import gzip
import lzma
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseed.io import read_fasta

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
    """Check that reading raises one line that contains the path and the given texts."""
    with pytest.raises(error) as info:
        read_fasta(path, **options)
    for part in (str(path), *parts):
        assert part in str(info.value)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize("content", ["", "\n", " \n\t\n\n", "\ufeff", "\r\n\r\n"])
def test_file_without_records_raises(tmp_path, content):
    check_error(write(tmp_path, content), "no records")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("at_end", [True, False])
def test_all_line_ends_are_read(tmp_path, line_end, at_end):
    text = RECORDS if at_end else RECORDS.rstrip("\n")
    check_records(read_fasta(write(tmp_path, text.replace("\n", line_end))))


def test_byte_order_mark_is_ignored(tmp_path):
    check_records(read_fasta(write(tmp_path, "\ufeff" + RECORDS)))
    check_error(write(tmp_path, RECORDS.encode("utf-16")), "line 1", "0xff")


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
def test_invalid_bytes_are_named_with_line(tmp_path, content, line, byte):
    check_error(write(tmp_path, content), line, byte)


def test_utf8_header_is_kept(tmp_path):
    records = read_fasta(write(tmp_path, ">s1 Équisétum\u00a0arvense\nACGT\n"))
    assert records.descriptions == ["Équisétum\u00a0arvense"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("ACGT\n", "line 1"),
        ("; comment\n>a\nACGT\n", "line 1"),
        ("\n\nACGT\n>a\nA\n", "line 3"),
        (" >a\nA\n", "line 1"),
    ],
)
def test_text_before_first_header_raises(tmp_path, content, line):
    check_error(write(tmp_path, content), line)


def test_header_without_id_raises(tmp_path):
    check_error(write(tmp_path, ">a\nACGT\n>  \nACGT\n"), "line 3", "no id")


@pytest.mark.parametrize(
    "text", [">a\nACGT\n>b only\n>c\nA\n", ">a\nACGT\n>b\n\n \n>c\nA", ">a\nACGT\n>c\nA\n>b"]
)
def test_record_without_sequence_raises_or_is_skipped(tmp_path, text):
    path = write(tmp_path, text)
    line = 1 + text[: text.index(">b")].count("\n")
    check_error(path, f"line {line}", "'b'")
    assert read_fasta(path, on_empty="skip").ids == ["a", "c"]


def test_only_empty_records_raise(tmp_path):
    check_error(write(tmp_path, ">a\n>b\n"), "no records", on_empty="skip")


def test_duplicate_ids_raise_or_are_kept(tmp_path):
    path = write(tmp_path, ">a x\nAC\n>b\nA\n>a y\nGT\n")
    check_error(path, "line 5", "'a'", "line 1")
    records = read_fasta(path, on_duplicate="keep")
    assert records.ids == ["a", "b", "a"]
    assert records.data == ["AC", "A", "GT"]


def test_letters_are_kept_and_checked_against_alphabet(tmp_path):
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


def test_one_long_line_uses_less_than_five_times_its_size(tmp_path):
    size = 10_000_000
    path = write(tmp_path, b">chromosome\n" + b"ACGT" * (size // 4) + b"\n")
    tracemalloc.start()
    records = read_fasta(path, alphabet="dna")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(records.data[0]) == size
    assert peak < 5 * size


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
def test_invalid_characters_in_sequence_are_located(tmp_path, content, where):
    check_error(write(tmp_path, content), where)


def test_blank_lines_and_blanks_at_line_ends_are_ignored(tmp_path):
    check_records(
        read_fasta(write(tmp_path, "\n \n" + RECORDS.replace("\n", " \t\n\n").replace("acgt", "acgt  ")))
    )


def test_path_types_and_absent_file(tmp_path):
    path = write(tmp_path, RECORDS)
    check_records(read_fasta(str(path)))
    with pytest.raises(FileNotFoundError, match="absent"):
        read_fasta(tmp_path / "absent.fasta")
    with pytest.raises(ValueError, match="'path' parameter"):
        read_fasta([path])


@pytest.mark.parametrize("options", [{"on_empty": "keep"}, {"on_duplicate": "skip"}, {"alphabet": 3}])
def test_invalid_options_raise(tmp_path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        read_fasta(write(tmp_path, RECORDS), **options)


@settings(max_examples=60, deadline=None)
@given(
    sequences=st.lists(st.text("ACGTNacgt-.*~", min_size=1, max_size=40), min_size=1, max_size=6),
    width=st.integers(1, 50),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    compress=st.sampled_from([bytes, gzip.compress, lzma.compress]),
)
def test_written_records_are_read_back(tmp_path_factory, sequences, width, line_end, compress):
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
def test_any_bytes_are_read_or_raise_with_path(tmp_path_factory, content):
    path = write(tmp_path_factory.mktemp("fasta"), content)
    try:
        records = read_fasta(path)
    except ValueError:
        check_error(path)
        return
    assert all(sequence and sequence.isascii() for sequence in records.data)
    assert len(set(records.ids)) == len(records.ids) == len(records.data)
    assert sum(map(len, records.data)) <= len(content)


def test_real_files_are_read(shared_data):
    records = read_fasta(shared_data / "ferns" / "trnL-trnF.fasta.gz", alphabet="dna")
    assert len(records.data) == 3629
    proteins = read_fasta(shared_data / "ferns" / "rbcL_protein.faa.gz", alphabet="protein")
    assert len(proteins.data) == 4501
    phage = read_fasta(shared_data / "genomes" / "lambda_NC_001416.fa", alphabet="dna")
    assert len(phage.data[0]) == 48502


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b">s1 caf\xe9 two\nACGT\n", "line 1, column 8"),
        (b">a\nACGT\n>s2 one tw\xff\nACGT\n", "line 3, column 11"),
        (b">caf\xe9\nA\n", "line 1, column 5"),
        ("\ufeff>\u00e9 ".encode() + b"\x07\nA\n", "line 1, column 4"),
        (">\u00e9\u00e9 ".encode() + b"\xe9\nA\n", "line 1, column 5"),
        (b">a b\x00c\nA\n", "line 1, column 5"),
    ],
)
def test_header_errors_count_columns_in_characters_from_the_start_of_the_line(tmp_path, content, where):
    check_error(write(tmp_path, content), where)


@pytest.mark.parametrize(
    ("content", "where", "advice"),
    [
        (">a\nACGT>b\nACGT\n", "line 2, column 5", "line break"),
        (">a\nACGT>b", "line 2, column 5", "line break"),
        (">a\nACGT\nAC >b desc\nACGT\n", "line 3, column 3", "line break"),
        (">a\nACGT\t>\nACGT\n", "line 2, column 5", "line break"),
        (">a\nACGT\n  >b\nACGT\n", "line 3, column 1", "remove the blanks"),
        (" >a\nACGT\n", "line 1", "remove the blanks"),
    ],
)
def test_header_within_a_sequence_line_advises_a_line_break(tmp_path, content, where, advice):
    check_error(write(tmp_path, content), where, advice)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("LOCUS       pUC19 10 bp DNA\nORIGIN\n//\n", "read_genbank"),
        ("@read1\nACGT\n+\nIIII\n", "FASTQ"),
        ("#NEXUS\nbegin trees;\n", "NEXUS"),
        ("((a,b),c);\n", "Newick"),
        ("<!DOCTYPE html>\n<html></html>", "HTML"),
        ("ID   X56734; SV 1; linear;\n", "EMBL"),
        ("CLUSTAL W (1.82) multiple sequence alignment\n", "CLUSTAL"),
        ("##gff-version 3\n", "GFF"),
        ("# STOCKHOLM 1.0\n", "Stockholm"),
    ],
)
def test_other_formats_are_named(tmp_path, content, kind):
    check_error(write(tmp_path, content), "line 1", kind)


def test_errors_show_at_most_60_characters_of_the_file(tmp_path):
    name = "n" * 5000
    for text in [f">{name}\n>b\nA\n", f">{name}\nA\n>{name}\nA\n", f">{name}\nAC-\n", "A" * 5000]:
        with pytest.raises(ValueError, match=r"x\.fasta") as info:
            read_fasta(write(tmp_path, text), alphabet="dna")
        assert str(info.value).count("n" * 61) == 0
        assert len(str(info.value)) < len(str(tmp_path)) + 300


def hostile(kind, size):
    """Return a file of about `size` bytes whose error is found late."""
    return {
        "inner blanks": b">a\nACGT" + b" " * size + b"A\n",
        "inner tabs on many lines": b">a\n" + b"ACGT\t\t\t\tA\n" * (size // 10),
        "trailing blanks, bad end": b">a\n" + (b"ACGT" + b" " * 96 + b"\n") * (size // 100) + b"1\n",
        "letter outside the alphabet": b">a\n" + b"ACGT" * (size // 4) + b"J\n",
        "many letters outside the alphabet": b">a\nACGT" + b"JEFIL" * (size // 5) + b"\n",
        "long header": b">" + b"a " * (size // 2) + b"\xff\nA\n",
        "blank lines first": b"\n" * size + b"A\n",
        "many records": b"".join(b">r%d\nA\n" % i for i in range(size // 10)) + b">r0\nA\n",
        "many empty records": b">a\n" * (size // 3),
        "one line": b">a\n" + b"A" * size + b"\x00",
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "inner blanks",
        "inner tabs on many lines",
        "trailing blanks, bad end",
        "letter outside the alphabet",
        "many letters outside the alphabet",
        "long header",
        "blank lines first",
        "many records",
        "many empty records",
        "one line",
    ],
)
def test_time_of_errors_is_linear_in_the_bytes(tmp_path, kind):
    """For 16 times the size, linear time is 16 times as long, and quadratic time 256 times."""
    seconds = []
    for size in (20_000, 320_000):
        path = write(tmp_path, hostile(kind, size))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            with pytest.raises(ValueError, match="line"):
                read_fasta(path, alphabet="dna")
            best = min(best, time.process_time() - start)
        seconds.append(best)
    assert seconds[1] < 100 * max(seconds[0], 0.002)


def test_invalid_letter_after_ten_million_letters_is_located(tmp_path):
    path = write(tmp_path, b">a\n" + b"ACGT" * 2_500_000 + b"Q\n")
    check_error(path, "line 2, column 10000001", "'Q'", alphabet="dna")
