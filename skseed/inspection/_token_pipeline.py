"""Steps of a pipeline that tokenizes sequences and ranks labs."""

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skseed.preprocessing import BPETokenizer


def token_pipeline(estimator: Any) -> tuple[Pipeline, BPETokenizer, Any]:
    """Return the fitted steps before the ranker, the tokenizer among them, and the ranker.

    Raises a TypeError that names the missing step.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    wanted = "pass a fitted pipeline of sequences that has a BPETokenizer and ends in TripletLabRanker"
    if not isinstance(estimator, Pipeline):
        raise TypeError(f"The estimator is of type {type(estimator).__name__}; {wanted}.")
    tokenizers = [step for _, step in estimator.steps if isinstance(step, BPETokenizer)]
    if len(tokenizers) != 1:
        raise TypeError(f"The pipeline has {len(tokenizers)} steps of type BPETokenizer; {wanted}.")
    ranker = estimator.steps[-1][1]
    if not hasattr(ranker, "token_importance"):
        raise TypeError(f"The pipeline ends in {type(ranker).__name__}; {wanted} or SoftmaxLabRanker.")
    check_is_fitted(ranker)
    return estimator[:-1], tokenizers[0], ranker
