"""Splitters that keep related sequences in one set, and a report of leakage.

Most sequences have relatives in their data set. A random split puts relatives into both training and test, so
that the score measures how well a model recognizes them. The splitters compute the relatives from the
sequences or from a tree. They are scikit-learn splitters, for ``cv=`` of ``cross_validate`` and
``GridSearchCV``.

- :class:`LevenshteinGroupKFold` groups sequences by edit distance, or by the hits of another tool, and
  guarantees a least distance between test and training. It can break chains that make a group too large.
- :class:`PhylogeneticGroupSplit` holds out whole clades of a tree.
- :func:`train_validation_test_split` makes three sets with either splitter.
- :func:`leakage_report` computes the distance of each test sequence to its nearest training sequence, for any
  splitter.

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
