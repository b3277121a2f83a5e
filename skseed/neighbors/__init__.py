"""Nearest sequences by edit distance, as a scikit-learn estimator.

:class:`SequenceNeighbors` finds the nearest sequences of a query, or all sequences within a radius. As a
transformer it returns the sparse graph of these distances, so that scikit-learn's density clustering,
nearest-neighbor classifiers and maps work on sequences.

>>> from sklearn.cluster import DBSCAN
>>> from sklearn.pipeline import make_pipeline
>>> from skseed.neighbors import SequenceNeighbors
>>> genes = ["ATGGCATTA", "ATGGCTTTA", "ATGGCTTTACC", "CCCGGGAAA", "CCCGGGATA"]
>>> clustering = DBSCAN(eps=2, min_samples=2, metric="precomputed")
>>> make_pipeline(SequenceNeighbors(radius=3), clustering).fit_predict(genes)
array([0, 0, 0, 1, 1])
"""

from skseed.neighbors._sequence_neighbors import SequenceNeighbors

__all__ = ["SequenceNeighbors"]
