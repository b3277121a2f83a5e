"""PhylogeneticGroupSplit holds out whole clades, and names the tips that do not fit the tree."""

import gzip

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score

from skseed.distances import levenshtein_distances
from skseed.model_selection import PhylogeneticGroupSplit
from tests.reference import random_sequence


def balanced_tree(names):
    nodes = list(names)
    while len(nodes) > 1:
        nodes = [f"({a},{b})" for a, b in zip(nodes[::2], nodes[1::2], strict=True)]
    return nodes[0] + ";"


def genes_of(names, seed=0, length=30):
    rng = np.random.default_rng(seed)
    return pd.Series([random_sequence(rng, length) for _ in names], index=list(names))


NAMES = [f"t{i}" for i in range(64)]


@settings(max_examples=40, deadline=None)
@given(depth=st.integers(0, 5), test_size=st.floats(0.05, 0.5), seed=st.integers(0, 5))
def test_clades_stay_whole(depth, test_size, seed):
    cv = PhylogeneticGroupSplit(
        3, tree=balanced_tree(NAMES), depth=depth, test_size=max(test_size, 2**depth / 64), random_state=seed
    )
    for train, test in cv.split(genes_of(NAMES)):
        assert sorted([*train, *test]) == list(range(64))
        assert not set(train // 2**depth) & set(test // 2**depth)


def test_clades_of_a_height_stay_whole():
    tree = balanced_tree([f"{name}:1" for name in NAMES]).replace(")", "):1")[:-3] + ";"
    cv = PhylogeneticGroupSplit(3, tree=tree, height=3, depth=0, test_size=16, random_state=0)
    for train, test in cv.split(genes_of(NAMES)):
        assert len(test) == 16
        assert not set(train // 8) & set(test // 8)
    with pytest.raises(ValueError, match="clade of height 99 holds all 64 sequences; lower height"):
        next(PhylogeneticGroupSplit(tree=tree, height=99).split(genes_of(NAMES)))
    with pytest.raises(ValueError, match="height needs a tree"):
        next(PhylogeneticGroupSplit(height=1.0).split(genes_of(NAMES)))


def test_tips_that_are_not_in_x_do_not_count():
    X = genes_of(NAMES)[::4]
    cv = PhylogeneticGroupSplit(1, tree=balanced_tree(NAMES), depth=2, test_size=4, random_state=0)
    ((_, test),) = cv.split(X)
    assert len(test) == 4
    assert len(set(test // 4)) == 1


def test_polytomy_and_ladder():
    star = "(" + ",".join(NAMES) + ");"
    ((_, test),) = PhylogeneticGroupSplit(1, tree=star, depth=3, test_size=10, random_state=0).split(
        genes_of(NAMES)
    )
    assert len(test) == 10
    n = 10_000
    names = [f"n{i}" for i in range(n)]
    ladder = "(" * (n - 1) + names[0] + "".join(f",{name})" for name in names[1:]) + ";"
    ((train, test),) = PhylogeneticGroupSplit(1, tree=ladder, depth=6, random_state=0).split(
        genes_of(names, length=3)
    )
    assert len(train) + len(test) == n
    assert len(set(test) & set(range(64))) in (0, 64)


def test_sequences_without_a_tip_are_named():
    X = genes_of(["a", "b", "x", "y"])
    with pytest.raises(
        ValueError, match=r"2 of 4 sequences are not tips of the tree: 'x', 'y'\. The tree has"
    ):
        next(PhylogeneticGroupSplit(tree="((a,b),(c,d));").split(X))
    with pytest.raises(ValueError, match="The tree has 'a' more than once"):
        next(PhylogeneticGroupSplit(tree="((a,b),(a,x));").split(X))
    with pytest.raises(ValueError, match="Several sequences are named 'a'"):
        next(PhylogeneticGroupSplit(tree="((a,b),(c,d));").split(genes_of(["a", "a", "b", "c"])))


def test_names_come_from_the_index_or_from_tip_names():
    X = genes_of(NAMES)
    tree = balanced_tree(NAMES)
    parameters = {"tree": tree, "depth": 3, "random_state": 0}
    expected = [test.tolist() for _, test in PhylogeneticGroupSplit(**parameters).split(X)]
    named = PhylogeneticGroupSplit(**parameters, tip_names=NAMES)
    assert [test.tolist() for _, test in named.split(list(X))] == expected
    table = PhylogeneticGroupSplit(**parameters, sequence_column="gene")
    assert [test.tolist() for _, test in table.split(X.to_frame("gene").assign(n=1))] == expected
    with pytest.raises(ValueError, match="tips of the sequences are unknown"):
        next(PhylogeneticGroupSplit(**parameters).split(list(X)))
    with pytest.raises(ValueError, match="tip_names holds 64 names, but X has 63 sequences"):
        next(named.split(list(X)[1:]))


def test_tree_as_path_and_as_node(tmp_path):
    skbio = pytest.importorskip("skbio")
    X, text = genes_of(NAMES), balanced_tree(NAMES)
    path = tmp_path / "tree.nwk"
    path.write_text(text)
    splits = [
        [test.tolist() for _, test in PhylogeneticGroupSplit(tree=tree, depth=3, random_state=0).split(X)]
        for tree in (text, path, str(path), skbio.TreeNode.read([text]))
    ]
    assert splits == [splits[0]] * 4
    with pytest.raises(TypeError, match="got int"):
        next(PhylogeneticGroupSplit(tree=3).split(X))


def test_without_a_tree_the_nearest_relatives_are_held_out():
    rng = np.random.default_rng(0)
    X = []
    for _ in range(16):
        founder = rng.choice(list("ACGT"), 60)
        for position in range(4):
            copy = founder.copy()
            copy[position] = "T" if copy[position] != "T" else "A"
            X.append("".join(copy))
    for train, test in PhylogeneticGroupSplit(3, depth=2, test_size=0.25, random_state=0).split(X):
        assert len(test) == 16
        assert not set(train // 4) & set(test // 4)
        assert levenshtein_distances(X)[np.ix_(test, train)].min() > 2


def test_copies_go_together_without_a_tree():
    X = list(genes_of(NAMES)) * 2
    for train, test in PhylogeneticGroupSplit(2, depth=2, random_state=0).split(X):
        assert not set(train % 64) & set(test % 64)


def test_soft_masked_and_rna_copies_go_together_without_a_tree():
    X = list(genes_of(NAMES))
    X = X + [x.lower() for x in X] + [x.replace("T", "U") for x in X]
    for train, test in PhylogeneticGroupSplit(3, depth=2, random_state=0).split(X):
        assert not set(train % 64) & set(test % 64)
    exact = PhylogeneticGroupSplit(3, depth=0, alphabet=None, random_state=0)
    assert any(set(train % 64) & set(test % 64) for train, test in exact.split(X))


def test_cyclic_tree_objects_raise():
    class Node:
        def __init__(self, name, *children):
            self.name, self.length, self.children = name, None, list(children)

    root = Node("root", Node("t0"), Node("inner", Node("t1")))
    X = genes_of(["t0", "t1"])
    assert len(list(PhylogeneticGroupSplit(2, tree=root, depth=0, random_state=0).split(X))) == 2
    root.children[1].children.append(root)
    with pytest.raises(ValueError, match="'root' of the tree is reached twice"):
        next(PhylogeneticGroupSplit(tree=root).split(X))
    root.children[1].children[-1] = root.children[0]
    with pytest.raises(ValueError, match="'t0' of the tree is reached twice"):
        next(PhylogeneticGroupSplit(tree=root).split(X))


def test_random_state_determines_the_splits_and_the_global_state_is_unchanged():
    X = genes_of(NAMES)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for tree in (None, balanced_tree(NAMES)):
        tests = [
            [
                test.tolist()
                for _, test in PhylogeneticGroupSplit(tree=tree, depth=2, random_state=seed).split(X)
            ]
            for seed in (0, 0, 1)
        ]
        assert tests[0] == tests[1] != tests[2]
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_impossible_sizes_raise_or_warn():
    X = genes_of(NAMES)
    with pytest.raises(
        ValueError, match=r"training set would be empty, because a clade of at most 64 tips \(depth=6\)"
    ):
        next(PhylogeneticGroupSplit(tree=balanced_tree(NAMES), depth=6).split(X))
    with pytest.raises(ValueError, match="test_size=64 the training set is empty"):
        next(PhylogeneticGroupSplit(tree=balanced_tree(NAMES), test_size=64).split(X))
    message = "too large for a test set of 13: 32 sequences are held out and 32 are left"
    with pytest.warns(UserWarning, match=message) as caught:
        next(PhylogeneticGroupSplit(tree=balanced_tree(NAMES), depth=5).split(X))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "parameters", [{"n_splits": 0}, {"depth": -1}, {"test_size": 1.5}, {"test_size": 0}, {"alphabet": "text"}]
)
def test_bad_parameters_are_named(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        next(PhylogeneticGroupSplit(**parameters).split(genes_of(NAMES)))


def test_groups_are_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="groups parameter is ignored by PhylogeneticGroupSplit") as caught:
        next(PhylogeneticGroupSplit(depth=0).split(genes_of(NAMES), groups=NAMES))
    assert caught[0].filename == __file__
    with sklearn.config_context(enable_metadata_routing=True):
        assert not PhylogeneticGroupSplit().get_metadata_routing().split.requests


def test_repr_clone_and_number_of_splits():
    cv = PhylogeneticGroupSplit(3, tree="(a,b);", depth=0, random_state=0)
    assert repr(cv).startswith("PhylogeneticGroupSplit(alphabet='auto', depth=0, height=None, n_jobs=None,")
    assert cv.get_n_splits() == 3
    X = genes_of("ab")
    copy = clone(cv, safe=False)
    assert repr(copy) == repr(cv)
    assert [test.tolist() for _, test in copy.split(X)] == [test.tolist() for _, test in cv.split(X)]


@pytest.mark.parametrize("tree", [None, balanced_tree(NAMES)])
def test_works_in_cross_validation(tree):
    cv = PhylogeneticGroupSplit(3, tree=tree, depth=2, random_state=0)
    X, y = genes_of(NAMES), np.arange(64.0)
    assert np.isfinite(cross_val_score(DummyRegressor(), X, y, cv=cv)).all()
    search = GridSearchCV(DummyRegressor(), {"strategy": ["mean", "median"]}, cv=cv)
    assert search.fit(X, y).n_splits_ == 3


def test_real_ferns(shared_data):
    with gzip.open(shared_data / "ferns" / "rbcL.fasta.gz", "rt") as file:
        lines = file.read().split(">")[1:]
    X = pd.Series(
        {name: sequence.replace("\n", "") for name, _, sequence in (x.partition("\n") for x in lines)}
    )
    cv = PhylogeneticGroupSplit(2, tree=shared_data / "ferns" / "rbcL.nwk", random_state=0)
    for train, test in cv.split(X):
        assert len(train) + len(test) == len(X)
        assert abs(len(test) - 0.2 * len(X)) <= 32
