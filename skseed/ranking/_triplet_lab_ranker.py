"""The triplet network of the lab of origin as a scikit-learn estimator."""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from skseed._nets import NeuralEstimatorMixin, build_seeded, forward_in_batches, resolve_device
from skseed._sklearn import HasMethods, Interval, StrOptions, _fit_context
from skseed.nn import HardestPrototypeTripletLoss, PrototypeNetwork, ScaledCosineLoss, TokenBatches
from skseed.preprocessing._circular_shift_augmenter import circular_lengths, rotate
from skseed.ranking._base import LabRankerMixin
from skseed.ranking._token_table import read_unseen_as_unknown, split_token_table

_COSINE_SCALE = 16.0
_WEIGHT_DECAY = 1e-5
_PREDICTION_ROWS = 256


class TripletLabRanker(
    NeuralEstimatorMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    LabRankerMixin,
    BaseEstimator,
):
    """Rank the labs that may have engineered a plasmid, by metric learning.

    A network embeds rows of token ids, and metadata, on the unit sphere, where every lab has a vector of
    its own; a plasmid's labs are ranked by the cosine between its embedding and theirs. Because
    a lab is no more than a vector, labs can be compared, mapped and clustered. Use it where there are
    many labs with few plasmids each and a short list is the answer; where plasmids to be ranked are
    near copies of training plasmids, an alignment search finds them at less cost.

    Parameters
    ----------
    embedding_dim : int, default=200
        The length of the embedding, of the labs' vectors and of the tokens' vectors.
    kernel_sizes : sequence of int, default=(1, 2, 4, 8)
        The widths of the parallel convolutions, in tokens; the time is proportional to their sum.
    n_filters : int, default=256
        The filters of each width.
    loss : {"triplet", "cosine"}, default="triplet"
        ``"triplet"`` compares the distance to the right lab with that to the nearest wrong lab, as in
        the paper; ``"cosine"`` is a softmax over the cosines to all labs, times 16.
    margin : float, default=1.0
        The margin of the triplet loss, on a sphere of diameter 2.
    dropout : float, default=0.2
        The probability that a token is blanked out in training, in [0, 1).
    augmenter : transformer or None, default=None
        Its ``fit_transform`` is applied to the token rows at the start of every epoch; with
        :class:`~skseed.preprocessing.CircularShiftAugmenter` every epoch sees every plasmid rotated
        afresh. A clone of it is used, seeded by `random_state`.
    n_views : int, default=1
        The number of evenly spaced rotations of a row whose embeddings are averaged in prediction;
        more than 1 is meant for circular sequences.
    n_metadata : int, default=0
        How many columns of X, the last ones, are binary metadata and not tokens.
    lr : float, default=3e-3
        The highest learning rate of the one-cycle schedule.
    max_epochs : int, default=20
        The number of passes over the training data. Some hundred steps (passes times batches) are
        the least that a ranking needs: with few plasmids raise this, or lower `batch_size`.
    batch_size : int, default=32
        Rows a training step, at least 2.
    optimizer : callable, default=torch.optim.Adam
        Makes the optimiser; it gets a weight decay of 1e-5.
    callbacks : list or None, default=None
        Further skorch callbacks.
    device : str, default="cpu"
        Where torch computes; ``"auto"`` takes a GPU when there is one.
    verbose : int, default=0
        1 prints a line for every epoch.
    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, the order of the batches, dropout and the augmenter. An int gives
        the same result, bit for bit, whatever the number of jobs and threads.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted.
    lab_embeddings_ : ndarray of shape (n_labs, embedding_dim)
        The unit vector of each lab, in the order of `classes_`.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` has the loss of every epoch.
    n_features_in_ : int
        The number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X had any that are strings.

    See Also
    --------
    skseed.preprocessing.BPETokenizer : Turns sequences into rows of token ids.
    skseed.preprocessing.CircularShiftAugmenter : Rotates plasmids in training.
    skseed.metrics.top_k_scorer : Scores the ranking in cross-validation.
    skseed.nn.PrototypeNetwork : The network by itself.

    Notes
    -----
    X holds token ids as :class:`~skseed.preprocessing.BPETokenizer` gives them: 0 is padding, 1 the
    unknown token. Floats are accepted when they are whole. A token that was not seen in `fit` is
    read as unknown, with a warning when these are more than one in ten, since then another tokenizer
    made them. A row of padding alone gets the embedding of an empty sequence.

    The scores of `decision_function` are the cosines between a plasmid and the labs, in [-1, 1].
    `predict_proba` is a softmax over 16 times the cosines. It ranks as `decision_function` does and
    is not calibrated.

    The defaults train some hundred plasmids in seconds. The paper [1]_ has
    ``kernel_sizes=range(1, 13)``, ``batch_size=64``, ``max_epochs=200`` and ``lr=1e-3``, with the same loss,
    margin, filters, dropout and weight decay; it steps the one-cycle schedule once an epoch where this
    steps once a batch, and lets padding take part in the maximum where this masks it.

    A step costs O(n_tokens · embedding_dim · n_filters · Σ kernel_sizes) for the tables of token products,
    and as many additions as the batch has tokens times n_filters · Σ kernel_sizes.

    References
    ----------
    .. [1] Soares, I. M., Camargo, F. H. F., Marques, A., Crook, O. M. "Improving lab-of-origin prediction of
       genetically engineered plasmids via deep metric learning", Nature Computational Science 2, 253-264
       (2022). doi:10.1038/s43588-022-00234-z

    Examples
    --------
    >>> import numpy as np
    >>> from skseed.ranking import TripletLabRanker
    >>> tokens = [[2, 3, 4, 5], [2, 3, 4, 0], [2, 3, 6, 7], [3, 6, 7, 0], [7, 8, 9, 5], [7, 8, 9, 0]]
    >>> labs = np.repeat(["Curie", "Franklin", "McClintock"], 2)
    >>> ranker = TripletLabRanker(16, kernel_sizes=(1, 2), n_filters=32, lr=0.01, random_state=0)
    >>> ranker.fit(tokens, labs).rank([[4, 2, 3, 4], [3, 6, 7, 8]], k=2)
    array([['Curie', 'McClintock'],
           ['Franklin', 'McClintock']], dtype='<U10')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimatorMixin._training_constraints,
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "kernel_sizes": ["array-like"],
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "loss": [StrOptions({"triplet", "cosine"})],
        "margin": [Interval(Real, 0, None, closed="neither")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "augmenter": [HasMethods(["fit_transform"]), None],
        "n_views": [Interval(Integral, 1, None, closed="left")],
        "n_metadata": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        embedding_dim: int = 200,
        *,
        kernel_sizes: Sequence[int] = (1, 2, 4, 8),
        n_filters: int = 256,
        loss: str = "triplet",
        margin: float = 1.0,
        dropout: float = 0.2,
        augmenter: Any = None,
        n_views: int = 1,
        n_metadata: int = 0,
        lr: float = 3e-3,
        max_epochs: int = 20,
        batch_size: int = 32,
        optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
        callbacks: list[Any] | None = None,
        device: str = "cpu",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.embedding_dim = embedding_dim
        self.kernel_sizes = kernel_sizes
        self.n_filters = n_filters
        self.loss = loss
        self.margin = margin
        self.dropout = dropout
        self.augmenter = augmenter
        self.n_views = n_views
        self.n_metadata = n_metadata
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
        """Learn the network and a vector for every lab.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_tokens + n_metadata)
            Rows of token ids, 0 after their end, with the metadata in the last `n_metadata` columns.
        y : array-like of shape (n_samples,)
            The lab of each row; one row a lab is enough.

        Returns
        -------
        self : TripletLabRanker
            The fitted ranker.

        Raises
        ------
        ValueError
            If X holds a negative or fractional token or metadata other than 0 and 1 (the message
            names its row and column), or y a single lab.
        FloatingPointError
            If the loss is no longer a finite number; the message names the epoch.
        """
        kernel_sizes = _check_kernel_sizes(self.kernel_sizes)
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        classes, targets = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one "
                f"class: {classes[0]!r}"
            )
        tokens, metadata = split_token_table(X, self.n_metadata)
        rng = check_random_state(self.random_state)
        weight_seed, dropout_seed, batch_seed, shift_seed = (
            int(seed) for seed in rng.randint(np.iinfo(np.int32).max, size=4)
        )
        seen = np.zeros(max(int(tokens.max()), 1) + 1, dtype=bool)
        seen[tokens] = True
        network = build_seeded(
            lambda: PrototypeNetwork(
                len(seen),
                len(classes),
                embedding_dim=self.embedding_dim,
                kernel_sizes=kernel_sizes,
                n_filters=self.n_filters,
                n_metadata=self.n_metadata,
                dropout=self.dropout,
                seed=dropout_seed,
            ),
            weight_seed,
        )
        if self.loss == "triplet":
            criterion: torch.nn.Module = HardestPrototypeTripletLoss(self.margin)
        else:
            criterion = ScaledCosineLoss(_COSINE_SCALE)
        batches = TokenBatches(
            tokens,
            targets.astype(np.int64),
            metadata,
            batch_size=self.batch_size,
            augment=_seeded_augmentation(self.augmenter, shift_seed),
            seed=batch_seed,
        )
        net = self._train(
            network,
            criterion,
            batches,
            steps_per_epoch=len(batches),
            optimizer__weight_decay=_WEIGHT_DECAY,
        )
        network.eval()
        self.net_ = net
        self.classes_ = classes
        self.lab_embeddings_ = _unit_rows(network.prototypes.detach().cpu().numpy().astype(np.float64))
        self._seen_tokens = seen
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the unit embeddings of plasmids.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_features_in_)
            Rows as in `fit`.

        Returns
        -------
        embeddings : ndarray of shape (n_samples, embedding_dim)
            Rows of length 1; the mean over `n_views` rotations, again of length 1.
        """
        check_is_fitted(self)
        return self._embed(X)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return a softmax over 16 times the cosines; it is not calibrated.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_features_in_)
            Rows as in `fit`.

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

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        labs = torch.from_numpy(self.lab_embeddings_.T)
        # in torch, whose threads are held, since numpy's product may round by the number of threads
        return forward_in_batches(
            lambda embeddings: embeddings @ labs, self._embed(X), batch_size=_PREDICTION_ROWS, device="cpu"
        )

    def _embed(self, X: Any) -> npt.NDArray[np.float64]:
        X = validate_data(self, X, reset=False)
        tokens, metadata = split_token_table(X, self.n_metadata)
        tokens = read_unseen_as_unknown(tokens, self._seen_tokens)
        device = resolve_device(self.device)
        network = self.net_.module_.to(device)
        lengths = circular_lengths(tokens)
        total = np.zeros((len(tokens), network.prototypes.shape[1]))
        for view in range(self.n_views):
            rotated = rotate(tokens, view * lengths // self.n_views) if view else tokens
            arrays = [rotated.astype(np.int64)] + ([] if metadata is None else [metadata])
            total += forward_in_batches(network.embed, *arrays, batch_size=_PREDICTION_ROWS, device=device)
        return total if self.n_views == 1 else _unit_rows(total)


def _check_kernel_sizes(kernel_sizes: Any) -> tuple[int, ...]:
    """Return the widths as a tuple of int, or say which one is wrong."""
    sizes = tuple(kernel_sizes)
    for index, size in enumerate(sizes):
        if isinstance(size, bool) or not isinstance(size, Integral) or size < 1:
            raise ValueError(f"kernel_sizes[{index}] is {size!r}; every width must be an int of at least 1.")
    if not sizes:
        raise ValueError("kernel_sizes is empty; give at least one width.")
    return tuple(int(size) for size in sizes)


def _seeded_augmentation(
    augmenter: Any, seed: int
) -> Callable[[npt.NDArray[np.int32]], npt.NDArray[Any]] | None:
    """Return the augmentation of an epoch: a new one at every call, the same ones for a seed."""
    if augmenter is None:
        return None
    augmenter = clone(augmenter)
    if "random_state" in augmenter.get_params():
        # an instance, unlike an int, moves on from epoch to epoch
        augmenter.set_params(random_state=np.random.RandomState(seed))
    return augmenter.fit_transform


def _unit_rows(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(norms, np.finfo(np.float64).tiny)
