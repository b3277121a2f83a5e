"""Restore an estimator when its `fit` fails."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

FitT = TypeVar("FitT", bound=Callable[..., Any])


def atomic_fit(fit: FitT) -> FitT:
    """Decorate a ``fit`` method so that all fitted attributes change together or not at all.

    If `fit` raises an error or is interrupted, the decorator restores the attributes from before the call: a
    fitted estimator keeps its earlier state, and a new estimator stays unfitted. Write the decorator above
    ``_fit_context``. `fit` must not change attribute values in place.

    Examples
    --------
    >>> from skseed._atomic_fit import atomic_fit
    >>> class Mean:
    ...     @atomic_fit
    ...     def fit(self, lengths):
    ...         self.n_sequences_ = len(lengths)
    ...         self.mean_ = sum(lengths) / len(lengths)
    ...         return self
    >>> mean = Mean().fit([150, 250])
    >>> mean.fit([])
    Traceback (most recent call last):
    ZeroDivisionError: division by zero
    >>> mean.n_sequences_, mean.mean_
    (2, 200.0)
    """

    @wraps(fit)
    def fit_or_restore(estimator: Any, *args: Any, **kwargs: Any) -> Any:
        before = vars(estimator).copy()
        try:
            return fit(estimator, *args, **kwargs)
        except BaseException:
            vars(estimator).clear()
            vars(estimator).update(before)
            raise

    return fit_or_restore  # type: ignore[return-value]
