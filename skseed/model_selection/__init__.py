"""Splitters that keep relatives on one side.

Sequences descend from each other. A random split puts siblings on both sides, and the score
measures how well a model recognises them. The splitters here are ordinary scikit-learn splitters
(``cv=`` of ``cross_validate`` and ``GridSearchCV``) that compute from the sequences who is related:
:class:`LevenshteinGroupKFold` by edit distance, with a guarantee; :class:`PhylogeneticGroupSplit` by
the clades of a tree. :func:`train_validation_test_split` turns either into three parts, and
:func:`leakage_report` tells, for any splitter, how far each test sequence is from training.

>>> from sklearn.model_selection import KFold
>>> from skseed.model_selection import LevenshteinGroupKFold, leakage_report
>>> genes = ["GATTACA", "CCGCGG", "GATTACC", "CCGCG"]
>>> for cv in (KFold(2), LevenshteinGroupKFold(2, max_distance=1)):
...     print(leakage_report(genes, cv).edits.tolist())
[1.0, 1.0, 1.0, 1.0]
[7.0, 6.0, 6.0, 6.0]
"""

from skseed.model_selection._leakage_report import leakage_report
from skseed.model_selection._levenshtein_group_kfold import LevenshteinGroupKFold
from skseed.model_selection._phylogenetic_group_split import PhylogeneticGroupSplit
from skseed.model_selection._three_way_split import train_validation_test_split

__all__ = [
    "LevenshteinGroupKFold",
    "PhylogeneticGroupSplit",
    "leakage_report",
    "train_validation_test_split",
]
