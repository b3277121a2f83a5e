"""Distances between points: their laws, their textbook forms, and where those break."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skseed.nn import DISTANCES, PairwiseDistance

NAMES = sorted(DISTANCES)
METRICS = ["euclidean", "hyperbolic", "manhattan", "poincare"]
# far enough from zero for a norm, near enough to the textbook forms' range
POINTS = arrays(np.float64, (5, 3), elements=st.floats(-3, 3, width=32))


def points_of(array, name):
    """Return points that the distance is defined for: the Poincaré ball is bounded."""
    points = torch.as_tensor(array)
    if name == "poincare":
        return 0.95 * points / (1 + points.norm(dim=1, keepdim=True))
    return points


def random_points(n, d, seed=0, dtype=torch.float32):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=dtype)


# laws ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@given(array=POINTS)
@settings(max_examples=40, deadline=None)
def test_distances_are_symmetric_finite_and_non_negative(name, array):
    points = points_of(array, name)
    distances = DISTANCES[name](points[:3], points)
    assert distances.shape == (3, 5)
    assert torch.isfinite(distances).all()
    assert (distances >= 0).all()
    torch.testing.assert_close(distances, DISTANCES[name](points, points[:3]).T, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("name", METRICS)
@given(array=POINTS)
@settings(max_examples=40, deadline=None)
def test_triangle_inequality(name, array):
    points = points_of(array, name)
    d = DISTANCES[name](points, points)
    # distances below a millionth count as zero
    assert (d[:, None, :] <= d[:, :, None] + d[None, :, :] + 1e-5).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_identical_points_have_distance_zero_and_a_finite_gradient(name, dtype):
    """Reliability case 60: the textbook's arccosh gives nan here."""
    points = points_of(random_points(4, 8, dtype=dtype), name).requires_grad_()
    copies = torch.cat([points, points[:2]])
    distances = DISTANCES[name](copies, copies)
    np.testing.assert_allclose(distances.diagonal().detach(), 0, atol=1e-12)
    np.testing.assert_allclose(distances.detach()[[0, 1], [4, 5]], 0, atol=1e-12)
    distances.sum().backward()
    assert torch.isfinite(points.grad).all()


@pytest.mark.parametrize("name", NAMES)
def test_all_points_at_the_origin_stay_finite(name):
    points = torch.zeros(3, 4, requires_grad=True)
    module = PairwiseDistance(name)
    distances = module(points, points)
    distances.square().sum().backward()
    assert torch.isfinite(distances).all()
    for parameter in (points, *module.parameters()):
        assert torch.isfinite(parameter.grad).all()


# references ---------------------------------------------------------------------------------------


def lorentz_reference(u, v):
    time = math.sqrt(1 + u @ u) * math.sqrt(1 + v @ v)
    return math.acosh(max(1.0, time - u @ v))


def poincare_reference(u, v):
    return math.acosh(1 + 2 * ((u - v) @ (u - v)) / ((1 - u @ u) * (1 - v @ v)))


REFERENCES = {
    "manhattan": lambda u, v: np.abs(u - v).sum(),
    "euclidean": lambda u, v: np.linalg.norm(u - v),
    "squared": lambda u, v: ((u - v) ** 2).sum(),
    "power": lambda u, v: np.linalg.norm(u - v) ** 1.5,
    "cosine": lambda u, v: 1 - u @ v / (np.linalg.norm(u) * np.linalg.norm(v)),
    "hyperbolic": lorentz_reference,
    "poincare": poincare_reference,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0])
def test_distances_equal_the_usual_formula_where_it_is_stable(name, spread):
    points = points_of(spread * random_points(12, 6, dtype=torch.float64), name)
    distances = DISTANCES[name](points, points)
    for i in range(12):
        for j in range(12):
            if i != j:
                expected = REFERENCES[name](points[i].numpy(), points[j].numpy())
                assert distances[i, j].item() == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("name", ["euclidean", "hyperbolic", "poincare"])
def test_near_pairs_are_precise(name):
    """The Gram matrix in single precision, or arccosh, would have lost them."""
    base = 0.5 * torch.nn.functional.normalize(random_points(1, 16), dim=1)
    step = torch.zeros(1, 16)
    step[0, 0] = 1e-4
    moved = base + step
    gap = (moved.double() - base.double()).norm().item()
    distance = DISTANCES[name](base, moved).item()
    if name == "euclidean":
        assert distance == pytest.approx(gap, rel=1e-5)
    elif name == "poincare":
        assert distance == pytest.approx(2 * gap / (1 - 0.25), rel=1e-3)
    else:
        # curvature shortens the radial part of the step, by 1 / (1 + r²) at most in the square
        assert gap / math.sqrt(1.25) * 0.999 < distance < gap * 1.001


