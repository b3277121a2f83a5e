"""An encoder that lets the k-mers of a read vote for its place."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from torch import nn

from skseed._sklearn import Interval
from skseed.embedding._targets import Oracle
from skseed.nn import FIRST_KNOWN, KmerVotesNet

_N_BASES = 4
# a k-mer and its reverse complement fit into 64 bits
_MAX_K = 31


class KmerVoteEncoder(BaseEstimator):
    """Look up the k-mers of a read: the mean of their votes is its point.

    For reads of a genome that training has covered, where what matters is to recognise a place and not
    what it looks like. Every k-mer of the training reads has a learned point and direction, so that a
    place costs a few numbers and learning is quick. They start at the mean of the reads that hold the
    k-mer. It reads both strands alike. A k-mer that training did not see has no vote: nothing is learnt
    about other genomes.

    Parameters
    ----------
    k : int, default=15
        The length of the k-mers, from 1 to 31. A k-mer that stands at two places of the genome moves
        its reads off the line, so that ``4 ** k`` should be thousands of times the genome's length; one
        that holds an error has no vote, so that ``k`` times the error rate should be well below 1.

    Examples
    --------
    >>> from skseed.embedding import KmerVoteEncoder, ReadPositionEmbedder
    >>> embedder = ReadPositionEmbedder(encoder=KmerVoteEncoder(k=4), max_epochs=5, random_state=0)
    >>> reads = ["GATTACAGA", "TTACAGATT", "ACAGATTTA", "GATTTACCA"]
    >>> embedder.fit(reads, [0, 2, 4, 7]).transform(["ACAGATTTA"]).shape
    (1, 3)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, _MAX_K, closed="both")],
    }

    def __init__(self, k: int = 15) -> None:
        self.k = k

    def make_inputs(
        self,
        codes: npt.NDArray[np.uint8],
        distances: Oracle | npt.NDArray[np.float32],
        rng: np.random.Generator,
    ) -> "KmerIds":
        """Collect the k-mers of the training reads.

        Parameters
        ----------
        codes : ndarray of shape (n_sequences, length), dtype uint8
            The training reads, DNA or RNA.
        distances : Oracle or ndarray
            Not used.
        rng : numpy.random.Generator
            Not used.

        Returns
        -------
        inputs : KmerIds
            Makes the ids of the k-mers from rows of codes.

        Raises
        ------
        ValueError
            If no read has a k-mer.
        """
        kmers, _, readable = _canonical_kmers(codes, self.k)
        vocabulary = np.unique(kmers[readable])
        if not len(vocabulary):
            raise ValueError(
                f"No read holds {self.k} letters without an ambiguity code in a row; choose a smaller k."
            )
        return KmerIds(self.k, vocabulary)

    def build(self, length: int, n_symbols: int, n_components: int) -> nn.Module:
        """Return the torch module.

        Parameters
        ----------
        length, n_symbols, n_components : int
            Positions of a row (not used), number of known k-mers, dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.
        """
        return KmerVotesNet(n_symbols, n_components)


@dataclass(frozen=True)
class KmerIds:
    """Makes the ids that `KmerVotesNet` reads, shape (n, length - k + 1), from rows of codes."""

    k: int
    vocabulary: npt.NDArray[np.int64]

    @property
    def n_symbols(self) -> int:
        """The number of different symbols that the network meets: the known k-mers."""
        return len(self.vocabulary)

    def __call__(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
        """Return the ids: 0 for padding, from 2 on the known k-mers, negative for the reversed ones."""
        kmers, is_forward, readable = _canonical_kmers(codes, self.k)
        rows = np.searchsorted(self.vocabulary, kmers).clip(max=len(self.vocabulary) - 1)
        known = readable & (self.vocabulary[rows] == kmers)
        ids = np.where(known, rows + FIRST_KNOWN, 1)
        ids = np.where(is_forward, ids, -ids)
        ids[codes[:, self.k - 1 :][:, : kmers.shape[1]] > _N_BASES] = 0
        return ids.astype(np.int32)

    def places(self, ids: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Return for each row whether it holds a known k-mer, without which nothing places it."""
        known: npt.NDArray[np.bool_] = np.abs(ids) >= FIRST_KNOWN
        return np.asarray(known.any(axis=1))


def _canonical_kmers(
    codes: npt.NDArray[np.uint8], k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return the smaller of each k-mer and its reverse complement, which it was, and where one is."""
    if codes.shape[1] < k:
        codes = np.pad(codes, ((0, 0), (0, k - codes.shape[1])), constant_values=_N_BASES + 1)
    n_columns = codes.shape[1] - k + 1
    forward = np.zeros((len(codes), n_columns), dtype=np.int64)
    backward = np.zeros_like(forward)
    readable = np.ones(forward.shape, dtype=np.bool_)
    for offset in range(k):
        letters = codes[:, offset : offset + n_columns].astype(np.int64)
        readable &= letters < _N_BASES
        forward = forward * _N_BASES + letters
        # A, C, G, T are 0 to 3, so that the complement of a letter is 3 less it
        backward += (_N_BASES - 1 - letters) << (2 * offset)
    return np.minimum(forward, backward), forward <= backward, readable
