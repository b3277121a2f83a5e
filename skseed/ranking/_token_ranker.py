"""The base of the rankers that train a network on rows of token ids."""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skseed._atomic_fit import atomic_fit
from skseed._base import Estimator
from skseed._constraints import AT_LEAST_ONE
from skseed._sklearn import HasMethods, Interval, _fit_context
from skseed._tokens import UNKNOWN, are_known, read_unseen_as_unknown, rotate_rows, row_lengths
from skseed._training import (
    NeuralEstimatorMixin,
    build_seeded,
    forward_in_batches,
    resolve_device,
    split_by_class,
)
from skseed.nn import TokenBatches
from skseed.ranking._base import LabRankerMixin, Scores, check_training_labs
from skseed.ranking._lab_heads import CosineHead, LogitHead
from skseed.ranking._token_explanation import TokenExplanationMixin
from skseed.ranking._token_table import check_token_table, split_token_table

_WEIGHT_DECAY = 1e-5
_BLOCK_ROWS = 256


class TokenRanker(TokenExplanationMixin, NeuralEstimatorMixin, LabRankerMixin, Estimator):
    """Train a network on rows of tokens, and score the labs by a head on its outputs.

    A subclass implements `_build_module`, which returns a network with a ``body`` and a method ``project``
    from the features of the body to the outputs; `_criterion`, the loss; and `_make_head`, which returns the
    head of the trained network.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimatorMixin._training_constraints,
        "embedding_dim": AT_LEAST_ONE,
        "kernel_sizes": ["array-like"],
        "n_filters": AT_LEAST_ONE,
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "augmenter": [HasMethods(["fit_transform"]), None],
        "n_views": AT_LEAST_ONE,
        "n_metadata": [Interval(Integral, 0, None, closed="left")],
    }
    _network_params: ClassVar[tuple[str, ...]] = ("embedding_dim", "n_filters", "n_metadata", "dropout")
    _head: LogitHead | CosineHead

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
        optimizer: str | Callable[..., torch.optim.Optimizer],
        validation_fraction: float,
        n_iter_no_change: int,
        callbacks: list[Any] | None,
        checkpoint: str | PathLike[str] | None,
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
        """Train the network to distinguish the labs.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_tokens + n_metadata)
            Rows of token ids, padded with 0, with the metadata in the last `n_metadata` columns.
        y : array-like of shape (n_samples,)
            The lab of each row; one row per lab is enough.

        Returns
        -------
        self : object
            The fitted ranker.

        Raises
        ------
        ValueError
            If X holds sequences instead of token ids, a negative or fractional token, or metadata other than
            0 and 1 (the message names the row and the column); if a lab is missing, or `y` has a single lab.
        FloatingPointError
            If the loss, a weight or an output is not finite; the message names the epoch.
        """
        kernel_sizes = _check_kernel_sizes(self.kernel_sizes)
        y = check_training_labs(y)
        X = check_token_table(self, X, reset=True)
        check_consistent_length(X, y)
        tokens, metadata = split_token_table(X, self.n_metadata)
        classes, labs = np.unique(y, return_inverse=True)
        weight_seed, dropout_seed, batch_seed, split_seed = self._draw_seeds(4)
        train, held_out = split_by_class(labs, self.validation_fraction, seed=split_seed)
        seen = np.zeros(max(int(tokens[train].max()), UNKNOWN) + 1, dtype=bool)
        seen[tokens[train]] = True
        options = {
            "n_tokens": len(seen),
            "n_classes": len(classes),
            "kernel_sizes": kernel_sizes,
            "seed": dropout_seed,
            **{name: getattr(self, name) for name in self._network_params},
        }
        network = build_seeded(lambda: self._build_module(**options), weight_seed)
        batches = TokenBatches(
            tokens[train],
            labs[train].astype(np.int64),
            None if metadata is None else metadata[train],
            batch_size=self.batch_size,
            augment=_augmentation(self.augmenter),
            seed=batch_seed,
        )
        lab_counts = np.bincount(labs[train], minlength=len(classes))
        held_out_tokens = np.where(are_known(tokens[held_out], seen), tokens[held_out], np.int32(UNKNOWN))
        held_out_metadata = None if metadata is None else metadata[held_out]

        def validation_loss() -> float:
            head = self._make_head(network, classes, lab_counts)
            scores = self._head_scores(head, self._forward(network, held_out_tokens, held_out_metadata))
            log_probabilities = log_softmax(head.proba_scale * scores, axis=1)
            return -float(log_probabilities[np.arange(len(held_out)), labs[held_out]].mean())

        net = self._train(
            network,
            self._criterion(),
            batches,
            data=[tokens, labs, metadata, train, held_out],
            validation_loss=validation_loss if len(held_out) else None,
            optimizer__weight_decay=_WEIGHT_DECAY,
        )
        self.__dict__.update(
            net_=net,
            classes_=classes,
            n_iter_=len(net.history),
            _head=self._make_head(network, classes, lab_counts),
            _module_options=options,
            _seen_tokens=seen,
        )
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
        return self._probabilities(X)[1]

    def _build_module(self, **options: Any) -> torch.nn.Module:
        raise NotImplementedError

    def _criterion(self) -> torch.nn.Module:
        raise NotImplementedError

    def _make_head(
        self, network: Any, classes: npt.NDArray[Any], lab_counts: npt.NDArray[np.int64]
    ) -> LogitHead | CosineHead:
        """Return the head of a trained network; `lab_counts` is the number of rows of each lab."""
        raise NotImplementedError

    def _scored(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        head = self._head
        return head.classes, self._head_scores(head, self._outputs(X))

    def _probabilities(self, X: Any) -> tuple[npt.NDArray[Any], Scores]:
        classes, scores = self._scored(X)
        return classes, softmax(self._head.proba_scale * scores, axis=1)

    def _head_scores(self, head: LogitHead | CosineHead, outputs: npt.NDArray[np.float64]) -> Scores:
        # in torch, since the rounding of numpy's matrix product may depend on the number of threads
        return forward_in_batches(head.scores, outputs, batch_size=_BLOCK_ROWS, device="cpu")

    def _outputs(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the output of the network for each row, the mean over `n_views` rotations."""
        tokens, metadata = self._read(X)
        lengths = row_lengths(tokens)
        views = [
            self._forward(
                self.net_.module_,
                rotate_rows(tokens, view * lengths // self.n_views) if view else tokens,
                metadata,
            )
            for view in range(self.n_views)
        ]
        return sum(views[1:], start=views[0]) / self.n_views

    def _forward(
        self, network: Any, tokens: npt.NDArray[np.int32], metadata: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float64]:
        """Return the output of a network for each row, without rotation."""
        device = resolve_device(self.device)
        network = network.eval().to(device)
        arrays = [tokens.astype(np.int64)] + ([] if metadata is None else [metadata])
        return forward_in_batches(
            lambda *inputs: network.project(network.body(*inputs)),
            *arrays,
            batch_size=_BLOCK_ROWS,
            device=device,
        )

    def _read(self, X: Any) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32] | None]:
        """Return the tokens, unseen ones replaced by the unknown token, and the metadata of a table."""
        X = check_token_table(self, X, reset=False)
        tokens, metadata = split_token_table(X, self.n_metadata)
        return read_unseen_as_unknown(tokens, self._seen_tokens), metadata


def _check_kernel_sizes(kernel_sizes: Any) -> tuple[int, ...]:
    """Return the widths as a tuple of int; raise an error that names the first wrong one."""
    sizes = tuple(kernel_sizes)
    for index, size in enumerate(sizes):
        if isinstance(size, bool) or not isinstance(size, Integral) or size < 1:
            raise ValueError(f"kernel_sizes[{index}] is {size!r}; every width must be an int of at least 1.")
    if not sizes:
        raise ValueError("kernel_sizes is empty; give at least one width.")
    return tuple(int(size) for size in sizes)


def _augmentation(augmenter: Any) -> Callable[[npt.NDArray[np.int32], int], npt.NDArray[Any]] | None:
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
