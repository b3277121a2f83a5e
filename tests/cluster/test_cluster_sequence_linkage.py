"""Trees and clusters of sequences."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import cophenet, is_monotonic, is_valid_linkage, linkage
from scipy.spatial.distance import squareform
from scipy.stats import pearsonr
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline

from skseed.cluster import SequenceLinkage
from skseed.distances import levenshtein_distances, levenshtein_groups
from skseed.embedding import EditDistanceEmbedder
from skseed.io import read_tree
from skseed.metrics import dasgupta_cost
from skseed.preprocessing import KmerVectorizer, OneHotEncoder


def unrelated_families(n_families: int, size: int, length: int) -> tuple[list[str], np.ndarray]:
    """Return random founders with 8 % of their symbols replaced, and the founder of each sequence."""
    generator = np.random.default_rng(0)
    letters = np.array(list("ACGT"))
    founders = generator.integers(4, size=(n_families, length))
    rows = np.tile(founders, (size, 1))
    rows = np.where(generator.random(rows.shape) < 0.08, generator.integers(4, size=rows.shape), rows)
    return ["".join(row) for row in letters[rows]], np.tile(np.arange(n_families), size)


FAMILIES, FAMILY = unrelated_families(6, 10, length=120)


@pytest.fixture(scope="module")
def many() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return more sequences than "auto" links exactly, their families and their distances."""
    X, y = unrelated_families(12, 100, length=120)
    assert len(set(X)) > 1000
    return X, y, levenshtein_distances(X)


def heights_of_pairs(tree: np.ndarray) -> np.ndarray:
    return squareform(cophenet(tree))


def tip_distances(newick: str) -> np.ndarray:
    """Return the distances of tips along a tree, in the order of their integer names."""
    tree = read_tree(newick)
    tips = [tree.tips[name] for name in sorted(tree.tips, key=int)]
    above = []
    for tip in tips:
        path, node, length = {}, tip, 0.0
        while node >= 0:
            path[node] = length
            length += 0 if np.isnan(tree.lengths[node]) else tree.lengths[node]
            node = int(tree.parents[node])
        above.append(path)
    return np.array([[min(a[k] + b[k] for k in a.keys() & b.keys()) for b in above] for a in above])


# exact distances ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["average", "complete", "single"])
def test_exact_tree_equals_that_of_scipy(method: str) -> None:
    X = FAMILIES[:40]
    ours = SequenceLinkage(linkage=method).fit(X)
    expected = linkage(squareform(levenshtein_distances(X)), method)
    assert ours.exact_
    # ties may be broken in another way, but the sorted heights of single linkage are unique
    if method == "single":
        np.testing.assert_allclose(ours.linkage_matrix_[:, 2], expected[:, 2])
        np.testing.assert_allclose(cophenet(ours.linkage_matrix_), cophenet(expected))
    else:
        np.testing.assert_allclose(ours.linkage_matrix_[-6:, 2], expected[-6:, 2], rtol=0.02)
    is_valid_linkage(ours.linkage_matrix_, throw=True)


@pytest.mark.parametrize("method", ["average", "complete", "single"])
def test_exact_tree_without_ties_equals_that_of_scipy(method: str) -> None:
    # lengths make all distances to one base different
    X = ["A" * length for length in (1, 2, 4, 8, 16, 32, 64, 128)]
    ours = SequenceLinkage(linkage=method).fit(X).linkage_matrix_
    np.testing.assert_allclose(ours, linkage(squareform(levenshtein_distances(X)), method))


def test_copies_count_as_members_and_join_at_height_zero() -> None:
    X = ["ACGTACGT", "ACGTACGA", "TTTTACCC", "ACGTACGT", "ACGTACGT", "TTTTACCG"]
    tree = SequenceLinkage().fit(X).linkage_matrix_
    expected = linkage(squareform(levenshtein_distances(X)), "average")
    np.testing.assert_allclose(tree[:, 2], expected[:, 2])
    np.testing.assert_allclose(cophenet(tree), cophenet(expected))


def test_equal_sequences_make_one_cluster() -> None:
    fitted = SequenceLinkage(None, distance_threshold=1).fit(["ACGT", "acgt", "ACGU"])
    assert fitted.labels_.tolist() == [0, 0, 0]
    assert fitted.linkage_matrix_[:, 2].tolist() == [0, 0]


