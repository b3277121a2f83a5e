"""leakage_report equals the nearest training sequence in the full distance matrix, for any splitter."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, ShuffleSplit, StratifiedKFold

from skseed.alphabets import DNA
from skseed.distances import levenshtein_distances
from skseed.model_selection import (
    LevenshteinGroupKFold,
    PhylogeneticGroupSplit,
    leakage_report,
    train_validation_test_split,
)
from tests.reference import distance_matrix, mutate, random_sequence, random_sequences, reverse_complement

COLUMNS = ["split", "test", "nearest", "edits", "fraction"]


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
    return pd.DataFrame(rows, columns=COLUMNS)


@settings(max_examples=60, deadline=None)
@given(
    X=st.lists(st.text("AC", max_size=8), min_size=3, max_size=15),
    seed=st.integers(0, 9),
    max_distance=st.one_of(st.none(), st.integers(0, 8)),
)
def test_report_equals_the_matrix(X, seed, max_distance):
    splits = list(ShuffleSplit(3, test_size=0.3, random_state=seed).split(X))
    report = leakage_report(X, splits, max_distance=max_distance)
    pd.testing.assert_frame_equal(report, expected_report(X, splits, max_distance))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_report_over_many_blocks_equals_the_matrix(n_jobs):
    X = random_sequences(np.random.default_rng(0), 400, (5, 40))
    splits = list(KFold(2, shuffle=True, random_state=0).split(X))
    pd.testing.assert_frame_equal(leakage_report(X, splits, n_jobs=n_jobs), expected_report(X, splits))


def test_group_folds_have_no_test_sequence_within_the_cutoff():
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


# equality ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_distance", [None, 3])
def test_soft_masked_and_rna_copies_have_distance_0(max_distance):
    X = ["GATTACAGATTACA", "gattacagattaca", "GAUUACAGAUUACA", "CCCCCCCC"]
    splits = [([0, 3], [1, 2])]
    report = leakage_report(X, splits, max_distance=max_distance)
    assert report.edits.tolist() == [0, 0]
    assert report.nearest.tolist() == [0, 0]
    exact = leakage_report(X, splits, alphabet=None)
    assert exact.edits.tolist() == [distance_matrix([X[1]], [X[0], X[3]]).min(), 4]


def test_named_alphabet_rejects_other_letters():
    with pytest.raises(ValueError, match=r"X\[1\] has 'E' at position 1"):
        leakage_report(["ACGT", "AEGT"], KFold(2), alphabet="dna")
    report = leakage_report(["ACRT", "acyt"], KFold(2), alphabet=DNA)
    assert report.edits.tolist() == [0, 0]


def test_rna_copies_on_the_other_strand_are_found():
    rng = np.random.default_rng(0)
    sequence = random_sequence(rng, 60)
    other = reverse_complement(mutate(rng, sequence, 2)).replace("T", "U")
    report = leakage_report([sequence.replace("T", "U"), other], KFold(2), max_distance=5, both_strands=True)
    assert (report.edits <= 2).all()
    assert leakage_report([sequence, other], KFold(2), max_distance=5).edits.isna().all()


def test_circular_copies_and_labels_of_the_splitter():
    plasmid = random_sequence(np.random.default_rng(0), 600)
    X = [plasmid, plasmid[100:] + plasmid[:100], "A" * 600, "C" * 600]
    report = leakage_report(X, StratifiedKFold(2), y=[0, 0, 1, 1], max_distance=10, topology="circular")
    np.testing.assert_array_equal(report.edits, [0, np.nan, 0, np.nan])


@pytest.mark.parametrize("max_distance", [None, 30])
@pytest.mark.parametrize("topology", ["linear", "circular"])
def test_strands_and_rotations_of_two_sets(topology, max_distance):
    rng = np.random.default_rng(0)
    X = random_sequences(rng, 6, (25, 40))
    X_test = [reverse_complement(mutate(rng, x, 2)) for x in X]
    if topology == "circular":
        X_test = [x[7:] + x[:7] for x in X_test]
    report = leakage_report(X, X_test=X_test, max_distance=max_distance, topology=topology, both_strands=True)
    np.testing.assert_array_equal(report.nearest, np.arange(6))
    assert (report.edits <= 2).all()
    np.testing.assert_array_equal(report.test, np.arange(6))


@settings(max_examples=30, deadline=None)
@given(
    X=st.lists(st.text("AC", max_size=9), min_size=1, max_size=6),
    X_test=st.lists(st.text("AC", max_size=9), min_size=1, max_size=6),
    max_distance=st.one_of(st.none(), st.integers(0, 6), st.floats(0.1, 0.9)),
)
def test_second_set_equals_a_split_of_both(X, X_test, max_distance):
    train, test = np.arange(len(X)), np.arange(len(X), len(X) + len(X_test))
    expected = leakage_report([*X, *X_test], [(train, test)], max_distance=max_distance)
    report = leakage_report(X, X_test=X_test, max_distance=max_distance)
    pd.testing.assert_frame_equal(report.assign(test=report.test + len(X)), expected)


# what a splitter may need -------------------------------------------------------------------------


@pytest.mark.parametrize("cv", [GroupKFold(2), LeaveOneGroupOut()])
def test_groups_reach_the_splitter(cv):
    X = ["GATTACA", "CCGCGG", "GATTACC", "CCGCG"]
    groups = ["a", "b", "a", "b"]
    report = leakage_report(X, cv, groups=groups)
    pd.testing.assert_frame_equal(report, leakage_report(X, list(cv.split(X, groups=groups))))
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        leakage_report(X, cv)


def test_splitter_without_groups_parameter_is_accepted():
    class OddEven:
        def split(self, X, y):
            yield np.arange(0, len(X), 2), np.arange(1, len(X), 2)

    assert leakage_report(["AC", "GT", "AA"], OddEven()).test.tolist() == [1]


@pytest.mark.parametrize("make_table", [pd.DataFrame, pl.DataFrame])
def test_table_with_a_sequence_column(make_table):
    X = ["GATTACA", "CCGCGG", "GATTACC", "CCGCG"]
    table = make_table({"year": [1, 2, 3, 4], "gene": X})
    expected = leakage_report(X, KFold(2))
    pd.testing.assert_frame_equal(leakage_report(table, KFold(2), sequence_column="gene"), expected)
    cv = LevenshteinGroupKFold(2, max_distance=1, sequence_column="gene")
    assert leakage_report(table, cv, sequence_column="gene").edits.min() > 1
    with pytest.raises(ValueError, match=r"X has several columns \('year', 'gene'\)"):
        leakage_report(table, KFold(2))
    with pytest.raises(ValueError, match="X has no column 'dna'"):
        leakage_report(table, KFold(2), sequence_column="dna")


@pytest.mark.parametrize("position", [1, np.int64(1), np.int32(-1), np.uint8(1)])
def test_array_with_a_column_position(position):
    X = ["GATTACA", "CCGCGG", "GATTACC", "CCGCG"]
    array = np.array([[1, x] for x in X], dtype=object)
    for table in (array, array.tolist()):
        report = leakage_report(table, KFold(2), sequence_column=position)
        pd.testing.assert_frame_equal(report, leakage_report(X, KFold(2)))


def test_tree_splitter_gets_the_index():
    X = pd.Series(["GATTACA", "CCGCGG", "GATTACC", "CCGCG"], index=list("abcd"))
    cv = PhylogeneticGroupSplit(2, tree="((a,c),(b,d));", depth=1, test_size=2, random_state=0)
    assert leakage_report(X, cv).edits.min() == 6


# a training set and a test set --------------------------------------------------------------------


@pytest.mark.parametrize("max_distance", [None, 1, 0.2])
def test_two_sets_equal_one_split_of_both(max_distance):
    X, X_test = (random_sequences(np.random.default_rng(seed), 30, (4, 9), "AC") for seed in (0, 1))
    report = leakage_report(X, X_test=X_test, max_distance=max_distance)
    split = [(np.arange(30), np.arange(30, 60))]
    expected = leakage_report(X + X_test, split, max_distance=max_distance)
    pd.testing.assert_frame_equal(report, expected.assign(test=expected.test - 30))
    assert report.edits.isna().any() == (max_distance is not None)


def test_two_sets_may_share_sequences():
    report = leakage_report(["ACGT", "TTTT"], X_test=pd.Series(["tttt", "ACGA"]))
    assert report.to_numpy().tolist() == [[0, 0, 1, 0, 0], [0, 1, 0, 1, 0.25]]


def test_two_tables_with_a_sequence_column():
    train = pd.DataFrame({"id": [1, 2], "gene": ["ACGT", "TTTT"]})
    test = pd.DataFrame({"gene": ["TTTA"], "id": [9]})
    report = leakage_report(train, X_test=test, sequence_column="gene")
    assert report[["nearest", "edits"]].to_numpy().tolist() == [[1, 1]]
    with pytest.raises(ValueError, match="X_test has no column 'id2'"):
        leakage_report(train.assign(id2=train.gene), X_test=test, sequence_column="id2")


def test_two_sets_on_both_strands_and_circular():
    plasmid = random_sequence(np.random.default_rng(0), 300)
    rotated = reverse_complement(plasmid[50:] + plasmid[:50])
    options = {"max_distance": 3, "topology": "circular", "both_strands": True}
    assert leakage_report(["A" * 300, plasmid], X_test=[rotated], **options).nearest.tolist() == [1]
    with pytest.raises(ValueError, match=r"X_test\[1\] has 'E' at position 2"):
        leakage_report(["ACGT"], X_test=["ACGT", "ACE"], **options)


@pytest.mark.parametrize(
    ("X", "X_test", "message"),
    [
        (["AC"], [], "X_test is empty"),
        ([], ["AC"], "X is empty"),
        (["AC"], ["AC", None], r"X_test\[1\] is missing"),
        (["AC"], "AC", "X_test is a single str"),
    ],
)
def test_bad_second_set_is_named(X, X_test, message):
    with pytest.raises(ValueError, match=message):
        leakage_report(X, X_test=X_test)


def test_cv_or_second_set_is_required():
    with pytest.raises(ValueError, match=r"Pass either cv, .* or X_test"):
        leakage_report(["AC", "GT"])
    with pytest.raises(ValueError, match=r"Pass either cv, .* or X_test"):
        leakage_report(["AC", "GT"], KFold(2), X_test=["AC"])


# splits without a report --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        ([], "cv is empty"),
        ([([0], [1]), ([], [1])], "There are no sequences in the training set of split 1"),
        ([([0], np.array([], dtype=int))], "There are no sequences in the test set of split 0"),
        ([([False] * 3, [1])], "There are no sequences in the training set of split 0"),
        ([([0, 1], [1, 2])], r"X\[1\] is in both the training set and the test set of split 0"),
        ([([0, -1], [2])], r"X\[2\] is in both"),
        ([([0], [3])], "Index 3 is in the test set of split 0, but X has 3 sequences"),
        ([([0], [-4])], "Index -4 is in the test set of split 0"),
        ([([True, False], [1])], "mask of the training set of split 0 has length 2, but X has 3 sequences"),
        ([([0.5], [1])], "training set of split 0 has shape .* dtype float64"),
        ([([[0]], [1])], r"training set of split 0 has shape \(1, 1\)"),
    ],
)
def test_splits_without_a_report_raise(cv, message):
    with pytest.raises(ValueError, match=message):
        leakage_report(["AC", "GT", "TT"], cv)


@pytest.mark.parametrize("cv", [5, "abc", ["AC", "GT"], [([0], [1], [2])], [0, 1]])
def test_other_types_of_cv_raise(cv):
    with pytest.raises(TypeError, match=r"cv(\[0\])? must be a"):
        leakage_report(["AC", "GT", "TT"], cv)


def test_masks_are_accepted():
    X = ["AC", "GT", "GG"]
    mask = np.array([True, False, True])
    pd.testing.assert_frame_equal(leakage_report(X, [(mask, ~mask)]), leakage_report(X, [([0, 2], [1])]))


# three sets ---------------------------------------------------------------------------------------


def test_three_sets_are_far_from_each_other():
    rng = np.random.default_rng(1)
    X = random_sequences(rng, 60, 12, "AC")
    y = rng.integers(2, size=60)
    sets = train_validation_test_split(X, y, cv=LevenshteinGroupKFold(3, max_distance=1))
    assert sorted(np.concatenate(sets)) == list(range(60))
    distances = levenshtein_distances(X)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert distances[np.ix_(sets[one], sets[other])].min() > 1
    tree = "(" + ",".join(f"t{i}" for i in range(60)) + ");"
    named = pd.Series(X, index=[f"t{i}" for i in range(60)])
    cv = PhylogeneticGroupSplit(1, tree=tree, depth=0, test_size=10, random_state=0)
    assert [len(indices) for indices in train_validation_test_split(named, cv=cv)] == [40, 10, 10]


def test_three_sets_share_no_group():
    groups = np.repeat(list("abcdef"), 3)
    X = random_sequences(np.random.default_rng(0), 18, 5)
    sets = train_validation_test_split(X, groups=groups, cv=GroupKFold(3))
    assert sorted(np.concatenate(sets)) == list(range(18))
    assert sum(len(set(groups[indices])) for indices in sets) == 6
