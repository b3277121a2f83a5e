"""The softmax network of the lab of origin: the plain classifier beside the triplet network."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from skseed.nn import SoftmaxNetwork, linear_head
from skseed.ranking._token_ranker import TokenRanker


class SoftmaxLabRanker(TokenRanker):
    """Rank the labs that may have engineered a plasmid, by a linear softmax layer.

    The network has the same body as that of :class:`TripletLabRanker`, token vectors and convolutions with a
    global maximum, and metadata beside them; on it stands one linear layer with an output for each
    lab, trained by cross-entropy. It is what metric learning is to be compared with. Use
    :class:`TripletLabRanker` where labs are to be compared with each other.

    Parameters
    ----------
    embedding_dim : int, default=200
        The length of the tokens' vectors.
    kernel_sizes : sequence of int, default=(1, 2, 4, 8)
        The widths of the parallel convolutions, in tokens; the time is proportional to their sum.
    n_filters : int, default=256
        The filters of each width.
    dropout : float, default=0.2
        The probability that a token is blanked out in training, in [0, 1).
    augmenter : transformer or None, default=None
        Its ``fit_transform`` is applied to the token rows at the start of every epoch; with
        :class:`~skseed.preprocessing.CircularShiftAugmenter` every epoch sees every plasmid rotated
        afresh. A clone of it is used, seeded by `random_state`.
    n_views : int, default=1
        The number of evenly spaced rotations of a row whose logits are averaged in prediction;
        more than 1 is meant for circular sequences.
    n_metadata : int, default=0
        How many columns of X, the last ones, are binary metadata and not tokens.
    lr : float, default=3e-3
        The highest learning rate of the one-cycle schedule.
    max_epochs : int, default=20
        The number of passes over the training data.
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
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` has the loss of every epoch.
    n_features_in_ : int
        The number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X had any that are strings.

    See Also
    --------
    TripletLabRanker : The same body with metric learning on it.
    skseed.preprocessing.BPETokenizer : Turns sequences into rows of token ids.
    skseed.nn.SoftmaxNetwork : The network by itself.

    Notes
    -----
    X is read as by :class:`TripletLabRanker`: the same token ids, the same treatment of unseen ones.
    `decision_function` gives the logits and `predict_proba` their softmax.

    The paper [1]_ compares its triplet network with a softmax network of this form. The one that its
    authors released differs in kernels, pooling, activation, optimiser and loss; here head and loss
    are all that differs.

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

    def _network(self, n_tokens: int, n_labs: int, body_options: dict[str, Any]) -> SoftmaxNetwork:
        return SoftmaxNetwork(n_tokens, n_labs, embedding_dim=self.embedding_dim, **body_options)

    def _criterion(self) -> torch.nn.Module:
        return torch.nn.CrossEntropyLoss()

    def _score_of_labs(
        self, network: SoftmaxNetwork, columns: torch.Tensor
    ) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda features: linear_head(network.head, features).gather(1, columns[:, None]).squeeze(1)
