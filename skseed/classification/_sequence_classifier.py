"""A classifier of sequences: a linear model on k-mers, corrected by a network."""

from collections.abc import Callable
from numbers import Real
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from sklearn.base import ClassifierMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data

from skseed._atomic_fit import atomic_fit
from skseed._base import Estimator
from skseed._constraints import ALPHABET, AT_LEAST_ONE
from skseed._sequences import Sequences, as_sequences
from skseed._sklearn import Interval, StrOptions, _check_sample_weight, _fit_context
from skseed._training import (
    NeuralEstimatorMixin,
    build_seeded,
    split_by_class,
)
from skseed._validation import check_labels, forget_columns, is_numeric_table
from skseed.alphabets import Alphabet, get_alphabet
from skseed.classification._calibration import log_losses, weigh_and_calibrate
from skseed.classification._class_weights import row_weights
from skseed.classification._kmer_features import BaseModel
from skseed.classification._rows import (
    KmerVocabulary,
    Rows,
    forward_rows,
    groups_of_relatives,
    read_unseen_as_unknown,
    rows_of_tokens,
    seen_ids,
    symbols_of,
)
from skseed.nn import SequenceBatches, SequenceNetwork, WeightedCrossEntropyLoss
from skseed.preprocessing import KmerVectorizer

_WEIGHT_DECAY = 1e-5
_SHORT = "remove the sequence or lower k"


