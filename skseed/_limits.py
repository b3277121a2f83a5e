"""Reject computations that would exceed the memory or time limit, before they start."""

import os
from pathlib import Path

import joblib

GIBIBYTE = 2**30
_MAX_HOURS = 48
# bytes; smaller arrays are not checked, because querying the system takes longer than filling them
_NEVER_TOO_MUCH = 2**20
_CGROUP_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def available_memory() -> float:
    """Return the memory that this process may use, in bytes; infinity if the system reports no limit.

    This is the minimum of the physical memory, the limit of the control group and the limit of the address
    space (``RLIMIT_AS``).
    """
    return min(_physical_memory(), _cgroup_memory(), _address_space())


def _physical_memory() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return float("inf")


def _cgroup_memory() -> float:
    limits = [float("inf")]
    for path in _CGROUP_FILES:
        try:
            limits.append(float(Path(path).read_text()))
        except (OSError, ValueError):
            # the file does not exist, or it contains "max", which means no limit
            continue
    return min(limits)


def _address_space() -> float:
    try:
        import resource
    except ImportError:
        # Windows has no such limit
        return float("inf")
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return float("inf") if soft == resource.RLIM_INFINITY else float(soft)


def check_memory(
    n_bytes: float, *, what: str, advice: str, share: float = 0.5, at_most: float = float("inf")
) -> None:
    """Raise a MemoryError if an array would exceed a share of the available memory, or `at_most` bytes.

    `what` is the subject of the message, such as "A matrix of 9 × 9 edit distances", `advice` the remedy.
    """
    if n_bytes < _NEVER_TOO_MUCH:
        return
    limit = min(at_most, share * available_memory())
    if n_bytes > limit:
        raise MemoryError(
            f"{what} takes {n_bytes / GIBIBYTE:.1f} GiB, but at most {limit / GIBIBYTE:.1f} GiB are allowed "
            f"here; {advice}."
        )


def check_time(cpu_seconds: float, *, n_jobs: int | None, what: str, advice: str) -> None:
    """Raise a ValueError if work would take more than 48 hours on the available workers.

    `cpu_seconds` is the time on one processor. The workers of a joblib cluster backend are included.
    """
    workers = joblib.effective_n_jobs(n_jobs)
    hours = cpu_seconds / 3600 / workers
    if hours > _MAX_HOURS:
        raise ValueError(
            f"{what} would take about {hours:,.0f} hours on {workers} worker{'s' * (workers > 1)}; {advice}."
        )
