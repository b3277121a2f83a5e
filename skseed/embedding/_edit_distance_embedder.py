"""Learned embeddings whose distances approximate edit distances."""

from collections.abc import Callable
from numbers import Integral, Real
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, clone
from sklearn.utils.validation import check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._base import SequenceTransformer
from skseed._constraints import ALPHABET, AT_LEAST_ONE
from skseed._progress import reports_progress
from skseed._sequences import Sequences
from skseed._sklearn import HasMethods, Interval, StrOptions, _fit_context
from skseed._training import NeuralEstimatorMixin, build_seeded, resolve_device, split_by_group
from skseed._validation import number_groups
from skseed.alphabets import Alphabet, get_alphabet
from skseed.embedding._batches import BatchMaker, start_network
from skseed.embedding._encoder import Encoder, resolve_encoder
from skseed.embedding._encoders import SYMBOL_ENCODERS
from skseed.embedding._input import (
    check_matrix_fits,
    check_points,
    new_sequences,
    readable,
    seen_codes,
    training_sequences,
)
from skseed.embedding._landmark_encoder import LandmarkDistances, LandmarkEncoder, start_landmarks
from skseed.embedding._points import (
    MAX_VALIDATION_ROWS,
    embed,
    predicted_distances,
    validation_loss,
)
from skseed.embedding._target_distances import (
    Target,
    TargetDistance,
    resolve_target,
    restrict,
    target_distances,
)
from skseed.metrics import percent_rmse
from skseed.nn import DISTANCES, AllPairsLoss, LandmarkNet, PairwiseDistance, SiameseNet

_ENCODERS: dict[str, type[Encoder]] = {**SYMBOL_ENCODERS, "landmark": LandmarkEncoder}


