"""Readers of local plasmid tables: text stays text, and every error names path and row."""

import bz2
import gzip
import lzma
import re
import time

import numpy as np
import pandas as pd
import pytest
import zstandard

from skseed.datasets import METADATA_COLUMNS, fetch_addgene, fetch_attribution_challenge

SEQUENCES = ["ACGTNACGT", "NA", "GATTACAGATTACA", "TTTT"]


def metadata(dtype=int):
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.integers(2, size=(4, 39)), columns=METADATA_COLUMNS).astype(dtype)


@pytest.fixture
def addgene():
    columns = {
        "sequence_id": [42, 43, 50, 51],
        "sequence": SEQUENCES,
        "label": [7, 3, 7, 7],
        "publication": [1, 2, 3, 3],
        "topology": ["circular", "linear", "circular", "circular"],
        "curator": "nobody",
    }
    return pd.concat([pd.DataFrame(columns), metadata()], axis=1)


def save(table, path):
    table.to_csv(path, index=False)
    return path


def test_metadata_columns_are_those_of_the_challenge():
    assert len(set(METADATA_COLUMNS)) == 39
    assert METADATA_COLUMNS[0] == "bacterial_resistance_ampicillin"
    assert METADATA_COLUMNS[-1] == "species_zebrafish"
    assert list(METADATA_COLUMNS) == sorted(METADATA_COLUMNS)


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.csv.xz"])
def test_addgene_table_is_read(tmp_path, addgene, name):
    path = save(addgene, tmp_path / name)
    plasmids = fetch_addgene(path)
    assert plasmids.data == SEQUENCES
    assert plasmids.ids == ["42", "43", "50", "51"]
    assert plasmids.target.dtype == np.int64
    np.testing.assert_array_equal(plasmids.target, [1, 0, 1, 1])
    assert plasmids.target_names == ["3", "7"]
    assert plasmids.groups.tolist() == ["1", "2", "3", "3"]
    assert plasmids.topology.tolist() == ["circular", "linear", "circular", "circular"]
    assert plasmids.metadata.columns.to_list() == list(METADATA_COLUMNS)
    assert (plasmids.metadata.dtypes == np.int8).all()
    np.testing.assert_array_equal(plasmids.metadata, metadata())
    assert plasmids.frame is None
    X, y = fetch_addgene(str(path), return_X_y=True)
    assert X == SEQUENCES
    np.testing.assert_array_equal(y, plasmids.target)


def test_addgene_is_returned_as_frame(tmp_path, addgene):
    plasmids = fetch_addgene(save(addgene, tmp_path / "x.csv"), as_frame=True)
    assert plasmids.data["50"] == SEQUENCES[2]
    assert plasmids.frame.shape == (4, 43)
    assert plasmids.frame.index.equals(plasmids.metadata.index)
    assert plasmids.groups["51"] == "3"
    X, _ = fetch_addgene(tmp_path / "x.csv", as_frame=True, return_X_y=True)
    pd.testing.assert_series_equal(X, plasmids.data)


