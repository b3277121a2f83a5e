"""What the neural rankers of token rows share: their parameters, how they train, and how they score."""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from skseed._sklearn import HasMethods, Interval, _fit_context
from skseed._tokens import read_unseen_as_unknown, rotate_rows, row_lengths
from skseed._training import (
    NeuralEstimatorMixin,
    build_seeded,
    draw_seeds,
    forward_in_batches,
    resolve_device,
)
from skseed.nn import TokenBatches
from skseed.ranking._base import LabRankerMixin, first_labs
from skseed.ranking._token_explanation import TokenExplanationMixin
from skseed.ranking._token_table import split_token_table

_WEIGHT_DECAY = 1e-5
_PREDICTION_ROWS = 256


class TokenRanker(TokenExplanationMixin, NeuralEstimatorMixin, LabRankerMixin, BaseEstimator):
    """Train a network of rows of tokens, and score rows by it, rotated in several ways.

    A ranker says which network it wants (`_network`), which loss (`_criterion`), which of the network's
    methods predicts (`_forward`), how scores follow from what that gives (`_scores_of`), and how they follow
    from the features of the body (`_score_of_labs`).
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimatorMixin._training_constraints,
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "kernel_sizes": ["array-like"],
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "augmenter": [HasMethods(["fit_transform"]), None],
        "n_views": [Interval(Integral, 1, None, closed="left")],
        "n_metadata": [Interval(Integral, 0, None, closed="left")],
    }
    _proba_scale = 1.0

    def __init__(
        self,
        *,
        embedding_dim: int,
        kernel_sizes: Sequence[int],
        n_filters: int,
        dropout: float,
        augmenter: Any,
        n_views: int,
        n_metadata: int,
        lr: float,
        max_epochs: int,
        batch_size: int,
        optimizer: Callable[..., torch.optim.Optimizer],
        callbacks: list[Any] | None,
        device: str,
        verbose: int,
        random_state: int | np.random.RandomState | None,
    ) -> None:
        self.embedding_dim = embedding_dim
        self.kernel_sizes = kernel_sizes
        self.n_filters = n_filters
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
        """Train the network to tell the labs apart.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_tokens + n_metadata)
            Rows of token ids, 0 after their end, with the metadata in the last `n_metadata` columns.
        y : array-like of shape (n_samples,)
            The lab of each row; one row a lab is enough.

        Returns
        -------
        self : object
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
        classes, targets = first_labs(y)
        tokens, metadata = split_token_table(X, self.n_metadata)
        weight_seed, dropout_seed, batch_seed = draw_seeds(self.random_state, 3)
        seen = np.zeros(max(int(tokens.max()), 1) + 1, dtype=bool)
        seen[tokens] = True
        body_options = {
            "kernel_sizes": kernel_sizes,
            "n_filters": self.n_filters,
            "n_metadata": self.n_metadata,
            "dropout": self.dropout,
            "seed": dropout_seed,
        }
        network = build_seeded(lambda: self._network(len(seen), len(classes), body_options), weight_seed)
        batches = TokenBatches(
            tokens,
            targets.astype(np.int64),
            metadata,
            batch_size=self.batch_size,
            augment=_augmentation(self.augmenter),
            seed=batch_seed,
        )
        net = self._train(
            network,
            self._criterion(),
            batches,
            data=[tokens, targets, metadata],
            optimizer__weight_decay=_WEIGHT_DECAY,
        )
        network.eval()
        self.net_ = net
        self.classes_ = classes
        self._seen_tokens = seen
        self._after_training(network, np.bincount(targets))
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return a softmax of the scores; it is not calibrated.

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
        return softmax(self._proba_scale * self._scores(X), axis=1)

    def _network(self, n_tokens: int, n_labs: int, body_options: dict[str, Any]) -> torch.nn.Module:
        raise NotImplementedError

    def _criterion(self) -> torch.nn.Module:
        raise NotImplementedError

    def _after_training(self, network: Any, counts: npt.NDArray[np.int64]) -> None:
        """Set the fitted attributes that a ranker adds; `counts` are the rows of each lab."""

    def _forward(self, network: Any) -> Callable[..., torch.Tensor]:
        return network

    def _scores_of(self, outputs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return outputs

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        return self._scores_of(self._outputs(X))

    def _outputs(self, X: Any) -> npt.NDArray[np.float64]:
        """Return what the network gives for each row, the mean over its rotations."""
        tokens, metadata = self._read(X)
        lengths = row_lengths(tokens)
        views = [
            self._run(rotate_rows(tokens, view * lengths // self.n_views) if view else tokens, metadata)
            for view in range(self.n_views)
        ]
        return sum(views[1:], start=views[0]) / self.n_views

    def _run(
        self, tokens: npt.NDArray[np.int32], metadata: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float64]:
        """Return what the network gives for each row as it stands."""
        device = resolve_device(self.device)
        forward = self._forward(self.net_.module_.to(device))
        arrays = [tokens.astype(np.int64)] + ([] if metadata is None else [metadata])
        return forward_in_batches(forward, *arrays, batch_size=_PREDICTION_ROWS, device=device)

    def _read(self, X: Any) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32] | None]:
        """Return the tokens, those never seen as unknown, and the metadata of a table given to predict."""
        X = validate_data(self, X, reset=False)
        tokens, metadata = split_token_table(X, self.n_metadata)
        return read_unseen_as_unknown(tokens, self._seen_tokens), metadata


def _check_kernel_sizes(kernel_sizes: Any) -> tuple[int, ...]:
    """Return the widths as a tuple of int, or say which one is wrong."""
    sizes = tuple(kernel_sizes)
    for index, size in enumerate(sizes):
        if isinstance(size, bool) or not isinstance(size, Integral) or size < 1:
            raise ValueError(f"kernel_sizes[{index}] is {size!r}; every width must be an int of at least 1.")
    if not sizes:
        raise ValueError("kernel_sizes is empty; give at least one width.")
    return tuple(int(size) for size in sizes)


def _augmentation(
    augmenter: Any,
) -> Callable[[npt.NDArray[np.int32], int], npt.NDArray[Any]] | None:
    """Return the function that augments the tokens of an epoch, given the seed of the epoch."""
    if augmenter is None:
        return None

    def augment(tokens: npt.NDArray[np.int32], seed: int) -> npt.NDArray[Any]:
        seeded = clone(augmenter)
        # the steps of a pipeline share one generator
        generator = np.random.RandomState(seed)
        names = [name for name in seeded.get_params() if name.split("__")[-1] == "random_state"]
        return seeded.set_params(**dict.fromkeys(names, generator)).fit_transform(tokens)

    return augment
