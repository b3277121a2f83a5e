"""Alphabets: encoding, decoding, complements and errors."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseed.alphabets import DNA, PROTEIN, PROTEIN_REDUCED, RNA, Alphabet, get_alphabet

ALPHABETS = [DNA, RNA, PROTEIN, PROTEIN_REDUCED]
by_name = pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda alphabet: alphabet.name)


def all_letters(alphabet):
    return alphabet.symbols + alphabet.wildcard + alphabet.ambiguities + alphabet.synonyms[::2]


def reference_code(alphabet, letter):
    """Return the code of a letter by a plain search, or None if the letter is foreign."""
    for short, long in zip(alphabet.synonyms[::2], alphabet.synonyms[1::2], strict=True):
        letter = long if letter.upper() == short else letter
    if letter.upper() in alphabet.symbols:
        return alphabet.symbols.index(letter.upper())
    return alphabet.wildcard_code if letter.upper() in alphabet.wildcard + alphabet.ambiguities else None


@by_name
def test_every_ascii_and_latin_letter_has_its_code_or_raises(alphabet):
    for number in range(0x180):
        letter = chr(number)
        expected = reference_code(alphabet, letter) if letter.isascii() else None
        if expected is None:
            with pytest.raises(ValueError, match="position 2"):
                alphabet.encode(alphabet.symbols[:2] + letter)
        else:
            assert alphabet.encode(letter).tolist() == [expected]


@by_name
@settings(max_examples=60)
@given(data=st.data())
def test_decode_inverts_encode(alphabet, data):
    plain = data.draw(st.text(alphabet.symbols + alphabet.wildcard, max_size=50))
    codes = alphabet.encode(plain)
    assert codes.dtype == np.uint8
    assert alphabet.decode(codes) == plain
    assert alphabet.decode(codes.tolist()) == plain
    np.testing.assert_array_equal(alphabet.encode(plain.lower()), codes)
    # each letter is decoded to its symbol or to the wildcard; a second round trip changes nothing
    mixed = data.draw(st.text(all_letters(alphabet) + all_letters(alphabet).lower(), max_size=50))
    once = alphabet.decode(alphabet.encode(mixed))
    assert len(once) == len(mixed)
    assert set(once) <= set(alphabet.symbols + alphabet.wildcard)
    assert alphabet.decode(alphabet.encode(once)) == once


@pytest.mark.parametrize("alphabet", [DNA, RNA], ids=lambda alphabet: alphabet.name)
@settings(max_examples=60)
@given(data=st.data())
def test_reverse_complement_is_an_involution(alphabet, data):
    letters = alphabet.symbols + alphabet.wildcard + alphabet.ambiguities
    sequence = data.draw(st.text(letters + letters.lower(), max_size=50))
    other = alphabet.reverse_complement(sequence)
    assert alphabet.reverse_complement(other) == sequence
    assert other[::-1] == alphabet.complement(sequence)
    assert [letter.islower() for letter in other[::-1]] == [letter.islower() for letter in sequence]


def test_complements_follow_iupac():
    assert DNA.complement("ACGTRYKMBVDHSWNacgtn") == "TGCAYRMKVBHDSWNtgcan"
    assert RNA.complement("ACGURYN") == "UGCAYRN"
    # synonyms have complements too: DNA with the letter U, RNA with the letter T
    assert DNA.complement("U") == "A"
    assert RNA.complement("T") == "A"
    with pytest.raises(ValueError, match="protein alphabet has no complement"):
        PROTEIN.complement("MKV")


def test_known_codes():
    assert DNA.encode("ACGTNacgtnRU").tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 4, 3]
    assert (len(DNA), DNA.wildcard_code, DNA.padding_code) == (4, 4, 5)
    assert (len(PROTEIN), PROTEIN.wildcard_code, PROTEIN.padding_code) == (20, 20, 21)
    assert RNA.encode("ACGUT").tolist() == [0, 1, 2, 3, 3]
    assert DNA.encode("").shape == (0,)
    assert DNA.decode([]) == ""
    assert DNA.decode([0, 5, 1]) == "A"


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        ("AC-GT", "'-' at position 2, .* remove the gaps"),
        ("ACGT*", r"'\*' at position 4, .* remove or replace it"),
        ("AC GT", "' ' at position 2"),
        ("ACGé", "'é' at position 3"),
        ("AC\U0001f9ec", "position 2"),
        ("A\udcffC", "position 1"),
        ("A\xffC", "'ÿ' at position 1"),
        ("AC?", r"'\?' at position 2"),
    ],
)
def test_foreign_letter_raises_with_position_and_remedy(sequence, message):
    with pytest.raises(ValueError, match=message):
        DNA.encode(sequence)


@pytest.mark.parametrize("codes", [[0, 6], [-1], [0, 255], np.array([300])])
def test_foreign_code_raises(codes):
    with pytest.raises(ValueError, match="is not a code of the dna alphabet"):
        DNA.decode(codes)


def test_decode_of_a_matrix_raises():
    with pytest.raises(ValueError, match=r"codes has shape \(2, 3\)"):
        DNA.decode(np.zeros((2, 3), dtype=np.uint8))


def test_messages_quote_at_most_60_characters():
    with pytest.raises(ValueError, match="distinct ASCII") as error:
        Alphabet("odd", symbols="ACGT" * 1000, wildcard="N")
    assert len(str(error.value)) < 120
    with pytest.raises(ValueError, match="There is no alphabet") as error:
        get_alphabet("ACGT" * 1000)
    assert len(str(error.value)) < 150


@pytest.mark.parametrize(
    "arguments",
    [
        {"symbols": "ACCA", "wildcard": "N"},
        {"symbols": "ACN", "wildcard": "N"},
        {"symbols": "AÇ", "wildcard": "N"},
        {"symbols": "AC", "wildcard": "N", "ambiguities": "RA"},
        {"symbols": "AC", "wildcard": "NX"},
        {"symbols": "", "wildcard": "N"},
        {"symbols": "AC", "wildcard": "N", "synonyms": "UTX"},
        {"symbols": "AC", "wildcard": "N", "synonyms": "UT"},
        {"symbols": "AC", "wildcard": "N", "complements": "ACN"},
        {"symbols": "AC", "wildcard": "N", "complements": "AA"},
        {"symbols": "AC", "wildcard": "N", "complements": "AXCG"},
    ],
)
def test_invalid_alphabets_raise(arguments):
    with pytest.raises(ValueError, match=r"alphabet|letters"):
        Alphabet("odd", **arguments)


def test_lower_case_symbols_keep_their_own_code():
    cased = Alphabet("cased", symbols="ACac", wildcard="N")
    assert cased.encode("ACacNn").tolist() == [0, 1, 2, 3, 4, 4]


@by_name
def test_alphabets_are_immutable_and_compare_by_value(alphabet):
    for twin in (pickle.loads(pickle.dumps(alphabet)), copy.deepcopy(alphabet), copy.copy(alphabet)):
        assert twin == alphabet
        assert hash(twin) == hash(alphabet)
        assert twin.encode(alphabet.symbols).tolist() == list(range(len(alphabet)))
    with pytest.raises(AttributeError):
        alphabet.symbols = "AC"


def test_get_alphabet_accepts_names_and_objects():
    assert get_alphabet("dna") is DNA
    assert get_alphabet(PROTEIN) is PROTEIN
    for wrong in ("DNA", "", None, ["dna"]):
        with pytest.raises(ValueError, match=r"'dna', 'protein', 'protein-reduced', 'rna'"):
            get_alphabet(wrong)
