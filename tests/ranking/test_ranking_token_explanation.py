"""Token attributions of the neural rankers: against a plain network, and their properties."""

import itertools
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize, pad, selu

from skseed.ranking import SoftmaxLabRanker, TripletLabRanker

KINDS = {"triplet": TripletLabRanker, "softmax": SoftmaxLabRanker}


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Lab c writes the tokens 20 + c, 20 + c, 30 + c somewhere; the last two columns are metadata."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(2, 20, size=(60, 26)), np.arange(60) % 4
    for row, lab in zip(X, y, strict=True):
        at = rng.integers(0, 15)
        row[at : at + 3] = [20 + lab, 20 + lab, 30 + lab]
        row[rng.integers(18, 24) : 24] = 0
    X[:, 24:] = rng.integers(0, 2, size=(60, 2))
    return X, np.array([f"lab{lab}" for lab in y])


@pytest.fixture(scope="module", params=list(KINDS))
def ranker(request: pytest.FixtureRequest, rows: Any) -> Any:
    sizes = {"embedding_dim": 12, "kernel_sizes": (1, 3), "n_filters": 16, "n_metadata": 2}
    if request.param == "triplet":
        sizes["n_components"] = 12
    return KINDS[request.param](**sizes, lr=0.02, batch_size=8, random_state=0).fit(*rows)


def plain_score(
    ranker: Any, tokens: list[int], vectors: torch.Tensor, metadata: torch.Tensor, column: int
) -> torch.Tensor:
    """Return the score of a lab for one row without padding, computed window by window.

    Windows of equal tokens enter as their mean, so that each of them receives an equal share of the
    gradient. Without this, rounding on the CPU at hand would decide which of them is the maximum.
    """
    network = ranker.net_.module_
    pooled = []
    for size, weight, bias in zip((1, 3), network.body.bank.weights, network.body.bank.biases, strict=True):
        copies: dict[tuple[int, ...], list[torch.Tensor]] = {}
        for start in range(max(1, len(tokens) - size + 1)):
            window = pad(vectors[start : start + size], (0, 0, 0, max(0, size - len(tokens))))
            copies.setdefault(tuple(tokens[start : start + size]), []).append(window)
        windows = torch.stack([torch.stack(equal).mean(dim=0) for equal in copies.values()])
        # the weights are of shape (embedding_dim, size, n_filters)
        sums = torch.einsum("wsd,dsf->wf", windows, weight.detach().double()) + bias.detach().double()
        pooled.append(selu(sums).amax(dim=0))
    features = torch.cat([*pooled, metadata])
    outputs = network.head.weight.detach().double() @ features + network.head.bias.detach().double()
    if isinstance(ranker, SoftmaxLabRanker):
        return outputs[column]
    return normalize(outputs, dim=0) @ torch.from_numpy(ranker.lab_embeddings_)[column]


def without_padding(ranker: Any, row: np.ndarray) -> tuple[list[int], torch.Tensor, torch.Tensor]:
    """Return the tokens of a row, their vectors and the metadata."""
    tokens = row[: np.flatnonzero(row[:-2])[-1] + 1]
    table = ranker.net_.module_.body.bank.tokens.detach().double()
    return tokens.tolist(), table[torch.from_numpy(tokens)], torch.from_numpy(row[-2:]).double()


@pytest.mark.slow
def test_importances_equal_autograd_along_the_path(ranker: Any, rows: Any) -> None:
    X, _ = rows
    got = ranker.token_importance(X[:1], ["lab2"], n_steps=150)
    for row, importances in zip(X[:1], got.importances, strict=True):
        tokens, vectors, metadata = without_padding(ranker, row)
        expected = torch.zeros(len(vectors), dtype=torch.float64)
        positions = np.linspace(0, 1, 301) ** 2
        for before, after in itertools.pairwise(positions):
            point = ((before + after) / 2 * vectors).requires_grad_()
            (gradient,) = torch.autograd.grad(plain_score(ranker, tokens, point, metadata, 2), point)
            expected += (gradient * vectors).sum(dim=1) * (after - before)
        np.testing.assert_allclose(importances[: len(vectors)], expected.numpy(), atol=2e-3)
        assert not importances[len(vectors) :].any()


