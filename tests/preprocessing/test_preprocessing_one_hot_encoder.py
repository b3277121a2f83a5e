"""One-hot rows: their layout, their inverse, foreign letters and cut sequences."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

# the size of the blocks is private; a small one makes short sequences cross its bounds
from skseed import _one_hot as module
from skseed.alphabets import DNA, PROTEIN, RNA, Alphabet
from skseed.preprocessing import OneHotEncoder

ALPHABETS = [DNA, RNA, PROTEIN]


@st.composite
def alphabets_and_sequences(draw: st.DrawFn) -> tuple[Alphabet, list[str]]:
    alphabet = draw(st.sampled_from(ALPHABETS))
    letters = alphabet.symbols + alphabet.wildcard
    return alphabet, draw(st.lists(st.text(letters, max_size=12), min_size=1, max_size=6))


def slow_one_hot(sequence: str, alphabet: Alphabet, length: int) -> list[float]:
    row = []
    for position in range(length):
        for symbol in alphabet.symbols:
            letter = sequence[position] if position < len(sequence) else None
            if letter == alphabet.wildcard:
                row.append(1 / len(alphabet.symbols))
            else:
                row.append(float(letter == symbol))
    return row


@given(alphabets_and_sequences())
@settings(max_examples=60, deadline=None)
def test_equals_the_plain_definition_and_inverts(case: tuple[Alphabet, list[str]]) -> None:
    alphabet, sequences = case
    encoder = OneHotEncoder(alphabet).fit(sequences)
    rows = encoder.transform(sequences)
    slow = [slow_one_hot(sequence, alphabet, encoder.max_length_) for sequence in sequences]
    np.testing.assert_allclose(rows, slow, rtol=1e-6)
    np.testing.assert_allclose(rows.sum(axis=1), [len(s) for s in sequences], rtol=1e-5)
    assert encoder.inverse_transform(rows).tolist() == sequences


def test_columns_of_a_position_are_adjacent() -> None:
    encoder = OneHotEncoder("dna").fit(["GA"])
    assert encoder.get_feature_names_out().tolist() == [f"{i}_{a}" for i in (0, 1) for a in "ACGT"]
    rows = encoder.transform(["GA"])
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 0, 1, 0, 1, 0, 0, 0]]


@pytest.mark.parametrize("letter", "NRYSWKMBDHVn")
def test_ambiguity_letter_is_uniform_and_inverts_to_the_wildcard(letter: str) -> None:
    encoder = OneHotEncoder().fit(["A" + letter])
    rows = encoder.transform(["A" + letter])
    assert rows[0, 4:].tolist() == [0.25] * 4
    assert encoder.inverse_transform(rows).tolist() == ["AN"]


def test_lower_case_and_uracil_equal_upper_case_and_thymine() -> None:
    encoder = OneHotEncoder().fit(["GATTACA"])
    np.testing.assert_array_equal(encoder.transform(["gauuaca"]), encoder.transform(["GATTACA"]))


def test_length_found_in_fit_cuts_with_one_warning() -> None:
    encoder = OneHotEncoder().fit(["ACG", "A"])
    with pytest.warns(UserWarning, match=r"2 of 4 .* longer than the 3 symbols .* X\[1\] with 5") as caught:
        rows = encoder.transform(["ACG", "ACGTA", "A", "ACGT"])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert encoder.inverse_transform(rows).tolist() == ["ACG", "ACG", "A", "ACG"]


def test_slightly_longer_sequences_do_not_warn() -> None:
    encoder = OneHotEncoder().fit(["ACGT" * 50])
    rows = encoder.transform(["ACGT" * 50] * 9 + ["ACGT" * 50 + "A"])
    assert rows.shape == (10, 800)


def test_given_length_cuts_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder = OneHotEncoder(max_length=3).fit(["A"])
        assert encoder.inverse_transform(encoder.transform(["ACGTA", ""])).tolist() == ["ACG", ""]


def test_empty_sequence_is_a_row_of_zeros() -> None:
    assert not OneHotEncoder().fit_transform(["", "ACG"])[0].any()
    assert OneHotEncoder().fit_transform([""]).shape == (1, 4)


@pytest.mark.parametrize(("sequence", "position"), [("AC-GT", 2), ("ACGTX", 4), ("*", 0), ("AÄ", 1)])
def test_foreign_letter_raises_with_index_and_position(sequence: str, position: int) -> None:
    with pytest.raises(ValueError, match=rf"X\[1\] has .* at position {position}, "):
        OneHotEncoder(max_length=2).fit(["ACGT", sequence])
    encoder = OneHotEncoder(max_length=2).fit(["ACGT"])
    with pytest.raises(ValueError, match=rf"X\[1\] has .* at position {position}, "):
        encoder.transform(["ACGT", sequence])


@pytest.mark.parametrize(
    ("cell", "match"),
    [
        ([1, 1, 0, 0], r"X\[1, 4:8\] is \(1, 1, 0, 0\), which is not one-hot"),
        ([2, 0, 0, 0], "is not one-hot"),
        ([0.5, 0.5, 0, 0], r"\(0.5, 0.5, 0, 0\), which is not one-hot"),
        ([1, 0, 0, -1], "is not one-hot"),
    ],
)
def test_rows_that_are_not_one_hot_raise(cell: list[float], match: str) -> None:
    encoder = OneHotEncoder()
    rows = encoder.fit_transform(["ACG", "ACG"])
    rows[1, 4:8] = cell
    with pytest.raises(ValueError, match=match):
        encoder.inverse_transform(rows)


def test_symbol_after_the_end_raises() -> None:
    encoder = OneHotEncoder()
    rows = encoder.fit_transform(["ACG"])
    rows[0, 4:8] = 0
    with pytest.raises(ValueError, match=r"X\[0, 8:12\] is .*, which follows the end"):
        encoder.inverse_transform(rows)


def test_rows_of_another_width_raise() -> None:
    with pytest.raises(ValueError, match="X has 8 features, but OneHotEncoder returns 12"):
        OneHotEncoder(max_length=3).fit(["ACG"]).inverse_transform(np.zeros((2, 8)))
    with pytest.raises(ValueError, match="4 columns for each position"):
        module.codes_from_one_hot(np.zeros((2, 6)), DNA)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_rows_invert_in_blocks_and_from_any_dtype(monkeypatch: pytest.MonkeyPatch, dtype: type) -> None:
    monkeypatch.setattr(module, "_BLOCK", 30)
    sequences = ["ACG", "", "TTTAC", "G", "CCCCC"]
    encoder = OneHotEncoder()
    rows = encoder.fit_transform(sequences)
    assert encoder.inverse_transform(rows.astype(dtype)).tolist() == sequences
    rows[4, 0] = 3
    with pytest.raises(ValueError, match=r"X\[4, 0:4\]"):
        encoder.inverse_transform(rows)
