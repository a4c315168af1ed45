"""The tables of the case book. `entries` and `contents` are the log; `cases` and `case_members` are projected from it.

Moments are text (ISO 8601, UTC, microseconds), so that they sort, and have the same hash on every database.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

ENTRIES = Table(
    "entries",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("user", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("case_id", Text),
    Column("version", Integer),
    Column("commitment", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("case_id", "version"),
)
"""The log. Its rows can be neither changed nor removed. `version` is null if the entry changes no case."""

CONTENTS = Table(
    "contents",
    METADATA,
    Column("number", Integer, ForeignKey("entries.number"), primary_key=True, autoincrement=False),
    Column("salt", String(32), nullable=False),
    Column("content", Text, nullable=False),
)
"""The content of each entry, as JSON. It can be erased: `entries` holds its salted hash alone."""

CASES = Table(
    "cases",
    METADATA,
    Column("case_id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("resting", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("until", String(32)),
    Column("ring_id", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("exposure", Float, nullable=False),
    Column("evidence", Float, nullable=False),
    Column("value", Float, nullable=False),
    Column("news", Integer, nullable=False),
    Column("verdict", Text),
    Column("split_from", Text, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
)
"""The queue."""

CASE_MEMBERS = Table(
    "case_members",
    METADATA,
    Column("case_id", Text, ForeignKey("cases.case_id"), primary_key=True),
    Column("customer_id", Text, primary_key=True),
    Index("case_members_by_customer", "customer_id"),
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("subject", Text),
    Index("accounts_by_subject", "subject", unique=True),
)
"""`subject` is the issuer and id of a person who signs in by a provider; null if a password is kept here."""

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("name", Text, ForeignKey("accounts.name"), nullable=False),
    Column("began_at", String(32), nullable=False),
    Column("ends_at", String(32), nullable=False),
)

SIGN_INS = Table(
    "sign_ins",
    METADATA,
    Column("state_hash", String(64), primary_key=True),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("draft", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("ends_at", String(32), nullable=False),
)
"""Sign-ins that wait for a provider's answer."""

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("name_hash", String(64), nullable=False),
    Column("address", Text, nullable=False),
)
"""Recent failed sign-ins."""

SAVED_FILTERS = Table(
    "saved_filters",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("filter", Text, nullable=False),
)
"""Filters of the queue as JSON, by user and name."""
