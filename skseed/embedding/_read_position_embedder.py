"""Learned embeddings whose distances approximate the distances of reads in a genome."""

from collections.abc import Callable
from functools import partial
from numbers import Real
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr
from sklearn.base import ClassNamePrefixFeaturesOutMixin, clone
from sklearn.utils import Tags, check_consistent_length, column_or_1d
from sklearn.utils.validation import check_array, check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._base import SequenceTransformer
from skseed._constraints import AT_LEAST_ONE
from skseed._sequences import Sequences, as_sequences
from skseed._sklearn import HasMethods, Interval, StrOptions, _fit_context
from skseed._training import (
    NeuralEstimatorMixin,
    build_seeded,
    one_torch_thread,
    resolve_device,
    split_by_group,
)
from skseed.alphabets import DNA
from skseed.embedding._encoder import Encoder, resolve_encoder
from skseed.embedding._encoders import CNNEncoder
from skseed.embedding._input import check_matrix_fits, readable, seen_codes
from skseed.embedding._kmer_vote_encoder import KmerVoteEncoder
from skseed.embedding._points import MAX_VALIDATION_ROWS, embed, validation_loss
from skseed.embedding._read_batches import ReadBatchMaker, neighbor_order, without_gaps
from skseed.nn import LocalPairsLoss, LocalSiameseNet, PairBatches, PairwiseDistance, fold_line

_ENCODERS: dict[str, type[Encoder]] = {"votes": KmerVoteEncoder, "cnn": CNNEncoder}
_KNOTS = 3


