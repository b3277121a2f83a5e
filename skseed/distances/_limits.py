"""What a machine can hold and a person can await."""

import os

import joblib

GIBIBYTE = 2**30
_MAX_HOURS = 48


def physical_memory() -> float:
    """Return the memory of the machine in bytes, or infinity where the system does not tell.

    Returns
    -------
    n_bytes : float
        Bytes.
    """
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return float("inf")


def refuse_endless(cpu_seconds: float, *, n_jobs: int | None, what: str, advice: str) -> None:
    """Raise where work would take more than two days.

    Parameters
    ----------
    cpu_seconds : float
        What the work would take on one processor.
    n_jobs : int or None
        On how many it would run; a cluster counts with all its workers.
    what : str
        The work.
    advice : str
        What to do instead.

    Raises
    ------
    ValueError
        The estimate, and the advice.
    """
    workers = joblib.effective_n_jobs(n_jobs)
    hours = cpu_seconds / 3600 / workers
    if hours > _MAX_HOURS:
        raise ValueError(
            f"{what} would take about {hours:,.0f} hours on {workers} worker{'s' * (workers > 1)}; {advice}."
        )
