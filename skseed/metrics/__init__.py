"""Scores for embeddings of the edit distance and for rankings of sources.

An embedding is scored by :func:`percent_rmse`: the root mean squared error of its distances, in
percent of the sequence length. A ranking is scored by the *rank* of the true label
(:func:`true_label_rank`): :func:`top_k_score` asks how often it is at most ``k``,
:func:`rank_quantiles` how large ``k`` must be to keep the true label often enough. Whether a ranker
knows what it does not know is scored by :func:`fpr_at_tpr` and :func:`oscr_score`, and whether its
probabilities are to be believed by :func:`expected_calibration_error`.

:obj:`percent_rmse_scorer` and :func:`top_k_scorer` carry the first two into ``GridSearchCV``. For
every scorer, higher is better.

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
from skseed.metrics._edit_distance import percent_rmse
from skseed.metrics._open_set import fpr_at_tpr, oscr_score
from skseed.metrics._ranking import rank_quantiles, top_k_score, true_label_rank
from skseed.metrics._scorers import percent_rmse_scorer, top_k_scorer

__all__ = [
    "expected_calibration_error",
    "fpr_at_tpr",
    "oscr_score",
    "percent_rmse",
    "percent_rmse_scorer",
    "rank_quantiles",
    "top_k_score",
    "top_k_scorer",
    "true_label_rank",
]
