"""The common form of every data set: a Bunch, or the pair ``(data, target)``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch


def make_bunch(
    data: Sequence[str],
    *,
    ids: Sequence[str],
    labels: npt.NDArray[Any] | None = None,
    target: npt.NDArray[np.integer] | None = None,
    target_names: Sequence[str] = (),
    columns: Mapping[str, Any],
    return_X_y: bool,
    as_frame: bool,
    **more: Any,
) -> Bunch | tuple[Any, Any]:
    """Return a data set as a Bunch, or as ``(data, target)``.

    Parameters
    ----------
    data : sequence of str of length n_sequences
        The sequences.
    ids : sequence of str of length n_sequences
        The names of the sequences, which are the index if `as_frame` is True.
    labels : ndarray of str of shape (n_sequences,) or None, default=None
        The name of the label of each sequence, in place of `target` and `target_names`.
    target : ndarray of int of shape (n_sequences,) or None, default=None
        The labels as indices into `target_names`.
    target_names : sequence of str of length n_labels, default=()
        The names of the labels.
    columns : mapping of str to array-like of shape (n_sequences,)
        Other values of each sequence.
    return_X_y : bool
        Whether to return only data and target.
    as_frame : bool
        Whether to return Series indexed by `ids` in place of lists and arrays.
    **more : dict
        Other entries of the Bunch, which do not have one value for each sequence.

    Returns
    -------
    bunch : Bunch or tuple
        The data set.
    """
    if labels is not None:
        distinct, target = np.unique(labels.astype(object), return_inverse=True)
        target_names = distinct.tolist()
    if target is not None:
        target = target.astype(np.int64)
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    frame = None
    if as_frame:
        index = pd.Index(ids, name="id")
        with_target = {} if target is None else {"target": target}
        frame = pd.DataFrame({"sequence": list(data), **arrays, **with_target}, index=index)
    if return_X_y:
        if frame is None:
            return list(data), target
        return frame["sequence"], frame.get("target")
    return Bunch(
        data=list(data) if frame is None else frame["sequence"],
        target=target if frame is None else frame.get("target"),
        target_names=list(target_names),
        ids=list(ids),
        frame=frame,
        **{name: array if frame is None else frame[name] for name, array in arrays.items()},
        **more,
    )
