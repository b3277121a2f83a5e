"""The triplet network of the lab of origin as a scikit-learn estimator."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted
from torch.nn.functional import normalize

from skseed._sklearn import Interval, StrOptions
from skseed._training import forward_in_batches
from skseed.nn import HardestPrototypeTripletLoss, PrototypeNetwork, ScaledCosineLoss, linear_head
from skseed.ranking._base import grow_sums, merge_labs
from skseed.ranking._token_ranker import TokenRanker

_COSINE_SCALE = 16.0
_PREDICTION_ROWS = 256


class TripletLabRanker(ClassNamePrefixFeaturesOutMixin, TransformerMixin, TokenRanker):
    """Rank the labs that may have engineered a plasmid, by metric learning.

    A network embeds rows of token ids, and metadata, on the unit sphere, where every lab has a vector of
    its own; a plasmid's labs are ranked by the cosine between its embedding and theirs. Because
    a lab is no more than a vector, labs can be compared, mapped and clustered, and new ones can be added
    without training (`enroll`). Use it where there are
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
    SoftmaxLabRanker : The same body with a plain classifier on it.
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
    array([['Curie', 'Franklin'],
           ['Franklin', 'McClintock']], dtype='<U10')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TokenRanker._parameter_constraints,
        "loss": [StrOptions({"triplet", "cosine"})],
        "margin": [Interval(Real, 0, None, closed="neither")],
    }
    _proba_scale = _COSINE_SCALE
    lab_embeddings_: npt.NDArray[np.float64]
    _lab_sums: npt.NDArray[np.float64]

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
            callbacks=callbacks,
            device=device,
            verbose=verbose,
            random_state=random_state,
        )
        self.loss = loss
        self.margin = margin

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
        return _unit_rows(self._outputs(X))

    def enroll(self, X: Any, y: Any) -> Self:
        """Learn further plasmids, of known labs or of new ones, without training.

        The network stays as it is. The vector of a new lab is the mean direction of its plasmids. That of
        a known lab moves towards them: a lab with n training plasmids counts as n plasmids where its vector
        points. So plasmids enrolled one after the other give the same as all at once. Labs that are not in
        `y` keep their vectors.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, n_features_in_)
            Rows as in `fit`; they are embedded as in `transform`.
        y : array-like of shape (n_samples,)
            The lab of each row; one row a lab is enough, more are better.

        Returns
        -------
        self : TripletLabRanker
            The ranker, `classes_` and `lab_embeddings_` with the new labs in their places.

        Raises
        ------
        ValueError
            If X is not as in `fit`, or `y` holds names where `classes_` holds numbers or the reverse.
        """
        check_is_fitted(self)
        classes, targets, places = merge_labs(self.classes_, y)
        check_consistent_length(X, targets)
        embeddings = _unit_rows(self._outputs(X))
        sums = grow_sums(self._lab_sums, places, embeddings, targets, len(classes))
        vectors = _unit_rows(sums)
        unchanged = ~np.isin(places, targets)
        vectors[places[unchanged]] = self.lab_embeddings_[unchanged]
        self.classes_, self.lab_embeddings_, self._lab_sums = classes, vectors, sums
        return self

    @property
    def _n_features_out(self) -> int:
        return self.lab_embeddings_.shape[1]

    def _network(self, n_tokens: int, n_labs: int, body_options: dict[str, Any]) -> PrototypeNetwork:
        return PrototypeNetwork(n_tokens, n_labs, embedding_dim=self.embedding_dim, **body_options)

    def _criterion(self) -> torch.nn.Module:
        if self.loss == "triplet":
            return HardestPrototypeTripletLoss(self.margin)
        return ScaledCosineLoss(_COSINE_SCALE)

    def _after_training(self, network: PrototypeNetwork, counts: npt.NDArray[np.int64]) -> None:
        self.lab_embeddings_ = _unit_rows(network.prototypes.detach().cpu().numpy().astype(np.float64))
        self._lab_sums = counts[:, None] * self.lab_embeddings_

    def _forward(self, network: PrototypeNetwork) -> Callable[..., torch.Tensor]:
        return network.embed

    def _scores_of(self, outputs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        labs = torch.from_numpy(self.lab_embeddings_.T)
        # in torch, whose threads are held, since numpy's product may round by the number of threads
        return forward_in_batches(
            lambda embeddings: embeddings @ labs,
            _unit_rows(outputs),
            batch_size=_PREDICTION_ROWS,
            device="cpu",
        )

    def _score_of_labs(
        self, network: PrototypeNetwork, columns: torch.Tensor
    ) -> Callable[[torch.Tensor], torch.Tensor]:
        labs = torch.from_numpy(self.lab_embeddings_).to(columns.device)[columns]
        return lambda features: (normalize(linear_head(network.head, features), dim=1) * labs).sum(dim=1)


def _unit_rows(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(norms, np.finfo(np.float64).tiny)
