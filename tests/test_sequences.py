"""Sequences: conversions, equality of codes, strands, rotations and errors, against plain string code."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

# tests a private class, because every public function uses it
from skseed._sequences import Sequences, as_sequence_pair, as_sequences, least_rotation
from skseed.alphabets import DNA, PROTEIN, RNA

dna = st.text("ACGTN", max_size=12)
lists_of_dna = st.lists(dna, min_size=1, max_size=8)
any_text = st.text(st.characters(exclude_categories=[]), max_size=8)


def rotations(sequence: str) -> list[str]:
    return [sequence[i:] + sequence[:i] for i in range(max(1, len(sequence)))]


@given(lists_of_dna)
def test_codes_offsets_and_strings_agree(strings):
    sequences = as_sequences(strings, alphabet="dna")
    assert sequences.to_strings() == strings
    assert_array_equal(sequences.lengths, [len(s) for s in strings])
    for row, string in zip(sequences, strings, strict=True):
        assert_array_equal(row, DNA.encode(string))


@given(st.lists(any_text, min_size=1, max_size=6))
def test_to_strings_restores_exact_text(strings):
    assert as_sequences(strings, alphabet=None).to_strings() == strings


@given(st.lists(st.text("ACGTUNacgtun", max_size=6), min_size=1, max_size=6))
def test_case_and_u_make_no_difference_for_nucleotides(strings):
    normalized = [s.upper().replace("U", "T") for s in strings]
    unique, inverse = as_sequences(strings, alphabet="auto").unique()
    assert [unique.to_strings()[i] for i in inverse] == normalized
    assert len(unique) == len(set(normalized))


def test_u_differs_from_t_in_proteins():
    assert len(as_sequences(["MKUE", "MKTE"], alphabet="auto").unique()[0]) == 2


def test_u_differs_from_t_if_one_sequence_is_no_nucleic_acid():
    left, right = as_sequence_pair(["ACU"], ["MKLE"], alphabet="auto")
    assert left.alphabet == right.alphabet
    assert len(as_sequences(["ACU", "ACT", "MKLE"], alphabet="auto").unique()[0]) == 3


def test_exact_characters_keep_case():
    assert len(as_sequences(["acgt", "ACGT"], alphabet=None).unique()[0]) == 2


def test_ambiguity_letters_are_equal_under_a_named_alphabet_only():
    assert len(as_sequences(["ACR", "ACN"], alphabet="dna").unique()[0]) == 1
    assert len(as_sequences(["ACR", "ACN"], alphabet="auto").unique()[0]) == 2


def test_more_characters_than_a_byte_holds_stay_different():
    text = "".join(chr(0x4E00 + i) for i in range(700)) + "ab\ud7ff\ue000"
    sequences = as_sequences(list(text), alphabet=None)
    assert len(sequences.unique()[0]) == len(text)
    assert len(set(sequences.keys())) == len(text)
    assert sequences.canonical().to_strings() == list(text)


# steps of 13 leave more code points than fit in two bytes
@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_different_code_points_have_different_keys(step):
    text = "".join(map(chr, range(0, 0x110000, step)))
    sequences = as_sequences([text], alphabet=None)
    assert len(set(sequences.keys()[0])) == len(text) > 2**16
    assert sequences.to_strings()[0] == text


@given(lists_of_dna)
def test_reverse_complement_equals_that_of_the_alphabet(strings):
    for alphabet in ("dna", "auto"):
        found = as_sequences(strings, alphabet=alphabet).reverse_complement().to_strings()
        assert found == [DNA.reverse_complement(s) for s in strings]


def test_reverse_complement_of_rna_and_ambiguity_letters():
    assert as_sequences(["ACUR"], alphabet="rna").reverse_complement().to_strings() == ["NAGU"]
    assert as_sequences(["ACGR"], alphabet="auto").reverse_complement().to_strings() == ["YCGT"]
    assert as_sequences(["ACGU", "au"], alphabet=None).reverse_complement().to_strings() == ["ACGU", "au"]


@pytest.mark.parametrize(("strings", "place"), [(["ACG", "AC-G"], r"X\[1\] has '-' at position 2"),
                                                (["MKLE"], r"X\[0\] has 'L' at position 2")])  # fmt: skip
def test_reverse_complement_of_other_characters_raises(strings, place):
    with pytest.raises(ValueError, match=place):
        as_sequences(strings, alphabet="auto").reverse_complement()


def test_long_s_is_not_a_nucleotide():
    # the upper case of U+017F is S, an ambiguity code
    sequences = as_sequences(["ACG", "AC\u017f"], alphabet="auto")
    with pytest.raises(ValueError, match=r"X\[1\] has '\u017f' at position 2"):
        sequences.reverse_complement()


def test_complement_names_the_input_that_holds_the_letter():
    left, right = as_sequence_pair(["ACG"], ["ACG", "AEG"], alphabet="auto", names=("X", "X_test"))
    left.check_complement("X")
    with pytest.raises(ValueError, match=r"X_test\[1\] has 'E' at position 1"):
        right.check_complement("X_test")
    with pytest.raises(ValueError, match="characters without a complement"):
        left.complement()


def test_proteins_have_no_complement():
    with pytest.raises(ValueError, match="no complement"):
        as_sequences(["MKL"], alphabet=PROTEIN).complement()


@given(lists_of_dna, st.integers(-30, 30))
def test_rotation_does_not_change_the_canonical_form(strings, shift):
    sequences = as_sequences(strings, alphabet="dna", topology="circular")
    starts = [shift % max(1, len(string)) for string in strings]
    rotated = as_sequences(
        [string[start:] + string[:start] for string, start in zip(strings, starts, strict=True)],
        alphabet="dna",
        topology="circular",
    )
    assert rotated.canonical().to_strings() == sequences.canonical().to_strings()
    other = rotated.reverse_complement()
    both = sequences.canonical(both_strands=True).to_strings()
    assert other.canonical(both_strands=True).to_strings() == both


@given(st.text("ab", max_size=40) | st.text("abc", max_size=6).map(lambda s: s * 7))
def test_least_rotation_is_the_smallest_rotation(text):
    assert least_rotation(text) == min(rotations(text))
    assert least_rotation(text.encode()) == min(rotations(text)).encode()


@given(lists_of_dna, st.integers(0, 20))
def test_wrapped_continues_with_the_first_symbols(strings, n):
    wrapped = as_sequences(strings, alphabet="dna").wrapped(n).to_strings()
    assert wrapped == [s + (s * (n + 1))[:n] for s in strings]


@given(lists_of_dna, st.integers(0, 15))
def test_padded_cuts_and_fills_rows(strings, length):
    sequences = as_sequences(strings, alphabet="dna")
    rows = sequences.padded(length)
    assert rows.shape == (len(strings), length)
    assert [DNA.decode(row) for row in rows] == [s[:length] for s in strings]
    assert sequences.padded().shape[1] == max(map(len, strings))


@given(lists_of_dna, st.data())
def test_take_slice_and_chunks_keep_the_sequences(strings, data):
    sequences = as_sequences(strings, alphabet="dna")
    indices = data.draw(st.lists(st.integers(0, len(strings) - 1), max_size=6))
    assert sequences.take(indices).to_strings() == [strings[i] for i in indices]
    assert sequences.slice(1, len(strings)).to_strings() == strings[1:]
    ranges = list(sequences.chunks(data.draw(st.integers(1, 20))))
    assert [i for start, stop in ranges for i in range(start, stop)] == list(range(len(strings)))


def test_as_sequences_returns_sequences_unchanged():
    sequences = as_sequences(["ACGT"], alphabet="dna")
    assert as_sequences(sequences, alphabet="protein") is sequences


def test_pickle_keeps_the_sequences():
    sequences = as_sequences(["ACGT", "GG"], alphabet="auto", topology="circular").slice(1, 2)
    loaded = pickle.loads(pickle.dumps(sequences))
    assert isinstance(loaded, Sequences)
    assert (loaded.to_strings(), loaded.topology) == (["GG"], "circular")


@pytest.mark.parametrize("n_before", [0, 3])
def test_foreign_letter_is_named_with_index_and_position(n_before):
    strings = ["ACGT"] * n_before + ["ACé"]
    with pytest.raises(ValueError, match=rf"^X\[{n_before}\] has 'é' at position 2, which is not a letter"):
        as_sequences(strings, alphabet="dna")


def test_protein_given_as_dna_names_the_parameter():
    with pytest.raises(ValueError, match='alphabet="protein"'):
        as_sequences(["MKLVE"], alphabet="dna")


def test_short_sequence_names_the_remedy():
    with pytest.raises(ValueError, match=r"X\[1\] has 1 symbols, but at least 2 are required; lower k\."):
        as_sequences(["ACG", "A"], alphabet="dna", min_length=2, remedy="lower k")


def test_pairs_get_one_alphabet():
    left, right = as_sequence_pair(["acgu"], ["ACGT"], alphabet="auto")
    assert left.keys() == right.keys()
    with pytest.raises(ValueError, match="different alphabets"):
        as_sequence_pair(*(as_sequences(["A"], alphabet=a) for a in (DNA, RNA)), alphabet="auto")
