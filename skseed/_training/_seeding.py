"""Derive seeds from `random_state`, and draw initial weights from a seed."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from sklearn.utils import check_random_state

from skseed._training._threads import weights_lock

ModuleT = TypeVar("ModuleT", bound=torch.nn.Module)


def draw_seeds(random_state: int | np.random.RandomState | None, n_seeds: int) -> list[int]:
    """Return seeds drawn from `random_state`, one for each random component of an estimator."""
    return check_random_state(random_state).randint(np.iinfo(np.int32).max, size=n_seeds).tolist()


def build_seeded(build: Callable[[], ModuleT], seed: int) -> ModuleT:
    """Return ``build()`` with weights drawn from `seed`, and restore torch's global generator."""
    with weights_lock, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()