@pytest.mark.parametrize(
    "values",
    [
        ["007", "7", "7.0", "07"],
        ["NA", "None", "7", "nan"],
        ["1e3", "1000", "True", "true"],
        ["2012-01-02", "20120102", "-0", "0"],
        ["1_0", "10", "inf", "NULL"],
        ["99999999999999999999", "1e20", "0x10", "16"],
        [" a", "a", "a ", '"a"'],
    ],
)
def test_text_columns_stay_text(tmp_path, addgene, values):
    table = addgene.astype(object)
    for column in ("label", "publication", "sequence_id"):
        table[column] = values
    plasmids = fetch_addgene(save(table, tmp_path / "x.csv"))
    assert np.take(plasmids.target_names, plasmids.target).tolist() == values
    assert plasmids.groups.tolist() == values
    assert plasmids.ids == values
    assert len(plasmids.target_names) == 4


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"drop": ["publication", "species_rat"]}, ["'publication', 'species_rat'"]),
        ({"sequence": None}, ["sequence is missing", "line 3 (row 1)"]),
        ({"sequence": "ACGT,ACGT"}, ["line 3 (row 1)", "'43'", "','", "position 4"]),
        ({"sequence": "ACGT ACGT"}, ["line 3 (row 1)", "' '", "position 4"]),
        ({"sequence": "ACG4T"}, ["line 3 (row 1)", "'4'", "position 3"]),
        ({"sequence": "MKVLA"}, ["line 3 (row 1)", "'L'", "position 3"]),
        ({"sequence": "AC\u00e9"}, ["line 3 (row 1)", "'\u00e9'", "position 2"]),
        ({"sequence": "123"}, ["line 3 (row 1)", "'1'", "position 0"]),
        ({"sequence": "A" * 5000 + "-"}, ["line 3 (row 1)", "'-'", "position 5000"]),
        ({"label": None}, ["label", "row 1"]),
        ({"publication": None}, ["publication", "row 1"]),
        ({"species_fly": 2}, ["species_fly", "2", "row 1"]),
        ({"species_fly": "yes"}, ["species_fly", "'yes'", "row 1"]),
        ({"species_fly": None}, ["species_fly", "row 1"]),
        ({"species_fly": "True"}, ["species_fly", "'True'", "row 1"]),
        ({"species_fly": "0.5"}, ["species_fly", "'0.5'", "row 1"]),
        ({"sequence_id": 42}, ["'42'", "line 3 (row 1)", "line 2"]),
        ({"topology": "round"}, ["line 3 (row 1)", "'43'", "'round'"]),
        ({"topology": None}, ["line 3 (row 1)", "topology is missing"]),
        ({"topology": "r" * 5000}, ["line 3 (row 1)", "'43'"]),
    ],
)
def test_invalid_values_raise_with_row(tmp_path, addgene, change, parts):
    table = addgene.astype(object)
    if "drop" in change:
        table = table.drop(columns=change["drop"])
    else:
        ((column, value),) = change.items()
        table.loc[1, column] = value
    path = save(table, tmp_path / "x.csv")
    with pytest.raises(ValueError, match=r"x\.csv") as info:
        fetch_addgene(path)
    for part in parts:
        assert part in str(info.value)
    assert "\n" not in str(info.value)
    assert len(str(info.value)) < len(str(path)) + 260


def test_absent_file_raises(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        fetch_addgene(tmp_path / "absent.csv")
    with pytest.raises(ValueError, match="path"):
        fetch_addgene(3)


@pytest.mark.slow
def test_real_addgene_table_is_read(shared_data):
    plasmids = fetch_addgene(shared_data / "addgene" / "plasmids.csv.xz")
    assert len(plasmids.data) == 32186
    assert len(plasmids.target_names) == 1037
    assert plasmids.metadata.shape == (32186, 39)
    assert len(set(plasmids.groups)) == 4321


@pytest.fixture
def challenge(tmp_path):
    ids = ["9ZIMC", "00123", "NA", "ZZZZZ"]
    values = pd.concat([pd.DataFrame({"sequence_id": ids, "sequence": SEQUENCES}), metadata(float)], axis=1)
    labels = pd.DataFrame(np.eye(4, 5)[[3, 0, 0, 2]], columns=["LAB0", "LAB1", "LAB2", "LAB3", "LAB4"])
    labels.insert(0, "sequence_id", ids)
    # the two files may have their rows in different orders
    return save(values, tmp_path / "values.csv"), save(labels[::-1], tmp_path / "labels.csv"), labels


def test_challenge_files_are_read(challenge, monkeypatch):
    values, labels, _ = challenge
    monkeypatch.setattr("skseed.datasets._attribution._ROWS_AT_A_TIME", 3)
    plasmids = fetch_attribution_challenge(values, labels)
    assert plasmids.data == SEQUENCES
    assert plasmids.ids == ["9ZIMC", "00123", "NA", "ZZZZZ"]
    assert plasmids.target.dtype == np.int64
    assert plasmids.target.tolist() == [3, 0, 0, 2]
    assert plasmids.target_names == ["LAB0", "LAB1", "LAB2", "LAB3", "LAB4"]
    assert plasmids.groups is None
    assert plasmids.topology is None
    np.testing.assert_array_equal(plasmids.metadata, metadata())
    framed = fetch_attribution_challenge(values, labels, as_frame=True)
    assert framed.target["NA"] == 0
    assert framed.frame.shape == (4, 41)
    X, y = fetch_attribution_challenge(values, labels, return_X_y=True)
    assert X == SEQUENCES
    assert y.tolist() == plasmids.target.tolist()


def test_challenge_is_read_without_labels(challenge):
    values, *_ = challenge
    plasmids = fetch_attribution_challenge(values, as_frame=True)
    assert plasmids.target is None
    assert plasmids.target_names == []
    assert fetch_attribution_challenge(values, return_X_y=True) == (SEQUENCES, None)


def test_invalid_challenge_files_raise(challenge, tmp_path):
    values, labels, table = challenge
    with pytest.raises(ValueError, match=r"labels\.csv lacks the columns 'sequence'"):
        fetch_attribution_challenge(labels)
    with pytest.raises(ValueError, match=r"values\.csv, line 2: the row of '9ZIMC'"):
        fetch_attribution_challenge(values, values)
    for column, value in [
        ("LAB1", 1.0),
        ("LAB3", 0.0),
        ("LAB1", 0.5),
        ("LAB1", None),
        ("LAB1", "x"),
        ("LAB3", "True"),
    ]:
        wrong = table.astype(object)
        wrong.loc[0, column] = value
        with pytest.raises(ValueError, match=r"wrong\.csv, line 2: the row of '9ZIMC'"):
            fetch_attribution_challenge(values, save(wrong, tmp_path / "wrong.csv"))
    with pytest.raises(ValueError, match="no row for the sequence_id 'NA'"):
        fetch_attribution_challenge(values, save(table.drop(2), tmp_path / "wrong.csv"))
    twice = pd.concat([table, table[:1]])
    with pytest.raises(ValueError, match="'9ZIMC' was already used in line 2"):
        fetch_attribution_challenge(values, save(twice, tmp_path / "wrong.csv"))


COMPRESS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}


