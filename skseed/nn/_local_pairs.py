"""Learning distances that hold near by, and only a bound further away."""

import torch

from skseed.nn._fold_line import local_losses
from skseed.nn._kmer_votes import KmerVotesNet
from skseed.nn._pairs import SiameseNet

_TIGHTNESS = 0.1
_GUIDED = 0.7


class LocalSiameseNet(SiameseNet):
    """A Siamese network that also gives the points, and how much the votes of a read's k-mers disagree."""

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
    """Squared error of near pairs, and a bound for far ones, with a guide at the beginning.

    Of a pair nearer than one unit, the distance is learnt; of a farther one, that it is at least
    one unit. From a random start that alone leaves knots, where far parts of a line lie on one
    another. So points are first drawn to those of a line that was folded beforehand by
    :func:`fold_line`; over the first 70 % of the training the pull fades.

    Parameters
    ----------
    n_steps : int
        How many batches the training has. The loss counts its calls.
    """

    def __init__(self, n_steps: int) -> None:
        super().__init__()
        self.n_steps = n_steps
        self.step = 0

    def forward(
        self, predicted: tuple[torch.Tensor, torch.Tensor, torch.Tensor], target: torch.Tensor
    ) -> torch.Tensor:
        """Return the loss of what a `LocalSiameseNet` predicts.

        Parameters
        ----------
        predicted : tuple of Tensor
            Distances, points and spread.
        target : Tensor of shape (n, 1 + n_components)
            The place of each sequence on the line, in units, and its point on the folded line.

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
        share = max(0.0, 1 - self.step / (_GUIDED * self.n_steps))
        self.step += 1
        off_guide = (points - guide).square().sum(1).mean()
        return near_loss + far_loss + _TIGHTNESS * spread + share * off_guide
