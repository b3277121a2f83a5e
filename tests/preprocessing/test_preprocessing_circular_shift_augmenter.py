"""Rotations: a group action that keeps the circle, in training only."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skseed.alphabets import DNA
from skseed.preprocessing import CircularShiftAugmenter
from skseed.preprocessing._circular_shift_augmenter import circular_lengths, rotate
from tests.reference import kmers

SHIFTS = st.integers(-50, 50)


def objects(sequences: list[str]) -> np.ndarray:
    return np.array([*sequences, None], dtype=object)[:-1]


@given(st.lists(st.tuples(st.text("ACGT", max_size=15), SHIFTS, SHIFTS), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_rotations_of_sequences_are_a_group_action(case: list[tuple[str, int, int]]) -> None:
    X = objects([sequence for sequence, _, _ in case])
    a, b = np.array([one for _, one, _ in case]), np.array([other for _, _, other in case])
    assert rotate(X, 0 * a).tolist() == X.tolist()
    assert rotate(rotate(X, a), b).tolist() == rotate(X, a + b).tolist()
    assert rotate(rotate(X, a), -a).tolist() == X.tolist()
    for sequence, turned in zip(X, rotate(X, a), strict=True):
        for k in range(1, len(sequence) + 1):
            assert Counter(kmers(turned, k, circular=True)) == Counter(kmers(sequence, k, circular=True))


@st.composite
def padded_rows(draw: st.DrawFn) -> np.ndarray:
    rows = draw(st.lists(st.lists(st.integers(1, 9), max_size=8), min_size=1, max_size=5))
    matrix = np.zeros((len(rows), 8), dtype=np.int32)
    for row, tokens in zip(matrix, rows, strict=True):
        row[: len(tokens)] = tokens
    return matrix


@given(padded_rows(), st.data())
@settings(max_examples=60, deadline=None)
def test_rotations_of_token_rows_are_a_group_action(X: np.ndarray, data: st.DataObject) -> None:
    a, b = (np.array(data.draw(st.lists(SHIFTS, min_size=len(X), max_size=len(X)))) for _ in "ab")
    np.testing.assert_array_equal(rotate(X, 0 * a), X)
    np.testing.assert_array_equal(rotate(rotate(X, a), b), rotate(X, a + b))
    np.testing.assert_array_equal(rotate(rotate(X, a), -a), X)
    # rows of tokens turn as the strings of the same letters do, and their padding stays
    strings = objects(["".join(map(str, row[:n])) for row, n in zip(X, circular_lengths(X), strict=True)])
    turned = rotate(X, a)
    assert ["".join(map(str, row[row > 0])) for row in turned] == rotate(strings, a).tolist()
    np.testing.assert_array_equal(turned == 0, X == 0)
    assert turned.dtype == X.dtype


def test_a_zero_inside_a_row_is_no_padding() -> None:
    assert circular_lengths(np.array([[1, 0, 2, 0, 0], [0, 0, 0, 0, 0]])).tolist() == [3, 0]
    assert rotate(np.array([[1, 0, 2, 0, 0]]), [1]).tolist() == [[0, 2, 1, 0, 0]]


def test_fit_transform_rotates_and_transform_does_not() -> None:
    sequences = ["ACGTACGGTT" * 3, "TTGACCATGC" * 3]
    augmenter = CircularShiftAugmenter(random_state=0)
    rotated = augmenter.fit_transform(sequences)
    assert rotated.tolist() != sequences
    assert all(turned in sequence * 2 for turned, sequence in zip(rotated, sequences, strict=True))
    assert augmenter.transform(sequences).tolist() == sequences
    assert augmenter.fit_transform(sequences).tolist() == rotated.tolist()


def test_every_rotation_is_as_likely() -> None:
    rotated = CircularShiftAugmenter(random_state=0).fit_transform(["ACGT"] * 4000)
    counts = Counter(rotated)
    assert set(counts) == {"ACGT", "CGTA", "GTAC", "TACG"}
    assert min(counts.values()) > 900


def test_a_generator_gives_fresh_rotations() -> None:
    augmenter = CircularShiftAugmenter(random_state=np.random.RandomState(0))
    X = [[*range(1, 30)]]
    assert augmenter.fit_transform(X).tolist() != augmenter.fit_transform(X).tolist()


class Recorder(TransformerMixin, BaseEstimator):
    """Keep what the last call of each method saw."""

    def fit(self, X: np.ndarray, y: object = None) -> "Recorder":
        self.fitted_on_ = list(X)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        self.transformed_ = list(X)
        return X


def test_a_pipeline_rotates_training_data_only() -> None:
    train, new = ["ACGTACGGTT" * 3, "TTGACCATGC" * 3], ["ACGGT"]
    pipeline = make_pipeline(CircularShiftAugmenter(random_state=0), Recorder()).fit(train)
    assert pipeline[-1].fitted_on_ != train
    assert pipeline.transform(new).tolist() == new


def test_the_form_of_the_input_is_learnt() -> None:
    augmenter = CircularShiftAugmenter().fit([[1, 2, 3]])
    assert (augmenter.input_ndim_, augmenter.n_features_in_) == (2, 3)
    with pytest.raises(ValueError, match="expecting 3 features"):
        augmenter.transform([[1, 2]])
    augmenter.fit(["ACGT"])
    assert augmenter.input_ndim_ == 1
    assert not hasattr(augmenter, "n_features_in_")
    with pytest.raises(ValueError, match="one-dimensional"):
        augmenter.transform(np.array([[1, 2, 3]]))


def test_feature_names() -> None:
    augmenter = CircularShiftAugmenter()
    with pytest.raises(NotFittedError):
        augmenter.get_feature_names_out()
    assert augmenter.fit(["ACGT"]).get_feature_names_out().tolist() == ["sequence"]
    assert augmenter.fit([[1, 2]]).get_feature_names_out().tolist() == ["token0", "token1"]
    assert augmenter.get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="number of features"):
        augmenter.get_feature_names_out(["a"])
    table = pd.DataFrame({"one": [1, 2], "two": [3, 0]}, index=["p", "q"])
    frame = augmenter.set_output(transform="pandas").fit_transform(table)
    assert frame.columns.tolist() == ["one", "two"]
    assert frame.index.tolist() == ["p", "q"]
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        augmenter.get_feature_names_out(["a", "b"])


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (np.array([[1.0, 2.0]]), TypeError, "must hold integers; got an array of dtype float64"),
        (np.array([["A", "C"]], dtype=object), TypeError, "must hold integers"),
        ([[1, 2], [3, -4]], ValueError, "must not be negative; got -4 at row 1, column 1"),
        (sparse.csr_matrix([[1, 2]]), TypeError, "[Ss]parse"),
        (np.zeros((0, 3), dtype=int), ValueError, "0 sample"),
        ("ACGT", ValueError, "single str"),
    ],
)
def test_other_input_is_refused(X: object, error: type[Exception], match: str) -> None:
    augmenter = CircularShiftAugmenter()
    with pytest.raises(error, match=match):
        augmenter.fit_transform(X)
    assert not hasattr(augmenter, "input_ndim_")


def test_both_strands_turns_half_of_the_sequences() -> None:
    plasmids = ["GATTACAGGC", "AAAAACCCCN", "ggcatta"] * 200
    turned = CircularShiftAugmenter(both_strands=True, random_state=0).fit_transform(plasmids)
    rotated = CircularShiftAugmenter(random_state=0).fit_transform(plasmids)
    is_other = np.array([one != other for one, other in zip(turned, rotated, strict=True)])
    assert 0.4 < is_other.mean() < 0.6
    for original, strand in zip(rotated[is_other], turned[is_other], strict=True):
        assert DNA.reverse_complement(strand) == original
    augmenter = CircularShiftAugmenter(both_strands=True, random_state=0)
    assert augmenter.fit_transform(plasmids).tolist() == turned.tolist()
    assert augmenter.transform(plasmids).tolist() == plasmids


def test_rows_of_tokens_have_no_other_strand() -> None:
    with pytest.raises(ValueError, match="no reverse complement; give sequences, before the tokenizer"):
        CircularShiftAugmenter(both_strands=True).fit_transform([[5, 6, 7]])
