"""Candidates for the nearest sequences, by the distances of vectors."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

_DISTANCES_AT_ONCE = 1 << 24


class VectorCandidates:
    """The vectors of a collection of sequences, and a search for those nearest to the vectors of queries.

    The distance of vectors is that of the method ``distances_from_points`` if the transformer has it, as
    ``EditDistanceEmbedder`` does, and Euclidean otherwise.

    Parameters
    ----------
    transformer : transformer
        A fitted transformer of sequences into vectors.
    X : array-like of str of shape (n_sequences,)
        The sequences.
    n_jobs : int or None
        The number of jobs of scikit-learn's search.
    """

    def __init__(self, transformer: Any, X: Any, *, n_jobs: int | None) -> None:
        self._transformer = transformer
        self._points = transformer.transform(X)
        self._search = None
        if not hasattr(transformer, "distances_from_points"):
            self._search = NearestNeighbors(algorithm="brute", n_jobs=n_jobs).fit(self._points)

    def nearest(self, X: Any, n_candidates: int) -> npt.NDArray[np.int64]:
        """Return the sequences whose vectors are nearest to those of each query, the nearest first.

        None stands for the sequences of the collection, which are not their own candidates.
        """
        if self._search is not None:
            points = None if X is None else self._transformer.transform(X)
            found: npt.NDArray[np.int64] = self._search.kneighbors(
                points, n_candidates, return_distance=False
            )
            return found
        points = self._points if X is None else self._transformer.transform(X)
        step = max(1, _DISTANCES_AT_ONCE // len(self._points))
        blocks = []
        for start in range(0, len(points), step):
            distances = self._transformer.distances_from_points(points[start : start + step], self._points)
            if X is None:
                rows = np.arange(len(distances))
                distances[rows, start + rows] = np.inf
            least = np.argpartition(distances, n_candidates - 1, axis=1)[:, :n_candidates]
            order = np.argsort(np.take_along_axis(distances, least, axis=1), axis=1, kind="stable")
            blocks.append(np.take_along_axis(least, order, axis=1))
        return np.concatenate(blocks)
