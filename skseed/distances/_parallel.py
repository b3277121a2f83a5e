"""One way for all loops over blocks to run: here, on threads, on processes or on a cluster."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import joblib
from joblib.parallel import get_active_backend


def run_blocks(
    tasks: Iterable[Any],
    *,
    n_jobs: int | None,
    prefer: Literal["threads", "processes"],
    ordered: bool = False,
) -> Iterator[Any]:
    """Run tasks and yield what they return, as soon as the backend can tell.

    Parameters
    ----------
    tasks : iterable of joblib tasks
        Made one by one while others run, so that they may depend on what has been found.
    n_jobs : int or None
        Tasks at work at once.
    prefer : {"threads", "processes"}
        What to use unless a ``joblib.parallel_config`` context says otherwise.
    ordered : bool, default=False
        Yield the results in the order of the tasks.

    Yields
    ------
    result : object
        What a task returned.
    """
    # Ray's backend hands all results over at the end
    backend = get_active_backend(prefer=prefer)[0]
    if backend.supports_return_generator:
        return_as = "generator" if ordered else "generator_unordered"
    else:
        return_as = "list"
    yield from joblib.Parallel(n_jobs=n_jobs, prefer=prefer, return_as=return_as)(tasks)
