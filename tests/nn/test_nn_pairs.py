"""All pairs of a batch: the net, the loss, and batches whose order hangs on one generator."""

import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_poisson_deviance

from skseed.nn import AllPairsLoss, LinearNet, PairBatches, PairwiseDistance, SiameseNet


def index_batch(indices, rng):
    """Return a batch that says which sequences it holds, and what its generator drew first."""
    codes = indices.astype(np.uint8)[:, None]
    return codes, rng.random((len(indices), len(indices))).astype(np.float32)


def indices_of(batches):
    return [codes[:, 0].tolist() for codes, _ in batches]


def batches_of(n_sequences, batch_size, seed=0, make_batch=index_batch):
    return PairBatches(n_sequences, make_batch, batch_size=batch_size, seed=seed)


def assert_same_batches(one, other):
    for (codes, distances), (other_codes, other_distances) in zip(one, other, strict=True):
        assert torch.equal(codes, other_codes)
        assert torch.equal(distances, other_distances)


@given(st.integers(2, 60), st.integers(2, 70), st.integers(0, 10))
@settings(max_examples=50, deadline=None)
def test_every_sequence_occurs_at_most_once_in_an_epoch(n_sequences, batch_size, seed):
    batches = batches_of(n_sequences, batch_size, seed)
    size = min(batch_size, n_sequences)
    for _ in range(2):
        epoch = indices_of(batches)
        assert len(epoch) == len(batches) == n_sequences // size
        assert all(len(batch) == size for batch in epoch)
        seen = [index for batch in epoch for index in batch]
        assert len(set(seen)) == len(seen)
        assert set(seen) <= set(range(n_sequences))


def test_every_sequence_occurs_in_some_epoch():
    batches = batches_of(150, 128)
    seen = {index for _ in range(8) for batch in indices_of(batches) for index in batch}
    assert seen == set(range(150))


def test_epochs_differ_and_repeat_from_the_same_seed():
    one, two, other = batches_of(40, 8), batches_of(40, 8), batches_of(40, 8, seed=1)
    first, second = list(one), list(one)
    assert indices_of(first) != indices_of(second)
    assert_same_batches(first + second, list(two) + list(two))
    assert indices_of(other) != indices_of(first)


def test_an_epoch_depends_on_its_number_only():
    batches, resumed = batches_of(40, 8), batches_of(40, 8)
    list(batches)
    resumed.epoch = 1
    assert_same_batches(list(batches), list(resumed))


@pytest.mark.parametrize("most_bytes", [1 << 28, 0], ids=["kept", "computed again"])
def test_repeated_epochs_have_the_same_batches(monkeypatch, most_bytes):
    monkeypatch.setattr("skseed.nn._pairs._MAX_KEPT", most_bytes)
    batches, resumed = (PairBatches(40, index_batch, batch_size=8, seed=0, n_repeats=3) for _ in range(2))
    epochs = [list(batches) for _ in range(6)]
    for repeat in (1, 2):
        assert_same_batches(epochs[0], epochs[repeat])
        assert_same_batches(epochs[3], epochs[3 + repeat])
    assert indices_of(epochs[0]) != indices_of(epochs[3])
    resumed.epoch = 4
    assert_same_batches(list(resumed), epochs[4])


def test_batches_of_repeated_epochs_are_computed_once():
    calls = []

    def counting(indices, rng):
        calls.append(indices)
        return index_batch(indices, rng)

    batches = PairBatches(40, counting, batch_size=8, seed=0, n_repeats=3)
    for _ in range(4):
        list(batches)
    assert len(calls) == 10


def test_batches_do_not_depend_on_how_long_each_takes():
    pause = np.random.default_rng(0)

    def slow_batch(indices, rng):
        time.sleep(pause.uniform(0, 0.004))
        return index_batch(indices, rng)

    def slow_reader(batches):
        for batch in batches:
            time.sleep(pause.uniform(0, 0.004))
            yield batch

    expected = list(batches_of(60, 4))
    assert_same_batches(batches_of(60, 4, make_batch=slow_batch), expected)
    assert_same_batches(slow_reader(batches_of(60, 4)), expected)


def test_a_batch_that_draws_more_does_not_change_the_next():
    def greedy_batch(indices, rng):
        batch = index_batch(indices, rng)
        rng.random(1000 * int(indices[0]))
        return batch

    assert_same_batches(batches_of(30, 5, make_batch=greedy_batch), batches_of(30, 5))


