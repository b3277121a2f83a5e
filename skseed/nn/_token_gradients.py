"""Attribute the score of a token network to tokens, by integrated gradients and by plain gradients.

A network is a :class:`~skseed.nn.TokenBody` and a function from its features to one score for each row. If
all token vectors of a row are multiplied by the same positive number, so are all window sums, and the best
window of each filter stays the same. On the straight path from zero vectors to those of the row, each filter
therefore uses one window, and the integral along the path needs the convolutions only once.
"""

from collections.abc import Callable
from itertools import pairwise

import torch

from skseed.nn._conv_bank import row_lengths
from skseed.nn._token_body import TokenBody

Score = Callable[[torch.Tensor], torch.Tensor]


def integrated_gradients(
    body: TokenBody,
    score: Score,
    tokens: torch.Tensor,
    metadata: torch.Tensor | None = None,
    *,
    n_steps: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the contribution of each token to the score, and the scores at both ends of the path.

    Parameters
    ----------
    body : TokenBody
        The body of the network, in evaluation mode.
    score : callable
        Takes features of shape (n_rows, n_features), returns scores of shape (n_rows,).
    tokens : Tensor of shape (n_rows, n_columns), dtype int64
        Token ids, 0 after the end of a row.
    metadata : Tensor of shape (n_rows, n_metadata), default=None
        The metadata, constant along the path.
    n_steps : int
        The number of steps of the path.

    Returns
    -------
    importances : Tensor of shape (n_rows, n_columns), dtype float64
        The sum of a row is ``end - start``, up to the error of the steps.
    end : Tensor of shape (n_rows,)
        The scores of the rows.
    start : Tensor of shape (n_rows,)
        The scores of rows without tokens.
    """
    windows, sums, biases = _windows(body, tokens)

    def features_at(place: float) -> torch.Tensor:
        return torch.nn.functional.selu(place * sums + biases)

    # gradient times the change of a feature, which is exact for a linear score with any number of steps; the
    # slope of SELU would jump at 0
    gains = torch.zeros_like(sums)
    # short steps first, since the direction of a unit embedding changes most at the start of the path
    places = [(step / n_steps) ** 3 for step in range(n_steps + 1)]
    for before, after in pairwise(places):
        middle = features_at((before + after) / 2).requires_grad_()
        (gradient,) = torch.autograd.grad(score(_with_metadata(middle, metadata)).sum(), middle)
        gains += gradient * (features_at(after) - features_at(before))
    # the gain of a filter is divided in proportion to the products of its window; a sum of 0 has no gain
    weights = torch.where(sums == 0, 0.0, gains / sums)
    importances = torch.stack(
        [
            _importances_of_row(tokens[row], [(c[row], p[row]) for c, p in windows], weights[row])
            for row in range(len(tokens))
        ]
    )
    with torch.no_grad():
        end, start = (score(_with_metadata(features_at(place), metadata)) for place in (1.0, 0.0))
    return importances, end, start


def vocabulary_saliency(
    body: TokenBody, score: Score, tokens: torch.Tensor, metadata: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the mean absolute gradient of the score by the vector of each token of the vocabulary.

    Parameters
    ----------
    body : TokenBody
        The body of the network, in evaluation mode.
    score : callable
        Takes features of shape (n_rows, n_features), returns scores of shape (n_rows,).
    tokens : Tensor of shape (n_rows, n_columns), dtype int64
        Token ids, 0 after the end of a row.
    metadata : Tensor of shape (n_rows, n_metadata), default=None
        The metadata.

    Returns
    -------
    saliency : Tensor of shape (n_rows, n_tokens), dtype float64
        Non-negative; 0 for tokens that are in no best window.
    """
    windows, sums, biases = _windows(body, tokens)
    pooled = sums.detach().requires_grad_()
    features = _with_metadata(torch.nn.functional.selu(pooled + biases), metadata)
    (weights,) = torch.autograd.grad(score(features).sum(), pooled)
    bank = body.bank
    saliency = []
    for row in range(len(tokens)):
        gradient = torch.zeros(bank.tokens.shape, dtype=sums.dtype, device=tokens.device)
        first = 0
        for (columns, parts), kernel in zip(windows, bank.weights, strict=True):
            inside = columns[row] < tokens.shape[1]
            ids = tokens[row, columns[row].clamp(max=tokens.shape[1] - 1)] * inside
            # (n_filters, width, embedding_dim)
            pulls = kernel.detach().to(sums.dtype).permute(2, 1, 0)
            pulls = pulls * weights[row, first : first + parts.shape[1], None, None]
            gradient.index_add_(0, ids.flatten(), pulls.flatten(0, 1))
            first += parts.shape[1]
        # padding has the zero vector
        gradient[0] = 0
        saliency.append(gradient.abs().mean(dim=1))
    return torch.stack(saliency)


def _importances_of_row(
    tokens: torch.Tensor, windows: list[tuple[torch.Tensor, torch.Tensor]], weights: torch.Tensor
) -> torch.Tensor:
    """Return the importances of the tokens of one row, divided equally among equal windows."""
    length = int(row_lengths(tokens[None]))
    importances = torch.zeros(len(tokens), dtype=weights.dtype, device=tokens.device)
    first = 0
    for columns, parts in windows:
        n_filters, width = parts.shape
        n_windows = max(1, length - width + 1)
        of_window = torch.zeros(n_windows, width, dtype=weights.dtype, device=tokens.device)
        of_window.index_add_(0, columns[:, 0], weights[first : first + n_filters, None] * parts)
        # the maximum chooses any one of equal windows
        places = (torch.arange(n_windows, device=tokens.device)[:, None] + columns[0] - columns[0, 0]).clamp(
            max=len(tokens) - 1
        )
        _, kind, counts = tokens[places].unique(dim=0, return_inverse=True, return_counts=True)
        of_kind = torch.zeros(len(counts), width, dtype=weights.dtype, device=tokens.device)
        of_kind.index_add_(0, kind, of_window)
        importances.index_add_(0, places.flatten(), (of_kind / counts[:, None])[kind].flatten())
        first += n_filters
    return importances


def _windows(
    body: TokenBody, tokens: torch.Tensor
) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], torch.Tensor, torch.Tensor]:
    """Return the window of each filter with its products, their sums and the biases, in float64."""
    with torch.no_grad():
        windows = [(columns, parts.double()) for columns, parts in body.bank.chosen_windows(tokens)]
        sums = torch.cat([parts.sum(dim=2) for _, parts in windows], dim=1)
        return windows, sums, torch.cat([bias.double() for bias in body.bank.biases])


def _with_metadata(features: torch.Tensor, metadata: torch.Tensor | None) -> torch.Tensor:
    return features if metadata is None else torch.cat([features, metadata.to(features.dtype)], dim=1)
