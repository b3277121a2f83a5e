"""A neural classifier of sequences: symbol vectors, an encoder and a softmax layer."""

from collections.abc import Callable
from numbers import Real
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import check_is_fitted, validate_data

from skseed._atomic_fit import atomic_fit
from skseed._constraints import ALPHABET, AT_LEAST_ONE
from skseed._sequences import as_sequences
from skseed._sklearn import Interval, StrOptions, _fit_context
from skseed._tokens import UNKNOWN
from skseed._training import (
    NeuralEstimatorMixin,
    build_seeded,
    forward_in_batches,
    resolve_device,
    split_by_class,
)
from skseed._validation import check_labels, forget_columns, is_numeric_table
from skseed.alphabets import Alphabet, get_alphabet
from skseed.classification._calibration import fit_temperature, log_losses
from skseed.classification._rows import (
    FIRST_SYMBOL,
    KmerVocabulary,
    Rows,
    batches_by_length,
    read_unseen_as_unknown,
    rows_of_tokens,
)
from skseed.nn import SequenceBatches, SequenceNetwork, pad_rows

_WEIGHT_DECAY = 1e-5
_SHORT = "remove the sequence or lower k"


class SequenceClassifier(
    NeuralEstimatorMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClassifierMixin,
    BaseEstimator,
):
    """Classify sequences by learned vectors of their symbols and an encoder.

    Use it if motifs, their order or their positions distinguish the classes, there are at least some hundred
    sequences, and the vectors themselves are of interest. The encoder determines what the classifier can
    distinguish: ``"mean"`` ignores the order of symbols, so ``"MNTQ…AKGD"`` equals ``"AKGD…MNTQ"``; the other
    encoders do not.

    If the k-mer content distinguishes the classes of proteins, as for the host of a virus, average the
    vectors of 3-mers: ``k=3, embedding_dim=64, dropout=0.7``. A linear model on k-mer counts is about as
    accurate there and fits in seconds, but it has no vectors.

    Parameters
    ----------
    encoder : {"mean", "lstm", "gru", "cnn", "transformer"}, default="mean"
        The encoder that turns symbol vectors into a vector of the sequence. ``"mean"``: the mean of the
        symbol vectors. ``"lstm"``, ``"gru"``: the maxima of the states of a bidirectional recurrent network.
        ``"cnn"``: the maxima of two convolutions of width 5 over the sequence, its halves and its quarters;
        the fastest encoder that depends on the order. ``"transformer"``: the mean output of two layers with
        four heads and sinusoidal positions; its cost grows with the square of the length.
    alphabet : {"dna", "rna", "protein"} or Alphabet, default="protein"
        The alphabet of sequences given as strings; unused for rows of tokens.
    k : int, default=1
        The symbols are overlapping k-mers: 1 for letters, 3 for 3-mers. For larger k than 1, k-mers that
        `fit` did not see are read as unknown, as are k-mers with a wildcard. Sequences have at least k
        letters. Unused for rows of tokens.
    embedding_dim : int, default=16
        The dimension of the vector of a symbol.
    hidden_dim : int, default=64
        The width of the encoder, see `transform`; unused for ``"mean"``.
    dropout : float, default=0.1
        The probability that a symbol is dropped in training, in [0, 1).
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in the loss. They change the probabilities too, which then hold for class
        frequencies in proportion to the weights.
    lr : float, default=0.005
        Highest learning rate of the one-cycle schedule.
    max_epochs : int, default=30
        Largest number of passes over the training data.
    batch_size : int, default=32
        Number of training samples in a batch, at least 2.
    optimizer : {"adagrad", "adam", "adamw", "rmsprop", "sgd"} or callable, default="adam"
        Torch optimizer: a name, or a callable that takes parameters and ``lr``. It gets a weight decay of
        1e-5.
    validation_fraction : float, default=0.1
        Share of the training data, in [0, 1), that is held out to choose the best epoch by the validation
        loss. 0 trains on all data and keeps the last epoch. The share of each class is rounded down, so small
        classes stay in training. The held-out sequences are drawn at random, relatives of training sequences
        included; they also calibrate the probabilities.
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
        Torch device, or ``"auto"`` for CUDA if it is available and the CPU otherwise.
    verbose : int, default=0
        Whether to print a line for every epoch.
    random_state : int, RandomState instance or None, default=None
        Seed of all random choices of `fit`. Pass an int for the same result, bit for bit, in every call and
        for any number of jobs or threads.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    symbols_ : ndarray of shape (n_symbols,)
        The letters of the alphabet, or the k-mers that `fit` saw, in the order of the alphabet, followed by
        the wildcard. For rows of tokens, the ids from 1 on.
    symbol_embeddings_ : ndarray of shape (n_symbols, embedding_dim)
        The vectors of the symbols: 21 rows for the letters of proteins. The vector of a letter that `fit` did
        not see is random and unused. An unseen wildcard or unknown token has the zero vector.
    temperature_ : float
        The divisor of the logits before the softmax; 1 if nothing was held out.
    n_iter_ : int
        The number of epochs.
    alphabet_ : Alphabet or None
        The alphabet; None if `fit` was given rows of tokens.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` holds the losses, ``net_.module_`` the torch module.
    n_features_in_ : int
        The number of columns of a table of tokens; not defined for strings.

    See Also
    --------
    skseed.nn.SequenceNetwork : The network.
    skseed.ranking.TripletLabRanker : For many classes with few sequences each.
    skseed.preprocessing.BPETokenizer : Makes rows of tokens from long sequences.

    Notes
    -----
    X is sequences, or the table of token ids that :class:`~skseed.preprocessing.BPETokenizer` makes, 0 after
    the end of a row. A letter or token that `fit` did not see is read as unknown.

    Calibration divides the logits by one number, the temperature, which minimizes the log loss on the
    validation split [1]_. A normal prior of standard deviation 1 on its logarithm keeps it near 1 if the
    split has few sequences. It changes no prediction.

    The mean of the vectors of k-mers under a softmax layer is the classifier of Joulin et al. [2]_, here
    without hashing. It is a linear model on the frequencies of the k-mers, of rank `embedding_dim` at most.

    After training the weights are converted to double precision. The result for a sequence then depends on
    the other sequences of a batch only in the last bits of a double.

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
    >>> kmers = SequenceClassifier(k=3, max_epochs=5, random_state=0).fit(proteins, ends)
    >>> kmers.symbols_[:3]
    array(['AKG', 'DGL', 'DLL'], dtype='<U3')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimatorMixin._training_constraints,
        "encoder": [StrOptions({"mean", "lstm", "gru", "cnn", "transformer"})],
        "alphabet": ALPHABET,
        "k": AT_LEAST_ONE,
        "embedding_dim": AT_LEAST_ONE,
        "hidden_dim": AT_LEAST_ONE,
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
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
        lr: float = 0.005,
        max_epochs: int = 30,
        batch_size: int = 32,
        optimizer: str | Callable[..., torch.optim.Optimizer] = "adam",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        callbacks: list[Any] | None = None,
        checkpoint: str | PathLike[str] | None = None,
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
        """Learn the vectors, the encoder and the classes.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or of int of shape (n_samples, n_tokens)
            Sequences, or rows of token ids with 0 after their end.
        y : array-like of shape (n_samples,)
            The class of each sequence.

        Returns
        -------
        self : SequenceClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a sequence is shorter than `k` or has a letter that is not in the alphabet, a token id is
            negative or fractional (the message names it), `y` has a single class, or `k` is too large.
        FloatingPointError
            If the loss, a weight or an output is not finite; the message names the epoch.
        """
        vocabulary, rows = self._fit_rows(X)
        y = check_labels(y)
        check_consistent_length(rows, y)
        classes, targets = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one "
                f"class: {classes[0]}."
            )
        weights = compute_class_weight(self.class_weight, classes=classes, y=y)
        weight_seed, dropout_seed, batch_seed, split_seed = self._draw_seeds(4)
        largest_id = max(UNKNOWN, max(int(row.max()) for row in rows))
        seen = np.zeros(largest_id + 1 if vocabulary is None else vocabulary.n_ids, dtype=bool)
        for row in rows:
            seen[row] = True
        options = {
            "n_tokens": len(seen),
            "n_classes": len(classes),
            "encoder": self.encoder,
            "embedding_dim": int(self.embedding_dim),
            "hidden_dim": int(self.hidden_dim),
            "dropout": float(self.dropout),
            "seed": dropout_seed,
        }
        network = build_seeded(lambda: self._build_module(**options), weight_seed)
        train, held_out = split_by_class(targets, self.validation_fraction, seed=split_seed)
        batches = SequenceBatches(
            [rows[i] for i in train], targets[train], batch_size=self.batch_size, seed=batch_seed
        )
        held_out_rows, held_out_targets = [rows[i] for i in held_out], targets[held_out]

        def validation_loss() -> float:
            logits = self._forward(network, network.forward, held_out_rows)
            return float(np.average(log_losses(logits, held_out_targets), weights=weights[held_out_targets]))

        net = self._train(
            network,
            torch.nn.CrossEntropyLoss(torch.as_tensor(weights, dtype=torch.float32)),
            batches,
            data=[rows, targets, weights, train, held_out],
            validation_loss=validation_loss if len(held_out) else None,
            optimizer__weight_decay=_WEIGHT_DECAY,
        )
        network.double()
        temperature = 1.0
        if len(held_out):
            temperature = fit_temperature(
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
        self._module_options = options
        self.net_ = net
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the vectors of sequences that the encoder computes.

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
            Columns in the order of `classes_`. With two classes, following scikit-learn,
            their difference: positive for ``classes_[1]``.
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
        """Return the most probable class of each sequence.

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

    def _build_module(self, **options: Any) -> SequenceNetwork:
        return SequenceNetwork(**options)

    def _fit_rows(self, X: Any) -> tuple[KmerVocabulary | None, Rows]:
        """Return the vocabulary of the training sequences, None for tokens, and the ids of each row."""
        if is_numeric_table(X):
            return None, rows_of_tokens(validate_data(self, X, reset=True))
        alphabet = get_alphabet(self.alphabet)
        sequences = as_sequences(X, alphabet=alphabet, min_length=self.k, remedy=_SHORT)
        forget_columns(self)
        vocabulary = KmerVocabulary.of(sequences, alphabet, self.k)
        return vocabulary, vocabulary.rows(sequences)

    def _rows(self, X: Any) -> Rows:
        """Return the ids of each row, with ids that `fit` did not see replaced by the unknown id."""
        if self._vocabulary is None:
            rows = rows_of_tokens(validate_data(self, X, reset=False))
        else:
            vocabulary = self._vocabulary
            sequences = as_sequences(X, alphabet=vocabulary.alphabet, min_length=vocabulary.k, remedy=_SHORT)
            rows = vocabulary.rows(sequences)
        return read_unseen_as_unknown(rows, self._seen_ids, self._vocabulary)

    def _logits(self, X: Any) -> npt.NDArray[np.float64]:
        network = self.net_.module_
        return self._forward(network, network.forward, self._rows(X))

    def _forward(
        self, network: torch.nn.Module, forward: Callable[..., torch.Tensor], rows: Rows
    ) -> npt.NDArray[np.float64]:
        """Return the output of a method of the network, computed in batches of rows of similar length."""
        device = resolve_device(self.device)
        network.to(device).eval()
        batches = list(batches_by_length(rows))
        outputs = [
            forward_in_batches(
                forward, pad_rows([rows[i] for i in batch]).numpy(), batch_size=len(batch), device=device
            )
            for batch in batches
        ]
        output = np.concatenate(outputs).astype(np.float64)
        output[np.concatenate(batches)] = output.copy()
        return output
