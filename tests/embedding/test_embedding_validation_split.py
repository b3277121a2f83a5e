"""Validation split and early stopping of both embedders."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import EarlyStopping

from skseed.datasets import load_sars_cov_2, make_families, make_reads
from skseed.distances import levenshtein_distances
from skseed.embedding import EditDistanceEmbedder, ReadPositionEmbedder

GENES, FAMILIES = make_families(120, 12, length=40, random_state=0)
GENES = [gene[:36] for gene in GENES]


def tiny(**params):
    defaults = {
        "n_components": 16,
        "encoder": "linear",
        "distance": "hyperbolic",
        "max_epochs": 8,
        "batch_size": 24,
    }
    return EditDistanceEmbedder(**defaults | {"random_state": 0} | params)


def losses(embedder):
    return [row["valid_loss"] for row in embedder.net_.history]


def held_out_rows(**params):
    """Return the validation rows: they are never among the sequences of a batch."""
    seen = set()

    def recording(left, right):
        seen.update(left if len(left) <= 24 else [])
        return levenshtein_distances(left, right)

    tiny(target=recording, synthetic=0, max_epochs=6, batch_size=24, **params).fit(GENES, groups=FAMILIES)
    return np.flatnonzero([gene not in seen for gene in GENES])


def test_groups_are_held_out_whole():
    held_out = held_out_rows(validation_fraction=0.25)
    assert len(np.unique(FAMILIES[held_out])) == 3
    training = np.setdiff1d(np.arange(120), held_out)
    assert set(FAMILIES[training]).isdisjoint(FAMILIES[held_out])
    assert not np.array_equal(held_out_rows(validation_fraction=0.25, random_state=1), held_out)


def test_early_stopping_callbacks_read_the_validation_loss():
    params = {"validation_fraction": 0.25, "n_iter_no_change": 100, "lr": 0.5, "max_epochs": 15}
    whole = losses(tiny(**params).fit(GENES, groups=FAMILIES))
    embedder = tiny(**params, callbacks=[EarlyStopping(patience=2)]).fit(GENES, groups=FAMILIES)
    stopped = losses(embedder)
    assert 1 < len(stopped) < 15
    assert_allclose(stopped, whole[: len(stopped)])


def test_held_out_sequences_do_not_change_the_weights():
    others = list(GENES)
    for index in held_out_rows(validation_fraction=0.25):
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


def test_the_validation_loss_is_the_mean_squared_error_of_held_out_pairs():
    params = {"validation_fraction": 0.25, "near_weight": 0.0}
    embedder = tiny(**params).fit(GENES, groups=FAMILIES)
    held_out = [GENES[i] for i in held_out_rows(validation_fraction=0.25)]
    upper = np.triu_indices(len(held_out), k=1)
    error = (embedder.pairwise_distances(held_out) - levenshtein_distances(held_out))[upper]
    assert_allclose(((error / embedder.max_length_) ** 2).mean(), min(losses(embedder)), rtol=1e-4)


def test_a_matrix_as_target_is_validated_too():
    matrix = levenshtein_distances(GENES)
    embedder = tiny(target=matrix, validation_fraction=0.25).fit(GENES, groups=FAMILIES)
    by_name = tiny(synthetic=0, validation_fraction=0.25).fit(GENES, groups=FAMILIES)
    assert_allclose(losses(embedder), losses(by_name), rtol=1e-5)


def test_groups_without_validation_change_no_bit():
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
def test_invalid_groups_raise(groups, message):
    embedder = tiny(validation_fraction=0.3)
    with pytest.raises(ValueError, match=message):
        embedder.fit(GENES, groups=groups)
    assert not hasattr(embedder, "net_")


def test_read_embedder_keeps_the_epoch_with_the_lowest_validation_loss():
    genome = load_sars_cov_2().data[0][:1000]
    reads, positions = make_reads(genome, random_state=0)
    # one component, because folding the line into more dimensions takes most of the time
    params = {"n_components": 1, "max_epochs": 12, "batch_size": 32, "random_state": 0}
    params["validation_fraction"] = 0.2
    embedder = ReadPositionEmbedder(**params, n_iter_no_change=12).fit(reads, positions)
    history = losses(embedder)
    assert len(history) == 12
    assert min(history) < history[0]
    short = ReadPositionEmbedder(**params, lr=1.0, n_iter_no_change=1).fit(reads, positions)
    stopped = losses(short)
    assert len(stopped) == np.argmin(stopped) + 2
    whole = ReadPositionEmbedder(1, max_epochs=1).fit(reads, positions)
    assert "valid_loss" not in whole.net_.history[0]
