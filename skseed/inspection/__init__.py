"""Plot and explain fitted rankers, trees and cross-validation splits.

A Display follows scikit-learn's display pattern: ``from_…`` computes the numbers, ``plot`` plots them and
keeps the axes and artists as attributes. matplotlib is imported by ``plot`` only.

>>> from sklearn.model_selection import KFold
>>> from skseed.inspection import SplitLeakageDisplay
>>> genes = ["GATTACA", "CCGCGG", "GATTACC", "CCGCG"]
>>> display = SplitLeakageDisplay.from_splits(genes, KFold(2))
>>> display.report.fraction.round(2).tolist()
[0.14, 0.17, 0.14, 0.17]
"""

from skseed.inspection._dendrogram import DendrogramDisplay
from skseed.inspection._distance_error import DistanceErrorDisplay
from skseed.inspection._lab_profiles import lab_profiles
from skseed.inspection._mutation_robustness import MutationRobustnessDisplay
from skseed.inspection._reliability import ReliabilityDisplay
from skseed.inspection._risk_coverage import RiskCoverageDisplay
from skseed.inspection._shared_stretches import SharedStretchesDisplay
from skseed.inspection._split_leakage import SplitLeakageDisplay
from skseed.inspection._token_importance import TokenImportanceDisplay
from skseed.inspection._top_k import TopKDisplay
from skseed.inspection._training_history import TrainingHistoryDisplay

__all__ = [
    "DendrogramDisplay",
    "DistanceErrorDisplay",
    "MutationRobustnessDisplay",
    "ReliabilityDisplay",
    "RiskCoverageDisplay",
    "SharedStretchesDisplay",
    "SplitLeakageDisplay",
    "TokenImportanceDisplay",
    "TopKDisplay",
    "TrainingHistoryDisplay",
    "lab_profiles",
]
