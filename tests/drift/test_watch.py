"""A night held against a reference: as usual, unusual, refused; and what is written of it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tiny_world import ringsight as ringsight_command
from two_nights import CUSTOMERS, bank_at, night, rings, space_of

import ringsight
from ringsight.drift.metrics import metrics
from ringsight.drift.settings import WatchConfig
from ringsight.drift.watch import watch
from ringsight.drift.watch_figures import shift_figure, watch_map_figure
from ringsight.drift.watch_files import write_watched
from ringsight.drift.watched import Watched
from ringsight.errors import DataError, SettingsError
from ringsight.jobs.watch import UNUSUAL, WatchJob
from ringsight.jobs.watch import run as job
from ringsight.records.bank import Bank
from ringsight.records.business_pairs import read_business_pairs
from ringsight.records.embeddings import Embeddings
from ringsight.runs.erasure import erase_from_results
from ringsight.runs.manifest import read_manifest
from ringsight.runs.run import Run
from ringsight.testing import tiny_frames

pytestmark = pytest.mark.slow

CONFIG = WatchConfig(permutations=199)
HOSTILE = "<script>alert('segment')</script>"
SAMPLE = re.compile(r'ringsight_watch_[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? -?[0-9.e+-]+')


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    hostile = tiny_frames(CUSTOMERS)["customers"].with_columns(segment=pl.col("segment").replace("retail", HOSTILE))
    return bank_at(tmp_path_factory.mktemp("banks") / "bank", customers=hostile)


@pytest.fixture(scope="module")
def spaces(bank: Bank) -> dict[str, Embeddings]:
    return {"joint": space_of(bank.customer_ids, 0), "notes": space_of(bank.customer_ids, 1, "notes")}


@pytest.fixture(scope="module")
def last(tmp_path_factory: pytest.TempPathFactory, bank: Bank, spaces: dict[str, Embeddings]) -> Run:
    return night(tmp_path_factory.mktemp("runs") / "last", bank, spaces)


@pytest.fixture(scope="module")
def unusual(
    tmp_path_factory: pytest.TempPathFactory, bank: Bank, spaces: dict[str, Embeddings], last: Run
) -> tuple[Run, Watched]:
    """Twelve flags, notes that are gone, another model of notes, and segments that show nowhere."""
    folder = tmp_path_factory.mktemp("unusual")
    notes = tiny_frames(CUSTOMERS)["call_notes"].clear()
    hostile = bank.customers.select("customer_id", "segment", "region", "device_id", "branch", "sex", "hobby")
    other = bank_at(folder / "bank", customers=hostile, call_notes=notes)
    moved = {"joint": spaces["joint"], "notes": replace(spaces["notes"], model_hash="new")}
    run = night(folder / "run", other, moved, rings(12))
    return run, watch(run, last, replace(CONFIG, segment="segment"))


# --- as usual, and unusual -------------------------------------------------------------------------------------------


def test_of_nights_that_are_the_same_nothing_has_changed(
    tmp_path: Path, bank: Bank, spaces: dict[str, Embeddings], last: Run
):
    watched = watch(night(tmp_path / "run", bank, spaces), last, CONFIG)
    assert repr(watched) == "Watched(nothing has changed since the reference)"
    assert (watched.changed, watched.unusual, watched.refused) == (False, False, ())
    assert watched.customers.stayed == CUSTOMERS


def test_a_night_as_usual_says_so(tmp_path: Path, bank: Bank, last: Run):
    rng = np.random.default_rng(0)
    near = {}
    for name, each in last.embeddings().items():
        vectors = each.vectors + rng.normal(0, 0.01, each.vectors.shape).astype(np.float32)
        near[name] = replace(each, vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    run = night(tmp_path / "run", bank, near, rings(2))
    watched = watch(run, last, CONFIG)
    assert watched.described() == "as usual: no alarm in 2 tests"
    assert watched.changed


def test_ten_times_the_flags_an_empty_table_and_a_new_model_are_told(unusual: tuple[Run, Watched]):
    watched = unusual[1]
    texts = [reason.text for reason in watched.reasons]
    assert "call_notes is empty, and had 90 rows in the reference" in texts
    assert "12 rings are flagged, and 1 were in the reference" in texts
    assert any("space notes: another model made it" in line for line in watched.refused)
    assert watched.unusual
    assert watched._repr_html_().startswith("<table><caption>unusual: call_notes is empty")


@pytest.mark.parametrize(("flags", "expected"), [(10, False), (11, True)])
def test_the_bound_on_flags_is_the_one_that_is_set(flags: int, expected: bool, tmp_path: Path, bank: Bank, last: Run):
    assert watch(night(tmp_path / "run", bank, {}, rings(flags)), last, CONFIG).unusual is expected


def test_a_rate_that_the_guard_withholds_and_flags_that_are_gone_are_unusual(tmp_path: Path, bank: Bank, last: Run):
    withheld = rings(1, first=9)
    withheld.summary["rate_stated"] = False
    texts = [reason.text for reason in watch(night(tmp_path / "run", bank, {}, withheld), last, CONFIG).reasons]
    assert texts == [
        "the guard withholds the rate tonight, and the reference had one",
        "1 flagged ring of the reference is gone (100%)",
    ]


# --- refused ---------------------------------------------------------------------------------------------------------


def test_a_reference_of_another_bank_is_refused(tmp_path: Path, last: Run):
    frames = tiny_frames(30)
    renamed = {name: table.with_columns(customer_id="X" + pl.col("customer_id")) for name, table in frames.items()}
    del renamed["id_images"]
    other = night(tmp_path / "run", bank_at(tmp_path / "bank", 30, **renamed))
    with pytest.raises(DataError, match="of another bank: no customer is in both"):
        watch(other, last, CONFIG)


def test_no_reference_and_the_run_itself_are_refused_and_the_run_before_is_the_default(
    tmp_path: Path, bank: Bank, spaces: dict[str, Embeddings], last: Run
):
    with pytest.raises(DataError, match="follows no other"):
        watch(last)
    with pytest.raises(SettingsError, match="the same folder"):
        watch(last, last.folder)
    after = night(tmp_path / "after", bank, spaces, previous=last.folder)
    assert Path(watch(after, config=CONFIG).reference).resolve() == last.folder.resolve()
    with pytest.raises(DataError, match="no finished detection"):
        watch(last, tmp_path / "nowhere")


def test_records_that_are_gone_are_said_and_a_folder_that_is_named_is_read(
    tmp_path: Path, bank: Bank, spaces: dict[str, Embeddings]
):
    moved = bank_at(tmp_path / "here")
    run, reference = (night(tmp_path / name, moved, spaces) for name in ("run", "reference"))
    (tmp_path / "here").rename(tmp_path / "there")
    watched = watch(run, reference, CONFIG)
    assert sum("are not at hand" in line for line in watched.refused) == 2
    assert watched.volumes.is_empty()
    both = watch(run, reference, CONFIG, bank=tmp_path / "there", reference_bank=tmp_path / "there")
    assert both.refused == ()
    assert len(both.volumes) == 4
    with pytest.raises(DataError, match="not those that this run searched"):
        watch(run, reference, CONFIG, bank=bank.path)


@pytest.mark.parametrize(("segment", "why"), [("sex", "protected"), ("shoe", "no such column")])
def test_a_segment_that_cannot_be_used_is_refused(
    segment: str, why: str, tmp_path: Path, bank: Bank, spaces: dict[str, Embeddings], last: Run
):
    with pytest.raises(SettingsError, match=why):
        watch(night(tmp_path / "run", bank, spaces), last, replace(CONFIG, segment=segment))


def test_a_protected_column_is_audited_when_asked_and_never_taught(
    tmp_path: Path, bank: Bank, spaces: dict[str, Embeddings], last: Run
):
    asked = replace(CONFIG, segment="sex", protected=True)
    watched = watch(night(tmp_path / "run", bank, spaces), last, asked)
    assert not watched.alignment["shows"].any()
    assert watched.pairs.is_empty()


def test_a_bank_of_three_is_watched(tmp_path: Path):
    bank = bank_at(tmp_path / "bank", 3)
    run, reference = (night(tmp_path / name, bank, {"joint": space_of(bank.customer_ids, 0)}) for name in ("a", "b"))
    watched = watch(run, reference, CONFIG)
    assert any("too few to be compared" in line for line in watched.refused)
    assert watched.map is None
    write_watched(watched, tmp_path / "watch")
    assert "Nothing could be tested" in (tmp_path / "watch" / "watch.html").read_text()


# --- what is written -------------------------------------------------------------------------------------------------


def test_the_page_stands_alone_escapes_and_names_no_customer(unusual: tuple[Run, Watched], tmp_path: Path):
    write_watched(unusual[1], tmp_path)
    html = (tmp_path / "watch.html").read_text()
    assert HOSTILE not in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert not re.search(r"(src|href)=.?http", html)
    assert "This night is unusual" in html
    told = html + (tmp_path / "watch.json").read_text() + (tmp_path / "watch.prom").read_text()
    assert not re.search(r"\bC\d\d\b", told)


def test_the_same_night_is_written_the_same(unusual: tuple[Run, Watched], last: Run, tmp_path: Path):
    again = watch(unusual[0], last, replace(CONFIG, segment="segment"))
    for name, watched in (("a", unusual[1]), ("b", again)):
        write_watched(watched, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["columns.csv", "pairs_to_teach.csv", "shifts.csv", "watch.html", "watch.json", "watch.prom"]
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_pairs_are_such_as_training_reads_and_go_where_none_is_proposed(unusual: tuple[Run, Watched], tmp_path: Path):
    write_watched(unusual[1], tmp_path)
    assert len(read_business_pairs(tmp_path / "pairs_to_teach.csv")) == len(unusual[1].pairs) > 0
    write_watched(replace(unusual[1], pairs=unusual[1].pairs.clear()), tmp_path)
    assert not (tmp_path / "pairs_to_teach.csv").exists()


def test_metrics_are_in_the_format_of_prometheus(unusual: tuple[Run, Watched]):
    watched = unusual[1]
    text = metrics(watched)
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples)
    assert len(set(samples)) == len(samples)
    assert "ringsight_watch_unusual 1.0" in samples
    assert 'ringsight_watch_rows{table="call_notes",night="tonight"} 0.0' in samples
    awkward = replace(watched, columns=watched.columns.with_columns(column=pl.lit('a"b\\c\nd')))
    assert 'column="a\\"b\\\\c\\nd"' in metrics(awkward)
    for name in {line.split("{")[0].split(" ")[0] for line in samples}:
        assert f"# TYPE {name} gauge" in text


def test_figures_are_drawn(unusual: tuple[Run, Watched]):
    assert ringsight.Watched is Watched
    for figure in (
        shift_figure(unusual[1]),
        shift_figure(replace(unusual[1], shifts=unusual[1].shifts.clear())),
        watch_map_figure(unusual[1]),
        watch_map_figure(unusual[1], by="ring"),
        watch_map_figure(replace(unusual[1], map=None)),
    ):
        figure.draw_without_rendering()
    with pytest.raises(SettingsError, match="segment, ring, time, night"):
        watch_map_figure(unusual[1], by="height")


def test_the_command_leaves_with_3_where_the_night_is_unusual(
    tmp_path: Path, bank: Bank, spaces: dict[str, Embeddings], last: Run, capsys: pytest.CaptureFixture[str]
):
    usual, flags = night(tmp_path / "a", bank, spaces), night(tmp_path / "b", bank, spaces, rings(12))
    job(WatchJob(run=usual.folder, reference=last.folder, watch=CONFIG))
    assert "Nothing has changed since the reference." in capsys.readouterr().out
    with pytest.raises(SystemExit) as left:
        job(WatchJob(run=flags.folder, reference=last.folder, watch=CONFIG, out=tmp_path / "out"))
    assert left.value.code == UNUSUAL == 3
    assert "flags: 12 rings are flagged" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "watch.json").read_text())["unusual"] is True
    manifest = read_manifest(usual.paths)
    assert manifest is not None
    assert "watch" in manifest.files


@pytest.mark.slow
def test_the_exit_code_reaches_the_shell(tmp_path: Path, bank: Bank, spaces: dict[str, Embeddings], last: Run):
    run = night(tmp_path / "run", bank, spaces, rings(12))
    told = ringsight_command("watch", "run=run", f"reference={last.folder}", "watch.permutations=199", cwd=tmp_path)
    assert told.returncode == UNUSUAL, told.stderr
    assert (run.paths.watch / "watch.html").is_file()
    assert "Traceback" not in told.stderr
    refused = ringsight_command("watch", "run=run", "reference=run", cwd=tmp_path)
    assert refused.returncode == 1
    assert "the same folder" in refused.stderr


def test_a_customer_who_is_erased_is_in_no_pair(tmp_path: Path, unusual: tuple[Run, Watched], bank: Bank):
    run = night(tmp_path / "run", bank)
    write_watched(unusual[1], run.paths.watch)
    pairs = run.paths.watch / "pairs_to_teach.csv"
    customer = pl.read_csv(pairs)["customer_a"][0]
    erase_from_results(run.paths, customer, "erased:1")
    assert customer not in pairs.read_text()


def test_what_was_watched_goes_with_the_results_that_it_is_of(tmp_path: Path, unusual: tuple[Run, Watched], bank: Bank):
    run = night(tmp_path / "run", bank)
    write_watched(unusual[1], run.paths.watch)
    Run.begin(run.folder, bank)
    assert not run.paths.watch.exists()