@pytest.mark.parametrize("threshold", [0, 1, 7, 7.5, 30, 200])
def test_single_linkage_with_a_threshold_equals_the_groups(threshold: float) -> None:
    fitted = SequenceLinkage(None, distance_threshold=threshold, linkage="single").fit(FAMILIES)
    groups = levenshtein_groups(FAMILIES, max_distance=int(max(0, np.ceil(threshold) - 1)))
    expected = np.arange(len(FAMILIES)) if threshold == 0 else groups
    np.testing.assert_array_equal(fitted.labels_, expected)
    assert fitted.exact_
    full = SequenceLinkage(linkage="single", embedder=None).fit(FAMILIES)
    heights = np.minimum(full.linkage_matrix_[:, 2], threshold)
    np.testing.assert_allclose(fitted.linkage_matrix_[:, 2], heights)


def test_single_linkage_of_many_sequences_with_a_threshold_is_exact(many: tuple) -> None:
    X, _, _ = many
    fitted = SequenceLinkage(None, distance_threshold=4, linkage="single").fit(X)
    np.testing.assert_array_equal(fitted.labels_, levenshtein_groups(X, max_distance=3))


def test_threshold_is_the_height_from_which_clusters_stay_apart() -> None:
    tree = SequenceLinkage(embedder=None).fit(FAMILIES)
    heights = tree.linkage_matrix_[:, 2]
    for index in (10, 40, 58):
        fitted = SequenceLinkage(None, distance_threshold=heights[index]).fit(FAMILIES)
        assert fitted.n_clusters_ == len(FAMILIES) - np.count_nonzero(heights < heights[index])


def test_number_of_clusters_is_that_asked_for() -> None:
    for n_clusters in (1, 5, 60):
        fitted = SequenceLinkage(n_clusters).fit(FAMILIES)
        assert len(np.unique(fitted.labels_)) == fitted.n_clusters_ == n_clusters
    assert adjusted_rand_score(FAMILY, SequenceLinkage(6).fit_predict(FAMILIES)) == 1


# estimated distances --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["average", "complete", "single", "ward"])
def test_many_sequences_are_linked_by_landmarks(many: tuple, method: str) -> None:
    X, y, _ = many
    fitted = SequenceLinkage(12, linkage=method).fit(X)
    assert not fitted.exact_
    is_valid_linkage(fitted.linkage_matrix_, throw=True)
    assert is_monotonic(fitted.linkage_matrix_)
    if method != "single":
        assert adjusted_rand_score(y, fitted.labels_) > 0.9


def test_tree_of_landmarks_is_close_to_the_exact_tree(many: tuple) -> None:
    X, _, distances = many
    tree = SequenceLinkage().fit(X).linkage_matrix_
    exact = SequenceLinkage(embedder=None).fit(X).linkage_matrix_
    # the gain over a random tree, whose expected value is the mean distance times (n**3 - n) / 3
    n = len(X)
    chance = distances.sum() / (n * (n - 1)) * (n**3 - n) / 3
    gain = dasgupta_cost(tree, distances) - chance
    assert gain > 0.8 * (dasgupta_cost(exact, distances) - chance)
    assert pearsonr(cophenet(tree), squareform(distances))[0] > 0.8
    # heights are edits
    assert tree[-1, 2] == pytest.approx(exact[-1, 2], rel=0.2)


def test_small_subtrees_of_landmarks_have_exact_heights(many: tuple) -> None:
    X, _, distances = many
    tree = SequenceLinkage(embedder="landmarks").fit(X).linkage_matrix_
    pairs = tree[(tree[:, :2] < len(X)).all(axis=1)]
    one, other = pairs[:, :2].astype(int).T
    np.testing.assert_array_equal(pairs[:, 2], distances[one, other])


def test_few_sequences_can_be_linked_by_landmarks() -> None:
    for n in (2, 3, 7):
        fitted = SequenceLinkage(embedder="landmarks").fit(FAMILIES[:n])
        exact = SequenceLinkage(embedder=None).fit(FAMILIES[:n])
        # all of them are in one subtree, which is exact
        np.testing.assert_allclose(fitted.linkage_matrix_, exact.linkage_matrix_)


def test_groups_of_points_are_linked_if_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    from skseed.cluster import _scheme

    X, y = unrelated_families(9, 100, length=80)
    monkeypatch.setattr(_scheme, "_MOST_POINTS", 150)
    monkeypatch.setattr(_scheme, "_N_GROUPS", 60)
    for method in ("average", "ward"):
        fitted = SequenceLinkage(9, linkage=method, embedder="landmarks").fit([*X, *X[:5]])
        is_valid_linkage(fitted.linkage_matrix_, throw=True)
        assert is_monotonic(fitted.linkage_matrix_)
        assert adjusted_rand_score([*y, *y[:5]], fitted.labels_) > 0.9


