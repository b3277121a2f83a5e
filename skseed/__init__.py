"""scikit-learn compatible estimators for biological sequences.

A *sequence* is a ``str`` over an alphabet, and a data set is a list of them (or a tuple, an
array, a pandas or polars Series). Everything follows from that one choice. An
:class:`~skseed.alphabets.Alphabet` turns the *symbols* of a sequence into small integer *codes*; a
transformer of :mod:`skseed.preprocessing` turns sequences into *tokens* or features; the
estimators of :mod:`skseed.embedding` and :mod:`skseed.ranking` learn a space in which distances
mean something: edits between two genes, or the likeness of a plasmid and a laboratory.

Sequences are related to each other, so a random split leaks: the splitters of
:mod:`skseed.model_selection` keep relatives together, by edit distance or by clade, and the
functions of :mod:`skseed.metrics` score what is learnt. Each piece is an ordinary scikit-learn
object and composes in a ``Pipeline`` and in ``GridSearchCV``.

Sub-packages load on first use; ``import skseed`` alone loads no torch.
"""

import importlib
from types import ModuleType

from skseed._version import __version__

_SUBMODULES = [
    "alphabets",
    "classification",
    "datasets",
    "distances",
    "embedding",
    "inspection",
    "io",
    "metrics",
    "model_selection",
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
