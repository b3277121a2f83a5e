"""The protocol of encoders and featurizers, and which encoders work in which embedder."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import skseed
from skseed.datasets import make_families
from skseed.embedding import (
    CNNEncoder,
    EditDistanceEmbedder,
    Encoder,
    Featurizer,
    KmerEncoder,
    KmerVoteEncoder,
    LandmarkEncoder,
    LinearEncoder,
    ReadPositionEmbedder,
    TransformerEncoder,
)
from skseed.metrics import percent_rmse_scorer

GENES, _ = make_families(30, 3, length=24, random_state=0)
GENES = [gene[:22] for gene in GENES]
POSITIONS = np.arange(30) * 5
TINY = {"max_epochs": 2, "batch_size": 15, "random_state": 0}


class Composition(Featurizer):
    """The count of each symbol; sequences of wildcards have none."""

    feature_name = "symbols"

    def __init__(self, n_symbols):
        self.shape = (n_symbols,)

    def __call__(self, sequences):
        counts = [np.bincount(codes, minlength=self.shape[0] + 2) for codes in sequences]
        return np.array(counts, dtype=np.float32)[:, : self.shape[0]]

    def is_known(self, features):
        return features.any(axis=1)


class CompositionEncoder(Encoder):
    """A user's encoder, with a featurizer, a learning rate and an initialization of its own."""

    default_lr = 5e-3

    def __init__(self, width=8):
        self.width = width

    def fit_featurizer(self, sequences, max_length, distances, rng):
        assert max_length == sequences.lengths.max()
        return Composition(len(sequences.alphabet))

    def build(self, featurizer, n_components):
        return torch.nn.Sequential(
            torch.nn.Linear(featurizer.shape[0], self.width),
            torch.nn.Tanh(),
            torch.nn.Linear(self.width, n_components),
        )

    def initialize(self, module, featurizer, sequences, points):
        module[2].bias.data.copy_(torch.from_numpy(points.mean(axis=0)))


class CodesEncoder(Encoder):
    """A user's encoder that only builds a network over the padded codes."""

    def build(self, featurizer, n_components):
        return torch.nn.Sequential(
            torch.nn.Embedding(featurizer.n_symbols + 2, 3),
            torch.nn.Flatten(),
            torch.nn.Linear(3 * featurizer.shape[0], n_components),
        )


@pytest.mark.parametrize("encoder", [CompositionEncoder(), CodesEncoder()], ids=str)
def test_an_encoder_of_the_user_works_in_both_embedders(encoder):
    edits = EditDistanceEmbedder(4, encoder=encoder, **TINY).fit(GENES)
    # one component, because folding the line into more dimensions takes most of the time of a tiny fit
    reads = ReadPositionEmbedder(1, encoder=encoder, **TINY).fit(GENES, POSITIONS)
    assert edits.transform(GENES).shape == (30, 4)
    assert reads.transform(GENES).shape == (30, 1)
    assert np.isfinite(edits.pairwise_distances(GENES)).all()
    for embedder, y in ((edits, None), (reads, POSITIONS)):
        expected = embedder.transform(GENES)
        assert_array_equal(clone(embedder).fit(GENES, y).transform(GENES), expected)
        by_hand = clone(embedder).set_params(lr=encoder.default_lr)
        assert_array_equal(by_hand.fit(GENES, y).transform(GENES), expected)


def test_an_encoder_of_the_user_searches():
    search = GridSearchCV(
        EditDistanceEmbedder(4, encoder=CompositionEncoder(), **TINY),
        {"encoder__width": [2, 5]},
        scoring=percent_rmse_scorer,
        cv=2,
        error_score="raise",
    ).fit(GENES)
    assert search.best_estimator_.net_.module_.encoder[0].out_features in (2, 5)


def test_sequences_without_features_warn():
    embedder = EditDistanceEmbedder(4, encoder=CompositionEncoder(), **TINY).fit(GENES)
    with pytest.warns(UserWarning, match=r"1 of 2 sequences has no symbols .* X\[1\]; their points are mean"):
        embedder.transform([GENES[0], "NNNN"])


@pytest.mark.parametrize("encoder", [LinearEncoder(), TransformerEncoder()])
def test_encoders_of_symbols_work_in_the_read_embedder(encoder):
    embedder = ReadPositionEmbedder(1, encoder=encoder, **TINY).fit(GENES, POSITIONS)
    assert embedder.transform(GENES).shape == (30, 1)


def test_lr_auto_is_the_default_lr_of_the_encoder():
    genes, positions, once = GENES[:16], POSITIONS[:16], TINY | {"max_epochs": 1}
    convolutions = CNNEncoder(2, n_layers=1)
    for encoder, lr in ((LandmarkEncoder(5), 3e-3), (convolutions, 3e-3)):
        assert EditDistanceEmbedder(4, encoder=encoder, **once).fit(genes).net_.lr == lr
    for encoder, lr in ((KmerVoteEncoder(4), 1e-2), (convolutions, 3e-3)):
        assert ReadPositionEmbedder(1, encoder=encoder, **once).fit(genes, positions).net_.lr == lr
    given = EditDistanceEmbedder(4, encoder=convolutions, lr=0.02, **once).fit(genes)
    assert given.net_.lr == 0.02


