"""Learned embeddings whose distances tell how far apart reads lie in a genome."""

import warnings
from collections.abc import Callable
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.metrics import euclidean_distances
from sklearn.utils import Tags, check_consistent_length, column_or_1d
from sklearn.utils.validation import check_array, check_is_fitted

from skseed._base import SequenceTransformer, warn_cut
from skseed._sklearn import HasMethods, Interval, StrOptions, _fit_context
from skseed._training import (
    NeuralEstimatorMixin,
    build_seeded,
    draw_seeds,
    forward_in_batches,
    one_torch_thread,
    resolve_device,
)
from skseed._validation import check_sequences
from skseed.alphabets import DNA
from skseed.embedding._encoders import CNNEncoder, Encoder, n_input_symbols, resolve_encoder
from skseed.embedding._kmer_vote_encoder import KmerIds, KmerVoteEncoder
from skseed.embedding._read_batches import ReadBatchMaker, along_the_line, neighbour_order
from skseed.nn import KmerVotesNet, LocalPairsLoss, LocalSiameseNet, PairBatches, PairwiseDistance, fold_line

_ENCODERS: dict[str, type[Encoder]] = {"votes": KmerVoteEncoder, "cnn": CNNEncoder}
_TRANSFORM_ROWS = 256
_KNOTS = 3
_CHUNK = 8192