def test_batches_are_made_ahead_in_another_thread():
    made, threads = [], set()

    def noting_batch(indices, rng):
        threads.add(threading.get_ident())
        made.append(indices)
        return index_batch(indices, rng)

    iterator = iter(batches_of(40, 2, make_batch=noting_batch))
    next(iterator)
    iterator.close()
    assert threads.isdisjoint({threading.get_ident()})
    # some are made ahead, but never the whole epoch
    assert 1 <= len(made) <= 6


@pytest.mark.parametrize("bad", [0, 3, 9])
@pytest.mark.parametrize("error", [ValueError("the target failed"), KeyboardInterrupt()])
def test_an_error_in_make_batch_is_raised_at_its_batch(bad, error):
    expected = indices_of(batches_of(40, 4))

    def failing_batch(indices, rng):
        if indices.tolist() == expected[bad]:
            raise error
        return index_batch(indices, rng)

    n_threads = threading.active_count()
    batches = iter(batches_of(40, 4, make_batch=failing_batch))
    assert [next(batches)[0][:, 0].tolist() for _ in range(bad)] == expected[:bad]
    with pytest.raises(type(error)):
        next(batches)
    assert threading.active_count() == n_threads


def test_the_net_compares_all_pairs():
    net = SiameseNet(LinearNet(6, 4, 3), PairwiseDistance("euclidean"))
    codes = torch.as_tensor(np.random.default_rng(0).integers(4, size=(5, 6), dtype=np.uint8))
    distances = net(codes)
    points = net.encoder(codes).detach().double()
    assert distances.shape == (5, 5)
    for i in range(5):
        for j in range(5):
            expected = (points[i] - points[j]).norm().item()
            assert distances[i, j].item() == pytest.approx(expected, abs=1e-6)


@given(st.integers(2, 9), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_the_loss_is_the_mean_over_the_pairs(n, seed):
    rng = np.random.default_rng(seed)
    predicted, target = rng.random((2, n, n))
    loss = AllPairsLoss()(torch.as_tensor(predicted), torch.as_tensor(target.astype(np.float32)))
    squares = [(predicted[i, j] - np.float32(target[i, j])) ** 2 for i in range(n) for j in range(i + 1, n)]
    assert loss.item() == pytest.approx(np.mean(squares), rel=1e-6)


@given(st.integers(2, 9), st.sampled_from([0.5, 1.0, 2.0]), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_near_pairs_are_weighted_by_a_power_of_their_distance(n, power, seed):
    rng = np.random.default_rng(seed)
    predicted, target = rng.random((2, n, n))
    target[0, 1] = 0.0
    loss = AllPairsLoss(power)(torch.as_tensor(predicted), torch.as_tensor(target))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    mean = np.mean([target[pair] for pair in pairs])
    weights = [(target[pair] / mean + 0.1) ** -power if mean else 1.0 for pair in pairs]
    squares = [(predicted[pair] - target[pair]) ** 2 for pair in pairs]
    assert loss.item() == pytest.approx(np.average(squares, weights=weights), rel=1e-6)


def test_a_batch_of_copies_has_a_finite_weighted_loss():
    predicted = torch.ones(3, 3, requires_grad=True)
    loss = AllPairsLoss(2.0)(predicted, torch.zeros(3, 3))
    loss.backward()
    assert loss.item() == 1
    assert torch.isfinite(predicted.grad).all()


@given(st.integers(2, 9), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_the_poisson_loss_is_half_the_mean_deviance(n, seed):
    rng = np.random.default_rng(seed)
    target = rng.integers(1, 30, size=(n, n)).astype(float)
    predicted = target * rng.uniform(0.5, 2, size=(n, n))
    upper = np.triu_indices(n, k=1)
    loss = AllPairsLoss(loss="poisson")(torch.as_tensor(predicted), torch.as_tensor(target))
    expected = mean_poisson_deviance(target[upper], predicted[upper]) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-9)


def test_the_poisson_loss_of_predictions_of_zero_has_a_finite_gradient():
    predicted = torch.zeros(3, 3, dtype=torch.float64, requires_grad=True)
    loss = AllPairsLoss(loss="poisson")(predicted, torch.full((3, 3), 2.0))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(predicted.grad).all()
    assert (predicted.grad[np.triu_indices(3, k=1)] < 0).all()


def test_the_loss_ignores_the_diagonal():
    target = torch.ones(4, 4)
    predicted = torch.ones(4, 4, dtype=torch.float64)
    predicted.fill_diagonal_(100.0).requires_grad_()
    loss = AllPairsLoss()(predicted, target)
    assert loss.item() == 0
    loss.backward()
    assert not predicted.grad.any()
