"""Check tables of token ids and metadata, and split them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skseed._tokens import check_token_ids, refuse_at


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
