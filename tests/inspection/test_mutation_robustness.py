"""MutationRobustnessDisplay: the number of changes, the ranks, the plot and errors."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from Levenshtein import distance, hamming
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from skseed.datasets import make_plasmids
from skseed.inspection import MutationRobustnessDisplay
from skseed.metrics import true_label_rank
from skseed.preprocessing import KmerVectorizer
from skseed.ranking import KmerLabRanker

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures() -> Any:
    yield
    plt.close("all")


class Spy(ClassifierMixin, BaseEstimator):
    """Record the sequences that are to be scored."""

    def __init__(self) -> None:
        self.classes_ = np.array(["church", "voigt"])
        self.seen: list[list[str]] = []

    def decision_function(self, X: Any) -> np.ndarray:
        self.seen.append(list(X))
        return np.zeros(len(X))


def copies_of(sequence: str, kind: str, level: int, seed: int = 0, n_repeats: int = 1) -> list[str]:
    """Return the changed copies that an estimator gets."""
    spy = Spy()
    MutationRobustnessDisplay.from_estimator(
        spy, [sequence], ["voigt"], kind=kind, levels=[level], n_repeats=n_repeats, random_state=seed
    )
    unchanged, copies = spy.seen
    assert unchanged == [sequence]
    return copies


@settings(max_examples=40)
@given(st.text("ACGTN", min_size=1, max_size=40), st.integers(1, 50), st.integers(0, 99))
def test_level_is_the_number_of_changed_bases(sequence: str, level: int, seed: int) -> None:
    n_changed = min(level, len(sequence))
    copies = {kind: copies_of(sequence, kind, level, seed)[0] for kind in ("substitution", "deletion", "gap")}
    assert hamming(sequence, copies["substitution"]) == n_changed
    assert set(copies["substitution"]) <= set("ACGTN")
    assert len(copies["deletion"]) == len(sequence) - n_changed
    assert distance(sequence, copies["deletion"]) == n_changed
    assert len(copies["gap"]) == len(sequence)
    assert hamming(sequence, copies["gap"]) == copies["gap"].count("N") - sequence.count("N")
    # a single stretch, if the ends are joined
    stretch = "N" * n_changed
    assert stretch in copies["gap"] * 2


def test_substitutions_are_uniform_over_positions_and_letters() -> None:
    copies = np.array([list(copy) for copy in copies_of("A" * 10, "substitution", 1, n_repeats=3000)])
    share = np.mean(copies != "A", axis=0)
    np.testing.assert_allclose(share, 0.1, atol=0.03)
    np.testing.assert_allclose([np.mean(copies == base) * 30 for base in "CGT"], 1, atol=0.1)


@pytest.fixture(scope="module")
def plasmids() -> Any:
    return make_plasmids(90, 6, n_publications=4, length=900, return_X_y=False, random_state=0)


@pytest.fixture(scope="module")
def ranker(plasmids: Any) -> Any:
    return KmerLabRanker(k=8).fit(plasmids.data[:60], plasmids.target[:60])


class Recorded(ClassifierMixin, BaseEstimator):
    """Score as a ranker does, and keep the scores."""

    def __init__(self, ranker: Any) -> None:
        self.ranker = ranker
        self.scores: list[np.ndarray] = []

    @property
    def classes_(self) -> np.ndarray:
        return self.ranker.classes_

    def decision_function(self, X: Any) -> np.ndarray:
        self.scores.append(self.ranker.decision_function(X))
        return self.scores[-1]


def test_ranks_equal_those_of_the_copies(ranker: Any, plasmids: Any) -> None:
    X, y = plasmids.data[60:66], plasmids.target[60:66]
    recorded = Recorded(ranker)
    options = {"kind": "deletion", "levels": [5, 50], "n_repeats": 3, "random_state": 7}
    display = MutationRobustnessDisplay.from_estimator(recorded, X, y, **options)
    assert len(display.ranks) == 6 + 2 * 6 * 3
    labels = [y, np.repeat(y, 3), np.repeat(y, 3)]
    expected = [
        true_label_rank(lab, scores, labels=ranker.classes_)
        for lab, scores in zip(labels, recorded.scores, strict=True)
    ]
    assert display.ranks["rank"].tolist() == np.concatenate(expected).tolist()
    again = MutationRobustnessDisplay.from_estimator(ranker, X, y, **options)
    assert again.ranks.equals(display.ranks)


@pytest.mark.filterwarnings("ignore:.*no .*-mer")
@pytest.mark.parametrize("kind", ["substitution", "deletion", "gap"])
def test_rank_falls_if_all_bases_change_but_not_with_few_changes(plasmids: Any, kind: str) -> None:
    """The naive Bayes classifier has no decision_function."""
    counts = make_pipeline(KmerVectorizer(k=6), MultinomialNB()).fit(plasmids.data[:60], plasmids.target[:60])
    ranker = KmerLabRanker(k=8).fit(plasmids.data[:60], plasmids.target[:60])
    for estimator in (counts, ranker):
        display = MutationRobustnessDisplay.from_estimator(
            estimator,
            plasmids.data[60:80],
            plasmids.target[60:80],
            kind=kind,
            levels=[2, 880],
            n_repeats=2,
            random_state=0,
        )
        frame = display.frame()
        assert frame["mean"][2] < frame["mean"][0] + 0.3
        assert frame["mean"][880] > frame["mean"][0] + 0.5
        assert frame["top_10"].tolist() == [1, 1, 1]
        assert display.name == kind


def test_plot_shows_the_frame(ranker: Any, plasmids: Any) -> None:
    display = MutationRobustnessDisplay.from_estimator(
        ranker, plasmids.data[60:64], plasmids.target[60:64], levels=[1, 10, 100], n_repeats=2, random_state=0
    )
    display.plot()
    levels, median = display.lines_[0].get_data()
    np.testing.assert_array_equal(levels, [1, 10, 100])
    np.testing.assert_array_equal(median, display.frame()["median"][1:])
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), display.frame()["mean"][1:])
    other = MutationRobustnessDisplay(ranks=display.ranks, name="again").plot(ax=display.ax_)
    assert other.lines_[0].get_color() != display.lines_[0].get_color()
    labels = [text.get_text() for text in other.ax_.get_legend().get_texts()]
    assert labels == ["substitution", "again"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "insertion"}, "kind is 'insertion'; it must be one of 'substitution', 'deletion', 'gap'"),
        ({"levels": [1, 0]}, r"levels\[1\] is 0; it must be an int of at least 1"),
        ({"n_repeats": 0}, "n_repeats is 0"),
        ({"X": ["ACGT", ""]}, r"X\[1\] has 0 symbols"),
        ({"X": ["ACGT", "ACé"]}, r"X\[1\] has 'é' at position 2"),
        ({"y": ["voigt", None]}, r"y\[1\] is missing"),
        ({"X": ["ACGT"]}, "inconsistent numbers of samples"),
    ],
)
def test_invalid_arguments_raise(ranker: Any, options: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"X": ["ACGT", "AC"], "y": [0, 1], **options}
    with pytest.raises(ValueError, match=message):
        MutationRobustnessDisplay.from_estimator(ranker, **arguments)
