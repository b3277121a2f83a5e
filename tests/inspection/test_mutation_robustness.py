"""Copies with as many changes as asked for, and the rank of the true lab among them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from Levenshtein import distance, hamming
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from skseed.datasets import make_plasmids
from skseed.inspection import MutationRobustnessDisplay
from skseed.inspection._mutation_robustness import changed
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


@given(st.text("ACGTN", min_size=1, max_size=40), st.integers(1, 50), st.integers(0, 99))
def test_as_many_bases_change_as_the_level_says(sequence: str, level: int, seed: int) -> None:
    n_changed = min(level, len(sequence))
    copies = {
        kind: changed(sequence, kind, level, np.random.default_rng(seed))
        for kind in ("substitution", "deletion", "gap")
    }
    assert hamming(sequence, copies["substitution"]) == n_changed
    assert set(copies["substitution"]) <= set("ACGTN")
    assert len(copies["deletion"]) == len(sequence) - n_changed
    assert distance(sequence, copies["deletion"]) == n_changed
    assert len(copies["gap"]) == len(sequence)
    assert hamming(sequence, copies["gap"]) == copies["gap"].count("N") - sequence.count("N")
    # a single stretch, if the ends are joined
    stretch = "N" * n_changed
    assert stretch in copies["gap"] * 2


def test_substitutions_fall_anywhere_and_on_any_letter() -> None:
    rng = np.random.default_rng(0)
    copies = np.array([list(changed("A" * 10, "substitution", 1, rng)) for _ in range(3000)])
    share = np.mean(copies != "A", axis=0)
    np.testing.assert_allclose(share, 0.1, atol=0.03)
    np.testing.assert_allclose([np.mean(copies == base) * 30 for base in "CGT"], 1, atol=0.1)


@pytest.fixture(scope="module")
def plasmids() -> Any:
    return make_plasmids(90, 6, n_publications=4, length=900, return_X_y=False, random_state=0)


@pytest.fixture(scope="module")
def ranker(plasmids: Any) -> Any:
    return KmerLabRanker(k=8).fit(plasmids.data[:60], plasmids.target[:60])


def test_ranks_are_those_of_the_copies(ranker: Any, plasmids: Any) -> None:
    X, y = plasmids.data[60:66], plasmids.target[60:66]
    display = MutationRobustnessDisplay.from_estimator(
        ranker, X, y, kind="deletion", levels=[5, 50], n_repeats=3, random_state=7
    )
    assert len(display.ranks) == 6 + 2 * 6 * 3
    rng = np.random.default_rng(np.random.RandomState(7).randint(np.iinfo(np.int32).max))
    expected = list(true_label_rank(y, ranker.decision_function(X), labels=ranker.classes_))
    for level in (5, 50):
        copies = [changed(x, "deletion", level, rng) for x in X for _ in range(3)]
        scores = ranker.decision_function(copies)
        expected += list(true_label_rank(np.repeat(y, 3), scores, labels=ranker.classes_))
    assert display.ranks["rank"].tolist() == expected
    again = MutationRobustnessDisplay.from_estimator(
        ranker, X, y, kind="deletion", levels=[5, 50], n_repeats=3, random_state=7
    )
    assert again.ranks.equals(display.ranks)


@pytest.mark.parametrize("kind", ["substitution", "deletion", "gap"])
def test_few_changes_do_no_harm_and_all_bases_changed_do(plasmids: Any, kind: str) -> None:
    """A bag of words too, which has no decision_function."""
    words = make_pipeline(KmerVectorizer(k=6), MultinomialNB()).fit(plasmids.data[:60], plasmids.target[:60])
    ranker = KmerLabRanker(k=8).fit(plasmids.data[:60], plasmids.target[:60])
    for estimator in (words, ranker):
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


def test_plot_draws_the_frame(ranker: Any, plasmids: Any) -> None:
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
        ({"X": ["ACGT", ""]}, r"X\[1\] is empty"),
        ({"X": ["ACGT"]}, "inconsistent numbers of samples"),
    ],
)
def test_bad_arguments_are_named(ranker: Any, options: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"X": ["ACGT", "AC"], "y": [0, 1], **options}
    with pytest.raises(ValueError, match=message):
        MutationRobustnessDisplay.from_estimator(ranker, **arguments)
