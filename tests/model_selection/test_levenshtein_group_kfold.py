"""LevenshteinGroupKFold: no test sequence is within the cut-off of a training sequence."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate

from skseed.distances import levenshtein_distances, levenshtein_groups
from skseed.model_selection import LevenshteinGroupKFold
from tests.reference import mutate, random_sequence, random_sequences, reverse_complement


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
def test_folds_are_a_partition_without_close_sequences(X, max_distance, shuffle, classes):
    assume(levenshtein_groups(X, max_distance).max() >= 1)
    y = [len(x) % 3 for x in X] if classes else None
    random_state = 0 if shuffle else None
    cv = LevenshteinGroupKFold(2, max_distance=max_distance, shuffle=shuffle, random_state=random_state)
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
        cv = LevenshteinGroupKFold(4, shuffle=shuffle, random_state=3 if shuffle else None)
        assert [len(test) for _, test in cv.split(X)] == [30] * 4


def test_random_state_determines_the_shuffle():
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


# equality -----------------------------------------------------------------------------------------


def test_soft_masked_and_rna_copies_share_a_fold():
    genes = make_genes(n_families=12, size=1)
    X = genes + [gene.lower() for gene in genes] + [gene.replace("T", "U") for gene in genes]
    for max_distance in (0, 0.1):
        for _, test in LevenshteinGroupKFold(4, max_distance=max_distance).split(X):
            assert len(test) == 9
            assert len(set(test % 12)) == 3


def test_exact_characters_separate_soft_masked_copies():
    X = ["GATTACAGATTACA", "gattacagattaca"]
    splits = [test.tolist() for _, test in LevenshteinGroupKFold(2, alphabet=None).split(X)]
    assert sorted(splits) == [[0], [1]]
    with pytest.raises(ValueError, match="number of groups: 1"):
        next(LevenshteinGroupKFold(2).split(X))


def test_named_alphabet_rejects_other_letters():
    cv = LevenshteinGroupKFold(2, alphabet="dna")
    with pytest.raises(ValueError, match=r"X\[1\] has '!' at position 2"):
        next(cv.split(["ACGT", "AC!", "TTTT"]))


def test_rna_copies_on_the_other_strand_share_a_fold():
    rng = np.random.default_rng(0)
    X = random_sequences(rng, 6, 60)
    X += [reverse_complement(mutate(rng, x, 2)).replace("T", "U").lower() for x in X]
    for _, test in LevenshteinGroupKFold(3, max_distance=4, both_strands=True).split(X):
        assert len(set(test % 6)) == 2
    with pytest.raises(ValueError, match=r"X\[1\] has 'E' at position 0, which is not a nucleotide"):
        next(LevenshteinGroupKFold(2, both_strands=True).split(["ACGT", "EEEE"]))


# labels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y", [np.arange(120), np.linspace(0, 1, 120), np.array(["a", "b"] * 60, dtype=object), np.eye(120)]
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


@pytest.mark.parametrize("by_label", [False, True])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", None, "b"], r"y\[1\] is missing \(None\)"),
        (["a", "b", float("nan")], r"y\[2\] is missing \(nan\)"),
        (pd.Series(["a", pd.NA, "b"], dtype="string"), r"y\[1\] is missing \(<NA>\)"),
        (pl.Series(["a", None, "b"]), r"y\[1\] is missing \(None\)"),
        (np.array([0.0, np.nan, 1.0]), r"y\[1\] is missing \(nan\)"),
        (np.array([0.0, np.inf, 1.0]), r"y\[1\] is inf"),
        (["a", 1, "b"], r"y\[1\] is 1, but y\[0\] is 'a'"),
        (np.array([1, 1, "a"], dtype=object), r"y\[2\] is 'a', but y\[0\] is 1"),
    ],
)
def test_missing_and_mixed_labels_are_named(y, message, by_label):
    with pytest.raises(ValueError, match=message):
        next(LevenshteinGroupKFold(2, by_label=by_label).split(["AAAA", "CCCC", "GGGG"], y))


def test_number_of_labels_must_fit():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        next(LevenshteinGroupKFold(2).split(["AAAA", "CCCC"], ["a"]))


@pytest.mark.parametrize("y", [None, ["a", "a", "a", "b", "b", "b"]])
def test_fewer_groups_than_folds_raise_with_the_sizes(y):
    with pytest.raises(ValueError, match="greater than the number of groups") as error:
        list(
            LevenshteinGroupKFold(3, max_distance=1).split(
                ["AAAA", "AAAT", "CCCC", "AAAA", "CCCC", "AAAT"], y
            )
        )
    assert str(error.value) == (
        "Cannot have number of splits n_splits=3 greater than the number of groups: 2, with 4, 2 sequences "
        "within max_distance=1; lower max_distance or lower n_splits."
    )


def test_fewer_groups_than_folds_show_the_largest_five():
    X = ["A", "CC", "GGG", "TTTT", "ACACAC", "ACACAC", "GTGTGTGT"]
    with pytest.raises(ValueError, match=r"groups: 6, with 2, 1, 1, 1, 1, … sequences"):
        list(LevenshteinGroupKFold(7, max_distance=0).split(X))


def test_single_group_names_the_remedy():
    with pytest.raises(ValueError, match=r"groups: 1, with 3 sequences .*=0\.5; lower max_distance\.$"):
        list(LevenshteinGroupKFold(2, max_distance=0.5).split(["AAAA", "AAAT", "AAAG"]))
    with pytest.raises(ValueError, match=r"groups: 1, with 3 .*=0; add sequences that are not copies\.$"):
        list(LevenshteinGroupKFold(2, max_distance=0).split(["AAAA"] * 3))
    y = ["a", "b", "b", "b", "b"]
    cv = LevenshteinGroupKFold(3, max_distance=0, singletons="train", by_label=True)
    with pytest.raises(
        ValueError, match=r"groups: 2, with 3, 1 .*; lower n_splits or set singletons='fold'\.$"
    ):
        list(cv.split(["AAAA", "CCCC", "CCCC", "CCCC", "GGGG"], y))


def test_giant_group_warns_with_the_fold_sizes():
    X = ["A" * 20 + "C" * i for i in range(10)] + ["G" * 20, "T" * 20]
    with pytest.warns(UserWarning, match=r"has 10 of 12 sequences, .* sizes are \[10, 1, 1\]") as caught:
        assert len(list(LevenshteinGroupKFold(3, max_distance=1).split(X))) == 3
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_splits": 1},
        {"max_distance": -1},
        {"max_distance": 1.0},
        {"max_distance": "0.1"},
        {"by_label": 2},
        {"alphabet": "text"},
        {"sequence_column": 0.5},
    ],
)
def test_bad_parameters_are_named(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        list(LevenshteinGroupKFold(**parameters).split(["AC", "GT"]))


@pytest.mark.parametrize("shuffle", [False, np.False_])
def test_random_state_without_shuffle_raises_as_in_scikit_learn(shuffle):
    for splitter in (KFold, LevenshteinGroupKFold):
        with pytest.raises((ValueError, TypeError), match=r"random_state has no effect|shuffle must be"):
            splitter(2, shuffle=shuffle, random_state=0)
    assert LevenshteinGroupKFold(2, shuffle=True, random_state=0).random_state == 0


@pytest.mark.parametrize(
    ("max_distance", "equal"),
    [
        (np.float32(0.7), 0.7),
        (np.float64(0.1), 0.1),
        (np.int64(7), 7),
        (np.uint8(7), 7),
        (np.float16(0.5), 0.5),
    ],
)
def test_numpy_cutoffs_equal_python_cutoffs(max_distance, equal):
    # 7 edits of 10
    X = ["AAAAAAAAAA", "AAACCCCCCC", "GGGGGGGGGG", "GGGTTTTTTT"]
    folds = [
        [test.tolist() for _, test in LevenshteinGroupKFold(2, max_distance=value).split(X)]
        for value in (max_distance, equal)
    ]
    assert folds[0] == folds[1]


def test_groups_are_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="groups parameter is ignored"):
        list(LevenshteinGroupKFold(2, max_distance=0).split(["AC", "GT"], groups=[0, 1]))


def test_tables_need_the_column():
    X = make_genes()
    expected = [test.tolist() for _, test in LevenshteinGroupKFold(4).split(X)]
    frame = pd.DataFrame({"length": list(map(len, X)), "gene": X}, index=np.arange(len(X))[::-1])
    for table in (frame, pl.DataFrame({"length": list(map(len, X)), "gene": X})):
        found = [test.tolist() for _, test in LevenshteinGroupKFold(4, sequence_column="gene").split(table)]
        assert found == expected
    for position in (1, np.int64(1), np.int8(-1)):
        found = LevenshteinGroupKFold(4, sequence_column=position).split(frame.to_numpy(dtype=object))
        assert [test.tolist() for _, test in found] == expected
    assert [test.tolist() for _, test in LevenshteinGroupKFold(4).split(frame[["gene"]])] == expected
    with pytest.raises(ValueError, match=r"several columns \('length', 'gene'\)"):
        next(LevenshteinGroupKFold(4).split(frame))
    with pytest.raises(ValueError, match=r"no column 'dna'; .* columns, 'length', 'gene'"):
        next(LevenshteinGroupKFold(4, sequence_column="dna").split(frame))
    with pytest.raises(ValueError, match="sequence_column is 'dna', but X is not a table"):
        next(LevenshteinGroupKFold(4, sequence_column="dna").split(X))


def test_error_about_columns_is_short():
    frame = pd.DataFrame({f"a long column name {i}" * 3: ["AC"] for i in range(99)})
    with pytest.raises(ValueError, match="X has several columns") as error:
        next(LevenshteinGroupKFold().split(frame))
    assert len(str(error.value)) < 160


@pytest.mark.parametrize("container", [list, np.array, pd.Series])
def test_works_in_cross_validation(container):
    X = container(make_genes())
    y = np.arange(120) % 2
    cv = LevenshteinGroupKFold(4)
    assert len(cross_val_score(DummyClassifier(), X, y, cv=cv)) == 4
    search = GridSearchCV(DummyClassifier(), {"strategy": ["prior", "uniform"]}, cv=cv)
    assert search.fit(X, y).n_splits_ == 4


def test_metadata_routing_treats_it_as_kfold():
    X, y = make_genes(), np.arange(120) % 2
    with sklearn.config_context(enable_metadata_routing=True):
        assert len(cross_val_score(DummyClassifier(), X, y, cv=LevenshteinGroupKFold(4))) == 4
        for splitter in (KFold, LevenshteinGroupKFold):
            assert not splitter().get_metadata_routing().split.requests
            assert not hasattr(splitter(), "set_split_request")
            with pytest.raises(TypeError, match="groups"):
                cross_validate(DummyClassifier(), X, y, cv=splitter(4), params={"groups": y})


def test_clones_and_copies_give_the_same_folds():
    X = make_genes(n_families=8, size=2)
    cv = LevenshteinGroupKFold(4, max_distance=6, shuffle=True, random_state=1)
    search = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, cv=cv)
    for copy in (clone(cv, safe=False), clone(search).cv, pickle.loads(pickle.dumps(cv))):
        assert copy is not cv
        assert repr(copy) == repr(cv)
        folds = [[test.tolist() for _, test in splitter.split(X)] for splitter in (copy, cv)]
        assert folds[0] == folds[1]


def test_repr_and_number_of_splits():
    cv = LevenshteinGroupKFold(3)
    assert repr(cv).startswith("LevenshteinGroupKFold(alphabet='auto', both_strands=False, by_label=False,")
    assert cv.get_n_splits() == cv.get_n_splits(["AC"], [1], [2]) == 3


def test_singletons_stay_in_training():
    X = ["AAAAAA", "AAAAAT", "CCCCCC", "CCCCCG", "GGGGGG", "GGTTGG", "TTTTTT", "TTGGTT"]
    y = ["one"] * 2 + ["two", "one"] + ["many"] * 4
    cv = LevenshteinGroupKFold(2, max_distance=1, singletons="train")
    tested = np.sort(np.concatenate([test for _, test in cv.split(X, y)]))
    # the only group of "two" also holds a sequence of "one", so the whole group stays in training
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
