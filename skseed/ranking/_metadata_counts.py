"""Binary metadata by lab: counts that grow as labs come, and their naive Bayes likelihood."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_PRIOR_SEQUENCES = 5.0
_LEAST = 1e-4


@dataclass(frozen=True)
class MetadataCounts:
    """How many sequences each lab has, and how many of them have each property.

    `sequences` has shape (n_labs,), `ones` (n_labs, n_metadata).
    """

    sequences: npt.NDArray[np.int64]
    ones: npt.NDArray[np.int64]


def count_metadata(
    metadata: npt.NDArray[np.float64], targets: npt.NDArray[np.integer], n_labs: int
) -> MetadataCounts:
    """Count the properties of sequences by the lab that each belongs to."""
    ones = np.zeros((n_labs, metadata.shape[1]), dtype=np.int64)
    np.add.at(ones, targets, metadata.astype(np.int64))
    return MetadataCounts(np.bincount(targets, minlength=n_labs), ones)


def add_metadata(one: MetadataCounts, other: MetadataCounts) -> MetadataCounts:
    """Return the sum of two counts over the same labs."""
    return MetadataCounts(one.sequences + other.sequences, one.ones + other.ones)


def spread_metadata(counts: MetadataCounts, places: npt.NDArray[np.integer], n_labs: int) -> MetadataCounts:
    """Return the counts with lab i moved to row ``places[i]`` of `n_labs`."""
    sequences = np.zeros(n_labs, dtype=np.int64)
    ones = np.zeros((n_labs, counts.ones.shape[1]), dtype=np.int64)
    sequences[places], ones[places] = counts.sequences, counts.ones
    return MetadataCounts(sequences, ones)


def metadata_log_likelihood(
    metadata: npt.NDArray[np.float64], counts: MetadataCounts
) -> npt.NDArray[np.float64]:
    """Return the log-probability of each row under each lab, of shape (n_samples, n_labs).

    The properties count as independent. A lab's rates are drawn towards those of all labs as by five
    sequences more, and are never nearer than 1e-4 to 0 or 1.
    """
    overall = counts.ones.sum(axis=0) / counts.sequences.sum()
    rates = (counts.ones + _PRIOR_SEQUENCES * overall) / (counts.sequences[:, None] + _PRIOR_SEQUENCES)
    rates = np.clip(rates, _LEAST, 1 - _LEAST)
    # numpy's own loops, since the product of a matrix may round by the number of threads and rows
    odds = np.log(rates) - np.log1p(-rates)
    result = np.tile(np.log1p(-rates).sum(axis=1), (len(metadata), 1))
    for column in range(metadata.shape[1]):
        result += metadata[:, [column]] * odds[:, column]
    return result
