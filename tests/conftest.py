"""Fixtures that every test may use."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of the real data that the package does not ship, or skip the test."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder shared/data beside the checkout is absent")
    return SHARED_DATA
