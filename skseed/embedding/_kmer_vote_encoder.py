"""An encoder that places a read by the votes of its k-mers."""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from skseed._kmers import MAX_DNA_K, canonical_kmer_codes, kmer_starts
from skseed._sequences import Sequences
from skseed._sklearn import Interval
from skseed.embedding._encoder import Distances, Encoder, Featurizer, check_n_components
from skseed.nn import FIRST_KNOWN, KmerVotesNet

# ids of KmerVotesNet below FIRST_KNOWN
_PADDING, _UNKNOWN = 0, 1


class KmerIds(Featurizer):
    """The id of the canonical k-mer at each position, negative where its reverse complement was read.

    Parameters
    ----------
    k : int
        Symbols in a k-mer.
    vocabulary : ndarray of shape (n_kmers,), dtype int64
        The canonical codes of the known k-mers, ascending; known k-mer `i` has the id ``i + 2``.
    max_length : int
        The length of the longest sequence.
    """

    def __init__(self, k: int, vocabulary: npt.NDArray[np.int64], max_length: int) -> None:
        self.k = k
        self.vocabulary = vocabulary
        self.shape = (max(1, max_length - k + 1),)
        self.n_symbols = len(vocabulary)
        self.feature_name = f"{k}-mers"

    def __call__(self, sequences: Sequences) -> npt.NDArray[np.int32]:
        """Return the ids, shape (n_sequences, max_length - k + 1): 0 is padding, 1 an unknown k-mer."""
        kmers, owners, columns, is_forward, valid = _canonical_kmers(sequences, self.k)
        rows = np.searchsorted(self.vocabulary, kmers).clip(max=len(self.vocabulary) - 1)
        is_known = valid & (self.vocabulary[rows] == kmers)
        kmer_ids = np.where(is_known, rows + FIRST_KNOWN, _UNKNOWN)
        ids = np.full((len(sequences), *self.shape), _PADDING, dtype=np.int32)
        ids[owners, columns] = np.where(is_forward, kmer_ids, -kmer_ids)
        return ids

    def is_known(self, features: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Return whether each row has a known k-mer."""
        return np.asarray((np.abs(features) >= FIRST_KNOWN).any(axis=1))


class KmerVoteEncoder(Encoder):
    """A point and a direction for every k-mer of the training reads; the point of a read is their mean vote.

    For reads of a genome that the training reads cover: the encoder recognizes a place and does not
    generalize. Every k-mer of the training reads has a learned point and a learned direction, so that a place
    costs few numbers and training is fast. The k-mers start at the mean of the reads that contain them. Both
    strands of a read have the same point. A k-mer that is not in the training reads has no vote, so nothing
    is learned about other genomes.

    Parameters
    ----------
    k : int, default=15
        The length of the k-mers, from 1 to 31. A k-mer that occurs at two places of the genome misplaces its
        reads, so ``4 ** k`` should be thousands of times the length of the genome. A k-mer with a sequencing
        error has no vote, so ``k`` times the error rate should be well below 1.

    Examples
    --------
    >>> from skseed.embedding import KmerVoteEncoder, ReadPositionEmbedder
    >>> embedder = ReadPositionEmbedder(encoder=KmerVoteEncoder(k=4), max_epochs=5, random_state=0)
    >>> reads = ["GATTACAGA", "TTACAGATT", "ACAGATTTA", "GATTTACCA"]
    >>> embedder.fit(reads, [0, 2, 4, 7]).transform(["ACAGATTTA"]).shape
    (1, 3)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "k": [Interval(Integral, 1, MAX_DNA_K, closed="both")],
    }

    default_lr: ClassVar[float] = 1e-2
    embedders: ClassVar[tuple[str, ...]] = ("ReadPositionEmbedder",)

    def __init__(self, k: int = 15) -> None:
        self.k = k

    def fit_featurizer(
        self, sequences: Sequences, max_length: int, distances: Distances | None, rng: np.random.Generator
    ) -> Featurizer:
        """Collect the k-mers of the training reads.

        Parameters
        ----------
        sequences : Sequences
            The encoded training reads, DNA or RNA.
        max_length : int
            The length of the longest read.
        distances : callable or None
            Not used.
        rng : numpy.random.Generator
            Not used.

        Returns
        -------
        featurizer : Featurizer
            The featurizer.

        Raises
        ------
        ValueError
            If no read has a k-mer without a wildcard.
        """
        kmers, _, _, _, valid = _canonical_kmers(sequences, self.k)
        vocabulary = np.unique(kmers[valid])
        if not len(vocabulary):
            raise ValueError(
                f"No read has {self.k} consecutive letters without an ambiguity letter; lower k of "
                "KmerVoteEncoder."
            )
        return KmerIds(self.k, vocabulary, max_length)

    def build(self, featurizer: Featurizer, n_components: int | None) -> nn.Module:
        """Return the network.

        Parameters
        ----------
        featurizer : Featurizer
            The description of the input.
        n_components : int
            The dimension of the points.

        Returns
        -------
        module : torch.nn.Module
            The untrained module.
        """
        assert featurizer.n_symbols is not None
        return KmerVotesNet(featurizer.n_symbols, check_n_components(n_components, self))

    def initialize(
        self,
        module: nn.Module,
        featurizer: Featurizer,
        sequences: Sequences,
        points: npt.NDArray[np.float32],
    ) -> None:
        """Set the votes of each k-mer by a regression on given points of the reads that contain it.

        Parameters
        ----------
        module : torch.nn.Module
            The result of :meth:`build`.
        featurizer : Featurizer
            The result of :meth:`fit_featurizer`.
        sequences : Sequences
            The encoded training reads.
        points : ndarray of shape (n_reads, n_components), dtype float32
            The points.
        """
        assert isinstance(module, KmerVotesNet)
        module.start_at(torch.from_numpy(featurizer(sequences)), torch.from_numpy(points))


def _canonical_kmers(sequences: Sequences, k: int) -> tuple[npt.NDArray[Any], ...]:
    """Return the canonical k-mers, their sequences and columns, and whether they are forward and valid."""
    starts, owners = kmer_starts(sequences.offsets, k)
    kmers, is_forward, valid = canonical_kmer_codes(sequences.codes, k=k)
    columns = starts - sequences.offsets[owners]
    is_valid = np.ones(len(starts), dtype=np.bool_) if valid is None else valid[starts]
    return kmers[starts], owners, columns, is_forward[starts], is_valid
