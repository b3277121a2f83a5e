"""The command line: tables, options, errors, and the installed command."""

import io
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from skseed.cli import main
from skseed.distances import levenshtein_groups

RELATIVES = {"a": "GATTACA", "b": "GATTACC", "c": "CCGCGG", "d": "CCGCG"}


@pytest.fixture
def fasta(tmp_path):
    def write(records, name="genes.fasta"):
        path = tmp_path / name
        path.write_text("".join(f">{key}\n{sequence}\n" for key, sequence in records.items()))
        return str(path)

    return write


def table_of(capsys, *arguments, **options):
    assert main(arguments) == 0
    return pd.read_csv(io.StringIO(capsys.readouterr().out), **options)


def test_split_separates_groups(fasta, capsys):
    table = table_of(capsys, "split", fasta(RELATIVES), "--max-distance", "1", "--folds", "2")
    assert list(table.columns) == ["id", "fold"]
    assert list(table.id) == list(RELATIVES)
    fold = dict(zip(table.id, table.fold, strict=True))
    assert fold["a"] == fold["b"] != fold["c"] == fold["d"]


def test_groups_equal_those_of_the_function(fasta, capsys):
    table = table_of(capsys, "groups", fasta(RELATIVES), "--max-distance", "0.2")
    assert list(table.group) == list(levenshtein_groups(list(RELATIVES.values()), 0.2))


def test_a_whole_number_is_edits_and_a_decimal_a_fraction(fasta, capsys):
    path = fasta({"a": "GATTACAGATTACA", "b": "GATTACAGATTAGT"})
    assert len(table_of(capsys, "neighbors", path, "--max-distance", "1")) == 0
    assert len(table_of(capsys, "neighbors", path, "--max-distance", "0.15")) == 2


def test_neighbors_lists_each_pair_in_both_orders(fasta, capsys):
    table = table_of(capsys, "neighbors", fasta(RELATIVES), "--max-distance", "1")
    assert table.values.tolist() == [["a", "b", 1], ["b", "a", 1], ["c", "d", 1], ["d", "c", 1]]


def test_options_of_the_distance_are_passed(fasta, capsys):
    rotated = fasta({"plasmid": "GATTACACCC", "rotated": "ACACCCGATT", "reverse": "GGGTGTAATC"})
    options = ("groups", rotated, "--max-distance", "1")
    assert list(table_of(capsys, *options).group) == [0, 1, 2]
    assert list(table_of(capsys, *options, "--circular").group) == [0, 0, 1]
    assert list(table_of(capsys, *options, "--both-strands").group) == [0, 1, 0]
    case = fasta({"upper": "GATTACA", "lower": "gattaca"})
    assert list(table_of(capsys, "groups", case, "--max-distance", "1").group) == [0, 0]
    assert list(table_of(capsys, "groups", case, "--max-distance", "1", "--alphabet", "exact").group) == [
        0,
        1,
    ]


def test_leakage_leaves_fields_empty_without_a_neighbor(fasta, capsys):
    test = fasta({"near": "GATTACG", "far": "TTTTTTT"}, "test.fasta")
    table = table_of(capsys, "leakage", fasta(RELATIVES), test, "--max-distance", "0.3", dtype=str)
    assert table.iloc[0].tolist() == ["near", "a", "1", "0.142857"]
    assert table.iloc[1].isna().tolist() == [False, True, True, True]


def test_output_is_written_to_a_file(fasta, tmp_path, capsys):
    output = tmp_path / "groups.csv"
    assert main(["groups", fasta(RELATIVES), "--max-distance", "1", "-o", str(output)]) == 0
    assert output.read_text() == "id,group\na,0\nb,0\nc,1\nd,1\n"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["groups", "no_such_file.fasta", "--max-distance", "1"], "no_such_file.fasta"),
        (["groups", "{fasta}", "--max-distance", "1.5"], "max_distance"),
        (["split", "{fasta}", "--max-distance", "1", "--folds", "3"], "groups"),
    ],
)
def test_an_error_in_the_data_is_one_line_without_output(fasta, capsys, arguments, message):
    path = fasta(RELATIVES)
    assert main([argument.format(fasta=path) for argument in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("skseed: error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_an_invalid_option_exits_with_status_2(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["groups", "genes.fasta", "--max-distance", "ten"])
    assert "--max-distance" in capsys.readouterr().err


def test_the_installed_command_calls_main(fasta):
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"skseed": "skseed.cli:main"}
    script = Path(sys.executable).with_name("skseed")
    command = [script] if script.exists() else [sys.executable, "-m", "skseed.cli"]
    done = subprocess.run(
        [*command, "groups", fasta(RELATIVES), "--max-distance", "1"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout == "id,group\na,0\nb,0\nc,1\nd,1\n"
    assert done.stderr == ""
