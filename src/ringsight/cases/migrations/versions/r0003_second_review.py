"""The status `seconding` is called `second_review` now, and the table `views` is called `saved_filters`."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

FORMER, TODAY = "seconding", "second_review"


def upgrade() -> None:
    """Rename both, in the queue and in the saved filters; the log stays as it was written."""
    cases = sa.table("cases", sa.column("status"), sa.column("resting"))
    for column in cases.c:
        op.execute(cases.update().where(column == FORMER).values({column.name: TODAY}))
    op.rename_table("views", "saved_filters")
    filters = sa.table("saved_filters", sa.column("user"), sa.column("name"), sa.column("filter"))
    for row in op.get_bind().execute(sa.select(filters)).all():
        kept = json.loads(row.filter)
        kept["statuses"] = [TODAY if status == FORMER else status for status in kept["statuses"]]
        this = sa.and_(filters.c.user == row.user, filters.c.name == row.name)
        op.execute(filters.update().where(this).values(filter=json.dumps(kept, sort_keys=True)))
