"""Import the private names of scikit-learn that skseed uses.

Private names move between releases, so no other module imports them.
"""

from sklearn.base import _fit_context
from sklearn.callback import CallbackSupportMixin
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval,
    InvalidParameterError,
    Options,
    RealNotInt,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils._param_validation import StrOptions as _StrOptions
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import _check_method_params, _check_sample_weight, _num_samples

__all__ = [
    "BaseSearchCV",
    "CallbackSupportMixin",
    "HasMethods",
    "Hidden",
    "Interval",
    "InvalidParameterError",
    "Options",
    "RealNotInt",
    "StrOptions",
    "_BaseComposition",
    "_check_method_params",
    "_check_sample_weight",
    "_fit_context",
    "_num_samples",
    "validate_parameter_constraints",
    "validate_params",
]


class StrOptions(_StrOptions):
    """A constraint to some strings, which an error lists in alphabetical order."""

    def __str__(self) -> str:
        return f"a str among {{{', '.join(sorted(map(repr, self.options)))}}}"
