"""Cross-entropy with a weight for each row."""

import torch
from torch import nn


class WeightedCrossEntropyLoss(nn.Module):
    """Weighted mean of the cross-entropies of rows.

    Use it where rows are not independent, such as sequences of one publication: weights below 1 keep a large
    group from dominating the loss.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        The share of each target, in [0, 1), that is divided evenly among all classes.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import WeightedCrossEntropyLoss
    >>> logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    >>> targets, weights = torch.tensor([0, 1]), torch.tensor([1.0, 0.0])
    >>> round(WeightedCrossEntropyLoss()(logits, (targets, weights)).item(), 3)
    0.127
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, logits: torch.Tensor, target: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        logits : Tensor of shape (n_rows, n_classes)
            The logits.
        target : (Tensor of shape (n_rows,), dtype int64, Tensor of shape (n_rows,))
            The class and the weight of each row; the weights are not all 0.

        Returns
        -------
        loss : Tensor of shape ()
            The sum of the weighted cross-entropies divided by the sum of the weights.
        """
        targets, weights = target
        losses = nn.functional.cross_entropy(
            logits, targets, reduction="none", label_smoothing=self.label_smoothing
        )
        return (weights * losses).sum() / weights.sum()
