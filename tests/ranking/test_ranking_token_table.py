"""Token tables: what is accepted, what is refused and in which words."""

import warnings

import numpy as np
import pytest

from skseed.ranking._token_table import read_unseen_as_unknown, split_token_table


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


def test_many_unseen_tokens_warn_once_and_become_unknown() -> None:
    seen = np.array([True, True, True, False, True])
    tokens = np.array([[2, 3, 4, 0], [9, 2, 0, 0]], dtype=np.int32)
    with pytest.warns(UserWarning, match=r"2 of 5 tokens .* 3 at X\[0, 1\]") as caught:
        read = read_unseen_as_unknown(tokens, seen)
    assert len(caught) == 1
    np.testing.assert_array_equal(read, [[2, 1, 4, 0], [1, 2, 0, 0]])


def test_padding_stays_where_training_had_none_and_few_unseen_are_silent() -> None:
    seen = np.array([False, True, True])
    tokens = np.full((4, 10), 2, dtype=np.int32)
    tokens[0, 5] = 40
    tokens[1, 9] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = read_unseen_as_unknown(tokens, seen)
    assert read[0, 5] == 1
    assert read[1, 9] == 0
