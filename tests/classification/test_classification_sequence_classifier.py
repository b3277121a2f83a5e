"""SequenceClassifier: what each encoder can see, calibration, early stopping, and its two kinds of input."""

import pickle

import numpy as np
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

from skseed.alphabets import DNA, PROTEIN
from skseed.classification import SequenceClassifier
from skseed.classification._rows import FIRST_SYMBOL, UNKNOWN, KmerVocabulary
from skseed.classification._sequence_classifier import (
    _batches_of_tokens,
    _fit_temperature,
    _losses,
    _split,
)
from skseed.preprocessing import BPETokenizer, KmerVectorizer


def motif_in_one_half(n, seed, length=60):
    """Return random proteins that all hold one motif; the class is the half in which it stands."""
    rng = np.random.default_rng(seed)
    halves = rng.integers(2, size=n)
    proteins = []
    for half in halves:
        codes = rng.integers(20, size=length)
        start = rng.integers(length // 2 - 5) + half * length // 2
        codes[start : start + 5] = PROTEIN.encode("HWKYC")
        proteins.append(PROTEIN.decode(codes))
    return proteins, np.array(["front", "back"])[halves]


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


def by_words(n, seed, length=60):
    """Return proteins of like composition; two words, read forth or back, make the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    proteins = []
    for label in labels:
        codes = rng.integers(20, size=length)
        # the same letters either way
        words = (("HWK", "YCM"), ("KWH", "MCY"))[label]
        for place in rng.permutation(length // 3)[:6]:
            codes[3 * place : 3 * place + 3] = PROTEIN.encode(words[rng.integers(2)])
        proteins.append(PROTEIN.decode(codes))
    return proteins, labels


@pytest.mark.parametrize(
    ("encoder", "max_epochs", "lowest", "highest"),
    [("mean", 10, 0.45, 0.55), ("cnn", 4, 0.98, 1.0), ("lstm", 8, 0.98, 1.0)],
)
def test_place_of_a_motif_is_invisible_to_the_mean_alone(encoder, max_epochs, lowest, highest):
    classifier = SequenceClassifier(encoder, max_epochs=max_epochs, random_state=0)
    classifier.fit(*motif_in_one_half(2000, seed=0))
    assert lowest <= classifier.score(*motif_in_one_half(1000, seed=1)) <= highest


def test_mean_is_blind_to_order_and_the_others_are_not():
    proteins, y = by_composition(40, seed=0)
    for encoder in ("mean", "lstm", "gru", "cnn", "transformer"):
        classifier = SequenceClassifier(encoder, hidden_dim=8, max_epochs=1, random_state=0).fit(proteins, y)
        one, other = classifier.transform(["MNTQLLAKGD", "AKGDLLMNTQ"])
        assert np.allclose(one, other) == (encoder == "mean")


@given(
    seen=st.lists(st.text("ACGTN", min_size=1, max_size=9), min_size=1, max_size=4),
    new=st.text("ACGTN", min_size=1, max_size=9),
    k=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_words_equal_a_plain_loop(seen, new, k):
    seen, new = [sequence + "A" * (k - 1) for sequence in seen], new + "A" * (k - 1)
    vocabulary = KmerVocabulary(seen, DNA, k)

    def words_of(sequence):
        return [sequence[i : i + k] for i in range(len(sequence) - k + 1)]

    known = sorted({word for sequence in seen for word in words_of(sequence) if "N" not in word})
    if k == 1:
        known = list("ACGT")
    assert vocabulary.names.tolist() == [*known, "N" * k]
    assert vocabulary.n_ids == len(known) + FIRST_SYMBOL
    for row, sequence in zip(vocabulary.rows([*seen, new]), [*seen, new], strict=True):
        expected = [
            known.index(word) + FIRST_SYMBOL if word in known else UNKNOWN for word in words_of(sequence)
        ]
        assert row.tolist() == expected


def test_words_are_read_where_letters_say_nothing():
    scores = {}
    for k in (1, 3):
        classifier = SequenceClassifier(k=k, max_epochs=15, random_state=0).fit(*by_words(600, seed=0))
        scores[k] = classifier.score(*by_words(600, seed=1))
    assert scores[1] < 0.6
    assert scores[3] > 0.97
    assert {"HWK", "YCM", "KWH", "MCY"} <= set(classifier.symbols_)
    assert classifier.symbols_[-1] == "XXX"
    assert classifier.symbol_embeddings_.shape == (len(classifier.symbols_), 16)
    # a word that fit did not see is one with a wildcard
    new, wildcard = classifier.transform(["AAAHWK", "XXXHWK"])
    seen = set(classifier.symbols_)
    assert ("AAA" in seen) != np.allclose(new, wildcard)


def test_mean_of_words_keeps_up_with_a_linear_model_on_their_counts():
    # few proteins, classes of unequal sizes, each with five words of which a protein has three
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), (80, 40, 20))
    words = [[PROTEIN.decode(rng.integers(20, size=5)) for _ in range(5)] for _ in range(3)]
    proteins = np.array(
        [
            PROTEIN.decode(rng.integers(20, size=100)) + "".join(rng.permutation(words[label])[:3])
            for label in y
        ],
        dtype=object,
    )
    models = (
        make_pipeline(
            KmerVectorizer(k=3, alphabet="protein"), Normalizer(), LinearSVC(class_weight="balanced")
        ),
        SequenceClassifier(k=3, embedding_dim=64, dropout=0.7, class_weight="balanced", random_state=0),
    )
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    linear, learnt = (
        balanced_accuracy_score(y, cross_val_predict(model, proteins, y, cv=folds)) for model in models
    )
    assert learnt > 0.85
    assert learnt > linear - 0.05


def test_vectors_of_symbols_and_sequences():
    proteins, y = by_composition(60, seed=0)
    classifier = SequenceClassifier(embedding_dim=10, max_epochs=3, random_state=0).fit(proteins, y)
    assert classifier.symbol_embeddings_.shape == (21, 10)
    assert "".join(classifier.symbols_) == PROTEIN.symbols + "X"
    vectors = dict(zip(classifier.symbols_, classifier.symbol_embeddings_, strict=True))
    expected = [np.mean([vectors[letter] for letter in protein], axis=0) for protein in ("MNTQ", "K")]
    assert_allclose(classifier.transform(["MNTQ", "K"]), expected)
    # no X was seen: it adds nothing
    assert_array_equal(vectors["X"], np.zeros(10))
    head, norm = classifier.net_.module_.head, classifier.net_.module_.standardise
    standardised = (np.array(expected) - norm.running_mean.numpy()) / np.sqrt(
        norm.running_var.numpy() + norm.eps
    )
    logits = standardised @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    assert_allclose(classifier.decision_function(["MNTQ", "K"]), logits[:, 1] - logits[:, 0])
    assert_allclose(
        classifier.predict_proba(["MNTQ", "K"]), softmax(logits / classifier.temperature_, axis=1)
    )
    assert len(classifier.get_feature_names_out()) == 10


def test_rows_of_tokens_are_the_same_as_their_letters():
    proteins, y = by_composition(60, seed=0)
    # every id occurs, or the tables would be of different sizes
    proteins[0] = PROTEIN.symbols + "X"
    rows = KmerVocabulary(proteins, PROTEIN, 1).rows(proteins)
    table = np.zeros((60, 60), dtype=np.int64)
    for target, row in zip(table, rows, strict=True):
        target[: len(row)] = row
    by_letters = SequenceClassifier("cnn", hidden_dim=8, max_epochs=2, random_state=0).fit(proteins, y)
    by_tokens = SequenceClassifier("cnn", hidden_dim=8, max_epochs=2, random_state=0).fit(table, y)
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


def test_temperature_is_found_and_changes_no_prediction():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((4000, 5)) * 2
    targets = np.array([rng.choice(5, p=p) for p in softmax(logits, axis=1)])
    assert_allclose(_fit_temperature(logits * 3, targets), 3, rtol=0.1)
    assert_allclose(_fit_temperature(logits / 4, targets), 1 / 4, rtol=0.1)
    # a few rows, all right, leave it near 1
    assert 0.5 < _fit_temperature(np.array([[3.0, 0.0], [0.0, 3.0]]), np.array([0, 1])) < 1


def test_probabilities_of_noisy_labels_are_calibrated():
    X, y = by_composition(1500, seed=0, noise=0.2)
    new_X, new_y = by_composition(1500, seed=1, noise=0.2)
    classifier = SequenceClassifier("cnn", hidden_dim=16, max_epochs=8, n_iter_no_change=3, random_state=0)
    probabilities = classifier.fit(X, y).predict_proba(new_X)
    assert_allclose(probabilities.sum(axis=1), 1)
    confidence = probabilities.max(axis=1)
    accuracy = classifier.score(new_X, new_y)
    assert accuracy > 0.67
    assert abs(confidence.mean() - accuracy) < 0.06
    assert log_loss(new_y, probabilities) < 0.62


def test_training_stops_and_keeps_the_best_epoch():
    # nothing to learn but the training set by heart
    rng = np.random.default_rng(0)
    proteins = [PROTEIN.decode(rng.integers(20, size=30)) for _ in range(200)]
    y = rng.integers(2, size=200)
    classifier = SequenceClassifier(
        "cnn", max_epochs=40, n_iter_no_change=4, validation_fraction=0.3, random_state=0
    ).fit(proteins, y)
    losses = classifier.net_.history[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert classifier.n_iter_ == len(losses) == best + 1 + 4 < 40
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max, size=4)[3]
    _, held_out = _split(y.astype(np.int64), 0.3, seed=int(seed))
    logits = classifier._logits([proteins[i] for i in held_out])
    assert_allclose(_losses(logits, y[held_out]).mean(), losses[best], rtol=1e-4)
    pickled = pickle.dumps(classifier)
    assert len(pickled) < 2_000_000
    assert_array_equal(pickle.loads(pickled).predict(proteins), classifier.predict(proteins))


def test_nothing_is_held_out_when_asked_or_when_classes_are_small():
    proteins, y = by_composition(40, seed=0)
    for X, labels, fraction in ((proteins, y, 0.0), (proteins[:8], [0, 1] * 4, 0.1)):
        classifier = SequenceClassifier(validation_fraction=fraction, max_epochs=3, random_state=0)
        classifier.fit(X, labels)
        assert classifier.temperature_ == 1.0
        assert classifier.n_iter_ == 3


def test_split_takes_a_share_of_each_class():
    targets = np.repeat([0, 1, 2], [50, 19, 3])
    train, held_out = _split(targets, 0.2, seed=0)
    assert np.bincount(targets[held_out], minlength=3).tolist() == [10, 3, 0]
    assert sorted([*train, *held_out]) == list(range(72))


def test_class_weights_lift_the_rare_class():
    X, y = by_composition(600, seed=0, noise=0.25)
    rare = np.flatnonzero(y == 1)[40:]
    X, y = [x for i, x in enumerate(X) if i not in set(rare)], np.delete(y, rare)
    predicted = [
        (
            SequenceClassifier(class_weight=weight, max_epochs=15, random_state=0).fit(X, y).predict(X) == 1
        ).mean()
        for weight in (None, "balanced", {0: 1, 1: 1000})
    ]
    assert predicted[0] < predicted[1] < predicted[2]


def test_long_sequences_go_in_smaller_batches():
    rows = [np.ones(length, dtype=np.int32) for length in (5, 100_000, 90_000, 7, 6)]
    order = np.argsort([len(row) for row in rows])
    assert [batch.tolist() for batch in _batches_of_tokens(order, rows)] == [[0, 4, 3], [2], [1]]


def test_refitting_on_strings_forgets_the_columns_of_tokens():
    proteins, y = by_composition(20, seed=0)
    classifier = SequenceClassifier(max_epochs=1, random_state=0).fit(np.ones((4, 3)), [0, 1, 0, 1])
    assert classifier.n_features_in_ == 3
    classifier.fit(proteins, y)
    assert not hasattr(classifier, "n_features_in_")


def test_bad_input_is_named_and_nothing_is_fitted():
    classifier = SequenceClassifier(max_epochs=1, random_state=0)
    for X, match in (
        (["MNT", ""], r"X\[1\] has 0 symbols"),
        (["MNT", "M-T"], r"X\[1\] has '-' at position 1"),
        (np.array([[2, 3], [4, -1]]), r"X\[1, 1\] is -1"),
        (np.array([[2.0, 3.0], [4.0, 0.5]]), r"X\[1, 1\] is 0.5"),
        (np.array([[2, 3], [2**40, 1]]), r"X\[1, 0\] is 1099511627776, but token ids fit in 32 bits"),
        (np.array([[2, 3], [0, 0]]), r"X\[1\] holds no token"),
        (["MNT", "MNT", "MNT"], "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=match):
            classifier.fit(X, [0, 1])
        assert not [name for name in vars(classifier) if name.endswith("_") and name != "n_features_in_"]
    with pytest.raises(ValueError, match=r"X\[1\] has 2 symbols, but at least 3"):
        SequenceClassifier(k=3).fit(["MNT", "MN"], [0, 1])
    with pytest.raises(ValueError, match=r"k=15 is too long for the protein alphabet.*at most 14"):
        SequenceClassifier(k=15).fit(["M" * 15, "N" * 15], [0, 1])
    with pytest.raises(ValueError, match="only one class: 1"):
        classifier.fit(["MNT", "MNK"], [1, 1])
    with pytest.raises(ValueError, match="'encoder' parameter"):
        SequenceClassifier("rnn").fit(["MNT", "MNK"], [0, 1])
    with pytest.raises(FloatingPointError, match="validation loss became nan in epoch 1"):
        SequenceClassifier("cnn", lr=1e30, max_epochs=1, batch_size=128, random_state=0).fit(
            ["MNT", "MNK"] * 64, [0, 1] * 64
        )
    with pytest.raises(FloatingPointError, match="epoch"):
        SequenceClassifier("cnn", lr=1e30, validation_fraction=0, random_state=0).fit(
            ["MNT", "MNK"] * 64, [0, 1] * 64
        )
