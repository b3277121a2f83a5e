"""The embedding of sets of k-mers: what it learns, what it ignores, labs enrolled."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skseed.alphabets import DNA
from skseed.datasets import make_plasmids
from skseed.metrics import top_k_score
from skseed.ranking import KmerEmbeddingRanker

OPTIONS = {"fraction": 0.1, "embedding_dim": 32, "batch_size": 16, "max_epochs": 8, "random_state": 0}
Table = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def plasmids() -> Table:
    data = make_plasmids(
        200, 10, n_publications=4, length=1500, signature=0.3, return_X_y=False, random_state=0
    )
    return np.array(data.data, dtype=object), np.asarray(data.target), np.asarray(data.groups)


@pytest.fixture(scope="module")
def fitted(plasmids: Table) -> KmerEmbeddingRanker:
    X, y, groups = plasmids
    train = groups % 4 > 0
    return KmerEmbeddingRanker(**OPTIONS).fit(X[train], y[train])


def test_it_ranks_unseen_publications(plasmids: Table, fitted: KmerEmbeddingRanker) -> None:
    X, y, groups = plasmids
    test = groups % 4 == 0
    scores = fitted.decision_function(X[test])
    assert top_k_score(y[test], scores, k=1, labels=fitted.classes_) > 0.8
    embeddings = fitted.transform(X[test])
    assert_allclose(np.linalg.norm(embeddings, axis=1), 1)
    assert_allclose(embeddings @ fitted.lab_embeddings_.T, scores, atol=1e-12)


def test_strand_and_rotation_do_not_matter(plasmids: Table, fitted: KmerEmbeddingRanker) -> None:
    X = plasmids[0][:20]
    turned = [DNA.reverse_complement(x[300:] + x[:300]) for x in X]
    assert_array_equal(fitted.transform(turned), fitted.transform(X))


def test_unknown_kmers_are_no_kmers(fitted: KmerEmbeddingRanker) -> None:
    stranger = "".join(np.random.default_rng(1).choice(list("ACGT"), size=900))
    assert_array_equal(fitted.transform([stranger]), fitted.transform([""]))


def test_max_features_keeps_the_most_frequent(plasmids: Table) -> None:
    X, y, _ = plasmids
    few = KmerEmbeddingRanker(**OPTIONS, max_features=50).set_params(max_epochs=1).fit(X, y)
    assert few.net_.module_.vectors.weight.shape == (51, 32)
    alone = KmerEmbeddingRanker(k=21, fraction=1, max_epochs=1).fit(["A" * 40, "ACGT" * 10], ["a", "b"])
    assert len(alone.net_.module_.vectors.weight) == 1  # nothing that two sequences have


def test_enrolled_labs_are_found_and_known_ones_stay(plasmids: Table) -> None:
    X, y, _ = plasmids
    late = y >= 8
    ranker = KmerEmbeddingRanker(**OPTIONS).fit(X[~late], y[~late])
    before = ranker.lab_embeddings_.copy()
    rows = np.flatnonzero(late)
    ranker.enroll(X[rows[:5]], y[rows[:5]]).enroll(X[rows[5:20]], y[rows[5:20]])
    assert_array_equal(ranker.classes_, np.arange(10))
    assert_allclose(ranker.lab_embeddings_[:8], before, atol=1e-12)
    rest = rows[20:]
    assert top_k_score(y[rest], ranker.decision_function(X[rest]), k=1, labels=ranker.classes_) > 0.7


def test_metadata_helps_where_sequences_do_not() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 20)
    X = ["".join(rng.choice(list("ACGT"), size=300)) for _ in y]
    metadata = (rng.random((80, 6)) < np.where(rng.random((4, 6)) < 0.5, 0.05, 0.95)[y]).astype(int)
    table = np.column_stack([np.array(X, dtype=object), metadata])
    ranker = KmerEmbeddingRanker(**OPTIONS, n_metadata=6).fit(table[::2], y[::2])
    assert ranker.score(table[1::2], y[1::2]) > 0.7
