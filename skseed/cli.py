"""Split, compare and group the sequences of FASTA files from a shell.

Every command reads FASTA files, calls one public function and writes a table of comma-separated values.
"""

import argparse
import os
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skseed._version import __version__
from skseed.distances import levenshtein_groups, levenshtein_neighbors
from skseed.io import read_fasta
from skseed.model_selection import LevenshteinGroupKFold, leakage_report

# the options that set a parameter of the functions
_OPTIONS = {
    "alphabet": "--alphabet",
    "max_distance": "--max-distance",
    "n_jobs": "--jobs",
    "n_splits": "--folds",
    "on_empty": "--on-empty",
    "on_large_group": "--on-large-group",
}
# phrases of messages that a command line words otherwise; an empty text removes a remedy that has no option
_PHRASES = {
    r"Cannot have number of splits n_splits=(\d+) greater than": r"n_splits=\1 is more than",
    r"The '(\w+)' parameter of \w+": r"\1",
    r"n_jobs == 0 in Parallel has no meaning": "n_jobs=0 has no meaning; pass 1 or more, or -1",
    r"set both_strands=False": "leave out --both-strands",
    r"use levenshtein_groups": "use `skseed groups`",
    r"group inside labels with y, ": "",
    r", or pass on_duplicate='keep'": "",
}


def split(arguments: argparse.Namespace) -> pd.DataFrame:
    """Return the fold of each sequence, so that no fold holds a relative of another fold's sequences."""
    records = _records(arguments, arguments.fasta)
    splitter = LevenshteinGroupKFold(
        n_splits=arguments.folds, on_large_group=arguments.on_large_group, **_distance_options(arguments)
    )
    # a sequence that is left out keeps an empty field
    folds = pd.array([pd.NA] * len(records.data), dtype="Int64")
    for fold, (_, test) in enumerate(splitter.split(records.data)):
        folds[test] = fold
    return pd.DataFrame({"id": records.ids, "fold": folds})


def leakage(arguments: argparse.Namespace) -> pd.DataFrame:
    """Return the nearest training sequence of each test sequence; none is an empty field."""
    train, test = _records(arguments, arguments.train), _records(arguments, arguments.test)
    report = leakage_report(train.data, X_test=test.data, **_distance_options(arguments))
    return pd.DataFrame(
        {
            "test": test.ids,
            "nearest": [train.ids[index] if index >= 0 else None for index in report["nearest"]],
            "edits": report["edits"].astype("Int64"),
            "fraction": report["fraction"],
        }
    )


def groups(arguments: argparse.Namespace) -> pd.DataFrame:
    """Return the group of each sequence; sequences of two groups are farther apart than the cut-off."""
    records = _records(arguments, arguments.fasta)
    labels = levenshtein_groups(records.data, **_distance_options(arguments))
    return pd.DataFrame({"id": records.ids, "group": labels})


def neighbors(arguments: argparse.Namespace) -> pd.DataFrame:
    """Return all pairs of sequences within the cut-off, each in both orders, with their distance in edits."""
    records = _records(arguments, arguments.fasta)
    graph = levenshtein_neighbors(records.data, **_distance_options(arguments)).tocoo()
    ids = np.asarray(records.ids, dtype=object)
    return pd.DataFrame({"id": ids[graph.row], "neighbor": ids[graph.col], "edits": graph.data})


def _records(arguments: argparse.Namespace, path: str) -> Bunch:
    return read_fasta(path, on_empty=arguments.on_empty)


def _distance_options(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "max_distance": arguments.max_distance,
        "alphabet": None if arguments.alphabet == "exact" else arguments.alphabet,
        "topology": "circular" if arguments.circular else "linear",
        "both_strands": arguments.both_strands,
        "n_jobs": arguments.jobs,
        "verbose": arguments.verbose,
    }