class SequenceClassifier(
    NeuralEstimatorMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClassifierMixin,
    Estimator,
):
    """Classify sequences by a linear model on k-mer counts and a network that corrects it.

    The linear model is a support vector machine on gapped k-mers. A network of symbol vectors and an encoder
    then learns what the linear model misses, such as the order and the positions of motifs. Its logits are
    added to those of the linear model only as far as they lower the loss on held-out groups of relatives;
    `correction_weight_` is 0 if they do not. Use a linear model on
    :class:`~skseed.preprocessing.KmerVectorizer` itself if only its weights are of interest, and the rankers
    of :mod:`skseed.ranking` for hundreds of classes.

    The encoder determines what the network can distinguish: ``"mean"`` ignores the order of symbols, so
    ``"MNTQ…AKGD"`` equals ``"AKGD…MNTQ"``; the other encoders do not.

    Parameters
    ----------
    encoder : {"mean", "lstm", "gru", "cnn", "transformer"}, default="mean"
        The encoder that turns symbol vectors into a vector of the sequence. ``"mean"``: the mean of the
        symbol vectors. ``"lstm"``, ``"gru"``: the maxima of the states of a bidirectional recurrent network.
        ``"cnn"``: the maxima of two convolutions of width 5 over the sequence, its halves and its quarters;
        the fastest encoder that depends on the order. ``"transformer"``: the mean output of two layers with
        four heads and sinusoidal positions; its cost grows with the square of the length.
    kmers : {"auto"}, KmerVectorizer or None, default="auto"
        The k-mers of the linear model. ``"auto"``: k-mers of 3 symbols with at most 2 gaps, and contiguous
        6-mers for alphabets of at most 6 symbols, such as nucleotides. None: no linear model. For rows of
        tokens, the linear model reads the counts of tokens.
    alphabet : {"dna", "rna", "protein", "protein-reduced"} or Alphabet, default="protein"
        The alphabet of sequences given as strings; unused for rows of tokens. Letters of DNA are amino acids,
        too, so DNA must be declared: pass ``"dna"``.
    k : int, default=1
        The symbols of the network are overlapping k-mers: 1 for letters, 3 for 3-mers. For larger k than 1,
        k-mers that `fit` did not see are read as unknown, as are k-mers with a wildcard. Sequences have at
        least k letters. Unused for rows of tokens.
    embedding_dim : int, default=16
        The dimension of the vector of a symbol.
    hidden_dim : int, default=64
        The width of the encoder, see `transform`; unused for ``"mean"``.
    dropout : float, default=0.1
        The probability that a symbol is dropped in training, in [0, 1).
    class_weight : float, dict, "balanced" or None, default=0.4
        Weights of the classes in the losses of both models. A number between 0 and 1 is an exponent: the
        weight of a class is proportional to ``count ** -class_weight``. 0 is the same as None, 1 the same as
        ``"balanced"``. Between them, accuracy and balanced accuracy are weighed against each other.
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
        classes stay in training. Sequences within 10 % edit distance of each other are held out together. If
        there is a linear model, the held-out sequences determine `correction_weight_`; with 0 it is 1.
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
    kmers_ : KmerVectorizer or None
        The fitted vectorizer; None for rows of tokens and without a linear model.
    correction_weight_ : float
        The factor of the logits of the network: 0 if the classifier is the linear model alone, 1 without a
        linear model.
    temperature_ : float
        The divisor of the logits before the softmax. Cross-validation of the linear model determines it, or
        the held-out sequences if the logits of the network are used; 1 without both.
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

    The features of the linear model are square roots of counts, scaled to length 1. There is one machine with
    squared hinge loss for each class against the rest. Three-fold cross-validation chooses the strongest of
    three penalties whose error is within one standard error of the lowest. Its logits of all training
    sequences are what the network learns to correct, as in stacking [2]_, because the linear model fits its
    own training data too well. The logits of the network are 0 at the start. `correction_weight_` is 0 unless
    the log loss of held-out groups falls by more than two standard errors and their error does not grow.

    Integer weights in `sample_weight` equal repetition for the linear model, up to rounding, but not for the
    network, whose batches differ. Relatives are held out together if the number of sequences times the length
    of the longest is at most 2**25; otherwise only copies are.

    Calibration divides the logits by one number, the temperature, which minimizes the log loss of sequences
    that the model was not fitted on [1]_. A normal prior of standard deviation 1 on its logarithm keeps it
    near 1 if there are few. It changes no prediction.

    After training the weights are converted to double precision, so that the result for a sequence depends
    on the other sequences of a batch only in the last bits of a double.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks",
       ICML, 2017. doi:10.48550/arXiv.1706.04599
    .. [2] D. H. Wolpert, "Stacked generalization", Neural Networks 5(2), 1992.
       doi:10.1016/S0893-6080(05)80023-1

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
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimatorMixin._training_constraints,
        "encoder": [StrOptions({"mean", "lstm", "gru", "cnn", "transformer"})],
        "kmers": [StrOptions({"auto"}), KmerVectorizer, None],
        "alphabet": ALPHABET,
        "k": AT_LEAST_ONE,
        "embedding_dim": AT_LEAST_ONE,
        "hidden_dim": AT_LEAST_ONE,
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [Interval(Real, 0, 1, closed="both"), dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        encoder: str = "mean",
        *,
        kmers: str | KmerVectorizer | None = "auto",
        alphabet: str | Alphabet = "protein",
        k: int = 1,
        embedding_dim: int = 16,
        hidden_dim: int = 64,
        dropout: float = 0.1,
        class_weight: float | dict[Any, float] | str | None = 0.4,
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
        self.kmers = kmers
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
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the linear model, and learn the vectors, the encoder and the classes.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,) or of int of shape (n_samples, n_tokens)
            Sequences, or rows of token ids with 0 after their end.
        y : array-like of shape (n_samples,)
            The class of each sequence.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sequence, not negative. Sequences of weight 0 are not used.

        Returns
        -------
        self : SequenceClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a sequence is shorter than `k` or has a letter outside the alphabet, a token id is negative or
            fractional, a weight is negative, `y` has a single class, or `k` is too large.
        FloatingPointError
            If the loss, a weight or an output is not finite; the message names the epoch.
        """
        sequences, all_rows = self._read_training_data(X)
        y = check_labels(y)
        check_consistent_length(all_rows, y)
        sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        used = np.flatnonzero(sample_weight)
        sample_weight = sample_weight[used]
        classes, targets = np.unique(y[used], return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one "
                f"class: {classes[0]}."
            )
        if sequences is None:
            vocabulary, rows = None, [all_rows[i] for i in used.tolist()]
        else:
            sequences = sequences.take(used)
            vocabulary = KmerVocabulary.of(sequences, get_alphabet(self.alphabet), self.k)
            rows = vocabulary.rows(sequences)
        weights = row_weights(self.class_weight, classes, targets, sample_weight)
        weight_seed, dropout_seed, batch_seed, split_seed, fold_seed = self._draw_seeds(5)
        seen = seen_ids(rows, None if vocabulary is None else vocabulary.n_ids)
        model = None
        if self.kmers is not None:
            alphabet = None if vocabulary is None else vocabulary.alphabet
            model = BaseModel.fit(
                self.kmers,
                alphabet,
                X,
                rows,
                targets,
                used=used,
                weights=weights,
                sample_weight=sample_weight,
                seed=fold_seed,
            )
        base = None if model is None else model.logits
        options = {
            "n_tokens": len(seen),
            "n_classes": len(classes),
            "encoder": self.encoder,
            "embedding_dim": int(self.embedding_dim),
            "hidden_dim": int(self.hidden_dim),
            "dropout": float(self.dropout),
            "seed": dropout_seed,
            "n_kmers": 0 if model is None else len(model.features.columns),
        }
        network = build_seeded(lambda: self._build_module(**options), weight_seed)
        groups = groups_of_relatives(rows, sequences)
        train, held_out = split_by_class(targets, self.validation_fraction, seed=split_seed, groups=groups)
        batches = SequenceBatches(
            [rows[i] for i in train],
            targets[train],
            batch_size=self.batch_size,
            seed=batch_seed,
            offsets=None if base is None else base[train].astype(np.float32),
            weights=weights[train].astype(np.float32),
        )
        held_out_rows, held_out_targets = [rows[i] for i in held_out], targets[held_out]
        held_out_base = None if base is None else base[held_out]

        def validation_loss() -> float:
            logits = forward_rows(network, network.forward, held_out_rows, held_out_base, device=self.device)
            return float(np.average(log_losses(logits, held_out_targets), weights=weights[held_out]))

        net = self._train(
            network,
            WeightedCrossEntropyLoss(),
            batches,
            data=[rows, targets, weights, train, held_out, [] if base is None else base],
            validation_loss=validation_loss if len(held_out) else None,
            optimizer__weight_decay=_WEIGHT_DECAY,
        )
        network.double()
        # nothing held out: the network is used only if it was asked not to validate
        factor, temperature = float(model is None or not self.validation_fraction), 1.0
        if len(held_out):
            factor, temperature = weigh_and_calibrate(
                held_out_base,
                forward_rows(network, network.forward, held_out_rows, device=self.device),
                held_out_targets,
                weights=weights[held_out],
                sample_weight=sample_weight[held_out],
                groups=groups[held_out],
            )
        if model is not None:
            # in the unit of the linear model's logits, which are the decision function if the factor is 0
            temperature *= model.temperature
            network.correction_weight.fill_(factor * model.temperature)
            network.set_kmer_weights(*map(torch.from_numpy, (model.linear.weight, model.linear.bias)))
        vectors = network.tokens.weight.detach().cpu().numpy().copy()
        self.alphabet_ = None if vocabulary is None else vocabulary.alphabet
        self.classes_ = classes
        self.kmers_ = None if model is None else model.features.vectorizer
        self.correction_weight_ = factor
        self.temperature_ = temperature
        self.n_iter_ = len(net.history)
        self.symbols_, self.symbol_embeddings_ = symbols_of(vectors, vocabulary)
        self._seen_ids = seen
        self._vocabulary = vocabulary
        self._kmer_features = None if model is None else model.features
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
        return forward_rows(network, network.embed, self._rows(X), device=self.device)

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

    def _read_training_data(self, X: Any) -> tuple[Sequences | None, Rows | Sequences]:
        """Return the sequences and None for tokens, and the rows of tokens or the sequences."""
        if is_numeric_table(X):
            return None, rows_of_tokens(validate_data(self, X, reset=True))
        sequences = as_sequences(X, alphabet=get_alphabet(self.alphabet), min_length=self.k, remedy=_SHORT)
        forget_columns(self)
        return sequences, sequences

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
        network, rows = self.net_.module_, self._rows(X)
        logits = None
        if self._kmer_features is not None:
            weight, bias = (values.detach().cpu().numpy() for values in network.kmers.parameters())
            logits = self._kmer_features.transform(X, rows) @ weight.T + bias
            if not self.correction_weight_:
                return logits
        return forward_rows(network, network.forward, rows, logits, device=self.device)
