"""`ringsight decisions`: the file that it writes, and what it says is not in it."""

from pathlib import Path

import polars as pl
import pytest
from case_world import World, flagged_rings

from ringsight.cases.case import Decision, Judgement, Scope
from ringsight.cases.casebook import open_casebook
from ringsight.cases.decided_pairs import CONTRADICTIONS
from ringsight.cases.settings import CaseSettings, FourEyes
from ringsight.cases.users import User
from ringsight.jobs.decisions import DecisionsAction, DecisionsJob, run
from ringsight.records.decisions import read_decisions


@pytest.fixture
def database(world: World, ana: User, ben: User, tmp_path: Path) -> str:
    """K1 decided by two; K2 decided both ways by links that tie its ends; K3 decided by one alone."""
    url = f"sqlite:///{tmp_path}/team.db"
    with open_casebook(url, CaseSettings(four_eyes=FourEyes.always)) as book:
        book.import_run(world.run(*flagged_rings(3)), world.bank)
        ring = Decision(Scope.ring, Judgement.same_hand)
        apart = Decision(Scope.link, Judgement.different, ("C03", "C04"))
        for case_id, user, decisions in (
            ("K1", ana, [ring]),
            ("K1", ben, [ring]),
            ("K2", ana, [apart, ring]),
            ("K2", ben, [ring]),
            ("K3", ana, [ring]),
        ):
            book.claim(case_id, user)
            for decision in decisions:
                book.decide(case_id, user, decision, book.case(case_id).version)
    return url


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_pairs_are_written_and_what_is_left_out_is_said(
    database: str, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "new" / f"decided.{ending}"
    run(DecisionsJob(database=database, out=out))
    pairs = [("C00", "C01"), ("C00", "C02"), ("C01", "C02"), ("C03", "C05"), ("C04", "C05")]
    assert read_decisions(out).rows() == [(a, b, "same_hand") for a, b in pairs]
    said = capsys.readouterr().out
    assert "Wrote 5 rows" in said
    assert "Left out as contradictory: 1;" in said
    assert "until a second analyst has judged: cases, 1." in said


def test_contradictions_are_written_with_what_ties_them(database: str, tmp_path: Path):
    out = tmp_path / "both_ways.parquet"
    run(DecisionsJob(do=DecisionsAction.contradictions, database=database, out=out))
    table = pl.read_parquet(out)
    assert table.schema == pl.Schema(CONTRADICTIONS)
    assert table.select("customer_a", "customer_b", "kind", "tied_by").rows() == [("C03", "C04", "implied", "K2")]
