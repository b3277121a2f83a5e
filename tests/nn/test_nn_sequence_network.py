"""Encoders of token vectors, their cost, and batches of rows of any lengths."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from skseed.nn import SequenceBatches, SequenceNetwork, WeightedCrossEntropyLoss, pad_rows

ENCODERS = ["mean", "lstm", "gru", "cnn", "transformer"]
N_FEATURES = {"mean": 5, "lstm": 12, "gru": 12, "cnn": 42, "transformer": 8}


def network_of(encoder, **params):
    torch.manual_seed(0)
    return SequenceNetwork(9, 3, encoder=encoder, embedding_dim=5, hidden_dim=6, **params).double().eval()


@pytest.mark.parametrize("encoder", ENCODERS)
def test_shapes(encoder):
    network = network_of(encoder)
    tokens = torch.tensor([[2, 3, 4, 5, 6, 7, 8], [1, 2, 0, 0, 0, 0, 0]])
    assert network.n_features == N_FEATURES[encoder]
    assert network.embed(tokens).shape == (2, N_FEATURES[encoder])
    assert network(tokens).shape == (2, 3)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_padding_does_not_change_the_vectors(encoder):
    network = network_of(encoder)
    rows = [np.arange(2, 9), np.array([3]), np.array([2, 8, 1, 5, 5])]
    together = network.embed(pad_rows(rows))
    wider = network.embed(nn.functional.pad(pad_rows(rows), (0, 9)))
    torch.testing.assert_close(wider, together, rtol=0, atol=1e-12)
    for row, vector in zip(rows, together, strict=True):
        torch.testing.assert_close(network.embed(pad_rows([row]))[0], vector, rtol=0, atol=1e-12)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_only_the_mean_ignores_the_order(encoder):
    network = network_of(encoder)
    forth = network.embed(torch.tensor([[2, 3, 4, 5, 6, 7]]))
    back = network.embed(torch.tensor([[7, 6, 5, 4, 3, 2]]))
    assert torch.allclose(forth, back, atol=1e-10) == (encoder == "mean")


@given(lengths=st.lists(st.integers(1, 20), min_size=1, max_size=4), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_convolutional_encoder_equals_a_plain_loop(lengths, seed):
    generator = torch.Generator().manual_seed(seed)
    encoder = SequenceNetwork(2, 2, encoder="cnn", embedding_dim=3, hidden_dim=4).encoder.double()
    vectors = torch.randn(len(lengths), max(lengths), 3, generator=generator, dtype=torch.float64)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    features = encoder(vectors * mask[:, :, None], mask)
    for row, length in enumerate(lengths):
        inside = vectors[row : row + 1, :length].transpose(1, 2)
        hidden = torch.relu(encoder.second(torch.relu(encoder.first(inside))))[0]
        expected = []
        # each quarter with the positions that it shares; halves and the whole are made of quarters
        quarters = [range(length * q // 4, -(-length * (q + 1) // 4)) for q in range(4)]
        for n_parts in (4, 2, 1):
            for part in range(n_parts):
                own = {p for q in range(4) if q // (4 // n_parts) == part for p in quarters[q]}
                expected.append(hidden[:, sorted(own)].amax(dim=1))
        torch.testing.assert_close(features[row], torch.cat(expected))


def test_forget_gates_start_open():
    network = network_of("lstm")
    for recurrent in (network.encoder.forwards, network.encoder.backwards):
        assert recurrent.bias_ih_l0[6:12].min() > 0.5
        assert recurrent.bias_ih_l0[:6].max() < 0.5


@pytest.mark.parametrize("encoder", ["lstm", "gru"])
def test_recurrent_features_equal_a_plain_loop(encoder):
    network = network_of(encoder)
    rows = [np.arange(2, 9), np.array([3]), np.array([2, 8, 1, 5, 5])]
    features = network.embed(pad_rows(rows))
    for row, vector in zip(rows, features, strict=True):
        vectors = network.tokens(torch.from_numpy(row))[None]
        ahead = network.encoder.forwards(vectors)[0].amax(dim=1)
        back = network.encoder.backwards(vectors.flip(1))[0].amax(dim=1)
        torch.testing.assert_close(torch.cat([ahead, back], dim=1)[0], vector)


class CountNumbers(TorchDispatchMode):
    """Count the numbers that all operations return, in forward and backward passes."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        for tensor in output if isinstance(output, tuple | list) else [output]:
            # a view costs nothing
            if isinstance(tensor, torch.Tensor) and not tensor._is_view():
                self.count += tensor.numel()
        return output


