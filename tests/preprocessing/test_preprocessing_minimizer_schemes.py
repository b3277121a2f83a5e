"""Sampling schemes of MinimizerVectorizer against plain references, guarantees and published densities."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from skseed.alphabets import DNA
from skseed.preprocessing import MinimizerVectorizer

# the size of the buffers is private; small ones make short sequences cross their bounds
from skseed.preprocessing import _minimizer_vectorizer as module
from tests.reference import kmers, minimizers, random_sequence

SCHEMES = ["minimizer", "miniception", "open-closed", "mod", "mod-open-closed", "syncmer"]
SUBMER_SEED = 0x7375626D6572
sequences = st.lists(
    st.one_of(
        st.text("ACGT", max_size=80),
        st.text("AC", max_size=60),
        st.builds(lambda unit, n: unit * n, st.text("ACGT", min_size=1, max_size=7), st.integers(0, 12)),
    ),
    min_size=1,
    max_size=4,
)


def splitmix64(value):
    """Return the finalizer of SplitMix64 (Steele, Lea, Flood 2014) of a 64-bit integer."""
    value %= 2**64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def reverse_complement(kmer):
    return kmer[::-1].translate(str.maketrans("ACGT", "TGCA"))


def rank(kmer, seed):
    """Return the value of a k-mer in a random order, letter by letter."""
    code = sum("ACGT".index(letter) * 4**i for i, letter in enumerate(reversed(kmer)))
    return splitmix64(code ^ splitmix64(seed + 0x9E3779B97F4A7C15))


def smallest_at(kmer, s, seed):
    """Return the offset of the leftmost smallest s-mer of a k-mer."""
    ranks = [rank(smer, seed ^ SUBMER_SEED) for smer in kmers(kmer, s)]
    return ranks.index(min(ranks))


def syncmer_rank(kmer, s, seed, *, prefer_open):
    """Return the class of a k-mer by its smallest s-mer, and its value in a random order."""
    offset, last = smallest_at(kmer, s, seed), len(kmer) - s
    if prefer_open and offset == last // 2:
        return 0, rank(kmer, seed)
    return 1 if offset in (0, last) else 2, rank(kmer, seed)


def imaginary(kmer):
    """Return the imaginary part of the sum of the letters' codes at the roots of unity."""
    values = ["ACGT".index(letter) for letter in kmer]
    sum_ = sum(value * np.exp(2j * np.pi * i / len(kmer)) for i, value in enumerate(values))
    return sum_.round(9)


def decycling_rank(kmer, seed):
    """Return the class of a k-mer by the double decycling sets, and its value in a random order."""
    rotated = kmer[-1] + kmer[:-1]
    here, turned = imaginary(kmer), imaginary(rotated)
    rotations = [kmer[i:] + kmer[:i] for i in range(len(kmer))]
    if (here.imag > 0 and turned.imag <= 0) or (here == 0 and kmer == min(rotations)):
        return 0, rank(kmer, seed)
    return 1 if here.imag < 0 and turned.imag >= 0 else 2, rank(kmer, seed)


def plain_positions(sequence, k, window, scheme, seed, order="random"):
    """Return the positions that a scheme selects, window by window, with the leftmost of equal minima."""
    if len(sequence) < k:
        return []
    r = min(4, k)
    if scheme == "syncmer":
        s = k - window
        return [i for i, kmer in enumerate(kmers(sequence, k)) if smallest_at(kmer, s, seed) in (0, k - s)]
    if scheme in ("mod", "mod-open-closed") and len(sequence) >= k + window - 1:
        t = r + (k - r) % window
        ranks = [
            rank(tmer, seed) if scheme == "mod" else syncmer_rank(tmer, r, seed, prefer_open=True)
            for tmer in kmers(sequence, t)
        ]
        picks = set()
        for start in range(len(sequence) - k - window + 2):
            inside = ranks[start : start + window + k - t]
            picks.add(start + inside.index(min(inside)) % window)
        return sorted(picks)
    smallest = next(s for s in range(1, k + 1) if 4**s >= 2 * (k - s + 1) or s == k)
    order_of = {
        "minimizer": lambda kmer: decycling_rank(kmer, seed) if order != "random" else rank(kmer, seed),
        "miniception": lambda kmer: syncmer_rank(kmer, max(k - window, smallest), seed, prefer_open=False),
        "open-closed": lambda kmer: syncmer_rank(kmer, max(k - window, r), seed, prefer_open=True),
    }.get(scheme, lambda kmer: rank(kmer, seed))
    names = kmers(sequence, k)
    return minimizers(names, {kmer: order_of(kmer) for kmer in names}, window, "leftmost")


