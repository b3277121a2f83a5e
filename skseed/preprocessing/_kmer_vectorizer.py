"""Counts of k-mers as a sparse matrix."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skseed._base import SequenceTransformer
from skseed._constraints import ALPHABET
from skseed._kmers import kmer_codes, largest_k, spell_kmers
from skseed._sequences import Sequences, check_letters, encoded_chunks
from skseed._sklearn import Interval, _fit_context
from skseed._validation import check_sequences
from skseed.alphabets import Alphabet, get_alphabet

_CHUNK = 1 << 18


class KmerVectorizer(SequenceTransformer):
    """Count the k-mers of each sequence.

    K-mer counts are the usual baseline without training: sequences that share many k-mers are similar,
    wherever these occur. The counts do not depend on positions. For `k` above about 8, nearly all of the
    ``n_symbols ** k`` columns are empty; use :class:`MinimizerVectorizer` for long k-mers.

    Parameters
    ----------
    k : int, default=4
        The length of a k-mer in symbols. ``n_symbols ** k`` must be below 2**31.
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="dna"
        The alphabet of the sequences. A letter outside it raises an error.

    Attributes
    ----------
    alphabet_ : Alphabet
        The alphabet.

    See Also
    --------
    OneHotEncoder : Keeps the positions.
    MinimizerVectorizer : Counts a subset of the k-mers, of any length.
    sklearn.feature_extraction.text.CountVectorizer : Learns its vocabulary from the data.
    sklearn.feature_extraction.text.TfidfTransformer : Weights the counts by their rarity.

    Notes
    -----
    A k-mer that contains an ambiguity letter is not counted. A sequence shorter than `k` gives a row of
    zeros. Without ambiguity letters, the sum of a row is ``len(sequence) - k + 1``. The transformer is
    row-wise and learns nothing from the data. The columns are in the order of the alphabet.

    Examples
    --------
    >>> from skseed.preprocessing import KmerVectorizer
    >>> vectorizer = KmerVectorizer(k=2)
    >>> counts = vectorizer.fit_transform(["GATTACA", "GANTACA"])
    >>> counts.shape
    (2, 16)
    >>> names = vectorizer.get_feature_names_out()
    >>> [str(name) for name in names[counts[[1]].indices]]
    ['AC', 'CA', 'GA', 'TA']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, None, closed="left")],
        "alphabet": ALPHABET,
    }

    def __init__(self, k: int = 4, *, alphabet: str | Alphabet = "dna") -> None:
        self.k = k
        self.alphabet = alphabet

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and the sequences; nothing is learned from the sequences.

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
            If `k` is too large, or a letter does not belong to the alphabet; the message names the sequence
            and the position.
        """
        sequences = check_sequences(X)
        alphabet = get_alphabet(self.alphabet)
        # scipy indexes columns by int32 if there are fewer than 2**31
        largest = largest_k(len(alphabet), limit=2**31)
        if self.k > largest:
            raise ValueError(
                f"k={self.k} gives {len(alphabet)}**{self.k} columns, but a sparse matrix has fewer than "
                f"2**31; choose k of at most {largest} for the {alphabet.name} alphabet."
            )
        check_letters(sequences, alphabet)
        self.alphabet_ = alphabet
        return self

    def transform(self, X: Any) -> sparse.csr_array:
        """Count the k-mers of sequences.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.

        Returns
        -------
        counts : csr_array of shape (n_sequences, n_symbols ** k), dtype int32
            The number of occurrences of each k-mer.

        Raises
        ------
        ValueError
            If a letter does not belong to the alphabet; the message names the sequence and the position.
        """
        check_is_fitted(self)
        blocks = [
            _count_kmers(chunk, self.k, len(self.alphabet_))
            for chunk in encoded_chunks(check_sequences(X), self.alphabet_, n_symbols=_CHUNK)
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
        codes = np.arange(len(self.alphabet_) ** self.k)
        return spell_kmers(codes, k=self.k, symbols=self.alphabet_.symbols).astype(object)


def _count_kmers(sequences: Sequences, k: int, n_symbols: int) -> sparse.csr_array:
    codes, valid = kmer_codes(sequences.codes, k=k, n_symbols=n_symbols)
    # 32 bits suffice for both indices, and scipy would convert wider ones
    columns = codes.astype(np.int32)
    rows = np.repeat(np.arange(len(sequences), dtype=np.int32), sequences.lengths)
    is_counted = rows[: len(columns)] == rows[k - 1 :]
    if valid is not None:
        is_counted &= valid
    columns, rows = columns[is_counted], rows[: len(columns)][is_counted]
    ones = np.ones(len(columns), dtype=np.int32)
    return sparse.coo_array((ones, (rows, columns)), shape=(len(sequences), n_symbols**k)).tocsr()