@pytest.mark.parametrize("encoder", ["mean", "lstm", "gru", "cnn"])
def test_a_training_step_costs_in_proportion_to_the_length(encoder):
    counts = []
    for length in (50, 200):
        network = network_of(encoder).train()
        tokens = torch.randint(2, 9, (3, length), generator=torch.Generator().manual_seed(0))
        with CountNumbers() as counter:
            network(tokens).square().sum().backward()
        counts.append(counter.count)
    # quadratic cost would have a ratio of 16
    assert counts[1] < 4.5 * counts[0]


def test_dropout_keeps_the_length_of_a_row():
    network = network_of("mean", dropout=0.9, seed=3).train()
    tokens = torch.full((200, 10), 2)
    kept = network.embed(tokens)[:, 0] / network_of("mean").embed(tokens)[:, 0]
    # scaled up, so that the mean stays
    assert 0.7 < kept.mean() < 1.3


def test_unknown_encoder_raises():
    with pytest.raises(ValueError, match="encoder must be"):
        SequenceNetwork(9, 3, encoder="rnn")


def test_batches_hold_every_row_once_in_every_epoch():
    rng = np.random.default_rng(0)
    rows = [rng.integers(1, 9, size=length) for length in rng.integers(1, 40, size=101)]
    batches = SequenceBatches(rows, np.arange(101), batch_size=4, seed=1)
    epochs = []
    for _ in range(2):
        seen = []
        for tokens, targets in batches:
            assert tokens.shape[1] == max(len(rows[i]) for i in targets)
            for row, target in zip(tokens.numpy(), targets.tolist(), strict=True):
                np.testing.assert_array_equal(row[: len(rows[target])], rows[target])
                assert not row[len(rows[target]) :].any()
                seen.append(target)
        assert sorted(seen) == list(range(101))
        epochs.append(seen)
    assert len(batches) == 25
    assert len(list(batches)) == 25
    assert epochs[0] != epochs[1]
    again = SequenceBatches(rows, np.arange(101), batch_size=4, seed=1)
    again.epoch = 1
    assert [i for _, targets in again for i in targets.tolist()] == epochs[1]


def test_batches_hold_rows_of_similar_length():
    rows = [np.ones(length, dtype=np.int64) for length in np.random.default_rng(0).integers(1, 500, size=320)]
    batches = SequenceBatches(rows, np.zeros(320, dtype=np.int64), batch_size=20)
    padded = sum(tokens.numel() for tokens, _ in batches)
    assert padded < 1.15 * sum(map(len, rows))


def test_corrections_of_a_linear_model_start_at_zero():
    network = network_of("mean", n_kmers=4)
    tokens, offsets = torch.tensor([[2, 3, 4], [5, 6, 0]]), torch.randn(2, 3, dtype=torch.float64)
    torch.testing.assert_close(network(tokens, offsets), offsets, rtol=0, atol=0)
    assert {name for name, weight in network.named_parameters() if not weight.requires_grad} == {
        "kmers.weight",
        "kmers.bias",
    }
    weight, bias = torch.ones(3, 4), torch.arange(3)
    network.set_kmer_weights(weight, bias)
    torch.testing.assert_close(network.kmers.weight.data, weight.double())
    with pytest.raises(ValueError, match="no linear model"):
        network_of("mean").set_kmer_weights(weight, bias)


def test_weighted_cross_entropy_equals_class_weights():
    logits, classes = torch.randn(6, 3), torch.tensor([0, 1, 2, 1, 0, 0])
    by_class = torch.tensor([1.0, 2.0, 5.0])
    expected = nn.CrossEntropyLoss(by_class)(logits, classes)
    torch.testing.assert_close(WeightedCrossEntropyLoss()(logits, (classes, by_class[classes])), expected)


def test_batches_hold_the_offsets_and_weights_of_their_rows():
    rows = [np.full(length, length) for length in (3, 1, 2, 5, 4)]
    offsets = np.arange(10, dtype=np.float32).reshape(5, 2)
    batches = SequenceBatches(rows, np.arange(5), batch_size=2, offsets=offsets, weights=offsets[:, 0])
    for inputs, (targets, weights) in batches:
        assert inputs["tokens"][:, 0].tolist() == [len(rows[i]) for i in targets.tolist()]
        np.testing.assert_array_equal(inputs["offsets"].numpy(), offsets[targets.numpy()])
        np.testing.assert_array_equal(weights.numpy(), offsets[targets.numpy(), 0])
