"""A ring drawn at random counts in the queue as a flagged one would."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

PRESUMED = 0.95


def upgrade() -> None:
    """Weigh those that are in the queue anew; the log stays as it was written."""
    cases = sa.table("cases", sa.column("origin"), sa.column("exposure"), sa.column("evidence"), sa.column("value"))
    weighed = cases.update().where(cases.c.origin == "sample")
    op.execute(weighed.values(evidence=PRESUMED, value=cases.c.exposure * PRESUMED))
