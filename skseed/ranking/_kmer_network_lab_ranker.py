"""Rank labs by a network on color classes of k-mers."""

from collections.abc import Callable
from numbers import Real
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch

from skseed._atomic_fit import atomic_fit
from skseed._constraints import AT_LEAST_ONE
from skseed._kmers import kmer_sketches
from skseed._sequences import Topology
from skseed._sklearn import Interval, _fit_context
from skseed._tokens import warn_unknown_sequences
from skseed._training import NeuralEstimatorMixin, build_seeded, split_by_group
from skseed.nn import SparseBatches, SparseSoftmaxNetwork, WeightedCrossEntropyLoss
from skseed.ranking._base import Scores
from skseed.ranking._class_network import ClassColumns, ClassNetwork
from skseed.ranking._color_classes import ColorClasses
from skseed.ranking._kmer_library import KmerLibrary
from skseed.ranking._kmer_ranker import KmerRanker

_MAX_HELD_OUT = 5000
# the fused step takes a quarter of the time for the large first layer
_FUSED = {"optimizer__fused": True}
_HAS_FUSED = ("adam", "adamw", "sgd")


class KmerNetworkLabRanker(NeuralEstimatorMixin, KmerRanker):
    """Rank the labs that may have engineered a plasmid by a small network on common k-mers.

    The network reads the color classes of a plasmid (k-mers of exactly the same labs), its metadata and its
    length. It finds labs by combinations of common k-mers, which a vote cannot weigh. In training, the row of
    a plasmid is computed without its own group, such as its publication, so the network learns what several
    groups of a lab share instead of single constructs. Alone it is less accurate than
    :class:`EvidenceLabRanker`, which contains this network as a feature; use it for comparison, or in a
    :class:`CopelandRanker`. It does not enroll labs.

    Parameters
    ----------
    k : int, default=16
        Letters in a k-mer, at most 31.
    fraction : float, default=0.125
        The share of the k-mers that is used, in (0, 1]. Time and memory are proportional to it. Raise it
        for sequences of a few hundred letters.
    topology : {"circular", "linear"}, default="circular"
        Whether the k-mers over the end of a sequence count.
    n_metadata : int, default=0
        The number of columns of X, the last ones, that are binary metadata. If it is not 0, X is a table
        whose first column is the sequence.
    n_hidden : int, default=256
        The number of hidden units.
    dropout : float, default=0.3
        The probability that a hidden unit is dropped in training, in [0, 1).
    label_smoothing : float, default=0.2
        The share of each target, in [0, 1), that is divided evenly among all labs. It makes the network less
        confident for plasmids of unseen groups.
    lr : float, default=1e-2
        Highest learning rate of the one-cycle schedule.
    max_epochs : int, default=12
        Largest number of passes over the training data.
    batch_size : int, default=512
        Number of training samples in a batch, at least 2.
    optimizer : {"adagrad", "adam", "adamw", "rmsprop", "sgd"} or callable, default="adam"
        Torch optimizer: a name, or a callable that takes parameters and ``lr``.
    validation_fraction : float, default=0.0
        Share of the training data, in [0, 1), that is held out to choose the best epoch by the validation
        loss. 0 trains on all data and keeps the last epoch. Whole groups are held out, and at most 5,000 of
        their rows are used.
    n_iter_no_change : int, default=10
        Number of epochs without a lower validation loss after which training ends. Unused if nothing is held
        out.
    callbacks : list of skorch callbacks or None, default=None
        Further skorch callbacks. Callbacks that score predictions, such as ``EpochScoring``, are not
        supported.
    checkpoint : str, path-like or None, default=None
        Directory for the state of training, which is written after every epoch and removed at the end. An
        interrupted `fit` resumes when it is called again with the same data and parameters, and gives the
        same result, bit for bit. Requires an int as `random_state`.
    device : str, default="cpu"
        Torch device, or ``"auto"`` for CUDA if it is available and the CPU otherwise. Only training uses it.
    verbose : int, default=0
        Whether to print a line for every epoch.
    random_state : int, RandomState instance or None, default=None
        Seed of all random choices of `fit`. Pass an int for the same result, bit for bit, in every call and
        for any number of jobs or threads. It determines the initial weights, the order of the batches,
        dropout and the validation split.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted.
    lab_counts_ : ndarray of shape (n_labs,)
        The number of training sequences of each lab.
    n_iter_ : int
        The number of epochs.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` holds the losses, ``net_.module_`` the torch module.
    n_features_in_ : int
        The number of columns seen in `fit`; only with metadata.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns, if X was a table with names; only with metadata.

    See Also
    --------
    EvidenceLabRanker : Weighs this network and other features.
    TripletLabRanker : A network on tokens instead of k-mers.
    skseed.nn.SparseSoftmaxNetwork : The network.

    Notes
    -----
    K-mers are sketched as in :class:`KmerLabRanker`. An entry of a color class is log(1 + n) for n k-mers of
    the class in the plasmid. The metadata and a bin of the logarithm of the length are further columns. Each
    row is scaled to length 1. The loss is the cross-entropy with smoothed labels, in which a plasmid of a
    group of n plasmids has the weight 1/√n. The scores of `decision_function` are log-probabilities.

    The color class of a k-mer of a training plasmid is that of the labs that have it in other groups. If no
    k-mer has exactly these labs, the color class in the whole training data is used. A k-mer that no other
    group has is left out.

    A sequence without a known k-mer is ranked by its length and metadata, with one warning in a call.

    Examples
    --------
    >>> from skseed.datasets import make_plasmids
    >>> from skseed.ranking import KmerNetworkLabRanker
    >>> plasmids = make_plasmids(120, 6, n_publications=4, return_X_y=False, random_state=0)
    >>> ranker = KmerNetworkLabRanker(batch_size=32, random_state=0)
    >>> ranker.fit(plasmids.data, plasmids.target, groups=plasmids.groups).rank(plasmids.data[:2], k=3).shape
    (2, 3)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **KmerRanker._parameter_constraints,
        **NeuralEstimatorMixin._training_constraints,
        "n_hidden": AT_LEAST_ONE,
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

    def __init__(
        self,
        k: int = 16,
        *,
        fraction: float = 0.125,
        topology: Topology = "circular",
        n_metadata: int = 0,
        n_hidden: int = 256,
        dropout: float = 0.3,
        label_smoothing: float = 0.2,
        lr: float = 1e-2,
        max_epochs: int = 12,
        batch_size: int = 512,
        optimizer: str | Callable[..., torch.optim.Optimizer] = "adam",
        validation_fraction: float = 0.0,
        n_iter_no_change: int = 10,
        callbacks: list[Any] | None = None,
        checkpoint: str | PathLike[str] | None = None,
        device: str = "cpu",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.k = k
        self.fraction = fraction
        self.topology = topology
        self.n_metadata = n_metadata
        self.n_hidden = n_hidden
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Train the network to distinguish the labs.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or table of shape (n_samples, 1 + n_metadata)
            DNA sequences, with metadata in further columns.
        y : array-like of shape (n_samples,)
            The lab of each sequence.
        groups : array-like of shape (n_samples,), default=None
            Groups that a plasmid to be ranked does not share with the training data, such as publications.
            None makes every plasmid a group.

        Returns
        -------
        self : KmerNetworkLabRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If a letter does not belong to DNA, metadata is neither 0 nor 1, or a lab or a group is missing
            (the message names the index); if `y` has a single lab, or no sequence has a k-mer and there is no
            metadata.
        FloatingPointError
            If the loss, a weight or an output is not finite; the message names the epoch.

        Warns
        -----
        UserWarning
            If some sequences have no k-mer.
        """
        library = self._read_library(X, y, groups, reset=True)
        return self._fit_library(library, ColorClasses.from_library(library))

    def _fit_library(self, library: KmerLibrary, color_classes: ColorClasses) -> Self:
        """Train the network on the rows of a library."""
        columns = ClassColumns.from_library(library, color_classes)
        rows = columns.training_rows(library, color_classes)
        weights = 1 / np.sqrt(np.bincount(library.groups))[library.groups]
        targets = library.labs.astype(np.int64)
        weight_seed, dropout_seed, batch_seed, split_seed = self._draw_seeds(4)
        train, held_out = split_by_group(
            library.groups, self.validation_fraction, seed=split_seed, max_held_out=_MAX_HELD_OUT
        )
        options = {
            "n_columns": columns.n_columns,
            "n_classes": library.n_labs,
            "n_hidden": self.n_hidden,
            "dropout": self.dropout,
            "seed": dropout_seed,
        }
        network = build_seeded(lambda: self._build_module(**options), weight_seed)
        batches = SparseBatches(
            rows[train], targets[train], weights[train], batch_size=self.batch_size, seed=batch_seed
        )

        def validation_loss() -> float:
            trained = ClassNetwork.from_module(columns, network)
            log_probabilities = trained.log_probabilities(rows[held_out])
            losses = -log_probabilities[np.arange(len(held_out)), targets[held_out]]
            return float(np.average(losses, weights=weights[held_out]))

        net = self._train(
            network,
            WeightedCrossEntropyLoss(self.label_smoothing),
            batches,
            data=[rows.data, rows.indices, rows.indptr, targets, weights, train],
            validation_loss=validation_loss if len(held_out) else None,
            **(_FUSED if self.optimizer in _HAS_FUSED else {}),
        )
        self.__dict__.update(
            net_=net,
            classes_=library.classes,
            lab_counts_=library.lab_counts,
            n_iter_=len(net.history),
            _columns=columns,
            _module_options=options,
        )
        return self

    def _build_module(self, **options: Any) -> SparseSoftmaxNetwork:
        return SparseSoftmaxNetwork(**options)

    def _trained(self) -> ClassNetwork:
        return ClassNetwork.from_module(self._columns, self.net_.module_)

    def _scored(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        sequences, metadata = self._read(X, reset=False)
        sketches = kmer_sketches(sequences, k=self.k, fraction=self.fraction)
        rows, is_known = self._columns.sketch_rows(sketches, sequences.lengths, metadata)
        warn_unknown_sequences(
            is_known,
            kind=f"{self.k}-mers",
            effect="they are ranked by length and metadata; lower k or raise fraction for short sequences",
        )
        return self.classes_, self._trained().log_probabilities(rows)


def train_class_network(library: KmerLibrary, color_classes: ColorClasses, seed: int) -> ClassNetwork:
    """Return the network that KmerNetworkLabRanker trains by default on a library."""
    ranker = KmerNetworkLabRanker(random_state=seed)
    ranker._fit_library(library, color_classes)
    return ranker._trained()
