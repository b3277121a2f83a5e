"""The network of sets of k-mers: a weighted sum, in any order, on the unit sphere."""

import torch
from torch.nn.functional import normalize

from skseed.nn import KmerBagNetwork

TOKENS = torch.tensor([[2, 7, 1, 8], [3, 0, 0, 0], [0, 0, 0, 0]])


def make(n_metadata: int = 0, dropout: float = 0.5) -> KmerBagNetwork:
    torch.manual_seed(0)
    return KmerBagNetwork(torch.arange(10.0) + 1, 3, embedding_dim=4, n_metadata=n_metadata, dropout=dropout)


def test_the_embedding_is_a_weighted_sum() -> None:
    network = make(n_metadata=2).eval()
    metadata = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    features = network.bias + network.metadata(metadata)
    weights = torch.arange(10.0) + 1
    for row in (0, 1):
        known = TOKENS[row][TOKENS[row] > 0]
        features[row] += normalize(weights[known], dim=0) @ network.vectors.weight[known]
    expected = normalize(network.head(torch.relu(features)), dim=1)
    torch.testing.assert_close(network.embed(TOKENS, metadata).float(), expected)


def test_order_and_padding_do_not_matter() -> None:
    network = make().eval()
    other = torch.tensor([[8, 0, 1, 2, 0, 7], [0, 0, 0, 3, 0, 0], [0, 0, 0, 0, 0, 0]])
    torch.testing.assert_close(network.embed(other), network.embed(TOKENS))


def test_dropout_is_of_training_and_of_its_own_generator() -> None:
    network = make().train()
    state = torch.get_rng_state()
    first, second = network.embed(TOKENS)[0], network.embed(TOKENS)[0]
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.isfinite(network.embed(TOKENS)).all()
