"""No test sequence lies within the cut-off of a training sequence, whatever the data."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score

from skseed.distances import levenshtein_distances, levenshtein_groups
from skseed.model_selection import LevenshteinGroupKFold
from tests.reference import random_sequence


def make_genes(seed=0, n_families=20, size=6, length=60):
    rng = np.random.default_rng(seed)
    genes = []
    for _ in range(n_families):
        founder = rng.choice(list("ACGT"), length)
        for _ in range(size):
            copy = founder.copy()
            copy[rng.integers(length, size=2)] = rng.choice(list("ACGT"), 2)
            genes.append("".join(copy))
    return [genes[i] for i in rng.permutation(len(genes))]


@settings(max_examples=80, deadline=None)
@given(
    X=st.lists(st.text("ACG", max_size=8), min_size=2, max_size=14),
    max_distance=st.one_of(st.integers(0, 4), st.floats(0.05, 0.5)),
    shuffle=st.booleans(),
    classes=st.booleans(),
)
def test_no_leak_and_a_partition(X, max_distance, shuffle, classes):
    assume(levenshtein_groups(X, max_distance).max() >= 1)
    y = [len(x) % 3 for x in X] if classes else None
    cv = LevenshteinGroupKFold(2, max_distance=max_distance, shuffle=shuffle, random_state=0)
    tested = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The largest group")
        for train, test in cv.split(X, y):
            assert sorted([*train, *test]) == list(range(len(X)))
            tested.extend(test)
            distances = levenshtein_distances(X)[np.ix_(test, train)]
            longer = np.array([[max(len(X[i]), len(X[j])) for j in train] for i in test])
            limit = max_distance if isinstance(max_distance, int) else max_distance * longer
            assert (distances > limit).all()
    assert sorted(tested) == list(range(len(X)))


def test_duplicates_share_a_fold():
    X = ["ACGTACGT", "TTTTTTTT", "GGGGCCCC", "AACCGGTT"] * 3
    for train, test in LevenshteinGroupKFold(4, max_distance=0).split(X):
        assert len(test) == 3
        assert not {X[i] for i in train} & {X[i] for i in test}


def test_folds_are_balanced_shuffled_or_not():
    X = make_genes()
    for shuffle in (False, True):
        cv = LevenshteinGroupKFold(4, shuffle=shuffle, random_state=3)
        assert [len(test) for _, test in cv.split(X)] == [30] * 4


def test_random_state_rules_the_shuffle():
    X = make_genes()

    def tests_of(seed):
        splitter = LevenshteinGroupKFold(4, shuffle=True, random_state=seed)
        return [tuple(test) for _, test in splitter.split(X)]

    assert tests_of(0) == tests_of(0) != tests_of(1)


def test_classes_are_stratified():
    X = make_genes(n_families=40, size=3)
    y = np.where(levenshtein_groups(X, 0.1) % 4 == 0, "rare", "common")
    for _, test in LevenshteinGroupKFold(5).split(X, y):
        assert (y[test] == "rare").mean() == pytest.approx((y == "rare").mean(), abs=0.05)


@pytest.mark.parametrize(
    "y", [np.arange(120), np.linspace(0, 1, 120), np.array(["a", "b"] * 60, dtype=object)]
)
def test_any_target_is_accepted(y):
    assert len(list(LevenshteinGroupKFold(4).split(make_genes(), y))) == 4


def test_by_label_groups_inside_labels():
    X = ["ACGTACGT", "ACGTACGA", "TTTTTTTT", "TTTTTTTA"]
    cv = LevenshteinGroupKFold(2, max_distance=1, by_label=True)
    folds = [set(test) for _, test in cv.split(X, ["a", "b", "a", "a"])]
    assert any({2, 3} <= fold for fold in folds)
    with pytest.raises(ValueError, match="by_label=True needs y"):
        next(cv.split(X))


def test_too_few_groups_in_scikit_learns_words():
    sentence = "Cannot have number of splits n_splits=3 greater than the number of groups: 2."
    for y in (None, ["a", "a", "a", "b", "b", "b"]):
        with pytest.raises(ValueError, match=sentence):
            list(LevenshteinGroupKFold(3, max_distance=1).split(["AAAA", "CCCC"] * 3, y))


def test_giant_group_warns_with_the_fold_sizes():
    X = ["A" * 20 + "C" * i for i in range(10)] + ["G" * 20, "T" * 20]
    with pytest.warns(UserWarning, match=r"has 10 of 12 sequences, .* the fold sizes are \[10, 1, 1\]"):
        assert len(list(LevenshteinGroupKFold(3, max_distance=1).split(X))) == 3


@pytest.mark.parametrize(
    "parameters",
    [{"n_splits": 1}, {"max_distance": -1}, {"max_distance": 1.0}, {"max_distance": "0.1"}, {"by_label": 2}],
)
def test_bad_parameters_are_named(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        list(LevenshteinGroupKFold(**parameters).split(["AC", "GT"]))


def test_groups_are_refused_with_a_warning():
    with pytest.warns(UserWarning, match="groups parameter is ignored"):
        list(LevenshteinGroupKFold(2, max_distance=0).split(["AC", "GT"], groups=[0, 1]))


def test_tables_need_the_column():
    X = make_genes()
    expected = [test.tolist() for _, test in LevenshteinGroupKFold(4).split(X)]
    frame = pd.DataFrame({"length": list(map(len, X)), "gene": X}, index=np.arange(len(X))[::-1])
    for table in (frame, pl.DataFrame({"length": list(map(len, X)), "gene": X})):
        found = [test.tolist() for _, test in LevenshteinGroupKFold(4, sequence_column="gene").split(table)]
        assert found == expected
    found = LevenshteinGroupKFold(4, sequence_column=1).split(frame.to_numpy(dtype=object))
    assert [test.tolist() for _, test in found] == expected
    assert [test.tolist() for _, test in LevenshteinGroupKFold(4).split(frame[["gene"]])] == expected
    with pytest.raises(ValueError, match=r"several columns \('length', 'gene'\)"):
        next(LevenshteinGroupKFold(4).split(frame))
    with pytest.raises(ValueError, match="no column 'dna'; its columns are 'length', 'gene'"):
        next(LevenshteinGroupKFold(4, sequence_column="dna").split(frame))
    with pytest.raises(ValueError, match="sequence_column is 'dna', but X is no table"):
        next(LevenshteinGroupKFold(4, sequence_column="dna").split(X))


class _LengthClassifier(DummyClassifier):
    """Takes strings, which scikit-learn's own classifiers do not."""


