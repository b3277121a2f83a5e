"""Compute the points of sequences, the distances between points, and their validation loss."""

import math
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import torch

from skseed._parallel import run_blocks
from skseed._progress import track
from skseed._sequences import Sequences
from skseed._tokens import warn_unknown_sequences
from skseed._training import forward_in_batches, one_torch_thread
from skseed.embedding._encoder import Featurizer
from skseed.nn import PairwiseDistance, SiameseNet

MAX_VALIDATION_ROWS = 1000
_ROWS = 256
_CHUNK_ROWS = 2048
_CHUNK_BYTES = 1 << 26


def embed(
    encoder: torch.nn.Module, featurizer: Featurizer, sequences: Sequences, *, device: str, n_jobs: int | None
) -> npt.NDArray[np.float32]:
    """Return the points of sequences, and warn about sequences whose features are all unknown.

    The features of some thousand sequences are in memory at once.
    """
    encoder = encoder.to(device).eval()
    bytes_per_row = 4 * math.prod(featurizer.shape)
    # whole batches, so that the size of a chunk does not change the result
    n_rows = max(1, min(_CHUNK_ROWS, _CHUNK_BYTES // bytes_per_row) // _ROWS) * _ROWS

    def embed_chunk(chunk: Sequences) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        features = featurizer(chunk)
        return forward_in_batches(encoder, features, batch_size=_ROWS, device=device), featurizer.is_known(
            features
        )

    starts = range(0, len(sequences), n_rows)
    tasks = (joblib.delayed(embed_chunk)(sequences.slice(start, start + n_rows)) for start in starts)
    results = run_blocks(tasks, n_jobs=n_jobs, prefer="threads", ordered=True)
    sizes = [min(n_rows, len(sequences) - start) for start in starts]
    points, known = zip(*track(results, len(sequences), "sequences", sizes=sizes), strict=True)
    warn_unknown_sequences(
        np.concatenate(known),
        kind=featurizer.feature_name,
        effect="their points are meaningless; remove such sequences",
    )
    return np.concatenate(points)


def validation_loss(
    encoder: torch.nn.Module,
    features: npt.NDArray[Any],
    loss_of_points: Callable[[torch.Tensor], torch.Tensor],
    device: str,
) -> Callable[[], float]:
    """Return a function that computes the present loss of the points of the validation split."""

    def loss() -> float:
        points = forward_in_batches(encoder.eval(), features, batch_size=_ROWS, device=device)
        with torch.inference_mode():
            return float(loss_of_points(torch.as_tensor(points, device=device)))

    return loss


def calibrate(module: SiameseNet, features: npt.NDArray[Any], distances: npt.NDArray[np.float32]) -> int:
    """Set the scale so that the mean predicted distance of a sample equals the mean target distance.

    Returns the number of components of a point.
    """
    with one_torch_thread(), torch.no_grad():
        points = module.encoder(torch.from_numpy(features))
    if points.ndim != 2 or len(points) != len(features):
        raise ValueError(
            f"The module of the encoder returned points of shape {tuple(points.shape)} for {len(features)} "
            f"sequences; it must return shape ({len(features)}, n_components)."
        )
    module.distance.calibrate(points, float(distances.mean()))
    return points.shape[1]


def predicted_distances(
    distance: PairwiseDistance,
    points: npt.NDArray[np.float32],
    others: npt.NDArray[np.float32] | None,
    *,
    unit: float,
    device: str,
) -> npt.NDArray[np.float64]:
    """Return the distances between points, times a unit.

    Without `others` the matrix is exactly symmetric and its diagonal is 0.
    """
    distance = distance.to(device)
    left = torch.as_tensor(points, device=device)
    right = left if others is None else torch.as_tensor(others, device=device)
    distances = np.empty((len(left), len(right)))
    with one_torch_thread(), torch.inference_mode():
        starts = range(0, len(left), _ROWS)
        sizes = [min(_ROWS, len(left) - start) for start in starts]
        for start in track(starts, len(left), "rows of distances", sizes=sizes):
            rows, after = slice(start, start + _ROWS), slice(start + _ROWS, None)
            columns = slice(None) if others is not None else slice(start, None)
            distances[rows, columns] = distance(left[rows], right[columns]).cpu().numpy() * unit
            if others is None:
                upper = np.triu(distances[rows, rows], k=1)
                distances[rows, rows] = upper + upper.T
                distances[after, rows] = distances[rows, after].T
    return distances
