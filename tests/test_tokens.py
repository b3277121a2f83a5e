"""The one rule for unseen symbols and tokens, and the warning about cut sequences."""

import warnings

import numpy as np
import pytest

# tests a private module, because estimators of four sub-packages share its rule and thresholds
from skseed._base import warn_cut
from skseed._tokens import (
    read_unseen_as_unknown,
    warn_unknown_sequences,
    warn_unseen_symbols,
    warn_unseen_tokens,
)


def test_many_unseen_tokens_warn_once_and_become_unknown() -> None:
    seen = np.array([True, True, True, False, True])
    tokens = np.array([[2, 4, 4, 0], [9, 2, 3, 0]], dtype=np.int32)
    with pytest.warns(UserWarning, match=r"1 of 2 .* \(2 of 6 tokens\); the first is X\[1\]") as caught:
        read = read_unseen_as_unknown(tokens, seen)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(read, [[2, 4, 4, 0], [1, 2, 1, 0]])


def test_few_unseen_tokens_do_not_warn_and_padding_stays() -> None:
    seen = np.array([False, True, True])
    tokens = np.full((4, 10), 2, dtype=np.int32)
    tokens[0, 5] = 40
    tokens[1, 9] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = read_unseen_as_unknown(tokens, seen)
    assert read[0, 5] == 1
    assert read[1, 9] == 0


@pytest.mark.parametrize(("n_unseen", "warns"), [([0, 10], False), ([1, 10], True), ([0, 0], False)])
def test_unseen_tokens_warn_above_ten_percent(n_unseen: list[int], warns: bool) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_unseen_tokens(np.array(n_unseen), 100, remedy="fit on more")
    assert [str(warning.message).startswith("2 of 2 sequences have tokens") for warning in caught] == (
        [True] if warns else []
    )


def test_any_unseen_symbol_warns_and_at_most_twenty_are_listed() -> None:
    warn_unseen_symbols(np.zeros(3, dtype=bool), "", effect="no warning")
    with pytest.warns(UserWarning, match=r"^1 of 3 .* fit \('NX'\); the first is X\[2\]; read as unknown\.$"):
        warn_unseen_symbols(np.array([False, False, True]), "XN", effect="read as unknown")
    symbols = [chr(code) for code in range(65, 100)]
    with pytest.warns(UserWarning, match="'ABCDEFGHIJKLMNOPQRST' and 15 more"):
        warn_unseen_symbols(np.ones(1, dtype=bool), symbols, effect="read as unknown")


def test_sequences_without_known_kmers_warn() -> None:
    warn_unknown_sequences(np.ones(3, dtype=bool), kind="21-mers", effect="no warning")
    with pytest.warns(UserWarning, match=r"2 of 3 sequences have no 21-mers .* the first is X\[1\]; score 0"):
        warn_unknown_sequences(np.array([True, False, False]), kind="21-mers", effect="score 0")


@pytest.mark.parametrize(("longest", "warns"), [(100, False), (110, False), (111, True)])
def test_cut_sequences_warn_above_one_percent_of_all_symbols(longest: int, warns: bool) -> None:
    # ten sequences with a total of 990 symbols, and one longer sequence
    lengths = np.array([99] * 9 + [longest])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_cut(lengths, 100, unit="symbols")
    assert len(caught) == warns
    if warns:
        assert "1 of 10 sequences are longer than the 100 symbols found in fit" in str(caught[0].message)
        assert "(the first is X[9] with 111 symbols)" in str(caught[0].message)
