"""The generators: properties of the generated data, and reproducibility by random_state."""

import re
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from skseed.alphabets import DNA, PROTEIN
from skseed.datasets import make_families, make_plasmids, make_reads
from tests.reference import canonical_kmers

GENOME = DNA.decode(np.random.default_rng(0).integers(4, size=2000))


def clades(tree):
    """Return the set of tips below each node of a Newick tree, and how far each tip is from the root."""
    found = []

    def parse(tokens):
        token = tokens.pop(0)
        depths = {}
        if token == "(":
            while token != ")":
                depths |= parse(tokens)
                token = tokens.pop(0)
            token = tokens.pop(0) if tokens[0] != ";" else ""
        name, _, length = token.partition(":")
        depths = depths or {name: 0.0}
        found.append(set(depths))
        return {tip: depth + float(length or 0) for tip, depth in depths.items()}

    depths = parse(re.findall(r"[(),;]|[^(),;]+", tree))
    return found, depths


def global_state():
    return np.random.get_state()[1].copy()  # noqa: NPY002


def generate(name, seed):
    if name == "families":
        return make_families(20, 4, length=40, return_X_y=False, random_state=seed)
    if name == "plasmids":
        return make_plasmids(
            20, 4, n_publications=2, length=200, both_strands=True, return_X_y=False, random_state=seed
        )
    return make_reads(
        GENOME, n_reads=20, read_length=30, both_strands=True, return_X_y=False, random_state=seed
    )


@pytest.mark.parametrize("name", ["families", "plasmids", "reads"])
def test_random_state_determines_the_data(name):
    before = global_state()
    first, again, other = (generate(name, seed) for seed in (7, 7, 8))
    assert first.keys() == again.keys()
    for key in first:
        np.testing.assert_array_equal(first[key], again[key])
    assert first.data != other.data
    assert generate(name, np.random.RandomState(7)).data == first.data
    np.testing.assert_array_equal(global_state(), before)
    assert generate(name, None).data != generate(name, None).data


@pytest.mark.parametrize("name", ["families", "plasmids", "reads"])
def test_bunch_contents(name):
    bunch = generate(name, 0)
    assert isinstance(bunch.data, list)
    assert bunch.target.dtype == np.int64
    assert bunch.target.shape == (len(bunch.data),)
    assert isinstance(bunch.target_names, list)
    assert len(set(bunch.ids)) == len(bunch.ids) == len(bunch.data)
    if name == "reads":
        assert bunch.target_names == []
    else:
        assert len(bunch.target_names) == bunch.target.max() + 1


def test_tuple_equals_bunch():
    for tuple_, bunch in [
        (make_families(9, 3, random_state=0), make_families(9, 3, return_X_y=False, random_state=0)),
        (make_plasmids(random_state=0), make_plasmids(return_X_y=False, random_state=0)),
        (make_reads(GENOME, random_state=0), make_reads(GENOME, return_X_y=False, random_state=0)),
    ]:
        X, y = tuple_
        assert bunch.data == X
        np.testing.assert_array_equal(y, bunch.target)
        assert y.shape == (len(X),)


