"""Batches and dropout of tokens: complete, and functions of a seed and of an epoch or step."""

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


def test_augmentation_is_called_once_an_epoch_with_its_seed() -> None:
    tokens, targets, _ = make_rows()
    calls, seeds = [], []

    def augment(rows: np.ndarray, seed: int) -> np.ndarray:
        calls.append(len(rows))
        seeds.append(seed)
        return np.where(rows > 0, rows + 1, 0)

    batches = TokenBatches(tokens, targets, batch_size=8, augment=augment, seed=0)
    for _ in range(3):
        for inputs, target in batches:
            np.testing.assert_array_equal(inputs["tokens"].numpy(), tokens[target.numpy(), :8] + 1)
    assert calls == [25, 25, 25]
    assert len(set(seeds)) == 3


def test_an_epoch_and_its_augmentation_depend_on_the_number_of_the_epoch_only() -> None:
    tokens, targets, _ = make_rows()

    def augment(rows: np.ndarray, seed: int) -> np.ndarray:
        return np.where(rows > 0, np.random.default_rng(seed).integers(1, 99, rows.shape), 0)

    batches = TokenBatches(tokens, targets, batch_size=8, augment=augment, seed=0)
    epochs = [[(inputs["tokens"].tolist(), target.tolist()) for inputs, target in batches] for _ in range(3)]
    resumed = TokenBatches(tokens, targets, batch_size=8, augment=augment, seed=0)
    resumed.epoch = 2
    assert [(inputs["tokens"].tolist(), target.tolist()) for inputs, target in resumed] == epochs[2]
    assert epochs[0] != epochs[1] != epochs[2]


def test_dropout_resumes_from_its_state() -> None:
    dropout = TokenDropout(0.5, seed=4)
    tokens = torch.full((20, 20), 7)
    masks = [dropout(tokens) for _ in range(3)]
    resumed = TokenDropout(0.5, seed=4)
    resumed.load_state_dict({"step": torch.tensor(2)})
    assert torch.equal(resumed(tokens), masks[2])
    assert not torch.equal(masks[0], masks[1])
    # evaluation draws nothing
    dropout.eval()(tokens)
    assert int(dropout.step) == 3


def test_dropout_drops_its_share_and_leaves_the_global_generator() -> None:
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
