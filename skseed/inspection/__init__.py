"""Pictures of what was learnt and how it was tested.

A Display holds the numbers of one picture and draws them when asked, as scikit-learn's displays do:
``from_…`` computes, ``plot`` draws on matplotlib axes, and the axes and artists stay at hand. Nothing
here imports matplotlib before ``plot`` is called.

>>> from sklearn.model_selection import KFold
>>> from skseed.inspection import SplitLeakageDisplay
>>> genes = ["GATTACA", "CCGCGG", "GATTACC", "CCGCG"]
>>> display = SplitLeakageDisplay.from_splits(genes, KFold(2))
>>> display.report.fraction.round(2).tolist()
[0.14, 0.17, 0.14, 0.17]
"""

from skseed.inspection._lab_profiles import lab_profiles
from skseed.inspection._mutation_robustness import MutationRobustnessDisplay
from skseed.inspection._split_leakage import SplitLeakageDisplay
from skseed.inspection._token_importance import TokenImportanceDisplay

__all__ = ["MutationRobustnessDisplay", "SplitLeakageDisplay", "TokenImportanceDisplay", "lab_profiles"]