class EditDistanceEmbedder(NeuralEstimatorMixin, ClassNamePrefixFeaturesOutMixin, SequenceTransformer):
    """Embed sequences so that distances between points approximate edit distances.

    Points are learned, from sequences alone, so that their distances are close to the Levenshtein distances
    of the sequences. Use the embedder where exact distances of many pairs take too long: for clustering,
    nearest neighbors, or features for another model. The sequences should be relatives, such as one gene, one
    amplicon or one protein family. The encoders that read letters (``"linear"``, ``"cnn"`` and
    ``"transformer"``) also need a common start. For up to some thousand sequences,
    :func:`~skseed.distances.levenshtein_distances` is faster.

    Parameters
    ----------
    n_components : int or None, default=128
        The dimension of the embedding. None uses the features of the encoder as points, without a projection,
        which only ``"kmer"`` supports: its points are then k-mer counts.
    encoder : {"landmark", "cnn", "transformer", "linear", "kmer"} or Encoder, default="landmark"
        What computes the point of a sequence. ``"landmark"`` places it by its exact distances to 320 training
        sequences: it has the lowest error, and needs these distances for every sequence that is embedded. The
        others are networks. An object such as ``CNNEncoder(n_channels=64)`` sets the sizes of the network,
        which a search reaches as ``encoder__n_channels``. A subclass of :class:`Encoder` defines a network of
        your own.
    distance : {"manhattan", "euclidean", "squared", "power", "cosine", "hyperbolic", "poincare"}, \
default="power"
        The geometry of the points. Every distance has a learned scale. ``"power"`` is the Euclidean distance
        to a learned power between 1 and 2. ``"hyperbolic"`` is the Lorentz model on unconstrained vectors,
        ``"poincare"`` the ball of [1]_ with all points on a sphere of learned radius. ``"landmark"`` needs
        ``"power"``, ``"euclidean"`` or ``"squared"``.
    target : "levenshtein", callable or array of shape (n_sequences, n_sequences), default="levenshtein"
        The distances to learn. A callable takes two lists of ``str`` and returns their matrix of distances.
        An array holds the distances between the sequences given to `fit`, and needs an encoder other than
        ``"landmark"``. Distances are finite, not negative and symmetric, with a diagonal of 0.
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="dna"
        The alphabet of the sequences.
    synthetic : float, default=0.5
        The share of each batch, in [0, 1], that is replaced by synthetic relatives: recombined and mutated
        copies of the batch, which lower the error on new sequences. Their true distances are computed too.
        Without effect with ``"landmark"``, or an array as `target`, which has no such distances.
    mutation_rate : float, default=0.1
        The largest share of positions that mutate in a synthetic relative.
    near_weight : float, default=1.0
        The weight of near pairs in training: the squared error of a pair is divided by this power of the sum
        of its true distance and a tenth of the mean distance. With 0 all pairs have equal weight. 2 lowers
        the errors of close relatives and raises the others.
    loss : {"squared", "poisson"}, default="squared"
        The loss of a pair: the squared error, or the deviance of a Poisson distribution whose mean is the
        predicted distance [2]_, which gives near pairs more weight by itself.
    lr : float or "auto", default="auto"
        Highest learning rate of the one-cycle schedule. ``"auto"`` is the encoder's `default_lr`: 3e-3.
    max_epochs : int, default=100
        Largest number of passes over the training data. Batches of sequences of 400 or more symbols serve
        three successive passes, because their true distances cost more than the network.
    batch_size : int, default=256
        Number of training samples in a batch, at least 2. Small training sets have smaller batches: a sixth
        of the data, or half of the landmarks, but not less than 32. All pairs of a batch are used.
    optimizer : {"adagrad", "adam", "adamw", "rmsprop", "sgd"} or callable, default="adam"
        Torch optimizer: a name, or a callable that takes parameters and ``lr``.
    validation_fraction : float, default=0.0
        Share of the training data, in [0, 1), that is held out to choose the best epoch by the validation
        loss. 0 trains on all data and keeps the last epoch. Whole groups are held out, of which at most
        1,000 sequences are used. With the `groups` of `fit`, no relative of a held-out sequence is trained
        on.
    n_iter_no_change : int, default=20
        Number of epochs without a lower validation loss after which training ends. Unused if nothing is held
        out. The one-cycle schedule lowers the rate late, and the loss with it, so small numbers end training
        too early.
    callbacks : list of skorch callbacks or None, default=None
        Further skorch callbacks. Callbacks that score predictions, such as ``EpochScoring``, are not
        supported.
    checkpoint : str, path-like or None, default=None
        Directory for the state of training, which is written after every epoch and removed at the end. An
        interrupted `fit` resumes when it is called again with the same data and parameters, and gives the
        same result, bit for bit. Requires an int as `random_state`.
    n_jobs : int, default=None
        The number of threads that embed at the same time, some thousand sequences each. None is 1 unless in a
        ``joblib.parallel_config`` context; -1 is one for each processor. The points do not depend on it.
    device : str, default="cpu"
        Torch device, or ``"auto"`` for CUDA if it is available and the CPU otherwise.
    verbose : int, default=0
        Whether to print a line for every epoch.
    random_state : int, RandomState instance or None, default=None
        Seed of all random choices of `fit`. Pass an int for the same result, bit for bit, in every call and
        for any number of jobs or threads.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` holds the loss of every epoch, ``net_.module_`` the network.
    alphabet_ : Alphabet
        The alphabet.
    n_components_ : int
        The dimension of the points.
    max_length_ : int
        The length of the longest training sequence: the number of positions that are read, and the unit of
        the percent RMSE. Symbols of longer sequences beyond it are ignored.
    featurizer_ : Featurizer
        Turns encoded sequences into the input of the network.
    n_features_in_ : int
        The number of one-hot columns; only defined if `fit` was given one-hot rows.

    See Also
    --------
    skseed.distances.levenshtein_distances : Exact edit distances.
    skseed.preprocessing.OneHotEncoder : One-hot rows, which this estimator accepts as well.
    sklearn.manifold.MDS : Embeds a given matrix of distances; it has no `transform`.

    Notes
    -----
    Every sequence of a batch is encoded once and compared with all others, while the reference implementation
    encodes both members of every pair. The loss is the mean squared error of the distances divided by
    `max_length_`, weighted by `near_weight`. Scale and geometry are first calibrated. The learning rate
    follows one cycle. These are departures from [1]_, as are the power, landmarks and synthetic relatives.
    Networks of letters read an ambiguity letter as the mean of all symbols.

    References
    ----------
    .. [1] Corso, Ying, Pándy, Veličković, Leskovec, Liò (2021). "Neural distance embeddings for
       biological sequences." NeurIPS. :doi:`10.48550/arXiv.2109.09740`
    .. [2] Wei, Guo, Sun, Wei, Yu (2024). "Levenshtein distance embedding with Poisson regression for DNA
       storage." AAAI. :doi:`10.1609/aaai.v38i14.29509`

    Examples
    --------
    >>> from skseed.embedding import EditDistanceEmbedder
    >>> genes = ["GATTACAGATTACA", "GATTACAGATTAC", "GCTTACAGATTACA", "CCCGGGAAATTTCC", "CCCGGAAATTTCC"]
    >>> embedder = EditDistanceEmbedder(8, encoder="linear", max_epochs=200, random_state=0).fit(genes)
    >>> embedder.transform(genes).shape
    (5, 8)
    >>> distances = embedder.pairwise_distances(genes)
    >>> bool(distances[0, 1] < distances[0, 3])
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimatorMixin._training_constraints,
        "n_components": [*AT_LEAST_ONE, None],
        "encoder": [StrOptions(set(_ENCODERS)), HasMethods(["fit_featurizer", "build"])],
        "distance": [StrOptions(set(DISTANCES))],
        "target": [StrOptions({"levenshtein"}), callable, "array-like"],
        "alphabet": ALPHABET,
        "synthetic": [Interval(Real, 0, 1, closed="both")],
        "mutation_rate": [Interval(Real, 0, 1, closed="both")],
        "near_weight": [Interval(Real, 0, None, closed="left")],
        "loss": [StrOptions({"squared", "poisson"})],
        "lr": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_components: int | None = 128,
        *,
        encoder: str | Encoder = "landmark",
        distance: str = "power",
        target: str | Target | npt.ArrayLike = "levenshtein",
        alphabet: str | Alphabet = "dna",
        synthetic: float = 0.5,
        mutation_rate: float = 0.1,
        near_weight: float = 1.0,
        loss: str = "squared",
        lr: float | str = "auto",
        max_epochs: int = 100,
        batch_size: int = 256,
        optimizer: str | Callable[..., torch.optim.Optimizer] = "adam",
        validation_fraction: float = 0.0,
        n_iter_no_change: int = 20,
        callbacks: list[Any] | None = None,
        checkpoint: str | PathLike[str] | None = None,
        n_jobs: int | None = None,
        device: str = "cpu",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.encoder = encoder
        self.distance = distance
        self.target = target
        self.alphabet = alphabet
        self.synthetic = synthetic
        self.mutation_rate = mutation_rate
        self.near_weight = near_weight
        self.loss = loss
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.n_jobs = n_jobs
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @reports_progress
    @atomic_fit
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Learn the embedding.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or of shape (n_sequences, n_features)
            At least two sequences, or the rows that :class:`~skseed.preprocessing.OneHotEncoder` returns for
            them. Both give the same result.
        y : None
            Ignored.
        groups : array-like of shape (n_sequences,), default=None
            A group, such as a clade or one of :func:`~skseed.distances.levenshtein_groups`, is either all in
            the validation split or all in the training split. None: each sequence is a group of its own.

        Returns
        -------
        self : EditDistanceEmbedder
            The fitted embedder.

        Raises
        ------
        ValueError
            If a letter does not belong to the alphabet, a sequence is empty, there are too few, the target or
            `groups` does not fit `X`, or the encoder does not work with the target.
        FloatingPointError
            If the loss or a point is not finite.
        """
        encoder = resolve_encoder(self.encoder, _ENCODERS, "EditDistanceEmbedder")
        if isinstance(encoder, LandmarkEncoder):
            encoder.check_distance(self.distance)
        alphabet = get_alphabet(self.alphabet)
        sequences = training_sequences(self, X, alphabet)
        if len(sequences) < 2:
            raise ValueError(
                f"EditDistanceEmbedder needs at least 2 sequences; got n_samples = {len(sequences)}."
            )
        max_length = int(sequences.lengths.max())
        distances = resolve_target(self.target, len(sequences), max_length)
        weights_seed, batches_seed, split_seed = self._draw_seeds(3)
        train, validation = split_by_group(
            number_groups(groups, sequences),
            self.validation_fraction,
            seed=split_seed,
            max_held_out=MAX_VALIDATION_ROWS,
        )
        rng = np.random.default_rng(batches_seed)
        training = sequences.take(train) if len(validation) else sequences
        function = distances if isinstance(distances, TargetDistance) else None
        featurizer = encoder.fit_featurizer(training, max_length, function, rng)
        options = {
            "encoder": clone(encoder),
            "featurizer": featurizer,
            "n_components": self.n_components,
            "distance": self.distance,
        }
        module = build_seeded(lambda: self._build_module(**options), weights_seed)
        criterion = AllPairsLoss(self.near_weight, self.loss)
        if isinstance(featurizer, LandmarkDistances):
            between = target_distances(distances, featurizer.landmarks)
            n_components, batches = start_landmarks(
                module, criterion, between, self.batch_size, seed=batches_seed
            )
        else:
            make_batch = BatchMaker(
                training,
                max_length=max_length,
                distances=restrict(distances, train),
                featurizer=featurizer,
                synthetic=self.synthetic,
                mutation_rate=self.mutation_rate,
            )
            n_components, batches = start_network(
                module, make_batch, self.batch_size, rng=rng, seed=batches_seed
            )
        held_out_loss = None
        if len(validation):
            held_out = sequences.take(validation)
            true = torch.from_numpy(target_distances(restrict(distances, validation), held_out))
            held_out_loss = validation_loss(
                module.encoder,
                featurizer(held_out),
                lambda points: criterion(module.distance(points, points).cpu(), true),
                resolve_device(self.device),
            )
        self.net_ = self._train(
            module,
            criterion,
            batches,
            data=[sequences.codes, sequences.offsets, train, validation],
            validation_loss=held_out_loss,
            lr=encoder.default_lr if isinstance(self.lr, str) else self.lr,
        )
        if isinstance(featurizer, LandmarkDistances):
            featurizer.check_placement(self.net_.module_.encoder, self.net_.lr)
        self.alphabet_ = alphabet
        self.n_components_ = n_components
        self.max_length_ = max_length
        self.featurizer_ = featurizer
        self._module_options = options
        self._seen_codes = seen_codes(training)
        return self

    @reports_progress
    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Embed sequences.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or of shape (n_sequences, n_features)
            The sequences, or their one-hot rows.

        Returns
        -------
        points : ndarray of shape (n_sequences, n_components), dtype float32
            The points; :meth:`distances_from_points` returns the predicted distances between them.

        Warns
        -----
        UserWarning
            If more than 1 % of the symbols are beyond `max_length_`, or letters are new.
        """
        check_is_fitted(self)
        return self._embed(self._new_sequences(X))

    @reports_progress
    def pairwise_distances(self, X: Any, Y: Any = None) -> npt.NDArray[np.float64]:
        """Predict edit distances.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences_X,), or of shape (n_sequences_X, n_features)
            Sequences, or their one-hot rows.
        Y : like X, default=None
            Sequences to compare with; None compares `X` with itself.

        Returns
        -------
        distances : ndarray of shape (n_sequences_X, n_sequences_Y)
            Predicted distances, in edits (in the target's unit for another target). Without `Y` the matrix is
            symmetric and its diagonal is 0.

        Raises
        ------
        MemoryError
            If the matrix would take more than half of the available memory; raised before any embedding.
        """
        check_is_fitted(self)
        sequences = self._new_sequences(X)
        others = None if Y is None else self._new_sequences(Y)
        check_matrix_fits(len(sequences), len(sequences if others is None else others))
        return self._distances(self._embed(sequences), None if others is None else self._embed(others))

    @reports_progress
    def distances_from_points(self, A: Any, B: Any = None) -> npt.NDArray[np.float64]:
        """Predict edit distances from points that `transform` returned.

        Parameters
        ----------
        A : array-like of shape (n_points_A, n_components)
            Points.
        B : array-like of shape (n_points_B, n_components), default=None
            Points to compare with; None compares `A` with itself.

        Returns
        -------
        distances : ndarray of shape (n_points_A, n_points_B)
            Predicted distances, as :meth:`pairwise_distances` returns for the sequences.

        Raises
        ------
        ValueError
            If the points do not have `n_components_` columns.
        MemoryError
            As for :meth:`pairwise_distances`.
        """
        check_is_fitted(self)
        points = [check_points(A, self.n_components_, "A")]
        if B is not None:
            points.append(check_points(B, self.n_components_, "B"))
        check_matrix_fits(len(points[0]), len(points[-1]))
        return self._distances(*points)

    def score(self, X: Any, y: Any = None) -> float:
        """Return minus the percent RMSE over all pairs of sequences.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or of shape (n_sequences, n_features)
            At least two sequences, or their one-hot rows. The exact distances of all pairs are computed,
            which takes minutes for ten thousand genes. Symbols beyond `max_length_` are ignored.
        y : None
            Ignored.

        Returns
        -------
        score : float
            Minus :func:`~skseed.metrics.percent_rmse` with ``length=max_length_``, in percent of the length
            of the longest training sequence: higher is better, 0 is best.

        Raises
        ------
        ValueError
            If the embedder was fitted on a matrix of distances, which has none for `X`.
        """
        check_is_fitted(self)
        if not (isinstance(self.target, str) or callable(self.target)):
            raise ValueError(
                "score needs the true distances of X, which a matrix as target does not contain; compare "
                "pairwise_distances(X) with the true distances by percent_rmse."
            )
        sequences = self._new_sequences(X)
        true = TargetDistance(self.target, unit=1.0)(sequences)
        predicted = self._distances(self._embed(sequences))
        pairs = np.triu_indices(len(sequences), k=1)
        return -percent_rmse(true[pairs], predicted[pairs], length=self.max_length_)

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return self.n_components_

    def _build_module(self, **options: Any) -> SiameseNet:
        encoder = options["encoder"].build(options["featurizer"], options["n_components"])
        distance = PairwiseDistance(options["distance"])
        if isinstance(encoder, LandmarkNet):
            encoder.distance = distance
        return SiameseNet(encoder, distance)

    def _new_sequences(self, X: Any) -> Sequences:
        return readable(new_sequences(self, X, self.alphabet_), self.max_length_, self._seen_codes)

    def _embed(self, sequences: Sequences) -> npt.NDArray[np.float32]:
        return embed(
            self.net_.module_.encoder,
            self.featurizer_,
            sequences,
            device=resolve_device(self.device),
            n_jobs=self.n_jobs,
        )

    def _distances(
        self, points: npt.NDArray[np.float32], others: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float64]:
        return predicted_distances(
            self.net_.module_.distance,
            points,
            others,
            unit=self.max_length_,
            device=resolve_device(self.device),
        )
