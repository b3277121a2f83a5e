"""LandmarkNet: multilateration from distances to landmarks."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from skseed.nn import LandmarkNet, PairwiseDistance

EXPONENTS = {"euclidean": 1.0, "power": 1.5, "squared": 2.0}


def net_of(landmarks, name):
    """Return a network with given landmarks, and the function that computes its distances."""
    net = LandmarkNet(*landmarks.shape)
    net.points.data.copy_(torch.from_numpy(landmarks))
    net.distance = PairwiseDistance(name)
    if name == "power":
        net.distance.set_exponent(EXPONENTS[name])
    net.distance.calibrate(net.points.data, 0.3)

    def distances(points):
        with torch.no_grad():
            return net.distance(torch.from_numpy(points), net.points).numpy().astype(np.float32)

    return net.eval(), distances


def place(net, distances):
    with torch.inference_mode():
        return net(torch.from_numpy(distances)).numpy()


@pytest.fixture(scope="module")
def landmarks():
    return np.random.default_rng(0).normal(2, 3, size=(60, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def others():
    return np.random.default_rng(1).normal(2, 3, size=(40, 5)).astype(np.float32)


@pytest.mark.parametrize("name", EXPONENTS)
def test_points_are_recovered_from_their_exact_distances(landmarks, others, name):
    net, distances = net_of(landmarks, name)
    assert_allclose(place(net, distances(others)), others, atol=0.05)


@pytest.mark.parametrize("name", EXPONENTS)
def test_placement_minimizes_the_documented_sum(landmarks, others, name):
    net, distances = net_of(landmarks, name)
    noise = np.random.default_rng(2).normal(1, 0.1, size=(len(others), len(landmarks)))
    measured = (distances(others) * noise).astype(np.float32)
    points = place(net, measured)
    exponent, factor = (value.item() for value in net.distance.power_law())
    # two landmarks are at least a hundredth of their typical distance apart
    squares = np.square(cdist(landmarks, landmarks))
    typical = 2 * np.square(landmarks - landmarks.mean(axis=0)).sum(axis=1).mean()
    mean = (factor * squares.clip(1e-4 * typical) ** (exponent / 2)).mean()
    covariance = np.cov(landmarks.T, bias=True)
    covariance += 1e-3 * np.trace(covariance) / 5 * np.eye(5)

    def cost(point, row):
        weights = 1 / (row / mean + 0.1)
        errors = factor * np.linalg.norm(point - landmarks, axis=1) ** exponent - row
        centered = point - landmarks.mean(axis=0)
        penalty = 5e-5 / 5 * centered @ np.linalg.solve(covariance, centered)
        return (weights * errors**2).sum() / weights.sum() / mean**2 + penalty

    for point, row, true in zip(points, measured, others, strict=True):
        least = min(minimize(cost, start, args=(row,), tol=1e-12).fun for start in (true, point))
        assert cost(point, row) <= 1.01 * least


def test_a_landmark_is_placed_at_its_point(landmarks):
    net, distances = net_of(landmarks, "power")
    assert_allclose(place(net, distances(landmarks)), landmarks, atol=0.05)


def test_numbers_give_the_points_of_landmarks(landmarks):
    net, _ = net_of(landmarks, "power")
    numbers = torch.tensor([3, 0, 3])
    assert_array_equal(net(numbers).detach(), landmarks[[3, 0, 3]])


def test_the_order_of_landmarks_does_not_matter(landmarks, others):
    order = np.random.default_rng(3).permutation(len(landmarks))
    net, distances = net_of(landmarks, "power")
    shuffled, distances_to_shuffled = net_of(landmarks[order], "power")
    points = place(shuffled, distances_to_shuffled(others))
    assert_allclose(points, place(net, distances(others)), atol=1e-3)


def test_rows_do_not_affect_each_other(landmarks, others):
    net, distances = net_of(landmarks, "power")
    points = place(net, distances(others))
    assert_allclose(np.concatenate([place(net, distances(row[None])) for row in others]), points, atol=1e-4)


def test_landmarks_that_move_in_training_change_the_next_prediction(landmarks, others):
    net, distances = net_of(landmarks, "power")
    measured = distances(others)
    before = place(net, measured)
    net.train()
    net.points.data.add_(1)
    net.eval()
    assert_allclose(place(net, measured), before + 1, atol=1e-3)


@pytest.mark.parametrize("n_landmarks", [2, 3])
def test_few_landmarks_give_finite_points_with_their_distances(n_landmarks, landmarks):
    net, distances = net_of(landmarks[:n_landmarks], "power")
    middle = landmarks[:n_landmarks].mean(axis=0, keepdims=True)
    measured = distances(middle)
    assert_allclose(distances(place(net, measured)), measured, rtol=0.05)


@pytest.mark.parametrize("name", EXPONENTS)
def test_the_unit_of_the_points_does_not_matter(landmarks, others, name):
    net, distances = net_of(landmarks, name)
    tiny, distances_of_tiny = net_of(landmarks * np.float32(1e-4), name)
    points = place(tiny, distances_of_tiny(others * np.float32(1e-4)))
    assert_allclose(points * 1e4, place(net, distances(others)), atol=0.02)


def test_equal_landmarks_give_finite_points():
    net, _ = net_of(np.ones((4, 3), dtype=np.float32), "power")
    assert np.isfinite(place(net, np.array([[0.2, 0.2, 0.2, 0.2], [0, 0, 0, 0]], dtype=np.float32))).all()


def test_distances_that_no_point_has_give_finite_points(landmarks):
    net, _ = net_of(landmarks, "power")
    measured = np.stack([np.zeros(60), np.full(60, 100.0), np.r_[0, np.full(59, 100.0)]]).astype(np.float32)
    points = place(net, measured)
    assert np.isfinite(points).all()
