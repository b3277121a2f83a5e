"""scikit-learn compatible estimators for biological sequences.

A *sequence* is a ``str`` over an alphabet. A data set is a list of sequences, a tuple, an array, or a
pandas or polars Series. An :class:`~skseed.alphabets.Alphabet` maps the *symbols* of a sequence to
small integer *codes*. The transformers of :mod:`skseed.preprocessing` convert sequences to *tokens*
or features. The estimators of :mod:`skseed.embedding` learn vectors whose distances approximate edit
distances or positions in a genome. The estimators of :mod:`skseed.ranking` rank the laboratories that
may have engineered a plasmid, and :mod:`skseed.classification` classifies sequences.
:mod:`skseed.cluster` builds trees and clusters of sequences.

Biological sequences are related to each other, so a random split leaks information from the training
data into the test data. The splitters of :mod:`skseed.model_selection` keep related sequences
together, by edit distance or by clade. The functions of :mod:`skseed.metrics` score embeddings,
rankings and probabilities. All estimators and splitters work in ``Pipeline`` and ``GridSearchCV``.

Sub-packages are imported on first use; ``import skseed`` does not import PyTorch.
"""

import importlib
from types import ModuleType

from skseed._version import __version__

_SUBMODULES = [
    "alphabets",
    "classification",
    "cluster",
    "datasets",
    "distances",
    "embedding",
    "inspection",
    "io",
    "metrics",
    "model_selection",
    "neighbors",
    "nn",
    "preprocessing",
    "ranking",
]

__all__ = [*_SUBMODULES, "__version__"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> ModuleType:
    if name in _SUBMODULES:
        return importlib.import_module(f"skseed.{name}")
    raise AttributeError(f"module 'skseed' has no attribute {name!r}")
