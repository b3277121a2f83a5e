"""Expand ``.. public-names:: skseed.metrics`` to a table of the public names of a sub-package."""

import importlib
import re

from sphinx.application import Sphinx

_DIRECTIVE = re.compile(r"^\.\. public-names:: (\S+)$", re.MULTILINE)


def _table(match: re.Match[str]) -> str:
    module = match[1]
    names = importlib.import_module(module).__all__
    return "\n".join(
        [".. autosummary::", "   :nosignatures:", "", *(f"   {module}.{name}" for name in names)]
    )


def _expand(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = _DIRECTIVE.sub(_table, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Expand the directive when a page is read."""
    app.connect("source-read", _expand)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
