"""KmerVectorizer against plain counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from skseed.alphabets import Alphabet
from skseed.preprocessing import KmerVectorizer

# the size of the chunks is private; small ones make short sequences cross their bounds
from skseed.preprocessing import _kmer_vectorizer as module
from tests.reference import kmers


@given(
    st.lists(st.text("ACGTN", max_size=15), min_size=1, max_size=6),
    st.integers(1, 4),
    st.sampled_from([1, 7, 1 << 22]),
)
@settings(max_examples=80, deadline=None)
def test_equals_a_plain_count_for_any_chunk_size(sequences: list[str], k: int, chunk: int) -> None:
    vectorizer = KmerVectorizer(k=k).fit(sequences)
    names = vectorizer.get_feature_names_out().tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", chunk)
        counts = vectorizer.transform(sequences)
    assert counts.shape == (len(sequences), len(names))
    for row, sequence in zip(counts.toarray(), sequences, strict=True):
        plain = kmers(sequence, k)
        assert row.tolist() == [plain.count(name) for name in names]


def test_equals_count_vectorizer() -> None:
    sequences = ["GATTACAGATTACA", "CATGATTACATG"]
    vectorizer = KmerVectorizer(k=3)
    counts = vectorizer.fit_transform(sequences)
    other = CountVectorizer(
        analyzer="char", ngram_range=(3, 3), lowercase=False, vocabulary=vectorizer.get_feature_names_out()
    )
    np.testing.assert_array_equal(counts.toarray(), other.fit_transform(sequences).toarray())


def test_result_is_a_csr_array_of_int32() -> None:
    counts = KmerVectorizer(k=2).fit_transform(["GATTACA", "", "N"])
    assert isinstance(counts, sparse.csr_array)
    assert counts.dtype == np.int32
    assert counts.sum(axis=1).tolist() == [6, 0, 0]


def test_protein_and_user_alphabets() -> None:
    assert KmerVectorizer(k=2, alphabet="protein").fit(["MKV"]).transform(["MKV"]).shape == (1, 400)
    own = Alphabet("secondary", symbols="HEC", wildcard="X")
    assert KmerVectorizer(k=1, alphabet=own).fit_transform(["HHEC"]).toarray().tolist() == [[2, 1, 1]]


def test_rna_and_lower_case_count_like_dna() -> None:
    counts = KmerVectorizer(k=3).fit_transform(["GATTACA", "gauuaca"]).toarray()
    np.testing.assert_array_equal(counts[0], counts[1])


def test_long_kmers_stay_sparse() -> None:
    assert KmerVectorizer(k=15).fit_transform(["ACGT" * 10]).nnz == 4


@pytest.mark.parametrize(("k", "alphabet", "largest"), [(16, "dna", 15), (8, "protein", 7)])
def test_too_many_columns_raise(k: int, alphabet: str, largest: int) -> None:
    with pytest.raises(ValueError, match=f"choose k of at most {largest}"):
        KmerVectorizer(k=k, alphabet=alphabet).fit(["ACG"])
    KmerVectorizer(k=largest, alphabet=alphabet).fit_transform(["ACG" * 10])


def test_foreign_letter_raises_with_index_and_position() -> None:
    with pytest.raises(ValueError, match=r"X\[1\] has '-' at position 2"):
        KmerVectorizer().fit(["ACGT", "AC-GT"])
    with pytest.raises(ValueError, match=r"X\[1\] has '-' at position 2"):
        KmerVectorizer().fit(["ACGT"]).transform(["ACGT", "AC-GT"])
