"""Token tables: what is accepted, what is refused and in which words."""

import numpy as np
import pytest

# tables that no tokenizer produces, checked once for all token rankers
from skseed.ranking._token_table import split_token_table


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_split_gives_the_same_for_every_dtype(dtype: type) -> None:
    tokens, metadata = split_token_table(np.array([[5, 6, 0, 1], [7, 0, 0, 0]], dtype=dtype), 1)
    np.testing.assert_array_equal(tokens, [[5, 6, 0], [7, 0, 0]])
    assert tokens.dtype == np.int32
    np.testing.assert_array_equal(metadata, [[1], [0]])


def test_no_metadata_is_none() -> None:
    assert split_token_table(np.ones((2, 3), dtype=int), 0)[1] is None


@pytest.mark.parametrize(
    ("X", "n_metadata", "message"),
    [
        ([[1, 2], [3, -4]], 0, r"X\[1, 1\] is -4, but token ids are not negative"),
        ([[1, 2.5], [3, 4]], 0, r"X\[0, 1\] is 2.5, but token ids are whole numbers"),
        ([[1, 2], [1e12, 4]], 0, r"X\[1, 0\] is 1000000000000.0, but token ids fit in 32 bits"),
        ([[1, 2, 0], [3, 4, 7]], 1, r"X\[1, 2\] is 7, but the last 1 columns are binary metadata"),
        ([[1, 2], [3, 4]], 2, r"n_metadata=2 leaves no column of tokens: X has 2 column"),
    ],
)
def test_split_names_what_is_wrong(X: list[list[float]], n_metadata: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_token_table(np.asarray(X), n_metadata)
