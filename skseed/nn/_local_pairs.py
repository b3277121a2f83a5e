"""Learning distances that hold near by, and only a bound further away."""

import torch

from skseed.nn._kmer_votes import KmerVotesNet
from skseed.nn._pairs import SiameseNet

_TIGHTNESS = 0.03
_UNFOLDING = 0.7
_FOLDED_POWER = 0.6


class LocalSiameseNet(SiameseNet):
    """A Siamese network that also tells how much the votes of a read's k-mers disagree."""

    def forward(self, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[override]
        """Return the (n, n) distances between the points, and the spread of the votes, a scalar."""
        if isinstance(self.encoder, KmerVotesNet):
            points, spread = self.encoder.points_and_spread(codes)
        else:
            points = self.encoder(codes)
            spread = points.new_zeros(())
        return self.distance(points, points), spread


class LocalPairsLoss(torch.nn.Module):
    r"""Squared error of near pairs, and a bound for far ones, with a curriculum that unfolds the curve.

    Of a pair nearer than the unit of the targets, the distance is learnt; of a farther one,
    that it is at least one unit. The two kinds weigh the same, however few near pairs there are. From
    a random start that alone leaves knots, where far parts of the line lie on one another. So far
    pairs begin with a target of their own, the distance to the power 0.6, which orders the whole line
    along one smooth, folded curve; over the first 70 % of the training it fades into the bound.

    Parameters
    ----------
    n_steps : int
        How many batches the training has. The loss counts its calls.
    """

    def __init__(self, n_steps: int) -> None:
        super().__init__()
        self.n_steps = n_steps
        self.step = 0

    def forward(self, predicted: tuple[torch.Tensor, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar."""
        distances, spread = predicted
        rows, columns = torch.triu_indices(len(target), len(target), offset=1, device=target.device)
        learned, true = distances[rows, columns], target[rows, columns].to(distances.dtype)
        near = true < 1
        far, far_true = learned[~near], true[~near]
        bound = (1 - far).clamp_min(0).square()
        folded = (far / far_true**_FOLDED_POWER - 1).square()
        share = max(0.0, 1 - self.step / (_UNFOLDING * self.n_steps))
        self.step += 1
        return (
            _mean((learned - true)[near].square())
            + _mean(share * folded + (1 - share) * bound)
            + _TIGHTNESS * spread
        )


def _mean(values: torch.Tensor) -> torch.Tensor:
    # a batch may hold no far or no near pair at all
    return values.sum() / max(len(values), 1)
