"""Points of landmarks, and of sequences that are given by their distances to the landmarks."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import nn

from skseed.nn._geometry import PairwiseDistance, squared

# the weight of a normal prior with the covariance of the landmarks, per component
_PRIOR = 5e-5
_RIDGE = 1e-3
# the least squared distance between a point and a landmark, where a typical one is 1
_LEAST_SQUARE = 1e-4
_GAUSS_NEWTON_STEPS = 3
_GRADIENT_STEPS = 2


class LandmarkNet(nn.Module):
    """Learn the points of landmarks, and place a sequence by its distances to all of them.

    In training, the input is the numbers of some landmarks, and the output their points. For another
    sequence, the input is its distances to all landmarks. Its point minimizes the weighted squared errors of
    these distances plus a weak penalty on its Mahalanobis distance from the mean of the landmarks. The
    minimization starts with landmark MDS (de Silva and Tenenbaum 2004) and takes three Gauss-Newton steps.

    Parameters
    ----------
    n_landmarks, n_components : int
        The number of landmarks and the dimension of the points.

    Attributes
    ----------
    points : torch.nn.Parameter of shape (n_landmarks, n_components)
        The points of the landmarks.
    distance : PairwiseDistance or None
        The geometry, which must be set before sequences are placed. It must be a power of the Euclidean
        distance: ``"power"``, ``"euclidean"`` or ``"squared"``.

    Notes
    -----
    Errors have the weight 1 / (distance + mean / 10), so that near landmarks count more. A linear system is
    solved by two steps of conjugate gradients, with the mean matrix of the landmarks as preconditioner.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import LandmarkNet, PairwiseDistance
    >>> net = LandmarkNet(4, 2)
    >>> net.distance = PairwiseDistance("euclidean")
    >>> corners = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    >>> _ = net.points.data.copy_(corners)
    >>> point = torch.tensor([[1.0, 2.0]])
    >>> net.eval()(torch.cdist(point, corners)).round(decimals=2)
    tensor([[1., 2.]])
    """

    def __init__(self, n_landmarks: int, n_components: int) -> None:
        super().__init__()
        self.points = nn.Parameter(torch.randn(n_landmarks, n_components))
        self.distance: PairwiseDistance | None = None
        self._placement: _Placement | None = None

    def train(self, mode: bool = True) -> Self:
        """Switch between training and prediction; the landmarks may have moved since the last prediction."""
        self._placement = None
        return super().train(mode)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the points of landmarks, given their numbers, or of rows of distances to all landmarks."""
        if not inputs.is_floating_point():
            return self.points[inputs]
        placement = self._placement
        if placement is None:
            assert self.distance is not None
            placement = _Placement.from_landmarks(self.points, *self.distance.power_law())
            self._placement = placement
        return placement(inputs)


