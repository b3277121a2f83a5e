"""The softmax loss over scaled cosines to prototypes."""

import torch
from torch import nn


class ScaledCosineLoss(nn.Module):
    r"""Cross-entropy of a softmax over the scaled cosines between an embedding and all prototypes.

    Every prototype learns from every embedding, which takes far fewer epochs than
    :class:`HardestPrototypeTripletLoss`; as `scale` grows, the hardest prototype dominates here too.

    Parameters
    ----------
    scale : float, default=16.0
        What the cosines, in [-1, 1], are multiplied by before the softmax.

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
            The row of each embedding's prototype.

        Returns
        -------
        loss : Tensor of shape ()
            The loss.
        """
        embeddings, prototypes = output
        return nn.functional.cross_entropy(self.scale * embeddings @ prototypes.T, target)
