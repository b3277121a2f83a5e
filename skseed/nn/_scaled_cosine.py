"""The softmax loss over scaled cosines to prototypes."""

import torch
from torch import nn


class ScaledCosineLoss(nn.Module):
    r"""Cross-entropy of a softmax over the scaled cosines between an embedding and all prototypes.

    Every embedding has a gradient for every prototype, so training takes far fewer epochs than with
    :class:`HardestPrototypeTripletLoss`. The larger `scale`, the more the hardest prototype dominates.

    Parameters
    ----------
    scale : float, default=16.0
        The factor of the cosines, which are in [-1, 1], before the softmax.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import ScaledCosineLoss
    >>> prototypes = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> embeddings = torch.tensor([[0.6, 0.8]])
    >>> round(ScaledCosineLoss(scale=5.0)((embeddings, prototypes), torch.tensor([1])).item(), 3)
    0.313
    """

    def __init__(self, scale: float = 16.0) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, output: tuple[torch.Tensor, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of a batch.

        Parameters
        ----------
        output : (Tensor of shape (n_rows, n_dims), Tensor of shape (n_prototypes, n_dims))
            Unit embeddings and unit prototypes.
        target : Tensor of shape (n_rows,), dtype int64
            The row of the prototype of each embedding.

        Returns
        -------
        loss : Tensor of shape ()
            The loss.
        """
        embeddings, prototypes = output
        return nn.functional.cross_entropy(self.scale * embeddings @ prototypes.T, target)
