"""EditDistanceEmbedder: equal bits in jobs, threads, searches, pickles and resumed fits."""

import pickle
import pickletools
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from skseed.datasets import make_families
from skseed.distances import levenshtein_distances
from skseed.embedding import CNNEncoder, EditDistanceEmbedder, LandmarkEncoder
from skseed.metrics import percent_rmse_scorer
from skseed.preprocessing import OneHotEncoder

ENCODERS = ["cnn", "kmer", "landmark", "linear", "transformer"]
GENES = [gene[:36] for gene in make_families(48, 4, length=40, random_state=0)[0]]


def tiny(**params):
    defaults = {"n_components": 16, "encoder": "linear", "max_epochs": 3, "batch_size": 24, "random_state": 0}
    return EditDistanceEmbedder(**defaults | params)


@pytest.fixture
def torch_threads():
    """Return the function that sets the number of torch threads; the number is restored at the end."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


# equal bits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoder", ENCODERS)
def test_refit_equals_fit(encoder):
    expected = tiny(encoder=encoder).fit(GENES).transform(GENES)
    refitted = tiny(encoder=encoder).fit(GENES[:10]).fit(GENES)
    assert_array_equal(refitted.transform(GENES), expected)
    assert_array_equal(clone(refitted).fit(GENES).transform(GENES), expected)
    assert (tiny(encoder=encoder, random_state=1).fit(GENES).transform(GENES) != expected).any()


@pytest.mark.parametrize("encoder", ENCODERS)
def test_torch_threads_change_no_bit(encoder, torch_threads):
    results = []
    for n_threads in (1, 2, 4):
        torch_threads(n_threads)
        embedder = tiny(encoder=encoder).fit(GENES)
        results.append((embedder.transform(GENES), embedder.pairwise_distances(GENES), embedder.score(GENES)))
        assert torch.get_num_threads() == n_threads
    for points, distances, score in results[1:]:
        assert_array_equal(points, results[0][0])
        assert_array_equal(distances, results[0][1])
        assert score == results[0][2]


@pytest.mark.parametrize("encoder", ["cnn", "landmark"])
def test_jobs_change_no_bit(encoder):
    embedder = tiny(encoder=encoder).fit(GENES)
    # jobs share more than 8,192 sequences
    many = GENES * 200
    expected = embedder.transform(many)
    for n_jobs in (2, -1):
        assert_array_equal(embedder.set_params(n_jobs=n_jobs).transform(many), expected)


def test_six_fits_at_once_change_no_bit(torch_threads):
    torch_threads(2)

    def embed(seed):
        return tiny(random_state=seed).fit(GENES).transform(GENES)

    states = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    expected = [embed(seed) for seed in range(3)] * 2
    with ThreadPoolExecutor(6) as pool:
        points = list(pool.map(embed, [0, 1, 2] * 2))
    for result, alone in zip(points, expected, strict=True):
        assert_array_equal(result, alone)
    assert torch.get_num_threads() == 2
    assert_array_equal(np.random.get_state()[1], states[0])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), states[1])


def test_transforms_in_many_threads_change_no_bit():
    embedder = tiny().fit(GENES)
    expected = embedder.transform(GENES)
    with ThreadPoolExecutor(8) as pool:
        for points in pool.map(embedder.transform, [GENES] * 16):
            assert_array_equal(points, expected)


def search(n_jobs):
    return GridSearchCV(
        make_pipeline(OneHotEncoder("dna"), tiny(encoder=CNNEncoder())),
        {"editdistanceembedder__encoder__n_channels": [2, 6], "editdistanceembedder__lr": [1e-3, 1e-2]},
        scoring=percent_rmse_scorer,
        cv=2,
        n_jobs=n_jobs,
        error_score="raise",
    )


@pytest.mark.slow
def test_nested_search_gives_the_same_bits_for_any_number_of_jobs():
    alone = search(n_jobs=None).fit(GENES)
    processes = search(n_jobs=2).fit(GENES)
    with joblib.parallel_config("threading"):
        threads = search(n_jobs=4).fit(GENES)
    scores = alone.cv_results_["mean_test_score"]
    assert len(set(scores)) == 4
    assert (scores < 0).all()
    best = alone.best_estimator_[-1]
    assert best.encoder.n_channels == alone.best_params_["editdistanceembedder__encoder__n_channels"]
    assert best.net_.module_.encoder.read_out.in_features == best.encoder.n_channels * 2
    for other in (processes, threads):
        for split in ("split0_test_score", "split1_test_score"):
            assert_array_equal(other.cv_results_[split], alone.cv_results_[split])
        assert other.best_params_ == alone.best_params_
        assert_array_equal(other.transform(GENES), alone.transform(GENES))


def test_scores_of_cross_validation_are_those_of_score():
    result = cross_validate(
        tiny(), GENES, scoring=percent_rmse_scorer, cv=2, return_estimator=True, return_indices=True
    )
    for score, embedder, test in zip(
        result["test_score"], result["estimator"], result["indices"]["test"], strict=True
    ):
        assert score == embedder.score([GENES[i] for i in test])


@pytest.mark.parametrize("encoder", ENCODERS)
def test_global_generators_do_not_change(encoder):
    rows = OneHotEncoder().fit_transform(GENES)
    embedder = tiny(encoder=encoder)
    for X in (GENES, rows):
        for call in (embedder.fit, embedder.transform, embedder.pairwise_distances, embedder.score):
            numpy_state, torch_state = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
            call(X)
            assert_array_equal(np.random.get_state()[1], numpy_state[1])  # noqa: NPY002
            assert np.random.get_state()[2] == numpy_state[2]  # noqa: NPY002
            assert torch.equal(torch.get_rng_state(), torch_state)


def test_a_random_state_object_is_used_and_advanced():
    shared = np.random.RandomState(0)
    first, second = (tiny(random_state=shared).fit(GENES).transform(GENES) for _ in range(2))
    assert (first != second).any()
    fresh = np.random.RandomState(0)
    assert_array_equal(tiny(random_state=fresh).fit(GENES).transform(GENES), first)


# output, pickles and progress ---------------------------------------------------------------------


def test_pandas_output_keeps_the_index():
    genes = pd.Series(GENES, index=[f"tip{i}" for i in range(len(GENES))])
    pipeline = make_pipeline(OneHotEncoder("dna"), tiny()).set_output(transform="pandas")
    frame = pipeline.fit(genes).transform(genes)
    assert list(frame.index) == list(genes.index)
    assert list(frame.columns) == [f"editdistanceembedder{i}" for i in range(16)]
    assert_array_equal(frame.to_numpy(), tiny().fit(GENES).transform(GENES))
    alone = tiny().set_output(transform="pandas").fit_transform(genes)
    pd.testing.assert_frame_equal(alone, frame)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_pickle_gives_equal_bits_and_holds_little_more_than_the_weights(encoder):
    embedder = tiny(encoder=encoder).fit(GENES)
    data = pickle.dumps(embedder)
    copy = pickle.loads(data)
    assert_array_equal(copy.transform(GENES), embedder.transform(GENES))
    assert copy.score(GENES) == embedder.score(GENES)
    weights = sum(values.nbytes for values in embedder.net_.module_.state_dict().values())
    assert len(data) < weights + 10_000
    # training sequences are not stored
    assert GENES[0].encode() not in data
    assert_array_equal(copy.fit(GENES).transform(GENES), embedder.transform(GENES))


def test_a_landmark_model_stores_landmarks_and_weights_only():
    genes, _ = make_families(400, 4, length=200, random_state=0)
    encoder = LandmarkEncoder(20)
    embedder = tiny(encoder=encoder, max_epochs=1).fit(genes)
    assert len(pickle.dumps(embedder)) < 30_000


@pytest.mark.parametrize("encoder", ENCODERS)
def test_skops_gives_equal_bits(encoder):
    skops_io = pytest.importorskip("skops.io")
    embedder = tiny(encoder=encoder).fit(GENES)
    data = skops_io.dumps(embedder)
    types = skops_io.get_untrusted_types(data=data)
    assert all(name.startswith("skseed.") for name in types)
    assert_array_equal(skops_io.loads(data, trusted=types).transform(GENES), embedder.transform(GENES))


def names_in_pickle(data):
    return {argument for _, argument, _ in pickletools.genops(data) if isinstance(argument, str)}


def test_a_progress_bar_changes_no_bit_and_is_not_pickled(capsys):
    pytest.importorskip("rich")
    embedder = tiny().set_callbacks(ProgressBar()).fit(GENES)
    shown = capsys.readouterr().out
    assert "EditDistanceEmbedder - fit" in shown
    assert "100%" in shown
    assert_array_equal(embedder.transform(GENES), tiny().fit(GENES).transform(GENES))
    data = pickle.dumps(embedder)
    assert not {name for name in names_in_pickle(data) if "Context" in name or "EpochProgress" in name}
    assert_array_equal(pickle.loads(data).transform(GENES), embedder.transform(GENES))


def test_a_progress_bar_inside_a_search_changes_no_bit(capsys):
    pytest.importorskip("rich")
    embedder = tiny(max_epochs=1)
    params = {"scoring": percent_rmse_scorer, "cv": 2, "error_score": "raise"}
    for model, name, bar in (
        (embedder, "lr", "EditDistanceEmbedder - fit"),
        (make_pipeline(OneHotEncoder("dna"), embedder), "editdistanceembedder__lr", "Pipeline - fit"),
    ):
        plain = GridSearchCV(model, {name: [1e-3, 1e-2]}, **params)
        searched = clone(plain).set_callbacks(ProgressBar()).fit(GENES)
        shown = capsys.readouterr().out
        assert "GridSearchCV - fit" in shown
        assert bar in shown
        expected = plain.fit(GENES).transform(GENES)
        assert_array_equal(searched.transform(GENES), expected)
        assert_array_equal(pickle.loads(pickle.dumps(searched)).transform(GENES), expected)


def test_an_interrupt_in_a_callable_target_leaves_nothing_fitted(torch_threads):
    torch_threads(2)
    calls = []

    def interrupted(X, Y):
        calls.append(len(X))
        if len(calls) == 5:
            raise KeyboardInterrupt
        return np.array([[abs(len(x) - len(y)) for y in Y] for x in X])

    embedder = tiny(encoder="linear", target=interrupted)
    with pytest.raises(KeyboardInterrupt):
        embedder.fit(GENES)
    assert not hasattr(embedder, "net_")
    assert torch.get_num_threads() == 2


def test_a_loss_that_is_not_finite_names_the_epoch_and_leaves_nothing_fitted():
    rows = OneHotEncoder().fit_transform(GENES)
    embedder = tiny(encoder="linear", distance="squared", lr=1e30, max_epochs=30)
    with pytest.raises(FloatingPointError, match=r"in epoch \d+; lower lr \(now 1e\+30\)"):
        embedder.fit(rows)
    with pytest.raises(ValueError, match="not fitted"):
        embedder.transform(rows)


class InterruptIn(Callback):
    """Interrupt training in the steps of an epoch, as Ctrl-C does."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_grad_computed(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("fraction", [0, 0.3])
