"""The vote of k-mers: its formula, what it ignores, and that labs enrolled are labs fitted."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from scipy.special import softmax
from sklearn.base import clone

from skseed.alphabets import DNA
from skseed.datasets import make_plasmids
from skseed.metrics import top_k_score, true_label_rank
from skseed.ranking import KmerLabRanker
from tests.reference import canonical_kmers, random_sequence


@pytest.fixture(scope="module")
def plasmids() -> tuple[np.ndarray, np.ndarray]:
    X, y = make_plasmids(240, 12, length=1200, random_state=0)
    return np.array(X, dtype=object), y


def plain_scores(
    ranker: KmerLabRanker,
    X: list[str],
    y: np.ndarray,
    queries: list[str],
    metadata: np.ndarray,
    asked: np.ndarray,
) -> np.ndarray:
    """Spell the formula of the documentation out."""
    labs = np.unique(y)
    words = [set(canonical_kmers(x, ranker.k, circular=True)) for x in X]
    scores = np.zeros((len(queries), len(labs)))
    for i, query in enumerate(queries):
        for word in set(canonical_kmers(query, ranker.k, circular=True)):
            c = np.array(
                [sum(word in w for w, lab in zip(words, y, strict=True) if lab == one) for one in labs]
            )
            if c.sum():
                scores[i] += c / c.sum() * np.log((1 + len(labs)) / (1 + (c > 0).sum()))
    total = scores.sum(axis=1, keepdims=True)
    scores = np.log(scores / np.where(total > 0, total, 1) + 1e-4)
    overall = metadata.mean(axis=0)
    for column, lab in enumerate(labs):
        mine = metadata[y == lab]
        rate = np.clip((mine.sum(axis=0) + 5 * overall) / (len(mine) + 5), 1e-4, 1 - 1e-4)
        likelihood = np.where(asked == 1, np.log(rate), np.log(1 - rate)).sum(axis=1)
        scores[:, column] += ranker.metadata_weight * likelihood
    return scores


def test_scores_follow_the_formula() -> None:
    rng = np.random.default_rng(0)
    pieces = [random_sequence(rng, 15) for _ in range(8)]
    X = ["".join(rng.choice(pieces, size=4)) for _ in range(20)]
    y = np.array(["Curie", "Franklin", "McClintock", "Noether"] * 5)
    metadata = rng.integers(2, size=(20, 3))
    queries = ["".join(rng.choice(pieces, size=3)) for _ in range(6)] + ["ACG"]
    asked = rng.integers(2, size=(7, 3))
    ranker = KmerLabRanker(k=7, fraction=1, n_metadata=3, metadata_weight=0.4)
    ranker.fit(pd.DataFrame({"sequence": X}).join(pd.DataFrame(metadata)).rename(columns=str), y)
    table = pd.DataFrame({"sequence": queries}).join(pd.DataFrame(asked)).rename(columns=str)
    expected = plain_scores(ranker, X, y, queries, metadata, asked)
    np.testing.assert_allclose(ranker.decision_function(table), expected, rtol=1e-10)
    np.testing.assert_allclose(ranker.predict_proba(table), softmax(expected, axis=1), rtol=1e-10)
    assert_array_equal(ranker.lab_counts_, [5, 5, 5, 5])


def test_relatives_are_ranked_first(plasmids: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = plasmids
    train = np.random.default_rng(0).permutation(len(X)) < 160
    ranker = KmerLabRanker().fit(X[train], y[train])
    scores = ranker.decision_function(X[~train])
    assert top_k_score(y[~train], scores, k=1, labels=ranker.classes_) > 0.9
    turned = [DNA.reverse_complement(x[100:] + x[:100]) for x in X[~train]]
    assert_array_equal(ranker.decision_function(turned), scores)


def test_unknown_sequences_tie_and_so_rank_last() -> None:
    ranker = KmerLabRanker(k=5, fraction=1).fit(["ACGTTGCA", "GGATCCAA", "TTTTTCTT"], ["a", "b", "c"])
    for stranger in ("CACACACA", "AC", ""):
        scores = ranker.decision_function([stranger])
        assert_array_equal(true_label_rank(["a"], scores, labels=ranker.classes_), [3])
        np.testing.assert_allclose(ranker.predict_proba([stranger]), 1 / 3)


def test_a_library_without_kmers_knows_nothing() -> None:
    ranker = KmerLabRanker().fit(["ACGT", "GGATCC"], ["a", "b"])
    assert_array_equal(ranker.decision_function(["ACGGTTACACGTAGGATTACACCAT", "AC"]), [0, 0])


def test_topology_decides_about_the_end() -> None:
    X, y = ["AAAACCCC", "AATTGGAC"], ["a", "b"]
    query = ["CCCAAA"]  # over the end of the first
    assert KmerLabRanker(k=6, fraction=1).fit(X, y).decision_function(query)[0] < 0
    assert KmerLabRanker(k=6, fraction=1, topology="linear").fit(X, y).decision_function(query)[0] == 0


@pytest.mark.parametrize("parts", [[120], [13, 90, 200], [1, 2, 3]])
def test_enrolling_equals_fitting_everything(
    plasmids: tuple[np.ndarray, np.ndarray], parts: list[int]
) -> None:
    X, y = plasmids
    # labs in an order that puts new ones before, between and after the known ones
    order = np.argsort((y * 7) % 12, kind="stable")
    order = np.concatenate([order[[0, -1]], order[1:-1]])
    X, names = X[order], np.array([f"lab {lab}" for lab in y])[order]
    metadata = np.random.default_rng(0).integers(2, size=(len(X), 4))
    table = np.column_stack([X, metadata])
    ranker = KmerLabRanker(n_metadata=4).fit(table[:10], names[:10])
    starts = [10, *(part + 10 for part in parts)]
    for start, stop in zip(starts, [*starts[1:], len(X)], strict=True):
        ranker.enroll(table[start:stop], names[start:stop])
    whole = KmerLabRanker(n_metadata=4).fit(table, names)
    assert_array_equal(ranker.classes_, whole.classes_)
    assert_array_equal(ranker.lab_counts_, whole.lab_counts_)
    assert_array_equal(ranker.decision_function(table[:50]), whole.decision_function(table[:50]))


def test_metadata_decides_where_sequences_do_not() -> None:
    X = [["ACGTACGT", 1, 0], ["ACGTACGT", 0, 1], ["ACGTACGT", 1, 0], ["ACGTACGT", 0, 1]]
    ranker = KmerLabRanker(k=4, fraction=1, n_metadata=2).fit(X, ["a", "b", "a", "b"])
    assert ranker.predict([["TTTT", 0, 1], ["TTTT", 1, 0]]).tolist() == ["b", "a"]


def test_tables_of_all_kinds_give_the_same() -> None:
    sequences, ones = ["ACGTTGCA", "GGATCCAA", "TTTTTCTT"], [1, 0, 1]
    tables = [
        [list(row) for row in zip(sequences, ones, strict=True)],
        np.array(list(zip(sequences, ones, strict=True)), dtype=object),
        pd.DataFrame({"sequence": sequences, "high_copy": ones}),
        pd.DataFrame({"sequence": sequences, "high_copy": np.array(ones, dtype=bool)}),
        pl.DataFrame({"sequence": sequences, "high_copy": ones}),
    ]
    rankers = [KmerLabRanker(k=5, n_metadata=1).fit(table, ["a", "b", "c"]) for table in tables]
    for ranker, table in zip(rankers, tables, strict=True):
        assert_array_equal(ranker.decision_function(table), rankers[0].decision_function(tables[0]))
    assert rankers[2].feature_names_in_.tolist() == ["sequence", "high_copy"]
    with pytest.raises(ValueError, match="feature names"):
        rankers[2].predict(tables[2].rename(columns={"high_copy": "low_copy"}))
    assert not hasattr(rankers[2].set_params(n_metadata=0).fit(sequences, ["a", "b", "c"]), "n_features_in_")


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([["ACGT", 1], ["ACGT", 2]], ValueError, r"X\[1, 1\] is 2, but the last 1 columns are binary"),
        ([["ACGT", 1], ["ACGT", None]], ValueError, r"X\[1, 1\] is None, but the last 1"),
        ([["ACGT", 1], [None, 1]], ValueError, r"X\[1\] is missing"),
        ([["ACGT", 1], [7, 1]], TypeError, r"X\[1\] is of type int"),
        ([["ACGT", 1], ["AC-T", 1]], ValueError, r"X\[1\] has '-' at position 2"),
        (["ACGT", "ACGT"], ValueError, r"must be a table of 2 columns.*got shape \(2,\)"),
        ("ACGT", ValueError, "X is a single str"),
        (None, TypeError, "NoneType"),
    ],
)
def test_bad_tables_are_refused(X: object, error: type[Exception], message: str) -> None:
    ranker = KmerLabRanker(k=3, n_metadata=1)
    with pytest.raises(error, match=message):
        ranker.fit(X, ["a", "b"])
    assert not hasattr(ranker, "classes_")
    fitted = clone(ranker).fit([["ACGT", 1], ["CCCC", 0]], ["a", "b"])
    for method in (fitted.predict, lambda X: fitted.enroll(X, ["a", "b"])):
        with pytest.raises(error, match=message):
            method(X)
    assert_array_equal(fitted.lab_counts_, [1, 1])


def test_labs_of_another_kind_are_not_enrolled() -> None:
    ranker = KmerLabRanker(k=3).fit(["ACGT", "CCCC"], [1, 2])
    with pytest.raises(ValueError, match=r"y holds labs such as .*name all of them in the same way"):
        ranker.enroll(["GGGG"], ["three"])
    assert_array_equal(ranker.classes_, [1, 2])