@pytest.mark.parametrize("kind", COMPRESS)
def test_content_decides_the_compression(challenge, addgene, tmp_path, kind):
    values, labels, _ = challenge
    compressed = []
    for number, path in enumerate((values, labels)):
        compressed.append(tmp_path / f"{number}.csv")
        compressed[-1].write_bytes(COMPRESS[kind](path.read_bytes()))
    assert fetch_attribution_challenge(*compressed).target.tolist() == [3, 0, 0, 2]
    path = tmp_path / "x.txt"
    path.write_bytes(COMPRESS[kind](save(addgene, tmp_path / "x.csv").read_bytes()))
    assert fetch_addgene(path).data == SEQUENCES


@pytest.mark.parametrize("kind", COMPRESS)
def test_cut_archives_raise_with_path(addgene, tmp_path, kind):
    whole = COMPRESS[kind](save(addgene, tmp_path / "x.csv").read_bytes())
    path = tmp_path / "cut.csv"
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"cut\.csv"):
            fetch_addgene(path)


@pytest.mark.parametrize("kind", COMPRESS)
def test_damaged_second_member_raises_with_path(challenge, tmp_path, kind):
    values, labels, _ = challenge
    path = tmp_path / "labels.gz"
    content = labels.read_bytes()
    end = content.index(b"\n", content.index(b"\n") + 1) + 1
    second = COMPRESS[kind](content[end:])
    for damaged in (
        second[: len(second) // 2],
        b"\x00" + second[1:],
        second[:-4] + bytes([second[-4] ^ 16]) + second[-3:],
        b"junk" + second,
    ):
        path.write_bytes(COMPRESS[kind](content[:end]) + damaged)
        with pytest.raises(ValueError, match=r"labels\.gz"):
            fetch_attribution_challenge(values, path)


def lines_of(table, path):
    return save(table, path).read_text().splitlines(keepends=True)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n"])
def test_line_ends_marks_and_blank_lines_are_accepted(addgene, tmp_path, line_end, start):
    lines = lines_of(addgene, tmp_path / "x.csv")
    path = tmp_path / "y.csv"
    path.write_bytes(
        (start + "".join([*lines[:3], " \n\n", *lines[3:], "\n"])).replace("\n", line_end).encode()
    )
    assert fetch_addgene(path).data == SEQUENCES


def test_quoted_fields_are_read(addgene, tmp_path):
    table = addgene.astype(object)
    table.loc[1, "label"] = 'Church, "George" and co.'
    table.loc[2, "curator"] = "a, b"
    plasmids = fetch_addgene(save(table, tmp_path / "x.csv"))
    assert plasmids.target_names[plasmids.target[1]] == 'Church, "George" and co.'
    assert plasmids.data == SEQUENCES


@pytest.mark.parametrize("column", ["sequence_id", "sequence", "label", "topology", "curator", "species_fly"])
@pytest.mark.parametrize("form", ['"{}', '{}"', '"{}"x', 'x"{}"', '{0}"{0}', '"{}""', ' "{}"'])
@pytest.mark.parametrize("other", [None, '"{}', '{}"'])
def test_stray_quotes_raise_at_their_line(addgene, tmp_path, column, form, other):
    """Between two stray quotes, pandas reads all rows as one field."""
    lines = lines_of(addgene, tmp_path / "x.csv")
    place = lines[0].split(",").index(column) if column != "species_fly" else -4
    for number, quotes in ((2, form), (4, other)):
        if quotes is not None:
            fields = lines[number].split(",")
            fields[place] = quotes.format(fields[place])
            lines[number] = ",".join(fields)
    path = tmp_path / "stray.csv"
    path.write_text("".join(lines))
    with pytest.raises(ValueError, match=r"stray\.csv, line 3: a quotation mark is out of place"):
        fetch_addgene(path)


def test_field_with_a_line_break_raises(addgene, tmp_path):
    addgene["curator"] = ["x", "two\nlines", "y", "z"]
    with pytest.raises(ValueError, match=r"x\.csv, line 3: a quotation mark"):
        fetch_addgene(save(addgene, tmp_path / "x.csv"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [*lines[:2], lines[2][:40] + "\n", *lines[3:]], "line 3: the row has .* fields"),
        (lambda lines: [*lines[:2], "1," + lines[2], *lines[3:]], "line 3: the row has 46 fields.*has 45"),
        (lambda lines: [lines[0], *("1," + line for line in lines[1:])], "line 2: the row has 46 fields"),
        (lambda lines: [*lines[:-1], lines[-1][:-40]], "line 5: the row has .* cut short"),
        (lambda lines: lines[:1], "no rows"),
        (lambda lines: [], "no rows"),
        (lambda lines: [lines[0].replace("curator", "label"), *lines[1:]], "columns 'label' more than once"),
        (lambda lines: [*lines[:2], lines[2].replace("NA", "N\0A"), *lines[3:]], "line 3: byte 0x00"),
        (lambda lines: [*lines[:2], "\n", lines[2].replace("NA", "NX"), *lines[3:]], r"line 4 \(row 1\)"),
    ],
)
def test_malformed_tables_raise_with_line(addgene, tmp_path, change, message):
    path = tmp_path / "bad.csv"
    path.write_text("".join(change(lines_of(addgene, tmp_path / "x.csv"))))
    with pytest.raises(ValueError, match=rf"bad\.csv.*{message}|{message}.*bad\.csv"):
        fetch_addgene(path)


