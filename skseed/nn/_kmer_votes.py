"""A network that computes the point of a read as the mean of the votes of its k-mers."""

import torch
from torch import nn

# lower ids are padding and k-mers that training did not see
FIRST_KNOWN = 2
_RIDGE = 0.1
_CHUNK = 4096


class KmerVotesNet(nn.Module):
    """Compute the point of a read as the mean of the votes of its k-mers.

    A k-mer has a learned point and a learned direction. Its vote is its point plus the direction times its
    offset from the middle of the read, since a k-mer further left means a read further right. A few missing
    k-mers therefore do not move the mean. This equals a convolution whose filters are the k-mers, followed by
    a linear layer, and is computed by a table lookup.

    Parameters
    ----------
    n_kmers : int
        The number of known k-mers.
    n_components : int
        The dimension of the points.

    Notes
    -----
    The input is an id for each position: 0 for padding, 1 or -1 for an unknown k-mer, and 2 or
    more for a known one, negative if the k-mer occurs as its reverse complement. Both the sign and the offset
    change on the other strand, so a read and its reverse complement get the same point.

    Examples
    --------
    >>> import torch
    >>> from skseed.nn import KmerVotesNet
    >>> net = KmerVotesNet(n_kmers=4, n_components=3)
    >>> read = torch.tensor([[2, 5, 1, -3, 4]])
    >>> bool(torch.allclose(net(read), net(-read.flip(1))))
    True
    """

    def __init__(self, n_kmers: int, n_components: int) -> None:
        super().__init__()
        self.points = nn.Parameter(torch.randn(n_kmers, n_components))
        self.directions = nn.Parameter(torch.zeros(n_kmers, n_components))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the (n, n_components) points of some reads; the origin if no k-mer is known."""
        return self.points_and_spread(ids)[0]

    def points_and_spread(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the points, and the mean squared distance of the votes from them, a scalar."""
        known = (ids.abs() >= FIRST_KNOWN).to(self.points.dtype)[:, :, None]
        rows = (ids.abs().long() - FIRST_KNOWN).clamp_min(0)
        votes = nn.functional.embedding(rows, self.points)
        votes = votes + _offsets(ids)[:, :, None] * nn.functional.embedding(rows, self.directions)
        points = (votes * known).sum(1) / known.sum(1).clamp_min(1)
        squares = (votes - points[:, None]).square() * known
        return points, squares.sum() / known.sum().clamp_min(1)

    @torch.no_grad()
    def start_at(self, ids: torch.Tensor, points: torch.Tensor) -> None:
        """Set the point and the direction of every k-mer by a regression on known points of some reads.

        Parameters
        ----------
        ids : Tensor of shape (n, n_positions)
            The ids of the k-mers of the reads.
        points : Tensor of shape (n, n_components)
            The points of the reads.
        """
        n_kmers, n_components = self.points.shape
        # sums of 1, x, x², y and xy for each k-mer
        sums = self.points.new_zeros(n_kmers, 3 + 2 * n_components)
        for some_ids, some_points in zip(ids.split(_CHUNK), points.split(_CHUNK), strict=True):
            reads, columns = torch.nonzero(some_ids.abs() >= FIRST_KNOWN, as_tuple=True)
            rows = some_ids[reads, columns].abs().long() - FIRST_KNOWN
            x, y = _offsets(some_ids)[reads, columns][:, None], some_points[reads]
            sums.index_add_(0, rows, torch.cat([torch.ones_like(x), x, x * x, y, x * y], dim=1))
        counts = sums[:, :1].clamp_min(1)
        x, squares, y, products = (sums[:, 1:] / counts).split([1, 1, n_components, n_components], dim=1)
        directions = (products - x * y) / (squares - x * x + _RIDGE / counts)
        # a k-mer that occurs at one offset only keeps the direction zero
        self.directions.copy_(directions)
        self.points.copy_(y - x * directions)


def _offsets(ids: torch.Tensor) -> torch.Tensor:
    """Return the signed offset of each k-mer from the middle, from -1 to 1 in a row without padding."""
    columns = torch.arange(ids.shape[1], device=ids.device)
    middle = ((ids != 0).sum(1, keepdim=True) - 1) / 2
    return ids.sign() * (columns - middle) / (max(ids.shape[1] - 1, 1) / 2)
