"""Counts of k-mers against a plain count."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from skseed.alphabets import Alphabet
from skseed.preprocessing import KmerVectorizer
from skseed.preprocessing import _kmer_vectorizer as module


@given(
    st.lists(st.text("ACGTN", max_size=15), min_size=1, max_size=6),
    st.integers(1, 4),
    st.sampled_from([1, 7, 1 << 22]),
)
@settings(max_examples=80, deadline=None)
def test_equals_a_plain_count_for_any_block(sequences: list[str], k: int, block: int) -> None:
    vectorizer = KmerVectorizer(k=k).fit(sequences)
    names = vectorizer.get_feature_names_out().tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        counts = vectorizer.transform(sequences)
    assert counts.shape == (len(sequences), len(names))
    for row, sequence in zip(counts.toarray(), sequences, strict=True):
        plain = Counter(sequence[i : i + k] for i in range(len(sequence) - k + 1))
        assert row.tolist() == [plain[name] for name in names]


def test_equals_count_vectorizer() -> None:
    sequences = ["GATTACAGATTACA", "CATGATTACATG"]
    vectorizer = KmerVectorizer(k=3)
    counts = vectorizer.fit_transform(sequences)
    other = CountVectorizer(
        analyzer="char", ngram_range=(3, 3), lowercase=False, vocabulary=vectorizer.get_feature_names_out()
    )
    np.testing.assert_array_equal(counts.toarray(), other.fit_transform(sequences).toarray())


def test_form_of_the_result() -> None:
    counts = KmerVectorizer(k=2).fit_transform(["GATTACA", "", "N"])
    assert counts.format == "csr"
    assert counts.dtype == np.int32
    assert counts.sum(axis=1).ravel().tolist() == [[6, 0, 0]]


def test_other_alphabets() -> None:
    assert KmerVectorizer(k=2, alphabet="protein").fit(["MKV"]).transform(["MKV"]).shape == (1, 400)
    own = Alphabet("secondary", symbols="HEC", wildcard="X")
    assert KmerVectorizer(k=1, alphabet=own).fit_transform(["HHEC"]).toarray().tolist() == [[2, 1, 1]]


def test_long_words_stay_sparse() -> None:
    assert KmerVectorizer(k=15).fit_transform(["ACGT" * 10]).nnz == 4


@pytest.mark.parametrize(("k", "alphabet", "largest"), [(16, "dna", 15), (8, "protein", 7)])
def test_words_that_no_matrix_can_index_are_refused(k: int, alphabet: str, largest: int) -> None:
    with pytest.raises(ValueError, match=f"choose k of at most {largest}"):
        KmerVectorizer(k=k, alphabet=alphabet).fit(["ACG"])
    KmerVectorizer(k=largest, alphabet=alphabet).fit_transform(["ACG" * 10])


def test_a_foreign_letter_is_named() -> None:
    with pytest.raises(ValueError, match=r"X\[1\] has '-' at position 2"):
        KmerVectorizer().fit(["ACGT", "AC-GT"])
    with pytest.raises(ValueError, match=r"X\[1\] has '-' at position 2"):
        KmerVectorizer().fit(["ACGT"]).transform(["ACGT", "AC-GT"])
