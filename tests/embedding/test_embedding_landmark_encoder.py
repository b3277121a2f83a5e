"""LandmarkEncoder, which places sequences by exact distances to training sequences."""

import gzip

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from rapidfuzz.distance import Levenshtein
from scipy.spatial.distance import cdist

from skseed._sequences import as_sequences
from skseed.datasets import make_families
from skseed.distances import levenshtein_distances
from skseed.embedding import EditDistanceEmbedder, LandmarkEncoder


@pytest.fixture(scope="module")
def genes():
    return make_families(120, 6, length=80, random_state=0)[0]


def fitted(genes, n_landmarks=5, seed=0, **params):
    params = {"n_components": 4, "max_epochs": 1, "random_state": seed, **params}
    return EditDistanceEmbedder(encoder=LandmarkEncoder(n_landmarks), **params).fit(genes)


def landmarks_of(embedder):
    return embedder.featurizer_.landmarks.to_strings()


def test_features_are_exact_distances_to_training_sequences(genes):
    embedder = fitted(genes, 7)
    landmarks = landmarks_of(embedder)
    assert len(set(landmarks)) == 7
    assert set(landmarks) <= set(genes)
    reference = [[Levenshtein.distance(gene, landmark) for landmark in landmarks] for gene in genes]
    features = embedder.featurizer_(as_sequences(genes, alphabet=embedder.alphabet_))
    assert_allclose(features * embedder.max_length_, reference, atol=1e-4)


def test_all_sequences_are_landmarks_if_there_are_few(genes):
    assert sorted(landmarks_of(fitted([*genes, *genes], 500))) == sorted(set(genes))


def test_landmarks_depend_on_random_state_and_not_on_the_order_of_sequences(genes):
    assert landmarks_of(fitted(genes, 5)) == landmarks_of(fitted(genes[::-1], 5))
    assert landmarks_of(fitted(genes, 5)) != landmarks_of(fitted(genes, 5, seed=1))


def test_copies_of_one_sequence_have_one_point():
    points = fitted(["GATTACA"] * 5).transform(["GATTACA", "GATTACA", "CCCC"])
    assert_array_equal(points[0], points[1])
    assert np.isfinite(points).all()


@pytest.mark.parametrize("distance", ["manhattan", "cosine", "hyperbolic", "poincare"])
def test_other_geometries_raise_with_the_remedy(genes, distance):
    with pytest.raises(ValueError, match=rf"distance must be 'power', .* got '{distance}'\. Choose"):
        fitted(genes, distance=distance)


@pytest.mark.parametrize("distance", ["power", "euclidean", "squared"])
def test_distances_of_unseen_sequences_have_small_errors(genes, distance):
    embedder = fitted(genes[:80], 60, n_components=32, max_epochs=100, distance=distance)
    # in percent of the length; a constant prediction has 14
    assert -embedder.score(genes[80:]) < 3


def test_few_components_and_landmarks_give_finite_distances(genes):
    for n_components, n_landmarks in ((1, 2), (1, 40), (50, 2)):
        embedder = fitted(genes, n_landmarks, n_components=n_components)
        assert np.isfinite(embedder.pairwise_distances(genes[:20])).all()


def test_components_beyond_half_of_the_landmarks_are_zero(genes):
    for n_landmarks, n_used in ((40, 20), (10, 8)):
        points = fitted(genes, n_landmarks, n_components=30, max_epochs=5).transform(genes)
        assert_array_equal(np.flatnonzero(points.any(axis=0)), np.arange(n_used))


def test_more_components_than_landmarks_do_not_raise_the_error_of_unseen_sequences():
    genes = make_families(120, 40, length=80, random_state=1)[0]
    few, many = (-fitted(genes[:40], 40, n_components=n, max_epochs=50).score(genes[40:]) for n in (20, 128))
    # more than 2 if all components are used
    assert many < 1.3 * few


@pytest.mark.parametrize("lr", [100.0, 1e10])
def test_a_learning_rate_without_finite_points_raises(genes, lr):
    embedder = EditDistanceEmbedder(16, encoder=LandmarkEncoder(60), max_epochs=30, lr=lr, random_state=0)
    with pytest.raises(FloatingPointError, match=r"lower lr \(now 1"):
        embedder.fit(genes)
    assert not hasattr(embedder, "net_")


def test_training_lowers_the_loss_of_the_start(genes):
    losses = fitted(genes, 100, n_components=16, max_epochs=50).net_.history[:, "train_loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_more_landmarks_lower_the_error(genes):
    errors = [-fitted(genes[:80], n, n_components=16, max_epochs=50).score(genes[80:]) for n in (8, 80)]
    assert errors[1] < 0.3 * errors[0]


def test_one_epoch_does_not_spoil_the_start_on_near_copies():
    rng = np.random.default_rng(0)
    clones = ["".join(rng.choice(list("ACGT"), 1500))]
    while len(clones) < 120:
        parent = clones[rng.integers(len(clones))]
        place = rng.integers(1500)
        clones.append(parent[:place] + rng.choice(list("ACGT")) + parent[place + 1 :])
    embedder = fitted(clones[:80], 80, n_components=32)
    true = levenshtein_distances(clones[80:])[np.triu_indices(40, k=1)]
    # a constant prediction has the error of one standard deviation
    assert -embedder.score(clones[80:]) < 0.5 * 100 * true.std() / 1500


def test_a_matrix_as_target_raises(genes):
    embedder = EditDistanceEmbedder(encoder="landmark", target=np.zeros((len(genes), len(genes))))
    with pytest.raises(ValueError, match=r"LandmarkEncoder .* pass the function that computed the matrix"):
        embedder.fit(genes)
    assert not hasattr(embedder, "net_")


def test_a_callable_target_measures_the_landmarks_too(genes):
    def hamming_of_starts(left, right):
        return [[sum(a != b for a, b in zip(x[:50], y[:50], strict=True)) for y in right] for x in left]

    embedder = fitted(genes, 60, n_components=32, max_epochs=50, target=hamming_of_starts)
    # in percent of the length; a constant prediction has more than 10
    assert -embedder.score(genes[:40]) < 1


def test_a_callable_target_that_is_not_symmetric_raises(genes):
    def one_sided(left, right):
        return [[float(x > y) for y in right] for x in left]

    with pytest.raises(ValueError, match="distances must be symmetric"):
        fitted(genes, 20, target=one_sided)


@pytest.mark.slow
def test_16s_reads_are_embedded_better_than_by_networks_and_kmer_counts(shared_data):
    with gzip.open(shared_data / "greengenes" / "v4_150_in_97_tree.fasta.gz", "rt") as file:
        records = file.read().split(">")[1:]
    reads = sorted({"".join(record.split("\n")[1:]) for record in records})
    reads = [read for read in reads if set(read) <= set("ACGT")]
    np.random.default_rng(0).shuffle(reads)
    train, test = reads[:600], reads[600:900]
    embedder = EditDistanceEmbedder(random_state=0).fit(train)
    # a network on the same distances had 2.2, a CNN 3.2
    assert -embedder.score(test) < 1.5
    true = levenshtein_distances(test)
    np.fill_diagonal(true, 1000)

    def found(distances):
        np.fill_diagonal(distances, np.inf)
        nearest = true[np.arange(len(test)), distances.argmin(axis=1)]
        return (nearest == true.min(axis=1)).mean()

    points = embedder.transform(test)
    counts = EditDistanceEmbedder(None, encoder="kmer", max_epochs=1).fit(train).transform(test)
    assert found(cdist(points, points)) > found(cdist(counts, counts, "cityblock"))
