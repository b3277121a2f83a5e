"""Counts of k-mers as a sparse matrix."""

from functools import lru_cache
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skseed._base import SequenceTransformer
from skseed._constraints import ALPHABET
from skseed._kmers import (
    gapped_kmer_codes,
    gapped_placements,
    kmer_codes,
    largest_k,
    reverse_complement_codes,
    spell_kmers,
)
from skseed._sequences import Sequences, check_letters, encoded_chunks
from skseed._sklearn import Interval, _fit_context
from skseed._validation import check_sequences
from skseed.alphabets import Alphabet, get_alphabet

_CHUNK = 1 << 18
# the canonical k-mers are listed, in 4 bytes each
_LARGEST_CANONICAL = 2**25


class KmerVectorizer(SequenceTransformer):
    """Count the k-mers of each sequence.

    K-mer counts are the usual baseline without training: sequences that share many k-mers are similar,
    wherever these occur. The counts do not depend on positions. For `k` above about 8, nearly all of the
    ``n_symbols ** k`` columns are empty; use :class:`MinimizerVectorizer` for long k-mers.

    Parameters
    ----------
    k : int, default=4
        The number of symbols of a k-mer. ``n_symbols ** k`` must be below 2**31.
    gaps : int, default=0
        The largest number of positions that a k-mer may skip. With 0, k-mers are contiguous. With `gaps` = 2
        and `k` = 3, the first symbol and any two of the next four are a 3-mer: the spaced seeds 111, 1101,
        1011, 11001, 10101 and 10011. All seeds count in the same column, as in the gappy kernel [1]_. Gapped
        k-mers match across substitutions that interrupt contiguous ones, like spaced seeds in search [2]_.
    canonical : bool, default=False
        Whether a k-mer and its reverse complement are one column, so that both strands have equal counts. The
        column has the name of the smaller of the two in the order of the alphabet. It requires an alphabet
        with complements and at most 2**25 k-mers.
    alphabet : {"dna", "rna", "protein", "protein-reduced"} or Alphabet, default="dna"
        The alphabet of the sequences. A letter outside it raises an error. ``"protein-reduced"`` accepts all
        amino acids and counts D/E, I/L/M/V, N/Q, K/R, S/T and F/W/Y as one symbol each.

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
    A k-mer that contains an ambiguity letter is not counted; an ambiguity letter at a skipped position does
    not matter. A sequence shorter than `k` gives a row of zeros. Without ambiguity letters and gaps, the sum
    of a row is ``len(sequence) - k + 1``. The transformer is row-wise and learns nothing from the data. The
    columns are in the order of the alphabet.

    The cost grows with the number of seeds, which is the number of ways to choose `k` - 1 of `k` + `gaps` - 1
    positions.

    References
    ----------
    .. [1] C. Leslie, R. Kuang, "Fast string kernels using inexact matching for protein sequences", Journal of
       Machine Learning Research 5, 2004, pp. 1435-1455. A k-mer counts once here for each seed that it
       matches at a position. The paper lets its weight decay with the number of gaps.
    .. [2] B. Ma, J. Tromp, M. Li, "PatternHunter: faster and more sensitive homology search", Bioinformatics
       18(3), 2002. doi:10.1093/bioinformatics/18.3.440

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

    Both strands have equal counts of canonical k-mers, and a gapped k-mer matches in spite of a substitution:

    >>> KmerVectorizer(k=2, canonical=True).fit_transform(["GATTACA", "TGTAATC"]).toarray()
    array([[1, 1, 0, 1, 1, 0, 0, 1, 0, 1],
           [1, 1, 0, 1, 1, 0, 0, 1, 0, 1]], dtype=int32)
    >>> gapped = KmerVectorizer(k=2, gaps=1).fit(["GTA"])
    >>> [str(gapped.get_feature_names_out()[i]) for i in gapped.transform(["GTA"]).indices]
    ['GA', 'GT', 'TA']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, None, closed="left")],
        "gaps": [Interval(Integral, 0, None, closed="left")],
        "canonical": ["boolean"],
        "alphabet": ALPHABET,
    }

    def __init__(
        self, k: int = 4, *, gaps: int = 0, canonical: bool = False, alphabet: str | Alphabet = "dna"
    ) -> None:
        self.k = k
        self.gaps = gaps
        self.canonical = canonical
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
            If `k` is too large, `canonical` is True for an alphabet without complements, or a letter does not
            belong to the alphabet; the message names the sequence and the position.
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
        if self.canonical:
            if alphabet.complement_codes is None:
                raise ValueError(
                    f"canonical=True needs complements, which the {alphabet.name} alphabet does not have; "
                    "set canonical=False."
                )
            if len(alphabet) ** self.k > _LARGEST_CANONICAL:
                raise ValueError(
                    f"k={self.k} gives {len(alphabet)}**{self.k} k-mers, but canonical=True lists at most "
                    f"{_LARGEST_CANONICAL}; lower k or use MinimizerVectorizer."
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
        counts : csr_array of shape (n_sequences, n_kmers), dtype int32
            The number of occurrences of each k-mer; ``n_symbols ** k`` columns, fewer if `canonical` is True.

        Raises
        ------
        ValueError
            If a letter does not belong to the alphabet; the message names the sequence and the position.
        """
        check_is_fitted(self)
        blocks = [
            self._count(chunk)
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
        names : ndarray of shape (n_kmers,), dtype object
            The k-mers.
        """
        check_is_fitted(self)
        codes = self._canonical_codes()
        if codes is None:
            codes = np.arange(len(self.alphabet_) ** self.k)
        return spell_kmers(codes, k=self.k, symbols=self.alphabet_.symbols).astype(object)

    def _canonical_codes(self) -> npt.NDArray[np.int64] | None:
        """Return the codes of the columns, None if every k-mer has a column."""
        return _canonical_codes(self.alphabet_, self.k) if self.canonical else None

    def _count(self, sequences: Sequences) -> sparse.csr_array:
        counts = _count_kmers(sequences, gapped_placements(self.k, self.gaps), len(self.alphabet_))
        columns = self._canonical_codes()
        if columns is None:
            return counts
        kmers = counts.indices.astype(np.int64)
        other = reverse_complement_codes(kmers, k=self.k, complement=_complement_of(self.alphabet_))
        indices = np.searchsorted(columns, np.minimum(kmers, other)).astype(np.int32)
        merged = sparse.csr_array((counts.data, indices, counts.indptr), shape=(len(sequences), len(columns)))
        merged.sum_duplicates()
        return merged


def _complement_of(alphabet: Alphabet) -> npt.NDArray[np.integer]:
    """Return the complements of the codes of the symbols, without those of the wildcard and the padding."""
    complement = alphabet.complement_codes
    assert complement is not None
    return complement[: len(alphabet)]


@lru_cache(maxsize=2)
def _canonical_codes(alphabet: Alphabet, k: int) -> npt.NDArray[np.int64]:
    """Return the codes of the k-mers that are not greater than their reverse complement, ascending."""
    codes = np.arange(len(alphabet) ** k)
    return codes[codes <= reverse_complement_codes(codes, k=k, complement=_complement_of(alphabet))]


def _count_kmers(sequences: Sequences, placements: list[tuple[int, ...]], n_symbols: int) -> sparse.csr_array:
    k = len(placements[0])
    rows = np.repeat(np.arange(len(sequences), dtype=np.int32), sequences.lengths)
    total: sparse.csr_array | None = None
    for placement in placements:
        span = placement[-1] + 1
        if span == k:
            codes, valid = kmer_codes(sequences.codes, k=k, n_symbols=n_symbols)
        else:
            codes, valid = gapped_kmer_codes(sequences.codes, placement=placement, n_symbols=n_symbols)
        # 32 bits suffice for both indices, and scipy would convert wider ones
        columns, owners = codes.astype(np.int32), rows[: len(codes)]
        is_counted = owners == rows[span - 1 :]
        if valid is not None:
            is_counted &= valid
        columns, owners = columns[is_counted], owners[is_counted]
        ones = np.ones(len(columns), dtype=np.int32)
        shape = (len(sequences), n_symbols**k)
        counts = sparse.coo_array((ones, (owners, columns)), shape=shape).tocsr()
        total = counts if total is None else total + counts
    assert total is not None
    return total
