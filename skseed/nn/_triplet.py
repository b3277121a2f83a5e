"""The triplet loss against the hardest wrong prototype."""

import torch
from torch import nn


class HardestPrototypeTripletLoss(nn.Module):
    r"""Triplet loss of embeddings, the prototypes of their classes and the nearest wrong prototypes.

    For an embedding a, its class's prototype p and the prototype n of another class that has the largest
    cosine with a, the loss is :math:`\max(0, \|a - p\| - \|a - n\| + m)`, averaged over the
    batch. Only p and n have a gradient from a, so training takes many epochs. :class:`ScaledCosineLoss` has
    gradients for all prototypes and needs fewer.

    Parameters
    ----------
    margin : float, default=1.0
        The margin m between the distances to the right prototype and to a wrong one, on a sphere of diameter
        2.

    Notes
    -----
    Algorithm 1 of the paper gathers the wrong prototypes of every row in a tensor of shape
    (n_rows, n_prototypes - 1, embedding_dim). One matrix product, with the right prototypes masked, finds the
    same ones.

    References
    ----------
    .. [1] Soares, I. M., Camargo, F. H. F., Marques, A., Crook, O. M. "Improving lab-of-origin prediction of
       genetically engineered plasmids via deep metric learning", Nature Computational Science 2, 253-264
       (2022). doi:10.1038/s43588-022-00234-z

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import HardestPrototypeTripletLoss
    >>> prototypes = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    >>> embeddings = torch.tensor([[1.0, 0.0]])
    >>> round(HardestPrototypeTripletLoss(margin=2.0)((embeddings, prototypes), torch.tensor([0])).item(), 3)
    0.586
    """

    def __init__(self, margin: float = 1.0) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, output: tuple[torch.Tensor, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of a batch.

        Parameters
        ----------
        output : (Tensor of shape (n_rows, n_dims), Tensor of shape (n_prototypes, n_dims))
            Unit embeddings and at least two unit prototypes.
        target : Tensor of shape (n_rows,), dtype int64
            The row of the prototype of each embedding.

        Returns
        -------
        loss : Tensor of shape ()
            The loss.
        """
        embeddings, prototypes = output
        with torch.no_grad():
            cosines = embeddings @ prototypes.T
            hardest = cosines.scatter(1, target[:, None], -torch.inf).argmax(dim=1)
        return nn.functional.triplet_margin_loss(
            embeddings, prototypes[target], prototypes[hardest], margin=self.margin
        )