def test_importances_add_up(ranker: Any, rows: Any) -> None:
    X, y = rows
    got = ranker.token_importance(X, y)
    missing = got.importances.sum(axis=1) - got.scores + got.baseline_scores
    np.testing.assert_allclose(got.errors, missing, atol=1e-12)
    spread = np.abs(got.scores - got.baseline_scores).max()
    assert np.abs(got.errors).max() < 3e-3 * spread
    coarse = ranker.token_importance(X, y, n_steps=1)
    if isinstance(ranker, SoftmaxLabRanker):
        assert np.abs(coarse.errors).max() < 1e-9 * spread
    else:
        assert np.abs(got.errors).mean() < np.abs(coarse.errors).mean() / 100
    columns = np.searchsorted(ranker.classes_, y)
    np.testing.assert_allclose(got.scores, ranker.decision_function(X)[np.arange(len(X)), columns], atol=1e-6)
    empty = X.copy()
    empty[:, :-2] = 0
    baseline = ranker.decision_function(empty)[np.arange(len(X)), columns]
    np.testing.assert_allclose(got.baseline_scores, baseline, atol=1e-6)


def test_tokens_of_the_lab_have_the_largest_importance(ranker: Any, rows: Any) -> None:
    X, y = rows
    importances = ranker.token_importance(X, y).importances
    written = X[:, :-2] >= 20
    assert importances[written].mean() > 4 * np.abs(importances[~written & (X[:, :-2] > 0)]).mean()
    tops = importances.argmax(axis=1)
    assert written[np.arange(len(X)), tops].mean() > 0.8


def test_saliency_equals_autograd_by_the_table(ranker: Any, rows: Any) -> None:
    X, _ = rows
    got = ranker.vocabulary_saliency(X[:4], ["lab1"] * 4)
    table = ranker.net_.module_.body.bank.tokens.detach().double()
    assert got.shape == (4, len(table))
    for row, saliency in zip(X[:4], got, strict=True):
        tokens, _, metadata = without_padding(ranker, row)
        leaf = table.clone().requires_grad_()
        score = plain_score(ranker, tokens, leaf[torch.tensor(tokens)], metadata, 1)
        (gradient,) = torch.autograd.grad(score, leaf)
        np.testing.assert_allclose(saliency, gradient.abs().mean(dim=1).numpy(), atol=1e-6)


def test_predicted_lab_is_explained_by_default(ranker: Any, rows: Any) -> None:
    X, _ = rows
    got = ranker.token_importance(X[:9], n_steps=3)
    np.testing.assert_array_equal(got.labs, ranker.predict(X[:9]))
    named = ranker.token_importance(X[:9], got.labs, n_steps=3)
    np.testing.assert_array_equal(got.importances, named.importances)
    np.testing.assert_array_equal(
        ranker.vocabulary_saliency(X[:9]), ranker.vocabulary_saliency(X[:9], got.labs)
    )


def test_importances_do_not_depend_on_the_other_rows(ranker: Any, rows: Any) -> None:
    X, y = np.tile(rows[0], (2, 1)), np.tile(rows[1], 2)
    together = ranker.token_importance(X, y, n_steps=5).importances
    alone = np.vstack([ranker.token_importance(X[[i]], y[[i]], n_steps=5).importances for i in (0, 63, 119)])
    np.testing.assert_allclose(together[[0, 63, 119]], alone, atol=1e-9)


def test_enrolled_labs_and_empty_rows_are_explained(rows: Any) -> None:
    X, y = rows
    ranker = TripletLabRanker(
        8, embedding_dim=8, kernel_sizes=(1, 5), n_filters=8, n_metadata=2, max_epochs=1, random_state=0
    )
    ranker.fit(X, y).enroll(X[:2], ["new", "new"])
    short = X[:3].copy()
    short[0, :-2] = 0
    short[1, 1:-2] = 0
    got = pickle.loads(pickle.dumps(ranker)).token_importance(short, ["new"] * 3)
    assert not got.importances[0].any()
    assert np.isfinite(got.importances).all()
    assert np.abs(got.errors).max() < 0.05


@pytest.mark.parametrize(
    ("y", "n_steps", "message"),
    [
        (["lab1", "Curie"], 3, r"y\[1\] is 'Curie', which is not a lab of the ranker"),
        (["lab1"], 3, "inconsistent numbers of samples"),
        (["lab1", "lab1"], 0, "n_steps must be an int of at least 1; got 0"),
    ],
)
def test_invalid_input_raises_with_the_index(
    ranker: Any, rows: Any, y: list[str], n_steps: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ranker.token_importance(rows[0][:2], y, n_steps=n_steps)
