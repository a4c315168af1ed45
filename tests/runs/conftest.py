"""Results that need no detection."""

import pytest
from made_results import results_with

from ringsight.detection.results import Results


@pytest.fixture
def empty() -> Results:
    """Of a bank without a ring."""
    return results_with({"rings": 0})