@settings(max_examples=25, deadline=None)
@given(
    n_samples=st.integers(2, 40),
    n_families=st.integers(1, 8),
    divergence=st.floats(0, 1),
    family_divergence=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_families_are_clades_of_an_ultrametric_tree(
    n_samples, n_families, divergence, family_divergence, seed
):
    n_families = min(n_families, n_samples)
    families = make_families(
        n_samples,
        n_families,
        length=30,
        divergence=divergence,
        family_divergence=family_divergence,
        return_X_y=False,
        random_state=seed,
    )
    found, depths = clades(families.tree)
    assert set(depths) == set(families.ids)
    assert len(set(families.ids)) == n_samples
    total = family_divergence + (divergence if n_families > 1 else 0)
    np.testing.assert_allclose(list(depths.values()), total, atol=1e-4)
    sizes = Counter(families.target.tolist())
    assert set(sizes) == set(range(n_families))
    assert max(sizes.values()) - min(sizes.values()) <= 1
    for family in range(n_families):
        members = {name for name, label in zip(families.ids, families.target, strict=True) if label == family}
        assert members in found
    # a binary tree
    assert len(found) == 2 * n_samples - 1


def test_distances_between_families_follow_the_tree():
    families = make_families(30, 3, length=1000, indel_share=0, return_X_y=False, random_state=0)
    assert {len(sequence) for sequence in families.data} == {1000}
    within, between = [], []
    for (first, a), (second, b) in combinations(zip(families.data, families.target, strict=True), 2):
        differing = sum(x != y for x, y in zip(first, second, strict=True)) / 1000
        (within if a == b else between).append(differing)
    assert max(within) < 2 * 0.05 * 1.3
    assert min(between) > max(within)
    # two lineages with .35 mutations per position each, some of which hit the same position
    assert 0.3 < max(between) < 0.7


def test_families_without_divergence_are_copies():
    families = make_families(6, 2, divergence=0, family_divergence=0, return_X_y=False, random_state=0)
    assert len(set(families.data)) == 1


def test_families_of_proteins():
    sequences, _ = make_families(4, 2, length=200, alphabet="protein", indel_share=1, random_state=0)
    assert all(PROTEIN.decode(PROTEIN.encode(sequence)) == sequence for sequence in sequences)
    assert set("".join(sequences)) == set(PROTEIN.symbols)
    assert len(set(map(len, sequences))) > 1


def test_plasmids_of_a_publication_are_near_copies():
    plasmids = make_plasmids(
        48, 4, n_publications=3, length=1000, both_strands=True, return_X_y=False, random_state=0
    )
    assert set(plasmids.target) == set(range(4))
    assert Counter(plasmids.groups.tolist()) == dict.fromkeys(range(12), 4)
    # a publication belongs to one laboratory
    assert len(set(zip(plasmids.target.tolist(), plasmids.groups.tolist(), strict=True))) == 12
    sets = [set(canonical_kmers(plasmid, 20, circular=True)) for plasmid in plasmids.data]
    same, lab, other = [], [], []
    for i, j in combinations(range(48), 2):
        shared = len(sets[i] & sets[j]) / min(len(sets[i]), len(sets[j]))
        kind = (
            same
            if plasmids.groups[i] == plasmids.groups[j]
            else lab
            if plasmids.target[i] == plasmids.target[j]
            else other
        )
        kind.append(shared)
    assert min(same) > max(*lab, *other)
    assert np.mean(lab) > np.mean(other) > 0


def test_plasmids_have_random_starts_and_strands():
    X, _ = make_plasmids(
        8, 1, n_publications=1, length=300, mutation_rate=0, both_strands=True, random_state=1
    )
    ring = X[0] + X[0]
    forward = [plasmid in ring for plasmid in X]
    backward = [DNA.reverse_complement(plasmid) in ring for plasmid in X]
    assert np.logical_xor(forward, backward).all()
    assert 0 < sum(backward) < 8
    assert len(set(X)) > 4
    X, _ = make_plasmids(8, 1, n_publications=1, length=300, mutation_rate=0, random_state=1)
    assert all(plasmid in X[0] + X[0] for plasmid in X)


@pytest.mark.parametrize("signature", [0, 0.9])
def test_signature_is_the_fraction_of_lab_specific_parts(signature):
    plasmids = make_plasmids(
        4,
        2,
        n_publications=2,
        length=2000,
        signature=signature,
        mutation_rate=0,
        return_X_y=False,
        random_state=0,
    )
    sets = [set(canonical_kmers(plasmid, 20, circular=True)) for plasmid in plasmids.data]
    by_group = dict(zip(plasmids.groups.tolist(), sets, strict=True))
    shared = len(by_group[0] & by_group[1]) / len(by_group[0])
    foreign = len(by_group[0] & by_group[2]) / len(by_group[0])
    if signature:
        assert shared > 0.5
        assert foreign == 0
    else:
        assert foreign > 0
        assert shared < 0.5


def test_reads_without_errors_are_substrings_of_the_genome():
    reads = make_reads(
        GENOME, depth=5, read_length=100, error_rate=0, both_strands=True, return_X_y=False, random_state=0
    )
    assert len(reads.data) == 100
    assert set(reads.strand) == {1, -1}
    for read, position, strand in zip(reads.data, reads.target, reads.strand, strict=True):
        template = GENOME[position : position + 100]
        assert read == (template if strand == 1 else DNA.reverse_complement(template))


def test_reads_cover_both_ends():
    reads, positions = make_reads("ACGTACGTAC", n_reads=200, read_length=9, error_rate=0, random_state=0)
    assert set(positions) == {0, 1}
    assert set(map(len, reads)) == {9}
    reads, positions = make_reads("ACGTACGTAC", n_reads=2, read_length=10, error_rate=0, random_state=0)
    assert reads == ["ACGTACGTAC"] * 2
    np.testing.assert_array_equal(positions, 0)


def test_error_rate_of_reads_is_as_requested():
    reads, positions = make_reads(GENOME, n_reads=400, read_length=150, error_rate=0.02, random_state=0)
    inner = [(read, start) for read, start in zip(reads, positions, strict=True) if start < 1800]
    assert {len(read) for read, _ in inner} == {150}
    edits = [Levenshtein.distance(read, GENOME[start : start + 150]) for read, start in inner]
    # an indel costs up to two edits, because the read is cut to its length
    assert 0.017 < np.mean(edits) / 150 < 0.026


def test_reads_accept_ambiguous_and_lower_case_letters():
    reads, _ = make_reads("acgtRYNNacgt", n_reads=3, read_length=12, error_rate=0, random_state=0)
    assert reads == ["ACGTNNNNACGT"] * 3


def test_default_number_of_reads_follows_depth():
    assert len(make_reads(GENOME)[0]) == round(20 * 2000 / 150)
    assert len(make_reads(GENOME, depth=0.001)[0]) == 1
    assert len(make_reads(GENOME, depth=1, n_reads=9)[0]) == 9


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (make_families, {"n_samples": 3, "n_families": 4}, "n_families=4 is larger than n_samples=3"),
        (make_families, {"length": 3}, "length"),
        (make_families, {"divergence": 1.5}, "divergence"),
        (make_families, {"alphabet": "klingon"}, "klingon"),
        (make_plasmids, {"n_samples": 3}, r"n_labs \* n_publications = 40"),
        (make_plasmids, {"signature": 1.0}, "signature"),
        (make_reads, {"genome": "ACGT"}, "read_length=150"),
        (make_reads, {"genome": ["ACGT"]}, "genome"),
        (make_reads, {"genome": "ACGT-" * 50}, "position 4"),
        (make_reads, {"genome": GENOME, "n_reads": 0}, "n_reads"),
        (make_reads, {"genome": GENOME, "error_rate": -0.1}, "error_rate"),
    ],
)
def test_invalid_arguments_raise(function, arguments, words):
    with pytest.raises(ValueError, match=words):
        function(**arguments)


@pytest.mark.slow
def test_random_split_leaks_by_publication():
    """The accuracy is high with a random split, and lower with a split that keeps publications whole."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline

    plasmids = make_plasmids(return_X_y=False, random_state=0)
    kmer_counts = HashingVectorizer(
        analyzer="char", ngram_range=(12, 12), lowercase=False, n_features=2**16, binary=True
    )
    model = make_pipeline(kmer_counts, RidgeClassifier())
    random = StratifiedKFold(3, shuffle=True, random_state=0)
    assert cross_val_score(model, plasmids.data, plasmids.target, cv=random).mean() > 0.95
    grouped = StratifiedGroupKFold(3, shuffle=True, random_state=0)
    scores = cross_val_score(model, plasmids.data, plasmids.target, groups=plasmids.groups, cv=grouped)
    assert 0.3 < scores.mean() < 0.9
