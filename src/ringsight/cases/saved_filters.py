"""Saved filters of the queue: everybody's own."""

from sqlalchemy import ColumnElement, and_, delete, insert, select

from ringsight.cases.case import QueueFilter
from ringsight.cases.database import Database
from ringsight.cases.queue import filter_of, filter_text
from ringsight.cases.schema import VIEWS
from ringsight.cases.users import User


class SavedFilters:
    """The saved filters of one case book."""

    def __init__(self, database: Database) -> None:
        """Keep them in this database."""
        self._database = database

    def save(self, user: User, name: str, which: QueueFilter) -> None:
        """Keep a filter under a name; an earlier one of that name goes."""
        with self._database.writing() as connection:
            connection.execute(delete(VIEWS).where(_called(user, name)))
            connection.execute(insert(VIEWS).values(user=user.name, name=name, filter=filter_text(which)))

    def of(self, user: User) -> dict[str, QueueFilter]:
        """The user's saved filters, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(VIEWS).where(VIEWS.c.user == user.name).order_by(VIEWS.c.name)).all()
        return {row.name: filter_of(row.filter) for row in rows}

    def drop(self, user: User, name: str) -> None:
        """Drop a saved filter; one that is not there stays so."""
        with self._database.writing() as connection:
            connection.execute(delete(VIEWS).where(_called(user, name)))


def _called(user: User, name: str) -> ColumnElement[bool]:
    return and_(VIEWS.c.user == user.name, VIEWS.c.name == name)
