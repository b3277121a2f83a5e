"""The linear model of SequenceClassifier, the weight of the correction, and weights of rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer

# the validation split that keeps relatives together
from skseed._training import split_by_class
from skseed.alphabets import PROTEIN
from skseed.classification import SequenceClassifier

# no public parameter replaces the solver of large data by that of small data
from skseed.classification import _linear_path as module

# no public result tells the weight of a given correction
from skseed.classification._calibration import choose_correction_weight
from skseed.preprocessing import KmerVectorizer
from tests.reference import motif_in_one_half

# the network learns next to nothing, so that the linear model alone determines the results
LINEAR = {"lr": 1e-9, "max_epochs": 1, "random_state": 0}


def with_motifs(n, seed, length=30):
    """Return proteins with one of three motifs of their class, in classes of unequal sizes."""
    rng = np.random.default_rng(seed)
    motifs = [["HWK", "MCY", "WCD"], ["KWH", "YCM", "DCW"], ["WHK", "CMY", "CDW"]]
    labels = rng.choice(3, size=n, p=[0.6, 0.3, 0.1])
    proteins = []
    for label in labels:
        codes = rng.integers(20, size=length)
        start = rng.integers(length - 3)
        codes[start : start + 3] = PROTEIN.encode(motifs[label][rng.integers(3)])
        proteins.append(PROTEIN.decode(codes))
    return np.array(proteins, dtype=object), labels


def test_the_classifier_starts_at_the_minimum_of_a_support_vector_machine():
    X, y = with_motifs(80, seed=0)
    classifier = SequenceClassifier(class_weight=None, **LINEAR).fit(X, y)
    features = make_pipeline(
        KmerVectorizer(3, gaps=2, alphabet="protein"), FunctionTransformer(np.sqrt), Normalizer()
    ).fit_transform(X)
    features = features.toarray()[:, np.unique(features.indices)]
    linear = classifier.net_.module_.kmers
    weight, bias = linear.weight.numpy(), linear.bias.numpy()
    assert_allclose(classifier.decision_function(X), features @ weight.T + bias, atol=1e-6)
    # the gradient of the squared hinge loss is zero for one of the three penalties
    signs = np.where(np.arange(3) == y[:, None], 1, -1)
    pulls = signs * np.maximum(0, 1 - signs * (features @ weight.T + bias))
    assert_allclose(pulls.sum(axis=0), 0, atol=1e-3)
    variance = features.var(axis=0).sum()
    differences = [
        np.abs(2 * strength / variance * pulls.T @ features - weight).max() for strength in (0.5, 5, 50)
    ]
    assert min(differences) < 1e-3 * np.abs(weight).max()


def test_the_solvers_of_small_and_large_data_agree(monkeypatch):
    X, y = with_motifs(60, seed=0)
    kmers = KmerVectorizer(2, alphabet="protein")
    small = SequenceClassifier(kmers=kmers, **LINEAR).fit(X, y)
    monkeypatch.setattr(module, "_EXACT_ROWS", 0)
    large = SequenceClassifier(kmers=kmers, **LINEAR).fit(X, y)
    assert_allclose(large.decision_function(X), small.decision_function(X), atol=0.05)


@pytest.mark.parametrize("class_weight", [None, 0.4, "balanced", {0: 1, 1: 2, 2: 3}])
def test_sample_weights_equal_repetition_and_removal(class_weight):
    X, y = with_motifs(70, seed=0)
    new, _ = with_motifs(30, seed=1)
    # every class keeps some members
    times = np.random.default_rng(0).integers(0, 4, size=len(y))
    params = {"class_weight": class_weight, "validation_fraction": 0, **LINEAR}
    weighted = SequenceClassifier(**params).fit(X, y, sample_weight=times)
    repeated = SequenceClassifier(**params).fit(np.repeat(X, times), np.repeat(y, times))
    # the network, whose batches differ, adds less than the tolerance
    assert_allclose(weighted.decision_function(new), repeated.decision_function(new), atol=1e-4)
    assert_allclose(weighted.predict_proba(new), repeated.predict_proba(new), atol=1e-4)
    plain = SequenceClassifier(**params).fit(X, y)
    assert np.abs(plain.decision_function(new) - weighted.decision_function(new)).max() > 1e-2


def test_weights_that_are_negative_or_leave_one_class_raise():
    X, y = with_motifs(30, seed=0)
    weights = np.ones(30)
    weights[3] = -1
    with pytest.raises(ValueError, match="Negative values"):
        SequenceClassifier(**LINEAR).fit(X, y, sample_weight=weights)
    with pytest.raises(ValueError, match="only one class: 1"):
        SequenceClassifier(**LINEAR).fit(X, y, sample_weight=y == 1)


def test_class_weight_is_an_exponent_between_none_and_balanced():
    X, y = with_motifs(120, seed=0)
    new, _ = with_motifs(100, seed=1)
    scores = {
        weight: SequenceClassifier(class_weight=weight, **LINEAR).fit(X, y).decision_function(new)
        for weight in (0.0, 0.5, 1.0, None, "balanced")
    }
    assert_allclose(scores[0.0], scores[None], atol=1e-6)
    assert_allclose(scores[1.0], scores["balanced"], atol=1e-6)
    # the third class is the rarest one
    means = [scores[exponent][:, 2].mean() for exponent in (0.0, 0.5, 1.0)]
    assert means[0] < means[1] < means[2]


@pytest.mark.slow
def test_the_network_adds_the_position_of_a_motif_to_the_linear_model():
    classifier = SequenceClassifier("cnn", lr=0.01, max_epochs=6, random_state=0)
    linear = SequenceClassifier(**LINEAR)
    train, test = motif_in_one_half(1000, seed=0), motif_in_one_half(1000, seed=1)
    assert linear.fit(*train).score(*test) < 0.75
    assert classifier.fit(*train).score(*test) > 0.97
    assert classifier.correction_weight_ > 0


def test_the_network_changes_nothing_if_its_weight_is_zero():
    # k-mers determine the class, and the mean of residues does not
    X, y = with_motifs(150, seed=0)
    first = SequenceClassifier(max_epochs=3, random_state=0).fit(X, y)
    other = SequenceClassifier(max_epochs=3, lr=0.02, embedding_dim=4, random_state=0).fit(X, y)
    assert first.correction_weight_ == other.correction_weight_ == 0
    assert_array_equal(first.decision_function(X), other.decision_function(X))
    assert first.temperature_ == other.temperature_
    assert np.abs(first.transform(X)).max() > 0


def test_a_correction_is_kept_only_if_groups_agree():
    rng = np.random.default_rng(0)
    targets = rng.integers(3, size=120)
    logits = rng.standard_normal((120, 3))
    truth, noise = 3 * np.eye(3)[targets], rng.standard_normal((120, 3))
    each, ones = np.arange(120), np.ones(120)
    assert choose_correction_weight(logits, truth, targets, weights=ones, groups=each) == 1
    assert choose_correction_weight(logits, noise, targets, weights=ones, groups=each) == 0
    # all that is gained is gained in one of ten groups
    one_group = np.where((each < 12)[:, None], truth, -0.3 * truth)
    assert choose_correction_weight(logits, one_group, targets, weights=ones, groups=each // 12) == 0
    assert choose_correction_weight(logits, truth, targets, weights=ones, groups=0 * each) == 0


def test_validation_split_keeps_groups_together():
    rng = np.random.default_rng(0)
    targets, groups = rng.integers(3, size=300), rng.integers(80, size=300)
    train, held_out = split_by_class(targets, 0.3, seed=0, groups=groups)
    assert sorted([*train, *held_out]) == list(range(300))
    assert not set(groups[train]) & set(groups[held_out])
    assert (np.bincount(targets[held_out]) <= 0.3 * np.bincount(targets)).all()
    assert len(held_out) > 0.2 * 300
    # without groups, each row is its own
    alone = split_by_class(targets, 0.3, seed=0, groups=np.arange(300))
    for one, other in zip(alone, split_by_class(targets, 0.3, seed=0), strict=True):
        assert_array_equal(one, other)


def test_kmers_of_the_linear_model():
    X, y = with_motifs(40, seed=0)
    default = SequenceClassifier(**LINEAR).fit(X, y).kmers_
    assert (default.k, default.gaps, default.alphabet_.name) == (3, 2, "protein")
    dna = SequenceClassifier(alphabet="dna", **LINEAR).fit(["GATTACA", "CCGCGGT"] * 4, [0, 1] * 4).kmers_
    assert (dna.k, dna.gaps) == (6, 0)
    reduced = KmerVectorizer(4, alphabet="protein-reduced")
    classifier = SequenceClassifier(kmers=reduced, **LINEAR).fit(X, y)
    assert classifier.kmers_.k == 4
    assert not hasattr(reduced, "alphabet_")
    assert SequenceClassifier(kmers=None, **LINEAR).fit(X, y).kmers_ is None


def test_the_linear_model_of_tokens_reads_their_counts():
    rng = np.random.default_rng(0)
    table = rng.integers(2, 12, size=(120, 15))
    y = (table == 5).sum(axis=1) > 1
    classifier = SequenceClassifier(class_weight=None, **LINEAR).fit(table, y)
    assert classifier.kmers_ is None
    assert classifier.score(table, y) > 0.9
    shuffled = rng.permuted(table, axis=1)
    assert_allclose(classifier.decision_function(shuffled), classifier.decision_function(table), atol=1e-6)


def test_sequences_shorter_than_a_kmer_get_the_intercepts():
    X, y = with_motifs(40, seed=0)
    classifier = SequenceClassifier(**LINEAR).fit(X, y)
    bias = classifier.net_.module_.kmers.bias.numpy()
    assert_allclose(classifier.decision_function(["MN", "KR"]), [bias, bias], atol=1e-6)
    short = SequenceClassifier(**LINEAR).fit(["MN", "KR"] * 4, [0, 1] * 4)
    assert short.predict_proba(["MN"]).shape == (1, 2)
