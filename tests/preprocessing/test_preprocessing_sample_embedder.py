"""Embedding of samples that are counts of sequences."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.frozen import FrozenEstimator

from skseed.preprocessing import KmerVectorizer, SampleEmbedder

SEQUENCES = ["GATT", "GGTT", "CCCC"]
COUNTS = np.array([[3, 1, 0], [0, 2, 2], [1, 0, 0]])


def test_vectors_are_means_weighted_by_abundance() -> None:
    table = pd.DataFrame(COUNTS, columns=SEQUENCES)
    embedder = SampleEmbedder(KmerVectorizer(k=2)).fit(table)
    vectors = KmerVectorizer(k=2).fit_transform(SEQUENCES).toarray()
    expected = [np.average(vectors, axis=0, weights=row) for row in COUNTS]
    np.testing.assert_allclose(embedder.transform(table), expected)
    # the number of reads of a sample does not matter
    np.testing.assert_allclose(embedder.transform(table.mul([1, 10, 5], axis=0)), expected)


def test_arrays_and_sparse_matrices_need_the_sequences() -> None:
    expected = SampleEmbedder(KmerVectorizer(k=2)).fit_transform(pd.DataFrame(COUNTS, columns=SEQUENCES))
    for X in (COUNTS, sparse.csr_array(COUNTS), COUNTS.tolist()):
        embedder = SampleEmbedder(KmerVectorizer(k=2), sequences=SEQUENCES)
        np.testing.assert_allclose(embedder.fit_transform(X), expected)
    with pytest.raises(ValueError, match="X has no column names; pass sequences"):
        SampleEmbedder(KmerVectorizer()).fit(COUNTS)


def test_new_samples_may_have_new_sequences() -> None:
    embedder = SampleEmbedder(KmerVectorizer(k=1)).fit(pd.DataFrame(COUNTS, columns=SEQUENCES))
    new = pd.DataFrame([[1, 3]], columns=["AAAA", "CCCC"])
    np.testing.assert_allclose(embedder.transform(new), [[1, 3, 0, 0]])


def test_frozen_embedder_is_not_fitted_again() -> None:
    frozen = FrozenEstimator(KmerVectorizer(k=1).fit(["ACGT"]))
    embedder = SampleEmbedder(frozen).fit(pd.DataFrame(COUNTS, columns=SEQUENCES))
    assert embedder.embedder_ is frozen


@pytest.mark.parametrize(
    ("counts", "match"),
    [
        ([[1, 2, 3], [0, 0, 0]], r"X\[1\] has no counts"),
        ([[1, 2, 3], [0, -1, 5]], r"X\[1\] has a negative count"),
        ([[1, np.nan, 3]], "NaN"),
        ([[1, 2]], "X has 2 columns, but there are 3 sequences"),
    ],
)
def test_wrong_counts_raise(counts: list, match: str) -> None:
    embedder = SampleEmbedder(KmerVectorizer(), sequences=SEQUENCES)
    with pytest.raises(ValueError, match=match):
        embedder.fit(np.array(counts))
    assert not hasattr(embedder, "embedding_")


def test_columns_that_are_no_sequences_raise() -> None:
    with pytest.raises(ValueError, match=r"X\[0\] has 'o' at position 1"):
        SampleEmbedder(KmerVectorizer()).fit(pd.DataFrame([[1, 2]], columns=["soil 1", "gut"]))
