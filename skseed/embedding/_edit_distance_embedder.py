"""Learned embeddings whose distances approximate edit distances."""

import os
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import joblib
import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skseed._base import SequenceTransformer, warn_cut
from skseed._one_hot import codes_from_one_hot
from skseed._parallel import run_blocks
from skseed._sklearn import HasMethods, Interval, StrOptions, _fit_context
from skseed._training import (
    NeuralEstimatorMixin,
    build_seeded,
    forward_in_batches,
    one_torch_thread,
    resolve_device,
)
from skseed._validation import check_sequences, forget_columns, is_numeric_table
from skseed.alphabets import Alphabet, get_alphabet
from skseed.distances import levenshtein_distances
from skseed.distances._exact import worth_lanes
from skseed.embedding._encoders import ENCODERS, Encoder, n_input_symbols, resolve_encoder
from skseed.embedding._held_out import held_out_loss, hold_out
from skseed.embedding._targets import BatchMaker, Oracle, Target, trimmed_rows
from skseed.metrics import percent_rmse
from skseed.nn import DISTANCES, AllPairsLoss, PairBatches, PairwiseDistance, SiameseNet

_CALIBRATION = 256
_GOOD_LR = 3e-3
_TRANSFORM_ROWS = 256
_CHUNK = 8192


