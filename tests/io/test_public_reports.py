"""Files from public bug reports about other readers, read with ours; each test names its report."""

import gzip
import lzma
from pathlib import Path

import pytest
import zstandard

from skseed.io import read_fasta, read_genbank, read_tree


def write(folder: Path, content: bytes | str) -> Path:
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def genbank(locus: str, sequence: str = "gatcctccat") -> str:
    return f"{locus}\nDEFINITION  .\nACCESSION   .\nORIGIN\n        1 {sequence}\n//\n"


@pytest.mark.parametrize(
    ("locus", "name", "topology"),
    [
        # biopython/biopython#363
        ("LOCUS       NC_014275  10 bp    DNA     circular INV 01-JUL-2010", "NC_014275", "circular"),
        # biopython/biopython#1656
        ("LOCUS       pEH010                    10 bp    DNA     circular", "pEH010", "circular"),
        # biopython/biopython#3481
        (
            "LOCUS       FAM19160-i1-1_scf1 10 bp    DNA     linear   BCT 25-MAY-2020",
            "FAM19160-i1-1_scf1",
            "linear",
        ),
        # antismash/antismash#575
        (
            "LOCUS       1-1_NODE_212_length_1010 bp   DNA    linear       23-MAR-2023",
            "1-1_NODE_212_length_10",
            "linear",
        ),
        # SynBioDex/SBOL-utilities#121
        (
            "LOCUS       BBa_J23101                10 bp    DNA     linear       07-juin-2022",
            "BBa_J23101",
            "linear",
        ),
        # TeselaGen/ve-sequence-parsers-DEPRECATED#154, biopython/biopython#4100
        (
            "LOCUS       ABCDEFGHIJKLMNOPQRSTUVWX 10 bp    DNA\n            circular BCT 28-SEP-2022",
            "ABCDEFGHIJKLMNOPQRSTUVWX",
            "circular",
        ),
        # biopython/biopython#4876
        ("LOCUS       16 10 bp DNA HTG 3-NOV-2024", "16", None),
    ],
)
def test_locus_lines_of_other_programs_are_read(tmp_path, locus, name, topology):
    records = read_genbank(write(tmp_path, genbank(locus)))
    assert records.ids == [name]
    assert records.topology == [topology]
    assert records.data == ["GATCCTCCAT"]


def test_accession_of_geneious_and_feature_over_the_origin_are_read(tmp_path):
    """biopython/biopython#3746 and #2133."""
    text = genbank("LOCUS       pME_B 10 bp DNA circular UNK 22-SEP-2021").replace(
        "ACCESSION   .\n",
        "ACCESSION   urn.local...ef-c2dp9c9\n"
        "FEATURES             Location/Qualifiers\n"
        "     CDS             <8..3\n"
        '                     /label="spans the origin"\n',
    )
    records = read_genbank(write(tmp_path, text))
    assert records.ids == ["urn.local...ef-c2dp9c9"]
    assert records.topology == ["circular"]


def test_record_without_sequence_raises(tmp_path):
    """biopython/biopython#4969: an empty ORIGIN with a stated length of 0."""
    text = "LOCUS       16 0 bp DNA HTG 3-NOV-2024\nORIGIN\n//\n"
    with pytest.raises(ValueError, match=r"file, line 1: the record '16' has no sequence"):
        read_genbank(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "tips"),
    [
        # biopython/biopython#887
        (
            "(('c__Fusobacteria (class); o__Fusobacteriales':0.11021,b:1):2,c:0.04507):0.02429;",
            ["c__Fusobacteria (class); o__Fusobacteriales", "b", "c"],
        ),
        # biopython/biopython#263
        ("[&U] (A, (B, C), (D, E));", ["A", "B", "C", "D", "E"]),
        ("[&R] [&U] [&W3.5] (A,(B,C),(D,E));", ["A", "B", "C", "D", "E"]),
        # scikit-bio/scikit-bio#1305
        ("[100](a:1,b:1);", ["a", "b"]),
        # etetoolkit/ete#415 and #313, dlce-eva/python-newick#50
        ("((a:1,b:1)'100.0:g__Ruminococcus_E':0.05063,c:1);", ["a", "b", "c"]),
        # evolbioinfo/gotree#29
        ("('t:1':0.1,('t2':0.2,'t3':0.3):0.1);", ["t:1", "t2", "t3"]),
        # biopython/biopython#4139
        ("((:1, B:-2):-5, (C,D));", None),
    ],
)
def test_labels_and_comments_of_trees_are_read(text, tips):
    tree = read_tree(text)
    if tips is None:
        with pytest.raises(ValueError, match="tip without a name"):
            _ = tree.tips
    else:
        assert list(tree.tips) == tips


def test_unquoted_label_with_a_blank_raises():
    """biopython/biopython#4134: Bio.Phylo kept the last word as the name."""
    with pytest.raises(ValueError, match="'sapiens' follows another label; quote a name that holds blanks"):
        read_tree("((Homo sapiens:1,b:1):1,c:1);")


