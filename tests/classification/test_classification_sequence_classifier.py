"""SequenceClassifier: its encoders, calibration, early stopping, k-mers, and its two kinds of input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC

# the split and the temperature are recomputed from the same seeds
from skseed._training import draw_seeds, split_by_class
from skseed.alphabets import PROTEIN
from skseed.classification import SequenceClassifier

# no public result tells the optimal temperature of given logits
from skseed.classification._calibration import fit_temperature
from skseed.preprocessing import BPETokenizer, KmerVectorizer
from tests.reference import motif_in_one_half


def by_composition(n, seed, noise=0.0):
    """Return proteins of two classes, one of them rich in K; a share `noise` of the labels is wrong."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    shares = np.full((2, 20), 1 / 20)
    shares[1, 8] += 0.15
    shares /= shares.sum(axis=1, keepdims=True)
    proteins = [PROTEIN.decode(rng.choice(20, size=rng.integers(20, 60), p=shares[i])) for i in labels]
    wrong = rng.random(n) < noise
    return proteins, np.where(wrong, 1 - labels, labels)


def kmers_of(sequence, k):
    return [sequence[i : i + k] for i in range(len(sequence) - k + 1)]


def by_kmers(n, seed, length=60):
    """Return proteins of the same composition; two 3-mers, or their reversals, determine the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    proteins = []
    for label in labels:
        codes = rng.integers(20, size=length)
        # the same letters either way
        kmers = (("HWK", "YCM"), ("KWH", "MCY"))[label]
        for place in rng.permutation(length // 3)[:6]:
            codes[3 * place : 3 * place + 3] = PROTEIN.encode(kmers[rng.integers(2)])
        proteins.append(PROTEIN.decode(codes))
    return proteins, labels


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoder", "lowest", "highest"), [("mean", 0.45, 0.55), ("cnn", 0.98, 1.0), ("lstm", 0.98, 1.0)]
)
def test_only_the_mean_cannot_locate_a_motif(encoder, lowest, highest):
    classifier = SequenceClassifier(encoder, kmers=None, lr=0.01, max_epochs=6, random_state=0)
    names = np.array(["front", "back"])
    (train, train_halves), (test, test_halves) = (
        motif_in_one_half(1000, seed=0),
        motif_in_one_half(3000, seed=1),
    )
    classifier.fit(train, names[train_halves])
    assert lowest <= classifier.score(test, names[test_halves]) <= highest


def test_only_the_mean_ignores_the_order():
    proteins, y = by_composition(40, seed=0)
    for encoder in ("mean", "lstm", "gru", "cnn", "transformer"):
        classifier = SequenceClassifier(encoder, hidden_dim=8, max_epochs=1, random_state=0).fit(proteins, y)
        one, other = classifier.transform(["MNTQLLAKGD", "AKGDLLMNTQ"])
        assert np.allclose(one, other) == (encoder == "mean")


@given(
    seen=st.lists(st.text("ACGTN", min_size=1, max_size=9), min_size=2, max_size=4),
    new=st.text("ACGTN", min_size=1, max_size=9),
    k=st.integers(1, 4),
)
@settings(max_examples=25, deadline=None)
@pytest.mark.filterwarnings("ignore:.*seen in fit")
def test_kmers_equal_a_plain_loop(seen, new, k):
    seen, new = [sequence + "A" * (k - 1) for sequence in seen], new + "A" * (k - 1)
    kmers = [kmer for sequence in seen for kmer in kmers_of(sequence, k)]
    classifier = SequenceClassifier(kmers=None, k=k, alphabet="dna", max_epochs=1, random_state=0)
    classifier.fit(seen, np.arange(len(seen)) % 2)
    in_vocabulary = sorted({kmer for kmer in kmers if "N" not in kmer}) if k > 1 else list("ACGT")
    assert classifier.symbols_.tolist() == [*in_vocabulary, "N" * k]
    vectors = dict(zip(classifier.symbols_, classifier.symbol_embeddings_, strict=True))
    for sequence in [*seen, new]:
        known = [kmer if kmer in kmers and "N" not in kmer else "N" * k for kmer in kmers_of(sequence, k)]
        expected = np.mean([vectors[kmer] for kmer in known], axis=0)
        assert_allclose(classifier.transform([sequence])[0], expected, atol=1e-12)


@pytest.mark.slow
def test_kmers_distinguish_classes_of_equal_composition():
    scores = {}
    for k in (1, 3):
        classifier = SequenceClassifier(kmers=None, k=k, max_epochs=15, random_state=0).fit(
            *by_kmers(600, seed=0)
        )
        scores[k] = classifier.score(*by_kmers(600, seed=1))
    assert scores[1] < 0.6
    assert scores[3] > 0.97
    assert {"HWK", "YCM", "KWH", "MCY"} <= set(classifier.symbols_)
    assert classifier.symbols_[-1] == "XXX"
    assert classifier.symbol_embeddings_.shape == (len(classifier.symbols_), 16)
    # a k-mer that fit did not see equals one with a wildcard
    new, wildcard = classifier.transform(["AAAHWK", "XXXHWK"])
    seen = set(classifier.symbols_)
    assert ("AAA" in seen) != np.allclose(new, wildcard)


@pytest.mark.slow
def test_mean_of_kmers_is_as_accurate_as_a_linear_model_on_counts():
    # few proteins, classes of unequal sizes, each with five 5-mers, of which a protein has three
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), (80, 40, 20))
    kmers = [[PROTEIN.decode(rng.integers(20, size=5)) for _ in range(5)] for _ in range(3)]
    proteins = np.array(
        [
            PROTEIN.decode(rng.integers(20, size=100)) + "".join(rng.permutation(kmers[label])[:3])
            for label in y
        ],
        dtype=object,
    )
    models = (
        make_pipeline(
            KmerVectorizer(k=3, alphabet="protein"), Normalizer(), LinearSVC(class_weight="balanced")
        ),
        SequenceClassifier(
            kmers=None, k=3, embedding_dim=64, dropout=0.7, class_weight="balanced", random_state=0
        ),
    )
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    linear, learned = (
        balanced_accuracy_score(y, cross_val_predict(model, proteins, y, cv=folds)) for model in models
    )
    assert learned > 0.85
    assert learned > linear - 0.05


def test_vectors_of_symbols_and_sequences():
    proteins, y = by_composition(60, seed=0)
    classifier = SequenceClassifier(kmers=None, embedding_dim=10, max_epochs=3, random_state=0).fit(
        proteins, y
    )
    assert classifier.symbol_embeddings_.shape == (21, 10)
    assert "".join(classifier.symbols_) == PROTEIN.symbols + "X"
    vectors = dict(zip(classifier.symbols_, classifier.symbol_embeddings_, strict=True))
    expected = [np.mean([vectors[letter] for letter in protein], axis=0) for protein in ("MNTQ", "K")]
    assert_allclose(classifier.transform(["MNTQ", "K"]), expected)
    # no X was seen: it adds nothing
    assert_array_equal(vectors["X"], np.zeros(10))
    head, norm = classifier.net_.module_.head, classifier.net_.module_.standardize
    standardized = (np.array(expected) - norm.running_mean.numpy()) / np.sqrt(
        norm.running_var.numpy() + norm.eps
    )
    logits = standardized @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    assert_allclose(classifier.decision_function(["MNTQ", "K"]), logits[:, 1] - logits[:, 0])
    assert_allclose(
        classifier.predict_proba(["MNTQ", "K"]), softmax(logits / classifier.temperature_, axis=1)
    )
    assert len(classifier.get_feature_names_out()) == 10


def test_rows_of_tokens_are_the_same_as_their_letters():
    proteins, y = by_composition(60, seed=0)
    # every id occurs, or the tables would be of different sizes
    proteins[0] = PROTEIN.symbols + "X"
    # ids of letters start at 2, and X is the unknown one
    table = np.zeros((60, 60), dtype=np.int64)
    for row, protein in zip(table, proteins, strict=True):
        row[: len(protein)] = ["_X".find(c) if c == "X" else 2 + PROTEIN.symbols.index(c) for c in protein]
    by_letters = SequenceClassifier("cnn", kmers=None, hidden_dim=8, max_epochs=2, random_state=0).fit(
        proteins, y
    )
    by_tokens = SequenceClassifier("cnn", kmers=None, hidden_dim=8, max_epochs=2, random_state=0).fit(
        table, y
    )
    assert_array_equal(by_tokens.predict_proba(table), by_letters.predict_proba(proteins))
    assert by_tokens.alphabet_ is None
    assert by_tokens.n_features_in_ == 60
    assert_array_equal(by_tokens.symbols_, np.arange(1, 22))
    # what fit did not see is read as unknown
    one, other = by_tokens.transform(np.where(table == 5, 99, table)), table.copy()
    other[table == 5] = 1
    assert_array_equal(one, by_tokens.transform(other))


def test_tokens_of_a_pipeline_in_a_grid():
    proteins, y = by_composition(60, seed=0)
    pipeline = make_pipeline(
        BPETokenizer(vocab_size=30, max_length=60), SequenceClassifier(max_epochs=5, random_state=0)
    )
    search = GridSearchCV(pipeline, {"sequenceclassifier__embedding_dim": [4, 8]}, cv=2).fit(proteins, y)
    assert search.predict(proteins).shape == (60,)


def test_temperature_is_estimated():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((4000, 5)) * 2
    targets = np.array([rng.choice(5, p=p) for p in softmax(logits, axis=1)])
    assert_allclose(fit_temperature(logits * 3, targets), 3, rtol=0.1)
    assert_allclose(fit_temperature(logits / 4, targets), 1 / 4, rtol=0.1)
    # a few rows that are all correct leave it near 1
    assert 0.5 < fit_temperature(np.array([[3.0, 0.0], [0.0, 3.0]]), np.array([0, 1])) < 1


@pytest.mark.slow
def test_probabilities_of_noisy_labels_are_calibrated():
    X, y = by_composition(1500, seed=0, noise=0.2)
    new_X, new_y = by_composition(1500, seed=1, noise=0.2)
    classifier = SequenceClassifier(kmers=None, max_epochs=8, n_iter_no_change=3, random_state=0)
    probabilities = classifier.fit(X, y).predict_proba(new_X)
    assert_allclose(probabilities.sum(axis=1), 1)
    confidence = probabilities.max(axis=1)
    accuracy = classifier.score(new_X, new_y)
    assert accuracy > 0.67
    assert abs(confidence.mean() - accuracy) < 0.06
    assert log_loss(new_y, probabilities) < 0.62


def test_training_stops_and_keeps_the_best_epoch():
    # labels are random, so the validation loss rises
    rng = np.random.default_rng(0)
    proteins = [PROTEIN.decode(rng.integers(20, size=30)) for _ in range(200)]
    y = rng.integers(2, size=200)
    classifier = SequenceClassifier(
        "cnn",
        kmers=None,
        class_weight=None,
        max_epochs=40,
        n_iter_no_change=4,
        validation_fraction=0.3,
        random_state=0,
    ).fit(proteins, y)
    losses = classifier.net_.history[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert classifier.n_iter_ == len(losses) == best + 1 + 4 < 40
    _, held_out = split_by_class(y, 0.3, seed=draw_seeds(0, 4)[3])
    logits = classifier.decision_function([proteins[i] for i in held_out])
    assert_allclose(np.logaddexp(0, np.where(y[held_out], -logits, logits)).mean(), losses[best], rtol=1e-4)


def test_nothing_is_held_out_if_the_fraction_or_a_class_is_small():
    proteins, y = by_composition(40, seed=0)
    for X, labels, fraction in ((proteins, y, 0.0), (proteins[:8], [0, 1] * 4, 0.1)):
        classifier = SequenceClassifier(
            kmers=None, validation_fraction=fraction, max_epochs=3, random_state=0
        )
        classifier.fit(X, labels)
        assert classifier.temperature_ == 1.0
        assert classifier.n_iter_ == 3


def test_split_takes_a_share_of_each_class():
    targets = np.repeat([0, 1, 2], [50, 19, 3])
    train, held_out = split_by_class(targets, 0.2, seed=0)
    assert np.bincount(targets[held_out], minlength=3).tolist() == [10, 3, 0]
    assert sorted([*train, *held_out]) == list(range(72))


def test_class_weights_increase_predictions_of_the_rare_class():
    X, y = by_composition(300, seed=0, noise=0.25)
    rare = np.flatnonzero(y == 1)[20:]
    X, y = [x for i, x in enumerate(X) if i not in set(rare)], np.delete(y, rare)
    predicted = [
        (
            SequenceClassifier(kmers=None, class_weight=weight, max_epochs=12, random_state=0)
            .fit(X, y)
            .predict(X)
            == 1
        ).mean()
        for weight in (None, "balanced", {0: 1, 1: 1000})
    ]
    assert predicted[0] < predicted[1] < predicted[2]


def test_long_sequences_are_predicted_in_small_batches():
    classifier = SequenceClassifier(kmers=None, embedding_dim=2, max_epochs=1, random_state=0).fit(
        ["MN", "KR"], [0, 1]
    )
    shapes = []
    classifier.net_.module_.dropout.register_forward_pre_hook(lambda _, args: shapes.append(args[0].shape))
    lengths = [5, 100_000, 90_000, 7, 6]
    vectors = classifier.transform(["M" * length for length in lengths])
    assert shapes == [(3, 7), (1, 90_000), (1, 100_000)]
    assert_allclose(vectors, vectors[:1].repeat(5, axis=0))


def test_refit_on_strings_deletes_the_columns_of_tokens():
    proteins, y = by_composition(20, seed=0)
    classifier = SequenceClassifier(max_epochs=1, random_state=0).fit(np.ones((4, 3)), [0, 1, 0, 1])
    assert classifier.n_features_in_ == 3
    classifier.fit(proteins, y)
    assert not hasattr(classifier, "n_features_in_")


def test_errors_name_the_input_and_leave_the_estimator_unfitted():
    classifier = SequenceClassifier(max_epochs=1, random_state=0)
    for X, match in (
        (["MNT", ""], r"X\[1\] has 0 symbols"),
        (["MNT", "M-T"], r"X\[1\] has '-' at position 1"),
        (np.array([[2, 3], [4, -1]]), r"X\[1, 1\] is -1"),
        (np.array([[2.0, 3.0], [4.0, 0.5]]), r"X\[1, 1\] is 0.5"),
        (np.array([[2, 3], [2**40, 1]]), r"X\[1, 0\] is 1099511627776, but token ids fit in 32 bits"),
        (np.array([[2, 3], [0, 0]]), r"X\[1\] has no token"),
        (["MNT", "MNT", "MNT"], "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=match):
            classifier.fit(X, [0, 1])
        assert not [name for name in vars(classifier) if name.endswith("_")]
    with pytest.raises(ValueError, match=r"X\[1\] has 2 symbols, but at least 3"):
        SequenceClassifier(k=3).fit(["MNT", "MN"], [0, 1])
    with pytest.raises(ValueError, match=r"k=15 is too large for the protein alphabet.*at most 14"):
        SequenceClassifier(k=15).fit(["M" * 15, "N" * 15], [0, 1])
    with pytest.raises(ValueError, match="only one class: 1"):
        classifier.fit(["MNT", "MNK"], [1, 1])
    with pytest.raises(ValueError, match="'encoder' parameter"):
        SequenceClassifier("rnn").fit(["MNT", "MNK"], [0, 1])
    with pytest.raises(FloatingPointError, match="validation loss became nan in epoch 1"):
        SequenceClassifier("cnn", kmers=None, lr=1e30, max_epochs=1, batch_size=128, random_state=0).fit(
            by_composition(128, seed=0)[0], [0, 1] * 64
        )
    with pytest.raises(FloatingPointError, match="epoch"):
        SequenceClassifier("cnn", lr=1e30, validation_fraction=0, random_state=0).fit(
            ["MNT", "MNK"] * 64, [0, 1] * 64
        )


@pytest.mark.parametrize("label", [None, np.nan, pd.NA, 1])
def test_missing_and_mixed_labels_raise_with_their_index(label):
    labels = ["a", "b", "a", label]
    with pytest.raises(ValueError, match=r"^y\[3\] is"):
        SequenceClassifier(max_epochs=1).fit(["MNTQL", "AKGDV", "MNTQV", "AKGDL"], labels)


def test_unseen_letters_are_read_as_unknown_with_a_warning():
    classifier = SequenceClassifier("cnn", hidden_dim=4, max_epochs=1, random_state=0)
    classifier.fit(["MNTX", "KRTX"] * 4, [0, 1] * 4)
    message = (
        r"^2 of 3 sequences have symbols that were not seen in fit \('CW'\); the first is X\[1\]; "
        "they are read as unknown; fit on sequences that contain them.$"
    )
    with pytest.warns(UserWarning, match=message):
        unseen = classifier.predict_proba(["MNTX", "MWTC", "CCCC"])
    # wildcards do not warn
    assert_array_equal(unseen, classifier.predict_proba(["MNTX", "MXTX", "XXXX"]))


def test_sequences_without_a_known_kmer_warn():
    classifier = SequenceClassifier(k=3, max_epochs=1, random_state=0).fit(["MNTQL", "AKGDV"] * 5, [0, 1] * 5)
    with pytest.warns(UserWarning, match=r"^1 of 2 sequences has no 3-mers that were seen in fit; .* X\[1\]"):
        classifier.predict(["MNTQW", "WWWWW"])


def test_unseen_tokens_are_read_as_unknown_with_a_warning():
    table = np.random.default_rng(0).integers(2, 9, size=(20, 8))
    classifier = SequenceClassifier(max_epochs=1, random_state=0).fit(table, np.arange(20) % 2)
    with pytest.warns(UserWarning, match=r"20 of 20 sequences have tokens .*encode X with the tokenizer"):
        unseen = classifier.transform(np.where(table == 5, 99, table + 9))
    # the unknown token was not in the training data, so its vector is zero
    assert not unseen.any()
