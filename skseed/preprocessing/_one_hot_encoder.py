"""One-hot encoding of sequences and its inverse."""

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_array, check_is_fitted

from skseed._base import SequenceTransformer, warn_cut
from skseed._constraints import ALPHABET, AT_LEAST_ONE
from skseed._one_hot import codes_from_one_hot, one_hot_from_codes
from skseed._sequences import as_sequences, check_letters
from skseed._sklearn import _fit_context
from skseed._validation import check_sequences
from skseed.alphabets import Alphabet, get_alphabet


class OneHotEncoder(SequenceTransformer):
    """Encode sequences as one column for each position and symbol.

    Use it for sequences that are comparable position by position from their start: reads, one gene, one
    protein family. All rows have the same length, so the result takes ``n_sequences * max_length *
    n_symbols * 4`` bytes. For genomes and plasmids, use :class:`BPETokenizer` or :class:`KmerVectorizer`.

    Parameters
    ----------
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="dna"
        The alphabet of the sequences. A letter outside it raises an error.
    max_length : int, default=None
        The number of positions. Longer sequences lose their end. None takes the length of the longest
        sequence given to `fit`. `transform` then warns if the sequences lose more than 1 % of all symbols.

    Attributes
    ----------
    alphabet_ : Alphabet
        The alphabet.
    max_length_ : int
        The number of positions.

    See Also
    --------
    BPETokenizer : Rows of token ids, for long sequences.
    KmerVectorizer : Counts of k-mers, for sequences without common positions.
    skseed.alphabets.Alphabet : The letters, their order and their ambiguity letters.

    Notes
    -----
    The columns of a position are adjacent: ``0_A, 0_C, 0_G, 0_T, 1_A, …``. After the end of a sequence, all
    columns are 0, so an empty sequence is a row of zeros. An ambiguity letter (``N``, ``R``, …) is
    ``1 / n_symbols`` in each column of its position, so the sum of a row is the length of its sequence.

    The encoding is row-wise. `inverse_transform` returns the upper-case sequence exactly, up to the position
    at which it was cut, with the wildcard of the alphabet for every ambiguity letter.

    Examples
    --------
    >>> from skseed.preprocessing import OneHotEncoder
    >>> encoder = OneHotEncoder("dna").fit(["GATTACA", "GAN"])
    >>> encoder.transform(["GAN"]).reshape(7, 4)[:4]
    array([[0.  , 0.  , 1.  , 0.  ],
           [1.  , 0.  , 0.  , 0.  ],
           [0.25, 0.25, 0.25, 0.25],
           [0.  , 0.  , 0.  , 0.  ]], dtype=float32)
    >>> encoder.inverse_transform(encoder.transform(["GAN", "gattaca"]))
    array(['GAN', 'GATTACA'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alphabet": ALPHABET,
        "max_length": [*AT_LEAST_ONE, None],
    }

    def __init__(self, alphabet: str | Alphabet = "dna", *, max_length: int | None = None) -> None:
        self.alphabet = alphabet
        self.max_length = max_length

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the length of the rows.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.
        y : None
            Ignored.

        Returns
        -------
        self : OneHotEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If a letter does not belong to the alphabet; the message names the sequence and the position.
        """
        sequences = check_sequences(X)
        alphabet = get_alphabet(self.alphabet)
        check_letters(sequences, alphabet)
        longest = max(map(len, sequences))
        self.alphabet_ = alphabet
        self.max_length_ = max(1, longest) if self.max_length is None else int(self.max_length)
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Encode sequences.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.

        Returns
        -------
        rows : ndarray of shape (n_sequences, max_length_ * n_symbols), dtype float32
            The encoded sequences.

        Raises
        ------
        ValueError
            If a letter does not belong to the alphabet; the message names the sequence and the position.

        Warns
        -----
        UserWarning
            If ``max_length=None`` and the sequences lose more than 1 % of all symbols.
        """
        check_is_fitted(self)
        sequences = as_sequences(X, alphabet=self.alphabet_)
        if self.max_length is None:
            warn_cut(sequences.lengths, self.max_length_, unit="symbols")
        return one_hot_from_codes(sequences.padded(self.max_length_), self.alphabet_)

    def inverse_transform(self, X: Any) -> npt.NDArray[np.object_]:
        """Return the sequences of encoded rows.

        Parameters
        ----------
        X : array-like of shape (n_sequences, max_length_ * n_symbols)
            Rows as returned by `transform`.

        Returns
        -------
        sequences : ndarray of shape (n_sequences,), dtype object
            The sequences as ``str``.

        Raises
        ------
        ValueError
            If a row is not one-hot; the message names row and column.
        """
        check_is_fitted(self)
        rows = check_array(X, dtype=[np.float32, np.float64], input_name="X")
        width = self.max_length_ * len(self.alphabet_)
        if rows.shape[1] != width:
            raise ValueError(
                f"X has {rows.shape[1]} features, but OneHotEncoder returns {width} features; pass rows as "
                "returned by transform."
            )
        sequences = np.empty(len(rows), dtype=object)
        sequences[:] = [self.alphabet_.decode(codes) for codes in codes_from_one_hot(rows, self.alphabet_)]
        return sequences

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the names of the columns, such as ``"0_A"``.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (max_length_ * n_symbols,), dtype object
            The position and the symbol of each column.
        """
        check_is_fitted(self)
        symbols = self.alphabet_.symbols
        return np.array(
            [f"{i}_{symbol}" for i in range(self.max_length_) for symbol in symbols], dtype=object
        )
