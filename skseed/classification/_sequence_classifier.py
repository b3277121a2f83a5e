"""Learned classifiers of sequences: letter vectors, an encoder, a softmax."""

from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags, assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from skseed._sklearn import Interval, StrOptions, _fit_context
from skseed._tokens import check_token_ids, read_unseen_as_unknown
from skseed._training import (
    NeuralEstimatorMixin,
    build_seeded,
    draw_seeds,
    forward_in_batches,
    resolve_device,
)
from skseed._validation import check_sequences, forget_columns, is_numeric_table
from skseed.alphabets import Alphabet, get_alphabet
from skseed.classification._rows import (
    FIRST_SYMBOL,
    UNKNOWN,
    KmerVocabulary,
    Rows,
    rows_of_tokens,
)
from skseed.nn import SequenceBatches, SequenceNetwork, pad_rows

_WEIGHT_DECAY = 1e-5
_PREDICTION_ROWS = 256
# positions of a padded batch in prediction, so that long sequences need no more memory than short ones
_PREDICTION_TOKENS = 1 << 17


class SequenceClassifier(
    NeuralEstimatorMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClassifierMixin,
    BaseEstimator,
):
    """Classify sequences by learnt vectors of letters or words and an encoder that reads them.

    Use it when classes are told apart by motifs, their order or their place, there are some hundred
    sequences or more, and the vectors themselves are of interest. `encoder` decides what can be seen:
    averaged letter vectors cannot tell ``"MNTQ…AKGD"`` from ``"AKGD…MNTQ"``, the other encoders can.
    For proteins whose kind shows in the words that they hold, such as the host of a virus, average the
    vectors of 3-mers: ``k=3, embedding_dim=64, dropout=0.7``. A linear model on k-mer counts is about
    as accurate there, fits in seconds, and has no vectors to look at.

    Parameters
    ----------
    encoder : {"mean", "lstm", "gru", "cnn", "transformer"}, default="mean"
        What makes one vector of a sequence. ``"mean"``: the mean of the letter vectors. ``"lstm"``,
        ``"gru"``: the maxima of the states of a network that reads both ways. ``"cnn"``: the
        maxima of two convolutions of width 5 over the sequence, its halves and its quarters; the
        fastest of those that see order. ``"transformer"``: the mean output of two layers with
        four heads and sinusoidal positions; its cost grows with the square of the length.
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="protein"
        The letters of sequences given as strings; unused for rows of tokens.
    k : int, default=1
        The length in letters of the words that get a vector each: 1 for the letters, 3 for the 3-mers
        that `fit` saw, overlapping, one at each position. Other words, and those with a wildcard, are
        read as unknown. Sequences must be as long. Unused for rows of tokens.
    embedding_dim : int, default=16
        The length of a word's vector.
    hidden_dim : int, default=64
        The width of the encoder (see `transform`); ``"mean"`` has none.
    dropout : float, default=0.1
        The probability that a word is blanked out in training, in [0, 1).
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in the loss. They shift the probabilities too, which then hold for
        classes as common as their weights make them.
    validation_fraction : float, default=0.1
        The share of each class, rounded down, that is held out of the training, in [0, 1). On it the
        best epoch is chosen and the probabilities are calibrated; 0 does neither. It is drawn at
        random, relatives of training sequences included.
    n_iter_no_change : int, default=10
        After how many epochs without a lower loss on the held-out part the training ends.
    lr : float, default=0.005
        The highest learning rate of the one-cycle schedule.
    max_epochs : int, default=30
        Passes over the data at most.
    batch_size : int, default=32
        Sequences a step.
    optimizer : callable, default=torch.optim.Adam
        The torch optimiser.
    callbacks : list or None, default=None
        Callbacks of skorch.
    device : str, default="cpu"
        A torch device, or ``"auto"``: CUDA where there is one.
    verbose : int, default=0
        Whether to print a line an epoch.
    random_state : int, RandomState instance or None, default=None
        Draws the weights, the batches, the dropout and the held-out part.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    symbols_ : ndarray of shape (n_symbols,)
        The letters of the alphabet, or the words of `k` letters that `fit` saw, in the order of the
        alphabet; the wildcard last. For rows of tokens the ids from 1 on.
    symbol_embeddings_ : ndarray of shape (n_symbols, embedding_dim)
        Their vectors: 21 rows for the letters of proteins. A letter that `fit` never saw keeps its
        random start, an unseen wildcard or unknown token the zero vector.
    temperature_ : float
        What the logits are divided by before the softmax, 1 where nothing was held out.
    n_iter_ : int
        The number of epochs that were run.
    alphabet_ : Alphabet or None
        The alphabet; None if `fit` saw rows of tokens.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` holds the losses, ``net_.module_`` the torch module.
    n_features_in_ : int
        The number of columns of a table of tokens; absent for strings.

    See Also
    --------
    skseed.nn.SequenceNetwork : The network.
    skseed.ranking.TripletLabRanker : For many classes with few sequences each.
    skseed.preprocessing.BPETokenizer : Makes rows of tokens from long sequences.

    Notes
    -----
    X is sequences, or the table of token ids that :class:`~skseed.preprocessing.BPETokenizer` makes, 0 after
    the end of a row; a token that `fit` did not see is read as unknown.

    Calibration divides the logits by one number, the temperature, which minimises the log loss on the
    held-out part [1]_, with a normal prior of standard deviation 1 on its logarithm, so that few held-out
    sequences leave it near 1. It changes no prediction.

    The mean of the vectors of words under a softmax is the classifier of Joulin et al. [2]_, here without
    hashing: a linear model on the shares of the words, of rank `embedding_dim` at most.

    After training the weights are doubles: a sequence's result then does not depend on those beside it
    but for the last bits of a double.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks",
       ICML, 2017. doi:10.48550/arXiv.1706.04599
    .. [2] A. Joulin, E. Grave, P. Bojanowski, T. Mikolov, "Bag of tricks for efficient text
       classification", EACL, 2017. doi:10.18653/v1/E17-2068

    Examples
    --------
    >>> from skseed.classification import SequenceClassifier
    >>> proteins = ["MNTQLLAKGD", "MNTQGLAKGD", "MNTQLVAKGD", "AKGDLLMNTQ", "AKGDGLMNTQ", "AKGDLVMNTQ"]
    >>> ends = ["first", "first", "first", "last", "last", "last"]
    >>> classifier = SequenceClassifier("cnn", hidden_dim=8, batch_size=2, random_state=0).fit(proteins, ends)
    >>> classifier.predict(["MNTQVGAKGD", "AKGDVGMNTQ"])
    array(['first', 'last'], dtype='<U5')
    >>> classifier.symbol_embeddings_.shape
    (21, 16)
    >>> words = SequenceClassifier(k=3, max_epochs=5, random_state=0).fit(proteins, ends)
    >>> words.symbols_[:3]
    array(['AKG', 'DGL', 'DLL'], dtype='<U3')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimatorMixin._training_constraints,
        "encoder": [StrOptions({"mean", "lstm", "gru", "cnn", "transformer"})],
        "alphabet": [StrOptions({"dna", "rna", "protein"}), Alphabet],
        "k": [Interval(Integral, 1, None, closed="left")],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "hidden_dim": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        encoder: str = "mean",
        *,
        alphabet: str | Alphabet = "protein",
        k: int = 1,
        embedding_dim: int = 16,
        hidden_dim: int = 64,
        dropout: float = 0.1,
        class_weight: dict[Any, float] | str | None = None,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        lr: float = 0.005,
        max_epochs: int = 30,
        batch_size: int = 32,
        optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
        callbacks: list[Any] | None = None,
        device: str = "cpu",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.encoder = encoder
        self.alphabet = alphabet
        self.k = k
        self.embedding_dim = embedding_dim
        self.hidden_dim = hidden_dim
        self.dropout = dropout
        self.class_weight = class_weight
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
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
        """Learn the vectors, the encoder and the classes.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or of int of shape (n_samples, n_tokens)
            Sequences, or rows of token ids with 0 after their end.
        y : array-like of shape (n_samples,)
            The class of each.

        Returns
        -------
        self : SequenceClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a sequence is empty or shorter than `k` or has a letter foreign to the alphabet, a token id
            is negative or fractional (the message names it), `y` holds a single class, or `k` is too
            large for the words to be numbered.
        FloatingPointError
            If the loss is no longer a finite number; the message names the epoch.
        """
        vocabulary, rows = self._read(X)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        check_consistent_length(rows, y)
        classes, targets = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one "
                f"class: {classes[0]}."
            )
        weights = compute_class_weight(self.class_weight, classes=classes, y=y)
        weight_seed, dropout_seed, batch_seed, split_seed = draw_seeds(self.random_state, 4)
        largest_id = max(UNKNOWN, max(int(row.max()) for row in rows))
        seen = np.zeros(largest_id + 1 if vocabulary is None else vocabulary.n_ids, dtype=bool)
        for row in rows:
            seen[row] = True
        network = build_seeded(
            lambda: SequenceNetwork(
                len(seen),
                len(classes),
                encoder=self.encoder,
                embedding_dim=self.embedding_dim,
                hidden_dim=self.hidden_dim,
                dropout=self.dropout,
                seed=dropout_seed,
            ),
            weight_seed,
        )
        train, held_out = _split(targets, self.validation_fraction, seed=split_seed)
        batches = SequenceBatches(
            [rows[i] for i in train], targets[train], batch_size=self.batch_size, seed=batch_seed
        )
        held_out_rows, held_out_targets = [rows[i] for i in held_out], targets[held_out]

        def held_out_loss() -> float:
            logits = self._forward(network, network.forward, held_out_rows)
            return float(np.average(_losses(logits, held_out_targets), weights=weights[held_out_targets]))

        net = self._train(
            network,
            torch.nn.CrossEntropyLoss(torch.as_tensor(weights, dtype=torch.float32)),
            batches,
            data=[rows, targets, weights, train, held_out],
            validation_loss=held_out_loss if len(held_out) else None,
            optimizer__weight_decay=_WEIGHT_DECAY,
        )
        network.double()
        temperature = 1.0
        if len(held_out):
            temperature = _fit_temperature(
                self._forward(network, network.forward, held_out_rows), held_out_targets
            )
        vectors = network.tokens.weight.detach().cpu().numpy().copy()
        self.alphabet_ = None if vocabulary is None else vocabulary.alphabet
        self.classes_ = classes
        self.temperature_ = temperature
        self.n_iter_ = len(net.history)
        self.symbols_: npt.NDArray[Any]
        if vocabulary is None:
            self.symbols_, self.symbol_embeddings_ = np.arange(1, len(seen)), vectors[1:]
        else:
            self.symbols_ = vocabulary.names
            self.symbol_embeddings_ = np.concatenate([vectors[FIRST_SYMBOL:], vectors[[UNKNOWN]]])
        self._seen_ids = seen
        self._vocabulary = vocabulary
        self.net_ = net
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the vectors of sequences, what the encoder makes of them.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or of int of shape (n_samples, n_features_in_)
            As in `fit`.

        Returns
        -------
        vectors : ndarray of shape (n_samples, n_features)
            `embedding_dim` columns for ``"mean"``, 2 · `hidden_dim` for ``"lstm"`` and ``"gru"``, 7 ·
            `hidden_dim` for ``"cnn"``, `hidden_dim` rounded up to a multiple of 8 for ``"transformer"``.
        """
        check_is_fitted(self)
        network = self.net_.module_
        return self._forward(network, network.embed, self._rows(X))

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the logits of the classes, before the temperature.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or of int of shape (n_samples, n_features_in_)
            As in `fit`.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_classes) or (n_samples,)
            Columns in the order of `classes_`. With two classes, as scikit-learn wants it, the
            difference of the two: positive for ``classes_[1]``.
        """
        check_is_fitted(self)
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the calibrated probabilities of the classes.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or of int of shape (n_samples, n_features_in_)
            As in `fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows that sum to 1, columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return softmax(self._logits(X) / self.temperature_, axis=1)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest class of each sequence.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or of int of shape (n_samples, n_features_in_)
            As in `fit`.

        Returns
        -------
        classes : ndarray of shape (n_samples,)
            The classes.
        """
        check_is_fitted(self)
        return self.classes_[np.argmax(self._logits(X), axis=1)]

    @property
    def _n_features_out(self) -> int:
        return self.net_.module_.n_features

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _read(self, X: Any) -> tuple[KmerVocabulary | None, Rows]:
        """Return what the words of the training sequences are, None for tokens, and the ids of each row."""
        if is_numeric_table(X):
            return None, rows_of_tokens(check_token_ids(validate_data(self, X, reset=True)))
        alphabet = get_alphabet(self.alphabet)
        sequences = check_sequences(X, min_length=self.k).tolist()
        forget_columns(self)
        vocabulary = KmerVocabulary(sequences, alphabet, self.k)
        return vocabulary, vocabulary.rows(sequences)

    def _rows(self, X: Any) -> Rows:
        """Return the ids of each row, at least one, as `fit` came to know them."""
        if self._vocabulary is None:
            tokens = check_token_ids(validate_data(self, X, reset=False))
            return rows_of_tokens(read_unseen_as_unknown(tokens, self._seen_ids))
        return self._vocabulary.rows(check_sequences(X, min_length=self._vocabulary.k).tolist())

    def _logits(self, X: Any) -> npt.NDArray[np.float64]:
        network = self.net_.module_
        return self._forward(network, network.forward, self._rows(X))

    def _forward(
        self, network: torch.nn.Module, forward: Callable[..., torch.Tensor], rows: Rows
    ) -> npt.NDArray[np.float64]:
        """Return what a method of the network makes of rows, in batches of rows of like length."""
        device = resolve_device(self.device)
        network.to(device).eval()
        order = np.argsort([len(row) for row in rows], kind="stable")
        parts = [
            forward_in_batches(
                forward, pad_rows([rows[i] for i in chosen]).numpy(), batch_size=len(chosen), device=device
            )
            for chosen in _batches_of_tokens(order, rows)
        ]
        output = np.concatenate(parts).astype(np.float64)
        output[order] = output.copy()
        return output


