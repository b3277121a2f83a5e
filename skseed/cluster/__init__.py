"""Hierarchical clusters of sequences, their trees and their representatives.

:class:`SequenceLinkage` is agglomerative clustering by edit distance. It accepts sequences in place of
vectors, and it does not compute all pairs of a large set. :func:`cluster_representatives` returns the medoid
and a consensus string of each cluster.

>>> from skseed.cluster import SequenceLinkage
>>> genes = ["GATTACAGAT", "GATTACACAT", "CCGCGGCCGA", "CCGCGGCCTA"]
>>> SequenceLinkage(n_clusters=2).fit_predict(genes)
array([0, 0, 1, 1])
"""

from skseed.cluster._representatives import cluster_representatives
from skseed.cluster._sequence_linkage import SequenceLinkage

__all__ = ["SequenceLinkage", "cluster_representatives"]