def test_several_trees_in_one_file_raise(tmp_path):
    """scikit-bio/scikit-bio#1305: one tree for each partition."""
    with pytest.raises(ValueError, match=r"file: .*follows the semicolon; pass one tree"):
        read_tree(write(tmp_path, "[100](a,b);\n[200](a,b);\n"))


@pytest.mark.parametrize("n_members", [2, 200])
def test_all_members_of_a_gzip_file_are_read(tmp_path, n_members):
    """pysam-developers/pysam#919: 114 of 24,520 entries were read."""
    members = [gzip.compress(f">r{number}\nACGT\n".encode()) for number in range(n_members)]
    assert len(read_fasta(write(tmp_path, b"".join(members))).data) == n_members


def test_truncated_download_raises(tmp_path):
    """OpenGene/fastp#264: a truncated gzip file was processed as if it were complete."""
    whole = gzip.compress(b"".join(b">r%d\nACGTACGT\n" % number for number in range(1000)), mtime=0)
    with pytest.raises(ValueError, match="file: the gzip archive is damaged or cut short"):
        read_fasta(write(tmp_path, whole[: len(whole) // 2]))


def test_empty_last_stream_and_padding_of_xz_are_accepted(tmp_path):
    """gendx/lzma-rs#66 and python/cpython#88300."""
    content = lzma.compress(b">a\nACGT\n") + b"\0" * 4 + lzma.compress(b"")
    assert read_fasta(write(tmp_path, content)).data == ["ACGT"]


@pytest.mark.parametrize("compress", [lzma.compress, zstandard.ZstdCompressor().compress])
def test_data_after_an_archive_raise(tmp_path, compress):
    """python/cpython#133736 and peterjc/backports.lzma#15: invalid data after the archive were ignored."""
    with pytest.raises(ValueError, match="damaged or cut short"):
        read_fasta(write(tmp_path, compress(b">a\nACGT\n") + b"yyy"))


def test_lzma_alone_is_named(tmp_path):
    """python/cpython#92018: the error did not say which format the file has."""
    content = lzma.compress(b">a\nACGT\n", format=lzma.FORMAT_ALONE)
    with pytest.raises(ValueError, match="file is a lzma archive; extract it"):
        read_fasta(write(tmp_path, content))


@pytest.mark.parametrize(
    ("text", "ids", "data"),
    [
        # mdshw5/pyfaidx#141
        (">a\rACGT\rAC\r>b\rGG\r", ["a", "b"], ["ACGTAC", "GG"]),
        # arq5x/bedtools#156
        (">a\nACGT\nAC\n>b\r\nGG\r\nTT\r\n", ["a", "b"], ["ACGTAC", "GGTT"]),
        # bede/deacon#101
        (">a\r\nACGT\r\nACGT", ["a"], ["ACGTACGT"]),
        # torognes/vsearch#66
        (">gi|1| one\x01gi|2| two\nACGT\n", ["gi|1|"], ["ACGT"]),
        # torognes/vsearch#398
        (">Neotyphodium_\u00d7siegelii|KC881085\nACGT\n", ["Neotyphodium_\u00d7siegelii|KC881085"], ["ACGT"]),
        # vanheeringen-lab/gimmemotifs#88
        (">x <unknown description> > more\nACGT\n", ["x"], ["ACGT"]),
        # pierrebarbera/epa-ng#11
        (">D50541       DE 1\t1411\t1411bp\trna\nACGU\n", ["D50541"], ["ACGU"]),
    ],
)
def test_fasta_files_that_other_readers_broke_are_read(tmp_path, text, ids, data):
    records = read_fasta(write(tmp_path, text))
    assert records.ids == ids
    assert records.data == data


def test_descriptions_of_identical_sequences_stay_separated(tmp_path):
    """torognes/vsearch#66: byte 0x01 separates them."""
    records = read_fasta(write(tmp_path, ">gi|1| one\x01gi|2| two\nA\n>b\x01c two\nA\n>d\x01\nA\n"))
    assert records.ids == ["gi|1|", "b", "d"]
    assert records.descriptions == ["one\x01gi|2| two", "c two", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # bioinf/Sibelia#16
        (">a\nACGT\nAC$T\n", "line 3, column 3: '\\$'"),
        # mikolmogorov/Flye#111
        (">a\nACGT>b\nACGT\n", "line 2, column 5: '>' .*insert a line break"),
        # cogent3/cogent3#1582, scikit-bio/scikit-bio#2156
        (">a\nACGTACGTAC ACGTACGTAC\n", "line 2, column 11: ' '"),
        # pycogent/pycogent#7
        (">a\n>>>>40\n", "line 1: the record 'a' has no sequence"),
        # algbio/SBWT#3
        ("ACGT\n", "file, line 1: it starts with 'A'"),
    ],
)
def test_damaged_fasta_files_raise_with_place(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_fasta(write(tmp_path, text))
