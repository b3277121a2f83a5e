"""Weights of rows from weights of samples and classes."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.class_weight import compute_class_weight

Floats = npt.NDArray[np.float64]


def row_weights(
    class_weight: Any, classes: npt.NDArray[Any], targets: npt.NDArray[np.integer], sample_weight: Floats
) -> Floats:
    """Return the product of the weight of each row and that of its class.

    If `class_weight` is a number p, the weight of a class is ``count ** -p``. The sum of the product over all
    rows is then the sum of `sample_weight`. A count is the sum of the weights of the rows.
    """
    if class_weight is None or isinstance(class_weight, dict):
        labels = classes[targets]
        weights: Floats = (
            sample_weight * compute_class_weight(class_weight, classes=classes, y=labels)[targets]
        )
        return weights
    power = float(class_weight) if isinstance(class_weight, Real) else 1.0
    counts = np.bincount(targets, sample_weight)
    weights = sample_weight * counts[targets] ** -power
    scaled: Floats = weights * (sample_weight.sum() / weights.sum())
    return scaled
