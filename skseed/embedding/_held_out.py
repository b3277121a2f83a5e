"""The part of the training sequences by which an embedder knows when to stop."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from skseed._training import forward_in_batches, split_by_group
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
    return split_by_group(number_groups(groups, X), fraction, seed=seed, max_held_out=_MOST)


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
