"""Batches and dropout of tokens: complete, seeded, and off the global generators."""

import numpy as np
import torch

from skseed.nn import PrototypeNetwork, TokenBatches, TokenDropout


def make_rows(n_rows: int = 25) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    tokens = rng.integers(1, 30, size=(n_rows, 12)).astype(np.int32)
    tokens[:, 8:] = 0
    return tokens, np.arange(n_rows), rng.random((n_rows, 2), dtype=np.float32)


def test_an_epoch_has_every_row_once_with_its_target() -> None:
    tokens, targets, metadata = make_rows()
    batches = TokenBatches(tokens, targets, metadata, batch_size=8, seed=1)
    for _ in range(2):
        seen = []
        for inputs, target in batches:
            assert inputs["tokens"].shape == (len(target), 8)
            np.testing.assert_array_equal(inputs["tokens"].numpy(), tokens[target.numpy(), :8])
            np.testing.assert_array_equal(inputs["metadata"].numpy(), metadata[target.numpy()])
            seen += target.tolist()
        assert sorted(seen) == targets.tolist()
    assert len(batches) == 4


def test_epochs_differ_and_repeat_with_the_seed() -> None:
    tokens, targets, _ = make_rows()

    def epochs(seed: int) -> list[list[int]]:
        batches = TokenBatches(tokens, targets, batch_size=8, seed=seed)
        return [torch.cat([target for _, target in batches]).tolist() for _ in range(2)]

    first, second = epochs(3)
    assert first != second
    assert epochs(3) == [first, second]


def test_augmentation_happens_once_an_epoch() -> None:
    tokens, targets, _ = make_rows()
    calls = []

    def augment(rows: np.ndarray, seed: int) -> np.ndarray:
        calls.append(len(rows))
        return np.where(rows > 0, rows + 1, 0)

    batches = TokenBatches(tokens, targets, batch_size=8, augment=augment, seed=0)
    for _ in range(3):
        for inputs, target in batches:
            np.testing.assert_array_equal(inputs["tokens"].numpy(), tokens[target.numpy(), :8] + 1)
    assert calls == [25, 25, 25]


def test_dropout_keeps_its_share_and_the_global_generator() -> None:
    before = torch.random.get_rng_state()
    dropout = TokenDropout(0.3, seed=0)
    tokens = torch.full((200, 200), 7)
    dropped = dropout(tokens)
    assert abs((dropped == 0).float().mean().item() - 0.3) < 0.01
    assert not torch.equal(dropout(tokens), dropped)
    assert torch.equal(TokenDropout(0.3, seed=0)(tokens), dropped)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_embeddings_have_length_one_and_use_the_metadata() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = PrototypeNetwork(30, 5, embedding_dim=8, kernel_sizes=(1, 3), n_filters=4, n_metadata=2)
    tokens, _, metadata = make_rows()
    inputs = torch.from_numpy(tokens.astype(np.int64)), torch.from_numpy(metadata)
    embeddings, prototypes = network(*inputs)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(25))
    torch.testing.assert_close(prototypes.norm(dim=1), torch.ones(5))
    network.eval()
    assert not torch.allclose(network.embed(*inputs), network.embed(inputs[0], 1 - inputs[1]))