@pytest.mark.parametrize(
    "embedder",
    [
        KmerVectorizer(k=3),
        make_pipeline(
            OneHotEncoder(),
            EditDistanceEmbedder(n_components=8, encoder="linear", max_epochs=10, random_state=0),
        ),
    ],
    ids=["k-mers", "learned"],
)
def test_transformer_gives_vectors(embedder: object) -> None:
    fitted = SequenceLinkage(6, embedder=embedder).fit(FAMILIES)
    assert adjusted_rand_score(FAMILY, fitted.labels_) > 0.9
    assert fitted.embedder_ is not embedder
    assert not fitted.exact_
    exact = SequenceLinkage(embedder=None).fit(FAMILIES)
    assert fitted.linkage_matrix_[-1, 2] == pytest.approx(exact.linkage_matrix_[-1, 2], rel=0.4)


def test_frozen_transformer_is_not_fitted_again() -> None:
    vectorizer = FrozenEstimator(KmerVectorizer(k=2).fit(FAMILIES))
    fitted = SequenceLinkage(6, embedder=vectorizer).fit(FAMILIES)
    assert fitted.embedder_ is vectorizer
    refitted = fitted.set_params(embedder=None).fit(FAMILIES)
    assert not hasattr(refitted, "embedder_")


# Newick ---------------------------------------------------------------------------------------------


def test_newick_has_the_heights_of_the_tree() -> None:
    fitted = SequenceLinkage().fit(FAMILIES[:25])
    np.testing.assert_allclose(
        tip_distances(fitted.to_newick()), heights_of_pairs(fitted.linkage_matrix_), atol=1e-4
    )


def test_newick_gives_every_branch_a_length_and_quotes_names() -> None:
    text = SequenceLinkage().fit(["ACGT", "ACGA", "TTTT"]).to_newick(["a.1|x", "it's", "b c"])
    assert text == "('b c':1.750000,(a.1|x:0.500000,'it''s':0.500000):1.250000);"
    assert set(read_tree(text).tips) == {"a.1|x", "it's", "b c"}


def test_deep_tree_becomes_newick() -> None:
    # a chain, deeper than the recursion limit of Python
    X = ["A" * length for length in np.cumsum(np.arange(1, 1500) % 7 + np.arange(1, 1500) // 700)]
    fitted = SequenceLinkage(None, distance_threshold=1, linkage="single", embedder=None).fit(X)
    assert len(read_tree(fitted.to_newick()).tips) == len(X)


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["a", "b"], "names has 2 names, but the tree has 3"),
        (["a", "b", "a"], r"names\[2\] is 'a', which is not the first"),
        (["a", "", "b"], r"names\[1\] has 0 symbols"),
    ],
)
def test_wrong_names_raise(names: list[str], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        SequenceLinkage().fit(["ACGT", "ACGA", "TTTT"]).to_newick(names)


def test_newick_before_fit_raises() -> None:
    with pytest.raises(NotFittedError):
        SequenceLinkage().to_newick()


# errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"n_clusters": None}, "exactly one of them must be None"),
        ({"distance_threshold": 3}, "exactly one of them must be None"),
        ({"n_clusters": 4}, "n_clusters=4, but X has 3 sequences"),
        ({"linkage": "ward", "embedder": None}, 'set embedder="landmarks"'),
        ({"alphabet": "protein"}, r"X\[2\]"),
    ],
)
def test_wrong_parameters_raise(params: dict, match: str) -> None:
    clusterer = SequenceLinkage(**params)
    with pytest.raises(ValueError, match=match):
        clusterer.fit(["ACGT", "ACGA", "TT1T"])
    assert not hasattr(clusterer, "labels_")


def test_matrix_that_does_not_fit_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skseed._limits.available_memory", lambda: 1e6)
    X = ["".join(row) for row in np.random.default_rng(0).choice(list("ACGT"), (400, 20))]
    with pytest.raises(MemoryError, match='set embedder="landmarks"'):
        SequenceLinkage(embedder=None).fit(X)


def test_transformer_that_returns_nan_raises() -> None:
    class Broken(KmerVectorizer):
        def transform(self, X: list[str]) -> np.ndarray:
            return np.full((len(X), 2), np.nan)

    with pytest.raises(ValueError, match="matrix of finite numbers"):
        SequenceLinkage(embedder=Broken()).fit(FAMILIES)
