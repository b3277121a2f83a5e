"""The part of the training sequences by which an embedder knows when to stop."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import GroupShuffleSplit

from skseed._nets import forward_in_batches
from skseed._validation import number_groups
from skseed.nn import SiameseNet

# half a million pairs tell the loss to a fraction of a per cent
_MOST = 1000
_ROWS = 256


def hold_out(
    X: Any, groups: Any, fraction: float, seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows to train on and those held out, which are whole groups.

    There are at least two of each, and of those held out as many at most as a loss needs. Without
    `groups` every row is its own; with the fraction 0 none is held out.
    """
    numbers = number_groups(groups, X)
    if not fraction:
        return np.arange(len(numbers)), np.arange(0)
    n_groups = int(numbers.max()) + 1
    n_held_out = max(1, round(fraction * n_groups))
    if n_held_out < n_groups:
        splitter = GroupShuffleSplit(1, test_size=n_held_out, random_state=seed)
        train, held_out = next(splitter.split(numbers, groups=numbers))
        if min(len(train), len(held_out)) >= 2:
            return train, np.sort(np.random.default_rng(seed).permutation(held_out)[:_MOST])
    raise ValueError(
        f"validation_fraction={fraction} of {n_groups} groups leaves fewer than 2 sequences to train on or "
        "to validate with; pass another fraction, 0 for none, or more groups."
    )


def held_out_loss(
    module: SiameseNet,
    criterion: torch.nn.Module,
    codes: npt.NDArray[np.uint8],
    inputs: Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]],
    distances: npt.NDArray[np.float32],
    device: str,
) -> Callable[[], float]:
    """Return a function that says how large the loss over all pairs of held-out sequences is now."""
    made = inputs(codes)
    true = torch.from_numpy(distances)

    def loss() -> float:
        points = forward_in_batches(module.encoder.eval(), made, batch_size=_ROWS, device=device)
        with torch.inference_mode():
            embedded = torch.as_tensor(points, device=device)
            return float(criterion(module.distance(embedded, embedded).cpu(), true))

    return loss
