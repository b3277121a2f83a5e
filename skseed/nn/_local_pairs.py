"""A Siamese network and a loss for distances that are exact for near pairs and a lower bound for others."""

import torch

from skseed.nn._fold_line import local_losses
from skseed.nn._kmer_votes import KmerVotesNet
from skseed.nn._pairs import SiameseNet

_SPREAD_WEIGHT = 0.1
_GUIDED = 0.7


class LocalSiameseNet(SiameseNet):
    """A Siamese network that also returns the points, and the spread of the votes of a read's k-mers."""

    def forward(  # type: ignore[override]
        self, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the (n, n) distances, the points, and the spread of the votes, a scalar."""
        if isinstance(self.encoder, KmerVotesNet):
            points, spread = self.encoder.points_and_spread(codes)
        else:
            points = self.encoder(codes)
            spread = points.new_zeros(())
        return self.distance(points, points), points, spread


class LocalPairsLoss(torch.nn.Module):
    """Squared error of near pairs and a lower bound for far pairs, guided by a folded line at first.

    A pair is near if its true distance is below one unit. The predicted distance of a near pair is compared
    with the true one; that of a far pair only has to be at least one unit. From a random start, this loss
    alone leaves knots, where distant stretches of the line overlap. Points are therefore drawn towards a
    line that :func:`fold_line` folded beforehand. The weight of this guide falls linearly to 0 over the
    first 70 % of the training.

    Parameters
    ----------
    n_steps : int
        The number of batches of the whole training.

    Attributes
    ----------
    step : Tensor of shape (), dtype int64
        The number of losses computed so far. It is part of the ``state_dict``, so training can resume.
    """

    step: torch.Tensor

    def __init__(self, n_steps: int) -> None:
        super().__init__()
        self.n_steps = n_steps
        self.register_buffer("step", torch.tensor(0))

    def forward(
        self, predicted: tuple[torch.Tensor, torch.Tensor, torch.Tensor], target: torch.Tensor
    ) -> torch.Tensor:
        """Return the loss of the output of a `LocalSiameseNet`.

        Parameters
        ----------
        predicted : tuple of Tensor
            Distances, points and spread.
        target : Tensor of shape (n, 1 + n_components)
            The position of each sequence on the line, in units, and its point on the folded line.

        Returns
        -------
        loss : Tensor
            A scalar.
        """
        distances, points, spread = predicted
        places, guide = target[:, 0], target[:, 1:]
        rows, columns = torch.triu_indices(len(target), len(target), offset=1, device=target.device)
        true = (places[rows] - places[columns]).abs().to(distances.dtype)
        near_loss, far_loss = local_losses(distances[rows, columns], true)
        loss = near_loss + far_loss + _SPREAD_WEIGHT * spread
        if not self.training:
            return loss
        guide_weight = max(0.0, 1 - int(self.step) / (_GUIDED * self.n_steps))
        self.step += 1
        guide_loss = (points - guide).square().sum(1).mean()
        return loss + guide_weight * guide_loss
