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
from skseed.preprocessing._minimizer_orders import (
    callable_order,
    canonical_codes,
    double_decycling_order,
    filter_order,
    lexicographic_order,
)
from skseed.preprocessing._minimizer_schemes import Scheme, minimizer_scheme, random_scheme
from skseed.preprocessing._minimizers import Selection, select_minimizers

# symbols encoded at once: arrays of eight-byte numbers of this size fit into a second-level cache
_BUFFER_SIZE = 1 << 16
# a seed other than that of the order, or some columns would receive only small hashes
_COLUMN_SEED = 0x636F6C756D6E


class MinimizerVectorizer(SequenceTransformer):
    """Count a sample of the k-mers of each sequence, at least one of each window.

    About one k-mer in ten is counted. Two sequences that share ``window + k - 1`` consecutive symbols share
    at least one sampled k-mer. Rows of counts feed any scikit-learn model, or a nearest-neighbor search, at a
    tenth of the cost of all k-mers. Use all k-mers (``window=1``, or :class:`KmerVectorizer`) if sequences
    are short or the last bit of accuracy counts. Use an edit distance if the order of the symbols matters.

    Parameters
    ----------
    k : int, default=8
        Symbols in a k-mer.
    window : int, default=19
        Consecutive k-mers in a window, of which at least one is selected. A sequence with fewer k-mers is a
        single window. A sequence shorter than `k` gives an empty row.
    canonical : bool, default=False
        Whether a k-mer and its reverse complement are the same k-mer, as in sequences of unknown strand. A
        sequence and its reverse complement then have the same set of selected k-mers; see Notes. The alphabet
        must be ``"dna"`` or ``"rna"``.
    scheme : {"minimizer", "miniception", "open-closed", "mod", "mod-open-closed", "syncmer"}, \
            default="minimizer"
        The rule that selects k-mers. The schemes differ in the *density*, the share of positions that they
        select; a lower density makes smaller sketches with the same guarantee. Every scheme except
        ``"minimizer"`` requires ``order="random"``.

        - ``"minimizer"``: the first k-mer of the window in `order`.
        - ``"miniception"``: k-mers whose smallest s-mer is at either end come first [4]_.
        - ``"open-closed"``: k-mers whose smallest s-mer is in the middle come before those [5]_. It has a low
          density if `k` is at most about `window`.
        - ``"mod"``: the k-mer at position ``x % window`` of the window, where x is the position of its
          smallest t-mer [6]_. It has the lowest density if `k` is much larger than `window`.
        - ``"mod-open-closed"``: the same with open-closed t-mers, a little lower still [5]_.
        - ``"syncmer"``: all k-mers whose smallest s-mer, with ``s = k - window``, is at either end [7]_.
          The choice depends on the k-mer alone, so mutations around it do not change it. `window` must be
          below `k`.
    order : {"random", "lexicographic", "gaussian", "double-decycling"} or callable, default="random"
        The order of the k-mers.

        - ``"random"``: a random permutation of all k-mers, by the 64-bit finalizer of SplitMix64 [3]_.
        - ``"lexicographic"``: the order of the symbols of the alphabet. It needs no seed and selects more
          positions.
        - ``"gaussian"``: descending response of a convolution filter with independent N(0, 1) weights. This
          is what max-pooling selects in a convolutional network [1]_.
        - ``"double-decycling"``: k-mers of two minimum decycling sets come first [8]_. It has the lowest
          density if `k` is smaller than `window`.
        - A callable takes symbol codes of shape (n_kmers, k) and returns one number for each k-mer, smallest
          first. The number must depend on nothing but the k-mer.
    tie_break : {"robust", "leftmost", "slot"}, default="robust"
        Which of several equal k-mers in a window is selected. Repeats have many. The rule applies to the
        schemes ``"minimizer"``, ``"miniception"`` and ``"open-closed"``; the others take the leftmost of
        equal t-mers or s-mers.

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
        Draws the permutation of ``"random"`` and ``"double-decycling"`` and the filter of ``"gaussian"``. Two
        vectorizers give comparable rows only if both have the same int.

    Attributes
    ----------
    alphabet_ : Alphabet
        The alphabet.
    filter_ : ndarray of shape (k, n_symbols)
        The weights of the ``"gaussian"`` filter; only for that order.
    hash_seed_ : int
        The seed of the ``"random"`` or ``"double-decycling"`` order; only for these orders.

    See Also
    --------
    KmerVectorizer : Counts all k-mers.
    skseed.nn.MinimizerFilter : The ``"gaussian"`` order as a convolution and a max-pool in torch.
    sklearn.feature_extraction.text.HashingVectorizer : Hashes the words of texts into columns.

    Notes
    -----
    `fit` draws the order and learns nothing from the sequences. The time is O(n log(window + k)) for n
    symbols. The work is done in buffers of 65,536 symbols, so that the memory does not grow with the length
    of a sequence; only the selected k-mers are kept.

    *Guarantees.* In a sequence without ambiguity letters, every `window` consecutive k-mers hold a selected
    one. Without ``canonical=True``, the positions that consecutive windows select never decrease: all schemes
    are forward. With ``canonical=True``, a sequence and its reverse complement have equal sets of k-mers, and
    equal counts if the scheme is ``"mod"``, ``"mod-open-closed"`` or ``"syncmer"`` or if
    ``tie_break="leftmost"``. Ties are then resolved by the strand of the window: the leftmost of equal
    minima if a hash of the window is smaller than that of its reverse complement, or else the rightmost. A
    callable order that gives different k-mers equal numbers needs ``tie_break="leftmost"`` for equal sets.

    *Density.* A random order has a density of ``2 / (window + 1)`` on random sequences, and no scheme can be
    below ``1 / window``. The published densities of the other schemes are reproduced on the page
    :doc:`/benchmarks/minimizers`. Of scikit-learn's tools, none guarantees a k-mer in each window.

    *Differences from the papers.* As in [1]_, only windows that lie completely within the sequence are used,
    except in sequences with fewer than `window` k-mers. The random order of [1]_ is MurmurHash3 of the
    letters; here it is the finalizer of SplitMix64 of the k-mer code. The published programs decide by
    floating-point rounding whether a k-mer at the border of a decycling set belongs to it; here the sets are
    exact. Lengths are ``t = r + (k - r) % window`` and ``s = max(k - window, r)`` with r = 4 for four symbols
    as in [5]_ and [6]_; r has at least 256 r-mers in other alphabets. For Miniception, which names no rule
    for short k-mers, s has at least twice as many s-mers as positions in a k-mer. A k-mer of more than 63
    bits (k above 31 for nucleotides, 14 for proteins) is represented by a 64-bit hash. With
    ``canonical=True``, the s of open-closed schemes is raised by one if k - s is odd, so that the middle is
    the same on both strands.

    References
    ----------
    .. [1] Y. W. Yu, "On minimizers and convolutional filters: theoretical connections and
       applications to genome analysis", J. Comput. Biol., 2024. doi:10.1089/cmb.2024.0483
    .. [2] S. Schleimer, D. S. Wilkerson, A. Aiken, "Winnowing: local algorithms for document
       fingerprinting", SIGMOD, 2003. doi:10.1145/872757.872770
    .. [3] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
       OOPSLA, 2014. doi:10.1145/2660193.2660195
    .. [4] H. Zheng, C. Kingsford, G. Marçais, "Improved design and analysis of practical minimizers",
       Bioinformatics, 2020. doi:10.1093/bioinformatics/btaa472
    .. [5] R. Groot Koerkamp, D. Liu, G. E. Pibiri, "The open-closed mod-minimizer algorithm",
       Algorithms Mol. Biol., 2025. doi:10.1186/s13015-025-00270-0
    .. [6] R. Groot Koerkamp, G. E. Pibiri, "The mod-minimizer: a simple and efficient sampling
       algorithm for long k-mers", WABI, 2024. doi:10.4230/LIPIcs.WABI.2024.11
    .. [7] R. Edgar, "Syncmers are more sensitive than minimizers for selecting conserved k-mers in
       biological sequences", PeerJ, 2021. doi:10.7717/peerj.10805
    .. [8] D. Pellow et al., "Efficient minimizer orders for large values of k using minimum decycling
       sets", Genome Res., 2023. doi:10.1101/gr.277644.123

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
        "canonical": ["boolean"],
        "scheme": [
            StrOptions({"minimizer", "miniception", "open-closed", "mod", "mod-open-closed", "syncmer"})
        ],
        "order": [StrOptions({"random", "lexicographic", "gaussian", "double-decycling"}), callable],
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
        canonical: bool = False,
        scheme: Literal[
            "minimizer", "miniception", "open-closed", "mod", "mod-open-closed", "syncmer"
        ] = "minimizer",
        order: Literal["random", "lexicographic", "gaussian", "double-decycling"]
        | Callable[..., npt.ArrayLike] = "random",
        tie_break: Literal["robust", "leftmost", "slot"] = "robust",
        alphabet: str | Alphabet = "dna",
        n_features: int = 2**20,
        binary: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.k = k
        self.window = window
        self.canonical = canonical
        self.scheme = scheme
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
            If the scheme, the order, `k` and the alphabet do not fit together, or a letter does not belong to
            the alphabet; the message names the sequence and the position.
        """
        sequences = check_sequences(X)
        alphabet = get_alphabet(self.alphabet)
        self._check_combination(alphabet)
        check_letters(sequences, alphabet)
        rng = check_random_state(self.random_state)
        # attributes of an earlier fit with another order
        for name in {"filter_", "hash_seed_"} & vars(self).keys():
            delattr(self, name)
        self.alphabet_ = alphabet
        if self.order == "gaussian":
            self.filter_ = rng.standard_normal((self.k, len(alphabet)))
        elif self.order in ("random", "double-decycling"):
            self.hash_seed_ = int(rng.randint(np.iinfo(np.int64).max, dtype=np.int64))
        return self

    def _check_combination(self, alphabet: Alphabet) -> None:
        """Raise a ValueError if the parameters do not fit together."""
        if self.canonical:
            complements = alphabet.complement_codes
            if len(alphabet) != 4 or complements is None or complements[:4].tolist() != [3, 2, 1, 0]:
                raise ValueError(
                    f"canonical=True requires an alphabet of nucleotides, but got {alphabet.name!r}; set "
                    "alphabet='dna' or canonical=False."
                )
        if self.scheme != "minimizer" and self.order != "random":
            order = self.order if isinstance(self.order, str) else "a callable"
            raise ValueError(
                f"scheme={self.scheme!r} requires order='random', but order is {order}; choose "
                "scheme='minimizer' or order='random'."
            )
        if self.scheme == "syncmer" and self.window >= self.k:
            raise ValueError(
                f"scheme='syncmer' requires a window below k={self.k}, but window={self.window}; raise k or "
                "lower window."
            )
        largest = largest_k(len(alphabet))
        if self.k > largest and (callable(self.order) or self.order == "lexicographic"):
            named = "a callable order" if callable(self.order) else "order='lexicographic'"
            raise ValueError(
                f"k={self.k} is too large for {named}: a k-mer of the {alphabet.name} alphabet must fit into "
                f"63 bits; choose k of at most {largest} or order='random'."
            )

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
        columns_of = self._column_function()
        cells, counts = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int32)]
        for selection in self._select(sequences):
            # counted in each buffer, so that a repeated k-mer takes one entry
            cell, count = np.unique(
                selection.sequence * n_columns + columns_of(selection.code), return_counts=True
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
            The distinct k-mers selected in each sequence, in the order of the alphabet. With
            ``canonical=True``, the smaller of each k-mer and its reverse complement.
        """
        check_is_fitted(self, "alphabet_")
        sequences = check_sequences(X)
        if self.k <= largest_k(len(self.alphabet_)):
            return [self._kmers_of(np.unique(codes)) for codes in self._split(sequences, "code")]
        # the code of a long k-mer is a hash
        return [
            np.array(sorted(self._kmers_at(sequence, positions)), dtype=f"U{self.k}")
            for sequence, positions in zip(sequences, self._split(sequences, "position"), strict=True)
        ]

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
        codes = canonical_codes(self.k) if self.canonical else np.arange(self._n_features_out)
        return self._kmers_of(codes).astype(object)

    @property
    def _hashes_columns(self) -> bool:
        return self._n_kmers > self.n_features

    @property
    def _n_features_out(self) -> int:
        return min(self._n_kmers, self.n_features)

    @property
    def _n_kmers(self) -> int:
        """The number of different k-mers."""
        n_symbols = len(self.alphabet_)
        if not self.canonical:
            return n_symbols**self.k
        # a k-mer that is its own reverse complement is determined by its first half
        palindromes = 0 if self.k % 2 else n_symbols ** (self.k // 2)
        return (n_symbols**self.k + palindromes) // 2

    def _column_function(self) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]:
        """Return the function that maps codes of k-mers to columns."""
        if self._hashes_columns:
            return lambda codes: (mix64(codes, _COLUMN_SEED) % np.uint64(self.n_features)).astype(np.int64)
        if self.canonical:
            codes_of_columns = canonical_codes(self.k)
            return lambda codes: np.searchsorted(codes_of_columns, codes)
        return lambda codes: codes

    def _kmers_of(self, codes: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
        return spell_kmers(codes, k=self.k, symbols=self.alphabet_.symbols)

    def _kmers_at(self, sequence: str, positions: npt.NDArray[np.int64]) -> set[str]:
        """Return the (canonical) k-mers at the positions of a sequence."""
        alphabet = self.alphabet_
        kmers = {alphabet.decode(alphabet.encode(sequence[p : p + self.k])) for p in positions}
        if not self.canonical:
            return kmers
        # the letters of nucleotides are in alphabetical order
        return {min(kmer, alphabet.reverse_complement(kmer)) for kmer in kmers}

    def _select(self, sequences: npt.NDArray[np.object_]) -> Iterator[Selection]:
        return select_minimizers(
            sequences,
            alphabet=self.alphabet_,
            k=self.k,
            # the choice of a syncmer does not depend on the k-mers around it
            window=1 if self.scheme == "syncmer" else self.window,
            scheme=self._sampling_scheme(),
            canonical=self.canonical,
            size=_BUFFER_SIZE,
        )

    def _sampling_scheme(self) -> Scheme:
        k, n_symbols = self.k, len(self.alphabet_)
        if self.order == "random":
            return random_scheme(
                self.scheme,
                k=k,
                window=self.window,
                canonical=self.canonical,
                tie_break=self.tie_break,
                n_symbols=n_symbols,
                seed=self.hash_seed_,
            )
        if self.order == "gaussian":
            order = filter_order(self.filter_)
        elif self.order == "double-decycling":
            order = double_decycling_order(k, n_symbols, self.hash_seed_)
        elif self.order == "lexicographic":
            order = lexicographic_order(k)
        else:
            order = callable_order(self.order, k=k)
        return minimizer_scheme(order, k=k, window=self.window, tie_break=self.tie_break)

    def _split(self, sequences: npt.NDArray[np.object_], name: str) -> list[npt.NDArray[np.int64]]:
        """Return a field of the selection as one array for each sequence."""
        owners, items = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for selection in self._select(sequences):
            owners.append(selection.sequence)
            items.append(getattr(selection, name))
        ends = np.searchsorted(np.concatenate(owners), np.arange(1, len(sequences)))
        return np.split(np.concatenate(items), ends)
