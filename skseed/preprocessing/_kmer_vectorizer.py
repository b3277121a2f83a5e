"""Counts of k-mers as a sparse matrix."""

from collections.abc import Iterator
from itertools import product
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skseed._base import SequenceTransformer
from skseed._sklearn import Interval, StrOptions, _fit_context
from skseed._validation import check_sequences
from skseed.alphabets import Alphabet, get_alphabet

_BLOCK = 1 << 22
_MAX_COLUMNS = np.iinfo(np.int32).max


class KmerVectorizer(SequenceTransformer):
    """Count the words of `k` symbols in each sequence.

    It is the usual baseline, which needs no training: sequences that share many k-mers are similar,
    wherever these stand. It forgets positions, and beyond `k` of about 8 nearly all of its
    ``n_symbols ** k`` columns are empty: for long words, sketch instead.

    Parameters
    ----------
    k : int, default=4
        The length of a word in symbols. ``n_symbols ** k`` must stay below 2³¹.
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="dna"
        The alphabet of the sequences. A letter outside it is an error.

    Attributes
    ----------
    alphabet_ : Alphabet
        The alphabet.

    See Also
    --------
    OneHotEncoder : Keeps the positions.
    sklearn.feature_extraction.text.CountVectorizer : Learns its words from the data.
    sklearn.feature_extraction.text.TfidfTransformer : Weighs the counts by their rarity.

    Notes
    -----
    A k-mer that contains an ambiguity letter is not counted. A sequence shorter than `k` is a row of
    zeros. Otherwise the sum of a row is ``len(sequence) - k + 1``. The transformer is row-wise and
    learns nothing from the data; columns are in the order of the alphabet.

    Examples
    --------
    >>> from skseed.preprocessing import KmerVectorizer
    >>> vectorizer = KmerVectorizer(k=2)
    >>> counts = vectorizer.fit_transform(["GATTACA", "GANTACA"])
    >>> counts.shape
    (2, 16)
    >>> names = vectorizer.get_feature_names_out()
    >>> [str(name) for name in names[counts[1].indices]]
    ['AC', 'CA', 'GA', 'TA']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, None, closed="left")],
        "alphabet": [StrOptions({"dna", "rna", "protein"}), Alphabet],
    }

    def __init__(self, k: int = 4, *, alphabet: str | Alphabet = "dna") -> None:
        self.k = k
        self.alphabet = alphabet

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and the sequences; nothing is learnt from them.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.
        y : None
            Ignored.

        Returns
        -------
        self : KmerVectorizer
            The fitted vectorizer.

        Raises
        ------
        ValueError
            If `k` is too large, or a letter is not of the alphabet.
        """
        sequences = check_sequences(X)
        alphabet = get_alphabet(self.alphabet)
        largest = int(np.log(_MAX_COLUMNS) / np.log(max(2, len(alphabet))))
        if self.k > largest:
            raise ValueError(
                f"k={self.k} makes {len(alphabet)}**{self.k} columns, more than a sparse matrix can index; "
                f"choose k of at most {largest} for the {alphabet.name} alphabet."
            )
        alphabet.encode_rows(sequences.tolist(), length=1)
        self.alphabet_ = alphabet
        return self

    def transform(self, X: Any) -> sparse.csr_matrix:
        """Count the k-mers of sequences.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.

        Returns
        -------
        counts : sparse matrix of shape (n_sequences, n_symbols ** k), format CSR, dtype int32
            The number of times each k-mer occurs.

        Raises
        ------
        ValueError
            If a letter is not of the alphabet; the message names the sequence and the position.
        """
        check_is_fitted(self)
        sequences = check_sequences(X)
        blocks = [
            _count_kmers(codes, rows, n_rows, self.k, self.alphabet_)
            for codes, rows, n_rows in _code_blocks(sequences, self.alphabet_)
        ]
        return sparse.vstack(blocks, format="csr") if len(blocks) > 1 else blocks[0]

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the k-mers, in the order of the columns.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (n_symbols ** k,), dtype object
            The k-mers.
        """
        check_is_fitted(self)
        return np.array(
            ["".join(kmer) for kmer in product(self.alphabet_.symbols, repeat=self.k)], dtype=object
        )


def _code_blocks(
    sequences: npt.NDArray[np.object_], alphabet: Alphabet
) -> Iterator[tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp], int]]:
    """Yield blocks of whole sequences as their joined codes, the row of each code and the number of rows."""
    pending: list[npt.NDArray[np.uint8]] = []
    size = 0
    for index, sequence in enumerate(sequences):
        try:
            pending.append(alphabet.encode(sequence))
        except ValueError as error:
            raise ValueError(str(error).replace("The sequence", f"X[{index}]", 1)) from None
        size += len(sequence)
        if size >= _BLOCK or index == len(sequences) - 1:
            rows = np.repeat(np.arange(len(pending)), [len(codes) for codes in pending])
            yield np.concatenate(pending), rows, len(pending)
            pending, size = [], 0


def _count_kmers(
    codes: npt.NDArray[np.uint8], rows: npt.NDArray[np.intp], n_rows: int, k: int, alphabet: Alphabet
) -> sparse.csr_matrix:
    n_symbols = len(alphabet)
    n_words = max(0, len(codes) - k + 1)
    columns = np.zeros(n_words, dtype=np.int64)
    counted = rows[:n_words] == rows[k - 1 :][:n_words]
    for offset in range(k):
        letters = codes[offset : offset + n_words]
        columns = columns * n_symbols + letters
        counted &= letters < n_symbols
    columns, rows = columns[counted], rows[:n_words][counted]
    counts = sparse.coo_matrix(
        (np.ones(len(columns), dtype=np.int32), (rows, columns)), shape=(n_rows, n_symbols**k)
    )
    return counts.tocsr()
