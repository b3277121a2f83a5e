"""read_genbank: required fields, and the place that each error names."""

import gzip
import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseed.io import read_genbank

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


def with_origin(*lines, length=None, unit="bp"):
    """Return a record with the given ORIGIN lines."""
    if length is None:
        length = sum(map(str.isalpha, "".join(lines)))
    return "\n".join([f"LOCUS       pX {length} {unit} DNA linear", "ORIGIN", *lines, "//", ""])


def write(folder: Path, content: bytes | str) -> Path:
    path = folder / "x.gb"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def check_error(path, *parts):
    """Check that reading raises one short line that contains the path and the given texts."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as info:
        read_genbank(path)
    message = str(info.value)
    assert "\n" not in message
    assert len(message) < len(str(path)) + 260
    for part in parts:
        assert part in message


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_fields_are_read(tmp_path, compress, line_end):
    text = genbank("PUC1") + "\n" + genbank("LAMB", "linear", "acgtacgtnn") + genbank("WHAT", "")
    records = read_genbank(write(tmp_path, compress(text.replace("\n", line_end).encode())))
    assert records.data == ["GATCCTCCAT", "ACGTACGTNN", "GATCCTCCAT"]
    assert records.ids == ["PUC1.1", "LAMB.1", "WHAT.1"]
    assert records.descriptions == ["PUC1 cloning vector", "LAMB cloning vector", "WHAT cloning vector"]
    assert records.topology == ["circular", "linear", None]


def test_definition_of_several_lines_is_joined(tmp_path):
    text = genbank("PUC1").replace("vector.\n", "vector\n            pUC19c, complete sequence.\n")
    assert read_genbank(write(tmp_path, text)).descriptions == [
        "PUC1 cloning vector pUC19c, complete sequence"
    ]


def test_lines_of_sixty_letters_are_joined(tmp_path):
    lines = [f"{start:>9} " + " ".join(["acgtacgtac"] * 6) for start in range(1, 601, 60)]
    records = read_genbank(write(tmp_path, with_origin(*lines, "      601 gg")))
    assert records.data == ["ACGTACGTAC" * 60 + "GG"]


@pytest.mark.parametrize(
    ("lines", "place", "part"),
    [
        (["        1 acgt4cgtac"], "line 3, column 15", "'4'"),
        (["        1 acgtacgtac", "       11 acg*"], "line 4, column 14", "'*'"),
        (["        1 acgt-cgtac"], "line 3, column 15", "'-'"),
        (["        1 acgt\u00e9cgtac"], "line 3, column 15", "'\u00e9'"),
        (["        1 acgtjcgtac"], "line 3, column 15", "nucleotide"),
        (["        1 acgt>cgtac"], "line 3, column 15", "'>'"),
        (["        1 acgtacgtac", "       21 acgt"], "line 4", "11"),
        (["        1 acgtacgtac", "       10 acgt"], "line 4", "11"),
        (["        2 acgtacgtac"], "line 3", "1 is expected"),
        (["        0 acgtacgtac"], "line 3", "1 is expected"),
        (["        1 acgtacgtac", "acgt"], "line 4", "number 11"),
        (["acgtacgtac"], "line 3", "number 1"),
        (["        1 acgtacgtac", "FEATURES             x"], "line 4", "'FEATURES'"),
        (["        1 acgtacgtac", "leftover text"], "line 4", "'leftover'"),
        (["        1acgtacgtac"], "line 3", "number 1"),
        (["       -1 acgtacgtac"], "line 3", "number 1"),
        (["      \u00b9 acgtacgtac"], "line 3", "number 1"),
        ([f"{'9' * 5000} acgtacgtac"], "line 3", "1 is expected"),
        (["x" * 5000], "line 3", "number 1"),
    ],
)
def test_invalid_origin_lines_are_located(tmp_path, lines, place, part):
    check_error(write(tmp_path, with_origin(*lines, length=10)), place, part)


@pytest.mark.parametrize("length", [9, 11, 0, 100, "1" * 5000])
def test_wrong_stated_length_raises(tmp_path, length):
    path = write(tmp_path, with_origin("        1 acgtacgtac", length=length))
    check_error(path, "line 1", "10", str(length)[:20])


def test_proteins_may_hold_all_letters(tmp_path):
    records = read_genbank(write(tmp_path, with_origin("        1 mkvlajxo", unit="aa")))
    assert records.data == ["MKVLAJXO"]
    check_error(write(tmp_path, with_origin("        1 mkv*", unit="aa", length=4)), "line 3, column 14")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["no records"]),
        ("\n\n", ["no records"]),
        (">a\nACGT\n", ["no records", "FASTA"]),
        ("ID   X1; SV 1; linear; DNA; STD; SYN; 4 BP.\n", ["no records", "EMBL"]),
        (genbank("PUC1") + genbank("PUC1"), ["line 11", "'PUC1.1'", "line 1"]),
        (genbank("PUC1") + genbank("PUC2")[:85], ["line 11", "cut short"]),
        (genbank("PUC1") + genbank("PUC2")[:250], ["line 11", "cut short"]),
        (genbank("PUC1")[:-4], ["line 1", "cut short"]),
        (genbank("PUC1")[:-3] + genbank("PUC2"), ["line 1", "cut short"]),
        (genbank("PUC1") + "leftover\n", ["line 11", "'leftover'"]),
        ("leftover\n" + genbank("PUC1"), ["line 1", "'leftover'"]),
        (genbank("PUC1").replace("//\n", "// acgt\n"), ["line 10", "'// acgt'"]),
        (genbank("PUC1") + "//\n", ["line 11", "'//'"]),
        (genbank("PUC1").replace("FEATURES", "features "), ["line 5", "keyword"]),
        (genbank("PUC1").replace("10 bp", "10   "), ["line 1", "no length"]),
        (
            genbank("PUC1").replace("DNA     circular", "circular linear"),
            ["line 1", "both circular and linear"],
        ),
        (genbank("PUC1").split("ORIGIN")[0] + "//\n", ["line 1", "'PUC1.1'", "no sequence"]),
        (genbank("PUC1").split("        1 g")[0] + "//\n", ["line 1", "'PUC1.1'", "no sequence"]),
        (
            genbank("CON1").split("ORIGIN")[0] + "CONTIG      join(U00096.3:1..10)\n//\n",
            ["line 1", "'CON1.1'", "no sequence"],
        ),
        ("LOCUS       . 4 bp\nORIGIN\n        1 acgt\n//\n", ["line 1", "neither"]),
        (f"LOCUS       {'n' * 5000} 4 bp\nORIGIN\n//\n", ["line 1", "no sequence"]),
        ("x" * 5000, ["line 1"]),
    ],
)
def test_damaged_records_are_located(tmp_path, text, parts):
    check_error(write(tmp_path, text), *parts)


@pytest.mark.parametrize(
    ("locus", "topology", "name"),
    [
        ("LOCUS pMine2 20 bp ds-DNA     circular     1-APR-2012", "circular", "pMine2"),
        ("LOCUS       pMine2                    20 bp ds-DNA   linear       01-APR-2012", "linear", "pMine2"),
        ("LOCUS       pMine2  20 bp    DNA   CIRCULAR SYN 01-APR-2012", "circular", "pMine2"),
        ("LOCUS       pMine2  20 bp    DNA   Linear", "linear", "pMine2"),
        ("LOCUS\tpMine2\t20\tbp\tDNA\tcircular\tSYN", "circular", "pMine2"),
        ("LOCUS       pMine2  20 BP    circular DNA  SYN", "circular", "pMine2"),
        ("LOCUS       pMine2  20bp circular", "circular", "pMine2"),
        ("LOCUS       pMine2  20 bp    DNA SYN 01-APR-2012", None, "pMine2"),
        ("LOCUS       pMine2  20 bp", None, "pMine2"),
        ("LOCUS       circular  20 bp  DNA linear", "linear", "circular"),
        ("LOCUS       linear  20 bp  DNA SYN", None, "linear"),
        ("LOCUS       pMine2 circular 20 bp DNA", "circular", "pMine2"),
        ("LOCUS       my 30 bp insert  20 bp DNA circular", "circular", "my 30 bp insert"),
        ("LOCUS       My plasmid  20 bp DNA circular", "circular", "My plasmid"),
        ("LOCUS       NODE_1_length_20_cov_3.820 bp  DNA linear", "linear", "NODE_1_length_20_cov_3.8"),
        ("LOCUS       circularity  20 bp  DNA", None, "circularity"),
        (
            "LOCUS       a_name_that_is_longer_than_its_columns_allow_0123 20 bp DNA circular SYN",
            "circular",
            "a_name_that_is_longer_than_its_columns_allow_0123",
        ),
    ],
)
def test_locus_line_is_read_by_words(tmp_path, locus, topology, name):
    text = f"{locus}\nORIGIN\n        1 acgtacgtac acgtacgtac\n//\n"
    records = read_genbank(write(tmp_path, text))
    assert records.topology == [topology]
    assert records.ids == [name]


@pytest.mark.parametrize(
    ("accession", "version", "expected"),
    [
        (".", ".", "pX"),
        (".", "", "pX"),
        ("", "", "pX"),
        (None, None, "pX"),
        ("-", ".1", "pX"),
        ("<unknown id>", "<unknown id>", "pX"),
        ("unknown", ".", "pX"),
        ("Unknown", None, "pX"),
        ("M77789", ".", "M77789"),
        ("M77789", None, "M77789"),
        ("M77789 L08752", "M77789.2  GI:209211", "M77789.2"),
        (".", "M77789.2", "M77789.2"),
        ("unknown_vector", None, "unknown_vector"),
    ],
)
def test_placeholder_accessions_give_the_locus_name(tmp_path, accession, version, expected):
    text = with_origin("        1 acgt")
    for keyword, words in [("VERSION", version), ("ACCESSION", accession)]:
        if words is not None:
            text = text.replace("ORIGIN", f"{keyword:<12}{words}\nORIGIN")
    assert read_genbank(write(tmp_path, text)).ids == [expected]


@pytest.mark.parametrize("definition", [".", "", "<unknown description>"])
def test_placeholder_definitions_are_empty(tmp_path, definition):
    text = with_origin("        1 acgt").replace("ORIGIN", f"DEFINITION  {definition}\nORIGIN")
    assert read_genbank(write(tmp_path, text)).descriptions == [""]


def test_records_with_placeholder_accessions_have_different_ids(tmp_path):
    text = "".join(
        genbank(name).replace(f"   {name}\n", "   .\n").replace(".1", ".") for name in ("A1", "B2")
    )
    text = re.sub(r"(ACCESSION|VERSION) .*", r"\1   .", text)
    assert read_genbank(write(tmp_path, text)).ids == ["A1", "B2"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("ACGTN", min_size=1, max_size=200),
            st.sampled_from(["circular", "linear"]),
            st.sampled_from(["DNA", "RNA", "mRNA", "ds-DNA"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_records_written_by_biopython_are_read_back(tmp_path_factory, records):
    seqio = pytest.importorskip("Bio.SeqIO")
    from Bio.Seq import Seq
    from Bio.SeqRecord import SeqRecord

    written = [
        SeqRecord(
            Seq(sequence),
            id=f"AB{number:06d}.1",
            name=f"AB{number:06d}",
            description=f"record {number}",
            annotations={"molecule_type": molecule, "topology": topology},
        )
        for number, (sequence, topology, molecule) in enumerate(records)
    ]
    handle = io.StringIO()
    seqio.write(written, handle, "genbank")
    found = read_genbank(write(tmp_path_factory.mktemp("genbank"), handle.getvalue()))
    assert found.data == [sequence for sequence, _, _ in records]
    assert found.topology == [topology for _, topology, _ in records]
    assert found.ids == [record.id for record in written]
    assert found.descriptions == [record.description for record in written]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=3))
def test_changed_byte_of_the_sequence_raises_or_is_a_letter(tmp_path_factory, position, replacement):
    content = bytearray(with_origin("        1 acgtacgtac acgtacgtac", "       21 acgt").encode())
    start = content.index(b"        1")
    end = content.index(b"//")
    position = start + position % (end - start)
    content[position : position + 1] = replacement
    try:
        found = read_genbank(write(tmp_path_factory.mktemp("genbank"), bytes(content)))
    except ValueError:
        return
    # a letter may have become another letter, which no reader can detect
    assert len(found.data[0]) == 24
    assert set(found.data[0]) <= set("ACGTURYSWKMBDHVN")
