"""Run loops over blocks with joblib: in this thread, in threads, in processes or on a cluster."""

import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import joblib
from joblib.parallel import get_active_backend

# shorter work gains nothing, because processes must start and import the package
_SECONDS_WORTH_PROCESSES = 10


def worth_processes(cpu_seconds: float, n_jobs: int | None) -> int | None:
    """Return `n_jobs`, or 1 if the work takes less time than starting processes for it."""
    return n_jobs if cpu_seconds > _SECONDS_WORTH_PROCESSES else 1


def run_blocks(
    tasks: Iterable[Any],
    *,
    n_jobs: int | None,
    prefer: Literal["threads", "processes"],
    ordered: bool = False,
    shared_memory: bool = False,
) -> Iterator[Any]:
    """Run joblib tasks and yield their results as soon as the backend returns them.

    Tasks are created one by one while other tasks run, so a task may depend on earlier results. `prefer`
    selects the backend unless a ``joblib.parallel_config`` context sets another. If `ordered` is True, the
    results have the order of the tasks. If `shared_memory` is True, tasks run in threads in any context.
    """
    if n_jobs == 1:
        # joblib takes two milliseconds to start
        yield from (function(*args, **kwargs) for function, args, kwargs in tasks)
        return
    # the Ray backend returns all results at the end
    require = "sharedmem" if shared_memory else None
    backend = get_active_backend(prefer=prefer, require=require)[0]
    if backend.supports_return_generator:
        return_as = "generator" if ordered else "generator_unordered"
    else:
        return_as = "list"
    results = joblib.Parallel(n_jobs=n_jobs, prefer=prefer, require=require, return_as=return_as)(tasks)
    try:
        # not "yield from", which would close the results outside of the "finally" block
        for result in results:  # noqa: UP028
            yield result
    finally:
        if return_as != "list":
            with warnings.catch_warnings():
                # after an error or an interrupt, the tasks that are left and their results are not needed
                warnings.filterwarnings("ignore", message=r"\d+ tasks (which were still|have been success)")
                results.close()
