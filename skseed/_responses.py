"""Read the class scores of a fitted classifier, and the last step of a pipeline or a search."""

from typing import Any

import numpy as np
import numpy.typing as npt


def last_step(estimator: Any) -> Any:
    """Return the last estimator of a search or a pipeline, or the estimator itself."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            return estimator


def class_scores(estimator: Any, X: Any) -> npt.NDArray[Any]:
    """Return the scores of the classes, shape (n_samples, n_classes); higher is likelier.

    The scores are those of ``decision_function`` or, if there is none, of ``predict_proba``. The single
    column that some classifiers return for two classes becomes two columns.

    Raises
    ------
    TypeError
        If the estimator has neither method.
    """
    if hasattr(estimator, "decision_function"):
        scores = np.asarray(estimator.decision_function(X))
        return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            "A ranking needs an estimator with decision_function or predict_proba; got "
            f"{type(last_step(estimator)).__name__}."
        )
    return np.asarray(estimator.predict_proba(X))
