"""The lab of origin by an embedding of the set of k-mers of a plasmid."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from scipy.special import softmax
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.preprocessing import normalize
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skseed._nets import NeuralEstimatorMixin, build_seeded, draw_seeds, forward_in_batches, resolve_device
from skseed._sklearn import Interval, _fit_context
from skseed.nn import KmerBagNetwork, ScaledCosineLoss, TokenBatches
from skseed.ranking._base import grow_sums
from skseed.ranking._kmer_counts import index_kmers, known_kmers
from skseed.ranking._plasmid_ranker import PlasmidRanker

_COSINE_SCALE = 16.0
_PREDICTION_ROWS = 256


class KmerEmbeddingRanker(
    NeuralEstimatorMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, PlasmidRanker
):
    """Rank the labs that may have engineered a plasmid, by an embedding of the set of its k-mers.

    Every k-mer that is common enough has a learnt vector; a plasmid is their weighted sum, and its labs are
    ranked by the cosine to theirs. So a plasmid has the same embedding wherever it was cut open and
    on either strand, without any augmentation, and tens of thousands train in minutes on one core. It
    learns which combinations of widespread parts are a lab's own; rare parts, which decide most cases, are
    better counted by :class:`EvidenceLabRanker`, with which it can be fused by :class:`CopelandRanker`.

    Parameters
    ----------
    k : int, default=21
        Letters in a k-mer, at most 31.
    fraction : float, default=0.015625
        The share of the k-mers that is looked at, in (0, 1]; the time is proportional to it. Raise it for
        sequences of a few hundred letters.
    topology : {"circular", "linear"}, default="circular"
        Whether the k-mers over the end of a sequence count.
    n_metadata : int, default=0
        How many columns of X, the last ones, are binary metadata. X is then a table whose first column is
        the sequence.
    max_features : int, default=32768
        How many k-mers have a vector: those that most sequences have, two at least.
    embedding_dim : int, default=128
        The length of the embedding, of the labs' vectors and of the k-mers' vectors.
    dropout : float, default=0.3
        The probability that a k-mer is blanked out in training, in [0, 1).
    lr : float, default=4e-3
        The highest learning rate of the one-cycle schedule.
    max_epochs : int, default=6
        The number of passes over the training data.
    batch_size : int, default=256
        Rows a training step, at least 2. With few sequences, lower this or raise `max_epochs`.
    optimizer : callable, default=torch.optim.Adam
        Makes the optimiser.
    callbacks : list or None, default=None
        Further skorch callbacks.
    device : str, default="cpu"
        Where torch computes; ``"auto"`` takes a GPU when there is one.
    verbose : int, default=0
        1 prints a line for every epoch.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, the order of the batches and the dropout. An int gives the same
        result, bit for bit, whatever the number of jobs and threads.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted.
    lab_embeddings_ : ndarray of shape (n_labs, embedding_dim)
        The unit vector of each lab, in the order of `classes_`.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` has the loss of every epoch.
    n_features_in_ : int
        The number of columns seen in `fit`; only with metadata.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X was a table with names; only with metadata.

    See Also
    --------
    EvidenceLabRanker : Counts k-mers, rare ones above all, in place of learning vectors of them.
    TripletLabRanker : Learns an embedding of rows of tokens by convolutions.
    skseed.nn.KmerBagNetwork : The network by itself.

    Notes
    -----
    K-mers are sketched as in :class:`KmerLabRanker`. The weight of a k-mer in the sum is the logarithm of
    how rare it is among the training sequences. The loss is a softmax over 16 times the cosines to all
    labs, and so is `predict_proba`, which is not calibrated. A sequence none of whose k-mers is known has
    the same embedding as an empty one.

    Examples
    --------
    >>> from skseed.datasets import make_plasmids
    >>> from skseed.ranking import KmerEmbeddingRanker
    >>> X, y = make_plasmids(60, 4, random_state=0)
    >>> ranker = KmerEmbeddingRanker(embedding_dim=16, batch_size=8, random_state=0)
    >>> ranker.fit(X, y).rank(X[:2], k=3).shape
    (2, 3)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimatorMixin._training_constraints,
        **PlasmidRanker._parameter_constraints,
        "max_features": [Interval(Integral, 1, None, closed="left")],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        k: int = 21,
        *,
        fraction: float = 1 / 64,
        topology: str = "circular",
        n_metadata: int = 0,
        max_features: int = 2**15,
        embedding_dim: int = 128,
        dropout: float = 0.3,
        lr: float = 4e-3,
        max_epochs: int = 6,
        batch_size: int = 256,
        optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
        callbacks: list[Any] | None = None,
        device: str = "cpu",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.k = k
        self.fraction = fraction
        self.topology = topology
        self.n_metadata = n_metadata
        self.max_features = max_features
        self.embedding_dim = embedding_dim
        self.dropout = dropout
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.callbacks = callbacks
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> Self:
        """Learn a vector for every k-mer and every lab.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            DNA sequences, with metadata in further columns.
        y : array-like of shape (n_samples,)
            The lab of each; one sequence a lab is enough.

        Returns
        -------
        self : KmerEmbeddingRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If a letter is foreign to DNA, metadata is neither 0 nor 1 (the message names the place), or
            `y` holds a single lab.
        FloatingPointError
            If the loss is no longer a finite number; the message names the epoch.
        """
        sequences, metadata = self._read(X, reset=True)
        classes, targets = self._first_labs(y, sequences)
        weight_seed, dropout_seed, batch_seed = draw_seeds(self.random_state, 3)
        hashes, kmers = index_kmers(self._sketch(sequences))
        frequency = np.bincount(kmers.indices, minlength=len(hashes))
        # the most frequent first; of equal ones the first by hash
        kept = np.argsort(-frequency, kind="stable")[: self.max_features]
        kept = np.sort(kept[frequency[kept] > 1])
        weights = np.log1p(len(sequences) / np.concatenate([[1], frequency[kept]]))
        network = build_seeded(
            lambda: KmerBagNetwork(
                torch.as_tensor(weights, dtype=torch.float32),
                len(classes),
                embedding_dim=self.embedding_dim,
                n_metadata=self.n_metadata,
                dropout=self.dropout,
                seed=dropout_seed,
            ),
            weight_seed,
        )
        batches = TokenBatches(
            _padded(kmers[:, kept]),
            targets.astype(np.int64),
            metadata.astype(np.float32) if self.n_metadata else None,
            batch_size=self.batch_size,
            seed=batch_seed,
        )
        net = self._train(network, ScaledCosineLoss(_COSINE_SCALE), batches, steps_per_epoch=len(batches))
        network.eval().double()
        self.net_ = net
        self.classes_ = classes
        self.lab_embeddings_ = normalize(network.prototypes.detach().cpu().numpy())
        self._lab_sums = np.bincount(targets)[:, None] * self.lab_embeddings_
        self._hashes = hashes[kept]
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the unit embeddings of plasmids.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            As in `fit`.

        Returns
        -------
        embeddings : ndarray of shape (n_samples, embedding_dim)
            Rows of length 1.
        """
        check_is_fitted(self)
        return self._embed(*self._read(X, reset=False))

    def enroll(self, X: Any, y: Any) -> Self:
        """Learn further plasmids, of known labs or of new ones, without training.

        The network stays as it is. The vector of a lab becomes the mean direction of its plasmids; one with
        n training plasmids counts as n plasmids where its vector points.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            As in `fit`.
        y : array-like of shape (n_samples,)
            The lab of each.

        Returns
        -------
        self : KmerEmbeddingRanker
            The ranker, `classes_` and `lab_embeddings_` with the new labs in their places.

        Raises
        ------
        ValueError
            If X is not as in `fit`, or `y` holds names where `classes_` holds numbers or the reverse.
        """
        check_is_fitted(self)
        sequences, metadata = self._read(X, reset=False)
        classes, targets, places = self._further_labs(y, sequences)
        embeddings = self._embed(sequences, metadata)
        sums = grow_sums(self._lab_sums, places, embeddings, targets, len(classes))
        self.classes_, self.lab_embeddings_, self._lab_sums = classes, normalize(sums), sums
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return a softmax over 16 times the cosines; it is not calibrated.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            As in `fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labs)
            Rows that sum to 1, columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return softmax(_COSINE_SCALE * self._scores(X), axis=1)

    @property
    def _n_features_out(self) -> int:
        return self.lab_embeddings_.shape[1]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        # numpy's own loops, since the product of a matrix may round by the number of threads
        return np.einsum("qd,ld->ql", self._embed(*self._read(X, reset=False)), self.lab_embeddings_)

    def _embed(
        self, sequences: npt.NDArray[np.object_], metadata: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        device = resolve_device(self.device)
        network = self.net_.module_.to(device)
        tokens = _padded(known_kmers(self._sketch(sequences), self._hashes)).astype(np.int64)
        arrays: list[npt.NDArray[Any]] = [tokens, metadata] if self.n_metadata else [tokens]
        return forward_in_batches(network.embed, *arrays, batch_size=_PREDICTION_ROWS, device=device)


def _padded(kmers: sparse.csr_matrix) -> npt.NDArray[np.int32]:
    """Return the columns of each row that are not 0, counted from 1, with 0 after their end."""
    sizes = np.diff(kmers.indptr)
    rows = np.zeros((len(sizes), max(int(sizes.max()), 1)), dtype=np.int32)
    rows[np.arange(rows.shape[1]) < sizes[:, None]] = kmers.sorted_indices().indices + 1
    return rows
