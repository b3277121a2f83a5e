"""Scores of the labs from the output of a token network."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import normalize

COSINE_SCALE = 16.0


@dataclass(frozen=True)
class LogitHead:
    """Labs whose scores are the outputs of the network, one output a lab."""

    classes: npt.NDArray[Any]
    # the softmax of the scores times this number gives the probabilities
    proba_scale: ClassVar[float] = 1.0

    def scores(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the score of each lab, shape (n_rows, n_labs)."""
        return outputs

    def scores_of(self, outputs: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return the score of one lab for each row, given by its column."""
        return outputs.gather(1, columns[:, None]).squeeze(1)


@dataclass(frozen=True)
class CosineHead:
    """Labs as unit vectors; a score is the cosine with the output of the network.

    `vectors` and `sums` have the shape (n_labs, n_components). The sum of a lab is that of the embeddings of
    its rows; a training row counts as the vector of its lab.
    """

    classes: npt.NDArray[Any]
    vectors: npt.NDArray[np.float64]
    sums: npt.NDArray[np.float64]
    proba_scale: ClassVar[float] = COSINE_SCALE

    def scores(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the score of each lab, shape (n_rows, n_labs)."""
        return normalize(outputs, dim=1) @ torch.from_numpy(self.vectors.T).to(outputs.device)

    def scores_of(self, outputs: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return the score of one lab for each row, given by its column."""
        vectors = torch.from_numpy(self.vectors).to(outputs.device)[columns]
        return (normalize(outputs, dim=1) * vectors).sum(dim=1)

    def enroll(self, embeddings: npt.NDArray[np.float64], y: npt.NDArray[Any]) -> "CosineHead":
        """Return the head with further rows, given by unit embeddings; labs that are not in y keep theirs."""
        classes = np.union1d(self.classes, y)
        known, new = np.searchsorted(classes, self.classes), np.searchsorted(classes, y)
        sums = np.zeros((len(classes), self.sums.shape[1]))
        sums[known] = self.sums
        np.add.at(sums, new, embeddings)
        vectors = unit_rows(sums)
        unchanged = ~np.isin(known, new)
        vectors[known[unchanged]] = self.vectors[unchanged]
        return CosineHead(classes, vectors, sums)


def unit_rows(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the rows divided by their lengths; a row of zeros stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float64).tiny)
