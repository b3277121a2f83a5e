"""Parse Newick text without recursion."""

import math
import re
from collections.abc import Iterator
from typing import NoReturn

import numpy as np

from skseed._files import quote
from skseed.io._tree import Tree

# possessive quantifiers, so that an unclosed quote or comment is found in linear time
_TOKEN = re.compile(
    r"""(?P<blank>\s++|\[[^\[\]]*+\])|(?P<quoted>'(?:[^']++|'')*+')|(?P<mark>[(),:;])|(?P<word>[^\s()\[\]':;,]++)"""
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def parse_newick(text: str) -> Tree:
    """Return the tree that a Newick string describes.

    Labels are kept unchanged, so an underscore stays an underscore. A quoted label may hold any
    character; a doubled quote in it means a quote.
    """
    parents, names, lengths = [-1], [""], [math.nan]
    node, before = 0, "("
    for position, kind, token in _tokens(text):
        if before == ";":
            _refuse(position, f"{quote(token)} follows the semicolon; pass one tree")
        elif before == ":" and kind != "word":
            _refuse(position, "a branch length is missing")
        elif kind in ("word", "quoted"):
            if before == ":":
                lengths[node] = _branch_length(token, position)
                kind = "length"
            elif before in ("word", "quoted", "length"):
                _refuse(position, f"{quote(token)} follows another label; quote a name that holds blanks")
            else:
                names[node] = token
        elif kind == "(":
            if before not in ("(", ","):
                _refuse(position, "'(' is not allowed here; ',' or ')' is expected")
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
            "The Newick text ends without a semicolon; the file may be cut short, so add ';' only if the "
            "tree is complete."
        )
    return Tree(np.array(parents, dtype=np.intp), tuple(names), np.array(lengths, dtype=np.float64))


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield position, kind and text of each token, without blanks and comments."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            what = {"'": "a quote is not closed", "[": "a comment is not closed or holds another"}
            _refuse(position, what.get(text[position], f"{text[position]!r} is not expected"))
        token = match.group()
        kind = match.lastgroup
        if kind == "mark":
            yield position, token, token
        elif kind == "quoted":
            yield position, "quoted", token[1:-1].replace("''", "'")
        elif kind == "word":
            yield position, "word", token
        position = match.end()


def _append(parents: list[int], names: list[str], lengths: list[float], parent: int) -> int:
    """Add a child and return its index."""
    parents.append(parent)
    names.append("")
    lengths.append(math.nan)
    return len(parents) - 1


def _branch_length(token: str, position: int) -> float:
    # float() also accepts 1_0 and digits of other scripts
    length = float(token) if _NUMBER.fullmatch(token) else math.nan
    if not math.isfinite(length):
        _refuse(position, f"{quote(token)} is not a branch length")
    return length


def _refuse(position: int, what: str) -> NoReturn:
    raise ValueError(f"The Newick text is wrong at character {position}: {what}.")