def _cutoff(text: str) -> int | float:
    """Read a whole number as edits and any other number as a fraction of the length."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _report(kind: str, message: Warning | Exception | str, arguments: argparse.Namespace) -> None:
    sys.stderr.write(f"skseed: {kind}: {_in_options(str(message), arguments)}\n")


def _in_options(message: str, arguments: argparse.Namespace) -> str:
    """Return a message with the options, files and numbers of records in place of Python names."""
    for pattern, text in _PHRASES.items():
        message = re.sub(pattern, text, message)
    for parameter, option in _OPTIONS.items():
        message = re.sub(rf"\b{parameter}=([\"']?)(\w+(?:\.\w+)*)\1", rf"{option} \2", message)
        if parameter != "alphabet":
            message = re.sub(rf"\b{parameter}\b", option, message)
    files = {"X": arguments.fasta if "fasta" in arguments else arguments.train}
    if "test" in arguments:
        files["X_test"] = arguments.test
    return re.sub(
        rf"\b({'|'.join(files)})\[(\d+)\]",
        lambda item: f"record {int(item[2]) + 1} of {files[item[1]]}",
        message,
    )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--max-distance",
        type=_cutoff,
        required=True,
        metavar="D",
        help="the largest edit distance that counts: edits (a whole number), "
        "or a fraction of the longer sequence (such as 0.1)",
    )
    shared.add_argument(
        "--alphabet",
        choices=["auto", "dna", "rna", "protein", "exact"],
        default="auto",
        help="which letters are equal (default: auto, which ignores case and equates U with T)",
    )
    shared.add_argument("--circular", action="store_true", help="take the least distance over all rotations")
    shared.add_argument("--both-strands", action="store_true", help="compare with the reverse complement too")
    shared.add_argument(
        "--on-empty",
        choices=["raise", "skip"],
        default="raise",
        help="what to do with a record without a sequence (default: raise, which ends with an error)",
    )
    shared.add_argument("--jobs", type=int, metavar="N", help="processes; -1 is one for each processor")
    shared.add_argument(
        "-v", "--verbose", action="store_true", help="print the progress on the standard error stream"
    )
    shared.add_argument("-o", "--output", metavar="CSV", help="the file to write (default: standard output)")

    parser = argparse.ArgumentParser(
        prog="skseed", description="Split, compare and group biological sequences."
    )
    parser.add_argument("--version", action="version", version=f"skseed {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("split", parents=[shared], help="folds without leakage")
    command.description = "Assign sequences to folds. No sequence is within D of a sequence in another fold."
    command.add_argument("fasta", metavar="FASTA")
    command.add_argument("--folds", type=int, default=5, metavar="K", help="the number of folds (default: 5)")
    command.add_argument(
        "--on-large-group",
        choices=["warn", "drop"],
        default="warn",
        help="warn of a group that is larger than a fold (default), or divide it and leave out the sequences "
        "that connect its parts, whose fold is empty",
    )
    command.set_defaults(run=split)

    command = commands.add_parser(
        "leakage", parents=[shared], help="nearest training sequences of a test set"
    )
    command.description = "Find the nearest training sequence within D of each test sequence."
    command.add_argument("train", metavar="TRAIN")
    command.add_argument("test", metavar="TEST")
    command.set_defaults(run=leakage)

    command = commands.add_parser("groups", parents=[shared], help="groups of related sequences")
    command.description = "Join sequences by chains of pairs within D."
    command.add_argument("fasta", metavar="FASTA")
    command.set_defaults(run=groups)

    command = commands.add_parser("neighbors", parents=[shared], help="all pairs of close sequences")
    command.description = "Find all pairs of sequences within D. Each pair is written in both orders."
    command.add_argument("fasta", metavar="FASTA")
    command.set_defaults(run=neighbors)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status: 0, 1 for an error in the data, or 2 for an invalid option."""
    arguments = build_parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: _report("warning", message, arguments)
            table = arguments.run(arguments)
        table.to_csv(arguments.output or sys.stdout, index=False, float_format="%.6g", lineterminator="\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader, such as `head`, has closed the pipe; do not let the interpreter flush into it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError, ImportError, MemoryError) as error:
        _report("error", error, arguments)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
