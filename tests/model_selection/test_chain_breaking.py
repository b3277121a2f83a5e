"""LevenshteinGroupKFold with on_large_group and graph: folds of equal size without close sequences."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array, csr_matrix
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate

from skseed.distances import levenshtein_neighbors
from skseed.inspection import SplitLeakageDisplay
from skseed.model_selection import LevenshteinGroupKFold, leakage_report

# the vertex cover is private: brute force can check it on small graphs only
from skseed.model_selection._vertex_cover import vertex_cover
from tests.reference import random_sequence


def graph_of(edges, n):
    rows, columns = np.array(sorted(edges), dtype=int).reshape(-1, 2).T
    return coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))


def random_graph(seed, n, p):
    rng = np.random.default_rng(seed)
    return {(i, j) for i in range(n) for j in range(i + 1, n) if rng.random() < p}


def chained_cliques(n_cliques=6, size=10):
    """Return cliques, each joined to the next one by a single pair."""
    edges = set()
    for start in range(0, n_cliques * size, size):
        edges |= set(itertools.combinations(range(start, start + size), 2))
    edges |= {(start - 1, start) for start in range(size, n_cliques * size, size)}
    return edges, n_cliques * size


def check_guarantee(cv, X, edges, y=None):
    """Check that no pair connects training and test, and return the sizes of the test sets."""
    tested = []
    for number, (train, test) in enumerate(cv.split(X, y)):
        dropped = cv.dropped_[number]
        assert sorted([*train, *test, *dropped]) == list(range(len(X)))
        assert not any((i in test) & (j in train) | (j in test) & (i in train) for i, j in edges)
        tested.append(test)
    return tested


@pytest.mark.filterwarnings("ignore:The largest group")
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(6, 40),
    p=st.floats(0.0, 0.25),
    n_splits=st.integers(2, 4),
    mode=st.sampled_from(["drop", "purge"]),
    shuffle=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_no_pair_connects_training_and_test(seed, n, p, n_splits, mode, shuffle):
    edges = random_graph(seed, n, p)
    cv = LevenshteinGroupKFold(
        n_splits,
        graph=graph_of(edges, n),
        on_large_group=mode,
        shuffle=shuffle,
        random_state=seed if shuffle else None,
    )
    try:
        tested = check_guarantee(cv, np.zeros(n), edges)
    except ValueError as error:
        assert "sequence of fold" in str(error) or "number of groups" in str(error)  # noqa: PT017
        return
    if mode == "purge":
        assert sorted(np.concatenate(tested)) == list(range(n))
    else:
        # a dropped sequence has neighbors in two folds, or its fold is full
        fold_of = {i: fold for fold, test in enumerate(tested) for i in test}
        room = [len(test) < 1.05 * n / n_splits - 1 for test in tested]
        for i in cv.dropped_[0]:
            near = {fold_of[a + b - i] for a, b in edges if i in (a, b) and a + b - i in fold_of}
            assert len(near) > 1 or not (room[near.pop()] if near else any(room))


def test_chained_cliques_lose_one_sequence_for_each_broken_chain():
    edges, n = chained_cliques()
    cv = LevenshteinGroupKFold(3, graph=graph_of(edges, n), on_large_group="drop")
    tested = check_guarantee(cv, np.zeros(n), edges)
    assert len(cv.dropped_[0]) == 2
    assert min(map(len, tested)) >= 18
    purge = LevenshteinGroupKFold(3, graph=graph_of(edges, n), on_large_group="purge")
    tested = check_guarantee(purge, np.zeros(n), edges)
    assert [len(test) for test in tested] == [20, 20, 20]
    assert sum(map(len, purge.dropped_)) == 4


def fewest_dropped(edges, n, largest):
    """Return the fewest sequences to drop for two folds of at most `largest`, by brute force."""
    for n_dropped in range(n):
        for dropped in itertools.combinations(range(n), n_dropped):
            kept = [i for i in range(n) if i not in dropped]
            inside = [(i, j) for i, j in edges if i not in dropped and j not in dropped]
            # the sizes of unions of components
            root = {i: i for i in kept}
            for i, j in inside:
                old, new = root[i], root[j]
                root = {node: new if name == old else name for node, name in root.items()}
            sizes = {0}
            for name in set(root.values()):
                size = sum(other == name for other in root.values())
                sizes |= {total + size for total in sizes}
            if any(total <= largest and len(kept) - total <= largest for total in sizes if total):
                return n_dropped
    return n


@pytest.mark.filterwarnings("ignore:The largest group")
def test_few_sequences_are_dropped_compared_with_brute_force():
    found, best = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        n = 11
        # a random tree and one more edge: one component
        edges = {tuple(sorted((i, int(rng.integers(i))))) for i in range(1, n)} | {(0, n - 1)}
        cv = LevenshteinGroupKFold(2, graph=graph_of(edges, n), on_large_group="drop")
        tested = check_guarantee(cv, np.zeros(n), edges)
        found.append(len(cv.dropped_[0]))
        best.append(fewest_dropped(edges, n, max(map(len, tested))))
        assert found[-1] >= best[-1]
    assert np.mean(found) <= np.mean(best) + 0.5


@given(seed=st.integers(0, 10_000), n=st.integers(2, 11), p=st.floats(0.05, 0.6), bipartite=st.booleans())
@settings(max_examples=80, deadline=None)
def test_vertex_cover_touches_all_edges_and_is_smallest_for_bipartite_graphs(seed, n, p, bipartite):
    edges = {(i, j) for i, j in random_graph(seed, n, p) if not bipartite or (i + j) % 2}
    graph = csr_array(graph_of(edges | {(j, i) for i, j in edges}, n))
    cover, bound = vertex_cover(graph)
    assert all(cover[i] or cover[j] for i, j in edges)
    smallest = next(
        size
        for size in range(n + 1)
        for nodes in itertools.combinations(range(n), size)
        if all(i in nodes or j in nodes for i, j in edges)
    )
    assert bound <= smallest <= cover.sum() <= 2 * bound
    if bipartite:
        assert cover.sum() == smallest == bound


@pytest.mark.parametrize("mode", ["drop", "purge"])
@pytest.mark.parametrize("topology", ["linear", "circular"])
def test_distances_are_computed_from_sequences(mode, topology):
    rng = np.random.default_rng(0)
    chain = [random_sequence(rng, 40)]
    for _ in range(30):
        position = rng.integers(40)
        chain.append(chain[-1][:position] + rng.choice(list("ACGT")) + chain[-1][position + 1 :])
    cv = LevenshteinGroupKFold(3, max_distance=2, on_large_group=mode, topology=topology)
    pairs = levenshtein_neighbors(chain, 2, topology=topology).tocoo()
    tested = check_guarantee(cv, chain, set(zip(*pairs.coords, strict=True)))
    assert all(len(test) >= 4 for test in tested)
    assert cv.dropped_[0].size > 0
    report = leakage_report(chain, cv, max_distance=2, topology=topology)
    assert report.edits.isna().all()


def test_by_label_and_singletons_with_a_graph():
    edges, n = chained_cliques(4, 6)
    y = np.repeat([0, 1, 2, 3], 6)
    for mode in ("warn", "drop", "purge"):
        cv = LevenshteinGroupKFold(4, graph=graph_of(edges, n), by_label=True, on_large_group=mode)
        inside = {(i, j) for i, j in edges if y[i] == y[j]}
        tested = check_guarantee(cv, np.zeros(n), inside, y)
        assert [len(test) for test in tested] == [6] * 4
        assert not np.concatenate(cv.dropped_).size
    edges |= {(n, n + 1)}
    cv = LevenshteinGroupKFold(
        2, graph=graph_of(edges, n + 2), singletons="train", on_large_group="drop", by_label=True
    )
    y = np.append(np.tile([0, 1], 12), [2, 2])
    tested = check_guarantee(cv, np.zeros(n + 2), {(i, j) for i, j in edges if y[i] == y[j]}, y)
    assert not {n, n + 1} & set(np.concatenate(tested))


def test_graphs_of_any_sparse_form_give_the_same_folds():
    edges, n = chained_cliques()
    upper = graph_of(edges, n)
    zeros = csr_array(upper)
    zeros.data[:] = 0
    forms = [upper, upper.T, csr_array(upper + upper.T), csr_matrix(upper), zeros, csr_array(upper) > 0]
    splits = [
        [test.tolist() for _, test in LevenshteinGroupKFold(3, graph=form, on_large_group="drop").split(X)]
        for form in forms
        for X in (np.zeros(n), ["ACGT"] * n)
    ]
    assert all(split == splits[0] for split in splits)


def test_a_dense_group_stays_whole():
    n = 30
    clique = set(itertools.combinations(range(14), 2))
    for mode in ("drop", "purge"):
        cv = LevenshteinGroupKFold(3, graph=graph_of(clique | {(13, 14)}, n), on_large_group=mode)
        with pytest.warns(UserWarning, match="has 15 of 30 sequences, more than a fold and too dense"):
            tested = check_guarantee(cv, np.zeros(n), clique)
        assert sorted(map(len, tested)) == [7, 8, 15]
        cv = LevenshteinGroupKFold(3, graph=graph_of(clique, 14), on_large_group=mode)
        with pytest.raises(ValueError, match="greater than the number of groups: 1"):
            list(cv.split(np.zeros(14)))
        assert not hasattr(cv, "dropped_")


def test_repeats_are_different_and_reproducible():
    edges, n = chained_cliques(12, 5)
    options = {"graph": graph_of(edges, n), "on_large_group": "drop", "shuffle": True, "n_repeats": 3}
    cv = LevenshteinGroupKFold(4, random_state=0, **options)
    assert cv.get_n_splits() == 12
    tested = check_guarantee(cv, np.zeros(n), edges)
    assert len(tested) == len(cv.dropped_) == 12
    repeats = {tuple(map(tuple, tested[start : start + 4])) for start in (0, 4, 8)}
    assert len(repeats) == 3
    again = [
        tuple(test) for _, test in LevenshteinGroupKFold(4, random_state=0, **options).split(np.zeros(n))
    ]
    assert again == [tuple(test) for test in tested]
    with pytest.raises(ValueError, match="n_repeats=3 needs shuffle=True"):
        LevenshteinGroupKFold(4, n_repeats=3)


def test_repeats_work_in_cross_validate_and_grid_search():
    rng = np.random.default_rng(0)
    X = [random_sequence(rng, 30) for _ in range(24)]
    y = np.tile([0, 1], 12)
    cv = LevenshteinGroupKFold(3, on_large_group="purge", n_repeats=2, shuffle=True, random_state=0)
    assert len(cross_validate(DummyClassifier(), X, y, cv=cv)["test_score"]) == 6
    search = GridSearchCV(
        DummyClassifier(), {"strategy": ["prior", "uniform"]}, cv=pickle.loads(pickle.dumps(cv))
    )
    assert "split5_test_score" in search.fit(X, y).cv_results_
    assert clone(search).cv.n_repeats == 2


def test_graph_of_another_size_raises():
    cv = LevenshteinGroupKFold(2, graph=csr_array((5, 5)))
    with pytest.raises(ValueError, match=r"graph has shape \(5, 5\), but X has 4 sequences"):
        next(cv.split(["A", "C", "G", "T"]))
    with pytest.raises(ValueError, match=r"graph has shape \(5, 5\), but X has 4 sequences"):
        leakage_report(["A", "C", "G", "T"], GroupKFold(2), groups=[0, 0, 1, 1], graph=csr_array((5, 5)))
    with pytest.raises(ValueError, match="'graph' parameter"):
        next(LevenshteinGroupKFold(2, graph=np.eye(4)).split(["A", "C", "G", "T"]))


def test_leakage_report_of_a_graph_agrees_with_edit_distances():
    rng = np.random.default_rng(1)
    X = [random_sequence(rng, 8, letters="AC") for _ in range(30)]
    splits = [(np.arange(15), np.arange(15, 30)), (np.arange(10, 30), np.arange(10))]
    edits = leakage_report(X, splits, max_distance=2)
    graph = levenshtein_neighbors(X, 2)
    report = leakage_report(np.zeros(30), splits, graph=graph)
    assert report.columns.tolist() == ["split", "test", "nearest", "distance"]
    assert report.nearest.tolist() == edits.nearest.tolist()
    np.testing.assert_array_equal(report.distance, edits.edits)
    with pytest.raises(ValueError, match="graph holds the pairs of X"):
        leakage_report(X, X_test=X, graph=graph)
    with pytest.raises(ValueError, match="without graph"):
        SplitLeakageDisplay.from_splits(np.zeros(30), splits, graph=graph)
