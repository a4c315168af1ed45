"""Moments as text: ISO 8601, UTC, microseconds."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def written(moment: datetime) -> str:
    """A moment as text that sorts; one without a zone is taken as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="microseconds")


def read(moment: str) -> datetime:
    """A moment from its text."""
    return datetime.fromisoformat(moment)
