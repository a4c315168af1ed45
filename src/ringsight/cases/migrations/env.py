"""Run migrations over the connection that `database.Database` hands in."""

from alembic import context

from ringsight.cases.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
