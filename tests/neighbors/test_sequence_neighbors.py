"""SequenceNeighbors equals brute force, and follows scikit-learn's protocol of graphs of neighbors."""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, SpectralClustering
from sklearn.frozen import FrozenEstimator
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsTransformer, RadiusNeighborsTransformer
from sklearn.pipeline import make_pipeline

from skseed.distances import levenshtein_distances
from skseed.neighbors import SequenceNeighbors
from skseed.preprocessing import KmerVectorizer
from tests.reference import (
    circular_edit_distance,
    distance_matrix,
    mutate,
    random_sequences,
    reverse_complement,
)


def families(seed=0, n_families=3, size=8, length=40, n_edits=4):
    """Return sequences of some families in random order, and the family of each."""
    rng = np.random.default_rng(seed)
    founders = random_sequences(rng, n_families, length)
    y = rng.permutation(np.repeat(np.arange(n_families), size))
    return [mutate(rng, founders[family], rng.integers(1, n_edits)) for family in y], y


X, y = families()
QUERIES, QUERY_LABELS = families(seed=0, size=3)


def numbers_of(graph):
    """Return columns and values of a graph by row, in the stored order."""
    return np.split(graph.indices, graph.indptr[1:-1]), np.split(graph.data, graph.indptr[1:-1])


# the search ---------------------------------------------------------------------------------------


def test_kneighbors_are_those_of_the_matrix():
    distances = levenshtein_distances(QUERIES, X)
    order = np.argsort(distances, axis=1, kind="stable")[:, :4]
    edits, indices = SequenceNeighbors(n_neighbors=4).fit(X).kneighbors(QUERIES)
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_array_equal(edits, np.take_along_axis(distances, order, axis=1))
    assert edits.dtype == np.float64
    np.testing.assert_array_equal(
        SequenceNeighbors().fit(X).kneighbors(QUERIES, 4, return_distance=False), order
    )


@pytest.mark.parametrize(
    ("algorithm", "transformer"),
    [("exact", None), ("approximate", None), ("approximate", KmerVectorizer(k=3))],
)
def test_neighbors_of_the_fitted_sequences_exclude_themselves(algorithm, transformer):
    fitted = SequenceNeighbors(n_neighbors=3, algorithm=algorithm, transformer=transformer).fit(X)
    distances = levenshtein_distances(X).astype(float)
    np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1, kind="stable")[:, :3]
    edits, indices = fitted.kneighbors()
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_array_equal(edits, np.take_along_axis(distances, order, axis=1))


def test_radius_neighbors_are_those_of_the_matrix():
    fitted = SequenceNeighbors(radius=5).fit(X)
    distances = levenshtein_distances(QUERIES, X)
    for row, (edits, indices) in enumerate(zip(*fitted.radius_neighbors(QUERIES), strict=True)):
        order = np.argsort(distances[row], kind="stable")
        expected = order[distances[row][order] <= 5]
        np.testing.assert_array_equal(indices, expected)
        np.testing.assert_array_equal(edits, distances[row][expected])
    own = fitted.radius_neighbors(radius=0.1, return_distance=False)
    distances = levenshtein_distances(X)
    lengths = np.array([len(x) for x in X])
    near = distances <= np.floor(0.1 * np.maximum.outer(lengths, lengths) + 1e-9)
    np.fill_diagonal(near, False)
    for row, indices in enumerate(own):
        assert set(indices) == set(np.flatnonzero(near[row]))


def test_circular_sequences_on_both_strands():
    rng = np.random.default_rng(0)
    plasmids = random_sequences(rng, 6, 30)
    queries = [reverse_complement(x[11:] + x[:11]) for x in plasmids]
    fitted = SequenceNeighbors(2, topology="circular", both_strands=True).fit(plasmids)
    distances = distance_matrix(
        queries, plasmids, lambda a, b: circular_edit_distance(a, b, both_strands=True)
    )
    edits, indices = fitted.kneighbors(queries)
    np.testing.assert_array_equal(indices[:, 0], np.arange(6))
    np.testing.assert_array_equal(edits, np.sort(distances, axis=1)[:, :2])


