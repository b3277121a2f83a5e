"""LandmarkEncoder, which reads exact distances to training sequences."""

import gzip

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from rapidfuzz.distance import Levenshtein

from skseed.datasets import make_families
from skseed.embedding import EditDistanceEmbedder, LandmarkEncoder


@pytest.fixture(scope="module")
def genes():
    return make_families(120, 6, length=80, random_state=0)[0]


def fitted(genes, n_landmarks, seed=0):
    encoder = LandmarkEncoder(n_landmarks, width=8)
    return EditDistanceEmbedder(4, encoder=encoder, max_epochs=1, random_state=seed).fit(genes)


def landmarks_of(embedder):
    return embedder.featurizer_.landmarks.to_strings()


def test_features_are_exact_distances_to_training_sequences(genes):
    embedder = fitted(genes, 7)
    landmarks = landmarks_of(embedder)
    assert len(set(landmarks)) == 7
    assert set(landmarks) <= set(genes)
    embedder.net_.module_.encoder = RecordInput()
    embedder.transform(genes)
    reference = [[Levenshtein.distance(gene, landmark) for landmark in landmarks] for gene in genes]
    assert_allclose(embedder.net_.module_.encoder.last * embedder.max_length_, reference, rtol=1e-6)


class RecordInput(torch.nn.Module):
    """Return the input, and keep it."""

    def forward(self, features):
        self.last = features
        return features


def test_all_sequences_are_landmarks_if_there_are_few(genes):
    assert sorted(landmarks_of(fitted([*genes, *genes], 500))) == sorted(set(genes))


def test_landmarks_depend_on_random_state_and_not_on_the_order_of_sequences(genes):
    assert landmarks_of(fitted(genes, 5)) == landmarks_of(fitted(genes[::-1], 5))
    assert landmarks_of(fitted(genes, 5)) != landmarks_of(fitted(genes, 5, seed=1))


def test_a_matrix_as_target_raises(genes):
    embedder = EditDistanceEmbedder(encoder="landmark", target=np.zeros((len(genes), len(genes))))
    with pytest.raises(ValueError, match=r"LandmarkEncoder .* pass the function that computed the matrix"):
        embedder.fit(genes)
    assert not hasattr(embedder, "net_")


def test_a_callable_target_measures_the_landmarks_too(genes):
    def hamming_of_starts(left, right):
        return [[sum(a != b for a, b in zip(x[:50], y[:50], strict=True)) for y in right] for x in left]

    embedder = EditDistanceEmbedder(
        4, encoder=LandmarkEncoder(5, width=8), target=hamming_of_starts, max_epochs=2, random_state=0
    ).fit(genes)
    assert np.isfinite(embedder.score(genes[:20]))


def test_16s_reads_are_embedded_better_than_by_a_linear_network(shared_data):
    with gzip.open(shared_data / "greengenes" / "v4_150_in_97_tree.fasta.gz", "rt") as file:
        records = file.read().split(">")[1:]
    reads = sorted({"".join(record.split("\n")[1:]) for record in records})
    reads = [read for read in reads if set(read) <= set("ACGT")]
    np.random.default_rng(0).shuffle(reads)
    encoder = LandmarkEncoder(64)
    embedder = EditDistanceEmbedder(encoder=encoder, max_epochs=20, random_state=0).fit(reads[:600])
    # measured: 2.19 and 2.35 for two seeds; the CNN gives 3.2 to 3.3, the linear network the same
    assert -embedder.score(reads[600:900]) < 2.7
