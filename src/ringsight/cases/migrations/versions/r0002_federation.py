"""People who sign in by a provider, and sessions that end in any case. Whoever is signed in signs in anew."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT, DIGEST = sa.String(32), sa.String(64)


def upgrade() -> None:
    """Tell whose account is whose elsewhere, keep sign-ins under way, and when each session began."""
    op.add_column("accounts", sa.Column("subject", sa.Text))
    op.create_index("accounts_by_subject", "accounts", ["subject"], unique=True)
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("token_hash", DIGEST, primary_key=True),
        sa.Column("name", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
    )
    op.create_table(
        "sign_ins",
        sa.Column("state_hash", DIGEST, primary_key=True),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("verifier", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("draft", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
    )
