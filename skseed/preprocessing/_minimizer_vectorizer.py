"""Counts of minimizers as a sparse matrix."""

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skseed._base import SequenceTransformer
from skseed._constraints import ALPHABET, AT_LEAST_ONE
from skseed._kmers import largest_k, mix64, spell_kmers
from skseed._sequences import check_letters
from skseed._sklearn import Interval, StrOptions, _fit_context
from skseed._validation import check_sequences
from skseed.alphabets import Alphabet, get_alphabet
from skseed.preprocessing._minimizers import (
    CallableOrder,
    FilterOrder,
    Selection,
    hash_order,
    select_minimizers,
)

# symbols encoded at once: arrays of eight-byte numbers of this size fit into a second-level cache
_BUFFER_SIZE = 1 << 16
# a seed other than that of the order, or some columns would receive only small hashes
_COLUMN_SEED = 0x636F6C756D6E


class MinimizerVectorizer(SequenceTransformer):
    """Count the minimizers of each sequence: of each window, the k-mer that comes first in an order.

    About one k-mer in ten is counted. Two sequences that share ``window + k - 1`` consecutive symbols share
    at least one minimizer. Rows of counts feed any scikit-learn model, or a nearest-neighbor search, at a
    tenth of the cost of all k-mers. Use all k-mers (``window=1``, or :class:`KmerVectorizer`) if sequences
    are short or the last bit of accuracy counts. Use an edit distance if the order of the symbols matters.

    Parameters
    ----------
    k : int, default=8
        Symbols in a k-mer. The size of the alphabet to the power of `k` must be below 2**63: up to 31 for
        nucleotides, 14 for proteins.
    window : int, default=19
        Consecutive k-mers in a window, of which one is selected. A sequence with fewer k-mers is a single
        window. A sequence shorter than `k` gives an empty row.
    order : {"hash", "lexicographic", "gaussian"} or callable, default="hash"
        The order of the k-mers.

        - ``"hash"``: a random permutation of all k-mers, by the 64-bit finalizer of SplitMix64 [3]_.
        - ``"lexicographic"``: the order of the symbols of the alphabet. It needs no seed and selects more
          positions.
        - ``"gaussian"``: descending response of a convolution filter with independent N(0, 1) weights. This
          is what max-pooling selects in a convolutional network [1]_.
        - A callable takes symbol codes of shape (n_kmers, k) and returns one number for each k-mer, smallest
          first. The number must depend on nothing but the k-mer.
    tie_break : {"robust", "leftmost", "slot"}, default="robust"
        Which of several equal k-mers in a window is selected. Repeats have many.

        - ``"robust"``: the position that the previous window selected, or else the rightmost (robust
          winnowing [2]_). It selects the fewest positions.
        - ``"leftmost"``: the first one. It selects every position of a homopolymer.
        - ``"slot"``: the one whose position modulo `window` is lowest, as in the circular buffer behind the
          figures of [1]_.

        The set of k-mers in a row does not depend on it, unless a callable gives different k-mers equal
        numbers. The counts depend on it.
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="dna"
        The alphabet of the sequences. A k-mer with an ambiguity letter is never selected.
    n_features : int, default=2**20
        The largest number of columns. If there are at most as many possible k-mers, each has a column of its
        own, in the order of the alphabet. Otherwise k-mers are hashed into `n_features` columns, and
        different k-mers may share a column.
    binary : bool, default=False
        Whether a value is 1 for a selected k-mer instead of the number of selected positions.
    random_state : int, RandomState instance or None, default=None
        Draws the permutation of ``"hash"`` and the filter of ``"gaussian"``. Two vectorizers give comparable
        rows only if both have the same int.

    Attributes
    ----------
    alphabet_ : Alphabet
        The alphabet.
    filter_ : ndarray of shape (k, n_symbols)
        The weights of the ``"gaussian"`` filter; only for that order.
    hash_seed_ : int
        The seed of the ``"hash"`` order; only for that order.

    See Also
    --------
    KmerVectorizer : Counts all k-mers.
    skseed.nn.MinimizerFilter : The ``"gaussian"`` order as a convolution and a max-pool in torch.
    sklearn.feature_extraction.text.HashingVectorizer : Hashes the words of texts into columns.

    Notes
    -----
    `fit` draws the order and learns nothing from the sequences. The time is O(n log window) for n symbols.
    The work is done in buffers of 65,536 symbols, so that the memory does not grow with the length of a
    sequence; only the selected k-mers are kept.

    The density of a random order tends to ``2 / (window + 1)`` on random sequences. As in [1]_, only windows
    that lie completely within the sequence are used, except in sequences with fewer than `window` k-mers. The
    random order of [1]_ is MurmurHash3 of the letters; here it is the finalizer of SplitMix64 of the k-mer
    code, which is as random but a different permutation.

    References
    ----------
    .. [1] Y. W. Yu, "On minimizers and convolutional filters: theoretical connections and
       applications to genome analysis", J. Comput. Biol., 2024. doi:10.1089/cmb.2024.0483
    .. [2] S. Schleimer, D. S. Wilkerson, A. Aiken, "Winnowing: local algorithms for document
       fingerprinting", SIGMOD, 2003. doi:10.1145/872757.872770
    .. [3] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
       OOPSLA, 2014. doi:10.1145/2660193.2660195

    Examples
    --------
    >>> from skseed.preprocessing import MinimizerVectorizer
    >>> telomere = "CCCTAA" * 5
    >>> vectorizer = MinimizerVectorizer(k=4, window=6, order="lexicographic").fit([telomere])
    >>> vectorizer.positions([telomere])
    [array([ 4, 10, 16, 22])]
    >>> vectorizer.kmers([telomere, "GATTACA"])
    [array(['AACC'], dtype='<U4'), array(['ATTA'], dtype='<U4')]
    >>> vectorizer.transform([telomere, "GATTACA"]).sum(axis=1)
    array([4, 1])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": AT_LEAST_ONE,
        "window": AT_LEAST_ONE,
        "order": [StrOptions({"hash", "lexicographic", "gaussian"}), callable],
        "tie_break": [StrOptions({"robust", "leftmost", "slot"})],
        "alphabet": ALPHABET,
        "n_features": [Interval(Integral, 1, np.iinfo(np.int32).max, closed="both")],
        "binary": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        k: int = 8,
        window: int = 19,
        *,
        order: Literal["hash", "lexicographic", "gaussian"] | Callable[..., npt.ArrayLike] = "hash",
        tie_break: Literal["robust", "leftmost", "slot"] = "robust",
        alphabet: str | Alphabet = "dna",
        n_features: int = 2**20,
        binary: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.k = k
        self.window = window
        self.order = order
        self.tie_break = tie_break
        self.alphabet = alphabet
        self.n_features = n_features
        self.binary = binary
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw the order; the sequences are only checked.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.
        y : None
            Ignored.

        Returns
        -------
        self : MinimizerVectorizer
            The fitted vectorizer.

        Raises
        ------
        ValueError
            If there are 2**63 possible k-mers or more, or a letter does not belong to the alphabet; the
            message names the sequence and the position.
        """
        sequences = check_sequences(X)
        alphabet = get_alphabet(self.alphabet)
        largest = largest_k(len(alphabet))
        if self.k > largest:
            raise ValueError(
                f"k={self.k} is too large for the {alphabet.name} alphabet: a k-mer must fit into 63 bits; "
                f"choose k of at most {largest}."
            )
        check_letters(sequences, alphabet)
        rng = check_random_state(self.random_state)
        # attributes of an earlier fit with another order
        for name in {"filter_", "hash_seed_"} & vars(self).keys():
            delattr(self, name)
        self.alphabet_ = alphabet
        if self.order == "gaussian":
            self.filter_ = rng.standard_normal((self.k, len(alphabet)))
        elif self.order == "hash":
            self.hash_seed_ = int(rng.randint(np.iinfo(np.int64).max, dtype=np.int64))
        return self

    def transform(self, X: Any) -> sparse.csr_array:
        """Count the selected positions of each k-mer in each sequence.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.

        Returns
        -------
        counts : csr_array of shape (n_sequences, n_columns), dtype int32
            The number of selected positions of the k-mers of a column, or 1 if ``binary=True``.

        Raises
        ------
        ValueError
            If a letter does not belong to the alphabet; the message names the sequence and the position. If
            `order` is a callable that returns anything but one real number for each k-mer.
        """
        check_is_fitted(self, "alphabet_")
        sequences = check_sequences(X)
        n_columns = self._n_features_out
        cells, counts = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int32)]
        for selection in self._select(sequences):
            # counted in each buffer, so that a repeated k-mer takes one entry
            cell, count = np.unique(
                selection.sequence * n_columns + self._columns(selection.code), return_counts=True
            )
            cells.append(cell)
            counts.append(count.astype(np.int32))
        # scikit-learn accepts 32-bit indices only
        rows, columns = (part.astype(np.int32) for part in np.divmod(np.concatenate(cells), n_columns))
        table = sparse.csr_array(
            (np.concatenate(counts), (rows, columns)), shape=(len(sequences), n_columns), dtype=np.int32
        )
        if self.binary:
            table.data[:] = 1
        return table

    def positions(self, X: Any) -> list[npt.NDArray[np.int64]]:
        """Return the positions of the selected k-mers.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.

        Returns
        -------
        positions : list of ndarray of shape (n_selected,), dtype int64
            The first positions of the selected k-mers of each sequence, from 0, ascending.
        """
        check_is_fitted(self, "alphabet_")
        return self._split(check_sequences(X), "position")

    def kmers(self, X: Any) -> list[npt.NDArray[np.str_]]:
        """Return the set of selected k-mers.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.

        Returns
        -------
        kmers : list of ndarray of shape (n_distinct,), dtype str
            The distinct k-mers selected in each sequence, in the order of the alphabet.
        """
        check_is_fitted(self, "alphabet_")
        return [self._kmers_of(np.unique(codes)) for codes in self._split(check_sequences(X), "code")]

    def density(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the fraction of selected positions of each sequence.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            The sequences.

        Returns
        -------
        density : ndarray of shape (n_sequences,), dtype float64
            Selected positions divided by all positions of k-mers, in [0, 1]; NaN for a sequence shorter than
            `k`. Every window holds a selected position, so the lower bound for long sequences is
            ``1 / window``.
        """
        check_is_fitted(self, "alphabet_")
        sequences = check_sequences(X)
        n_selected = np.zeros(len(sequences))
        for selection in self._select(sequences):
            n_selected += np.bincount(selection.sequence, minlength=len(sequences))
        n_kmers = np.array([max(0, len(sequence) - self.k + 1) for sequence in sequences], dtype=float)
        return np.divide(n_selected, n_kmers, out=np.full(len(sequences), np.nan), where=n_kmers > 0)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (n_columns,), dtype object
            The k-mers, or ``"minimizervectorizer0"``, ``"minimizervectorizer1"``, … if k-mers may share a
            column.
        """
        check_is_fitted(self, "alphabet_")
        if self._hashes_columns:
            prefix = type(self).__name__.lower()
            return np.array([f"{prefix}{column}" for column in range(self._n_features_out)], dtype=object)
        return self._kmers_of(np.arange(self._n_features_out)).astype(object)

    @property
    def _hashes_columns(self) -> bool:
        return len(self.alphabet_) ** self.k > self.n_features

    @property
    def _n_features_out(self) -> int:
        return min(len(self.alphabet_) ** self.k, self.n_features)

    def _columns(self, codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        if not self._hashes_columns:
            return codes
        return (mix64(codes, _COLUMN_SEED) % np.uint64(self.n_features)).astype(np.int64)

    def _kmers_of(self, codes: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
        return spell_kmers(codes, k=self.k, symbols=self.alphabet_.symbols)

    def _select(self, sequences: npt.NDArray[np.object_]) -> Iterator[Selection]:
        order: Callable[[npt.NDArray[np.int64]], npt.NDArray[Any]]
        if self.order == "hash":
            seed = self.hash_seed_
            order = lambda codes: hash_order(codes, seed)  # noqa: E731
        elif self.order == "gaussian":
            order = FilterOrder(self.filter_)
        elif self.order == "lexicographic":
            order = np.asarray
        else:
            order = CallableOrder(self.order, k=self.k, n_symbols=len(self.alphabet_))
        return select_minimizers(
            sequences,
            alphabet=self.alphabet_,
            k=self.k,
            window=self.window,
            order=order,
            tie_break=self.tie_break,
            size=_BUFFER_SIZE,
        )

    def _split(self, sequences: npt.NDArray[np.object_], name: str) -> list[npt.NDArray[np.int64]]:
        """Return a field of the selection as one array for each sequence."""
        owners, items = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for selection in self._select(sequences):
            owners.append(selection.sequence)
            items.append(getattr(selection, name))
        ends = np.searchsorted(np.concatenate(owners), np.arange(1, len(sequences)))
        return np.split(np.concatenate(items), ends)
