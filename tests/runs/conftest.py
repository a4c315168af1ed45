"""Results that need no detection."""

import polars as pl
import pytest
from finished_runs import SCHEMAS

from ringsight.detection.results import Results


@pytest.fixture
def empty() -> Results:
    """Of a bank without a ring."""
    return Results(**{name: pl.DataFrame(schema=schema) for name, schema in SCHEMAS.items()}, summary={"rings": 0})