@given(
    sequences=sequences,
    k=st.integers(1, 12),
    window=st.integers(1, 9),
    scheme=st.sampled_from([*SCHEMES, "double-decycling"]),
    size=st.sampled_from([1, 29, 1 << 16]),
)
@settings(max_examples=100, deadline=None)
def test_positions_equal_the_plain_reference(sequences, k, window, scheme, size):
    scheme, order = ("minimizer", scheme) if scheme == "double-decycling" else (scheme, "random")
    if scheme == "syncmer":
        k, window = max(k, 2), min(window, max(k, 2) - 1)
    vectorizer = MinimizerVectorizer(
        k, window, scheme=scheme, order=order, tie_break="leftmost", random_state=0
    ).fit(sequences)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BUFFER_SIZE", size)
        positions = vectorizer.positions(sequences)
    seed = vectorizer.hash_seed_
    assert [array.tolist() for array in positions] == [
        plain_positions(sequence, k, window, scheme, seed, order) for sequence in sequences
    ]


@given(
    text=st.one_of(st.text("ACGT", min_size=60, max_size=200), st.text("AC", min_size=60, max_size=99)),
    k=st.sampled_from([3, 8, 13, 40]),
    window=st.integers(1, 12),
    scheme=st.sampled_from(SCHEMES),
    canonical=st.booleans(),
    tie_break=st.sampled_from(["robust", "leftmost", "slot"]),
)
@settings(max_examples=100, deadline=None)
def test_every_window_holds_a_selected_kmer(text, k, window, scheme, canonical, tie_break):
    if scheme == "syncmer":
        window = min(window, k - 1)
    vectorizer = MinimizerVectorizer(
        k, window, scheme=scheme, canonical=canonical, tie_break=tie_break, random_state=3
    ).fit([text])
    positions = vectorizer.positions([text])[0]
    gaps = np.diff(np.concatenate([[-1], positions, [len(text) - k + 1]]))
    assert gaps.min() >= 1
    assert gaps.max() <= window


@given(
    text=st.one_of(st.text("ACGT", min_size=60, max_size=200), st.text("AC", min_size=60, max_size=99)),
    k=st.sampled_from([8, 13, 40]),
    window=st.integers(1, 12),
    scheme=st.sampled_from(SCHEMES),
)
@settings(max_examples=60, deadline=None)
def test_schemes_are_forward(text, k, window, scheme):
    """The selected positions of a prefix stay selected, except those after its last window's choice."""
    if scheme == "syncmer":
        window = min(window, k - 1)
    vectorizer = MinimizerVectorizer(k, window, scheme=scheme, tie_break="leftmost", random_state=1)
    vectorizer.fit([text])
    # the choice of each window, as a sequence of its own
    span = k + window - 1
    windows = [text[i : i + span] for i in range(len(text) - span + 1)]
    if scheme != "syncmer":
        picks = [i + p[0] for i, p in enumerate(vectorizer.positions(windows))]
        assert all(np.diff(picks) >= 0)
        assert sorted(set(picks)) == vectorizer.positions([text])[0].tolist()


@given(
    sequences=st.lists(
        st.one_of(
            st.text("ACGT", max_size=150),
            st.text("AT", max_size=60),
            st.text("ACGTN", max_size=60),
            st.builds(lambda half: half + reverse_complement(half), st.text("ACGT", max_size=40)),
        ),
        min_size=1,
        max_size=4,
    ),
    k=st.sampled_from([1, 4, 7, 8, 15, 33, 40]),
    window=st.integers(1, 10),
    scheme=st.sampled_from([*SCHEMES, "gaussian", "double-decycling", "lexicographic"]),
    tie_break=st.sampled_from(["robust", "leftmost", "slot"]),
    size=st.sampled_from([1, 29, 1 << 16]),
)
@settings(max_examples=80, deadline=None)
def test_canonical_selection_is_the_same_on_both_strands(sequences, k, window, scheme, tie_break, size):
    parameters = {"scheme": scheme} if scheme in SCHEMES else {"order": scheme}
    if scheme == "syncmer":
        k, window = max(k, 2), min(window, max(k, 2) - 1)
    if scheme == "lexicographic":
        k = min(k, 31)
    vectorizer = MinimizerVectorizer(
        k, window, canonical=True, tie_break=tie_break, random_state=0, n_features=5000, **parameters
    )
    others = [DNA.reverse_complement(sequence) for sequence in sequences]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BUFFER_SIZE", size)
        counts, mirrored = vectorizer.fit_transform(sequences), vectorizer.transform(others)
        for one, other in zip(vectorizer.kmers(sequences), vectorizer.kmers(others), strict=True):
            assert one.tolist() == other.tolist()
    if tie_break == "leftmost" or scheme in ("mod", "mod-open-closed", "syncmer"):
        assert_array_equal(counts.toarray(), mirrored.toarray())
    else:
        assert_array_equal(counts.toarray() > 0, mirrored.toarray() > 0)


def test_canonical_columns_are_the_canonical_kmers():
    sequence = random_sequence(np.random.default_rng(0), 300)
    for k in (3, 4):
        vectorizer = MinimizerVectorizer(k, 1, canonical=True)
        counts = vectorizer.fit_transform([sequence]).toarray()[0]
        names = vectorizer.get_feature_names_out()
        assert names.tolist() == sorted(
            {min(m, reverse_complement(m)) for m in map("".join, product("ACGT", repeat=k))}
        )
        plain = [min(kmer, reverse_complement(kmer)) for kmer in kmers(sequence, k)]
        assert counts.tolist() == [plain.count(name) for name in names]


