"""Splitters that keep relatives on one side.

Sequences descend from each other. A random split puts siblings on both sides, and the score
measures how well a model recognises them. The splitters here are ordinary scikit-learn splitters
(``cv=`` of ``cross_validate`` and ``GridSearchCV``) that compute from the sequences who is related:
:class:`LevenshteinGroupKFold` by edit distance, with a guarantee; :class:`PhylogeneticGroupSplit` by
the clades of a tree.

>>> from sklearn.model_selection import KFold
>>> from skseed.distances import levenshtein_distances
>>> from skseed.model_selection import LevenshteinGroupKFold
>>> genes = ["GATTACA", "CCGCGG", "GATTACC", "CCGCG"]
>>> for cv in (KFold(2), LevenshteinGroupKFold(2, max_distance=1)):
...     print([int(levenshtein_distances(genes)[test][:, train].min()) for train, test in cv.split(genes)])
[1, 1]
[6, 6]
"""

from skseed.model_selection._levenshtein_group_kfold import LevenshteinGroupKFold
from skseed.model_selection._phylogenetic_group_split import PhylogeneticGroupSplit

__all__ = ["LevenshteinGroupKFold", "PhylogeneticGroupSplit"]
