"""Token ids in tables: what they mean, whether they are any, and which of them training saw."""

from typing import Any

import numpy as np
import numpy.typing as npt

PADDING = 0
UNKNOWN = 1


def check_token_ids(tokens: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Return the token ids of a finite table of any numeric dtype, or say which value is none."""
    if tokens.dtype.kind == "f":
        refuse_at(tokens != np.floor(tokens), tokens, "token ids are whole numbers")
    if tokens.dtype.kind != "b":
        refuse_at(tokens < 0, tokens, "token ids are not negative")
        refuse_at(tokens > np.iinfo(np.int32).max, tokens, "token ids fit in 32 bits")
    return tokens.astype(np.int32)


def refuse_at(
    wrong: npt.NDArray[np.bool_], values: npt.NDArray[Any], problem: str, *, first_column: int = 0
) -> None:
    """Raise a ValueError that names the first wrong value, if there is one, by its place in X."""
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"X[{row}, {column + first_column}] is {values[row, column]}, but {problem}; "
            "make the rows with BPETokenizer."
        )


def are_known(tokens: npt.NDArray[np.integer], seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return where the tokens are padding, or one of the ids that are `seen`."""
    known = tokens == PADDING
    inside = tokens < len(seen)
    known[inside] |= seen[tokens[inside]]
    return known