@pytest.mark.parametrize("container", [list, np.array, pd.Series])
def test_works_in_cross_validation(container):
    X = container(make_genes())
    y = np.arange(120) % 2
    cv = LevenshteinGroupKFold(4)
    assert len(cross_val_score(_LengthClassifier(), X, y, cv=cv, n_jobs=2)) == 4
    search = GridSearchCV(_LengthClassifier(), {"strategy": ["prior", "uniform"]}, cv=cv, n_jobs=2)
    assert search.fit(X, y).n_splits_ == 4


def test_works_with_metadata_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(
            _LengthClassifier(), make_genes(), np.arange(120) % 2, cv=LevenshteinGroupKFold(4)
        )
        assert len(scores) == 4
        assert not LevenshteinGroupKFold().get_metadata_routing().split.requests


def test_repr_and_number_of_splits():
    cv = LevenshteinGroupKFold(3, max_distance=7)
    assert repr(cv).startswith("LevenshteinGroupKFold(both_strands=False, by_label=False, max_distance=7")
    assert cv.get_n_splits() == cv.get_n_splits(["AC"], [1], [2]) == 3


def test_singletons_stay_in_training():
    X = ["AAAAAA", "AAAAAT", "CCCCCC", "CCCCCG", "GGGGGG", "GGTTGG", "TTTTTT", "TTGGTT"]
    y = ["one"] * 2 + ["two", "one"] + ["many"] * 4
    cv = LevenshteinGroupKFold(2, max_distance=1, singletons="train")
    tested = np.sort(np.concatenate([test for _, test in cv.split(X, y)]))
    # "two" has one group, which "one" shares: it stays whole
    np.testing.assert_array_equal(tested, [0, 1, 4, 5, 6, 7])
    with pytest.raises(ValueError, match="No sequence is left to test"):
        next(cv.split(X[:2], ["a", "b"]))
    with pytest.raises(ValueError, match="singletons='train' needs y"):
        next(cv.split(X))


def test_circular_copies_share_a_fold():
    rng = np.random.default_rng(0)
    plasmids = [random_sequence(rng, 700) for _ in range(4)]
    X = [plasmid[cut:] + plasmid[:cut] for plasmid in plasmids for cut in (0, 99, 300)]
    cv = LevenshteinGroupKFold(4, topology="circular", both_strands=True)
    for _, test in cv.split(X):
        assert len(set(test // 3)) == 1