def _split(
    targets: npt.NDArray[np.int64], fraction: float, *, seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows to train on and those held out, `fraction` of each class rounded down."""
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(targets), dtype=bool)
    for target in range(int(targets.max()) + 1):
        members = np.flatnonzero(targets == target)
        held_out[rng.permutation(members)[: int(fraction * len(members))]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _losses(logits: npt.NDArray[np.float64], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the log loss of each row."""
    return -log_softmax(logits, axis=1)[np.arange(len(targets)), targets]


def _fit_temperature(logits: npt.NDArray[np.float64], targets: npt.NDArray[np.int64]) -> float:
    """Return the divisor of the logits that minimises their log loss, with a prior that it is near 1."""

    def penalised_loss(log_temperature: float) -> float:
        return float(_losses(logits / np.exp(log_temperature), targets).sum() + log_temperature**2 / 2)

    return float(np.exp(minimize_scalar(penalised_loss, bounds=(-4, 4), method="bounded").x))


def _batches_of_tokens(order: npt.NDArray[np.intp], rows: Rows) -> Iterator[npt.NDArray[np.intp]]:
    """Yield pieces of `order`, by rising length, that make padded batches of a bounded size."""
    start = 0
    while start < len(order):
        stop = start + 1
        while (
            stop < len(order)
            and stop - start < _PREDICTION_ROWS
            and (stop - start + 1) * len(rows[order[stop]]) <= _PREDICTION_TOKENS
        ):
            stop += 1
        yield order[start:stop]
        start = stop
