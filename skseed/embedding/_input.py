"""Read the input of the embedders as encoded sequences."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_array, validate_data

from skseed._base import warn_cut
from skseed._limits import check_memory
from skseed._one_hot import sequences_from_one_hot
from skseed._sequences import Sequences, as_sequences
from skseed._tokens import warn_unseen_symbols
from skseed._validation import forget_columns, is_numeric_table
from skseed.alphabets import Alphabet


def training_sequences(estimator: Any, X: Any, alphabet: Alphabet) -> Sequences:
    """Return the input of `fit`, strings or one-hot rows, and set or delete the column attributes."""
    if is_numeric_table(X):
        rows = validate_data(estimator, X, dtype=[np.float32, np.float64])
        return _not_empty(sequences_from_one_hot(rows, alphabet))
    forget_columns(estimator)
    return as_sequences(X, alphabet=alphabet, min_length=1)


def new_sequences(estimator: Any, X: Any, alphabet: Alphabet) -> Sequences:
    """Return the input of the other methods, strings or one-hot rows."""
    if not is_numeric_table(X):
        return as_sequences(X, alphabet=alphabet, min_length=1)
    rows = check_array(X, dtype=[np.float32, np.float64], input_name="X")
    width = getattr(estimator, "n_features_in_", estimator.max_length_ * len(alphabet))
    if rows.shape[1] != width:
        name = type(estimator).__name__
        raise ValueError(
            f"X has {rows.shape[1]} features, but {name} is expecting {width} features as input."
        )
    return _not_empty(sequences_from_one_hot(rows, alphabet))


def seen_codes(sequences: Sequences) -> npt.NDArray[np.uint8]:
    """Return the codes of the training sequences, and the wildcard, which is read as a mixture of symbols."""
    return np.union1d(sequences.codes, np.uint8(len(sequences.alphabet)))


def readable(sequences: Sequences, max_length: int, seen: npt.NDArray[np.uint8]) -> Sequences:
    """Return sequences cut to a length, and warn about lost ends and about letters that `fit` did not get."""
    warn_cut(
        sequences.lengths,
        max_length,
        unit="symbols",
        advice="fit on sequences as long as these to read all of them",
    )
    _warn_unseen(sequences, seen)
    return cut(sequences, max_length)


def cut(sequences: Sequences, length: int) -> Sequences:
    """Return sequences without the symbols beyond a length."""
    if not (sequences.lengths > length).any():
        return sequences
    return sequences.with_rows([codes[:length] for codes in sequences])


def check_points(points: Any, n_components: int, name: str) -> npt.NDArray[np.float32]:
    """Return points of an embedder as a checked array of shape (n_points, n_components)."""
    checked: npt.NDArray[np.float32] = check_array(points, dtype=np.float32, input_name=name)
    if checked.shape[1] != n_components:
        raise ValueError(
            f"{name} has {checked.shape[1]} columns, but the points of this embedder have {n_components} "
            "components; pass the output of transform."
        )
    return checked


def check_matrix_fits(n_rows: int, n_columns: int) -> None:
    """Raise a MemoryError if a matrix of predicted distances would not fit into memory."""
    check_memory(
        8.0 * n_rows * n_columns,
        what=f"A matrix of {n_rows:,} × {n_columns:,} predicted distances",
        advice="compute a few rows at a time with pairwise_distances(X[i:j], X), or search the points of "
        "transform(X) for neighbors",
    )


def _warn_unseen(sequences: Sequences, seen: npt.NDArray[np.uint8]) -> None:
    unseen = np.setdiff1d(np.unique(sequences.codes), seen)
    if unseen.size:
        places = np.flatnonzero(np.isin(sequences.codes, unseen))
        has_unseen = np.zeros(len(sequences), dtype=np.bool_)
        has_unseen[np.searchsorted(sequences.offsets, places, side="right") - 1] = True
        warn_unseen_symbols(
            has_unseen,
            sequences.alphabet.decode(unseen),
            effect="the encoder has not learned them; fit on sequences that contain them",
        )


def _not_empty(sequences: Sequences) -> Sequences:
    empty = np.flatnonzero(sequences.lengths == 0)
    if empty.size:
        raise ValueError(f"X[{empty[0]}] has 0 symbols, but at least 1 is required; remove the row.")
    return sequences
