"""The first tables of the log; those that stood before there were migrations are taken over as they are."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    if sa.inspect(op.get_bind()).has_table("arrivals"):
        return
    op.create_table(
        "arrivals",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("night", sa.String(64), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("vectors", sa.Text),
        sa.Column("records", sa.Text),
        sa.Column("scalars", sa.Text),
        sa.Column("keys", sa.Text),
        sa.Column("key_hash", sa.String(64), unique=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )
    op.create_index("arrivals_by_customer", "arrivals", ["customer_id"])
    op.create_table(
        "ring_events",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("arrival", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("through", sa.Integer, nullable=False),
    )
