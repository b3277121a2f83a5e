"""SoftmaxLabRanker: the body of the triplet network with a linear layer."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from skseed.datasets import make_plasmids
from skseed.metrics import top_k_score
from skseed.preprocessing import BPETokenizer
from skseed.ranking import SoftmaxLabRanker, TripletLabRanker

BODY: dict[str, Any] = {"kernel_sizes": (1, 2, 4), "n_filters": 24, "random_state": 0}


@pytest.fixture(scope="module")
def plasmids() -> Any:
    made = make_plasmids(100, 5, n_publications=4, length=900, return_X_y=False, random_state=0)
    made.tokens = BPETokenizer(vocab_size=150).fit_transform(made.data)
    return made


@pytest.fixture(scope="module")
def fitted(plasmids: Any) -> SoftmaxLabRanker:
    return SoftmaxLabRanker(16, lr=0.01, max_epochs=6, **BODY).fit(plasmids.tokens, plasmids.target)


def test_softmax_and_triplet_networks_start_with_the_same_body(plasmids: Any) -> None:
    """With the same seed, both start from the same token vectors and kernels, bit for bit."""
    twins = [
        kind(embedding_dim=8, max_epochs=1, lr=1e-12, optimizer=torch.optim.SGD, **BODY).fit(
            plasmids.tokens[:20], plasmids.target[:20]
        )
        for kind in (SoftmaxLabRanker, TripletLabRanker)
    ]
    one, other = (twin.net_.module_.body for twin in twins)
    assert type(one) is type(other)
    for mine, yours in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, yours, rtol=0, atol=1e-9)


def test_scores_are_the_linear_layer_on_the_body(fitted: SoftmaxLabRanker, plasmids: Any) -> None:
    network = fitted.net_.module_
    with torch.no_grad():
        features = network.body(torch.from_numpy(plasmids.tokens.astype(np.int64))).double()
        logits = features @ network.head.weight.double().T + network.head.bias.double()
    scores = fitted.decision_function(plasmids.tokens)
    np.testing.assert_allclose(scores, logits.numpy(), atol=1e-9)
    np.testing.assert_allclose(fitted.predict_proba(plasmids.tokens), softmax(scores, axis=1), atol=1e-12)


def test_views_average_logits(fitted: SoftmaxLabRanker) -> None:
    viewed = pickle.loads(pickle.dumps(fitted)).set_params(n_views=2)
    row = np.zeros((1, fitted.n_features_in_), dtype=int)
    row[0, :6] = [5, 6, 7, 8, 9, 10]
    turned = row.copy()
    turned[0, :6] = [8, 9, 10, 5, 6, 7]
    mean = (fitted.decision_function(row) + fitted.decision_function(turned)) / 2
    np.testing.assert_allclose(viewed.decision_function(row), mean)


@pytest.mark.slow
def test_ranks_new_publications_better_than_a_bag_of_tokens() -> None:
    plasmids = make_plasmids(160, 8, n_publications=5, length=1500, return_X_y=False, random_state=1)
    tokens, y = BPETokenizer(vocab_size=400).fit_transform(plasmids.data), plasmids.target
    train, test = next(StratifiedGroupKFold(3).split(tokens, y, plasmids.groups))
    body = {**BODY, "kernel_sizes": (2, 4, 8), "n_filters": 64}
    ranker = SoftmaxLabRanker(64, lr=5e-3, batch_size=16, **body).fit(tokens[train], y[train])
    scores = ranker.decision_function(tokens[test])
    ours = top_k_score(y[test], scores, k=1, labels=ranker.classes_)
    bag = np.log1p([np.bincount(row[row > 0], minlength=400) for row in tokens])
    baseline = LogisticRegression(max_iter=500).fit(bag[train], y[train]).score(bag[test], y[test])
    assert ours > max(baseline, 0.6), (ours, baseline)
