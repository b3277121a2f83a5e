"""CircularShiftAugmenter: rotations and strands in fit_transform, no change in transform."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skseed.preprocessing import CircularShiftAugmenter
from tests import reference


@given(st.lists(st.text("ACGTacgtNn", max_size=15), min_size=1, max_size=5), st.integers(0, 99))
def test_fit_transform_returns_rotations(sequences: list[str], seed: int) -> None:
    rotated = CircularShiftAugmenter(random_state=seed).fit_transform(sequences)
    for turned, sequence in zip(rotated, sequences, strict=True):
        assert turned in reference.rotations(sequence)


@given(st.lists(st.lists(st.integers(1, 9), max_size=8), min_size=1, max_size=5), st.integers(0, 99))
def test_token_rows_rotate_like_sequences_and_their_padding_stays(rows: list[list[int]], seed: int) -> None:
    table = np.zeros((len(rows), 8), dtype=np.int32)
    for target, row in zip(table, rows, strict=True):
        target[: len(row)] = row
    rotated = CircularShiftAugmenter(random_state=seed).fit_transform(table)
    sequences = ["".join(map(str, row)) for row in rows]
    expected = CircularShiftAugmenter(random_state=seed).fit_transform(sequences)
    assert ["".join(map(str, row[row > 0])) for row in rotated] == expected.tolist()
    np.testing.assert_array_equal(rotated == 0, table == 0)
    assert rotated.dtype == table.dtype


def test_zero_between_tokens_is_rotated_with_them() -> None:
    row = [1, 0, 2, 0, 0]
    rotated = CircularShiftAugmenter(random_state=0).fit_transform([row] * 30)
    assert {tuple(row) for row in rotated.tolist()} == {(1, 0, 2, 0, 0), (0, 2, 1, 0, 0), (2, 1, 0, 0, 0)}


def test_fit_transform_rotates_and_transform_does_not() -> None:
    sequences = ["ACGTACGGTT" * 3, "TTGACCATGC" * 3]
    augmenter = CircularShiftAugmenter(random_state=0)
    rotated = augmenter.fit_transform(sequences)
    assert rotated.tolist() != sequences
    assert augmenter.transform(sequences).tolist() == sequences
    assert augmenter.fit_transform(sequences).tolist() == rotated.tolist()


def test_all_rotations_are_equally_likely() -> None:
    rotated = CircularShiftAugmenter(random_state=0).fit_transform(["ACGT"] * 4000)
    counts = Counter(rotated)
    assert set(counts) == {"ACGT", "CGTA", "GTAC", "TACG"}
    assert min(counts.values()) > 900


def test_random_state_instance_gives_new_rotations_in_each_call() -> None:
    augmenter = CircularShiftAugmenter(random_state=np.random.RandomState(0))
    X = [[*range(1, 30)]]
    assert augmenter.fit_transform(X).tolist() != augmenter.fit_transform(X).tolist()


class Recorder(TransformerMixin, BaseEstimator):
    """Store the input of the last call of each method."""

    def fit(self, X: np.ndarray, y: object = None) -> "Recorder":
        self.fitted_on_ = list(X)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        self.transformed_ = list(X)
        return X


def test_pipeline_rotates_training_data_only() -> None:
    train, new = ["ACGTACGGTT" * 3, "TTGACCATGC" * 3], ["ACGGT"]
    pipeline = make_pipeline(CircularShiftAugmenter(random_state=0), Recorder()).fit(train)
    assert pipeline[-1].fitted_on_ != train
    assert pipeline.transform(new).tolist() == new


def test_transform_requires_the_kind_of_input_seen_in_fit() -> None:
    augmenter = CircularShiftAugmenter().fit([[1, 2, 3]])
    assert (augmenter.input_ndim_, augmenter.n_features_in_) == (2, 3)
    with pytest.raises(ValueError, match="expecting 3 features"):
        augmenter.transform([[1, 2]])
    with pytest.raises(ValueError, match=r"X holds sequences, but .* was fitted on rows of tokens"):
        augmenter.transform(["ACGT"])
    augmenter.fit(["ACGT"])
    assert augmenter.input_ndim_ == 1
    assert not hasattr(augmenter, "n_features_in_")
    with pytest.raises(ValueError, match=r"X holds rows of tokens, but .* was fitted on sequences"):
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
        (np.array([[1.0, 2.0]]), TypeError, "must hold integers, but X has dtype float64"),
        (np.array([["A", "C"]], dtype=object), ValueError, "one column of sequences"),
        ([["A", "C"]], TypeError, r"X\[0\] is of type list"),
        ([[1, 2], [3, -4]], ValueError, r"X\[1, 1\] is -4, but token ids are not negative"),
        (sparse.csr_matrix([[1, 2]]), TypeError, "[Ss]parse"),
        (np.zeros((0, 3), dtype=int), ValueError, "0 sample"),
        ("ACGT", ValueError, "single str"),
    ],
)
def test_invalid_input_raises_and_leaves_the_augmenter_unfitted(
    X: object, error: type[Exception], match: str
) -> None:
    augmenter = CircularShiftAugmenter()
    with pytest.raises(error, match=match):
        augmenter.fit_transform(X)
    assert not hasattr(augmenter, "input_ndim_")


def test_both_strands_reverses_half_of_the_sequences() -> None:
    plasmids = ["GATTACAGGC", "AAAAACCCCN", "ggcatta"] * 200
    turned = CircularShiftAugmenter(both_strands=True, random_state=0).fit_transform(plasmids)
    rotated = CircularShiftAugmenter(random_state=0).fit_transform(plasmids)
    is_other = np.array([one != other for one, other in zip(turned, rotated, strict=True)])
    assert 0.4 < is_other.mean() < 0.6
    for original, strand in zip(rotated[is_other], turned[is_other], strict=True):
        assert reference.reverse_complement(strand) == original
    augmenter = CircularShiftAugmenter(both_strands=True, random_state=0)
    assert augmenter.fit_transform(plasmids).tolist() == turned.tolist()
    assert augmenter.transform(plasmids).tolist() == plasmids


def test_both_strands_of_rna_are_rna() -> None:
    messengers = ["AACUGGUUACUUGCARN", "ggcuaa"] * 20
    turned = CircularShiftAugmenter(both_strands=True, random_state=0).fit_transform(messengers)
    as_dna = [messenger.replace("U", "T").replace("u", "t") for messenger in messengers]
    expected = CircularShiftAugmenter(both_strands=True, random_state=0).fit_transform(as_dna)
    assert turned.tolist() == [strand.replace("T", "U").replace("t", "u") for strand in expected]
    assert set("".join(turned)) <= set("ACGURYNacgu")


def test_both_strands_of_other_letters_raise_with_index_and_position() -> None:
    for method in ("fit", "fit_transform"):
        augmenter = CircularShiftAugmenter(both_strands=True, random_state=0)
        with pytest.raises(ValueError, match=r"X\[1\] has 'Q' at position 3"):
            getattr(augmenter, method)(["ACGT", "ACGQAACC"])
        assert not hasattr(augmenter, "input_ndim_")


def test_both_strands_of_token_rows_raise() -> None:
    with pytest.raises(
        ValueError, match="no reverse complement; pass sequences and place the augmenter before"
    ):
        CircularShiftAugmenter(both_strands=True).fit_transform([[5, 6, 7]])