def test_long_kmers_are_named_by_their_letters():
    sequence = random_sequence(np.random.default_rng(1), 400)
    for canonical in (False, True):
        vectorizer = MinimizerVectorizer(45, 20, canonical=canonical, random_state=0).fit([sequence])
        (positions,), (names,) = vectorizer.positions([sequence]), vectorizer.kmers([sequence.lower()])
        selected = {sequence[p : p + 45] for p in positions}
        if canonical:
            selected = {min(kmer, reverse_complement(kmer)) for kmer in selected}
        assert names.tolist() == sorted(selected)
        assert vectorizer.transform([sequence]).sum() == len(positions)


def test_syncmers_do_not_depend_on_their_context():
    rng = np.random.default_rng(2)
    core = random_sequence(rng, 200)
    vectorizer = MinimizerVectorizer(15, 10, scheme="syncmer", random_state=0).fit([core])
    inside = vectorizer.positions([core])[0]
    embedded = vectorizer.positions([random_sequence(rng, 50) + core + random_sequence(rng, 50)])[0] - 50
    assert inside.tolist() == embedded[(embedded >= 0) & (embedded <= len(core) - 15)].tolist()


# Densities of random text of four letters, as published by the authors of the schemes. A published value is
# one draw of an order and a text of 10 million letters, so the standard error is that of two draws.
PUBLISHED = {
    ("random", 8): {8: 0.2222, 16: 0.2222, 32: 0.2222, 64: 0.2222},
    ("random", 24): {8: 0.0800, 16: 0.0800, 32: 0.0800, 64: 0.0800},
    ("miniception", 8): {8: 0.2024, 16: 0.1918, 32: 0.1916, 64: 0.1915},
    ("miniception", 24): {8: 0.0771, 16: 0.0741, 32: 0.0675, 64: 0.0673},
    ("double-decycling", 8): {16: 0.1976, 32: 0.2205, 64: 0.2221},
    ("double-decycling", 24): {16: 0.0645, 32: 0.0658, 64: 0.0770},
    ("mod", 8): {8: 0.2224, 16: 0.1766, 32: 0.1516, 64: 0.1385},
    ("mod", 24): {8: 0.0801, 16: 0.0800, 32: 0.0613, 64: 0.0547},
    ("open-closed", 8): {63: 0.1811},
    ("mod-open-closed", 8): {63: 0.1380},
}


def draws(scheme, k, window, *, length, n_draws):
    """Return the density of one random order on each of several random texts."""
    rng = np.random.default_rng(k * 100 + window)
    parameters = {"order": scheme} if scheme == "double-decycling" else {"scheme": scheme}
    if scheme == "random":
        parameters = {}
    return [
        MinimizerVectorizer(k, window, tie_break="leftmost", random_state=seed, **parameters)
        .fit([""])
        .density([random_sequence(rng, length)])[0]
        for seed in range(n_draws)
    ]


def check_published(length, n_draws, tolerance):
    for (scheme, window), row in PUBLISHED.items():
        for k, published in row.items():
            found = draws(scheme, k, window, length=length, n_draws=n_draws)
            error = np.std(found, ddof=1) * np.sqrt(1 + 1 / n_draws)
            assert abs(np.mean(found) - published) < min(3 * error + 0.00005, tolerance), (scheme, window, k)


def test_densities_are_the_published_ones():
    check_published(length=10_000, n_draws=8, tolerance=0.004)


@pytest.mark.slow
def test_densities_are_the_published_ones_on_long_texts():
    check_published(length=500_000, n_draws=8, tolerance=0.003)


def test_exact_decycling_sets_are_below_the_published_density():
    """The published programs classify border k-mers by rounding; at k = 8 they select .1822 and .0721."""
    for window, low, high in ((8, 0.178, 0.1815), (24, 0.0705, 0.0725)):
        found = np.mean(draws("double-decycling", 8, window, length=60_000, n_draws=4))
        assert low < found < high


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"canonical": True, "alphabet": "protein"}, "canonical=True requires an alphabet of nucleotides"),
        ({"scheme": "mod", "order": "gaussian"}, "scheme='mod' requires order='random'"),
        ({"scheme": "syncmer", "k": 8, "window": 8}, "requires a window below k=8, but window=8"),
        ({"k": 32, "order": "lexicographic"}, "k=32 is too large for order='lexicographic'"),
        ({"k": 32, "order": lambda kmers: kmers[:, 0]}, "k=32 is too large for a callable order"),
    ],
)
def test_parameters_that_do_not_fit_together_raise(parameters, message):
    vectorizer = MinimizerVectorizer(**parameters)
    with pytest.raises(ValueError, match=message):
        vectorizer.fit(["ACGT"])
    with pytest.raises(NotFittedError):
        vectorizer.transform(["ACGT"])
