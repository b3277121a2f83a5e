"""Tables of token ids and metadata: checked, split, and cleared of tokens that training never saw."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._tokens import PADDING, UNKNOWN, are_known, check_token_ids, refuse_at

_UNSEEN_SHARE = 0.1


def split_token_table(
    X: npt.NDArray[Any], n_metadata: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32] | None]:
    """Return the token ids and the binary metadata, if any, of a numeric table.

    `X` is finite and two-dimensional, of any numeric dtype; its last `n_metadata` columns are metadata.
    Raises a ValueError that names the row and the column of the first value that is neither.
    """
    n_columns = X.shape[1]
    if n_metadata >= n_columns:
        raise ValueError(
            f"n_metadata={n_metadata} leaves no column of tokens: X has {n_columns} column(s), of which the "
            "last n_metadata are metadata; lower n_metadata or add the tokens."
        )
    tokens = check_token_ids(X[:, : n_columns - n_metadata])
    metadata = X[:, n_columns - n_metadata :]
    if metadata.dtype.kind != "b":
        problem = f"the last {n_metadata} columns are binary metadata, 0 or 1 (see n_metadata)"
        refuse_at((metadata != 0) & (metadata != 1), metadata, problem, first_column=n_columns - n_metadata)
    return tokens, metadata.astype(np.float32) if n_metadata else None


def read_unseen_as_unknown(
    tokens: npt.NDArray[np.int32], seen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int32]:
    """Return the tokens with those that are not `seen` replaced by the unknown token.

    A few tokens of a vocabulary are so rare that training misses them, which is no reason to alarm
    anybody. Many of them come from another tokenizer than that of the training data: this warns.
    """
    known = are_known(tokens, seen)
    n_unseen, n_tokens = int((~known).sum()), int((tokens != PADDING).sum())
    if n_unseen > _UNSEEN_SHARE * n_tokens:
        row, column = (int(i) for i in np.argwhere(~known)[0])
        warnings.warn(
            f"{n_unseen} of {n_tokens} tokens were not seen in fit and are read as unknown, the first being "
            f"{tokens[row, column]} at X[{row}, {column}]; encode X with the tokenizer of the training data.",
            UserWarning,
            stacklevel=6,
        )
    return np.where(known, tokens, np.int32(UNKNOWN))
