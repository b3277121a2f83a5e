"""Edit distances between sequences, exact and at scale.

The edit (Levenshtein) distance of two sequences is the least number of substitutions, insertions
and deletions that turn one into the other; it is counted in *edits*. Three questions, three
functions: :func:`levenshtein_distances` fills the whole matrix, :func:`levenshtein_neighbors` finds
all pairs within a cut-off without it, and :func:`levenshtein_groups` joins those pairs into groups
between which nothing is close.

A cut-off `max_distance` is a whole number of edits, or a fraction of the longer of two sequences:
with ``max_distance=0.1``, 1,000 symbols allow 100 edits. Equal sequences are compared once, and all
loops run through joblib: ``n_jobs``, or a backend chosen by ``joblib.parallel_config``.

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
from skseed.distances._levenshtein_neighbors import levenshtein_neighbors

__all__ = ["levenshtein_distances", "levenshtein_groups", "levenshtein_neighbors"]
