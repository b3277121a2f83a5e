"""Random rotation of circular sequences while training."""

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skseed._base import SequenceTransformer
from skseed._sklearn import _fit_context
from skseed._validation import check_sequences
from skseed.alphabets import DNA


class CircularShiftAugmenter(SequenceTransformer):
    """Rotate circular sequences at random in training, and leave them alone afterwards.

    A plasmid has no beginning: where its file starts is a convention of whoever deposited it, which
    a model should not learn. **`fit_transform` rotates each sequence once; `transform` is the
    identity**, so ``fit(X).transform(X)`` differs from ``fit_transform(X)``, as for
    :class:`sklearn.preprocessing.TargetEncoder`. In a ``Pipeline`` this is what one wants: training
    data are rotated, test data are not. It is not for linear molecules.

    Given as ``augmenter=`` to a ranker, it makes the ranker rotate its token rows afresh at every
    epoch, which is the stronger augmentation.

    Parameters
    ----------
    both_strands : bool, default=False
        Whether every other sequence, on average, is also turned into its reverse complement: for DNA whose
        strand, too, is a convention. Only sequences can be, not rows of tokens, so such an augmenter
        stands before the tokenizer.
    random_state : int, RandomState instance or None, default=None
        Controls the rotations and strands. An int gives the same ones at every call of `fit_transform`.

    Attributes
    ----------
    input_ndim_ : int
        1 when fitted on sequences, 2 when fitted on rows of tokens.
    n_features_in_ : int
        The length of the rows of tokens; absent when fitted on sequences.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The column names of the rows of tokens, where they have any.

    See Also
    --------
    BPETokenizer : Makes the rows of tokens.

    Notes
    -----
    The shift of a sequence is uniform on ``0 … length - 1``. Rows of tokens hold non-negative
    integers; the zeros at the end of a row are padding and stay in place. Rotating the tokens of a
    plasmid and tokenizing the rotated plasmid give nearly the same tokens, except at the seam. A row
    that was cut to a maximum length is rotated as if it were whole.

    Examples
    --------
    >>> from skseed.preprocessing import CircularShiftAugmenter
    >>> augmenter = CircularShiftAugmenter(random_state=0)
    >>> augmenter.fit_transform(["GATTACA", "CCCTTT"])
    array(['ACAGATT', 'TCCCTT'], dtype=object)
    >>> augmenter.transform(["GATTACA", "CCCTTT"])
    array(['GATTACA', 'CCCTTT'], dtype=object)
    >>> augmenter.fit_transform([[5, 6, 7, 8, 0, 0]])
    array([[5, 6, 7, 8, 0, 0]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "both_strands": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self, *, both_strands: bool = False, random_state: int | np.random.RandomState | None = None
    ) -> None:
        self.both_strands = both_strands
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the form of the input; the sequences are not rotated.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,) or of int of shape (n_sequences, n_tokens)
            Sequences, or rows of tokens.
        y : None
            Ignored.

        Returns
        -------
        self : CircularShiftAugmenter
            The fitted augmenter.
        """
        self._fit_check(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> npt.NDArray[Any]:
        """Rotate every sequence once, by a random shift.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,) or of int of shape (n_sequences, n_tokens)
            Sequences, or rows of tokens.
        y : None
            Ignored.

        Returns
        -------
        rotated : ndarray of the shape of X
            The rotated sequences, of dtype object, or rows of tokens, of their own dtype.

        Raises
        ------
        ValueError
            If `both_strands` is set and X holds rows of tokens.
        """
        checked = self._fit_check(X)
        random_state = check_random_state(self.random_state)
        rotated = rotate(checked, random_state.randint(np.maximum(1, circular_lengths(checked))))
        if self.both_strands:
            for index in np.flatnonzero(random_state.randint(2, size=len(rotated))):
                rotated[index] = DNA.reverse_complement(rotated[index])
        return rotated

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """Return the input as it is: new data are not rotated.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,) or of int of shape (n_sequences, n_tokens)
            Sequences or rows of tokens, as in `fit`.

        Returns
        -------
        same : ndarray of the shape of X
            The input as an array.
        """
        check_is_fitted(self)
        if self.input_ndim_ == 1:
            return check_sequences(X)
        return _check_tokens(validate_data(self, X, reset=False, dtype=None))

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names to use instead of those seen in `fit`.

        Returns
        -------
        names : ndarray of dtype object
            ``"sequence"`` for sequences; for rows of tokens the names seen in `fit` or
            ``"token0"``, ``"token1"``, ….
        """
        check_is_fitted(self)
        n_features = 1 if self.input_ndim_ == 1 else self.n_features_in_
        if input_features is not None:
            names = np.asarray(input_features, dtype=object)
            if names.shape != (n_features,):
                raise ValueError(
                    "input_features should have length equal to number of features "
                    f"({n_features}), got {len(names)}"
                )
            seen = getattr(self, "feature_names_in_", None)
            if seen is not None and not np.array_equal(names, seen):
                raise ValueError("input_features is not equal to feature_names_in_")
            return names
        if self.input_ndim_ == 1:
            return np.array(["sequence"], dtype=object)
        default = np.array([f"token{i}" for i in range(n_features)], dtype=object)
        return np.asarray(getattr(self, "feature_names_in_", default), dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags

    def _fit_check(self, X: Any) -> npt.NDArray[Any]:
        checked: npt.NDArray[Any]
        if _holds_numbers(X):
            checked = _check_tokens(check_array(X, dtype=None))
            if self.both_strands:
                raise ValueError(
                    "X holds rows of tokens, of which there is no reverse complement; give sequences, before "
                    "the tokenizer, or set both_strands=False."
                )
            validate_data(self, X, skip_check_array=True)
            self.input_ndim_ = 2
        else:
            checked = check_sequences(X)
            for name in ("n_features_in_", "feature_names_in_"):
                self.__dict__.pop(name, None)
            self.input_ndim_ = 1
        return checked


def rotate(X: npt.NDArray[Any], shifts: npt.ArrayLike) -> npt.NDArray[Any]:
    """Rotate sequences, or rows of tokens, to the left.

    `X` is an object array of ``str`` or an integer array of shape (n, n_tokens) whose trailing zeros
    are padding; `shifts` holds one integer for each row, of any sign, taken modulo its length. The
    symbol at position ``shift`` becomes the first. Rotations by a and then by b equal one by a + b.
    """
    shifts = np.asarray(shifts, dtype=np.int64)
    if X.ndim == 1:
        rotated = np.empty(len(X), dtype=object)
        for index, (sequence, shift) in enumerate(zip(X, shifts.tolist(), strict=True)):
            start = shift % max(1, len(sequence))
            rotated[index] = sequence[start:] + sequence[:start]
        return rotated
    lengths = circular_lengths(X)[:, None]
    columns = np.arange(X.shape[1])[None, :]
    source = np.where(columns < lengths, (columns + shifts[:, None]) % np.maximum(1, lengths), columns)
    return np.take_along_axis(X, source, axis=1)


def circular_lengths(X: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the length of each sequence, or of each row of tokens without the zeros at its end."""
    if X.ndim == 1:
        return np.array([len(sequence) for sequence in X], dtype=np.int64)
    used = X != 0
    return np.where(used.any(axis=1), X.shape[1] - used[:, ::-1].argmax(axis=1), 0)


def _holds_numbers(X: Any) -> bool:
    """Tell rows of tokens from sequences by the first row: a string is never a number."""
    if hasattr(X, "ndim") or hasattr(X, "shape"):
        if len(X.shape) != 2:
            return False
        return X.shape[1] != 1 or not _is_text(X)
    return (
        isinstance(X, (list, tuple))
        and len(X) > 0
        and not isinstance(X[0], (str, bytes))
        and hasattr(X[0], "__len__")
    )


def _is_text(X: Any) -> bool:
    values = X.to_numpy() if hasattr(X, "to_numpy") else np.asarray(X)
    return values.size > 0 and isinstance(values.ravel()[0], str)


def _check_tokens(tokens: npt.NDArray[Any]) -> npt.NDArray[np.integer]:
    if not np.issubdtype(tokens.dtype, np.integer):
        raise TypeError(f"Rows of tokens must hold integers; got an array of dtype {tokens.dtype}.")
    if tokens.min() < 0:
        row, column = (int(i) for i in np.argwhere(tokens < 0)[0])
        raise ValueError(
            f"Tokens must not be negative; got {tokens[row, column]} at row {row}, column {column}."
        )
    return tokens
