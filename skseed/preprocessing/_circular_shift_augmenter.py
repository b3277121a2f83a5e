"""Random rotation of circular sequences during training."""

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skseed._base import SequenceTransformer
from skseed._sequences import as_sequences
from skseed._sklearn import _fit_context
from skseed._tokens import rotate_rows, row_lengths
from skseed._validation import check_sequences, forget_columns, is_numeric_table


class CircularShiftAugmenter(SequenceTransformer):
    """Rotate circular sequences at random in ``fit_transform`` and leave them unchanged in ``transform``.

    A plasmid has no first base. The position at which its file starts is a convention of the laboratory that
    deposited it, and a model should not learn that convention. **`fit_transform` rotates each sequence once;
    `transform` is the identity**, so ``fit(X).transform(X)`` differs from ``fit_transform(X)``, as for
    :class:`sklearn.preprocessing.TargetEncoder`. In a ``Pipeline``, training data are therefore rotated and
    test data are not. Do not use it for linear molecules.

    When passed as ``augmenter=`` to a ranker, the ranker rotates its rows of tokens anew in every epoch,
    which is the stronger augmentation.

    Parameters
    ----------
    both_strands : bool, default=False
        Whether each sequence is also replaced by its reverse complement with probability 1/2, for molecules
        whose strand is a convention too. The sequences must be DNA or RNA; the complement of A is U if the
        data have U and no T. Rows of tokens have no reverse complement, so such an augmenter must come before
        the tokenizer.
    random_state : int, RandomState instance or None, default=None
        Controls the rotations and strands. An int gives the same ones in every call of `fit_transform`.

    Attributes
    ----------
    input_ndim_ : int
        1 if fitted on sequences, 2 if fitted on rows of tokens.
    n_features_in_ : int
        The length of the rows of tokens; absent if fitted on sequences.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The column names of the rows of tokens, if the table has any.

    See Also
    --------
    BPETokenizer : Makes the rows of tokens.

    Notes
    -----
    The shift of a sequence is uniform on ``0 … length - 1``. Rows of tokens hold non-negative integers. The
    zeros at the end of a row are padding and stay in place. Rotating the tokens of a plasmid and tokenizing
    the rotated plasmid give the same tokens, except next to the new start. A row that was cut to a maximum
    length is rotated as if it were complete. Upper and lower case are kept.

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
        """Store the kind of input; the sequences are not rotated.

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

        Raises
        ------
        TypeError
            If a table does not hold integers.
        ValueError
            If a token is negative, or X holds rows of tokens although `both_strands` is True.
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
            The rotated sequences, of dtype object, or the rotated rows of tokens, of their own dtype.

        Raises
        ------
        TypeError
            If a table does not hold integers.
        ValueError
            If a token is negative. If `both_strands` is True and X holds rows of tokens, or a sequence has a
            letter that is not a nucleotide; the message names the sequence and the position.
        """
        checked, other_strands = self._fit_check(X)
        random_state = check_random_state(self.random_state)
        if self.input_ndim_ == 2:
            return rotate_rows(checked, random_state.randint(np.maximum(1, row_lengths(checked))))
        lengths = np.array([len(sequence) for sequence in checked])
        shifts = random_state.randint(np.maximum(1, lengths))
        rotated = _rotate(checked, shifts)
        if other_strands is not None:
            is_other = random_state.randint(2, size=len(rotated)).astype(bool)
            # the reverse complement of a rotation by s is a rotation by -s
            rotated[is_other] = _rotate(other_strands[is_other], (lengths - shifts)[is_other])
        return rotated

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """Return the input unchanged: new data are not rotated.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,) or of int of shape (n_sequences, n_tokens)
            Sequences or rows of tokens, the same kind as in `fit`.

        Returns
        -------
        same : ndarray of the shape of X
            The input as an array.

        Raises
        ------
        ValueError
            If X is not of the same kind as in `fit`.
        """
        check_is_fitted(self)
        if is_numeric_table(X) == (self.input_ndim_ == 1):
            kinds = ("sequences", "rows of tokens")
            fitted, given = kinds if self.input_ndim_ == 1 else kinds[::-1]
            raise ValueError(
                f"X holds {given}, but CircularShiftAugmenter was fitted on {fitted}; pass {fitted} or refit."
            )
        if self.input_ndim_ == 1:
            return check_sequences(X)
        return _check_tokens(validate_data(self, X, reset=False, dtype=None))

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names to use if `fit` saw none.

        Returns
        -------
        names : ndarray of dtype object
            ``"sequence"`` for sequences; for rows of tokens the names seen in `fit`, or ``"token0"``,
            ``"token1"``, ….
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

    def _fit_check(self, X: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.object_] | None]:
        """Return the checked input and, if they are needed, the other strands; store the kind of input."""
        if not is_numeric_table(X):
            sequences, other_strands = check_sequences(X), None
            if self.both_strands:
                strands = as_sequences(sequences, alphabet=None).reverse_complement().to_strings()
                other_strands = np.array(strands, dtype=object)
            forget_columns(self)
            self.input_ndim_ = 1
            return sequences, other_strands
        tokens = _check_tokens(check_array(X, dtype=None))
        if self.both_strands:
            raise ValueError(
                "X holds rows of tokens, which have no reverse complement; pass sequences and place the "
                "augmenter before the tokenizer, or set both_strands=False."
            )
        validate_data(self, X, skip_check_array=True)
        self.input_ndim_ = 2
        return tokens, None


def _rotate(sequences: npt.NDArray[np.object_], shifts: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Rotate each sequence to the left."""
    rotated = np.empty(len(sequences), dtype=object)
    rotated[:] = [s[shift:] + s[:shift] for s, shift in zip(sequences, shifts.tolist(), strict=True)]
    return rotated


def _check_tokens(tokens: npt.NDArray[Any]) -> npt.NDArray[np.integer]:
    if not np.issubdtype(tokens.dtype, np.integer):
        raise TypeError(
            f"Rows of tokens must hold integers, but X has dtype {tokens.dtype}; make the rows with "
            "BPETokenizer."
        )
    if tokens.min() < 0:
        row, column = (int(i) for i in np.argwhere(tokens < 0)[0])
        raise ValueError(
            f"X[{row}, {column}] is {tokens[row, column]}, but token ids are not negative; make the rows "
            "with BPETokenizer."
        )
    return tokens