def test_text_that_is_not_utf8_raises_with_line(addgene, tmp_path):
    path = save(addgene, tmp_path / "x.csv")
    path.write_bytes(path.read_bytes().replace(b"linear", b"lin\xe9ar"))
    with pytest.raises(ValueError, match=r"x\.csv, line 3, column \d+: byte 0xe9 is not UTF-8"):
        fetch_addgene(path)


def test_other_files_raise_with_path(tmp_path):
    for content in (b">a\nACGT\n", b"\x89PNG\r\n\x1a\n", b"<html>\n</html>\n", b"PK\x03\x04"):
        path = tmp_path / "other.csv"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"other\.csv"):
            fetch_addgene(path)


@pytest.mark.parametrize("field", ['"' + "a" * 10, '""' * 5, '"a""b",' * 2, "ACGT" * 3])
def test_time_of_table_errors_is_linear_in_the_bytes(addgene, tmp_path, field):
    """For 16 times the size, linear time is 16 times as long, and quadratic time 256 times."""
    header = lines_of(addgene, tmp_path / "x.csv")[0]
    path = tmp_path / "long.csv"
    seconds = []
    for repeats in (2_000, 32_000):
        path.write_text(header + field * repeats + "x\n")
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            with pytest.raises(ValueError, match=re.escape(str(path))):
                fetch_addgene(path)
            best = min(best, time.process_time() - start)
        seconds.append(best)
    assert seconds[1] < 100 * max(seconds[0], 0.002)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        # pandas-dev/pandas#22661 and #22140: rows were skipped silently
        ('"error', "line 3: a quotation mark"),
        # pandas-dev/pandas#15910: read as "ab"
        ('"a"b', "line 3: a quotation mark"),
        # pandas-dev/pandas#14459: two readings of one line
        ('"further\nskip"', "line 3: a quotation mark"),
        # pandas-dev/pandas#5500 and #16559
        ("test\x1atest", "line 3: byte 0x1a"),
    ],
)
def test_tables_of_public_reports_raise_with_line(addgene, tmp_path, field, message):
    lines = lines_of(addgene, tmp_path / "x.csv")
    lines[2] = lines[2].replace(",nobody,", f",{field},")
    path = tmp_path / "report.csv"
    path.write_text("".join(lines))
    with pytest.raises(ValueError, match=rf"report\.csv, {message}"):
        fetch_addgene(path)


def test_end_of_file_character_raises_with_line(addgene, tmp_path):
    """pandas-dev/pandas#7340: an additional row of missing values."""
    path = save(addgene, tmp_path / "x.csv")
    path.write_bytes(path.read_bytes() + b"\x1a")
    with pytest.raises(ValueError, match=r"x\.csv, line 6: byte 0x1a does not belong in a table"):
        fetch_addgene(path)
