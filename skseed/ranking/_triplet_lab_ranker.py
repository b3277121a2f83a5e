"""Rank labs by a network that is trained by metric learning."""

from collections.abc import Callable, Sequence
from numbers import Real
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skseed._constraints import AT_LEAST_ONE
from skseed._sklearn import Interval, StrOptions
from skseed.nn import HardestPrototypeTripletLoss, PrototypeNetwork, ScaledCosineLoss
from skseed.ranking._base import check_further_labs
from skseed.ranking._lab_heads import COSINE_SCALE, CosineHead, unit_rows
from skseed.ranking._token_ranker import TokenRanker


class TripletLabRanker(ClassNamePrefixFeaturesOutMixin, TransformerMixin, TokenRanker):
    """Rank the labs that may have engineered a plasmid by metric learning.

    A network embeds rows of token ids, and metadata, on the unit sphere. Every lab is a vector on the same
    sphere. The score of a lab is the cosine between the embedding of a plasmid and the vector of the lab.
    Labs can therefore be compared, mapped and clustered, and new labs can be added without training
    (`enroll`). Use it for many labs with few plasmids each, when a short list is the answer. If the plasmids
    to be ranked are near copies of training plasmids, :class:`KmerLabRanker` finds their labs at less cost.

    Parameters
    ----------
    n_components : int, default=200
        The dimension of the embeddings and of the vectors of the labs.
    embedding_dim : int, default=200
        The dimension of the vectors of the tokens.
    kernel_sizes : sequence of int, default=(1, 2, 4, 8)
        The widths of the parallel convolutions, in tokens. The time is proportional to their sum.
    n_filters : int, default=256
        The number of filters of each width.
    loss : {"triplet", "cosine"}, default="triplet"
        ``"triplet"`` compares the distance to the true lab with the distance to the nearest wrong lab, as in
        the paper [1]_. ``"cosine"`` is the cross-entropy of a softmax over 16 times the cosines to all labs.
    margin : float, default=1.0
        The margin of the triplet loss, on a sphere of diameter 2.
    dropout : float, default=0.2
        The probability that a token is dropped in training, in [0, 1).
    augmenter : transformer or None, default=None
        Its ``fit_transform`` is applied to the token rows at the start of every epoch. With
        :class:`~skseed.preprocessing.CircularShiftAugmenter`, every epoch has new rotations of all plasmids.
        A clone of it is used, seeded by `random_state`.
    n_views : int, default=1
        The number of evenly spaced rotations of a row whose embeddings are averaged in prediction. Values
        above 1 are meant for circular sequences.
    n_metadata : int, default=0
        The number of columns of X, the last ones, that are binary metadata instead of tokens.
    lr : float, default=3e-3
        Highest learning rate of the one-cycle schedule.
    max_epochs : int, default=20
        Largest number of passes over the training data. A ranking needs at least some hundred steps (passes
        times batches); with few plasmids raise this, or lower `batch_size`.
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
    lab_embeddings_ : ndarray of shape (n_labs, n_components)
        The unit vector of each lab, in the order of `classes_`.
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
    SoftmaxLabRanker : The same network up to the features, with a linear classifier.
    rank_labs, enroll_labs : The methods `rank` and `enroll` for a pipeline with a tokenizer.
    skseed.preprocessing.BPETokenizer : Splits sequences into rows of token ids.
    skseed.preprocessing.CircularShiftAugmenter : Rotates plasmids in training.
    skseed.metrics.top_k_scorer : Scores the ranking in cross-validation.
    skseed.nn.PrototypeNetwork : The network.

    Notes
    -----
    X holds token ids of :class:`~skseed.preprocessing.BPETokenizer`: 0 is padding and 1 the
    unknown token. Floats are accepted if they are whole numbers. A token that was not seen in `fit` is read
    as unknown. If more than one token in ten is unseen, a warning says so, since X then comes from another
    tokenizer. A row of padding has the embedding of an empty sequence.

    The scores of `decision_function` are cosines, in [-1, 1]. `predict_proba` is a softmax over 16 times the
    cosines; it is not calibrated.

    `enroll` may run while other threads predict: `predict` and `rank` use either the old labs or the new
    ones. `decision_function` may return columns for the new labs before the caller reads `classes_`.

    The defaults train some hundred plasmids in seconds. The paper [1]_ has ``kernel_sizes=range(1, 13)``,
    ``batch_size=64``, ``max_epochs=200`` and ``lr=1e-3``, with the same loss, margin, filters, dropout and
    weight decay. It steps the one-cycle schedule once an epoch, while this class steps it once a batch; and
    it includes padding in the maximum, while this class masks padding.

    A step costs O(n_tokens · embedding_dim · n_filters · Σ kernel_sizes) for the tables of token products,
    and n_filters · Σ kernel_sizes additions for each token of the batch.

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
    >>> ranker = TripletLabRanker(
    ...     16, embedding_dim=16, kernel_sizes=(1, 2), n_filters=32, lr=0.01, random_state=0
    ... )
    >>> ranker.fit(tokens, labs).rank([[4, 2, 3, 4], [3, 6, 7, 8]], k=1)
    array([['Curie'],
           ['Franklin']], dtype='<U10')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TokenRanker._parameter_constraints,
        "n_components": AT_LEAST_ONE,
        "loss": [StrOptions({"triplet", "cosine"})],
        "margin": [Interval(Real, 0, None, closed="neither")],
    }
    _network_params = (*TokenRanker._network_params, "n_components")
    _head: CosineHead

    def __init__(
        self,
        n_components: int = 200,
        *,
        embedding_dim: int = 200,
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
        self.n_components = n_components
        self.loss = loss
        self.margin = margin

    @property
    def lab_embeddings_(self) -> npt.NDArray[np.float64]:
        """The unit vector of each lab, in the order of `classes_`."""
        if not hasattr(self, "_head"):
            raise AttributeError(f"{type(self).__name__} has no lab_embeddings_ before fit.")
        return self._head.vectors

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the unit embeddings of plasmids.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_features_in_)
            Rows as in `fit`.

        Returns
        -------
        embeddings : ndarray of shape (n_samples, n_components)
            Rows of length 1: the mean over `n_views` rotations, scaled to length 1.
        """
        check_is_fitted(self)
        return unit_rows(self._outputs(X))

    def enroll(self, X: Any, y: Any) -> Self:
        """Add plasmids of known or new labs without training.

        The network stays as it is. The vector of a new lab is the mean direction of its plasmids. The vector
        of a known lab with n training plasmids moves as if these n plasmids had the embedding of the vector.
        The result does not depend on the order of the plasmids or on the number of calls. Labs that are not
        in `y` keep their vectors.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_features_in_)
            Rows as in `fit`; they are embedded as in `transform`.
        y : array-like of shape (n_samples,)
            The lab of each row; one row per lab is enough, more are better.

        Returns
        -------
        self : TripletLabRanker
            The ranker; `classes_` and `lab_embeddings_` contain the new labs and stay sorted by lab.

        Raises
        ------
        ValueError
            If X is not as in `fit`, or `y` holds strings and `classes_` numbers or the reverse. The ranker
            then stays as it was.
        """
        check_is_fitted(self)
        y = check_further_labs(y, self.classes_)
        check_consistent_length(X, y)
        head = self._head.enroll(unit_rows(self._outputs(X)), y)
        self.__dict__.update(_head=head, classes_=head.classes)
        return self

    @property
    def _n_features_out(self) -> int:
        return self._head.vectors.shape[1]

    def _build_module(self, **options: Any) -> PrototypeNetwork:
        return PrototypeNetwork(n_prototypes=options.pop("n_classes"), **options)

    def _criterion(self) -> torch.nn.Module:
        if self.loss == "triplet":
            return HardestPrototypeTripletLoss(self.margin)
        return ScaledCosineLoss(COSINE_SCALE)

    def _make_head(
        self, network: PrototypeNetwork, classes: npt.NDArray[Any], lab_counts: npt.NDArray[np.int64]
    ) -> CosineHead:
        vectors = unit_rows(network.prototypes.detach().cpu().numpy().astype(np.float64))
        return CosineHead(classes, vectors, lab_counts[:, None] * vectors)
