"""Fold a line in a few dimensions with exact distances between near places."""

import math

import torch

_N_STEPS = 300
_LR = 0.1
_UNFOLDING = 0.6
_POWER = 0.6
_ROOM = 1.5
_FAR_WEIGHT = 10.0
_BLOCK = 64
_BLOCKS = 16


def fold_line(places: torch.Tensor, n_components: int, *, generator: torch.Generator) -> torch.Tensor:
    """Return points of a folded line: exact distances below one unit, and larger distances elsewhere.

    A straight line has exact distances too, but its ends are so far apart that a small relative error exceeds
    one unit. The line starts as a smooth random curve. The optimization first fits the distances of far
    places to the power 0.6 of the true ones, which gives a loose coil. Gradually, a lower bound of 1.5 units
    replaces this target, so the coil tightens without touching itself.

    Parameters
    ----------
    places : Tensor of shape (n_places,)
        Positions along the line, ascending, in units; about three in each unit.
    n_components : int
        The dimension of the points. With one, the line stays straight; with two, it may cross itself.
    generator : torch.Generator
        The source of randomness.

    Returns
    -------
    points : Tensor of shape (n_places, n_components)
        The points.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import fold_line
    >>> points = fold_line(torch.arange(0, 20, 0.5), 3, generator=torch.Generator().manual_seed(0))
    >>> bool((points[1:] - points[:-1]).norm(dim=1).sub(0.5).abs().max() < 0.1)
    True
    """
    if n_components == 1 or len(places) < 2:
        points = places.new_zeros(len(places), n_components)
        points[:, 0] = places
        return points
    points = _smooth_curve(places, n_components, generator).requires_grad_()
    n_blocks = math.ceil(len(places) / _BLOCK)
    n_steps = _N_STEPS * math.ceil(n_blocks / _BLOCKS)
    optimizer = torch.optim.Adam([points], lr=_LR)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=_LR, total_steps=n_steps + 1)
    for step in range(n_steps):
        share = max(0.0, 1 - step / (_UNFOLDING * n_steps))
        blocks = torch.randperm(n_blocks, generator=generator)[:_BLOCKS]
        chosen = (blocks[:, None] * _BLOCK + torch.arange(_BLOCK)).flatten()
        chosen = chosen[chosen < len(places)]
        loss = _fold_loss(points[chosen], places[chosen], share)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return points.detach()


def local_losses(
    learned: torch.Tensor, true: torch.Tensor, *, room: float = 1.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean squared error of pairs below one unit, and the mean squared shortfall of the others.

    The shortfall is the difference to the true distance, or to `room` units if that is less. Both means have
    the same weight, whatever the number of near pairs.
    """
    near = true < 1
    shortfall = (true[~near].clamp_max(room) - learned[~near]).clamp_min(0)
    return mean_or_zero((learned - true)[near].square()), mean_or_zero(shortfall.square())


def mean_or_zero(values: torch.Tensor) -> torch.Tensor:
    """Return the mean of some values, 0 if there are none: a batch may have no near or no far pair."""
    return values.sum() / max(len(values), 1)


def _smooth_curve(places: torch.Tensor, n_components: int, generator: torch.Generator) -> torch.Tensor:
    """Return a random sum of a few waves over the whole line, about as wide as the folded line."""
    span = places - places[0]
    waves = torch.arange(1, 2 * n_components + 1)
    weights = torch.randn(len(waves), n_components, generator=generator) / waves[:, None]
    curve = torch.cos(math.pi * span[:, None] / span[-1].clamp_min(1e-6) * waves) @ weights
    return curve / curve.std(0).norm().clamp_min(1e-6) * 0.3 * span[-1] ** _POWER


def _fold_loss(points: torch.Tensor, places: torch.Tensor, share: float) -> torch.Tensor:
    rows, columns = torch.triu_indices(len(points), len(points), offset=1)
    learned = ((points[rows] - points[columns]).square().sum(1) + 1e-12).sqrt()
    true = (places[rows] - places[columns]).abs()
    near_loss, far_loss = local_losses(learned, true, room=_ROOM)
    far = true >= 1
    coiled = mean_or_zero((learned[far] / true[far] ** _POWER - 1).square())
    return near_loss + _FAR_WEIGHT * (1 - share) * far_loss + share * coiled