class ReadPositionEmbedder(NeuralEstimatorMixin, ClassNamePrefixFeaturesOutMixin, SequenceTransformer):
    """Embed reads so that near points are reads from near positions of a genome.

    A Siamese network learns points from reads with known positions. The distance between the points of two
    overlapping reads approximates the distance of their positions, in bases. Reads that are farther apart
    than the length of a read have points that are at least that far apart. Use the embedder to apply methods
    for points to the reads of a known genome: nearest neighbors, graphs, density, plots. It only knows the
    genome it was trained on, and does not replace a read mapper: an aligner is exact and faster, and returns
    the position of a read.

    Parameters
    ----------
    n_components : int, default=3
        The dimension of the points. The line of a genome is folded into it.
    encoder : {"votes", "cnn"} or Encoder, default="votes"
        The network that computes the point of a read. ``"votes"`` looks up the k-mers of a read, see
        :class:`KmerVoteEncoder`. ``"cnn"`` learns its filters, for comparison: with new errors and minutes of
        training it found only the approximate position of reads of a viral genome. A subclass of
        :class:`Encoder` defines a network of your own.
    mutation_rate : float, default=0.0
        The share of letters, in [0, 1], that get a new error whenever a read is used in training. A
        convolutional network needs it; ``"votes"`` does not.
    lr : float or "auto", default="auto"
        Highest learning rate of the one-cycle schedule. ``"auto"`` is the encoder's `default_lr`: 1e-2 for
        ``"votes"``, 3e-3 for ``"cnn"``.
    max_epochs : int, default=30
        Largest number of passes over the training data.
    batch_size : int, default=512
        Number of training samples in a batch, at least 2. A batch consists of groups of up to 32 neighboring
        reads.
    optimizer : {"adagrad", "adam", "adamw", "rmsprop", "sgd"} or callable, default="adam"
        Torch optimizer: a name, or a callable that takes parameters and ``lr``.
    validation_fraction : float, default=0.0
        Share of the training data, in [0, 1), that is held out to choose the best epoch by the validation
        loss. 0 trains on all data and keeps the last epoch. At most 1,000 reads are held out.
    n_iter_no_change : int, default=20
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
        Torch device, or ``"auto"`` for CUDA if it is available and the CPU otherwise.
    verbose : int, default=0
        Whether to print a line for every epoch.
    random_state : int, RandomState instance or None, default=None
        Seed of all random choices of `fit`. Pass an int for the same result, bit for bit, in every call and
        for any number of jobs or threads. It determines the initial weights, the batches and the new errors.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` holds the loss of every epoch, ``net_.module_`` the network.
    max_length_ : int
        The length of the longest training read, in bases. Predicted distances are meaningful below it.
    featurizer_ : Featurizer
        Turns encoded reads into the input of the network.

    See Also
    --------
    EditDistanceEmbedder : Points whose distances approximate edit distances.
    skseed.datasets.make_reads : Generate reads of a genome, with their positions.
    sklearn.manifold.Isomap : Unrolls the curve that the points form.

    Notes
    -----
    The embedding follows an idea of [1]_, which defines neither a read length, nor a loss, nor a measure.
    Here the loss of a pair that is nearer than a read length is the squared error of its distance. The loss
    of a farther pair is the squared amount by which its distance is below a read length. Random pairs are
    rarely near, so a batch consists of groups of neighboring reads, and both kinds of pairs have the same
    total weight.

    From a random start the line of the genome would tangle. It is therefore folded beforehand, from the
    positions alone (:func:`~skseed.nn.fold_line`), and the points are drawn towards it at first. With
    ``encoder="votes"`` the network also starts there, in closed form. The votes of the k-mers of a read are
    drawn together, which makes the point of a read independent of the k-mers that an error removed.

    A gap of more than two read lengths between positions is shortened to two. Several chromosomes can be
    trained at once if their positions are laid end to end with such gaps.

    Training compares ``batch_size / 2`` pairs for each read and epoch. `transform` costs one pass of the
    network for each read, in bounded memory.

    References
    ----------
    .. [1] Yu (2024). "On minimizers and convolutional filters: theoretical connections and applications
       to genome analysis." Journal of Computational Biology. :doi:`10.1089/cmb.2024.0483`

    Examples
    --------
    >>> from skseed.datasets import load_sars_cov_2, make_reads
    >>> from skseed.embedding import ReadPositionEmbedder
    >>> genome = load_sars_cov_2().data[0][:1000]
    >>> reads, positions = make_reads(genome, random_state=0)
    >>> embedder = ReadPositionEmbedder(random_state=0).fit(reads, positions)
    >>> new_reads = [genome[200:350], genome[240:390], genome[700:850]]
    >>> embedder.transform(new_reads).shape
    (3, 3)
    >>> distances = embedder.pairwise_distances(new_reads)
    >>> distances[0, 1].round(-1), distances[0, 2] > 150
    (np.float64(40.0), np.True_)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimatorMixin._training_constraints,
        "n_components": AT_LEAST_ONE,
        "encoder": [StrOptions(set(_ENCODERS)), HasMethods(["fit_featurizer", "build"])],
        "mutation_rate": [Interval(Real, 0, 1, closed="both")],
        "lr": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        n_components: int = 3,
        *,
        encoder: str | Encoder = "votes",
        mutation_rate: float = 0.0,
        lr: float | str = "auto",
        max_epochs: int = 30,
        batch_size: int = 512,
        optimizer: str | Callable[..., torch.optim.Optimizer] = "adam",
        validation_fraction: float = 0.0,
        n_iter_no_change: int = 20,
        callbacks: list[Any] | None = None,
        checkpoint: str | PathLike[str] | None = None,
        device: str = "cpu",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.encoder = encoder
        self.mutation_rate = mutation_rate
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
    def fit(self, X: Any, y: Any) -> Self:
        """Learn from reads and their positions.

        Parameters
        ----------
        X : array-like of str of shape (n_reads,)
            The reads, DNA of either strand. At least two.
        y : array-like of shape (n_reads,)
            The position of each read in the genome, in bases. Any fixed point of a read serves, such as its
            left end; if reads differ in length, use the middle.

        Returns
        -------
        self : ReadPositionEmbedder
            The fitted embedder.

        Raises
        ------
        ValueError
            If a letter is not a nucleotide, a read is empty, there are fewer than two, `y` does not hold one
            finite number for each read, or too few reads are left for training.
        FloatingPointError
            If the loss is not finite; the message names the epoch.
        """
        encoder = resolve_encoder(self.encoder, _ENCODERS, "ReadPositionEmbedder")
        reads = as_sequences(X, alphabet=DNA, min_length=1)
        positions = self._check_positions(y, reads)
        if len(reads) < 2:
            raise ValueError(f"ReadPositionEmbedder needs at least 2 reads; got n_samples = {len(reads)}.")
        max_length = int(reads.lengths.max())
        weights_seed, batches_seed, split_seed = self._draw_seeds(3)
        train, validation = split_by_group(
            np.arange(len(reads)),
            self.validation_fraction,
            seed=split_seed,
            max_held_out=MAX_VALIDATION_ROWS,
        )
        rng = np.random.default_rng(batches_seed)
        places = without_gaps(positions / max_length)
        guide = _folded(places, self.n_components, int(rng.integers(np.iinfo(np.int32).max)))
        targets = np.column_stack([places, guide]).astype(np.float32)
        training = reads.take(train) if len(validation) else reads
        featurizer = encoder.fit_featurizer(training, max_length, None, rng)
        options = {"encoder": clone(encoder), "featurizer": featurizer, "n_components": self.n_components}
        module = build_seeded(lambda: self._build_module(**options), weights_seed)
        with one_torch_thread():
            encoder.initialize(module.encoder, featurizer, training, guide[train])
        make_batch = ReadBatchMaker(
            training,
            targets[train],
            max_length=max_length,
            featurizer=featurizer,
            mutation_rate=self.mutation_rate,
        )
        batches = PairBatches(
            len(training),
            make_batch,
            batch_size=self.batch_size,
            seed=batches_seed,
            order=partial(neighbor_order, places[train]),
        )
        criterion = LocalPairsLoss(n_steps=len(batches) * self.max_epochs)
        loss = None
        if len(validation):
            true = torch.from_numpy(targets[validation])

            def loss_of_points(points: torch.Tensor) -> torch.Tensor:
                distances = module.distance(points, points).cpu()
                return criterion.eval()((distances, points.cpu(), points.new_zeros(()).cpu()), true)

            held_out = featurizer(reads.take(validation))
            loss = validation_loss(module.encoder, held_out, loss_of_points, resolve_device(self.device))
        net = self._train(
            module,
            criterion,
            batches,
            data=[reads.codes, reads.offsets, positions, train, validation],
            validation_loss=loss,
            lr=encoder.default_lr if isinstance(self.lr, str) else self.lr,
        )
        self.max_length_ = max_length
        self.featurizer_ = featurizer
        self.net_ = net
        self._module_options = options
        self._seen_codes = seen_codes(training)
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Embed reads.

        Parameters
        ----------
        X : array-like of str of shape (n_reads,)
            The reads.

        Returns
        -------
        points : ndarray of shape (n_reads, n_components), dtype float32
            The points, in bases: the predicted distance of two reads is the Euclidean distance of their
            points.

        Warns
        -----
        UserWarning
            If a notable share of the letters is beyond `max_length_` and ignored, if reads contain letters
            that the training reads do not contain, or if none of the k-mers of a read was seen in training.
            Its point is then the origin, which has no meaning.
        """
        check_is_fitted(self)
        return self._embed(self._new_reads(X))

    def pairwise_distances(self, X: Any, Y: Any = None) -> npt.NDArray[np.float64]:
        """Predict the distances between the positions of reads.

        Parameters
        ----------
        X : array-like of str of shape (n_reads_X,)
            Reads.
        Y : array-like of str of shape (n_reads_Y,), default=None
            Reads to compare with; None compares `X` with itself.

        Returns
        -------
        distances : ndarray of shape (n_reads_X, n_reads_Y)
            Predicted distances of the positions, in bases. A value above `max_length_` only says that the
            reads do not overlap. Without `Y` the matrix is symmetric and its diagonal is 0.

        Raises
        ------
        MemoryError
            If the matrix would take more than half of the available memory; raised before any embedding.
        """
        check_is_fitted(self)
        reads = self._new_reads(X)
        others = None if Y is None else self._new_reads(Y)
        check_matrix_fits(len(reads), len(reads if others is None else others))
        points = self._embed(reads)
        return cdist(points, points if others is None else self._embed(others))

    def score(self, X: Any, y: Any) -> float:
        """Return the rank correlation of predicted and true distances of overlapping reads.

        Parameters
        ----------
        X : array-like of str of shape (n_reads,)
            The reads.
        y : array-like of shape (n_reads,)
            Their positions in the genome, in bases.

        Returns
        -------
        score : float
            Spearman's correlation over all pairs of reads whose positions differ by less than `max_length_`:
            1 is best, 0 is chance, -1 is worst.

        Raises
        ------
        ValueError
            If fewer than two such pairs have different distances.
        """
        check_is_fitted(self)
        points = self.transform(X)
        positions = self._check_positions(y, points)
        predicted, true = overlapping_distances(points, positions, self.max_length_)
        if len(np.unique(true)) < 2:
            raise ValueError(
                f"score needs pairs of reads less than {self.max_length_} bases apart, at different "
                "distances; pass more reads."
            )
        return float(spearmanr(predicted, true).statistic)

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return self.n_components

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def _build_module(self, **options: Any) -> LocalSiameseNet:
        encoder = options["encoder"].build(options["featurizer"], options["n_components"])
        # points are in read lengths and no scale is learned
        return LocalSiameseNet(encoder, PairwiseDistance("euclidean").requires_grad_(False))

    def _new_reads(self, X: Any) -> Sequences:
        return readable(as_sequences(X, alphabet=DNA, min_length=1), self.max_length_, self._seen_codes)

    def _embed(self, reads: Sequences) -> npt.NDArray[np.float32]:
        device = resolve_device(self.device)
        points = embed(self.net_.module_.encoder, self.featurizer_, reads, device=device, n_jobs=None)
        return points * np.float32(self.max_length_)

    def _check_positions(self, y: Any, reads: Any) -> npt.NDArray[np.float64]:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None; "
                "pass the position of each read."
            )
        positions = check_array(
            column_or_1d(y, warn=True), ensure_2d=False, dtype=np.float64, copy=True, input_name="y"
        )
        check_consistent_length(reads, positions)
        return positions


