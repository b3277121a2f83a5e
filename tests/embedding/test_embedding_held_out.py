"""Early stopping of EditDistanceEmbedder: which sequences are held out, and what they decide."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import EarlyStopping

from skseed._training import draw_seeds
from skseed.datasets import make_families
from skseed.distances import levenshtein_distances
from skseed.embedding import EditDistanceEmbedder
from skseed.embedding._held_out import hold_out

GENES, FAMILIES = make_families(120, 12, length=40, random_state=0)
GENES = [gene[:36] for gene in GENES]
# those that an embedder with random_state=0 holds out of a quarter of the families
HELD_OUT = hold_out(GENES, FAMILIES, 0.25, seed=draw_seeds(0, 3)[2])[1]


def tiny(**params):
    defaults = {"n_components": 16, "encoder": "linear", "max_epochs": 8, "batch_size": 24}
    return EditDistanceEmbedder(**defaults | {"random_state": 0} | params)


def losses(embedder):
    return [row["valid_loss"] for row in embedder.net_.history]


def test_groups_are_held_out_whole():
    train, held_out = hold_out(GENES, FAMILIES, 0.25, seed=0)
    assert_array_equal(np.sort(np.concatenate([train, held_out])), np.arange(120))
    assert len(np.unique(FAMILIES[held_out])) == 3
    assert set(FAMILIES[train]).isdisjoint(FAMILIES[held_out])
    assert not np.array_equal(hold_out(GENES, FAMILIES, 0.25, seed=1)[1], held_out)
    assert len(hold_out(GENES, None, 0.25, seed=0)[1]) == 30


def test_of_many_some_of_all_groups_are_asked():
    groups = np.repeat(np.arange(200), 100)
    train, held_out = hold_out(range(20_000), groups, 0.25, seed=0)
    assert len(held_out) == 1000
    assert len(np.unique(groups[held_out])) == 50
    assert set(groups[train]).isdisjoint(groups[held_out])
    assert len(np.unique(groups[train])) == 150


def test_a_callback_sees_the_loss_and_what_it_ends_is_validated():
    params = {"validation_fraction": 0.25, "n_iter_no_change": 100, "lr": 0.5, "max_epochs": 15}
    whole = losses(tiny(**params).fit(GENES, groups=FAMILIES))
    embedder = tiny(**params, callbacks=[EarlyStopping(patience=2)]).fit(GENES, groups=FAMILIES)
    stopped = losses(embedder)
    assert 1 < len(stopped) < 15
    assert_allclose(stopped, whole[: len(stopped)])


def test_nothing_of_the_held_out_part_is_learnt():
    others = list(GENES)
    for index in HELD_OUT:
        others[index] = "ACGT" * 9
    params = {"validation_fraction": 0.25, "max_epochs": 1}
    one, other = (tiny(**params).fit(genes, groups=FAMILIES) for genes in (GENES, others))
    assert_array_equal(one.transform(GENES), other.transform(GENES))
    assert losses(one) != losses(other)


def test_the_best_epoch_is_kept():
    # so large a rate that the loss on unseen families rises again
    embedder = tiny(validation_fraction=0.25, n_iter_no_change=100, lr=0.5, max_epochs=15)
    embedder.fit(GENES, groups=FAMILIES)
    history = losses(embedder)
    assert len(history) == 15
    assert int(np.argmin(history)) < 14
    short = tiny(validation_fraction=0.25, n_iter_no_change=2, lr=0.5, max_epochs=15)
    short.fit(GENES, groups=FAMILIES)
    stopped = losses(short)
    assert len(stopped) < 15
    assert len(stopped) == np.argmin(stopped) + 1 + 2
    assert_allclose(stopped, history[: len(stopped)])


def test_the_loss_is_that_of_the_held_out_pairs():
    params = {"validation_fraction": 0.25, "near_weight": 0.0}
    embedder = tiny(**params).fit(GENES, groups=FAMILIES)
    held_out = [GENES[i] for i in HELD_OUT]
    upper = np.triu_indices(len(held_out), k=1)
    error = (embedder.pairwise_distances(held_out) - levenshtein_distances(held_out))[upper]
    assert_allclose(((error / embedder.max_length_) ** 2).mean(), min(losses(embedder)), rtol=1e-4)


def test_a_matrix_of_distances_has_its_held_out_part_too():
    matrix = levenshtein_distances(GENES)
    embedder = tiny(target=matrix, validation_fraction=0.25).fit(GENES, groups=FAMILIES)
    by_name = tiny(synthetic=0, validation_fraction=0.25).fit(GENES, groups=FAMILIES)
    assert_allclose(losses(embedder), losses(by_name), rtol=1e-5)


def test_nothing_is_held_out_unless_asked():
    expected = tiny().fit(GENES)
    grouped = tiny().fit(GENES, groups=FAMILIES)
    assert_array_equal(grouped.transform(GENES), expected.transform(GENES))
    assert "valid_loss" not in grouped.net_.history[0]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0] * 120, "leaves fewer than 2 sequences"),
        ([0, *[1] * 119], "leaves fewer than 2 sequences"),
        ([0] * 119, "inconsistent numbers of samples"),
        (["a", None, *["b"] * 118], r"groups\[1\] is missing"),
        (["a", "b", float("nan"), *["b"] * 117], r"groups\[2\] is missing"),
        (np.zeros((120, 1)), "groups must have one dimension"),
    ],
)
def test_groups_that_cannot_be_held_out_are_refused(groups, message):
    embedder = tiny(validation_fraction=0.3)
    with pytest.raises(ValueError, match=message):
        embedder.fit(GENES, groups=groups)
    assert not hasattr(embedder, "net_")


def test_the_wrong_letter_is_found_in_any_chunk(monkeypatch):
    embedder = tiny(max_epochs=1).fit(GENES)
    monkeypatch.setattr("skseed.embedding._edit_distance_embedder._CHUNK", 7)
    with pytest.raises(ValueError, match=r"X\[110\] has 'J' at position 3"):
        embedder.transform([*GENES[:110], "ACGJ", *GENES[110:]])
