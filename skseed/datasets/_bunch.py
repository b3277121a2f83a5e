"""The one form in which every data set is handed over."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch


def make_bunch(
    data: Sequence[str],
    *,
    ids: Sequence[Any],
    target: npt.NDArray[Any] | None,
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
    ids : sequence of length n_sequences
        Their names, the index when `as_frame` is True.
    target : ndarray of shape (n_sequences,) or None
        The labels, if there are any.
    columns : mapping of str to array-like of shape (n_sequences,)
        What else is known about each sequence.
    return_X_y : bool
        Whether only data and target are wanted.
    as_frame : bool
        Whether Series indexed by `ids` are wanted in place of lists and arrays.
    **more : dict
        Entries of the Bunch that are not one value for each sequence.

    Returns
    -------
    bunch : Bunch or tuple
        The data set.
    """
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    labels = {} if target is None else {"target": target}
    frame = None
    if as_frame:
        index = pd.Index(ids, name="id")
        frame = pd.DataFrame({"sequence": list(data), **arrays, **labels}, index=index)
    if return_X_y:
        if frame is None:
            return list(data), target
        return frame["sequence"], frame.get("target")
    return Bunch(
        data=list(data) if frame is None else frame["sequence"],
        target=target if frame is None else frame.get("target"),
        ids=list(ids),
        frame=frame,
        **{name: array if frame is None else frame[name] for name, array in arrays.items()},
        **more,
    )
