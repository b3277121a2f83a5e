"""KmerNetworkLabRanker: the rows of the network, accuracy, groups and unknown sequences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skseed.alphabets import DNA
from skseed.datasets import make_plasmids
from skseed.nn import SparseBatches, SparseSoftmaxNetwork, pad_sparse_rows
from skseed.ranking import EvidenceLabRanker, KmerNetworkLabRanker

# the rows that the network is trained on show in no public result
from skseed.ranking._class_network import ClassColumns
from skseed.ranking._color_classes import ColorClasses
from tests.reference import canonical_kmers, random_sequence

SIZES = {"n_hidden": 32, "batch_size": 32, "random_state": 0}


@pytest.fixture(scope="module")
def plasmids():
    made = make_plasmids(160, 8, length=1000, n_publications=4, return_X_y=False, random_state=0)
    return np.array(made.data, dtype=object), np.asarray(made.target), np.asarray(made.groups)


@pytest.fixture(scope="module")
def fitted(plasmids):
    X, y, groups = plasmids
    test = groups % 4 == 0
    return KmerNetworkLabRanker(max_epochs=40, **SIZES).fit(X[~test], y[~test], groups=groups[~test])


def test_labs_of_unseen_publications_are_found(plasmids, fitted) -> None:
    X, y, groups = plasmids
    test = groups % 4 == 0
    assert fitted.score(X[test], y[test]) > 0.5
    assert_allclose(np.exp(fitted.decision_function(X[test])).sum(axis=1), 1, rtol=1e-6)


def test_scores_do_not_depend_on_strand_rotation_or_other_rows(plasmids, fitted) -> None:
    X = plasmids[0][:6]
    scores = fitted.decision_function(X)
    turned = [DNA.reverse_complement(x[300:] + x[:300]) for x in X]
    assert_array_equal(fitted.decision_function(turned), scores)
    assert_array_equal(fitted.decision_function(X[3:4]), scores[3:4])


@pytest.fixture(scope="module")
def fragments():
    """Sequences that share fragments, their labs, groups and 7-mers."""
    rng = np.random.default_rng(0)
    made = [random_sequence(rng, 25) for _ in range(10)]
    X = ["".join(rng.choice(made, size=rng.integers(2, 6))) for _ in range(40)]
    labs, groups = rng.integers(12, size=40), rng.integers(12, size=40)
    return X, labs, groups, [set(canonical_kmers(x, 7, circular=True)) for x in X]


def labs_with(kmer, fragments, left_out=None):
    """Return the labs that have a k-mer in another pair of lab and group than `left_out`."""
    _, labs, groups, sets = fragments
    pairs = {pair for pair, own in zip(zip(labs, groups, strict=True), sets, strict=True) if kmer in own}
    return frozenset(lab for lab, _ in pairs - {left_out})


def test_columns_are_color_classes(fragments) -> None:
    X, labs, groups, sets = fragments
    ranker = KmerNetworkLabRanker(7, fraction=1, max_epochs=1, **SIZES).fit(X, labs, groups=groups)
    classes = {labs_with(kmer, fragments) for kmer in set().union(*sets)}
    assert len(classes) > 5
    # the rest are the bins of the length and the padding
    assert len(ranker.net_.module_.columns) == len(classes) + 128 + 1


def test_training_rows_ignore_the_own_group(fragments) -> None:
    X, labs, groups, sets = fragments
    library = EvidenceLabRanker(7, fraction=1)._read_library(X, labs, groups, reset=True)
    color_classes = ColorClasses.from_library(library)
    columns = ClassColumns.from_library(library, color_classes)
    rows = columns.training_rows(library, color_classes).toarray()
    classes = {labs_with(kmer, fragments) for kmer in set().union(*sets)}
    n_changed = n_unchanged = n_dropped = 0
    for row, own in enumerate(sets):
        expected: dict[frozenset[int], int] = {}
        for kmer in own:
            every = labs_with(kmer, fragments)
            others = labs_with(kmer, fragments, left_out=(labs[row], groups[row]))
            n_dropped += not others
            n_changed += bool(others) and others != every and others in classes
            n_unchanged += bool(others) and others != every and others not in classes
            if others:
                kept = others if others in classes else every
                expected[kept] = expected.get(kept, 0) + 1
        # the bin of the length has the value 1 before scaling
        counts = np.expm1(rows[row, :-128] / rows[row, -128:].max())
        assert_allclose(np.sort(counts[counts > 0]), sorted(expected.values()), rtol=1e-4)
    assert min(n_changed, n_unchanged, n_dropped) > 0


def test_large_groups_weigh_less() -> None:
    rng = np.random.default_rng(0)
    core = random_sequence(rng, 400)
    # the same sequence from both labs: 20 plasmids of one group against 8 groups
    X, y = [core] * 28, np.repeat(["a", "b"], [20, 8])
    groups = np.concatenate([np.zeros(20), np.arange(1, 9)])
    options = {"max_epochs": 60, "dropout": 0.0, **SIZES}
    by_plasmid = KmerNetworkLabRanker(**options).fit(X, y)
    by_group = KmerNetworkLabRanker(**options).fit(X, y, groups=groups)
    assert by_plasmid.predict([core]) == ["a"]
    assert by_group.predict([core]) == ["b"]


def test_sequences_without_a_known_kmer_warn(fitted) -> None:
    with pytest.warns(UserWarning, match="16-mers"):
        scores = fitted.decision_function(["ACGT" * 2, ""])
    assert np.isfinite(scores).all()


def test_metadata_decides_for_random_sequences() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 20)
    metadata = (rng.random((60, 8)) < np.where(rng.random((3, 8)) < 0.5, 0.05, 0.95)[y]).astype(int)
    table = np.column_stack([np.array([random_sequence(rng, 200) for _ in y], dtype=object), metadata])
    ranker = KmerNetworkLabRanker(n_metadata=8, fraction=1, max_epochs=30, **SIZES)
    ranker.fit(table[::2], y[::2])
    with pytest.warns(UserWarning, match="16-mers"):
        assert ranker.score(table[1::2], y[1::2]) > 0.7


def test_validation_holds_out_whole_groups(plasmids) -> None:
    X, y, groups = plasmids
    ranker = KmerNetworkLabRanker(validation_fraction=0.25, max_epochs=3, **SIZES).fit(X, y, groups=groups)
    assert np.isfinite(ranker.net_.history[:, "valid_loss"]).all()
    with pytest.raises(ValueError, match="of 1 groups leaves fewer than 2"):
        KmerNetworkLabRanker(validation_fraction=0.5, **SIZES).fit(X, y, groups=np.zeros(len(X)))


def test_network_equals_its_formula() -> None:
    rng = np.random.default_rng(0)
    rows = sparse.random(5, 12, density=0.4, format="csr", random_state=0)
    network = SparseSoftmaxNetwork(12, 3, n_hidden=4).eval()
    for inputs, (targets, _) in SparseBatches(rows, np.arange(5), rng.random(5), batch_size=3):
        logits = network(**inputs).detach().numpy()
        vectors, bias = (weight.detach().numpy() for weight in (network.columns[1:], network.bias))
        hidden = np.maximum(rows.toarray()[targets] @ vectors + bias, 0)
        expected = hidden @ network.head.weight.detach().numpy().T + network.head.bias.detach().numpy()
        assert_allclose(logits, expected, rtol=1e-4, atol=1e-6)
    assert pad_sparse_rows(rows[:0])[0].shape == (0, 1)


def test_every_row_is_in_one_batch_of_an_epoch() -> None:
    rows = sparse.random(50, 30, density=0.2, format="csr", random_state=0)
    batches = SparseBatches(rows, np.arange(50), np.ones(50), batch_size=8, seed=1)
    first, second = ([target for _, (targets, _) in batches for target in targets.tolist()] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    assert len(batches) == 7
