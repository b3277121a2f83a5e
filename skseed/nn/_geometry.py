"""Distances between embedded points, in numerically stable forms.

Every function takes two tensors of points, of shape (n, d) and (m, d), and returns the (n, m) matrix of their
distances. Differences of nearly equal numbers are computed in double precision. The gradient of the square
root is 0 at 0, so pairs of identical sequences are valid training pairs.
"""

import math
from collections.abc import Callable

import torch

_TINY = 1e-12
_START_RADIUS = 0.5
# the least mean distance of points, relative to their distance from the origin
_LEAST_SPREAD = 1e-2
# the initial exponent: long genes end near 1.2, reads and proteins near 1.3 in networks of letters
_START_EXPONENT = 1.35


def _safe_sqrt(squares: torch.Tensor) -> torch.Tensor:
    # NaN stays NaN, so that a diverged network is not mistaken for one with distances of zero
    tiny = squares <= _TINY
    return torch.where(tiny, 0.0, torch.where(tiny, 1.0, squares).sqrt())


def _squares(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Return squared Euclidean distances by the Gram matrix; double precision keeps near pairs apart."""
    u, v = u.double(), v.double()
    return ((u * u).sum(1)[:, None] + (v * v).sum(1) - 2 * u @ v.T).clamp_min(0)


def manhattan(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Return sums of absolute differences."""
    return torch.cdist(u, v, p=1)


def euclidean(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Return straight-line distances."""
    return _safe_sqrt(_squares(u, v))


def squared(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Return squared straight-line distances."""
    return _squares(u, v)


def power(u: torch.Tensor, v: torch.Tensor, exponent: torch.Tensor | float = 1.5) -> torch.Tensor:
    """Return straight-line distances to a power; an exponent from 1 to 2 gives small distances precisely."""
    squares = _squares(u, v)
    tiny = squares <= _TINY
    return torch.where(tiny, 0.0, torch.where(tiny, 1.0, squares) ** (exponent / 2))


def cosine(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Return one minus the cosine of the angle between the points, from 0 to 2."""
    u = torch.nn.functional.normalize(u.double(), dim=1)
    v = torch.nn.functional.normalize(v.double(), dim=1)
    return (1 - u @ v.T).clamp_min(0)


def hyperbolic(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    r"""Return geodesic distances of the Lorentz model of hyperbolic space.

    A point is any vector :math:`v`, lifted to :math:`(\sqrt{1 + |v|^2}, v)`, so there is no boundary.
    With :math:`\Delta_t` the difference of the first coordinates,
    :math:`d = 2 \operatorname{asinh}(\tfrac12 \sqrt{|u - v|^2 - \Delta_t^2})`.
    """
    u, v = u.double(), v.double()
    u2, v2 = (u * u).sum(1), (v * v).sum(1)
    times = (1 + u2).sqrt()[:, None] + (1 + v2).sqrt()
    lag = (u2[:, None] - v2) / times
    return 2 * torch.asinh(0.5 * _safe_sqrt(_squares(u, v) - lag * lag))


def poincare(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    r"""Return geodesic distances in the Poincaré ball between points of norm below one.

    :math:`d = 2 \operatorname{asinh}(|u - v| / \sqrt{(1 - |u|^2)(1 - |v|^2)})`, the stable form
    of the usual formula with arccosh. The distance of points outside the ball is ``nan``.
    """
    radius_u, radius_v = u.double().norm(dim=1), v.double().norm(dim=1)
    room_u = (1 - radius_u) * (1 + radius_u)
    room_v = (1 - radius_v) * (1 + radius_v)
    inside = (room_u > 0)[:, None] & (room_v > 0)
    rooms = torch.where(inside, room_u[:, None] * room_v, torch.nan)
    return 2 * torch.asinh(_safe_sqrt(_squares(u, v) / rooms))


DISTANCES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "manhattan": manhattan,
    "euclidean": euclidean,
    "squared": squared,
    "power": power,
    "cosine": cosine,
    "hyperbolic": hyperbolic,
    "poincare": poincare,
}

# the distances that are the Euclidean distance to a fixed power
FIXED_EXPONENTS = {"euclidean": 1.0, "squared": 2.0}


class PairwiseDistance(torch.nn.Module):
    """A distance with a learned positive scale between all pairs of two sets of points.

    ``"hyperbolic"`` is the Lorentz model on unconstrained vectors with a learned zoom: space is flat near the
    origin and curved far from it. ``"poincare"`` is the form of Corso et al. (NeuroSEED, 2021): every point
    is first scaled to a sphere of learned radius inside the ball. ``"power"`` is the Euclidean distance to a
    learned power between 1 and 2.

    Parameters
    ----------
    name : {"manhattan", "euclidean", "squared", "power", "cosine", "hyperbolic", "poincare"}
        The geometry.

    Notes
    -----
    Edit distances resemble the L1 norm, and the square root of the L1 norm embeds isometrically in Euclidean
    space (Schoenberg 1938, :doi:`10.1090/S0002-9947-1938-1501980-0`). An exponent of 2 is exact with enough
    dimensions. A smaller exponent has smaller errors for far pairs in few dimensions.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import PairwiseDistance
    >>> points = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    >>> PairwiseDistance("euclidean")(points, points)
    tensor([[0., 5.],
            [5., 0.]], dtype=torch.float64, grad_fn=<MulBackward0>)
    """

    unit: torch.Tensor

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.log_scale = torch.nn.Parameter(torch.zeros(()))
        self.log_zoom = torch.nn.Parameter(torch.zeros(())) if name == "hyperbolic" else None
        # the initial value of the paper; the ball is flat there
        self.radius = torch.nn.Parameter(torch.tensor(0.01)) if name == "poincare" else None
        self.bend = torch.nn.Parameter(_bend(_START_EXPONENT)) if name == "power" else None
        self.register_buffer("unit", torch.ones(()) if name == "power" else None)

    def forward(self, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return the (n, m) scaled distances."""
        if self.radius is not None:
            radius = self.radius.clamp(1e-7, 0.999)
            u = torch.nn.functional.normalize(u, dim=1) * radius
            v = torch.nn.functional.normalize(v, dim=1) * radius
        if self.log_zoom is not None:
            u, v = u * self.log_zoom.exp(), v * self.log_zoom.exp()
        scale = self.log_scale.exp()
        if self.bend is not None:
            return power(u * self.unit, v * self.unit, _exponent(self.bend)) * scale
        return DISTANCES[self.name](u, v) * scale

    def power_law(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return p and s, where the distance is ``s * r ** p`` for the Euclidean distance r."""
        scale = self.log_scale.exp()
        if self.bend is None:
            return torch.full_like(scale, FIXED_EXPONENTS[self.name]), scale
        exponent = _exponent(self.bend)
        return exponent, scale * self.unit**exponent

    @torch.no_grad()
    def set_exponent(self, exponent: float) -> None:
        """Set the learned exponent of ``"power"``, which is greater than 1 and less than 2."""
        assert self.bend is not None
        self.bend.copy_(_bend(exponent))

    @torch.no_grad()
    def calibrate(self, points: torch.Tensor, mean_distance: float) -> None:
        """Set the scale so that the distances between some points have a given mean.

        Hyperbolic space starts almost flat, with points half a unit from the origin. Training finds a
        suitable curvature from there, but not from a strongly curved start.

        Parameters
        ----------
        points : tensor of shape (n, d)
            A sample of embedded points.
        mean_distance : float
            The intended mean of their pairwise distances.
        """
        if self.log_zoom is not None:
            spread = points.square().sum(1).mean().sqrt().clamp_min(1e-6)
            self.log_zoom.copy_(torch.log(_START_RADIUS / spread))
        if self.bend is not None:
            # a typical distance of 1, so that the exponent does not change the scale
            self.unit.copy_(1 / _squares(points, points).mean().sqrt().clamp_min(1e-6))
        # points that nearly coincide would give a huge scale, under which the first steps move them far apart
        from_origin = self(points, torch.zeros_like(points[:1])).mean()
        floor = from_origin * (_LEAST_SPREAD**2 if self.name in ("squared", "cosine") else _LEAST_SPREAD)
        mean = torch.maximum(self(points, points).mean(), floor.clamp_min(1e-6))
        self.log_scale.add_(torch.log(max(mean_distance, 1e-6) / mean))


def _exponent(bend: torch.Tensor) -> torch.Tensor:
    """Return an exponent between 1 and 2; the factor lets it move as fast as the scale."""
    return 1 + torch.sigmoid(10 * bend)


def _bend(exponent: float) -> torch.Tensor:
    """Return the inverse of `_exponent`."""
    return torch.tensor(math.log((exponent - 1) / (2 - exponent)) / 10)
