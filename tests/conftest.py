"""Settings and fixtures of all tests."""

import os
from pathlib import Path

import pytest

# Tiny networks and matrices gain nothing from threads. In the two processes of the test command, threads of
# OpenMP that wait for each other made some tests ten times slower. Set before numpy and torch are imported.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of the data that are not part of the package, or skip the test."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder shared/data beside the checkout is absent")
    return SHARED_DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Reject test ids that differ between processes, with which pytest-xdist cannot distribute tests."""
    unstable = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if unstable:
        raise pytest.UsageError(f"the id of {unstable[0]} holds an address; pass ids= to parametrize")