@pytest.mark.parametrize("encoder", ["cnn", "landmark"])
def test_an_interrupted_fit_resumes_bit_for_bit(tmp_path, encoder, fraction):
    params = {"encoder": encoder, "max_epochs": 4, "checkpoint": tmp_path / "runs"}
    params["validation_fraction"] = fraction
    for epoch in (2, 4):
        with pytest.raises(KeyboardInterrupt):
            tiny(**params, callbacks=[InterruptIn(epoch)]).fit(GENES)
    (state,) = params["checkpoint"].iterdir()
    resumed = tiny(**params).fit(GENES)
    whole = tiny(**params | {"checkpoint": None}).fit(GENES)
    assert_array_equal(resumed.transform(GENES), whole.transform(GENES))
    assert [row["train_loss"] for row in resumed.net_.history] == [
        row["train_loss"] for row in whole.net_.history
    ]
    assert not state.exists()


def test_a_failed_refit_keeps_the_fitted_state():
    embedder = tiny().fit(GENES)
    expected = embedder.transform(GENES)
    shorter = OneHotEncoder(max_length=20).fit_transform(GENES)
    with pytest.raises(KeyboardInterrupt):
        embedder.set_params(callbacks=[InterruptIn(2)]).fit(shorter)
    assert not hasattr(embedder, "n_features_in_")
    assert_array_equal(embedder.transform(GENES), expected)


def test_a_checkpoint_needs_an_int_as_random_state(tmp_path):
    with pytest.raises(ValueError, match="checkpoint needs an int as random_state"):
        tiny(checkpoint=tmp_path, random_state=None).fit(GENES)


def test_the_checkpoint_of_another_training_is_not_used(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tiny(checkpoint=tmp_path, callbacks=[InterruptIn(2)]).fit(GENES)
    (state,) = tmp_path.iterdir()
    for other in (
        {"lr": 1e-4},
        {"random_state": 5},
        {"encoder": CNNEncoder(n_channels=3)},
        {"synthetic": 0.25},
        {"encoder": "linear", "target": levenshtein_distances(GENES)[::-1, ::-1]},
        {"optimizer": partial(torch.optim.Adam, weight_decay=0.5)},
        {"optimizer": partial(torch.optim.Adam, weight_decay=0.1)},
        {"validation_fraction": 0.3},
    ):
        fitted = tiny(checkpoint=str(tmp_path), **other).fit(GENES)
        assert_array_equal(fitted.transform(GENES), tiny(**other).fit(GENES).transform(GENES))
    tiny(checkpoint=tmp_path).fit(GENES[::-1])
    assert list(tmp_path.iterdir()) == [state]