def _folded(places: npt.NDArray[np.float64], n_components: int, seed: int) -> npt.NDArray[np.float32]:
    """Return the points of places, in read lengths, on a line that is folded into `n_components`."""
    knots = np.linspace(0, places.max(), max(2, int(np.ceil(_KNOTS * places.max())) + 1))
    with one_torch_thread():
        generator = torch.Generator().manual_seed(seed)
        line = fold_line(torch.from_numpy(knots).float(), n_components, generator=generator).numpy()
    return np.column_stack([np.interp(places, knots, column) for column in line.T]).astype(np.float32)


def overlapping_distances(
    points: npt.NDArray[np.floating], positions: npt.NDArray[np.floating], max_length: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the distances of points and of positions, for all pairs of positions closer than
    `max_length`."""
    order = np.argsort(positions, kind="stable")
    points, positions = points[order].astype(np.float64), positions[order].astype(np.float64)
    learned, true = [np.empty(0)], [np.empty(0)]
    for step in range(1, len(order)):
        apart = positions[step:] - positions[:-step]
        near = np.flatnonzero(apart < max_length)
        if not len(near):
            break
        true.append(apart[near])
        learned.append(np.linalg.norm(points[near + step] - points[near], axis=1))
    return np.concatenate(learned), np.concatenate(true)
