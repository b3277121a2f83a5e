"""TripletLabRanker: accuracy, composition, determinism and errors."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline

from skseed.datasets import make_plasmids
from skseed.metrics import top_k_scorer
from skseed.preprocessing import BPETokenizer, CircularShiftAugmenter
from skseed.ranking import SoftmaxLabRanker, TripletLabRanker


def small(**params: Any) -> TripletLabRanker:
    defaults = {"kernel_sizes": (1, 2, 4), "n_filters": 32, "max_epochs": 4, "lr": 0.01, "random_state": 0}
    return TripletLabRanker(16, embedding_dim=16, **{**defaults, **params})


@pytest.fixture(scope="module")
def plasmids() -> Any:
    return make_plasmids(120, 6, n_publications=4, length=900, return_X_y=False, random_state=0)


@pytest.fixture(scope="module")
def tokens(plasmids: Any) -> np.ndarray:
    return BPETokenizer(vocab_size=150).fit_transform(plasmids.data)


@pytest.fixture(scope="module")
def fitted(tokens: np.ndarray, plasmids: Any) -> TripletLabRanker:
    return small().fit(tokens, plasmids.target)


def test_shapes_and_consistency(fitted: TripletLabRanker, tokens: np.ndarray) -> None:
    labs, embeddings, scores = (
        fitted.lab_embeddings_,
        fitted.transform(tokens),
        fitted.decision_function(tokens),
    )
    assert labs.shape == (6, 16)
    np.testing.assert_allclose(np.linalg.norm(labs, axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1)
    np.testing.assert_allclose(scores, embeddings @ labs.T)
    probabilities = fitted.predict_proba(tokens)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), scores.argmax(axis=1))
    ranked = fitted.rank(tokens, k=4)
    assert ranked.shape == (120, 4)
    np.testing.assert_array_equal(ranked[:, 0], fitted.predict(tokens))
    assert fitted.rank(tokens, k=50).shape == (120, 6)
    ranked_scores = np.take_along_axis(scores, fitted.rank(tokens, k=6), axis=1)
    assert (np.diff(ranked_scores, axis=1) <= 0).all()


def test_two_labs_have_one_decision_column(tokens: np.ndarray, plasmids: Any) -> None:
    y = np.where(plasmids.target < 3, "Curie", "Franklin")
    ranker = small().fit(tokens, y)
    decision = ranker.decision_function(tokens)
    assert decision.shape == (120,)
    np.testing.assert_array_equal(ranker.predict(tokens), ranker.classes_[(decision > 0).astype(int)])
    assert ranker.predict_proba(tokens).shape == (120, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "lr"), [("triplet", 5e-3), pytest.param("cosine", 1e-2, marks=pytest.mark.slow)]
)
def test_ranks_new_publications_better_than_a_bag_of_tokens(loss: str, lr: float) -> None:
    """The network must learn sequences of the labs, not of the publications."""
    plasmids = make_plasmids(120, 6, n_publications=5, length=1000, return_X_y=False, random_state=1)
    tokens = BPETokenizer(vocab_size=400).fit_transform(plasmids.data)
    y, cv = plasmids.target, StratifiedGroupKFold(n_splits=3)
    ranker = TripletLabRanker(
        64,
        embedding_dim=64,
        kernel_sizes=(2, 4, 8),
        n_filters=64,
        loss=loss,
        lr=lr,
        batch_size=16,
        random_state=0,
    )
    top = {"top1": top_k_scorer(1), "top3": top_k_scorer(3)}
    scores = cross_validate(ranker, tokens, y, cv=cv, groups=plasmids.groups, scoring=top)
    ours, top3 = scores["test_top1"].mean(), scores["test_top3"].mean()
    bag = np.stack([np.bincount(row[row > 0], minlength=400) for row in tokens])
    baseline = cross_val_score(
        LogisticRegression(max_iter=500), np.log1p(bag), y, cv=cv, groups=plasmids.groups
    ).mean()
    assert ours > max(baseline, 0.65), (ours, baseline)
    assert top3 > 0.75


def test_labs_with_one_plasmid_and_rows_of_padding_have_finite_scores(tokens: np.ndarray) -> None:
    X, y = tokens[:20].copy(), np.array(["one"] + ["many"] * 10 + ["more"] * 9)
    X[5] = 0
    ranker = small(max_epochs=2).fit(X, y)
    assert np.isfinite(ranker.decision_function(np.vstack([X, np.zeros_like(X[:1])]))).all()


def test_rows_shorter_than_the_largest_kernel_have_finite_embeddings() -> None:
    X = np.array([[2, 3, 0], [4, 5, 0], [2, 0, 0], [4, 5, 4]])
    ranker = small(kernel_sizes=(1, 12), max_epochs=2).fit(X, [0, 1, 0, 1])
    assert np.isfinite(ranker.transform(X)).all()


def test_more_padding_does_not_change_the_scores(tokens: np.ndarray, plasmids: Any) -> None:
    wide = np.hstack([tokens, np.zeros((120, 40), dtype=int)])
    one, other = small().fit(tokens, plasmids.target), small().fit(wide, plasmids.target)
    np.testing.assert_array_equal(one.decision_function(tokens), other.decision_function(wide))


def test_floats_and_data_frames_are_equivalent(
    fitted: TripletLabRanker, tokens: np.ndarray, plasmids: Any
) -> None:
    expected = fitted.decision_function(tokens)
    again = small().fit(tokens.astype(float), plasmids.target)
    np.testing.assert_array_equal(again.decision_function(tokens.astype(np.float32)), expected)
    frame = pd.DataFrame(tokens, columns=[f"token{i}" for i in range(tokens.shape[1])])
    np.testing.assert_array_equal(small().fit(frame, plasmids.target).decision_function(frame), expected)


def test_unseen_tokens_are_read_as_unknown_with_one_warning(
    fitted: TripletLabRanker, tokens: np.ndarray
) -> None:
    with pytest.warns(UserWarning, match="were not seen in fit") as caught:
        scores = fitted.decision_function(np.full_like(tokens, 1000))
    assert len(caught) == 1
    # the tokenizer has warned of unknown tokens already
    unknown = fitted.decision_function(np.ones_like(tokens))
    np.testing.assert_array_equal(scores, unknown)


def test_views_average_rotations(fitted: TripletLabRanker, tokens: np.ndarray) -> None:
    viewed = clone(fitted).set_params(n_views=3).fit(tokens, fitted.classes_[fitted.predict(tokens)])
    row = np.array([[5, 6, 7, 8, 9, 10, 0, 0]])
    row = np.pad(row, ((0, 0), (0, tokens.shape[1] - 8)))
    turned = [row.copy() for _ in range(3)]
    for shift, view in zip((0, 2, 4), turned, strict=True):
        view[0, :6] = np.roll(row[0, :6], -shift)
    one = pickle.loads(pickle.dumps(viewed)).set_params(n_views=1)
    mean = sum(one.transform(view) for view in turned)
    np.testing.assert_allclose(viewed.transform(row), mean / np.linalg.norm(mean), atol=1e-12)
    np.testing.assert_array_equal(viewed.transform(tokens), viewed.transform(tokens))


def test_steps_of_an_augmenter_pipeline_are_seeded(tokens: np.ndarray, plasmids: Any) -> None:
    once, again = (
        small(augmenter=make_pipeline(CircularShiftAugmenter()), max_epochs=2).fit(tokens, plasmids.target)
        for _ in range(2)
    )
    np.testing.assert_array_equal(once.lab_embeddings_, again.lab_embeddings_)


def test_augmenter_rotates_anew_in_every_epoch_and_stays_unchanged(tokens: np.ndarray, plasmids: Any) -> None:
    seen: list[np.ndarray] = []

    class Spy(CircularShiftAugmenter):
        def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
            seen.append(super().fit_transform(X, y))
            return seen[-1]

    augmenter = Spy(random_state=0)
    ranker = small(augmenter=augmenter, max_epochs=3).fit(tokens, plasmids.target)
    assert len(seen) == 3
    assert not np.array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(np.sort(seen[0], axis=1), np.sort(tokens, axis=1))
    assert ranker.augmenter is augmenter
    assert vars(augmenter) == vars(CircularShiftAugmenter(random_state=0))


def test_metadata_through_a_column_transformer(plasmids: Any) -> None:
    """All plasmids have the same sequence, so only the metadata identify the lab."""
    bits = ["ampicillin", "kanamycin", "high_copy"]
    frame = pd.DataFrame((plasmids.target[:, None] >> np.arange(3)) & 1, columns=bits)
    frame.insert(0, "sequence", plasmids.data[0][:100])

    def score(n_metadata: int) -> float:
        columns = [
            ("bpe", BPETokenizer(vocab_size=60), "sequence"),
            ("bits", "passthrough", bits[:n_metadata]),
        ]
        ranker = small(
            kernel_sizes=(1,), n_filters=8, n_metadata=n_metadata, max_epochs=20, batch_size=8, dropout=0.0
        )
        pipeline = make_pipeline(ColumnTransformer(columns), ranker)
        return pipeline.fit(frame[:90], plasmids.target[:90]).score(frame[90:], plasmids.target[90:])

    assert score(0) < 0.5
    assert score(3) > 0.9


@pytest.mark.slow
def test_nested_grid_search_in_a_pipeline(plasmids: Any) -> None:
    search = GridSearchCV(
        make_pipeline(
            CircularShiftAugmenter(random_state=0), BPETokenizer(max_length=400), small(max_epochs=2)
        ),
        [
            {"bpetokenizer__vocab_size": [60], "tripletlabranker__margin": [0.3]},
            {"bpetokenizer__vocab_size": [100], "tripletlabranker__margin": [1.0]},
        ],
        scoring={"top1": top_k_scorer(1), "top3": top_k_scorer(3)},
        refit="top3",
        cv=StratifiedGroupKFold(n_splits=2),
        n_jobs=2,
        error_score="raise",
    ).fit(plasmids.data, plasmids.target, groups=plasmids.groups)
    assert np.isfinite(search.cv_results_["mean_test_top3"]).all()
    assert search.best_estimator_.predict(plasmids.data[:3]).shape == (3,)


def fit_and_score(tokens: np.ndarray, y: np.ndarray) -> np.ndarray:
    ranker = small(augmenter=CircularShiftAugmenter(), n_views=2, max_epochs=2)
    return ranker.fit(tokens, y).decision_function(tokens)


@pytest.mark.slow
def test_scores_are_bit_equal_for_any_jobs_threads_and_concurrent_fits(
    tokens: np.ndarray, plasmids: Any
) -> None:
    y = plasmids.target
    expected = fit_and_score(tokens, y)
    ambient = torch.get_num_threads()
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            np.testing.assert_array_equal(fit_and_score(tokens, y), expected)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(ambient)
    for n_jobs in (2, 4):
        few = (tokens[:40], y[:40])
        for result in Parallel(n_jobs)(delayed(fit_and_score)(*few) for _ in range(n_jobs)):
            np.testing.assert_array_equal(result, fit_and_score(*few))
    with ThreadPoolExecutor(6) as pool:
        for result in pool.map(lambda _: fit_and_score(tokens, y), range(6)):
            np.testing.assert_array_equal(result, expected)


def test_global_generators_do_not_change(tokens: np.ndarray, plasmids: Any) -> None:
    numpy_before, torch_before = np.random.get_state()[1].copy(), torch.random.get_rng_state()  # noqa: NPY002
    fit_and_score(tokens, plasmids.target)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    assert torch.equal(torch.random.get_rng_state(), torch_before)


def test_refit_equals_fit_and_pickle_has_no_callback_context(
    fitted: TripletLabRanker, tokens: np.ndarray, plasmids: Any
) -> None:
    expected = fitted.decision_function(tokens)
    again = clone(fitted).fit(tokens[::-1], plasmids.target[::-1]).fit(tokens, plasmids.target)
    np.testing.assert_array_equal(again.decision_function(tokens), expected)
    stored = pickle.dumps(fitted)
    assert b"CallbackContext" not in stored
    np.testing.assert_array_equal(pickle.loads(stored).decision_function(tokens), expected)


def test_set_output_names_the_dimensions(fitted: TripletLabRanker, tokens: np.ndarray) -> None:
    frame = pickle.loads(pickle.dumps(fitted)).set_output(transform="pandas").transform(tokens)
    assert list(frame.columns)[:2] == ["tripletlabranker0", "tripletlabranker1"]
    assert frame.shape == (120, 16)


def test_non_finite_loss_raises_with_the_epoch(tokens: np.ndarray, plasmids: Any) -> None:
    ranker = small(loss="cosine", lr=1e30)
    with pytest.raises(FloatingPointError, match=r"epoch \d+; lower lr"):
        ranker.fit(tokens, plasmids.target)
    assert not hasattr(ranker, "classes_")


@pytest.mark.parametrize(
    ("params", "X", "y", "message"),
    [
        ({}, [[1, 2], [3, -4]], [0, 1], r"X\[1, 1\] is -4"),
        ({}, [[1, 2], [3, 4]], ["Curie", "Curie"], "the data contains only one class: .*Curie"),
        ({}, [[1, 2], [3, 4]], ["Curie", None], r"y\[1\] is missing"),
        ({"n_metadata": 2}, [[1, 2], [3, 4]], [0, 1], "n_metadata=2 leaves no column of tokens"),
        ({"kernel_sizes": (1, 0)}, [[1, 2], [3, 4]], [0, 1], r"kernel_sizes\[1\] is 0"),
        ({"kernel_sizes": ()}, [[1, 2], [3, 4]], [0, 1], "kernel_sizes is empty"),
        ({"loss": "softmax"}, [[1, 2], [3, 4]], [0, 1], "The 'loss' parameter"),
        ({"dropout": 1.0}, [[1, 2], [3, 4]], [0, 1], "The 'dropout' parameter"),
    ],
)
def test_invalid_input_raises_and_nothing_is_fitted(
    params: dict[str, Any], X: list[list[int]], y: list[Any], message: str
) -> None:
    ranker = small(**params)
    with pytest.raises(ValueError, match=message):
        ranker.fit(X, y)
    assert not hasattr(ranker, "net_")


def test_rank_requires_a_positive_k(fitted: TripletLabRanker, tokens: np.ndarray) -> None:
    with pytest.raises(ValueError, match="k must be an int of at least 1; got 0"):
        fitted.rank(tokens, k=0)


@pytest.mark.parametrize("kind", [TripletLabRanker, SoftmaxLabRanker])
def test_sequences_instead_of_tokens_raise_a_short_message(plasmids: Any, kind: Any) -> None:
    X, y = plasmids.data, plasmids.target
    tables = [X, np.array(X, dtype=object), np.array(X), pd.Series(X), pd.DataFrame({"sequence": X})]
    tables += [pl.Series(X), pl.DataFrame({"sequence": X}), [[x, 1] for x in X], np.array(X)[:, None]]
    late = pd.DataFrame(np.ones((120, 2), dtype=object))
    late.iloc[7, 1] = X[0]
    for table in [*tables, late]:
        with pytest.raises(ValueError, match="tokenize with BPETokenizer first") as caught:
            kind().fit(table, y)
        assert len(str(caught.value)) < 200


def test_early_stopping_keeps_the_best_epoch_by_log_loss(tokens: np.ndarray, plasmids: Any) -> None:
    tokens, y = tokens[::2], plasmids.target[::2]
    for kind in (TripletLabRanker, SoftmaxLabRanker):
        ranker = kind(
            embedding_dim=16, kernel_sizes=(1, 2), n_filters=16, lr=0.02, max_epochs=25, random_state=0
        )
        ranker.set_params(validation_fraction=0.25, n_iter_no_change=3, batch_size=8).fit(tokens, y)
        losses = ranker.net_.history[:, "valid_loss"]
        assert ranker.n_iter_ == len(losses)
        assert ranker.n_iter_ in (25, int(np.argmin(losses)) + 4)
        assert losses[-1] >= min(losses)
        again = pickle.loads(pickle.dumps(ranker))
        np.testing.assert_array_equal(again.net_.history[:, "valid_loss"], losses)
        np.testing.assert_array_equal(again.decision_function(tokens), ranker.decision_function(tokens))