@dataclass(frozen=True)
class _Placement:
    """Place sequences by their distances to landmarks.

    All points are relative to the mean of the landmarks, in units of a typical distance between them.
    """

    center: torch.Tensor
    unit: torch.Tensor
    landmarks: torch.Tensor
    squares: torch.Tensor
    exponent: torch.Tensor
    scale: torch.Tensor
    mean_distance: torch.Tensor
    start: torch.Tensor
    penalty: torch.Tensor
    preconditioner: torch.Tensor

    @classmethod
    def from_landmarks(cls, points: torch.Tensor, exponent: torch.Tensor, factor: torch.Tensor) -> Self:
        """Compute what does not depend on the sequences; distances are ``factor * r ** exponent``."""
        points, exponent, factor = (values.detach().double() for values in (points, exponent, factor))
        center = points.mean(0)
        # the mean squared distance of a pair is twice the mean square
        unit = ((points - center).square().sum(1).mean() * 2).clamp_min(1e-24).rsqrt()
        scale = factor / unit**exponent
        landmarks = (points - center) * unit
        n_landmarks, n_components = landmarks.shape
        identity = torch.eye(n_components, dtype=landmarks.dtype, device=landmarks.device)
        covariance = landmarks.T @ landmarks / n_landmarks
        spread = (covariance.trace() / n_components).clamp_min(1e-12)
        inverse = torch.linalg.inv(covariance + _RIDGE * spread * identity)
        squares = landmarks.square().sum(1)
        between = squared(landmarks, landmarks).clamp_min(_LEAST_SQUARE)
        distances = scale * between ** (exponent / 2)
        mean_distance = distances.mean().clamp_min(1e-12)
        penalty = _PRIOR / n_components * inverse
        curvature = _weights(distances, mean_distance) * (exponent * distances / between) ** 2
        curvature = (curvature + curvature.T).fill_diagonal_(0)
        mean_matrix = landmarks.T @ (curvature.sum(1)[:, None] * landmarks - curvature @ landmarks)
        mean_matrix = mean_matrix / n_landmarks + penalty
        largest = mean_matrix.diagonal().mean().clamp_min(1e-12)
        return cls(
            center=center.float(),
            unit=unit.float(),
            landmarks=landmarks.float(),
            squares=squares.float(),
            exponent=exponent.float(),
            scale=scale.float(),
            mean_distance=mean_distance.float(),
            start=(landmarks @ inverse / (-2 * n_landmarks)).float(),
            penalty=penalty.float(),
            preconditioner=torch.linalg.inv(mean_matrix + 1e-6 * largest * identity).float(),
        )

    def __call__(self, distances: torch.Tensor) -> torch.Tensor:
        """Return the points of rows of distances, shape (n, n_components)."""
        weights = _weights(distances, self.mean_distance)
        points = self._landmark_mds(distances)
        best, least = points, torch.full_like(points[:, :1], torch.inf)
        for step in range(_GAUSS_NEWTON_STEPS + 1):
            squares = self._squares(points)
            predicted = self.scale * squares ** (self.exponent / 2)
            errors = predicted - distances
            cost = (weights * errors.square()).sum(1, keepdim=True)
            cost += (points @ self.penalty * points).sum(1, keepdim=True)
            best, least = torch.where(cost < least, points, best), torch.minimum(cost, least)
            if step < _GAUSS_NEWTON_STEPS:
                slopes = self.exponent * predicted / squares
                points = points + self._gauss_newton_step(points, weights * slopes, errors, slopes)
        return best / self.unit + self.center

    def _landmark_mds(self, distances: torch.Tensor) -> torch.Tensor:
        """Return the points whose squared Euclidean distances are closest to the given ones."""
        excess = (distances / self.scale) ** (2 / self.exponent) - self.squares
        return (excess - excess.mean(1, keepdim=True)) @ self.start

    def _squares(self, points: torch.Tensor) -> torch.Tensor:
        squares = torch.addmm(self.squares, points, self.landmarks.T, alpha=-2)
        return squares.add_(points.square().sum(1, keepdim=True)).clamp_min_(_LEAST_SQUARE)

    def _gauss_newton_step(
        self, points: torch.Tensor, weighted: torch.Tensor, errors: torch.Tensor, slopes: torch.Tensor
    ) -> torch.Tensor:
        """Solve the linear system of a step by conjugate gradients.

        The derivative of the distance to landmark z is ``slope * (point - z)``.
        """

        def combine(factors: torch.Tensor) -> torch.Tensor:
            """Return the sum of factor * (point - landmark) over the landmarks."""
            return torch.addmm(factors.sum(1, keepdim=True) * points, factors, self.landmarks, alpha=-1)

        curvature = weighted * slopes
        residual = -combine(weighted * errors) - points @ self.penalty
        solution = torch.zeros_like(points)
        direction = scaled = residual @ self.preconditioner
        decrease = (residual * scaled).sum(1, keepdim=True)
        for _ in range(_GRADIENT_STEPS):
            along = torch.addmm(
                (points * direction).sum(1, keepdim=True), direction, self.landmarks.T, alpha=-1
            )
            product = combine(curvature * along) + direction @ self.penalty
            length = decrease / (direction * product).sum(1, keepdim=True).clamp_min(1e-30)
            solution = solution + length * direction
            residual = residual - length * product
            scaled = residual @ self.preconditioner
            previous, decrease = decrease, (residual * scaled).sum(1, keepdim=True)
            direction = scaled + decrease / previous.clamp_min(1e-30) * direction
        return solution


def _weights(distances: torch.Tensor, mean_distance: torch.Tensor) -> torch.Tensor:
    """Return weights of squared errors that sum to 1 over the landmarks for errors relative to the mean."""
    weights = 1 / (distances / mean_distance + 0.1)
    return weights / (weights.sum(1, keepdim=True) * mean_distance.square())
