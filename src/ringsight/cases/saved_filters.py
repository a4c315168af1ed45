"""Filters of the queue that users save under a name, each for themselves."""

from sqlalchemy import ColumnElement, and_, delete, insert, select

from ringsight.cases.case import QueueFilter
from ringsight.cases.database import Database
from ringsight.cases.queue import filter_of, filter_text
from ringsight.cases.schema import SAVED_FILTERS
from ringsight.cases.users import User


class SavedFilters:
    """The saved filters of one case book."""

    def __init__(self, database: Database) -> None:
        """Keep them in this database."""
        self._database = database

    def save(self, user: User, name: str, queue_filter: QueueFilter) -> None:
        """Save a filter under a name; it replaces the user's earlier filter of that name."""
        row = {"user": user.name, "name": name, "filter": filter_text(queue_filter)}
        with self._database.writing() as connection:
            connection.execute(delete(SAVED_FILTERS).where(_this(user, name)))
            connection.execute(insert(SAVED_FILTERS).values(**row))

    def of(self, user: User) -> dict[str, QueueFilter]:
        """The user's filters, by name."""
        wanted = select(SAVED_FILTERS).where(SAVED_FILTERS.c.user == user.name).order_by(SAVED_FILTERS.c.name)
        with self._database.reading() as connection:
            return {row.name: filter_of(row.filter) for row in connection.execute(wanted)}

    def delete(self, user: User, name: str) -> None:
        """Delete a filter; without one of that name, nothing happens."""
        with self._database.writing() as connection:
            connection.execute(delete(SAVED_FILTERS).where(_this(user, name)))


def _this(user: User, name: str) -> ColumnElement[bool]:
    return and_(SAVED_FILTERS.c.user == user.name, SAVED_FILTERS.c.name == name)
