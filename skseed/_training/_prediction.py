"""Choose the torch device and compute predictions in batches."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from skseed._training._threads import one_torch_thread


def resolve_device(device: str) -> str:
    """Return `device`, with ``"auto"`` replaced by ``"cuda"`` if it is available and ``"cpu"`` otherwise.

    Raises
    ------
    ValueError
        If `device` is a CUDA device and CUDA is not available.
    """
    available = torch.cuda.is_available()
    if device == "auto":
        return "cuda" if available else "cpu"
    if device.startswith("cuda") and not available:
        raise ValueError(
            f"device={device!r} is not available on this machine; call set_params(device='cpu') first."
        )
    return device


def forward_in_batches(
    forward: Callable[..., torch.Tensor],
    *arrays: np.ndarray[Any, Any],
    batch_size: int,
    device: str,
) -> np.ndarray[Any, Any]:
    """Return ``forward(*arrays)``, computed without gradients on `batch_size` rows at a time.

    `forward` takes one tensor for each array and returns a tensor with as many rows. Unlike skorch's
    prediction, this function does not change torch's global generator.
    """
    outputs = []
    with one_torch_thread(), torch.inference_mode():
        for start in range(0, len(arrays[0]), batch_size):
            batch = [torch.as_tensor(array[start : start + batch_size], device=device) for array in arrays]
            outputs.append(forward(*batch).cpu().numpy())
    return np.concatenate(outputs)
