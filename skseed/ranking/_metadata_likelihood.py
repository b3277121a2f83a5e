"""Naive Bayes likelihood of binary metadata."""

import numpy as np
import numpy.typing as npt

_PRIOR_SEQUENCES = 5.0
_MIN_RATE = 1e-4


def metadata_log_likelihood(
    metadata: npt.NDArray[np.float64],
    lab_counts: npt.NDArray[np.int64],
    lab_metadata: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the log-probability of each row of metadata under each lab, shape (n_samples, n_labs).

    `lab_counts`, shape (n_labs,), is the number of sequences of each lab, and `lab_metadata`, shape
    (n_labs, n_metadata), the number of those with each property. The properties count as independent. A
    lab's rates are shrunk toward those of all labs by a prior of five sequences, and clipped to
    [1e-4, 1 - 1e-4].
    """
    overall = lab_metadata.sum(axis=0) / lab_counts.sum()
    rates = (lab_metadata + _PRIOR_SEQUENCES * overall) / (lab_counts[:, None] + _PRIOR_SEQUENCES)
    rates = np.clip(rates, _MIN_RATE, 1 - _MIN_RATE)
    # no matrix product: its rounding may depend on the numbers of threads and rows
    odds = np.log(rates) - np.log1p(-rates)
    result = np.tile(np.log1p(-rates).sum(axis=1), (len(metadata), 1))
    for column in range(metadata.shape[1]):
        result += metadata[:, [column]] * odds[:, column]
    return result
