"""Readers of local Addgene and challenge files."""

import gzip

import numpy as np
import pandas as pd
import pytest

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


def test_the_columns_of_the_challenge():
    assert len(set(METADATA_COLUMNS)) == 39
    assert METADATA_COLUMNS[0] == "bacterial_resistance_ampicillin"
    assert METADATA_COLUMNS[-1] == "species_zebrafish"
    assert list(METADATA_COLUMNS) == sorted(METADATA_COLUMNS)


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.csv.xz"])
def test_addgene(tmp_path, addgene, name):
    path = save(addgene, tmp_path / name)
    plasmids = fetch_addgene(path)
    assert plasmids.data == SEQUENCES
    assert plasmids.ids == ["42", "43", "50", "51"]
    np.testing.assert_array_equal(plasmids.target, [7, 3, 7, 7])
    np.testing.assert_array_equal(plasmids.target_names, [3, 7])
    np.testing.assert_array_equal(plasmids.groups, [1, 2, 3, 3])
    assert plasmids.topology.tolist() == ["circular", "linear", "circular", "circular"]
    assert plasmids.metadata.columns.to_list() == list(METADATA_COLUMNS)
    assert (plasmids.metadata.dtypes == np.int8).all()
    np.testing.assert_array_equal(plasmids.metadata, metadata())
    assert plasmids.frame is None
    X, y = fetch_addgene(str(path), return_X_y=True)
    assert X == SEQUENCES
    np.testing.assert_array_equal(y, plasmids.target)


def test_addgene_as_frame(tmp_path, addgene):
    plasmids = fetch_addgene(save(addgene, tmp_path / "x.csv"), as_frame=True)
    assert plasmids.data["50"] == SEQUENCES[2]
    assert plasmids.frame.shape == (4, 43)
    assert plasmids.frame.index.equals(plasmids.metadata.index)
    assert plasmids.groups["51"] == 3
    X, _ = fetch_addgene(tmp_path / "x.csv", as_frame=True, return_X_y=True)
    pd.testing.assert_series_equal(X, plasmids.data)


def test_addgene_labels_may_be_words(tmp_path, addgene):
    addgene["label"] = ["NA", "None", "7", "x"]
    assert fetch_addgene(save(addgene, tmp_path / "x.csv")).target.tolist() == ["NA", "None", "7", "x"]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"drop": ["publication", "species_rat"]}, ["'publication', 'species_rat'"]),
        ({"sequence": None}, ["sequence[1]", "missing"]),
        ({"label": None}, ["label", "row 1"]),
        ({"publication": None}, ["publication", "row 1"]),
        ({"species_fly": 2}, ["species_fly", "2", "row 1"]),
        ({"species_fly": "yes"}, ["species_fly", "'yes'", "row 1"]),
        ({"species_fly": None}, ["species_fly", "row 1"]),
        ({"sequence_id": 42}, ["'42'", "twice"]),
        ({"topology": "round"}, ["'43'", "'round'"]),
    ],
)
def test_addgene_errors(tmp_path, addgene, change, parts):
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


def test_absent_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        fetch_addgene(tmp_path / "absent.csv")
    with pytest.raises(ValueError, match="path"):
        fetch_addgene(3)


def test_real_addgene(shared_data):
    plasmids = fetch_addgene(shared_data / "addgene" / "plasmids.csv.xz")
    assert len(plasmids.data) == 32186
    assert plasmids.target_names.shape == (1037,)
    assert plasmids.metadata.shape == (32186, 39)
    assert len(set(plasmids.groups)) == 4321


@pytest.fixture
def challenge(tmp_path):
    ids = ["9ZIMC", "00123", "NA", "ZZZZZ"]
    values = pd.concat([pd.DataFrame({"sequence_id": ids, "sequence": SEQUENCES}), metadata(float)], axis=1)
    labels = pd.DataFrame(np.eye(4, 5)[[3, 0, 0, 2]], columns=["LAB0", "LAB1", "LAB2", "LAB3", "LAB4"])
    labels.insert(0, "sequence_id", ids)
    # the rows of the two files need not stand in the same order
    return save(values, tmp_path / "values.csv"), save(labels[::-1], tmp_path / "labels.csv"), labels


def test_challenge(challenge, monkeypatch):
    values, labels, _ = challenge
    monkeypatch.setattr("skseed.datasets._attribution._ROWS_AT_A_TIME", 3)
    plasmids = fetch_attribution_challenge(values, labels)
    assert plasmids.data == SEQUENCES
    assert plasmids.ids == ["9ZIMC", "00123", "NA", "ZZZZZ"]
    assert plasmids.target.tolist() == ["LAB3", "LAB0", "LAB0", "LAB2"]
    assert plasmids.target_names.tolist() == ["LAB0", "LAB1", "LAB2", "LAB3", "LAB4"]
    assert plasmids.groups is None
    assert plasmids.topology is None
    np.testing.assert_array_equal(plasmids.metadata, metadata())
    framed = fetch_attribution_challenge(values, labels, as_frame=True)
    assert framed.target["NA"] == "LAB0"
    assert framed.frame.shape == (4, 41)
    X, y = fetch_attribution_challenge(values, labels, return_X_y=True)
    assert X == SEQUENCES
    assert y.tolist() == plasmids.target.tolist()


def test_challenge_without_labels(challenge):
    values, *_ = challenge
    plasmids = fetch_attribution_challenge(values, as_frame=True)
    assert plasmids.target is None
    assert plasmids.target_names is None
    assert fetch_attribution_challenge(values, return_X_y=True) == (SEQUENCES, None)


def test_challenge_errors(challenge, tmp_path):
    values, labels, table = challenge
    with pytest.raises(ValueError, match=r"labels\.csv lacks the columns \['sequence'"):
        fetch_attribution_challenge(labels)
    with pytest.raises(ValueError, match=r"values\.csv: the row of '9ZIMC'"):
        fetch_attribution_challenge(values, values)
    for column, value in [("LAB1", 1.0), ("LAB3", 0.0), ("LAB1", 0.5), ("LAB1", None), ("LAB1", "x")]:
        wrong = table.astype(object)
        wrong.loc[0, column] = value
        with pytest.raises(ValueError, match=r"wrong\.csv: the row of '9ZIMC'"):
            fetch_attribution_challenge(values, save(wrong, tmp_path / "wrong.csv"))
    with pytest.raises(ValueError, match="no row for the sequence_id 'NA'"):
        fetch_attribution_challenge(values, save(table.drop(2), tmp_path / "wrong.csv"))
    twice = pd.concat([table, table[:1]])
    with pytest.raises(ValueError, match="'9ZIMC' stands twice"):
        fetch_attribution_challenge(values, save(twice, tmp_path / "wrong.csv"))


def test_challenge_compressed(challenge, tmp_path):
    values, labels, _ = challenge
    path = tmp_path / "values.csv.gz"
    path.write_bytes(gzip.compress(values.read_bytes()))
    assert fetch_attribution_challenge(path, labels).data == SEQUENCES
