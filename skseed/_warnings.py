"""Issue warnings that name the line of the user's code."""

import sys
import warnings
from pathlib import Path

import sklearn

# scikit-learn wraps transform to return pandas tables, and calls the steps of a pipeline
_LIBRARIES = tuple(str(Path(file).parent) for file in (__file__, sklearn.__file__))


def warn_user(message: str) -> None:
    """Issue a UserWarning for the nearest calling line outside skseed and scikit-learn."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_LIBRARIES):
        frame = frame.f_back
        level += 1
    warnings.warn(message, UserWarning, stacklevel=level)
