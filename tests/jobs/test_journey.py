"""The main job whole, as a user runs it: a bank's folder in, flagged rings out."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from tiny_world import World, ringsight

from ringsight.detection.results import LINKS, MEMBERS, RINGS
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.opening import open_store
from ringsight.vectors.vector_store import StoreConfig

pytestmark = pytest.mark.slow

COMPOSITE = Path(__file__).parents[3] / "shared" / "data" / "composite"


@pytest.mark.parametrize(("name", "columns"), [("rings", RINGS), ("members", MEMBERS), ("links", LINKS)])
def test_results_have_the_columns_of_the_contract(world: World, name: str, columns: dict[str, object]) -> None:
    assert pl.read_csv(world.run / f"{name}.csv").columns == list(columns)
    assert pl.read_parquet(world.run / f"{name}.parquet").columns == list(columns)


def test_the_summary_says_what_the_result_depends_on(world: World) -> None:
    summary = json.loads((world.run / "summary.json").read_text())
    assert summary["fdr"] == 0.05
    assert summary["customers"] == 80
    assert {"versions", "seed", "data_hash", "model_hashes", "expected_false_flags"} <= summary.keys()
    assert summary["settings"]["model"]["notes"]["epochs"] == 1
    assert summary["settings"]["bank"]["strata"] == ["segment", "region"]


def test_every_setting_of_a_run_is_written_down_as_plain_values(world: World) -> None:
    settings = yaml.safe_load((world.run / "settings.yaml").read_text())
    assert settings["bank"]["path"] == "bank"
    assert settings["transactions"]["epochs"] == 1
    assert settings["store"]["kind"] == "lite"


def test_every_stage_is_timed(world: World) -> None:
    stages = json.loads((world.run / "stages.json").read_text())
    trained = [f"train {part}" for part in ("transactions", "notes", "id_images", "joint")]
    assert [stage["name"] for stage in stages] == ["read", *trained, "embed", "index", "detect", "report"]
    assert all(stage["seconds"] >= 0 and stage["peak_mb"] > 0 for stage in stages)


def test_detection_on_another_bank_is_refused_and_leaves_the_results(world: World) -> None:
    before = {name: (world.run / name).read_bytes() for name in ("rings.csv", "summary.json", "report.html")}
    other = ringsight("generate", "bank.customers=20", "bank.rings=0", "out=other", cwd=world.folder)
    assert other.returncode == 0, other.stderr
    refused = ringsight("detect", "bank.path=other", "out=run", cwd=world.folder)
    assert refused.returncode == 1
    assert "other records" in refused.stderr
    assert {name: (world.run / name).read_bytes() for name in before} == before


def test_a_failed_run_leaves_no_results_of_an_earlier_one(world: World) -> None:
    failed = world.folder / "failed"
    shutil.copytree(world.run, failed)
    next((failed / "model" / "notes").glob("weights.*")).write_bytes(b"damaged")
    refused = ringsight("run", "bank.path=bank", "out=failed", cwd=world.folder)
    assert refused.returncode == 1
    assert "notes" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not {"rings.csv", "summary.json", "report.html", "evaluation.json"} & {p.name for p in failed.iterdir()}


def test_the_report_is_one_file_without_anything_from_elsewhere(world: World) -> None:
    report = (world.run / "report.html").read_text()
    assert "<script" not in report
    assert 'src="http' not in report
    assert 'href="http' not in report


def test_the_end_says_what_to_do_next(world: World) -> None:
    assert "Next:" in world.said
    assert "report.html" in world.said


def test_the_store_holds_exactly_the_learned_embeddings_on_disk(world: World) -> None:
    there = [Embeddings.read(path) for path in sorted((world.run / "embeddings").glob("*.parquet"))]
    searched = [each for each in there if each.learned]
    assert [each.space for each in searched] == ["id_images", "joint", "notes", "transactions"]
    with open_store(StoreConfig(path=world.run / "vectors.db")) as store:
        assert sorted(store.spaces()) == [each.space for each in searched]
        for on_disk in searched:
            stored = store.get(on_disk.space, on_disk.customer_ids)
            assert np.array_equal(stored.customer_ids, on_disk.customer_ids)
            assert np.allclose(stored.vectors, on_disk.vectors, atol=1e-6)


def test_a_second_run_from_nothing_and_blind_to_the_truth_gives_the_same_bytes(world: World) -> None:
    shutil.copytree(world.bank, world.folder / "blind", ignore=shutil.ignore_patterns("truth"))
    again = ringsight("rerun", "of=run", "bank=blind", "out=again", cwd=world.folder)  # by the settings written down
    assert again.returncode == 0, again.stderr
    assert "rings.csv is the same to the byte." in again.stderr
    for name in ("rings.csv", "members.csv", "links.csv", "summary.json"):
        assert (world.folder / "again" / name).read_bytes() == (world.run / name).read_bytes(), name


def test_a_run_over_a_finished_one_keeps_its_model(world: World) -> None:
    before = (world.run / "rings.csv").read_bytes()
    again = ringsight("run", "bank.path=bank", "out=run", "experiment=tiny", cwd=world.folder)
    assert again.returncode == 0, again.stderr
    assert "kept as it lies" in again.stderr
    assert (world.run / "rings.csv").read_bytes() == before


def test_on_a_second_night_rings_that_nothing_happened_to_keep_their_ids(world: World) -> None:
    night = world.folder / "night"
    shutil.copytree(world.bank, night, ignore=shutil.ignore_patterns("truth"))
    first = rings_of(world.run)
    lost = sorted(set(pl.read_csv(night / "customers.csv")["customer_id"]).difference(*first.values()))[:2]
    for table in night.glob("*.csv"):
        rows = pl.read_csv(table, infer_schema_length=0)
        rows.filter(~pl.col("customer_id").is_in(lost)).write_csv(table)
    ran = ringsight("run", "bank.path=night", "out=second", "previous=run", "model=run/model", cwd=world.folder)
    assert ran.returncode == 0, ran.stderr
    assert "rings since the run before" in ran.stderr
    second = rings_of(world.folder / "second")
    same = {members: ring_id for ring_id, members in first.items()}
    unchanged = {ring_id: same[members] for ring_id, members in second.items() if members in same}
    assert unchanged
    assert all(ring_id == before for ring_id, before in unchanged.items())
    events = pl.read_csv(world.folder / "second" / "events.csv")
    assert set(events["ring_id"]) == set(first) ^ set(second) | {
        ring_id for ring_id in set(first) & set(second) if first[ring_id] != second[ring_id]
    }


def test_the_two_halves_give_what_the_whole_way_gives(world: World) -> None:
    embedded = ringsight("embed", "bank.path=bank", "model=run/model", "out=halves", cwd=world.folder)
    assert embedded.returncode == 0, embedded.stderr
    halves = world.folder / "halves"
    assert json.loads((halves / "run.json").read_text())["state"] == "begun"
    customer = pl.read_csv(world.run / "members.csv")["customer_id"][0]
    found = ringsight("similar", f"customer={customer}", "k=1", "out=halves", cwd=world.folder)
    assert found.returncode == 0, found.stderr
    refused = ringsight("evaluate", "run=halves", "truth=bank/truth", cwd=world.folder)
    assert "begun and not finished" in refused.stderr
    detected = ringsight("detect", "bank.path=bank", "out=halves", cwd=world.folder)
    assert detected.returncode == 0, detected.stderr
    for name in ("rings.csv", "members.csv", "summary.json"):
        assert (halves / name).read_bytes() == (world.run / name).read_bytes(), name
    told = json.loads((halves / "run.json").read_text())
    assert (told["state"], told["store"]) == ("finished", "vectors.db")
    assert told["model"] == str(world.run / "model")
    settings = yaml.safe_load((halves / "settings.yaml").read_text())
    assert settings["transactions"]["epochs"] == 1  # as the model was trained, though nobody asked for it here


def rings_of(run: Path) -> dict[str, frozenset[str]]:
    members = pl.read_csv(run / "members.csv").group_by("ring_id").agg("customer_id")
    return {ring_id: frozenset(customers) for ring_id, customers in members.iter_rows()}


def test_evaluate_writes_and_prints_the_figures(world: World) -> None:
    done = ringsight("evaluate", "run=run", "truth=bank/truth/labels.csv", cwd=world.folder)
    assert done.returncode == 0, done.stderr
    evaluation = json.loads((world.run / "evaluation.json").read_text())
    assert evaluation["rings"]["whole"] == 2
    assert "true rings found" in done.stdout


def test_truth_is_not_a_setting_of_detection(world: World) -> None:
    refused = ringsight("detect", "bank.path=bank", "out=run", "truth=bank/truth/labels.csv", cwd=world.folder)
    assert refused.returncode == 1
    assert "'truth'" in refused.stderr


def test_a_bank_of_transactions_alone_runs(world: World) -> None:
    alone = world.folder / "alone"
    alone.mkdir()
    for name in ("customers.csv", "transactions.parquet"):
        shutil.copy(world.bank / name, alone / name)
    done = ringsight("run", "bank.path=alone", "out=alonerun", "experiment=tiny", cwd=world.folder)
    assert done.returncode == 0, done.stderr
    assert not (alone.parent / "alonerun" / "embeddings" / "notes.parquet").exists()
    links = pl.read_csv(world.folder / "alonerun" / "links.csv")
    assert not {"notes", "id_images"} & set(links["source"])


def test_a_bank_that_cannot_be_read_leaves_nothing_behind(world: World) -> None:
    refused = ringsight("run", "bank.path=nowhere", "out=nothing", cwd=world.folder)
    assert refused.returncode == 1
    assert "nowhere" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (world.folder / "nothing").exists()


@pytest.mark.skipif(not COMPOSITE.is_dir(), reason="the composite bank of the project's own machines is not here")
def test_a_part_of_the_composite_bank_is_read_and_detected_on(world: World) -> None:
    part = world.folder / "part"
    part.mkdir()
    customers = pl.read_csv(COMPOSITE / "customers.csv").sort("customer_id").head(300)
    customers.write_csv(part / "customers.csv")
    for name in ("transactions.parquet", "call_notes.csv", "id_images.csv"):
        given = COMPOSITE / name
        rows = pl.read_parquet(given) if given.suffix == ".parquet" else pl.read_csv(given)
        mine = rows.filter(pl.col("customer_id").is_in(customers["customer_id"].to_list()))
        mine.write_parquet(part / name) if given.suffix == ".parquet" else mine.write_csv(part / name)
    shutil.copytree(COMPOSITE / "id_images", part / "id_images")
    done = ringsight("run", "bank.path=part", "out=composite", "model=run/model", cwd=world.folder)
    assert done.returncode == 0, done.stderr
    summary = json.loads((world.folder / "composite" / "summary.json").read_text())
    assert summary["customers"] == 300