class ReadPositionEmbedder(NeuralEstimatorMixin, ClassNamePrefixFeaturesOutMixin, SequenceTransformer):
    """Embed reads so that near points are reads from near places of a genome.

    A Siamese network learns, from reads whose origins are known, points in bases: within the length of
    a read the distance of two points is the distance of their origins, and reads that lie
    further apart have points that do too. Use it to feed reads of a known genome to methods for points:
    neighbours, graphs, density, pictures. It knows only the genome it was trained on, and it is no read
    mapper: an aligner is exact, faster, and says where in the genome a read belongs.

    Parameters
    ----------
    n_components : int, default=3
        The dimension of the points. In few dimensions the line of a genome has to fold up.
    encoder : {"votes", "cnn"} or encoder object, default="votes"
        The network that makes a point of a read. ``"votes"`` looks up the k-mers of a read, see
        :class:`KmerVoteEncoder`. ``"cnn"`` learns its filters, for comparison: with a smaller `lr`, fresh
        errors and minutes of training it found no more than the rough place of a read of a viral genome.
    mutation_rate : float, default=0.0
        The share of letters, between 0 and 1, that get an error afresh whenever a read is trained on.
        A convolutional network needs it, k-mers that vote do not.
    lr : float, default=0.01
        The largest learning rate of the one-cycle schedule. A convolutional network wants 0.003.
    max_epochs : int, default=30
        How many times training goes through the reads.
    batch_size : int, default=512
        Reads a batch, at least 2. They come in groups of up to 32 neighbours.
    optimizer : callable, default=torch.optim.Adam
        The torch optimizer class.
    callbacks : list of skorch callbacks, default=None
        Further callbacks of the skorch net.
    device : str, default="cpu"
        The torch device, or ``"auto"`` for a GPU where there is one.
    verbose : int, default=0
        Whether skorch prints a line an epoch.
    random_state : int, RandomState instance or None, default=None
        Controls initial weights, batches and fresh errors. Pass an int for the same result, bit for
        bit, on every call and for any number of jobs or threads.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` holds the loss of every epoch, ``net_.module_`` the network.
    read_length_ : int
        The length of the longest training read, in bases: up to here distances mean something.
    inputs_ : callable
        Makes the network's input from rows of symbol codes.

    See Also
    --------
    EditDistanceEmbedder : Points for sequences that begin at the same place.
    skseed.datasets.make_reads : Make reads of a genome, with their positions.
    sklearn.manifold.Isomap : Unrolls the curve on which the points lie.

    Notes
    -----
    The embedding follows an idea of [1]_, which gives neither a read length, nor a loss, nor a measure.
    Here the loss of a pair nearer than a read length is the squared error of its distance, and that of a
    farther one the square of what it lacks to a read length. Random pairs are hardly ever near, so that
    a batch is made of groups of neighbours, and both kinds weigh the same.

    From a random start the line of the genome would tangle. So it is folded beforehand, from the positions
    alone (:func:`~skseed.nn.fold_line`), and the points are drawn to it at first. With ``encoder="votes"``
    the network also starts there, in closed form, and the votes of the k-mers of a read are pulled
    together, which makes a read's point independent of the k-mers that an error took away.

    Of a gap of the positions that is longer than two read lengths only two are folded: several
    chromosomes can be trained at once if their positions are laid end to end with such gaps.

    Training compares ``batch_size / 2`` pairs a read and epoch; `transform` costs one pass of the network
    a read, in bounded memory.

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
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "encoder": [StrOptions(set(_ENCODERS)), HasMethods(["build", "get_params"])],
        "mutation_rate": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        n_components: int = 3,
        *,
        encoder: str | Encoder = "votes",
        mutation_rate: float = 0.0,
        lr: float = 0.01,
        max_epochs: int = 30,
        batch_size: int = 512,
        optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
        callbacks: list[Any] | None = None,
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
        self.callbacks = callbacks
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> Self:
        """Learn from reads and where they come from.

        Parameters
        ----------
        X : array-like of str of shape (n_reads,)
            The reads, DNA of either strand. At least two.
        y : array-like of shape (n_reads,)
            The position of each read in the genome, in bases. Any fixed place of a read will do, such
            as its left end; where reads differ in length, take the middle.

        Returns
        -------
        self : ReadPositionEmbedder
            The fitted embedder.

        Raises
        ------
        ValueError
            If a letter is no nucleotide, a read is empty, there are fewer than two, or `y` does not hold
            one finite number a read.
        FloatingPointError
            If the loss stops being a number; the message names the epoch.
        """
        encoder = resolve_encoder(
            _ENCODERS[self.encoder]() if isinstance(self.encoder, str) else self.encoder
        )
        reads = check_sequences(X, min_length=1).tolist()
        positions = self._check_positions(y, reads)
        if len(reads) < 2:
            raise ValueError(f"ReadPositionEmbedder needs at least 2 reads; got n_samples = {len(reads)}.")
        read_length = max(map(len, reads))
        codes = DNA.encode_rows(reads, length=read_length)
        weights_seed, batches_seed = draw_seeds(self.random_state, 2)
        rng = np.random.default_rng(batches_seed)
        places = along_the_line(positions / read_length)
        guide = _folded(places, self.n_components, int(rng.integers(np.iinfo(np.int32).max)))
        inputs = encoder.make_inputs(codes, guide, rng)
        make_batch = ReadBatchMaker(
            codes,
            np.column_stack([places, guide]).astype(np.float32),
            inputs=inputs,
            alphabet=DNA,
            mutation_rate=self.mutation_rate,
        )
        width = make_batch.inputs_of_real.shape[1]
        # the unit of the points is the length of a read, and no scale is learned
        module = build_seeded(
            lambda: LocalSiameseNet(
                encoder.build(width, n_input_symbols(inputs, DNA), self.n_components),
                PairwiseDistance("euclidean").requires_grad_(False),
            ),
            weights_seed,
        )
        if isinstance(module.encoder, KmerVotesNet):
            with one_torch_thread():
                module.encoder.start_at(torch.from_numpy(make_batch.inputs_of_real), torch.from_numpy(guide))
        batches = PairBatches(
            len(reads),
            make_batch,
            batch_size=self.batch_size,
            seed=batches_seed,
            order=partial(neighbour_order, places),
        )
        loss = LocalPairsLoss(n_steps=len(batches) * self.max_epochs)
        net = self._train(module, loss, batches, data=[codes, positions])
        self.read_length_ = read_length
        self.inputs_ = inputs
        self.net_ = net
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
            The points, in bases: the distance of two reads is the Euclidean one of their points.

        Warns
        -----
        UserWarning
            If a read is longer than `read_length_` and loses its end, or if none of its k-mers was seen
            in training: its point is then the origin, which means nothing.
        """
        check_is_fitted(self)
        reads = check_sequences(X, min_length=1)
        warn_cut(
            np.array([len(read) for read in reads]),
            self.read_length_,
            unit="bases",
            advice="fit on reads as long as these to read all of them",
        )
        encoder = self.net_.module_.encoder.eval()
        points, places = [], []
        for start in range(0, len(reads), _CHUNK):
            some = reads[start : start + _CHUNK].tolist()
            codes = DNA.encode_rows(some, length=self.read_length_, first=start)
            inputs = self.inputs_(codes)
            if isinstance(self.inputs_, KmerIds):
                places.append(self.inputs_.places(inputs))
            points.append(
                forward_in_batches(
                    encoder, inputs, batch_size=_TRANSFORM_ROWS, device=resolve_device(self.device)
                )
            )
        if places:
            _warn_unplaced(np.concatenate(places))
        return np.concatenate(points) * np.float32(self.read_length_)

    def pairwise_distances(self, X: Any, Y: Any = None) -> npt.NDArray[np.float64]:
        """Predict how far apart reads lie.

        Parameters
        ----------
        X : array-like of str of shape (n_reads_X,)
            Reads.
        Y : array-like of str of shape (n_reads_Y,), default=None
            Reads to compare with; None compares `X` with itself.

        Returns
        -------
        distances : ndarray of shape (n_reads_X, n_reads_Y)
            Predicted distances of the origins, in bases. One above `read_length_` only says that the
            reads lie further apart than that.
        """
        points = self.transform(X).astype(np.float64)
        return euclidean_distances(points, None if Y is None else self.transform(Y).astype(np.float64))

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
            Spearman's correlation over all pairs of reads whose positions differ by less than
            `read_length_`: 1 is best, 0 is chance, -1 is worst.

        Raises
        ------
        ValueError
            If all such pairs lie equally far apart, or there are fewer than two.
        """
        check_is_fitted(self)
        points = self.transform(X)
        positions = self._check_positions(y, points)
        predicted, true = overlapping_distances(points, positions, self.read_length_)
        if len(np.unique(true)) < 2:
            raise ValueError(
                f"score needs pairs of reads less than {self.read_length_} bases apart, at different "
                "distances; give more reads."
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
    """Return the points of some places on a line of read lengths that was folded beforehand."""
    knots = np.linspace(0, places.max(), max(2, int(np.ceil(_KNOTS * places.max())) + 1))
    with one_torch_thread():
        generator = torch.Generator().manual_seed(seed)
        line = fold_line(torch.from_numpy(knots).float(), n_components, generator=generator).numpy()
    return np.column_stack([np.interp(places, knots, column) for column in line.T]).astype(np.float32)


def overlapping_distances(
    points: npt.NDArray[np.floating], positions: npt.NDArray[np.floating], read_length: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the distances of points and those of positions, of all pairs less than a read length apart."""
    order = np.argsort(positions, kind="stable")
    points, positions = points[order].astype(np.float64), positions[order].astype(np.float64)
    learned, true = [np.empty(0)], [np.empty(0)]
    for step in range(1, len(order)):
        apart = positions[step:] - positions[:-step]
        near = np.flatnonzero(apart < read_length)
        if not len(near):
            break
        true.append(apart[near])
        learned.append(np.linalg.norm(points[near + step] - points[near], axis=1))
    return np.concatenate(learned), np.concatenate(true)


def _warn_unplaced(places: npt.NDArray[np.bool_]) -> None:
    unplaced = np.flatnonzero(~places)
    if len(unplaced):
        warnings.warn(
            f"{len(unplaced)} of {len(places)} reads hold no k-mer of the training reads (the first is "
            f"X[{unplaced[0]}]); their points lie at the origin, so leave such reads out.",
            UserWarning,
            stacklevel=3,
        )
