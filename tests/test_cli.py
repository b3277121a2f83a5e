"""The command line: tables, options, errors, and the installed command."""

import io
import re
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
        (["groups", "{fasta}", "--max-distance", "1.5"], "--max-distance must be an int in the range [0"),
        (["split", "{fasta}", "--max-distance", "1", "--folds", "1"], "--folds must be an int in the range"),
        (
            ["split", "{fasta}", "--max-distance", "1", "--folds", "3"],
            "--folds 3 is more than the number of groups: 2, with 2, 2 sequences within --max-distance 1; "
            "lower --max-distance or lower --folds.",
        ),
        (
            ["groups", "{fasta}", "--max-distance", "1", "--jobs", "0"],
            "--jobs 0 has no meaning; pass 1 or more, or -1",
        ),
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


def error_of(capsys, *arguments):
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert not re.search(r"\b(X|X_test)\[|\b[a-z]+_[a-z]+\b|\w=", error)
    return error.removeprefix("skseed: error: ").removesuffix("\n")


def test_errors_in_the_data_name_the_record_and_the_option(fasta, capsys):
    genes, proteins = fasta(RELATIVES), fasta({"p": "GATT", "q": "MKLV"}, "proteins.fasta")
    cutoff = ("--max-distance", "1")
    error = error_of(capsys, "groups", proteins, *cutoff, "--alphabet", "dna")
    assert error.startswith(f"record 2 of {proteins} has 'L' at position 2, which is not a letter of the dna")
    assert "; pass --alphabet protein if the sequences are proteins, or remove" in error
    end = (
        "which is not a nucleotide and has no complement; remove or replace it, or leave out --both-strands."
    )
    for command, path in ((("groups",), proteins), (("leakage", genes), proteins)):
        error = error_of(capsys, *command, proteins, *cutoff, "--both-strands")
        assert error == f"record 2 of {path} has 'L' at position 2, {end}"
    empty = fasta({"a": "GATTACA", "b": "", "c": "GATTACC"}, "empty.fasta")
    error = error_of(capsys, "groups", empty, *cutoff)
    assert error == f"{empty}, line 3: the record 'b' has no sequence; remove it, or pass --on-empty skip."
    assert list(table_of(capsys, "groups", empty, *cutoff, "--on-empty", "skip").id) == ["a", "c"]
    twice = fasta({"a": "GATTACA", "a ": "GATTACC"}, "twice.fasta")
    assert error_of(capsys, "groups", twice, *cutoff).endswith("line 1; rename one of the records.")


def test_work_that_exceeds_the_memory_is_an_error_with_the_options(fasta, capsys, monkeypatch):
    # the smallest limit rejects any work
    monkeypatch.setattr("skseed._limits._NEVER_TOO_MUCH", 0)
    monkeypatch.setattr("skseed._limits.available_memory", lambda: 1)
    error = error_of(capsys, "neighbors", fasta(RELATIVES), "--max-distance", "1")
    assert error.startswith("A graph of more than 2 pairs within --max-distance takes 0.0 GiB, but")
    assert error.endswith("; lower --max-distance, or use `skseed groups`, which stores no pairs.")


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_line_that_names_the_options(fasta, capsys):
    chain = ["GATTACA", "GATTACC", "GATTCCC", "GATCCCC", "GACCCCC"]
    path = fasta({str(number): sequence for number, sequence in enumerate(chain)})
    options = ("split", path, "--max-distance", "1", "--folds", "2")
    other = fasta({"c": "CCGCGGGGGGGG", **dict(enumerate(chain))}, "other.fasta")
    assert main([*options[:1], other, *options[2:]]) == 0
    assert capsys.readouterr().err == (
        "skseed: warning: The largest group of sequences within --max-distance 1 has 5 of 6 sequences, more "
        "than a fold; the fold sizes are [5, 1]. Lower --max-distance or set --on-large-group drop for folds "
        "of equal size.\n"
    )
    table = table_of(capsys, *options, "--on-large-group", "drop")
    assert table.fold.isna().tolist() == [False, False, True, False, False]


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