class EditDistanceEmbedder(NeuralEstimatorMixin, ClassNamePrefixFeaturesOutMixin, SequenceTransformer):
    """Embed sequences so that distances between points approximate edit distances.

    A Siamese network learns, from sequences alone, points whose distance is close to the
    Levenshtein distance of the sequences. Use it when many comparisons are needed and exact ones are
    too slow: clustering, closest-string search, or features for another model. It is for sequences
    that start at the same place (one gene, one amplicon, one protein family); for a few thousand exact
    distances, :func:`~skseed.distances.levenshtein_distances` is faster than training.

    Parameters
    ----------
    n_components : int, default=128
        The dimension of the embedding.
    encoder : {"kmer", "linear", "mlp", "cnn", "gru", "transformer", "landmark"} or encoder object, \
            default="cnn"
        The network that makes a point of a sequence. ``"landmark"`` reads the exact distances to some
        hundred training sequences: it has the lowest error, and costs those distances for every
        sequence that is embedded. An object such as ``CNNEncoder(n_channels=64)`` sets the sizes of
        the network, which then search as ``encoder__n_channels``.
    distance : {"manhattan", "euclidean", "squared", "cosine", "hyperbolic", "poincare"}, \
            default="hyperbolic"
        The geometry of the points. Every distance has a learned scale. ``"hyperbolic"`` is the
        Lorentz model on unconstrained vectors, ``"poincare"`` the ball of the paper with all points on
        a sphere of learned radius.
    target : "levenshtein", callable or array of shape (n_sequences, n_sequences), \
            default="levenshtein"
        The distances to learn. A callable takes two lists of ``str`` and returns their matrix of
        distances; an array holds the distances between the sequences given to `fit`.
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="dna"
        The alphabet of the sequences.
    synthetic : float, default=0.5
        The share of each batch, between 0 and 1, that is replaced by made-up relatives: recombined
        and mutated copies whose true distances are computed like any other. It costs nothing in
        labels and improves the error on unseen sequences; 0 switches it off. A matrix as `target` has
        no distances for made-up sequences, and none are made.
    mutation_rate : float, default=0.1
        The largest share of positions that mutate in a made-up relative.
    near_weight : float, default=1.0
        How much more near pairs count in training: the squared error of a pair is divided by this power of
        its true distance plus a tenth of the mean one. 0 weighs all pairs alike, and was worse for far pairs
        too; 2 has smaller errors between close relatives for larger ones elsewhere.
    lr : float or "auto", default="auto"
        The largest learning rate of the one-cycle schedule. ``"auto"`` takes the one that was found good
        for the encoder: 1e-3 for ``"landmark"``, 3e-3 for the others.
    max_epochs : int, default=100
        How many times training goes through the sequences.
    batch_size : int, default=128
        Sequences a batch, at least 2. All ``batch_size * (batch_size - 1) / 2`` pairs are used.
    validation_fraction : float, default=0.0
        The share of the groups, in [0, 1), that is held out of the training and chooses the best epoch by
        the loss of 1,000 sequences at most. With the `groups` of `fit` no relative of these is trained on.
    n_iter_no_change : int, default=20
        After how many epochs without a lower loss on the held-out part the training ends. The rate of the
        one-cycle schedule falls late and the loss with it, so that few epochs of patience end it early.
    optimizer : callable, default=torch.optim.Adam
        The torch optimizer class.
    callbacks : list of skorch callbacks, default=None
        Further callbacks of the skorch net.
    checkpoint : str, path-like or None, default=None
        A folder for the state of training, written after every epoch and removed at the end. A `fit` that
        was interrupted goes on from there when it is called again with the same sequences, parameters
        and `random_state` (an int), and ends with the same numbers, bit for bit.
    n_jobs : int, default=None
        How many threads embed at the same time, some thousands of sequences each; the points are the same.
        None is 1, unless a ``joblib.parallel_config`` context says otherwise; -1 is all cores.
    device : str, default="cpu"
        The torch device, or ``"auto"`` for a GPU where there is one.
    verbose : int, default=0
        Whether skorch prints a line an epoch.
    random_state : int, RandomState instance or None, default=None
        Controls initial weights, batches and made-up sequences. Pass an int for the same result, bit
        for bit, on every call and for any number of jobs or threads.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` holds the loss of every epoch, ``net_.module_`` the network.
    alphabet_ : Alphabet
        The alphabet.
    n_components_ : int
        The dimension of the points: `n_components`, or the number of words of ``encoder="kmer"``.
    max_length_ : int
        The length of the longest training sequence, the unit of the percent RMSE.
    inputs_ : callable
        Makes the network's input from rows of symbol codes.
    n_positions_ : int
        The positions that the network reads; longer sequences lose their end.
    n_features_in_ : int
        The number of one-hot columns; only defined when `fit` was given one-hot rows.

    See Also
    --------
    skseed.distances.levenshtein_distances : Exact edit distances.
    skseed.preprocessing.OneHotEncoder : The encoding that this estimator applies itself.
    sklearn.manifold.MDS : Embeds a given matrix, and has no `transform`.

    Notes
    -----
    Every sequence of a batch is encoded once and compared with all the others, while the reference
    implementation encodes both members of every pair. The loss is the mean squared error of the
    distances divided by `max_length_`, weighed by `near_weight`. Scale and geometry start calibrated on a
    sample of training sequences, the learning rate follows one cycle, and the hyperbolic distance has no
    boundary: these are departures from [1]_, as are the weights and the made-up relatives.

    Training compares ``batch_size / 2`` pairs a sequence and epoch; `transform` costs one pass of the
    network a sequence, in bounded memory.

    References
    ----------
    .. [1] Corso, Ying, Pándy, Veličković, Leskovec, Liò (2021). "Neural distance embeddings for
       biological sequences." NeurIPS. :doi:`10.48550/arXiv.2109.09740`

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
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "encoder": [StrOptions(set(ENCODERS)), HasMethods(["build", "get_params"])],
        "distance": [StrOptions(set(DISTANCES))],
        "target": [StrOptions({"levenshtein"}), callable, "array-like"],
        "alphabet": [StrOptions({"dna", "rna", "protein"}), Alphabet],
        "synthetic": [Interval(Real, 0, 1, closed="both")],
        "mutation_rate": [Interval(Real, 0, 1, closed="both")],
        "near_weight": [Interval(Real, 0, None, closed="left")],
        "checkpoint": [str, os.PathLike, None],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "lr": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        n_components: int = 128,
        *,
        encoder: str | Encoder = "cnn",
        distance: str = "hyperbolic",
        target: str | Target | npt.ArrayLike = "levenshtein",
        alphabet: str | Alphabet = "dna",
        synthetic: float = 0.5,
        mutation_rate: float = 0.1,
        near_weight: float = 1.0,
        lr: float | str = "auto",
        max_epochs: int = 100,
        batch_size: int = 128,
        validation_fraction: float = 0.0,
        n_iter_no_change: int = 20,
        optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
        callbacks: list[Any] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
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
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.optimizer = optimizer
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.n_jobs = n_jobs
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Learn the embedding.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or of shape (n_sequences, n_features)
            The sequences, or the rows that :class:`~skseed.preprocessing.OneHotEncoder` makes of them:
            both give the same numbers. At least two.
        y : None
            Ignored.
        groups : array-like of shape (n_sequences,), default=None
            What is held out together where `validation_fraction` is not 0, such as clades or
            :func:`~skseed.distances.levenshtein_groups`. None: every sequence is a group of its own.

        Returns
        -------
        self : EditDistanceEmbedder
            The fitted embedder.

        Raises
        ------
        ValueError
            If a letter is not of the alphabet, a sequence is empty, there are fewer than two, the
            target or `groups` does not fit `X`, or too few sequences are left to train on.
        FloatingPointError
            If the loss stops being a number; the message names the epoch.
        """
        encoder = resolve_encoder(self.encoder)
        alphabet = get_alphabet(self.alphabet)
        codes = self._fit_codes(X, alphabet)
        if len(codes) < 2:
            raise ValueError(
                f"EditDistanceEmbedder needs at least 2 sequences; got n_samples = {len(codes)}."
            )
        weights_seed, batches_seed, split_seed = self._draw_seeds(3)
        train, held_out = hold_out(codes, groups, self.validation_fraction, split_seed)
        lengths = (codes != alphabet.padding_code).sum(axis=1)
        longest = int(lengths.max())
        # every sequence meets the batch / 2 others of its own in every epoch
        n_pairs = self.max_epochs * len(train) * min(self.batch_size, len(train)) / 2
        lanes = worth_lanes(n_pairs * float(lengths.mean()) ** 2)
        distances = self._target_distances(len(codes), alphabet, longest, lanes=lanes)
        among_train = distances
        if len(held_out) and not isinstance(distances, Oracle):
            among_train = distances[np.ix_(train, train)]
        rng = np.random.default_rng(batches_seed)
        codes_of_train = codes[train]
        inputs = encoder.make_inputs(codes_of_train, among_train, rng)
        make_batch = BatchMaker(
            codes_of_train,
            distances=among_train,
            inputs=inputs,
            alphabet=alphabet,
            synthetic=self.synthetic,
            mutation_rate=self.mutation_rate,
        )
        width = make_batch.inputs_of_real.shape[1]
        module = build_seeded(
            lambda: SiameseNet(
                encoder.build(width, n_input_symbols(inputs, alphabet), self.n_components),
                PairwiseDistance(self.distance),
            ),
            weights_seed,
        )
        n_components = _calibrate(module, *make_batch(rng.permutation(len(train))[:_CALIBRATION], rng))
        batches = PairBatches(len(train), make_batch, batch_size=self.batch_size, seed=batches_seed)
        criterion = AllPairsLoss(self.near_weight)
        validate = None
        if len(held_out):
            if isinstance(distances, Oracle):
                rows = trimmed_rows(codes[held_out], alphabet)
                true = distances(rows, rows)
            else:
                true = distances[np.ix_(held_out, held_out)]
            device = resolve_device(self.device)
            validate = held_out_loss(module, criterion, codes[held_out], inputs, true, device)
        net = self._train(
            module,
            criterion,
            batches,
            data=[codes, train, held_out],
            validation_loss=validate,
            lr=getattr(encoder, "good_lr", _GOOD_LR) if self.lr == "auto" else None,
        )
        self.alphabet_ = alphabet
        self.n_components_ = n_components
        self.n_positions_ = codes.shape[1]
        self.max_length_ = longest
        self.inputs_ = inputs
        self.net_ = net
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Embed sequences.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or of shape (n_sequences, n_features)
            The sequences, or their one-hot rows.

        Returns
        -------
        points : ndarray of shape (n_sequences, n_components), dtype float32
            The points. Their model distance is :meth:`pairwise_distances`; for
            ``distance="euclidean"`` that is the ordinary distance times a learned scale.
        """
        check_is_fitted(self)
        tasks = (joblib.delayed(self._embed)(codes) for codes in self._chunks_of_codes(X))
        return np.concatenate(list(run_blocks(tasks, n_jobs=self.n_jobs, prefer="threads", ordered=True)))

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
            Predicted distances, in edits (in the target's unit for another target).
        """
        points = self.transform(X)
        others = points if Y is None else self.transform(Y)
        distance = self.net_.module_.distance
        device = resolve_device(self.device)
        with torch.inference_mode():
            right = torch.as_tensor(others, device=device)
            predicted = forward_in_batches(
                lambda left: distance(left, right) * self.max_length_,
                points,
                batch_size=_TRANSFORM_ROWS,
                device=device,
            )
        return predicted.astype(np.float64, copy=False)

    def score(self, X: Any, y: Any = None) -> float:
        """Return minus the percent RMSE over all pairs of sequences.

        Parameters
        ----------
        X : array-like of str of shape (n_sequences,), or of shape (n_sequences, n_features)
            At least two sequences, or their one-hot rows. All pairs are compared exactly, which for
            ten thousand genes takes minutes. A sequence is compared as far as the network reads it.
        y : None
            Ignored.

        Returns
        -------
        score : float
            Minus :func:`~skseed.metrics.percent_rmse` with ``length=max_length_``, in percent of the
            longest training sequence: higher is better, 0 is best.

        Raises
        ------
        ValueError
            If the embedder was fitted on a matrix of distances, which says nothing about `X`.
        """
        check_is_fitted(self)
        if not (isinstance(self.target, str) or callable(self.target)):
            raise ValueError(
                "score cannot know the true distances of X when target is a matrix; "
                "compare pairwise_distances(X) with yours by percent_rmse."
            )
        codes = np.concatenate(list(self._chunks_of_codes(X)))
        rows = trimmed_rows(codes, self.alphabet_)
        sequences = [self.alphabet_.decode(row) for row in rows]
        if isinstance(self.target, str):
            true: npt.NDArray[Any] = levenshtein_distances(sequences)
        else:
            true = Oracle(self.target, self.alphabet_, unit=1.0)(rows, rows)
        pairs = np.triu_indices(len(codes), k=1)
        predicted = self.pairwise_distances(sequences)
        return -percent_rmse(true[pairs], predicted[pairs], length=self.max_length_)

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return self.n_components_

    def _fit_codes(self, X: Any, alphabet: Alphabet) -> npt.NDArray[np.uint8]:
        """Return the training sequences as rows of codes, and note what kind of input they were."""
        if is_numeric_table(X):
            codes = codes_from_one_hot(validate_data(self, X, dtype=[np.float32, np.float64]), alphabet)
            _refuse_empty(codes, alphabet)
            return codes
        sequences = check_sequences(X, min_length=1).tolist()
        forget_columns(self)
        return alphabet.encode_rows(sequences, length=max(map(len, sequences)))

    def _chunks_of_codes(self, X: Any) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield rows of codes, some thousands at a time, so that long inputs need little memory."""
        if is_numeric_table(X):
            rows = check_array(X, dtype=[np.float32, np.float64], input_name="X")
            width = self.n_positions_ * len(self.alphabet_)
            if rows.shape[1] != width:
                raise ValueError(
                    f"X has {rows.shape[1]} features, but EditDistanceEmbedder is expecting {width} features "
                    "as input."
                )
            for start in range(0, len(rows), _CHUNK):
                codes = codes_from_one_hot(rows[start : start + _CHUNK], self.alphabet_)
                _refuse_empty(codes, self.alphabet_, first=start)
                yield codes
            return
        sequences = check_sequences(X, min_length=1)
        warn_cut(
            np.array([len(s) for s in sequences]),
            self.n_positions_,
            unit="symbols",
            advice="fit on sequences as long as these to read all of them",
        )
        for start in range(0, len(sequences), _CHUNK):
            some = sequences[start : start + _CHUNK].tolist()
            yield self.alphabet_.encode_rows(some, length=self.n_positions_, first=start)

    def _embed(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        encoder = self.net_.module_.encoder.eval()
        return forward_in_batches(
            encoder, self.inputs_(codes), batch_size=_TRANSFORM_ROWS, device=resolve_device(self.device)
        )

    def _target_distances(
        self, n_sequences: int, alphabet: Alphabet, unit: float, *, lanes: bool
    ) -> Oracle | npt.NDArray[np.float32]:
        if isinstance(self.target, str) or callable(self.target):
            return Oracle(self.target, alphabet, unit, lanes)
        matrix = check_array(self.target, input_name="target")
        if matrix.shape != (n_sequences, n_sequences):
            raise ValueError(
                f"target has shape {matrix.shape}, but X has {n_sequences} sequences; pass their "
                f"({n_sequences}, {n_sequences}) matrix of distances."
            )
        return (matrix / unit).astype(np.float32)


def _calibrate(module: SiameseNet, inputs: npt.NDArray[Any], distances: npt.NDArray[np.float32]) -> int:
    """Start the scale where the mean predicted distance of a sample is the mean true one.

    Returns the number of components of a point.
    """
    with one_torch_thread(), torch.no_grad():
        points = module.encoder(torch.from_numpy(inputs))
    module.distance.calibrate(points, float(distances.mean()))
    return points.shape[1]


def _refuse_empty(codes: npt.NDArray[np.uint8], alphabet: Alphabet, first: int = 0) -> None:
    empty = np.flatnonzero(codes[:, 0] == alphabet.padding_code)
    if empty.size:
        raise ValueError(f"X[{first + empty[0]}] is an empty sequence; remove the row.")