# scikit-learn's protocol ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_graphs_equal_those_of_scikit_learn(mode):
    positions = np.random.default_rng(0).permutation(40)[:24]
    # the edit distances of runs of one letter are the distances of their lengths
    runs = ["A" * int(position) for position in positions]
    points = positions[:, None].astype(float)
    ours = SequenceNeighbors(3, radius=4).fit(runs[:18])
    sklearn_k = KNeighborsTransformer(n_neighbors=3).fit(points[:18])
    sklearn_radius = RadiusNeighborsTransformer(radius=4).fit(points[:18])
    for queries, query_points in ((runs[18:], points[18:]), (None, None)):
        pairs = [
            (ours.kneighbors_graph(queries, mode=mode), sklearn_k.kneighbors_graph(query_points, mode=mode)),
            (
                ours.radius_neighbors_graph(queries, mode=mode),
                sklearn_radius.radius_neighbors_graph(query_points, mode=mode, sort_results=True),
            ),
        ]
        for graph, expected in pairs:
            assert graph.dtype == expected.dtype
            assert graph.shape == expected.shape
            np.testing.assert_array_equal(graph.indptr, expected.indptr)
            # equally near neighbors have no order in scikit-learn, and the last ones may differ
            for values, others in zip(numbers_of(graph)[1], numbers_of(expected)[1], strict=True):
                np.testing.assert_array_equal(values, others)


@pytest.mark.parametrize("parameters", [{"n_neighbors": 3}, {"radius": 4}, {"radius": 0.2}])
def test_transform_of_the_fitted_sequences_is_fit_transform_with_the_diagonal(parameters):
    graph = SequenceNeighbors(**parameters).fit_transform([*X, X[0]])
    again = SequenceNeighbors(**parameters).fit([*X, X[0]]).transform([*X, X[0]])
    for values, others in zip((graph.data, graph.indices), (again.data, again.indices), strict=True):
        np.testing.assert_array_equal(values, others)
    rows, stored = numbers_of(graph)
    for row, (columns, values) in enumerate(zip(rows, stored, strict=True)):
        assert values[columns == row] == 0
        assert (np.diff(values) >= 0).all()
    if "n_neighbors" in parameters:
        assert (np.diff(graph.indptr) == 4).all()


def test_feature_names_count_the_fitted_sequences():
    names = SequenceNeighbors(2).fit(X).get_feature_names_out()
    assert names[0] == "sequenceneighbors0"
    assert len(names) == len(X)


# estimators behind it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pipeline",
    [
        make_pipeline(SequenceNeighbors(radius=12), DBSCAN(eps=8, min_samples=3, metric="precomputed")),
        make_pipeline(SequenceNeighbors(23), HDBSCAN(min_cluster_size=4, metric="precomputed", copy=True)),
        make_pipeline(
            SequenceNeighbors(6),
            SpectralClustering(3, n_neighbors=6, affinity="precomputed_nearest_neighbors", random_state=0),
        ),
    ],
    ids=["DBSCAN", "HDBSCAN", "SpectralClustering"],
)
@pytest.mark.filterwarnings("ignore:Graph is not fully connected:UserWarning")
def test_clustering_behind_it_finds_the_families(pipeline):
    assert adjusted_rand_score(y, pipeline.fit_predict(X)) == 1


def test_agglomerative_clustering_with_its_connectivity_finds_the_families():
    connectivity = SequenceNeighbors(8).fit(X).kneighbors_graph()
    clustering = AgglomerativeClustering(
        3, metric="precomputed", linkage="average", connectivity=connectivity + connectivity.T
    )
    assert adjusted_rand_score(y, clustering.fit_predict(levenshtein_distances(X))) == 1


def test_classifier_behind_it_predicts_the_families_of_new_sequences():
    pipeline = make_pipeline(SequenceNeighbors(3), KNeighborsClassifier(3, metric="precomputed"))
    np.testing.assert_array_equal(pipeline.fit(X, y).predict(QUERIES), QUERY_LABELS)
    assert cross_val_score(pipeline, X, y, cv=3).min() == 1
    search = GridSearchCV(pipeline, {"sequenceneighbors__n_neighbors": [3, 4]}, cv=2, error_score="raise")
    assert search.fit(X, y).best_score_ == 1


def test_map_behind_it_separates_the_families():
    tsne = TSNE(perplexity=4, init="random", metric="precomputed", random_state=0)
    points = make_pipeline(SequenceNeighbors(14), tsne).fit_transform(X)
    nearest = np.argsort(np.linalg.norm(points[:, None] - points, axis=2), axis=1)[:, 1]
    # a third of the neighbors by chance
    assert (y[nearest] == y).mean() > 0.8


# the approximate algorithm --------------------------------------------------------------------------


