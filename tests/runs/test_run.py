"""A run's folder: what is written is what is read, and a folder that looks finished is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from case_world import World
from finished_runs import NOTHING, begun, finished
from PIL import Image
from polars.testing import assert_frame_equal
from simulated_bank import simulate

from ringsight.detection.detect import detect
from ringsight.detection.lineage import Lineage, follow
from ringsight.detection.results import TABLES, Results
from ringsight.detection.settings import DetectConfig
from ringsight.errors import DataError
from ringsight.pipeline.read import as_bank
from ringsight.pipeline.read import read_bank as pipeline_read
from ringsight.pipeline.settings import RunConfig
from ringsight.records.bank import Bank, BankConfig, ColumnRole
from ringsight.records.picture_openers import PictureOpeners
from ringsight.records.reading import read_bank
from ringsight.runs.commit import commit, commit_of
from ringsight.runs.erasure import erase_from_results
from ringsight.runs.files import read_table
from ringsight.runs.run import Run, open_run
from ringsight.runs.settings import read_settings, restored, write_settings
from ringsight.vectors.vector_store import StoreConfig, StoreKind


@pytest.fixture(scope="module")
def results() -> Results:
    """Of a small bank with three rings."""
    simulation = simulate(0, customers=150)
    return detect(simulation.bank, simulation.embeddings, DetectConfig(permutations=40), seed=0)


@pytest.mark.parametrize("which", ["results", "empty"])
def test_what_is_written_is_read(which: str, request: pytest.FixtureRequest, tmp_path: Path):
    written: Results = request.getfixturevalue(which)
    finished(tmp_path / "run", written)
    read = Run(tmp_path / "run").results
    for name, schema in TABLES.items():
        assert_frame_equal(getattr(read, name), getattr(written, name))
        assert getattr(read, name).schema == pl.Schema(schema)
    assert read.summary == written.summary
    for name in set(TABLES) - {"null"}:
        csv = pl.read_csv(tmp_path / "run" / f"{name}.csv", schema_overrides=TABLES[name])
        assert_frame_equal(csv, getattr(written, name), abs_tol=1e-6)


def test_writing_again_replaces_what_was_there(results: Results, empty: Results, tmp_path: Path):
    finished(tmp_path, results)
    finished(tmp_path, empty)
    assert len(Run(tmp_path).results.rings) == 0
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name]


@pytest.mark.parametrize("table", TABLES)
def test_an_interrupted_write_does_not_look_finished(
    results: Results, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    finished(tmp_path, results)  # an earlier run, whole
    whole = pl.DataFrame.write_parquet

    def fail_at_the_table(frame: pl.DataFrame, path: Path) -> None:
        if table in path.name:
            raise KeyboardInterrupt
        whole(frame, path)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fail_at_the_table)
    with pytest.raises(KeyboardInterrupt):
        finished(tmp_path, results)
    assert not (tmp_path / "summary.json").exists()
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name]
    with pytest.raises(DataError, match="no finished detection"):
        _ = Run(tmp_path).results


def test_the_summary_is_plain_json(results: Results, tmp_path: Path):
    finished(tmp_path, results)
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == results.summary


def test_the_tables_of_an_earlier_version_are_refused(results: Results, tmp_path: Path):
    run = finished(tmp_path, results)
    wide = pl.DataFrame(schema={"ring_id": pl.String, "customer_a": pl.String, "bits_notes": pl.Float64})
    wide.write_parquet(run.paths.table("links"))
    with pytest.raises(DataError, match=r"links\.parquet has no column 'bits': an earlier version"):
        _ = Run(tmp_path).results


def test_a_folder_without_a_detection_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"run\.json is missing"):
        _ = Run(tmp_path).results


# --- lineage ---------------------------------------------------------------------------------------------------------


def test_the_lineage_that_is_written_is_read(results: Results, empty: Results, tmp_path: Path):
    everyone = results.members["customer_id"].to_list()
    followed, lineage = follow(results, Lineage.beginning(), everyone)
    finished(tmp_path, followed, lineage)
    read = Run(tmp_path).lineage
    assert read.run == 0
    for name in ("lineage", "events", "changes"):
        assert_frame_equal(getattr(read, name), getattr(lineage, name))
        assert pl.read_csv(tmp_path / f"{name}.csv").height == getattr(lineage, name).height
    assert set(follow(empty, read, everyone)[1].events["event"]) == {"gone"}


def test_a_run_without_a_lineage_is_refused(empty: Results, tmp_path: Path):
    with pytest.raises(DataError, match="no finished detection"):
        _ = Run(tmp_path).lineage
    finished(tmp_path, empty)
    with pytest.raises(DataError, match="no lineage"):
        _ = Run(tmp_path).lineage


# --- the manifest ----------------------------------------------------------------------------------------------------


def test_a_manifest_says_how_far_the_run_is_what_it_was_made_from_and_which_files_it_wrote(
    empty: Results, tmp_path: Path
):
    run = begun(tmp_path / "run", empty)
    told = json.loads(run.paths.manifest.read_text())
    assert told["state"] == "begun"
    run.finish()
    told = json.loads(run.paths.manifest.read_text())
    assert (told["state"], told["bank"], told["model"], told["format"]) == ("finished", "/nowhere", "model", 1)
    assert {f"{name}.parquet" for name in TABLES} | {"summary.json", "quarantine"} <= set(told["files"])
    run.write_evaluation({"rings": 0})
    assert "evaluation.json" in json.loads(run.paths.manifest.read_text())["files"]


def test_a_run_that_is_not_finished_is_refused_by_name(empty: Results, tmp_path: Path):
    begun(tmp_path, empty)
    with pytest.raises(DataError, match="begun and not finished") as refused:
        open_run(tmp_path)
    assert refused.value.where == str(tmp_path)


def test_a_table_that_is_gone_is_named(empty: Results, tmp_path: Path):
    finished(tmp_path, empty).paths.table("links").unlink()
    with pytest.raises(DataError, match=r"links\.parquet is missing"):
        open_run(tmp_path)


def test_a_run_of_a_former_version_is_refused_with_what_can_be_done(results: Results, tmp_path: Path):
    run = finished(tmp_path, *follow(results, Lineage.beginning(), []))
    run.paths.manifest.unlink()
    with pytest.raises(DataError, match="former version") as refused:
        open_run(tmp_path)
    assert f"out={tmp_path}" in refused.value.remedy
    assert f"after={tmp_path}" in refused.value.remedy
    assert Run(tmp_path).lineage.run == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"format": 1}', "damaged"),
        ('{"format": 99, "ringsight": "9.0"}', "format 99"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused_and_replaced_by_the_next_run(
    text: str, said: str, empty: Results, tmp_path: Path
):
    finished(tmp_path, empty).paths.manifest.write_text(text)
    with pytest.raises(DataError, match=said):
        open_run(tmp_path)
    finished(tmp_path, empty)
    assert open_run(tmp_path).results.summary == empty.summary


def test_beginning_keeps_model_embeddings_store_cases_and_decisions(empty: Results, tmp_path: Path):
    run = finished(tmp_path, empty)
    kept = [run.paths.model, run.paths.embeddings, run.paths.cases, run.paths.decisions, tmp_path / "vectors.db"]
    gone = [run.paths.report, run.paths.settings, run.paths.evaluation, run.paths.decided, run.paths.ledger("R1")]
    for path in [*kept, *gone]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of the run before")
    begun(tmp_path, empty)
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)


# --- the bank ----------------------------------------------------------------------------------------------------


def test_a_run_opens_its_bank_without_decoding_a_picture(
    tmp_path: Path, empty: Results, monkeypatch: pytest.MonkeyPatch
):
    bank = bank_with_a_picture(tmp_path / "bank")
    run = finished(tmp_path / "run", replace(empty, summary={"data_hash": bank.data_hash}), bank=bank)
    monkeypatch.setattr(PictureOpeners, "open", lambda *_: pytest.fail("decoded"))
    assert open_run(run.folder).searched_bank().data_hash == bank.data_hash
    assert pipeline_read(tmp_path / "bank", seen=run).data_hash == bank.data_hash
    (tmp_path / "bank").rename(tmp_path / "moved")
    assert run.read_bank(tmp_path / "moved").data_hash == bank.data_hash
    run.paths.fingerprints.write_bytes(b"damaged")
    with pytest.raises(pytest.fail.Exception, match="decoded"):
        run.read_bank(tmp_path / "moved")


def test_the_next_night_decodes_no_picture_that_the_last_one_knows(
    tmp_path: Path, empty: Results, monkeypatch: pytest.MonkeyPatch
):
    bank = bank_with_a_picture(tmp_path / "bank")
    finished(tmp_path / "last", empty, bank=bank)
    monkeypatch.setattr(PictureOpeners, "open", lambda *_: pytest.fail("decoded"))
    assert as_bank(tmp_path / "bank", tmp_path / "next", tmp_path / "last").data_hash == bank.data_hash
    assert as_bank(bank) is bank
    with pytest.raises(pytest.fail.Exception, match="decoded"):
        as_bank(tmp_path / "bank", tmp_path / "next", None)


def test_a_bank_is_read_again_as_the_run_read_it(tmp_path: Path, empty: Results):
    bank_with_a_picture(tmp_path / "bank")
    config = BankConfig(path=tmp_path / "bank", strata=["region"], entities={"hobby": ColumnRole.innocent})
    run = finished(tmp_path / "run", empty, bank=read_bank(config))
    run.write_settings({"bank": config})
    assert run.bank_config() == config
    assert run.read_bank().roles["hobby"] is ColumnRole.innocent


def test_other_records_than_those_searched_are_refused(tmp_path: Path, empty: Results):
    run = finished(
        tmp_path / "run",
        replace(empty, summary={"data_hash": "of others"}),
        bank=bank_with_a_picture(tmp_path / "bank"),
    )
    with pytest.raises(DataError, match="not those that this run searched"):
        run.searched_bank()
    assert run.read_bank().customers.height == 2


def test_what_is_known_of_an_erased_customers_files_is_forgotten(tmp_path: Path, empty: Results):
    run = finished(tmp_path / "run", empty, bank=bank_with_a_picture(tmp_path / "bank"))
    assert "C1.png" in read_table(run.paths.fingerprints)["path"].to_list()
    erase_from_results(run.paths, "C1", "erased:x")
    assert read_table(run.paths.fingerprints)["path"].to_list() == ["customers.csv", "id_images.csv"]


def bank_with_a_picture(folder: Path) -> Bank:
    folder.mkdir()
    (folder / "customers.csv").write_text(
        "customer_id,opened_at,region,hobby\nC1,2020-01-01,north,chess\nC2,2020-01-01,south,go\n"
    )
    (folder / "id_images.csv").write_text("image_id,customer_id,path\nI1,C1,C1.png\n")
    Image.effect_noise((40, 30), 20).save(folder / "C1.png")
    return read_bank(BankConfig(path=folder))


# --- settings ----------------------------------------------------------------------------------------------------


def test_settings_come_back_as_they_were(tmp_path: Path):
    config = RunConfig(
        detect=DetectConfig(fdr=0.1, decisions=Path("decided.csv")),
        store=StoreConfig(kind=StoreKind.server, uri="http://localhost:19530", ca_file=Path("ca.pem")),
        model=Path("model"),
    )
    write_settings(tmp_path / "settings.yaml", {"all": config})
    assert restored(RunConfig, read_settings(tmp_path / "settings.yaml")["all"], "settings.yaml") == config


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"kidn": "lite"}, "'kidn' is no setting"),
        ({"kind": "cloud"}, "cannot be read back"),
        ({"path": 3}, "cannot be read"),
    ],
)
def test_settings_that_were_changed_by_hand_are_refused_by_name(told: dict[str, Any], said: str):
    with pytest.raises(DataError, match=said):
        restored(StoreConfig, told, "settings.yaml, store")


def test_a_run_keeps_its_vectors_where_it_was_told(tmp_path: Path, empty: Results):
    assert Run(tmp_path).store().path == tmp_path / "vectors.db"
    asked = StoreConfig(path=tmp_path / "elsewhere.db")
    run = Run.begin(tmp_path / "run", NOTHING, store=asked)
    assert run.store().path == asked.path
    assert run.store(StoreConfig()).path == asked.path
    assert run.store(StoreConfig(path=Path("named.db"))).path == Path("named.db")
    assert Run.begin(tmp_path / "run", NOTHING).store().path == asked.path  # another detection over the same vectors
    server = StoreConfig(kind=StoreKind.server, uri="http://localhost:19530", database="bank")
    run = Run.begin(tmp_path / "other", NOTHING, store=server)
    run.write_settings({"store": server})
    assert run.store() == server
    assert json.loads(run.paths.manifest.read_text())["store"] == "http://localhost:19530/bank"


# --- ledgers -----------------------------------------------------------------------------------------------------


def test_a_ledger_is_the_one_that_was_written_or_made_now(world: World):
    run = Run(world.run_alike())
    written = run.ledger("R1")
    assert written.to_json() == run.paths.ledger("R1").read_text(encoding="utf-8")
    run.paths.ledger("R1").unlink()
    assert run.ledger("R1") == written
    with pytest.raises(DataError, match="no ring"):
        run.ledger("../R1")


def test_a_manifest_without_a_commit_is_read_and_one_of_a_checkout_has_it(results: Results, tmp_path: Path) -> None:
    run = finished(tmp_path, results)
    assert run.commit == commit()
    told = json.loads(run.paths.manifest.read_text())
    del told["commit"]
    run.paths.manifest.write_text(json.dumps(told))
    assert (Run(tmp_path).finished, Run(tmp_path).commit) == (True, "")


def test_a_folder_outside_a_checkout_has_no_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""
