"""Estimate edit distances from vectors: distances to landmarks, or the output of a transformer."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from skseed._progress import track
from skseed._sequences import Sequences
from skseed.distances import levenshtein_distances

# pairs with exact distances that calibrate the estimate: rows × landmarks
_N_CALIBRATION_ROWS = 2000
_N_CALIBRATION_LANDMARKS = 8

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Points:
    """Vectors of sequences, and the estimate of edit distances from them.

    The estimate of a pair is ``slope * distance(u, v) + excess[u] + excess[v]``, in edits.

    Parameters
    ----------
    vectors : ndarray of shape (n, n_features), dtype float32
        One vector for each sequence, or the mean vector of each group of sequences.
    excess : ndarray of shape (n,), dtype float32
        The share of a sequence, or the mean of a group, in all its distances.
    slope : float
        Edits per unit of the distance of vectors.
    metric : callable, default=None
        Returns the distances of all pairs of some vectors; None is Euclidean.
    """

    vectors: npt.NDArray[np.float32]
    excess: npt.NDArray[np.float32]
    slope: float = 1.0
    metric: Callable[[Any], Floats] | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, indices: npt.NDArray[np.intp]) -> "Points":
        """Return the points at `indices`."""
        return replace(self, vectors=self.vectors[indices], excess=self.excess[indices])

    def means(self, groups: npt.NDArray[np.intp], counts: npt.NDArray[np.integer]) -> "Points":
        """Return the mean of each group, in which point `i` counts ``counts[i]`` times."""
        totals = np.bincount(groups, weights=counts)
        columns = [*self.vectors.T, self.excess]
        sums = [np.bincount(groups, weights=column * counts) for column in columns]
        means = np.asarray(np.stack(sums, axis=1) / totals[:, None], dtype=np.float32)
        return replace(self, vectors=means[:, :-1], excess=means[:, -1])

    def distances(self) -> npt.NDArray[np.float32]:
        """Return the estimated edit distances of all pairs."""
        metric = euclidean if self.metric is None else self.metric
        distances = np.asarray(metric(self.vectors), dtype=np.float32)
        distances *= np.float32(self.slope)
        distances += self.excess[:, None]
        distances += self.excess
        np.fill_diagonal(distances, 0)
        return distances


def euclidean(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the Euclidean distances of all pairs, computed in one matrix."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    distances = vectors @ (-2 * vectors.T)
    distances += squares[:, None]
    distances += squares
    np.maximum(distances, 0, out=distances)
    return np.sqrt(distances, out=distances)


def landmark_points(sequences: Sequences, *, n_jobs: int | None) -> Points:
    """Return vectors of exact distances to landmarks, and the estimate that fits these distances best.

    There are 2 log2(n) landmarks. Each one is the sequence farthest from all earlier ones. From a vector of
    distances, its mean is subtracted, because an unusual sequence is equally far from all landmarks, and two
    of them are not similar to each other. The mean enters the estimate as a term of its own.
    """
    n_landmarks = max(1, round(2 * math.log2(len(sequences))))
    landmarks, edits = _farthest_first(sequences, n_landmarks, n_jobs)
    distances = edits.astype(np.float32)
    means = distances.mean(axis=1)
    vectors = distances - means[:, None]
    rows = _spread(len(sequences), _N_CALIBRATION_ROWS)
    gaps = _between(vectors[rows], vectors[landmarks])
    slope, share = _calibrate([gaps, means[rows, None] + means[landmarks]], distances[rows])
    return Points(vectors, np.float32(share) * means, slope)


def transformed_points(
    sequences: Sequences, vectors: Any, *, metric: Callable[..., Floats] | None, n_jobs: int | None
) -> Points:
    """Return the points of a transformer, with a factor that turns their distances into edits."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(sequences) or not np.isfinite(vectors).all():
        raise ValueError(
            f"embedder.transform returned an array of shape {vectors.shape} for {len(sequences)} sequences; "
            "it must return a matrix of finite numbers with one row for each sequence."
        )
    rows = _spread(len(sequences), _N_CALIBRATION_ROWS)
    columns = _spread(len(sequences), _N_CALIBRATION_LANDMARKS)
    edits = levenshtein_distances(sequences.take(rows), sequences.take(columns), n_jobs=n_jobs)
    between = _between if metric is None else metric
    gaps = np.asarray(between(vectors[rows], vectors[columns]))
    (slope,) = _calibrate([gaps], edits)
    return Points(vectors, np.zeros(len(vectors), dtype=np.float32), slope, metric)


def _farthest_first(
    sequences: Sequences, n_landmarks: int, n_jobs: int | None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.signedinteger]]:
    """Return landmarks and the distances of all sequences to them, shape (n, n_landmarks).

    Several landmarks in one step would take less time, but their trees are worse.
    """
    landmarks: list[int] = []
    columns: list[npt.NDArray[np.signedinteger]] = []
    nearest = _distances_to(sequences, 0, n_jobs)
    for _ in track(range(n_landmarks), n_landmarks, "landmarks"):
        if not nearest.any():
            break
        landmarks.append(int(np.argmax(nearest)))
        columns.append(_distances_to(sequences, landmarks[-1], n_jobs))
        # the first sequence only starts the choice
        nearest = np.minimum(nearest, columns[-1]) if len(columns) > 1 else columns[-1]
    return np.array(landmarks), np.stack(columns, axis=1)


def _distances_to(sequences: Sequences, index: int, n_jobs: int | None) -> npt.NDArray[np.signedinteger]:
    return levenshtein_distances(sequences, sequences.take([index]), n_jobs=n_jobs)[:, 0]


def _spread(n: int, n_most: int) -> npt.NDArray[np.intp]:
    """Return at most `n_most` indices below `n`, evenly spaced."""
    return np.linspace(0, n - 1, min(n, n_most)).round().astype(np.intp)


def _between(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the Euclidean distances between two sets of vectors, exactly zero for equal ones."""
    return np.stack([np.sqrt(((one - row) ** 2).sum(axis=1)) for row in other], axis=1).astype(np.float64)


def _calibrate(terms: list[Floats], edits: npt.NDArray[np.number]) -> list[float]:
    """Return the non-negative factors of some terms that fit the exact distances best."""
    known = edits > 0
    factors = nnls(np.stack([term[known] for term in terms], axis=1), edits[known].astype(np.float64))[0]
    # all terms are 0 if a transformer returns equal vectors
    return factors.tolist() if factors.any() else [1.0] * len(terms)
