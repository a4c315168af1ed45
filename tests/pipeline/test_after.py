"""A run that names the last one takes over its lineage, its model and what was decided; what is named beside counts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from case_world import CUSTOMERS, Ring, World, flagged_rings

from ringsight.cases.case import Decision, Judgement, Scope
from ringsight.cases.casebook import CaseBook, casebook_of, open_casebook
from ringsight.cases.users import User
from ringsight.detection.settings import DetectConfig
from ringsight.errors import DataError, ModelError, SettingsError
from ringsight.pipeline.continuing import continued, decisions_of
from ringsight.pipeline.settings import RunConfig
from ringsight.records.decisions import DECISIONS, read_decisions
from ringsight.runs.run import Run

pytestmark = pytest.mark.slow

SAME, DIFFERENT = Judgement.same_hand, Judgement.different


@pytest.fixture
def last(world: World) -> Run:
    """A finished run of three rings, C00 to C08, with a model."""
    run = Run(world.run(*flagged_rings(3)))
    run.paths.model.mkdir()
    return run


@pytest.fixture
def decided(last: Run, world: World, ana: User) -> Run:
    """The same with a case book in which K1, of C00 to C02, is one hand."""
    with open_casebook(casebook_of(last.folder)) as book:
        book.import_run(last.folder, world.bank)
        decide(book, "K1", SAME, ana)
    return last


def decide(book: CaseBook, case_id: str, judgement: Judgement, user: User) -> None:
    book.decide(case_id, user, Decision(Scope.ring, judgement), book.claim(case_id, user).version)


def pairs(table: pl.DataFrame) -> set[tuple[str, str, str]]:
    return set(table.select(list(DECISIONS)).iter_rows())


def test_without_a_last_run_nothing_changes(tmp_path: Path):
    assert continued(RunConfig(), tmp_path) == (RunConfig(), None)


def test_lineage_model_and_decisions_are_taken_over(decided: Run, tmp_path: Path):
    settings, decisions = continued(RunConfig(after=decided.folder), tmp_path / "next")
    file = tmp_path / "next" / "decisions.csv"
    assert (settings.previous, settings.model) == (decided.folder, decided.paths.model)
    assert (settings.fusion.pairs, settings.detect.decisions) == (None, file)
    assert decisions is not None
    assert pairs(decisions) == {("C00", "C01", SAME), ("C00", "C02", SAME), ("C01", "C02", SAME)}
    Run(tmp_path / "next").write_decisions(decisions)
    assert pairs(read_decisions(file)) == pairs(decisions)


def test_a_run_on_which_nothing_was_decided_leaves_decisions_alone(last: Run, world: World, tmp_path: Path):
    settings, decisions = continued(RunConfig(after=last.folder), tmp_path)
    assert (settings.fusion.pairs, settings.detect.decisions, decisions) == (None, None, None)
    with open_casebook(casebook_of(last.folder)) as book:
        book.import_run(last.folder, world.bank)
    assert continued(RunConfig(after=last.folder), tmp_path)[1] is None


@pytest.mark.parametrize(
    "named",
    [
        {"previous": Path("other")},
        {"model": Path("other")},
        {"detect": DetectConfig(decisions=Path("other"))},
    ],
    ids=lambda named: next(iter(named)),
)
def test_what_is_named_beside_it_counts(decided: Run, tmp_path: Path, named: dict[str, Any]):
    alone, _ = continued(RunConfig(after=decided.folder), tmp_path)
    settings, _ = continued(RunConfig(after=decided.folder, **named), tmp_path)
    assert settings == replace(alone, **named)


@pytest.mark.parametrize("key", ["previous", "model", "detect.decisions"])
def test_what_is_asked_to_be_none_is_none(decided: Run, tmp_path: Path, key: str):
    settings, decisions = continued(RunConfig(after=decided.folder), tmp_path, {key})
    told = {
        "previous": settings.previous,
        "model": settings.model,
        "detect.decisions": settings.detect.decisions,
    }
    assert [name for name, value in told.items() if value is None] == [key]
    assert (decisions is None) == (key == "detect.decisions")


def test_decisions_last_over_nights_and_the_latest_counts(decided: Run, world: World, ana: User):
    """The second night has a case book of its own, which knows nothing of the first."""
    second = Run(world.run(*flagged_rings(3)))
    second.write_decided(decisions_of(decided))
    with open_casebook(casebook_of(second.folder)) as book:
        book.import_run(second.folder, world.bank)
        decide(book, "K1", DIFFERENT, ana)
        decide(book, "K2", SAME, ana)
    before, after = pairs(decisions_of(decided)), pairs(decisions_of(second))
    assert {(a, b, DIFFERENT) for a, b, _ in before} < after
    assert after.isdisjoint(before)
    assert ("C03", "C04", SAME) in after
    third = Run(world.run(*flagged_rings(1)))
    third.write_decided(decisions_of(second))
    assert pairs(decisions_of(third)) == after


def test_what_analysts_now_contradict_is_left_out_whatever_was_known(last: Run, world: World, ana: User):
    last.write_decided(pl.DataFrame([("C00", "C01", SAME)], schema=DECISIONS, orient="row"))
    with open_casebook(casebook_of(last.folder)) as book:
        book.import_run(last.folder, world.bank)
        decide(book, "K1", SAME, ana)
        book.import_run(world.run(Ring("R9", [*CUSTOMERS[:2], CUSTOMERS[20]])), world.bank)
        decide(book, "K4", DIFFERENT, ana)
    assert ("C00", "C01") not in {(a, b) for a, b, _ in pairs(decisions_of(last))}


def test_erased_customers_are_not_carried_on(last: Run):
    rows = [("C00", "C01", SAME), ("C02", "erased:0a1b", SAME)]
    last.write_decided(pl.DataFrame(rows, schema=DECISIONS, orient="row"))
    assert pairs(decisions_of(last)) == {("C00", "C01", SAME)}


def test_a_run_of_a_former_version_is_taken_over(decided: Run, tmp_path: Path):
    decided.paths.manifest.unlink()
    settings, decisions = continued(RunConfig(after=decided.folder), tmp_path)
    assert (settings.previous, settings.model) == (decided.folder, decided.paths.model)
    assert decisions is not None


def test_what_cannot_be_continued_is_refused(last: Run, tmp_path: Path):
    with pytest.raises(SettingsError, match="after and out are the same folder"):
        continued(RunConfig(after=last.folder), tmp_path / ".." / last.folder)
    with pytest.raises(DataError, match="no finished detection"):
        continued(RunConfig(after=tmp_path / "nowhere"), tmp_path)
    last.paths.model.rmdir()
    with pytest.raises(ModelError, match="not there any more"):
        continued(RunConfig(after=last.folder), tmp_path)
