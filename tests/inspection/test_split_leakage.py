"""SplitLeakageDisplay holds a leakage report and plots it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, KFold

from skseed.inspection import SplitLeakageDisplay
from skseed.model_selection import LevenshteinGroupKFold, leakage_report

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make_genes():
    rng = np.random.default_rng(0)
    genes = []
    for _ in range(12):
        founder = rng.choice(list("ACGT"), 40)
        for _ in range(3):
            copy = founder.copy()
            copy[rng.integers(40)] = "A"
            genes.append("".join(copy))
    return genes


def test_from_splits_is_the_report():
    X = make_genes()
    display = SplitLeakageDisplay.from_splits(X, KFold(3), max_distance=0.5)
    pd.testing.assert_frame_equal(display.report, leakage_report(X, KFold(3), max_distance=0.5))
    assert display.name == "KFold"


def test_from_splits_passes_groups():
    X, groups = make_genes(), np.arange(36) // 3
    display = SplitLeakageDisplay.from_splits(X, GroupKFold(3), groups=groups)
    pd.testing.assert_frame_equal(display.report, leakage_report(X, GroupKFold(3), groups=groups))
    assert display.name == "GroupKFold"


def test_from_splits_compares_two_sets():
    X = make_genes()
    display = SplitLeakageDisplay.from_splits(X[:30], X_test=X[30:]).plot()
    pd.testing.assert_frame_equal(display.report, leakage_report(X[:30], X_test=X[30:]))
    assert display.ax_.get_legend().get_texts()[0].get_text() == "test set (1 split)"


def test_from_splits_takes_a_table():
    X = make_genes()
    table = pd.DataFrame({"year": 2020, "gene": X})
    display = SplitLeakageDisplay.from_splits(table, KFold(3), sequence_column="gene")
    pd.testing.assert_frame_equal(display.report, leakage_report(X, KFold(3)))


def test_curves_are_fractions_of_the_test_sequences():
    report = leakage_report(make_genes(), KFold(3, shuffle=True, random_state=0))
    display = SplitLeakageDisplay.from_report(report, name="random", threshold=0.1).plot()
    assert len(display.lines_) == 4
    for number, line in enumerate(display.lines_[:3]):
        fractions = report.fraction[report.split == number].to_numpy()
        distances, shares = line.get_data()
        for distance in (0.0, 2.5, 10.0, 40.0):
            drawn = shares[np.searchsorted(distances, distance, side="right") - 1]
            assert drawn == pytest.approx((100 * fractions <= distance).mean())
    assert display.ax_.get_legend().get_texts()[0].get_text() == "random (3 splits)"


def test_two_splitters_share_axes_and_differ_in_color():
    X = make_genes()
    random = SplitLeakageDisplay.from_splits(X, KFold(3, shuffle=True, random_state=0)).plot()
    grouped = SplitLeakageDisplay.from_splits(X, LevenshteinGroupKFold(3)).plot(ax=random.ax_)
    assert grouped.ax_ is random.ax_
    assert grouped.figure_ is random.figure_
    assert random.lines_[-1].get_color() != grouped.lines_[-1].get_color()


def test_frame_and_plot_keep_distances_beyond_the_cutoff():
    report = leakage_report(["AAAA", "AAAT", "CCCC", "GGGG"], [([0, 3], [1, 2])], max_distance=1)
    frame = SplitLeakageDisplay.from_report(report).frame()
    assert frame.loc[0, "n_test"] == 2
    assert frame.loc[0, "min"] == 0.25
    SplitLeakageDisplay.from_report(report).plot()
    nothing = leakage_report(["AAAA", "CCCC"], [([0], [1])], max_distance=1)
    assert np.isnan(SplitLeakageDisplay.from_report(nothing).plot().frame().loc[0, "min"])


def test_other_tables_raise():
    with pytest.raises(ValueError, match="no column 'edits'"):
        SplitLeakageDisplay.from_report(pd.DataFrame({"split": [0], "test": [0], "nearest": [1]}))
