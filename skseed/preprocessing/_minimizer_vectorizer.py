"""Sequences as sparse rows of their minimizers."""

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skseed._base import SequenceTransformer
from skseed._sklearn import Interval, StrOptions, _fit_context
from skseed._validation import check_sequences
from skseed.alphabets import Alphabet, get_alphabet
from skseed.preprocessing._minimizers import (
    CallableOrder,
    FilterOrder,
    Selection,
    decode_kmers,
    hash_order,
    mix64,
    select_minimizers,
)

# the columns of hashed k-mers must not depend on the order, or a column would hold only small hashes
_COLUMN_SEED = 0x636F6C756D6E


class MinimizerVectorizer(SequenceTransformer):
    """Sketch sequences by their minimizers: of each window, the k-mer that comes first in an order.

    A sketch keeps about one k-mer in ten, and two sequences that share a stretch of
    ``window + k - 1`` letters share at least one, so rows of counts feed any scikit-learn model, or
    a nearest-neighbour search, at a tenth of the cost of all k-mers. Take all k-mers (``window=1``
    here, or a k-mer vectorizer) when sequences are short or the last bit of accuracy counts, and an
    edit distance when the order of the letters does.

    Parameters
    ----------
    k : int, default=8
        Letters in a k-mer. The alphabet's size to the power of `k` must be below 2^63: up to 31 for
        nucleotides, 14 for proteins.
    window : int, default=19
        K-mers in a window, of which one is selected. A sequence with fewer k-mers than this is one
        window; one with none, shorter than `k`, is an empty row.
    order : {"hash", "lexicographic", "gaussian"} or callable, default="hash"
        Which k-mer of a window comes first. ``"hash"``: a random permutation of all k-mers, by the
        64-bit finaliser of SplitMix64 [3]_. ``"lexicographic"``: the order of the alphabet's
        symbols; it needs no seed, and is denser. ``"gaussian"``: the highest response of a
        convolution filter with independent N(0, 1) weights, which is what max-pooling lets a
        convolutional network see [1]_. A callable takes symbol codes of shape (n_kmers, k) and
        returns one number a k-mer, the smallest first, whatever the other k-mers are.
    tie_break : {"robust", "leftmost", "slot"}, default="robust"
        Which one of equal k-mers in a window is selected; repeats are full of them. ``"robust"``:
        the previous window's, or else the rightmost (robust winnowing [2]_), which selects the fewest
        positions. ``"leftmost"``: the first, which selects every position of a run of one letter.
        ``"slot"``: the one whose position modulo `window` is lowest, as in the circular buffer behind
        the figures of [1]_. The set of k-mers in a row does not depend on it, unless
        a callable ties different k-mers; the counts do.
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="dna"
        The letters. A k-mer with an ambiguous letter is never selected.
    n_features : int, default=2**20
        The largest number of columns. When there are no more possible k-mers than this, each has its
        own column, in the order of the alphabet; otherwise all are hashed into `n_features`
        columns, where two may meet.
    binary : bool, default=False
        Whether a row says which k-mers were selected (1), instead of at how many positions.
    random_state : int, RandomState instance or None, default=None
        Draws the permutation of ``"hash"`` and the filter of ``"gaussian"``. Two vectorizers give
        comparable rows only if they share it, so pass an int.

    Attributes
    ----------
    alphabet_ : Alphabet
        The alphabet.
    filter_ : ndarray of shape (k, n_symbols)
        The weights of the ``"gaussian"`` filter; only with that order.
    hash_seed_ : int
        The seed of the ``"hash"`` order; only with that order.

    See Also
    --------
    skseed.nn.MinimizerFilter : The ``"gaussian"`` order as a convolution and a max-pool in torch.
    sklearn.feature_extraction.text.HashingVectorizer : The same for words.

    Notes
    -----
    `fit` looks at no sequence, it draws the order. The work is O(n log window) for n letters, in
    buffers of 65,536 letters, whatever the lengths; only what is selected is kept.

    The density of a random order tends to ``2 / (window + 1)`` on random sequences. In the paper only
    windows that lie wholly in the sequence are used; so they are here, but for sequences with fewer than
    `window` k-mers. Its random order is MurmurHash3 of the k-mer's letters, ours the finaliser of SplitMix64
    on its code: as random, another permutation.

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
    matrix([[4],
            [1]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
        "order": [StrOptions({"hash", "lexicographic", "gaussian"}), callable],
        "tie_break": [StrOptions({"robust", "leftmost", "slot"})],
        "alphabet": [StrOptions({"dna", "rna", "protein"}), Alphabet],
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
            Sequences.
        y : None
            Ignored.

        Returns
        -------
        self : MinimizerVectorizer
            The fitted vectorizer.

        Raises
        ------
        ValueError
            If there are 2^63 possible k-mers or more, or a letter is foreign to the alphabet.
        """
        sequences = check_sequences(X)
        alphabet = get_alphabet(self.alphabet)
        if len(alphabet) ** self.k >= 2**63:
            largest = int(np.floor(np.log(2.0**63 - 1) / np.log(len(alphabet))))
            raise ValueError(
                f"k={self.k} is too large for the {alphabet.name} alphabet: a k-mer must fit into 63 bits; "
                f"pass k={largest} or less."
            )
        alphabet.encode_rows(sequences.tolist(), length=1)
        rng = check_random_state(self.random_state)
        # a refit with another order leaves nothing of the last one
        for name in {"filter_", "hash_seed_"} & vars(self).keys():
            delattr(self, name)
        self.alphabet_ = alphabet
        if self.order == "gaussian":
            self.filter_ = rng.standard_normal((self.k, len(alphabet)))
        elif self.order == "hash":
            self.hash_seed_ = int(rng.randint(np.iinfo(np.int64).max, dtype=np.int64))
        return self

    def transform(self, X: Any) -> sparse.csr_matrix:
        """Return how often each k-mer is selected in each sequence.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            Sequences.

        Returns
        -------
        counts : sparse matrix of shape (n_sequences, n_columns), format CSR, dtype int32
            At how many positions the k-mers of a column are selected, or 1 with ``binary=True``.
        """
        check_is_fitted(self, "alphabet_")
        sequences = check_sequences(X)
        n_columns = self._n_features_out
        cells, counts = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int32)]
        for selection in self._select(sequences):
            # counted buffer by buffer, so that a repeat costs one entry
            cell, count = np.unique(
                selection.sequence * n_columns + self._columns(selection.code), return_counts=True
            )
            cells.append(cell)
            counts.append(count.astype(np.int32))
        rows, columns = np.divmod(np.concatenate(cells), n_columns)
        matrix = sparse.csr_matrix(
            (np.concatenate(counts), (rows, columns)), shape=(len(sequences), n_columns), dtype=np.int32
        )
        if self.binary:
            matrix.data[:] = 1
        return matrix

    def positions(self, X: Any) -> list[npt.NDArray[np.int64]]:
        """Return where the selected k-mers start.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            Sequences.

        Returns
        -------
        positions : list of ndarray of shape (n_selected,), dtype int64
            The positions in each sequence, counted from 0, in ascending order.
        """
        check_is_fitted(self, "alphabet_")
        return self._split(check_sequences(X), "position")

    def kmers(self, X: Any) -> list[npt.NDArray[np.str_]]:
        """Return the set of k-mers that are selected.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            Sequences.

        Returns
        -------
        kmers : list of ndarray of shape (n_distinct,), dtype str
            The distinct k-mers selected in each sequence, in the order of the alphabet.
        """
        check_is_fitted(self, "alphabet_")
        return [self._spell(np.unique(codes)) for codes in self._split(check_sequences(X), "code")]

    def density(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the share of a sequence's k-mers that are selected.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,)
            Sequences.

        Returns
        -------
        density : ndarray of shape (n_sequences,), dtype float64
            Selected positions over positions, in [0, 1]; NaN for a sequence shorter than `k`. Lower
            is a smaller sketch; ``1 / window`` is the least that covers every window.
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
            Ignored; sequences have no feature names.

        Returns
        -------
        names : ndarray of shape (n_columns,), dtype object
            The k-mers, or ``"minimizervectorizer0"``, ``"minimizervectorizer1"``, … where several
            k-mers may share a column.
        """
        check_is_fitted(self, "alphabet_")
        if self._hashes_columns:
            prefix = type(self).__name__.lower()
            return np.array([f"{prefix}{column}" for column in range(self._n_features_out)], dtype=object)
        return self._spell(np.arange(self._n_features_out)).astype(object)

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

    def _spell(self, codes: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
        letters = np.frombuffer(self.alphabet_.symbols.encode("ascii"), dtype=np.uint8)
        text = letters[decode_kmers(codes, k=self.k, n_symbols=len(self.alphabet_))]
        return text.view(f"S{self.k}").ravel().astype(f"U{self.k}")

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
            sequences.tolist(),
            alphabet=self.alphabet_,
            k=self.k,
            window=self.window,
            order=order,
            tie_break=self.tie_break,
        )

    def _split(self, sequences: npt.NDArray[np.object_], name: str) -> list[npt.NDArray[np.int64]]:
        """Return one field of what is selected, an array a sequence."""
        owners, items = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for selection in self._select(sequences):
            owners.append(selection.sequence)
            items.append(getattr(selection, name))
        ends = np.searchsorted(np.concatenate(owners), np.arange(1, len(sequences)))
        return np.split(np.concatenate(items), ends)
