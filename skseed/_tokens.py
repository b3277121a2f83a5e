"""Token ids in tables: special ids, checks, and the ids that were seen in fit."""

from typing import Any

import numpy as np
import numpy.typing as npt

PADDING = 0
UNKNOWN = 1


def check_token_ids(tokens: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Return the token ids of a finite numeric table as int32; raise an error where a value is no id."""
    if tokens.dtype.kind == "f":
        refuse_at(tokens != np.floor(tokens), tokens, "token ids are whole numbers")
    if tokens.dtype.kind != "b":
        refuse_at(tokens < 0, tokens, "token ids are not negative")
        # numpy 2.0 and 2.1 write out of bounds when small integer types meet this number
        if tokens.dtype.itemsize >= 4:
            refuse_at(tokens > np.iinfo(np.int32).max, tokens, "token ids fit in 32 bits")
    return tokens.astype(np.int32)


def refuse_at(
    wrong: npt.NDArray[np.bool_], values: npt.NDArray[Any], problem: str, *, first_column: int = 0
) -> None:
    """Raise a ValueError that names the row and the column of the first wrong value, if there is one."""
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"X[{row}, {column + first_column}] is {values[row, column]}, but {problem}; "
            "make the rows with BPETokenizer."
        )


def are_known(tokens: npt.NDArray[np.integer], seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return where the tokens are padding or one of the `seen` ids."""
    known = tokens == PADDING
    inside = tokens < len(seen)
    known[inside] |= seen[tokens[inside]]
    return known
