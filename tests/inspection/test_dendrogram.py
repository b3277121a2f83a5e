"""The dendrogram of a clusterer."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skseed.cluster import SequenceLinkage
from skseed.datasets import make_families
from skseed.inspection import DendrogramDisplay

mpl.use("Agg")

GENES = ["GATTACAGAT", "GATTACACAT", "CCGCGGCCGA", "CCGCGGCCTA", "TTTTTTTTTT"]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    mpl.pyplot.close("all")


def test_plot_shows_all_merges_and_names() -> None:
    tree = SequenceLinkage(3).fit(GENES)
    display = DendrogramDisplay.from_estimator(tree, names=list("abcde")).plot()
    assert sorted(display.leaves_) == list("abcde")
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == display.leaves_
    heights = [path.vertices[1, 0] for path in display.lines_.get_paths()]
    np.testing.assert_allclose(heights, tree.linkage_matrix_[:, 2])
    assert display.figure_ is display.ax_.figure


def test_each_cluster_has_a_color() -> None:
    tree = SequenceLinkage(3).fit(GENES)
    colors = DendrogramDisplay.from_estimator(tree).plot().lines_.get_colors()
    # two clusters with a merge inside, the third is a single sequence; the merges above are gray
    assert len(np.unique(colors, axis=0)) == 3
    np.testing.assert_array_equal(colors[-1], colors[-2])


def test_large_tree_is_cut_at_its_top() -> None:
    X = make_families(200, 5, length=50, random_state=0)[0]
    tree = SequenceLinkage(5).fit(X)
    figure, ax = mpl.pyplot.subplots()
    display = DendrogramDisplay.from_estimator(tree).plot(ax, max_leaves=12)
    assert display.figure_ is figure
    assert len(display.leaves_) == 12
    numbers = [int(leaf[1:-1]) if leaf.startswith("(") else 1 for leaf in display.leaves_]
    assert sum(numbers) == 200


def test_wrong_arguments_raise() -> None:
    tree = SequenceLinkage(2).fit(GENES)
    with pytest.raises(ValueError, match="names has 2 names, but the tree has 5"):
        DendrogramDisplay.from_estimator(tree, names=["a", "b"]).plot()
    with pytest.raises(ValueError, match="max_leaves=1"):
        DendrogramDisplay.from_estimator(tree).plot(max_leaves=1)
    with pytest.raises(NotFittedError):
        DendrogramDisplay.from_estimator(SequenceLinkage())
