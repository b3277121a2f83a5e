"""KmerVectorizer against plain counts."""

from itertools import combinations

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
from tests.reference import kmers, reverse_complement

REDUCED_GROUPS = ["DE", "ILMVJ", "NQ", "KR", "ST", "FWY"]


def gapped_kmers(sequence: str, k: int, gaps: int) -> list[str]:
    """Return the letters of every choice of k positions that spans at most k + gaps positions."""
    return [
        "".join(sequence[i] for i in chosen)
        for chosen in combinations(range(len(sequence)), k)
        if chosen[-1] - chosen[0] < k + gaps
    ]


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


@given(
    st.lists(st.text("ACGTN", max_size=12), min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(0, 3),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_gapped_and_canonical_counts_equal_a_plain_count(
    sequences: list[str], k: int, gaps: int, canonical: bool
) -> None:
    vectorizer = KmerVectorizer(k, gaps=gaps, canonical=canonical).fit(sequences)
    names = vectorizer.get_feature_names_out().tolist()
    counts = vectorizer.transform(sequences)
    assert counts.shape == (len(sequences), len(names))
    for row, sequence in zip(counts.toarray(), sequences, strict=True):
        plain = gapped_kmers(sequence, k, gaps)
        if canonical:
            plain = [min(kmer, reverse_complement(kmer)) for kmer in plain]
        assert row.tolist() == [plain.count(name) for name in names]


@given(st.text("ACGTN", max_size=20), st.integers(1, 5), st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_both_strands_have_equal_canonical_counts(sequence: str, k: int, gaps: int) -> None:
    strands = [sequence, reverse_complement(sequence)]
    one, other = KmerVectorizer(k, gaps=gaps, canonical=True).fit_transform(strands).toarray()
    np.testing.assert_array_equal(one, other)


def test_gaps_skip_a_substitution_and_a_wildcard() -> None:
    vectorizer = KmerVectorizer(k=2, gaps=1, alphabet="protein").fit(["MK"])
    names = vectorizer.get_feature_names_out()
    found = [sorted(names[counts.indices]) for counts in (vectorizer.transform([x]) for x in ("MAK", "MXK"))]
    assert found == [["AK", "MA", "MK"], ["MK"]]


def test_reduced_alphabet_counts_similar_residues_together() -> None:
    vectorizer = KmerVectorizer(k=2, alphabet="protein-reduced").fit(["MK"])
    assert len(vectorizer.get_feature_names_out()) == 11**2
    for group in REDUCED_GROUPS:
        counts = vectorizer.transform([f"A{letter}G" for letter in group + group.lower()]).toarray()
        assert (counts == counts[0]).all()
    firsts = ["A", "C", "G", "H", "P", *(group[0] for group in REDUCED_GROUPS)]
    distinct = vectorizer.transform([f"A{letter}" for letter in firsts]).toarray()
    assert len(np.unique(distinct, axis=0)) == 11
    # B is D or N, and Z is E or Q: no group has both
    assert vectorizer.transform(["BZXUO"]).nnz == 0


def test_canonical_needs_complements_and_few_kmers() -> None:
    with pytest.raises(ValueError, match=r"canonical=True needs complements.* set canonical=False"):
        KmerVectorizer(canonical=True, alphabet="protein").fit(["MKV"])
    with pytest.raises(ValueError, match=r"k=13 gives 4\*\*13 k-mers.*; lower k or use MinimizerVectorizer"):
        KmerVectorizer(13, canonical=True).fit(["ACG"])


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
