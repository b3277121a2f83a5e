"""Exact edit distances of pairs, matrices and large collections of sequences.

The edit (Levenshtein) distance of two sequences is the least number of substitutions, insertions and
deletions that turn one into the other; its unit is the *edit*. :func:`levenshtein_distances` computes the
whole matrix, :func:`levenshtein_neighbors` finds all pairs within a cut-off without it, and
:func:`levenshtein_groups` joins those pairs into groups that are farther apart than the cut-off.

A cut-off `max_distance` is a whole number of edits, or a fraction of the longer of two sequences: with
``max_distance=0.1``, 1,000 symbols allow 100 edits. The parameter `alphabet` sets which characters are equal;
by default, upper case equals lower case, and U equals T among nucleotides. Equal sequences are compared once.
All loops run through joblib: by ``n_jobs``, or by a backend chosen with ``joblib.parallel_config``.

>>> from skseed.distances import levenshtein_groups, levenshtein_neighbors
>>> genes = ["ATGGCATTA", "ATGGCTTTA", "ATGGCTTTACC", "CCCGGGAAA"]
>>> levenshtein_neighbors(genes, max_distance=0.25).toarray()
array([[0, 1, 0, 0],
       [1, 0, 2, 0],
       [0, 2, 0, 0],
       [0, 0, 0, 0]])
>>> levenshtein_groups(genes, max_distance=0.25)
array([0, 0, 0, 1])
"""

from skseed.distances._levenshtein_distances import levenshtein_distances
from skseed.distances._levenshtein_groups import levenshtein_groups
from skseed.distances._levenshtein_index import LevenshteinIndex
from skseed.distances._levenshtein_neighbors import levenshtein_neighbors

__all__ = ["LevenshteinIndex", "levenshtein_distances", "levenshtein_groups", "levenshtein_neighbors"]
