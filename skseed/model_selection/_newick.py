"""Trees as flat arrays: a reader of Newick that never recurses, and clades of a given size.

Ladders of ten thousand tips, polytomies, quoted labels and bracketed comments are read; whatever
does not fit the grammar is an error that says where, because a truncated tree that loads silently
would split the wrong clades.
"""

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

_TOKEN = re.compile(
    r"""(?P<blank>\s+|\[[^\[\]]*\])|(?P<quoted>'(?:[^']|'')*')|(?P<mark>[(),:;])|(?P<word>[^\s()\[\]':;,]+)"""
)


@dataclass(frozen=True)
class Tree:
    """A rooted tree; a parent stands before its children.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,), dtype intp
        The position of each node's parent, -1 for the root, which is the first node.
    names : tuple of str
        The label of each node, empty where it has none.
    lengths : ndarray of shape (n_nodes,), dtype float64
        The length of the branch above each node, NaN where it has none.
    """

    parents: npt.NDArray[np.intp]
    names: tuple[str, ...]
    lengths: npt.NDArray[np.float64]

    @property
    def tips(self) -> dict[str, int]:
        """The position of every tip, by name.

        Returns
        -------
        tips : dict of str to int
            Positions.

        Raises
        ------
        ValueError
            If a tip has no name, or two have the same; the message names them.
        """
        is_tip = np.ones(len(self.parents), dtype=bool)
        is_tip[self.parents[1:]] = False
        tips: dict[str, int] = {}
        repeated = []
        for position in np.flatnonzero(is_tip):
            name = self.names[position]
            if not name:
                raise ValueError(f"The tree has a tip without a name (node {position}); name every tip.")
            if name in tips:
                repeated.append(name)
            tips[name] = int(position)
        if repeated:
            raise ValueError(
                f"The tree has {some(repeated)} more than once; every tip must have a name of its own."
            )
        return tips

    def clades_of_size(self, tips: npt.NDArray[np.intp], max_tips: int) -> npt.NDArray[np.intp]:
        """Return the largest clades that hold at most `max_tips` of some tips.

        Parameters
        ----------
        tips : ndarray of int of shape (n_tips,)
            Positions of the tips that count.
        max_tips : int
            The most tips of one clade.

        Returns
        -------
        clades : ndarray of shape (n_tips,), dtype intp
            The node that spans the clade of each tip.
        """
        counts = np.zeros(len(self.parents), dtype=np.int64)
        counts[tips] = 1
        for node in range(len(counts) - 1, 0, -1):
            counts[self.parents[node]] += counts[node]
        return self._topmost(counts <= max_tips)[tips]

    def clades_of_height(self, tips: npt.NDArray[np.intp], max_height: float) -> npt.NDArray[np.intp]:
        """Return the largest clades whose tips are all at most `max_height` from their root.

        Parameters
        ----------
        tips : ndarray of int of shape (n_tips,)
            Positions of the tips that count.
        max_height : float
            The longest way from the root of a clade to one of these tips, in branch length.

        Returns
        -------
        clades : ndarray of shape (n_tips,), dtype intp
            The node that spans the clade of each tip.

        Raises
        ------
        ValueError
            If a branch above one of the tips has no length.
        """
        heights = np.full(len(self.parents), -np.inf)
        heights[tips] = 0
        for node in range(len(heights) - 1, 0, -1):
            if heights[node] >= 0 and np.isnan(self.lengths[node]):
                raise ValueError(
                    f"The branch above {self.names[node] or f'node {node}'!r} has no length; use depth, "
                    "which needs none."
                )
            # a negative length, as neighbour joining may give, brings no tip nearer
            above = heights[node] + max(self.lengths[node], 0.0) if heights[node] >= 0 else -np.inf
            heights[self.parents[node]] = max(heights[self.parents[node]], above)
        return self._topmost(heights <= max_height)[tips]

    def _topmost(self, fits: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
        """Return the highest node above each node that still fits, or the node itself."""
        clade = np.arange(len(fits))
        for node in range(1, len(fits)):
            parent = self.parents[node]
            if fits[parent]:
                clade[node] = clade[parent]
        return clade


def read_tree(tree: Any) -> Tree:
    """Return a tree given as Newick text, as the path of a Newick file, or as an object.

    Parameters
    ----------
    tree : str, path-like or skbio.TreeNode
        A str that holds a parenthesis or a semicolon is Newick, any other is a path.

    Returns
    -------
    tree : Tree
        The tree.

    Raises
    ------
    TypeError
        If the object is no tree.
    ValueError
        If the text does not follow the Newick grammar.
    """
    if isinstance(tree, os.PathLike) or (isinstance(tree, str) and not re.search(r"[(;]", tree)):
        if not str(tree):
            raise ValueError("The tree is an empty string; pass Newick text or the path of a Newick file.")
        path = Path(tree)
        try:
            return parse_newick(path.read_text(encoding="utf-8-sig"))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    if isinstance(tree, str):
        return parse_newick(tree)
    if hasattr(tree, "children") and hasattr(tree, "name"):
        return _from_nodes(tree)
    raise TypeError(
        f"tree must be Newick text, the path of a Newick file or a skbio.TreeNode; got {type(tree).__name__}."
    )


def parse_newick(text: str) -> Tree:
    """Return the tree that a Newick string describes.

    Parameters
    ----------
    text : str
        One tree, up to its semicolon. Labels are kept as they stand (an underscore stays one);
        quoted labels may hold anything, with a doubled quote for a quote.

    Returns
    -------
    tree : Tree
        The tree.

    Raises
    ------
    ValueError
        If the text is no Newick tree; the message gives the position.
    """
    parents, names, lengths = [-1], [""], [math.nan]
    node, before = 0, "("
    for position, kind, token in _tokens(text):
        if before == ";":
            _refuse(position, f"{token!r} stands after the semicolon; pass one tree")
        elif before == ":" and kind != "label":
            _refuse(position, "a branch length is missing")
        elif kind == "label":
            if before == ":":
                lengths[node] = _branch_length(token, position)
                kind = "length"
            elif before in ("label", "length"):
                _refuse(position, f"{token!r} follows another label; quote a name that holds blanks")
            else:
                names[node] = token
        elif kind == "(":
            if before not in ("(", ","):
                _refuse(position, "'(' stands where ',' or ')' is expected")
            node = _append(parents, names, lengths, node)
        elif kind in (",", ")"):
            if parents[node] < 0:
                _refuse(position, f"{kind!r} has no '(' before it")
            node = parents[node] if kind == ")" else _append(parents, names, lengths, parents[node])
        elif kind == ":" and before == "length":
            _refuse(position, "a branch has two lengths")
        elif kind == ";" and node != 0:
            _refuse(position, "a '(' is not closed")
        before = kind
    if len(parents) == 1 and not names[0]:
        raise ValueError("The Newick text holds no tree.")
    if before != ";":
        raise ValueError(
            "The Newick text ends without a semicolon; the file may be cut off, so add ';' only if it is not."
        )
    return _tree(parents, names, lengths)


def some(names: list[str], limit: int = 5) -> str:
    """Return a few names in words.

    Parameters
    ----------
    names : list of str
        Names.
    limit : int, default=5
        How many are spelt out.

    Returns
    -------
    words : str
        The first names, quoted, and how many more there are.
    """
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            what = {"'": "a quote is not closed", "[": "a comment is not closed or holds another"}
            _refuse(position, what.get(text[position], f"{text[position]!r} is not expected"))
        token = match.group()
        if match.lastgroup == "mark":
            yield position, token, token
        elif match.lastgroup == "quoted":
            yield position, "label", token[1:-1].replace("''", "'")
        elif match.lastgroup == "word":
            yield position, "label", token
        position = match.end()


def _append(parents: list[int], names: list[str], lengths: list[float], parent: int) -> int:
    parents.append(parent)
    names.append("")
    lengths.append(math.nan)
    return len(parents) - 1


def _branch_length(token: str, position: int) -> float:
    try:
        length = float(token)
    except ValueError:
        length = math.nan
    if not math.isfinite(length):
        _refuse(position, f"{token!r} is not a branch length")
    return length


def _refuse(position: int, what: str) -> NoReturn:
    raise ValueError(f"The Newick text is wrong at character {position}: {what}.")


def _tree(parents: list[int], names: list[str], lengths: list[float]) -> Tree:
    return Tree(np.array(parents, dtype=np.intp), tuple(names), np.array(lengths, dtype=np.float64))


def _from_nodes(root: Any) -> Tree:
    parents: list[int] = []
    names: list[str] = []
    lengths: list[float] = []
    waiting = [(root, -1)]
    while waiting:
        node, parent = waiting.pop()
        length = getattr(node, "length", None)
        parents.append(parent)
        names.append("" if node.name is None else str(node.name))
        lengths.append(math.nan if length is None else float(length))
        waiting.extend((child, len(parents) - 1) for child in reversed(node.children))
    return _tree(parents, names, lengths)
