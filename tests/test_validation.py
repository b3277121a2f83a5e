"""check_sequences: accepted containers, and the index and remedy that each error names."""

import warnings
from collections import deque

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning

# every public function converts its input here, so the accepted containers are tested once
from skseed._validation import check_sequences

SEQUENCES = ["ACGT", "", "GATTACA"]


def containers(sequences):
    """Return the same sequences in every container that is accepted."""
    polars = pytest.importorskip("polars")
    return {
        "list": list(sequences),
        "tuple": tuple(sequences),
        "deque": deque(sequences),
        "object": np.array(sequences, dtype=object),
        "U": np.array(sequences, dtype=str),
        "StringDType": np.array(sequences, dtype=np.dtypes.StringDType()),
        "read-only": np.array(sequences, dtype=object),
        "strided": np.array([item for sequence in sequences for item in (sequence, "X")], dtype=object)[::2],
        "pandas": pd.Series(sequences, index=range(5, 5 + len(sequences))),
        "pandas object": pd.Series(sequences, dtype=object),
        "pandas string": pd.Series(sequences, dtype="string"),
        "pandas category": pd.Series(sequences, dtype="category"),
        "pandas index": pd.Index(sequences),
        "pandas table": pd.DataFrame({"genes": sequences}),
        "polars": polars.Series("genes", sequences),
        "polars table": polars.DataFrame({"genes": sequences}),
    }


@pytest.mark.parametrize("name", sorted(containers(SEQUENCES)))
def test_all_containers_give_the_same_strings(name):
    X = containers(SEQUENCES)[name]
    checked = check_sequences(X)
    assert checked.dtype == object
    assert checked.shape == (3,)
    assert checked.tolist() == SEQUENCES
    assert [type(item) for item in checked] == [str, str, str]
    checked[0] = "changed"
    assert list(check_sequences(X)) == SEQUENCES


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=8))
def test_any_strings_are_kept(sequences):
    assert check_sequences(sequences).tolist() == sequences
    assert check_sequences(pd.Series(sequences, dtype=object)).tolist() == sequences
    assert check_sequences(check_sequences(sequences)).tolist() == sequences


def test_column_is_flattened_with_one_warning():
    column = np.array([SEQUENCES], dtype=object).T
    with pytest.warns(DataConversionWarning, match=r"X is a column.*X\.ravel") as caught:
        assert check_sequences(column).tolist() == SEQUENCES
    assert len(caught) == 1
    # no warning for a table of one column, because ColumnTransformer passes such tables
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_sequences(pd.DataFrame(column))


@pytest.mark.parametrize("missing", [None, np.nan, float("nan"), pd.NA, pd.NaT])
def test_missing_value_is_named(missing):
    for X in (
        ["ACGT", missing],
        np.array(["ACGT", missing], dtype=object),
        pd.Series(["ACGT", missing], dtype=object),
    ):
        with pytest.raises(ValueError, match=r"X\[1\] is missing .* remove the row"):
            check_sequences(X)


def test_missing_value_in_a_typed_column_is_named():
    polars = pytest.importorskip("polars")
    for X in (
        pd.Series(["ACGT", None], dtype="string"),
        pd.Series(["ACGT", None]),
        polars.Series(["ACGT", None]),
    ):
        with pytest.raises(ValueError, match=r"reads\[1\] is missing"):
            check_sequences(X, name="reads")


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (b"ACGT", "bytes.*decode"),
        (np.bytes_(b"A"), "bytes_.*decode"),
        (3, "int"),
        (1.5, "float"),
        (True, "bool"),
        (["ACGT"], "list"),
        (("A", "C"), "tuple"),
        (np.array(["A"]), "ndarray"),
        ({"a": 1}, "dict"),
        (object(), "object"),
    ],
)
def test_item_of_another_type_is_named(item, kind):
    X = ["ACGT", "AC", item]
    with pytest.raises(TypeError, match=rf"X\[2\] is of type {kind}"):
        check_sequences(X)


def test_arrays_of_numbers_or_bytes_raise():
    with pytest.raises(TypeError, match=r"X\[0\] is of type int64"):
        check_sequences(np.arange(3))
    with pytest.raises(TypeError, match=r"X\[0\] is of type bytes"):
        check_sequences(np.array([b"ACGT"]))
    with pytest.raises(ValueError, match=r"X\[0\] is missing"):
        check_sequences(np.full(3, np.nan))


@pytest.mark.parametrize("X", ["ACGT", b"ACGT", np.str_("ACGT")])
def test_single_string_raises(X):
    with pytest.raises(ValueError, match=r"X is a single (str|bytes|str_).*\[X\]"):
        check_sequences(X)


@pytest.mark.parametrize(
    "X",
    [
        None,
        3,
        object(),
        iter(["A"]),
        (letter for letter in "AC"),
        {"A", "C"},
        frozenset("A"),
        {"a": "ACGT"},
        np.array("ACGT"),
    ],
)
def test_objects_that_are_not_array_like_raise(X):
    with pytest.raises(TypeError, match="X must be an"):
        check_sequences(X)


@pytest.mark.parametrize(
    "X",
    [
        [],
        (),
        np.array([]),
        np.array([], dtype=object),
        pd.Series([], dtype=object),
        np.empty((0, 1)),
        pd.DataFrame({"a": []}),
    ],
)
def test_empty_input_raises(X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataConversionWarning)
        with pytest.raises(ValueError, match=r"0 sample\(s\).*minimum of 1 is required: X is empty"):
            check_sequences(X)


@pytest.mark.parametrize(
    "X",
    [
        np.array([["A", "C"]]),
        np.array([["A", "C"], ["G", "T"]], dtype=object),
        np.empty((2, 0), dtype=object),
        np.array([[["A"]]]),
        pd.DataFrame({"a": ["A"], "b": ["C"]}),
    ],
)
def test_several_columns_raise(X):
    with pytest.raises(ValueError, match=r"one column of sequences; got shape \("):
        check_sequences(X)


def test_sequence_shorter_than_min_length_raises():
    with pytest.raises(ValueError, match=r"X\[1\] has 0 symbols, but at least 1 are required"):
        check_sequences(SEQUENCES, min_length=1)
    assert check_sequences(["A"], min_length=1).tolist() == ["A"]


def test_memory_grows_with_the_total_length():
    X = check_sequences(["A"] * 10_000 + ["C" * 1_000_000])
    assert X.nbytes == 8 * 10_001


def test_subclasses_of_str_become_plain_str():
    class Gene(str):
        __slots__ = ()

    (checked,) = check_sequences([Gene("ACGT")])
    assert type(checked) is str


def test_input_is_not_changed():
    X = ["ACGT", "AC"]
    check_sequences(X)[0] = "other"
    assert X == ["ACGT", "AC"]
    array = np.array(X, dtype=object)
    check_sequences(array)[0] = "other"
    assert array.tolist() == X
