"""Metrics of edit-distance embeddings, rankings, calibration, novelty detection and trees.

:func:`percent_rmse` scores an embedding by the root mean squared error of its distances, in percent of the
sequence length. :func:`true_label_rank` returns the rank of the true label in a ranking;
:func:`top_k_score` and :func:`rank_quantiles` summarize these ranks. :func:`fpr_at_tpr` and
:func:`oscr_score` score novelty detection, and :func:`expected_calibration_error` scores probabilities.
:func:`dasgupta_cost` compares trees of the same sequences.
:func:`risk_coverage_curve` and :func:`risk_coverage_area` score a classifier that abstains.

:obj:`percent_rmse_scorer` and :func:`top_k_scorer` serve as ``scoring=`` in ``GridSearchCV``. For every
scorer, higher is better. The documentation of each metric states its formula, its best and worst value and
the value of random guessing. Labels, scores and booleans of the wrong kind raise a ValueError that names
the index.

>>> from skseed.metrics import percent_rmse, rank_quantiles, true_label_rank
>>> percent_rmse([10, 20], [13, 16], length=100)
3.5355339059327378
>>> ranks = true_label_rank(["b", "a"], [[0.1, 0.7, 0.2], [0.3, 0.6, 0.1]], labels=["a", "b", "c"])
>>> ranks
array([1, 2])
>>> rank_quantiles(ranks, levels=[0.5, 0.9])
array([1, 2])
"""

from skseed.metrics._calibration import expected_calibration_error
from skseed.metrics._dasgupta_cost import dasgupta_cost
from skseed.metrics._edit_distance import percent_rmse
from skseed.metrics._open_set import fpr_at_tpr, oscr_score
from skseed.metrics._ranking import rank_quantiles, top_k_score, true_label_rank
from skseed.metrics._scorers import percent_rmse_scorer, top_k_scorer
from skseed.metrics._selective import risk_coverage_area, risk_coverage_curve

__all__ = [
    "dasgupta_cost",
    "expected_calibration_error",
    "fpr_at_tpr",
    "oscr_score",
    "percent_rmse",
    "percent_rmse_scorer",
    "rank_quantiles",
    "risk_coverage_area",
    "risk_coverage_curve",
    "top_k_score",
    "top_k_scorer",
    "true_label_rank",
]
