"""The tables of the log of arrivals. Moments are text (ISO 8601, UTC), as in the case book."""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

ARRIVALS = Table(
    "arrivals",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Column("night", String(64), nullable=False),
    Column("model", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("vectors", Text),
    Column("records", Text),
    Column("scalars", Text),
    Column("keys", Text),
    Column("key_hash", String(64), unique=True),
    Column("request_hash", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Index("arrivals_by_customer", "customer_id"),
)
"""The log: a row for each arrival, change and departure, with the night that it was held against.

An erasure empties what earlier rows hold of the customer.
"""

RING_EVENTS = Table(
    "ring_events",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("arrival", Integer, nullable=False),
    Column("content", Text, nullable=False),
)
"""What became of live rings, as JSON."""

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("open", Boolean, nullable=False),
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("url", Text, primary_key=True),
    Column("through", Integer, nullable=False),
)
"""Number of the last ring event that each webhook has taken, or that was given up."""
