"""The report agrees with the full matrix, for any splitter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold

from skseed.distances import levenshtein_distances
from skseed.model_selection import (
    LevenshteinGroupKFold,
    PhylogeneticGroupSplit,
    leakage_report,
    train_validation_test_split,
)
from tests.reference import random_sequence


def expected_report(X, splits, max_distance=None):
    distances = levenshtein_distances(X).astype(float)
    rows = []
    for number, (train, test) in enumerate(splits):
        train = np.sort(train)
        for i in test:
            j = train[np.argmin(distances[i, train])]
            edits, longer = distances[i, j], max(len(X[i]), len(X[j]))
            if max_distance is not None and edits > max_distance:
                j, edits = -1, np.nan
            rows.append((number, i, j, edits, edits / max(longer, 1)))
    return pd.DataFrame(rows, columns=["split", "test", "nearest", "edits", "fraction"])


@settings(max_examples=60, deadline=None)
@given(
    X=st.lists(st.text("AC", max_size=8), min_size=3, max_size=15),
    seed=st.integers(0, 9),
    max_distance=st.one_of(st.none(), st.integers(0, 8)),
)
def test_report_agrees_with_the_matrix(X, seed, max_distance):
    splits = list(ShuffleSplit(3, test_size=0.3, random_state=seed).split(X))
    report = leakage_report(X, splits, max_distance=max_distance)
    pd.testing.assert_frame_equal(report, expected_report(X, splits, max_distance))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_many_blocks(n_jobs):
    rng = np.random.default_rng(0)
    X = [random_sequence(rng, rng.integers(5, 40)) for _ in range(400)]
    splits = list(KFold(2, shuffle=True, random_state=0).split(X))
    pd.testing.assert_frame_equal(leakage_report(X, splits, n_jobs=n_jobs), expected_report(X, splits))


def test_guarantee_is_visible():
    rng = np.random.default_rng(0)
    X = []
    for _ in range(30):
        founder = rng.choice(list("ACGT"), 50)
        for _ in range(4):
            copy = founder.copy()
            copy[rng.integers(50, size=2)] = rng.choice(list("ACGT"), 2)
            X.append("".join(copy))
    random = leakage_report(X, KFold(3, shuffle=True, random_state=0))
    grouped = leakage_report(X, LevenshteinGroupKFold(3, max_distance=0.1))
    assert random.fraction.median() < 0.1
    assert grouped.fraction.min() > 0.1
    assert leakage_report(X, LevenshteinGroupKFold(3, max_distance=0.1), max_distance=0.1).edits.isna().all()
    assert sorted(grouped.test) == list(range(len(X)))


def test_splitters_that_need_labels_and_strands():
    plasmid = random_sequence(np.random.default_rng(0), 600)
    X = [plasmid, plasmid[100:] + plasmid[:100], "A" * 600, "C" * 600]
    report = leakage_report(X, StratifiedKFold(2), y=[0, 0, 1, 1], max_distance=10, topology="circular")
    np.testing.assert_array_equal(report.edits, [0, np.nan, 0, np.nan])
    with pytest.raises(ValueError, match="need max_distance"):
        leakage_report(X, KFold(2), both_strands=True)


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ([], "splits is empty"),
        ([([0], [1]), ([], [1])], "Split 1 has no training sequences"),
        ([([0], [])], "Split 0 has no test sequences"),
        ([([0, 1], [1, 2])], "Split 0 has sequence 1 in training and in test"),
    ],
)
def test_splits_of_which_nothing_can_be_said(splits, message):
    splits = [(np.array(train, dtype=int), np.array(test, dtype=int)) for train, test in splits]
    with pytest.raises(ValueError, match=message):
        leakage_report(["AC", "GT", "TT"], splits)


def test_masks_are_splits_too():
    X = ["AC", "GT", "GG"]
    mask = np.array([True, False, True])
    pd.testing.assert_frame_equal(leakage_report(X, [(mask, ~mask)]), leakage_report(X, [([0, 2], [1])]))


def test_three_parts_are_far_from_each_other():
    rng = np.random.default_rng(1)
    X = [random_sequence(rng, 12, "AC") for _ in range(60)]
    y = rng.integers(2, size=60)
    parts = train_validation_test_split(X, y, cv=LevenshteinGroupKFold(3, max_distance=1))
    assert sorted(np.concatenate(parts)) == list(range(60))
    distances = levenshtein_distances(X)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert distances[np.ix_(parts[one], parts[other])].min() > 1
    tree = "(" + ",".join(f"t{i}" for i in range(60)) + ");"
    named = pd.Series(X, index=[f"t{i}" for i in range(60)])
    cv = PhylogeneticGroupSplit(1, tree=tree, depth=0, test_size=10, random_state=0)
    assert [len(part) for part in train_validation_test_split(named, cv=cv)] == [40, 10, 10]
