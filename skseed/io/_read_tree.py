"""Read one tree: from Newick text, a file or an object."""

import math
import os
import re
from numbers import Real
from typing import Any

import numpy as np

from skseed._files import check_path, quote, read_text, recognize_format
from skseed.io._newick import parse_newick
from skseed.io._tree import Tree

_TREE_FORMATS = {
    "a NEXUS file": "nexus",
    "a NeXML file": "nexml",
    "a PhyloXML file": "phyloxml",
}


def read_tree(tree: Any) -> Tree:
    """Read one tree from Newick text, a Newick file or an object.

    The reader does not recurse, so trees of any depth are accepted. Polytomies, quoted labels, comments
    in brackets and labels of inner nodes are accepted. Text that does not follow the grammar raises an
    error, because a truncated tree that loads silently would give wrong clades.

    Parameters
    ----------
    tree : str, path-like or skbio.TreeNode
        A str that holds a semicolon or a line break, or that starts with ``(`` or ``[``, is Newick text;
        any other str is a path. A file must be local and in UTF-8; it may be compressed by gzip, bzip2,
        xz or zstd, and the content determines the compression, not the name. An object must have the
        attributes `children`, `name` and, optionally, `length`.

    Returns
    -------
    tree : Tree
        The tree.

    Raises
    ------
    TypeError
        If `tree` is of another type.
    ValueError
        If the text is not one Newick tree, or an object has a cycle. The message names the path and the
        position of the character, from 0, and the format of a file that is not Newick.
    FileNotFoundError
        If the file does not exist.

    See Also
    --------
    skseed.model_selection.PhylogeneticGroupSplit : Split by the clades of a tree.

    Notes
    -----
    NEXUS, NeXML and PhyloXML files are recognized and refused, because their readers in Biopython accept
    damaged trees. ``Bio.Phylo.convert("tree.nex", "nexus", "tree.nwk", "newick")`` converts them.

    Examples
    --------
    >>> from skseed.io import read_tree
    >>> tree = read_tree("((oak:1,elm:1):2,(fern:1,moss:1):2)plants;")
    >>> list(tree.tips)
    ['oak', 'elm', 'fern', 'moss']
    >>> tree.names[0], tree.lengths[2]
    ('plants', np.float64(1.0))
    """
    if isinstance(tree, str) and (re.search(r"[;\n\r]", tree) or tree.lstrip()[:1] in ("(", "[", "<", "#")):
        return _parse(tree)
    if isinstance(tree, (str, os.PathLike)):
        path = check_path(tree, "tree")
        text = read_text(path)
        try:
            return _parse(text)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    if hasattr(tree, "children") and hasattr(tree, "name"):
        return _from_nodes(tree)
    raise TypeError(
        f"tree must be Newick text, the path of a Newick file or a skbio.TreeNode; got {type(tree).__name__}."
    )


def _parse(text: str) -> Tree:
    kind = recognize_format(text)
    if kind not in (None, "a Newick tree", "a JSON file"):
        advice = "pass the file of the tree"
        if kind in _TREE_FORMATS:
            name = _TREE_FORMATS[kind]
            advice = f"convert it with Bio.Phylo.convert(path, {name!r}, new_path, 'newick')"
        raise ValueError(f"The text looks like {kind}, but a Newick tree is required; {advice}.")
    return parse_newick(text)


def _from_nodes(root: Any) -> Tree:
    """Return a tree given by its root; each node lists its children."""
    parents: list[int] = []
    names: list[str] = []
    lengths: list[float] = []
    seen: set[int] = set()
    waiting = [(root, -1)]
    while waiting:
        node, parent = waiting.pop()
        if id(node) in seen:
            raise ValueError(
                f"The node {quote(node.name)} of the tree is reached twice, but a tree has no cycle and "
                "gives each node one parent; remove the second link."
            )
        seen.add(id(node))
        parents.append(parent)
        names.append("" if node.name is None else str(node.name))
        lengths.append(_length_of(node))
        waiting.extend((child, len(parents) - 1) for child in reversed(list(node.children or ())))
    return Tree(np.array(parents, dtype=np.intp), tuple(names), np.array(lengths, dtype=np.float64))


def _length_of(node: Any) -> float:
    length = getattr(node, "length", None)
    if length is None:
        return math.nan
    if not isinstance(length, Real) or not math.isfinite(length):
        raise ValueError(
            f"The length {quote(length, 20)} of the branch above {quote(node.name, 40)} is not a finite "
            "number; set it to None if it is unknown."
        )
    return float(length)
