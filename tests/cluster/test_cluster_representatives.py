"""Medoids and consensus strings of clusters."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from skseed.cluster import cluster_representatives
from skseed.distances import levenshtein_distances


def noisy_copies(n: int, length: int, rate: float, seed: int = 0) -> tuple[str, list[str]]:
    """Return a random sequence, and copies with substitutions, deletions and insertions."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(list("ACGT"), length)
    copies = []
    for _ in range(n):
        other = np.where(generator.random(length) < rate / 3, generator.choice(list("ACGT"), length), truth)
        lengths = 1 - (generator.random(length) < rate / 3) + (generator.random(length) < rate / 3)
        copies.append("".join(np.repeat(other, lengths)))
    return "".join(truth), copies


def mean_distance(string: str, members: list[str]) -> float:
    return float(np.mean([Levenshtein.distance(string, member) for member in members]))


@settings(max_examples=60, deadline=None)
@given(
    X=st.lists(st.text("ACG", max_size=9), min_size=1, max_size=30),
    n_labels=st.integers(1, 3),
    seed=st.integers(0, 9),
)
def test_medoids_are_exact_and_no_string_is_worse(X: list[str], n_labels: int, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(n_labels, size=len(X))
    found = cluster_representatives(X, labels)
    assert found.labels.tolist() == sorted(set(labels.tolist()))
    for number, label in enumerate(found.labels):
        rows = np.flatnonzero(labels == label)
        members = [X[row] for row in rows]
        sums = levenshtein_distances(members).sum(axis=1)
        assert found.medoid_indices[number] == rows[np.argmin(sums)]
        assert found.medoids[number] == X[found.medoid_indices[number]]
        assert found.counts[number] == len(rows)
        assert found.medoid_distances[number] == pytest.approx(sums.min() / len(rows))
        consensus = mean_distance(found.consensus[number], members)
        assert found.consensus_distances[number] == pytest.approx(consensus)
        assert consensus <= found.medoid_distances[number]
        assert consensus <= found.majority_distances[number]


def test_medoid_of_more_members_than_one_block_is_exact() -> None:
    _, X = noisy_copies(300, 40, 0.2)
    found = cluster_representatives(X, np.zeros(len(X), dtype=int))
    assert found.medoid_indices[0] == np.argmin(levenshtein_distances(X).sum(axis=1))


@pytest.mark.parametrize(("n", "rate"), [(8, 0.1), (15, 0.2)])
def test_consensus_restores_the_sequence_that_was_read(n: int, rate: float) -> None:
    truth, X = noisy_copies(n, 150, rate)
    found = cluster_representatives(X, ["molecule"] * n)
    assert Levenshtein.distance(found.consensus[0], truth) <= 1
    assert found.consensus_distances[0] <= mean_distance(truth, X)
    assert found.consensus_distances[0] < 0.8 * found.medoid_distances[0]


def test_consensus_can_equal_no_member() -> None:
    found = cluster_representatives(["CATTGCA", "GATTGCAA", "GATGCA", "GATTGAA"], [1] * 4)
    assert found.consensus == ["GATTGCA"]
    assert found.consensus_distances.tolist() == [1]


def test_copies_count_as_members() -> None:
    found = cluster_representatives(["AAAA", "AAAT", "AATT", "aaaa"], [0, 0, 0, 0])
    assert found.medoids == ["AAAA"]
    assert found.medoid_distances.tolist() == [0.75]
    found = cluster_representatives(["AATT", "AAAT", "AAAA", "AATT", "AATT"], [0] * 5)
    assert found.medoids == found.consensus == ["AATT"]


def test_noise_has_no_representative() -> None:
    found = cluster_representatives(["ACGT", "ACGA", "TTTT"], [0, 0, -1])
    assert found.labels.tolist() == [0]
    nothing = cluster_representatives(["ACGT"], [-1])
    assert nothing.medoids == nothing.consensus == []
    assert len(nothing.consensus_distances) == 0


def test_labels_of_any_kind_are_accepted() -> None:
    X = pd.Series(["MKV", "MKI", "WWW"])
    assert cluster_representatives(X, pd.Series(["b", "b", "a"])).labels.tolist() == ["a", "b"]


def test_characters_beyond_latin_are_accepted() -> None:
    text = "".join(chr(0x4E00 + index) for index in range(400))
    found = cluster_representatives([text, text[1:], text[:-1]], [0, 0, 0])
    assert found.consensus == [text]


def test_case_is_kept_if_asked_for() -> None:
    X = ["gatt", "gatt", "GATT"]
    assert cluster_representatives(X, [0] * 3).consensus == ["GATT"]
    assert cluster_representatives(X, [0] * 3, alphabet=None).consensus == ["gatt"]


def test_result_does_not_depend_on_the_order_of_clusters() -> None:
    _, X = noisy_copies(20, 60, 0.2)
    labels = np.arange(20) % 2
    one, other = cluster_representatives(X, labels), cluster_representatives(X, 1 - labels)
    assert one.consensus == other.consensus[::-1]


def test_wrong_labels_raise() -> None:
    with pytest.raises(ValueError, match="labels has 1 labels, but X has 2"):
        cluster_representatives(["ACGT", "ACGA"], [0])
    with pytest.raises(ValueError, match=r"labels\[1\] is missing"):
        cluster_representatives(["ACGT", "ACGA"], ["a", None])
