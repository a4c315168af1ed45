"""The log's tables are migrated on opening, beside a case book too, and its errors speak of the log."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from ringsight.arrivals import arrival_database
from ringsight.arrivals.api_keys import ApiKeys, KeyScope
from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.errors import LogError
from ringsight.arrivals.log_tables import METADATA
from ringsight.cases.casebook import open_casebook


def test_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    database = ArrivalDatabase(f"sqlite:///{tmp_path}/arrivals.db")
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "arrivals_version"})
        assert compare_metadata(context, METADATA) == []
    database.close()


def test_a_log_from_before_there_were_migrations_is_taken_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/arrivals.db"
    before = ArrivalDatabase(url)
    key = ApiKeys(before).add("teller", [KeyScope.read])
    with before.writing() as connection:
        connection.execute(text("DROP TABLE arrivals_version"))
    before.close()
    now = ArrivalDatabase(url)
    assert ApiKeys(now).find(key) is not None
    now.close()


def test_a_log_and_a_case_book_may_share_a_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/both.db"
    for _ in range(2):
        ArrivalDatabase(url).close()
        with open_casebook(url) as book:
            assert book.cases() == []


@pytest.mark.parametrize(
    "url", ["sqlite:///{folder}", "postgresql://nobody@127.0.0.1:1/none", "mysql://x/y", "nonsense"]
)
def test_errors_speak_of_the_log(url: str, tmp_path: Path) -> None:
    with pytest.raises(LogError) as refused:
        ArrivalDatabase(url.format(folder=tmp_path))
    assert "case book" not in str(refused.value)


def test_a_log_of_a_later_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/arrivals.db"
    database = ArrivalDatabase(url)
    with database.writing() as connection:
        connection.execute(text("UPDATE arrivals_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(LogError, match="later version"):
        ArrivalDatabase(url)


def test_whoever_waits_for_a_busy_log_is_told_so_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert arrival_database.PATIENCE <= 5
    monkeypatch.setattr(ArrivalDatabase, "patience", 0)
    url = f"sqlite:///{tmp_path}/arrivals.db"
    one, other = ArrivalDatabase(url), ArrivalDatabase(url)
    with one.writing(), pytest.raises(LogError, match="locked"), other.writing():
        pass
    one.close()
    other.close()
