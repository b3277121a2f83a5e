"""Ranks, top-k scores and quantiles: plain definitions, scikit-learn, published values and invalid input."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import top_k_accuracy_score

from skseed.metrics import rank_quantiles, top_k_score, true_label_rank

LABELS = ["boeke", "church", "keasling", "smolke", "voigt"]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], np.ndarray]:
    """Draw labels, of which "unseen" has no column, and scores with many ties."""
    y = draw(st.lists(st.sampled_from([*LABELS, "unseen"]), min_size=1, max_size=12))
    scores = draw(st.lists(st.integers(0, 3), min_size=5 * len(y), max_size=5 * len(y)))
    return y, np.array(scores, dtype=float).reshape(len(y), 5)


@given(cases(), st.permutations(range(5)))
@settings(max_examples=80, deadline=None)
def test_ranks_equal_the_plain_definition_in_any_order(case: tuple, order: list[int]) -> None:
    y, scores = case
    plain = [
        sum(s >= row[LABELS.index(label)] for s in row) if label in LABELS else 6
        for label, row in zip(y, scores, strict=True)
    ]
    assert true_label_rank(y, scores, labels=LABELS).tolist() == plain
    shuffled = true_label_rank(y, scores[:, order], labels=[LABELS[i] for i in order])
    assert shuffled.tolist() == plain
    curve = [top_k_score(y, scores, k=k, labels=LABELS) for k in range(1, 8)]
    assert curve == sorted(curve)
    assert curve[4] == curve[6] == np.mean([label in LABELS for label in y])


def test_equals_scikit_learn_without_ties_and_unseen_labels() -> None:
    rng = np.random.default_rng(0)
    y, scores = rng.choice(LABELS, 50), rng.permutation(250).reshape(50, 5).astype(float)
    for k in range(1, 5):
        expected = top_k_accuracy_score(y, scores, k=k, labels=LABELS)
        assert top_k_score(y, scores, k=k, labels=LABELS) == pytest.approx(expected)


def test_constant_scores_are_misses_for_k_below_the_number_of_labels() -> None:
    for k in range(1, 5):
        assert top_k_score(LABELS, np.zeros((5, 5)), k=k, labels=LABELS) == 0
    assert top_k_score(LABELS, np.zeros((5, 5)), k=5, labels=LABELS) == 1


def test_random_scores_give_k_over_n_labels() -> None:
    rng = np.random.default_rng(0)
    score = top_k_score(rng.choice(LABELS, 5000), rng.normal(size=(5000, 5)), k=2, labels=LABELS)
    assert score == pytest.approx(0.4, abs=0.02)


def test_label_without_a_column_is_always_a_miss() -> None:
    assert true_label_rank(["unseen"], np.ones((1, 5)), labels=LABELS).tolist() == [6]
    assert top_k_score(["unseen"], np.ones((1, 5)), k=100, labels=LABELS) == 0


def test_one_dimensional_binary_scores_are_accepted() -> None:
    ranks = true_label_rank([0, 1, 1, 0], [-1.5, 2.0, -0.5, 0.0], labels=[0, 1])
    assert ranks.tolist() == [1, 1, 2, 2]
    assert top_k_score([0, 1, 7], [-1.5, 2.0, 1.0], k=1, labels=[0, 1]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("dtype", ["object", "U", "StringDType", "Series"])
def test_labels_of_any_container_are_matched(dtype: str) -> None:
    y: object = ["voigt", "church"]
    if dtype == "Series":
        y = pd.Series(y, index=[7, 8])
    else:
        y = np.array(y, dtype=np.dtypes.StringDType() if dtype == "StringDType" else dtype)
    assert true_label_rank(y, np.eye(5)[[4, 1]], labels=np.array(LABELS)).tolist() == [1, 1]


def test_integer_labels_and_scores() -> None:
    ranks = true_label_rank(np.array([30, 10]), [[1, 2, 3], [1, 2, 3]], labels=np.array([10, 20, 30]))
    assert ranks.tolist() == [1, 3]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_quantiles_equal_the_plain_definition(ranks: list[int], percent: int) -> None:
    plain = min(k for k in range(1, 51) if 100 * sum(r <= k for r in ranks) >= percent * len(ranks))
    assert rank_quantiles(ranks, levels=[percent / 100]).tolist() == [plain]


def test_reproduces_the_published_ranking_metrics(shared_data: Path) -> None:
    """The metrics of ten models of the Genetic Engineering Attribution Challenge, to the last digit."""
    ranks = pd.read_csv(shared_data / "geac" / "key-model-ranks-test.csv.gz")
    stats = pd.read_csv(shared_data / "geac" / "key-model-stats.csv", index_col="source")
    curves = pd.read_csv(shared_data / "geac" / "key-model-top-n-accuracy.csv")
    assert len(stats) == ranks["source"].nunique() == 10
    for source, model in ranks.groupby("source"):
        true = model["rank_true"].to_numpy()
        assert len(true) == 11_351
        published = stats.loc[source, ["X80", "X90", "X95", "X99"]].astype(int).tolist()
        assert rank_quantiles(true).tolist() == published
        # scores without ties that give these ranks; the true label is in the first column
        n_labels = 1314
        scores = np.arange(1, n_labels, dtype=np.float32)[None, :] * np.ones((500, 1), dtype=np.float32)
        for start in range(0, 1500, 500):
            part = true[start : start + 500]
            own = (n_labels - part + 0.5).astype(np.float32)
            table = np.column_stack([own, scores[: len(part)]])
            labels = ["true", *map(str, range(n_labels - 1))]
            assert true_label_rank(["true"] * len(part), table, labels=labels).tolist() == part.tolist()
        for k in (1, 5, 10, 20):
            assert np.mean(true <= k) == pytest.approx(stats.loc[source, f"accuracy_top{k}"], abs=1e-12)
        curve = curves[curves["source"] == source].set_index("n")["accuracy_top_n"]
        expected = [curve.index[curve >= level][0] for level in (0.8, 0.9, 0.95, 0.99)]
        assert rank_quantiles(true).tolist() == expected


@pytest.mark.parametrize("k", [1, 10])
def test_top_k_reproduces_the_published_accuracy(shared_data: Path, k: int) -> None:
    ranks = pd.read_csv(shared_data / "geac" / "key-model-ranks-test.csv.gz")
    stats = pd.read_csv(shared_data / "geac" / "key-model-stats.csv", index_col="source")
    source = stats["accuracy_top10"].idxmax()
    true = ranks.loc[ranks["source"] == source, "rank_true"].to_numpy()
    scores = np.tile(np.arange(1314, dtype=np.float32), (len(true), 1))
    scores[:, 0] = 1314 - true + 0.5
    score = top_k_score(np.zeros(len(true), dtype=int), scores, k=k, labels=range(1314))
    assert score == pytest.approx(stats.loc[source, f"accuracy_top{k}"], abs=1e-12)


@pytest.mark.parametrize(
    ("y", "scores", "labels", "match"),
    [
        (["a"], [[1, 2, 3]], ["a", "b"], "one column for each of the 2 labels"),
        (["a"], [0.5], ["a", "b", "c"], "one column for each of the 3 labels"),
        (["a", "b"], [[1, 2]], ["a", "b"], "y_true has 2 labels, but y_score has 1 rows"),
        (["a"], [[1, np.nan]], ["a", "b"], r"y_score\[0, 1\] is nan"),
        (["a"], [[1, 2]], ["a", "a"], r"labels\[1\] is 'a', which occurs before"),
        (["a"], [[]], [], "labels is empty"),
    ],
)
def test_invalid_scores_raise(y: list, scores: list, labels: list, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        top_k_score(y, scores, k=1, labels=labels)


def test_no_sample_raises() -> None:
    with pytest.raises(ValueError, match="no sample"):
        top_k_score([], np.zeros((0, 2)), k=1, labels=["a", "b"])


@pytest.mark.parametrize(
    ("ranks", "levels", "match"),
    [
        ([], [0.5], "not empty"),
        ([1, 0], [0.5], r"ranks\[1\] is 0"),
        ([1, 1.5], [0.5], r"ranks\[1\] is 1.5"),
        (["1", "2"], [0.5], r"ranks\[0\] is '1', which is not a number"),
        (["church"], [0.5], r"ranks\[0\] is 'church', which is not a number"),
        ([1, None], [0.5], r"ranks\[1\] is None, which is not a number"),
        ([1, np.nan], [0.5], r"ranks\[1\] is nan"),
        ([True, False], [0.5], "ranks holds booleans"),
        ([1], ["0.5"], r"levels\[0\] is '0.5', which is not a number"),
        ([1], [0.0], "above 0 and at most 1"),
        ([1], [95], "above 0 and at most 1"),
    ],
)
def test_invalid_ranks_raise(ranks: list, levels: list, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        rank_quantiles(ranks, levels=levels)


TEXTS, NUMBERS = ["church", "voigt"], [3, 7]


@pytest.mark.parametrize(
    ("y", "labels", "match"),
    [
        (TEXTS, NUMBERS, r"y_true\[0\] is 'church' \(str\), but labels\[0\] is 3 \(number\)"),
        (NUMBERS, TEXTS, r"y_true\[0\] is 3 \(number\), but labels\[0\] is 'church' \(str\)"),
        (["3", "7"], NUMBERS, r"y_true\[0\] is '3' \(str\)"),
        (["unseen", "other"], NUMBERS, r"y_true\[0\] is 'unseen' \(str\)"),
        ([3.0, 7.0], ["3", "7"], r"y_true\[0\] is 3.0 \(number\)"),
        ([b"church", b"voigt"], TEXTS, r"y_true\[0\] is b'church' \(bytes\)"),
        (["church", 7], TEXTS, r"y_true\[1\] is 7 \(number\), but y_true\[0\] is 'church' \(str\)"),
        (TEXTS, ["church", 7], r"labels\[1\] is 7 \(number\), but labels\[0\] is 'church' \(str\)"),
        (["church", None], TEXTS, r"y_true\[1\] is missing"),
        (["church", np.nan], TEXTS, r"y_true\[1\] is missing"),
        ([pd.NA, "church"], TEXTS, r"y_true\[0\] is missing"),
        ([3, np.nan], NUMBERS, r"y_true\[1\] is missing"),
        (TEXTS, ["church", None], r"labels\[1\] is missing"),
        (pd.Series(TEXTS, dtype="category"), NUMBERS, r"y_true\[0\] is 'church'"),
        (pd.array([3, None], dtype="Int64"), NUMBERS, r"y_true\[1\] is missing"),
        (np.array(TEXTS), np.array(NUMBERS), r"y_true\[0\] is 'church'"),
        ([["church"], ["voigt"]], TEXTS, "one-dimensional"),
    ],
)
def test_labels_of_another_kind_raise(y: object, labels: object, match: str) -> None:
    scores = [[0.6, 0.4], [0.2, 0.8]]
    for metric in (true_label_rank, lambda *args, **kw: top_k_score(*args, k=1, **kw)):
        with pytest.raises(ValueError, match=match):
            metric(y, scores, labels=labels)


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        ([3.0, 7.0], NUMBERS),
        (np.array([3, 7], dtype=np.uint8), [3.0, 7.0]),
        ([False, True], [0, 1]),
        (np.array(TEXTS, dtype=object), np.array(TEXTS)),
        (pd.Series(TEXTS, dtype="category"), TEXTS),
        (pd.array(NUMBERS, dtype="Int64"), NUMBERS),
    ],
)
def test_equal_labels_of_another_type_match(y: object, labels: object) -> None:
    assert true_label_rank(y, [[0.6, 0.4], [0.2, 0.8]], labels=labels).tolist() == [1, 1]


@pytest.mark.parametrize("scores", [[["0.6", "0.4"]], [[0.6, None]], [["high", "low"]], [[0.6, 1j]]])
def test_scores_that_are_not_numbers_raise(scores: list) -> None:
    with pytest.raises(ValueError, match=r"y_score\[0, \d\] is .*not a number"):
        true_label_rank(["church"], scores, labels=TEXTS)


def test_long_labels_are_cut_in_messages() -> None:
    for y, labels in (["x" * 5000], [1, 2]), ([1], ["x" * 5000, "b"]), (["a"], ["x" * 5000] * 2):
        with pytest.raises(ValueError, match="labels") as info:
            true_label_rank(y, [[0.6, 0.4]], labels=labels)
        assert "x" * 61 not in str(info.value)
        assert len(str(info.value)) < 250


def test_label_outside_the_training_data_is_a_miss() -> None:
    """scikit-learn/scikit-learn#21568: top_k_accuracy_score raises."""
    scores = [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.8, 0.1, 0.1]]
    assert top_k_score([3, 1, 2, 4, 1], scores, k=2, labels=[1, 2, 4]) == 4 / 5


def test_two_true_labels_of_three_are_scored() -> None:
    """scikit-learn/scikit-learn#21173: top_k_accuracy_score reads the labels as binary and raises."""
    assert top_k_score([0, 1], [[0.5, 0.2, 0.2], [0.3, 0.4, 0.2]], k=1, labels=[0, 1, 2]) == 1