@pytest.mark.parametrize("transformer", [None, KmerVectorizer(k=3)])
def test_recall_is_the_share_of_true_neighbors_found(transformer):
    Z, _ = families(seed=1, n_families=10, size=6, n_edits=15)
    fitted = SequenceNeighbors(3, algorithm="approximate", n_candidates=5, transformer=transformer).fit(Z)
    exact, _ = SequenceNeighbors(3).fit(Z).kneighbors()
    found, indices = fitted.kneighbors()
    np.testing.assert_array_equal(found, np.take_along_axis(levenshtein_distances(Z), indices, axis=1))
    assert (found >= exact).all()
    # all 60 sequences are in the sample; as queries, they are their own candidates
    found = fitted.kneighbors(Z, 4)[0][:, 1:]
    assert fitted.recall_ == (found <= exact[:, -1:]).mean()
    assert 0.3 < fitted.recall_ < 1
    assert repr(fitted).endswith(f"recall_={fitted.recall_:.3f}")
    assert not hasattr(SequenceNeighbors(3).fit(Z), "recall_")
    many = clone(fitted).set_params(n_candidates=60).fit(Z)
    assert many.recall_ == 1


def test_transformer_is_cloned_unless_it_is_frozen():
    vectorizer = KmerVectorizer(k=2)
    fitted = SequenceNeighbors(2, algorithm="approximate", transformer=vectorizer).fit(X)
    assert not hasattr(vectorizer, "alphabet_")
    assert fitted.transformer_.alphabet_.name == "dna"
    frozen = FrozenEstimator(vectorizer.fit(X))
    assert SequenceNeighbors(2, algorithm="approximate", transformer=frozen).fit(X).transformer_ is frozen


class LengthDifference(TransformerMixin, BaseEstimator):
    """A transformer with distances of its own, as EditDistanceEmbedder has them."""

    def fit(self, X, y=None):
        self.n_fitted_ = len(X)
        return self

    def transform(self, X):
        return np.array([[len(x)] for x in X], dtype=float)

    def distances_from_points(self, A, B):
        return np.abs(A - B.T)


@pytest.mark.parametrize("itself", [True, False])
def test_distances_of_the_transformer_rank_the_candidates(itself):
    runs = ["A" * n for n in (3, 9, 1, 30, 12, 5)]
    fitted = SequenceNeighbors(
        2, algorithm="approximate", n_candidates=2, transformer=LengthDifference()
    ).fit(runs)
    edits, indices = fitted.kneighbors(None if itself else runs)
    expected = [[2, 5], [4, 5], [0, 5], [4, 1], [1, 5], [0, 1]] if itself else [[0, 2], [1, 4]]
    np.testing.assert_array_equal(indices[: len(expected)], expected)
    np.testing.assert_array_equal(edits[1], [3, 4] if itself else [0, 3])


# state and errors -----------------------------------------------------------------------------------


def test_state_of_the_index_is_small_and_survives_pickle():
    fitted = SequenceNeighbors(2).fit(X * 20)
    before = len(pickle.dumps(fitted))
    expected = fitted.kneighbors(QUERIES)
    stored = pickle.dumps(fitted)
    assert len(stored) == before
    np.testing.assert_array_equal(pickle.loads(stored).kneighbors(QUERIES), expected)


def test_refit_forgets_the_approximate_state():
    estimator = SequenceNeighbors(2, algorithm="approximate", transformer=KmerVectorizer(k=2)).fit(X)
    estimator.set_params(algorithm="exact", transformer=None).fit(X)
    assert not hasattr(estimator, "recall_")
    assert not hasattr(estimator, "transformer_")


def test_errors_name_the_remedy():
    fitted = SequenceNeighbors(2).fit(X)
    with pytest.raises(ValueError, match="n_neighbors = 25, n_samples_fit = 24; lower"):
        fitted.kneighbors(QUERIES, 25)
    with pytest.raises(ValueError, match="n_samples_fit = 23 without the query itself"):
        fitted.kneighbors(n_neighbors=24)
    with pytest.raises(ValueError, match="radius is None; pass a radius"):
        fitted.radius_neighbors(QUERIES)
    with pytest.raises(ValueError, match="mode must be"):
        fitted.kneighbors_graph(QUERIES, mode="distances")
    with pytest.raises(ValueError, match='transformer needs algorithm="approximate"'):
        SequenceNeighbors(transformer=KmerVectorizer()).fit(X)