def test_an_unknown_name_lists_the_names_in_alphabetical_order():
    with pytest.raises(ValueError, match="'cnn', 'kmer', 'landmark', 'linear', 'transformer'"):
        EditDistanceEmbedder(4, encoder="rnn", **TINY).fit(GENES)
    with pytest.raises(ValueError, match="'cnn', 'votes'"):
        ReadPositionEmbedder(1, encoder="rnn", **TINY).fit(GENES, POSITIONS)


# combinations that do not work --------------------------------------------------------------------


class NotAnEncoder:
    def fit_featurizer(self, sequences, max_length, distances, rng):
        raise AssertionError

    def build(self, featurizer, n_components):
        raise AssertionError


class VectorsEncoder(CodesEncoder):
    def build(self, featurizer, n_components):
        return torch.nn.Embedding(featurizer.n_symbols + 2, n_components)


@pytest.mark.parametrize(
    ("encoder", "error", "match"),
    [
        (
            KmerVoteEncoder(),
            ValueError,
            r"KmerVoteEncoder works in ReadPositionEmbedder, but not .*CNN",
        ),
        (CNNEncoder, TypeError, r"pass CNNEncoder\(\) instead of the class"),
        (NotAnEncoder(), TypeError, "NotAnEncoder; pass an object of a subclass of skseed.embedding.Encoder"),
        (
            VectorsEncoder(),
            ValueError,
            r"returned points of shape \(15, 22, 4\) .* must return shape \(15",
        ),
    ],
)
def test_encoders_that_do_not_work_with_edit_distances_raise(encoder, error, match):
    embedder = EditDistanceEmbedder(4, encoder=encoder, **TINY)
    with pytest.raises(error, match=match):
        embedder.fit(GENES[:15])
    assert not hasattr(embedder, "net_")


def test_the_landmark_encoder_raises_in_the_read_embedder():
    embedder = ReadPositionEmbedder(encoder=LandmarkEncoder())
    with pytest.raises(ValueError, match=r"LandmarkEncoder works in EditDistanceEmbedder.*KmerVoteEncoder"):
        embedder.fit(GENES, POSITIONS)


# k-mer counts -------------------------------------------------------------------------------------


def counts_of(sequence, k, letters="ACGT"):
    kmers = [""]
    for _ in range(k):
        kmers = [kmer + letter for kmer in kmers for letter in letters]
    starts = range(len(sequence) - k + 1)
    return [sum(sequence[i : i + k] == kmer for i in starts) for kmer in kmers]


@pytest.mark.parametrize("k", [1, 3])
def test_without_components_the_points_are_kmer_counts(k):
    embedder = EditDistanceEmbedder(None, encoder=KmerEncoder(k), **TINY).fit(GENES)
    sequences = [*GENES, "ACGNNACG", "A"]
    assert embedder.n_components_ == 4**k
    assert len(embedder.get_feature_names_out()) == 4**k
    assert_array_equal(embedder.transform(sequences), [counts_of(sequence, k) for sequence in sequences])


def test_kmer_counts_are_projected_to_the_components():
    embedder = EditDistanceEmbedder(8, encoder="kmer", **TINY).fit(GENES)
    assert embedder.transform(GENES).shape == (30, 8)
    weights = embedder.net_.module_.encoder.weight.detach().numpy()
    counts = np.array([counts_of(gene, 4) for gene in GENES])
    expected = counts @ weights.T + embedder.net_.module_.encoder.bias.detach().numpy()
    np.testing.assert_allclose(embedder.transform(GENES), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_learned_projection_beats_plain_counts():
    genes, _ = make_families(160, 8, length=60, random_state=1)
    genes = [gene[:58] for gene in genes]
    params = {"encoder": "kmer", "max_epochs": 40, "batch_size": 40, "random_state": 0}
    learned, plain = (
        EditDistanceEmbedder(n_components, **params).fit(genes[::2]).score(genes[1::2])
        for n_components in (32, None)
    )
    assert learned > plain


def test_too_many_kmers_raise():
    with pytest.raises(ValueError, match=r"There are 4\*\*13 k-mers of k=13, .* at most 16,777,216; lower k"):
        EditDistanceEmbedder(encoder=KmerEncoder(13), **TINY).fit(GENES)


@pytest.mark.parametrize("encoder", ["linear", "cnn", "transformer", "landmark"])
def test_other_encoders_need_a_number_of_components(encoder):
    with pytest.raises(ValueError, match="n_components=None uses the features of an encoder as points, but "):
        EditDistanceEmbedder(None, encoder=encoder, **TINY).fit(GENES)


MEMORY = """
import resource
import numpy as np
from skseed.embedding import EditDistanceEmbedder
rng = np.random.default_rng(0)
genes = ["".join(rng.choice(list("ACGT"), 100)) for _ in range(400)]
embedder = EditDistanceEmbedder(None, encoder="kmer", max_epochs=1, synthetic=0, target=lambda a, b: np.abs(
    np.subtract.outer([len(x) for x in a], [len(x) for x in b])), random_state=0)
embedder.fit(genes)
embedder.transform(genes)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
genes.append("".join(rng.choice(list("ACGT"), 500_000)))
embedder.fit(genes)
embedder.transform(genes)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_memory_of_kmer_counts_is_proportional_to_the_letters():
    result = subprocess.run(
        [sys.executable, "-c", MEMORY],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(skseed.__file__).parents[1],
    )
    # 401 padded rows of 500,000 letters would take 200 MB; ru_maxrss is in KiB
    assert int(result.stdout) < 60_000
