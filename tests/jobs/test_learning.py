"""The loop after the decision: decided, exported, taught to the joint space, known to the next night."""

import json

import polars as pl
import pytest
import yaml
from tiny_world import World, ringsight

from ringsight.cases.case import Case, Decision, Judgement, QueueFilter, Scope
from ringsight.cases.casebook import casebook_of, open_casebook
from ringsight.cases.users import SYSTEM, Role
from ringsight.fusion.embed import model_hash
from ringsight.records.embeddings import JOINT, Embeddings

pytestmark = pytest.mark.slow

NIGHT = ("experiment=tiny", "fusion.pairs=decided.csv", "detect.decisions=decided.csv")


@pytest.fixture(scope="module")
def decided(world: World) -> dict[str, Case]:
    """Two cases of the run, one confirmed, one refuted; exported to `decided.csv`, and a night that knows them."""
    with open_casebook(casebook_of(world.run)) as book:
        book.import_run(world.run, world.bank)
        ana = book.accounts.add("ana", Role.analyst, "correct horse battery", SYSTEM)
        cases = {}
        for row, judgement in zip(
            book.queue(QueueFilter(limit=2)), (Judgement.same_hand, Judgement.different), strict=True
        ):
            book.claim(row.case_id, ana)
            book.decide(row.case_id, ana, Decision(Scope.ring, judgement), book.case(row.case_id).version)
            cases[judgement.value] = book.case(row.case_id)
    exported = ringsight("decisions", "run=run", "out=decided.csv", cwd=world.folder)
    assert exported.returncode == 0, exported.stderr
    before = model_hash(world.run / "model")
    night = ringsight(
        "run", "bank.path=bank", "out=taught", "previous=run", "model=run/model", *NIGHT, cwd=world.folder
    )
    assert night.returncode == 0, night.stderr
    assert "run/model stays as it is" in night.stderr
    assert "trained anew in taught/model: it was not taught by decided.csv" in night.stderr
    assert model_hash(world.run / "model") == before
    return cases


def test_the_pairs_exported_are_those_of_the_rings_decided(world: World, decided: dict[str, Case]) -> None:
    pairs = pl.read_csv(world.folder / "decided.csv")
    for judgement, case in decided.items():
        size = len(case.members)
        assert pairs.filter(pl.col("decision") == judgement).height == size * (size - 1) // 2


def test_only_the_joint_space_has_learned(world: World, decided: dict[str, Case]) -> None:
    for path in sorted((world.run / "embeddings").glob("*.parquet")):
        before, after = Embeddings.read(path), Embeddings.read(world.folder / "taught" / "embeddings" / path.name)
        assert (before.vectors == after.vectors).all() == (path.stem != JOINT)


def test_the_next_night_says_on_which_rings_decisions_bear(world: World, decided: dict[str, Case]) -> None:
    carried = pl.read_csv(world.folder / "taught" / "decided.csv")
    members = pl.read_csv(world.folder / "taught" / "members.csv")
    for judgement, case in decided.items():
        bear = carried.filter(pl.col("decision") == judgement)
        assert set(bear["ring_a"]) == {case.ring["ring_id"]}
        assert set(case.members) <= set(members.filter(pl.col("ring_id") == case.ring["ring_id"])["customer_id"])
    weights = json.loads((world.folder / "taught" / "summary.json").read_text())["weights"]
    assert weights["pairs_same_hand"] + weights["pairs_different"] == carried.height


def test_the_case_book_keeps_what_was_decided_and_asks_nobody_again(world: World, decided: dict[str, Case]) -> None:
    with open_casebook(casebook_of(world.run)) as book:
        book.import_run(world.folder / "taught", world.bank)
        waiting = {row.case_id for row in book.queue(QueueFilter(limit=100))}
        for judgement, case in decided.items():
            assert book.case(case.case_id).verdict == judgement
            assert case.case_id not in waiting
            assert not any(set(book.case(other).members) & set(case.members) for other in waiting)


def test_the_night_after_takes_it_all_over_by_itself(world: World, decided: dict[str, Case]) -> None:
    taught = world.folder / "taught"
    night = ringsight("run", "bank.path=bank", "out=after", "after=run", "experiment=tiny", cwd=world.folder)
    assert night.returncode == 0, night.stderr
    assert "decided pairs are taken over from run" in night.stderr
    for name in ("rings.csv", "members.csv", "decided.csv", "lineage.csv"):
        assert (world.folder / "after" / name).read_bytes() == (taught / name).read_bytes(), name
    settings = yaml.safe_load((world.folder / "after" / "settings.yaml").read_text())
    assert settings["after"] == settings["previous"] == "run"
    assert settings["detect"]["decisions"] == "after/decisions.csv"
