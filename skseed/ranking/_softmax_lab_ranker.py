"""Rank labs by a network with a linear softmax layer."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from skseed.nn import SoftmaxNetwork
from skseed.ranking._lab_heads import LogitHead
from skseed.ranking._token_ranker import TokenRanker


class SoftmaxLabRanker(TokenRanker):
    """Rank the labs that may have engineered a plasmid by a linear softmax layer.

    The network is the same as in :class:`TripletLabRanker` up to the features: token vectors, convolutions
    with a global maximum, and metadata. A linear layer with one output for each lab follows, trained by
    cross-entropy. This class is the baseline for metric learning. Use :class:`TripletLabRanker` to compare
    labs with each other or to enroll new ones.

    Parameters
    ----------
    embedding_dim : int, default=200
        The dimension of the vectors of the tokens.
    kernel_sizes : sequence of int, default=(1, 2, 4, 8)
        The widths of the parallel convolutions, in tokens. The time is proportional to their sum.
    n_filters : int, default=256
        The number of filters of each width.
    dropout : float, default=0.2
        The probability that a token is dropped in training, in [0, 1).
    augmenter : transformer or None, default=None
        Its ``fit_transform`` is applied to the token rows at the start of every epoch. With
        :class:`~skseed.preprocessing.CircularShiftAugmenter`, every epoch has new rotations of all plasmids.
        A clone of it is used, seeded by `random_state`.
    n_views : int, default=1
        The number of evenly spaced rotations of a row whose logits are averaged in prediction. Values
        above 1 are meant for circular sequences.
    n_metadata : int, default=0
        The number of columns of X, the last ones, that are binary metadata instead of tokens.
    lr : float, default=3e-3
        Highest learning rate of the one-cycle schedule.
    max_epochs : int, default=20
        Largest number of passes over the training data.
    batch_size : int, default=32
        Number of training samples in a batch, at least 2.
    optimizer : {"adagrad", "adam", "adamw", "rmsprop", "sgd"} or callable, default="adam"
        Torch optimizer: a name, or a callable that takes parameters and ``lr``. It gets a weight decay of
        1e-5.
    validation_fraction : float, default=0.0
        Share of the training data, in [0, 1), that is held out to choose the best epoch by the validation
        loss. 0 trains on all data and keeps the last epoch. The validation loss is the log loss of
        `predict_proba`. The share of each lab is rounded down, so small labs stay in training. The held-out
        rows are drawn at random, relatives of training rows included.
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
        for any number of jobs or threads. It determines the initial weights, the order of the batches,
        dropout, the augmenter and the validation split.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labs,)
        The labs, sorted.
    n_iter_ : int
        The number of epochs.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` holds the losses, ``net_.module_`` the torch module.
    n_features_in_ : int
        The number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns, if X was a table with names.

    See Also
    --------
    TripletLabRanker : The same network up to the features, with metric learning.
    rank_labs : The method `rank` for a pipeline with a tokenizer.
    skseed.preprocessing.BPETokenizer : Splits sequences into rows of token ids.
    skseed.nn.SoftmaxNetwork : The network.

    Notes
    -----
    X is read as in :class:`TripletLabRanker`: the same token ids, and the same rule for unseen tokens.
    `decision_function` returns the logits and `predict_proba` their softmax.

    The paper [1]_ compares its triplet network with a softmax network of this form. The published code of its
    authors differs in kernels, pooling, activation, optimizer and loss. Here only the head and the loss
    differ from :class:`TripletLabRanker`.

    References
    ----------
    .. [1] Soares, I. M., Camargo, F. H. F., Marques, A., Crook, O. M. "Improving lab-of-origin prediction of
       genetically engineered plasmids via deep metric learning", Nature Computational Science 2, 253-264
       (2022). doi:10.1038/s43588-022-00234-z

    Examples
    --------
    >>> import numpy as np
    >>> from skseed.ranking import SoftmaxLabRanker
    >>> tokens = [[2, 3, 4, 5], [2, 3, 4, 0], [2, 3, 6, 7], [3, 6, 7, 0], [7, 8, 9, 5], [7, 8, 9, 0]]
    >>> labs = np.repeat(["Curie", "Franklin", "McClintock"], 2)
    >>> ranker = SoftmaxLabRanker(16, kernel_sizes=(1, 2), n_filters=32, lr=0.01, random_state=0)
    >>> ranker.fit(tokens, labs).rank([[4, 2, 3, 4], [3, 6, 7, 8]], k=1)
    array([['Curie'],
           ['Franklin']], dtype='<U10')
    """

    def __init__(
        self,
        embedding_dim: int = 200,
        *,
        kernel_sizes: Sequence[int] = (1, 2, 4, 8),
        n_filters: int = 256,
        dropout: float = 0.2,
        augmenter: Any = None,
        n_views: int = 1,
        n_metadata: int = 0,
        lr: float = 3e-3,
        max_epochs: int = 20,
        batch_size: int = 32,
        optimizer: str | Callable[..., torch.optim.Optimizer] = "adam",
        validation_fraction: float = 0.0,
        n_iter_no_change: int = 10,
        callbacks: list[Any] | None = None,
        checkpoint: str | PathLike[str] | None = None,
        device: str = "cpu",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(
            embedding_dim=embedding_dim,
            kernel_sizes=kernel_sizes,
            n_filters=n_filters,
            dropout=dropout,
            augmenter=augmenter,
            n_views=n_views,
            n_metadata=n_metadata,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            optimizer=optimizer,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            callbacks=callbacks,
            checkpoint=checkpoint,
            device=device,
            verbose=verbose,
            random_state=random_state,
        )

    def _build_module(self, **options: Any) -> SoftmaxNetwork:
        return SoftmaxNetwork(**options)

    def _criterion(self) -> torch.nn.Module:
        return torch.nn.CrossEntropyLoss()

    def _make_head(
        self, network: SoftmaxNetwork, classes: npt.NDArray[Any], lab_counts: npt.NDArray[np.int64]
    ) -> LogitHead:
        return LogitHead(classes)
