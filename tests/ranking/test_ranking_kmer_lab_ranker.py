"""KmerLabRanker: its formula, invariances, unknown sequences, and enroll equal to fit."""

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
    """Compute the formula of the documentation with plain loops."""
    labs = np.unique(y)
    known = [set(canonical_kmers(x, ranker.k, circular=True)) for x in X]
    scores = np.zeros((len(queries), len(labs)))
    for i, query in enumerate(queries):
        for kmer in set(canonical_kmers(query, ranker.k, circular=True)):
            c = np.array(
                [
                    sum(kmer in kmers for kmers, lab in zip(known, y, strict=True) if lab == one)
                    for one in labs
                ]
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


@pytest.mark.filterwarnings("ignore:.*no .*-mer")
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


@pytest.mark.filterwarnings("ignore:.*no .*-mer")
def test_sequences_without_a_known_kmer_tie() -> None:
    ranker = KmerLabRanker(k=5, fraction=1).fit(["ACGTTGCA", "GGATCCAA", "TTTTTCTT"], ["a", "b", "c"])
    for sequence in ("CACACACA", "AC", ""):
        scores = ranker.decision_function([sequence])
        assert_array_equal(true_label_rank(["a"], scores, labels=ranker.classes_), [3])
        np.testing.assert_allclose(ranker.predict_proba([sequence]), 1 / 3)


@pytest.mark.parametrize("method", ["predict", "decision_function", "predict_proba", "rank"])
def test_prediction_warns_once_with_the_number_of_unknown_sequences(method: str) -> None:
    ranker = KmerLabRanker(k=5, fraction=1).fit(["ACGTTGCA", "GGATCCAA", "TTTTTCTT"], ["a", "b", "c"])
    with pytest.warns(
        UserWarning, match=r"2 of 3 sequences have no 5-mers .*seen in fit; the first is X\[1\]"
    ) as caught:
        getattr(ranker, method)(["GGATCC", "CACACACA", "AC"])
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_fit_raises_without_kmers_and_warns_with_few() -> None:
    rng = np.random.default_rng(0)
    short = [random_sequence(rng, 20) for _ in range(40)]
    ranker = KmerLabRanker(topology="linear")
    with pytest.raises(
        ValueError, match=r"40 of 40 sequences have no k-mer .*k=21.*; lower k or raise fraction"
    ):
        ranker.fit(short, ["a", "b"] * 20)
    assert not hasattr(ranker, "classes_")
    with pytest.warns(UserWarning, match="39 of 41 sequences have no k-mer") as caught:
        ranker.set_params(fraction=1).fit(
            [*short[1:], "ACGGTTACA" * 5, "TTGACCATG" * 5], ["a", "b"] * 20 + ["a"]
        )
    assert len(caught) == 1
    assert ranker.predict(["ACGGTTACA" * 3]) == "b"
    with pytest.warns(UserWarning, match="1 of 1 sequences have no k-mer"):
        ranker.enroll(["ACGT"], ["c"])


def test_one_short_sequence_does_not_change_the_others(plasmids: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = plasmids
    ranker = KmerLabRanker().fit(X, y)
    with pytest.warns(UserWarning, match="1 of 6 sequences"):
        scores = ranker.decision_function([*X[:3], "ACGT", *X[3:5]])
    assert_array_equal(np.delete(scores, 3, axis=0), ranker.decision_function(X[:5]))


@pytest.mark.filterwarnings("ignore:.*no .*-mer")
def test_topology_decides_whether_kmers_cross_the_end() -> None:
    X, y = ["AAAACCCC", "AATTGGAC"], ["a", "b"]
    query = ["CCCAAA"]  # over the end of the first
    assert KmerLabRanker(k=6, fraction=1).fit(X, y).decision_function(query)[0] < 0
    assert KmerLabRanker(k=6, fraction=1, topology="linear").fit(X, y).decision_function(query)[0] == 0


@pytest.mark.parametrize("stops", [[120], [13, 90, 200], [1, 2, 3]])
def test_enroll_equals_fit_on_all_sequences(
    plasmids: tuple[np.ndarray, np.ndarray], stops: list[int]
) -> None:
    X, y = plasmids
    # labs in an order that puts new ones before, between and after the known ones
    order = np.argsort((y * 7) % 12, kind="stable")
    order = np.concatenate([order[[0, -1]], order[1:-1]])
    X, names = X[order], np.array([f"lab {lab}" for lab in y])[order]
    metadata = np.random.default_rng(0).integers(2, size=(len(X), 4))
    table = np.column_stack([X, metadata])
    ranker = KmerLabRanker(n_metadata=4).fit(table[:10], names[:10])
    starts = [10, *(stop + 10 for stop in stops)]
    for start, stop in zip(starts, [*starts[1:], len(X)], strict=True):
        ranker.enroll(table[start:stop], names[start:stop])
    whole = KmerLabRanker(n_metadata=4).fit(table, names)
    assert_array_equal(ranker.classes_, whole.classes_)
    assert_array_equal(ranker.lab_counts_, whole.lab_counts_)
    assert_array_equal(ranker.decision_function(table[:50]), whole.decision_function(table[:50]))


@pytest.mark.filterwarnings("ignore:.*no .*-mer")
def test_metadata_decides_for_unknown_sequences() -> None:
    X = [["ACGTACGT", 1, 0], ["ACGTACGT", 0, 1], ["ACGTACGT", 1, 0], ["ACGTACGT", 0, 1]]
    ranker = KmerLabRanker(k=4, fraction=1, n_metadata=2).fit(X, ["a", "b", "a", "b"])
    assert ranker.predict([["TTTT", 0, 1], ["TTTT", 1, 0]]).tolist() == ["b", "a"]


def test_table_types_are_equivalent() -> None:
    sequences, ones = ["ACGTTGCA", "GGATCCAA", "TTTTTCTT"], [1, 0, 1]
    tables = [
        [list(row) for row in zip(sequences, ones, strict=True)],
        np.array(list(zip(sequences, ones, strict=True)), dtype=object),
        pd.DataFrame({"sequence": sequences, "high_copy": ones}),
        pd.DataFrame({"sequence": sequences, "high_copy": np.array(ones, dtype=bool)}),
        pl.DataFrame({"sequence": sequences, "high_copy": ones}),
    ]
    rankers = [KmerLabRanker(k=5, fraction=1, n_metadata=1).fit(table, ["a", "b", "c"]) for table in tables]
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
    ranker = KmerLabRanker(k=3, fraction=1, n_metadata=1)
    with pytest.raises(error, match=message):
        ranker.fit(X, ["a", "b"])
    assert not hasattr(ranker, "classes_")
    fitted = clone(ranker).fit([["ACGT", 1], ["CCCC", 0]], ["a", "b"])
    for method in (fitted.predict, lambda X: fitted.enroll(X, ["a", "b"])):
        with pytest.raises(error, match=message):
            method(X)
    assert_array_equal(fitted.lab_counts_, [1, 1])


def test_enroll_raises_for_labels_of_another_type() -> None:
    ranker = KmerLabRanker(k=3, fraction=1).fit(["ACGT", "CCCC"], [1, 2])
    with pytest.raises(ValueError, match=r"y holds labels such as .*use one type"):
        ranker.enroll(["GGGG"], ["three"])
    assert_array_equal(ranker.classes_, [1, 2])