# the edges of the ball and beyond (reliability cases 61 and 62) -----------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("room", [1e-3, 1e-6, 6e-8])
def test_poincare_is_finite_near_the_boundary(dtype, room):
    edge = torch.zeros(2, 3, dtype=dtype)
    edge[0, 0], edge[1, 0] = 1 - room, -(1 - room)
    edge.requires_grad_()
    distances = DISTANCES["poincare"](edge, edge)
    radius = edge[0, 0].item()
    # from the centre to radius r is log((1 + r) / (1 - r)), and through the centre twice that
    assert distances[0, 1].item() == pytest.approx(2 * math.log((1 + radius) / (1 - radius)), rel=1e-6)
    distances[0, 1].backward()
    assert torch.isfinite(edge.grad).all()


@pytest.mark.parametrize("radius", [1.0, 1.1, 50.0])
def test_poincare_is_nan_outside_the_ball(radius):
    points = torch.tensor([[0.2, 0.0], [radius, 0.0], [0.0, -0.5]])
    distances = DISTANCES["poincare"](points, points)
    outside = torch.tensor([[False, True, False], [True, True, True], [False, True, False]])
    assert torch.equal(torch.isnan(distances), outside)


@pytest.mark.parametrize("name", NAMES)
def test_a_nan_point_has_nan_distances(name):
    points = 0.1 * random_points(4, 3)
    points[1, 0] = torch.nan
    distances = DISTANCES[name](points, points)
    lost = torch.isnan(distances)
    assert lost[1].all()
    assert lost[:, 1].all()
    assert not lost[[0, 2, 3]][:, [0, 2, 3]].any()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "poincare"])
@pytest.mark.parametrize("scale", [1e-12, 1e6])
def test_unbounded_geometries_accept_any_point(name, scale):
    points = (scale * random_points(6, 4)).requires_grad_()
    distances = DISTANCES[name](points, points)
    assert torch.isfinite(distances).all()
    distances.sum().backward()
    assert torch.isfinite(points.grad).all()


# the module ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spread", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("mean", [0.01, 0.7, 40.0])
def test_calibration_sets_the_mean_distance(name, spread, mean):
    module = PairwiseDistance(name)
    points = spread * random_points(40, 8)
    module.calibrate(points, mean)
    assert module(points, points).mean().item() == pytest.approx(mean, rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_calibration_of_points_without_spread_stays_finite(name):
    module = PairwiseDistance(name)
    for points, mean in ((torch.zeros(4, 3), 1.0), (torch.ones(4, 3), 1.0), (random_points(4, 3), 0.0)):
        module.calibrate(points, mean)
        assert all(torch.isfinite(parameter) for parameter in module.parameters())
        assert torch.isfinite(module(points, points)).all()


def test_hyperbolic_calibration_starts_half_a_unit_from_the_origin():
    module = PairwiseDistance("hyperbolic")
    points = 7.0 * random_points(50, 8)
    module.calibrate(points, 1.0)
    radii = (points * module.log_zoom.detach().exp()).norm(dim=1)
    assert radii.square().mean().sqrt().item() == pytest.approx(0.5, rel=1e-5)


@pytest.mark.parametrize("radius", [-1.0, 1e-9, 0.3, 5.0])
def test_the_scaled_points_are_inside_the_ball(radius):
    module = PairwiseDistance("poincare")
    module.radius.data.fill_(radius)
    distances = module(100 * random_points(6, 4), random_points(5, 4, seed=1))
    assert distances.shape == (6, 5)
    assert torch.isfinite(distances).all()
    # the ball is clamped at radius .999, whose diameter is about 15
    assert distances.max() < 15.3


def test_poincare_on_one_sphere_orders_pairs_like_cosine():
    points = random_points(20, 6)
    ball = PairwiseDistance("poincare")(points, points).detach().flatten()
    cosine = PairwiseDistance("cosine")(points, points).detach().flatten()
    order = torch.argsort(cosine)
    assert (ball[order].diff() > -1e-6).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_has_a_gradient(name):
    module = PairwiseDistance(name)
    points = random_points(8, 4).requires_grad_()
    module(points, points).square().mean().backward()
    names = {key for key, _ in module.named_parameters()}
    own = {"hyperbolic": "log_zoom", "poincare": "radius", "power": "bend"}
    assert names == {"log_scale"} | ({own[name]} if name in own else set())
    for parameter in module.parameters():
        assert torch.isfinite(parameter.grad)
        assert parameter.grad != 0


def test_calibration_of_a_power_makes_the_exponent_independent_of_the_scale():
    points = random_points(20, 6)
    distances = []
    for spread in (1.0, 100.0):
        module = PairwiseDistance("power")
        module.calibrate(points * spread, 0.5)
        module.bend.data.fill_(0.1)
        distances.append(module(points * spread, points * spread).detach())
    np.testing.assert_allclose(distances[1], distances[0], rtol=1e-5)


@pytest.mark.parametrize("exponent", [1.2, 1.5, 1.8])
def test_training_recovers_the_exponent_of_a_power(exponent):
    points = random_points(40, 6)
    target = torch.cdist(points, points).double() ** exponent
    module = PairwiseDistance("power")
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    for _ in range(400):
        optimizer.zero_grad()
        (module(points, points) - target).square().mean().backward()
        optimizer.step()
    learned = 1 + torch.sigmoid(10 * module.bend).item()
    assert learned == pytest.approx(exponent, abs=0.01)
