"""Run migrations of the log over the connection that `cases.database.Database` hands in.

The log may lie in one database with a case book, so its version stands in a table of its own.
"""

from alembic import context

from ringsight.arrivals.log_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    version_table="arrivals_version",
)
with context.begin_transaction():
    context.run_migrations()
