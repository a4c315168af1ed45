"""Migrations: what they make is what the code speaks of, and a case book of the first version opens whole."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from ringsight.cases import database
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.schema import METADATA
from ringsight.cases.users import Role, User


def test_the_tables_are_those_of_the_schema(book: CaseBook):
    with book._database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert differences == []


def test_a_case_book_of_the_first_version_keeps_its_accounts_and_its_trail(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/cases.db"
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).with_name("migrations")))
    with create_engine(url).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO accounts VALUES ('ana', 'analyst', 'hash', 1)"))
        connection.execute(text("INSERT INTO sessions VALUES ('token', 'ana', '2999-01-01T00:00:00.000000+00:00')"))
        connection.commit()
    with open_casebook(url) as book:
        assert book.accounts.users() == [User("ana", Role.analyst)]
        assert book.sessions.user_of("token") is None  # signs in anew
        assert book.audit.verify() == 0
    with open_casebook(url) as again:
        assert again.accounts.users() == [User("ana", Role.analyst)]
