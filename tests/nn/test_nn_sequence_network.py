"""Encoders of token vectors and their batches: padding changes nothing, references by plain loops."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from skseed.nn import SequenceBatches, SequenceNetwork
from skseed.nn._sequence_batches import pad_rows
from skseed.nn._token_encoders import ConvolutionalEncoder

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
def test_what_lies_behind_the_end_changes_nothing(encoder):
    network = network_of(encoder)
    rows = [np.arange(2, 9), np.array([3]), np.array([2, 8, 1, 5, 5])]
    together = network.embed(pad_rows(rows))
    wider = network.embed(nn.functional.pad(pad_rows(rows), (0, 9)))
    torch.testing.assert_close(wider, together, rtol=0, atol=1e-12)
    for row, vector in zip(rows, together, strict=True):
        torch.testing.assert_close(network.embed(pad_rows([row]))[0], vector, rtol=0, atol=1e-12)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_only_the_mean_forgets_the_order(encoder):
    network = network_of(encoder)
    forth = network.embed(torch.tensor([[2, 3, 4, 5, 6, 7]]))
    back = network.embed(torch.tensor([[7, 6, 5, 4, 3, 2]]))
    assert torch.allclose(forth, back, atol=1e-10) == (encoder == "mean")


@given(lengths=st.lists(st.integers(1, 20), min_size=1, max_size=4), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_convolutional_encoder_equals_a_plain_loop(lengths, seed):
    generator = torch.Generator().manual_seed(seed)
    encoder = ConvolutionalEncoder(3, 4).double()
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


def test_open_forget_gates():
    network = network_of("lstm")
    recurrent = network.encoder.recurrent
    for bias in (recurrent.bias_ih_l0, recurrent.bias_ih_l0_reverse):
        assert bias[6:12].min() > 0.5
        assert bias[:6].max() < 0.5


def test_dropout_keeps_the_length_of_a_row():
    network = network_of("mean", dropout=0.9, seed=3).train()
    tokens = torch.full((200, 10), 2)
    kept = network.embed(tokens)[:, 0] / network_of("mean").embed(tokens)[:, 0]
    # scaled up, so that the mean stays
    assert 0.7 < kept.mean() < 1.3


def test_unknown_encoder_is_refused():
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
    again = [i for _, targets in SequenceBatches(rows, np.arange(101), batch_size=4, seed=1) for i in targets]
    assert [int(i) for i in again] == epochs[0]


def test_batches_hold_rows_of_like_length():
    rows = [np.ones(length, dtype=np.int64) for length in np.random.default_rng(0).integers(1, 500, size=320)]
    batches = SequenceBatches(rows, np.zeros(320, dtype=np.int64), batch_size=20)
    padded = sum(tokens.numel() for tokens, _ in batches)
    assert padded < 1.15 * sum(map(len, rows))
