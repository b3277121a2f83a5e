"""MinimizerVectorizer against plain references for each tie rule, and against published densities."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skseed.alphabets import PROTEIN, Alphabet
from skseed.datasets import load_telomeres
from skseed.preprocessing import KmerVectorizer, MinimizerVectorizer

# the size of the buffers is private; small ones make short sequences cross their bounds
from skseed.preprocessing import _minimizer_vectorizer as module
from tests.reference import kmers, minimizers, random_sequence

TIE_RULES = ["robust", "leftmost", "slot"]
# two letters and short periods, so that most windows have ties
sequences_with_ties = st.lists(
    st.one_of(
        st.text("AC", max_size=60),
        st.text("ACGTN", max_size=60),
        st.builds(lambda unit, n: unit * n, st.text("ACGT", min_size=1, max_size=7), st.integers(0, 12)),
    ),
    min_size=1,
    max_size=5,
)


def circular_buffer_minimizers(kmers, rank, window):
    """Select as the notebook of the paper does: a ring of `window` slots, scanned from its first slot."""
    ring, positions = [None] * window, []
    for i, kmer in enumerate(kmers):
        ring[i % window] = (rank[kmer], i)
        if i >= window - 1:
            pick = min(range(window), key=lambda slot: ring[slot][0])
            if not positions or positions[-1] != ring[pick][1]:
                positions.append(ring[pick][1])
    return positions


def plain_kmers(sequence, k, symbols="ACGT"):
    return [kmer if set(kmer) <= set(symbols) else None for kmer in kmers(sequence, k)]


def splitmix64(value):
    """Return the finalizer of SplitMix64 (Steele, Lea, Flood 2014) of a 64-bit integer."""
    value %= 2**64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def plain_rank(vectorizer):
    """Return the rank of each k-mer in the order of a vectorizer, computed letter by letter."""
    symbols = vectorizer.alphabet_.symbols

    class Rank(dict):
        def __missing__(self, kmer):
            codes = [symbols.index(letter) for letter in kmer]
            if vectorizer.order == "lexicographic":
                return kmer
            if vectorizer.order == "gaussian":
                return -sum(float(vectorizer.filter_[j, code]) for j, code in enumerate(codes))
            code = 0
            for digit in codes:
                code = code * len(symbols) + digit
            return splitmix64(code ^ splitmix64(vectorizer.hash_seed_ + 0x9E3779B97F4A7C15))

    return Rank()


@given(
    sequences=sequences_with_ties,
    k=st.integers(1, 5),
    window=st.integers(1, 9),
    tie_break=st.sampled_from(TIE_RULES),
    order=st.sampled_from(["random", "lexicographic", "gaussian"]),
    size=st.sampled_from([1, 13, 29, 1 << 16]),
)
@settings(max_examples=100, deadline=None)
def test_positions_equal_the_plain_reference_for_any_buffer_size(
    sequences, k, window, tie_break, order, size
):
    vectorizer = MinimizerVectorizer(k, window, order=order, tie_break=tie_break, random_state=0).fit(
        sequences
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BUFFER_SIZE", size)
        positions, found = vectorizer.positions(sequences), vectorizer.kmers(sequences)
    rank = plain_rank(vectorizer)
    expected = [minimizers(plain_kmers(sequence, k), rank, window, tie_break) for sequence in sequences]
    assert [array.tolist() for array in positions] == expected
    assert [array.tolist() for array in found] == [
        sorted({sequence[position : position + k] for position in row})
        for sequence, row in zip(sequences, expected, strict=True)
    ]


@given(sequence=st.text("AC", min_size=1, max_size=80), k=st.integers(1, 4), window=st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_slot_rule_is_that_of_a_circular_buffer(sequence, k, window):
    vectorizer = MinimizerVectorizer(k, window, order="lexicographic", tie_break="slot").fit([sequence])
    if len(sequence) >= k + window - 1:
        expected = circular_buffer_minimizers(plain_kmers(sequence, k), plain_rank(vectorizer), window)
        assert vectorizer.positions([sequence])[0].tolist() == expected


@given(sequence=st.text("ACGT", min_size=30, max_size=200), order=st.sampled_from(["random", "gaussian"]))
@settings(max_examples=50, deadline=None)
def test_every_window_has_a_minimizer_and_shared_windows_share_one(sequence, order):
    k, window = 4, 7
    for tie_break in TIE_RULES:
        vectorizer = MinimizerVectorizer(k, window, order=order, tie_break=tie_break, random_state=1)
        left, right = "ACGTTGCA" + sequence, sequence + "TTAGGG"
        vectorizer.fit([sequence])
        positions = vectorizer.positions([sequence])[0]
        gaps = np.diff(np.concatenate([[-1], positions, [len(sequence) - k + 1]]))
        assert gaps.max() <= window
        one, other = vectorizer.kmers([left, right])
        assert set(one) & set(other)


def test_tie_rules_select_the_same_set_of_kmers():
    telomere = "CCCTAA" * 50 + "CCCCTAA" * 20 + "CCCTAA" * 30
    kmers = [
        MinimizerVectorizer(tie_break=rule, random_state=0).fit([telomere]).kmers([telomere])[0].tolist()
        for rule in TIE_RULES
    ]
    assert kmers[0] == kmers[1] == kmers[2]


def test_density_of_a_homopolymer():
    homopolymer = "A" * 107
    density = {
        rule: MinimizerVectorizer(window=10, tie_break=rule, random_state=0)
        .fit([homopolymer])
        .density([homopolymer])[0]
        for rule in TIE_RULES
    }
    # one in a window; every window's first; one in a window, as the ring comes round
    assert density == {"robust": 0.1, "leftmost": 0.91, "slot": 0.1}


def test_density_of_a_random_order_on_random_dna():
    rng = np.random.default_rng(0)
    sequence = random_sequence(rng, 200_000)
    for rule in TIE_RULES:
        vectorizer = MinimizerVectorizer(k=15, window=19, tie_break=rule, random_state=0).fit([sequence])
        assert_allclose(vectorizer.density([sequence]), [2 / 20], rtol=0.02)


def test_telomere_densities_follow_the_published_ones():
    """Fig. 3 of the paper, slot rule; 10 of its 400 repetitions, which the benchmark runs in full."""
    published = load_telomeres().fig3
    telomeres = load_telomeres().data
    for order, column, mean in (("random", "rand_density", 0.0761), ("gaussian", "gauss_density", 0.0740)):
        densities = np.mean(
            [
                MinimizerVectorizer(order=order, tie_break="slot", random_state=seed)
                .fit([""])
                .density(telomeres)
                for seed in range(10)
            ],
            axis=0,
        )
        assert_allclose(densities.mean(), mean, atol=0.0025)
        assert_allclose(densities, published[column], atol=0.009)


def test_transform_counts_the_positions():
    sequences = ["GATTACAGATTACAGATTACA", "CCCTAACCCTAACCCTAACCC", "GAT"]
    vectorizer = MinimizerVectorizer(k=4, window=5, random_state=0)
    counts = vectorizer.fit_transform(sequences)
    assert isinstance(counts, sparse.csr_array)
    assert counts.shape == (3, 4**4)
    assert counts.dtype == np.int32
    names = vectorizer.get_feature_names_out()
    for row, sequence, positions, selected in zip(
        counts.toarray(), sequences, vectorizer.positions(sequences), vectorizer.kmers(sequences), strict=True
    ):
        picked = [sequence[p : p + 4] for p in positions]
        assert {name: n for name, n in zip(names, row, strict=True) if n} == {
            kmer: picked.count(kmer) for kmer in picked
        }
        assert selected.tolist() == sorted(set(picked))
    assert counts[2].nnz == 0
    sets = MinimizerVectorizer(k=4, window=5, binary=True, random_state=0).fit_transform(sequences)
    assert_array_equal(sets.toarray(), (counts.toarray() > 0).astype(int))


def test_window_of_one_counts_every_kmer():
    sequences = [
        "GATTACAGATTACANACCA",
        "MKVLAA".replace("M", "A").replace("K", "C").replace("V", "G")[:3],
        "",
    ]
    counts = MinimizerVectorizer(k=3, window=1).fit_transform(sequences)
    assert_array_equal(counts.toarray(), KmerVectorizer(k=3).fit_transform(sequences).toarray())


def test_short_sequences():
    sequences = ["", "ACG", "ACGT", "TTACGT", "NNNNNNNNNNNN"]
    vectorizer = MinimizerVectorizer(k=4, window=5, order="lexicographic").fit(sequences)
    assert [p.tolist() for p in vectorizer.positions(sequences)] == [[], [], [0], [2], []]
    assert_array_equal(vectorizer.density(sequences), [np.nan, np.nan, 1, 1 / 3, 0])
    assert vectorizer.transform(["", "ACG"]).nnz == 0
    assert [k.tolist() for k in vectorizer.kmers(["", "ACG"])] == [[], []]


def test_wildcards_are_never_selected():
    sequence = "AAAAANAAAAARTTTT"
    vectorizer = MinimizerVectorizer(k=3, window=4, order="lexicographic", tie_break="leftmost")
    kmers = vectorizer.fit([sequence]).kmers([sequence])[0]
    assert kmers.tolist() == ["AAA", "TTT"]


def test_columns_are_hashed_if_there_are_too_many_kmers():
    rng = np.random.default_rng(0)
    sequences = [random_sequence(rng, 3000) for _ in range(5)]
    vectorizer = MinimizerVectorizer(k=21, window=11, n_features=1000, random_state=0)
    counts = vectorizer.fit_transform(sequences)
    assert counts.shape == (5, 1000)
    assert_array_equal(
        np.asarray(counts.sum(axis=1)).ravel(), [len(p) for p in vectorizer.positions(sequences)]
    )
    names = vectorizer.get_feature_names_out()
    assert names[-1] == "minimizervectorizer999"
    # minimal hashes must not crowd into some of the columns
    assert np.count_nonzero(counts.sum(axis=0)) > 850


def test_proteins_and_user_alphabets():
    spikes = ["MFVFLVLLPLVSSQCVNLTTRTQLPPAYTNSFTRGVYYPDKVFRSSVLHS", "MFIFLLFLTLTSGSDLDRCTTFDDVQAPNYTQHXXX"]
    vectorizer = MinimizerVectorizer(k=14, window=5, alphabet="protein", order="gaussian", random_state=0)
    rank = plain_rank(vectorizer.fit(spikes))
    expected = [minimizers(plain_kmers(s, 14, PROTEIN.symbols), rank, 5, "robust") for s in spikes]
    assert [p.tolist() for p in vectorizer.positions(spikes)] == expected
    secondary = Alphabet("secondary", symbols="HEC", wildcard="X")
    vectorizer = MinimizerVectorizer(k=2, window=3, alphabet=secondary, order="lexicographic").fit(["HHECCC"])
    assert vectorizer.kmers(["HHECCC"])[0].tolist() == ["HH", "HE", "EC"]


def test_callable_order():
    sequences = ["GATTACANGATTACATTTAGGG" * 3, "", "ACGTACGTACGT"]

    def most_g(kmers):
        return -(kmers == 2).sum(axis=1)

    for tie_break in TIE_RULES:
        vectorizer = MinimizerVectorizer(3, 5, order=most_g, tie_break=tie_break).fit(sequences)
        rank = {kmer: -kmer.count("G") for s in sequences for kmer in plain_kmers(s, 3) if kmer}
        expected = [minimizers(plain_kmers(s, 3), rank, 5, tie_break) for s in sequences]
        assert [p.tolist() for p in vectorizer.positions(sequences)] == expected


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda kmers: kmers, "one real number for each k-mer"),
        (lambda kmers: np.zeros(len(kmers)) * 1j, "dtype complex128"),
        (lambda kmers: np.full(len(kmers), np.nan), "NaN"),
    ],
)
def test_invalid_callable_order_raises(function, message):
    vectorizer = MinimizerVectorizer(3, 5, order=function).fit(["ACGT"])
    with pytest.raises(ValueError, match=message):
        vectorizer.transform(["ACGTACGT"])


def test_callable_order_is_not_called_without_kmers():
    vectorizer = MinimizerVectorizer(2, 3, order=lambda kmers: 1 / 0)
    assert vectorizer.fit_transform(["", "A", "NNNNNN"]).nnz == 0


def test_random_state_determines_the_order_and_the_global_generator_is_unused():
    sequences = ["GATTACAGATTACACCCTAACCCTAAGGGTTTACGACGT" * 4]
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for order in ("random", "gaussian"):
        one, same, other = (
            MinimizerVectorizer(order=order, random_state=seed).fit(sequences) for seed in (0, 0, 1)
        )
        assert_array_equal(one.positions(sequences)[0], same.positions(sequences)[0])
        assert one.positions(sequences)[0].tolist() != other.positions(sequences)[0].tolist()
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_refit_with_another_order_deletes_the_attributes_of_the_first():
    vectorizer = MinimizerVectorizer(random_state=0).fit(["ACGT"])
    vectorizer.set_params(order="gaussian").fit(["ACGT"])
    assert not hasattr(vectorizer, "hash_seed_")
    assert vectorizer.filter_.shape == (8, 4)


def test_invalid_input_raises_with_index_and_position():
    vectorizer = MinimizerVectorizer(k=3, window=4)
    with pytest.raises(NotFittedError):
        vectorizer.transform(["ACGT"])
    with pytest.raises(ValueError, match=r"X\[1\] has '-' at position 2"):
        vectorizer.fit(["ACGT", "AC-GT"])
    vectorizer.fit(["ACGT"])
    with pytest.raises(ValueError, match=r"X\[1\] has 'Z' at position 200000"):
        vectorizer.transform(["ACGT", "ACGTA" * 40_000 + "Z"])
    with pytest.raises(ValueError, match=r"X\[0\] has 'Z' at position 1"):
        vectorizer.transform(["AZ"])
    with pytest.raises(ValueError, match="single str"):
        vectorizer.transform("ACGT")
    with pytest.raises(ValueError, match="'tie_break' parameter"):
        MinimizerVectorizer(tie_break="first").fit(["ACGT"])


def test_containers_clone_pickle_and_grid_search():
    rng = np.random.default_rng(0)
    sequences = [random_sequence(rng, 120, p=p) for p in ([0.4, 0.1, 0.1, 0.4], [0.25] * 4) * 10]
    vectorizer = MinimizerVectorizer(k=3, window=5, random_state=0)
    expected = vectorizer.fit_transform(sequences).toarray()
    for X in (tuple(sequences), np.array(sequences), np.array(sequences, dtype=object), pd.Series(sequences)):
        assert_array_equal(clone(vectorizer).fit(X).transform(X).toarray(), expected)
    assert_array_equal(pickle.loads(pickle.dumps(vectorizer)).transform(sequences).toarray(), expected)
    assert_array_equal(vectorizer.transform(sequences[::-1]).toarray(), expected[::-1])
    search = GridSearchCV(
        make_pipeline(vectorizer, LogisticRegression()),
        {"minimizervectorizer__window": [3, 9]},
        cv=2,
    )
    assert search.fit(sequences, [0, 1] * 10).best_score_ > 0.7


@pytest.mark.parametrize("k", [4, 12])
def test_counts_are_accepted_by_scikit_learn(k: int) -> None:
    sequences = ["GATTACAGATTACA" * 4, "CATGACCATGAC" * 4] * 3
    counts = MinimizerVectorizer(k, 5, random_state=0).fit_transform(sequences)
    assert (counts.indices.dtype, counts.indptr.dtype) == (np.int32, np.int32)
    assert LogisticRegression().fit(counts, [0, 1] * 3).score(counts, [0, 1] * 3) == 1
