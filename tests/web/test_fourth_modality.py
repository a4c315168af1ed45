"""A modality of the user's own, of which there are embeddings alone: it counts, and shows wherever evidence shows."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from fastapi.testclient import TestClient
from finished_runs import explained
from simulated_bank import Simulation, flags, found, simulate
from test_web import PASSWORD, client, send

from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import SYSTEM, Role
from ringsight.detection.detect import detect
from ringsight.detection.results import Results
from ringsight.detection.settings import DetectConfig
from ringsight.explain import ledger as ledger_module
from ringsight.explain import statements as statements_module
from ringsight.explain.ledger import Ledger, ledger
from ringsight.explain.matching import COMPARERS, Comparer, gathering
from ringsight.explain.matching.sampling import Pair
from ringsight.explain.score_steps import score_steps
from ringsight.explain.statements import StatementKind
from ringsight.jobs.flags import flag_table
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.embeddings import Embeddings
from ringsight.records.reading import read_bank
from ringsight.report.palette import NEUTRAL, PAINTS, paint_of, paints_with

pytestmark = pytest.mark.slow

OWN, SPOKEN = "web_sessions", "web sessions"


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(1, customers=150, rings=2, tied=3)


@pytest.fixture(scope="module")
def embeddings(simulation: Simulation) -> dict[str, Embeddings]:
    """Notes, and sessions in place of transactions and images."""
    own = replace(simulation.embeddings["transactions"], space=OWN, modality=OWN)
    return {"notes": simulation.embeddings["notes"], OWN: own}


@pytest.fixture(scope="module")
def folder(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fourth") / "bank"
    folder.mkdir()
    day = pl.lit(datetime(2020, 1, 1))
    customers = simulation.bank.customers.select("customer_id", opened_at=day)
    customers.write_csv(folder / "customers.csv")
    calls = customers.select("customer_id", note_id="N" + pl.col("customer_id"), timestamp=day, text=pl.lit("a call"))
    calls.write_csv(folder / "call_notes.csv")
    return folder


@pytest.fixture(scope="module")
def bank(folder: Path) -> Bank:
    return read_bank(BankConfig(path=folder))


@pytest.fixture(scope="module")
def results(bank: Bank, embeddings: dict[str, Embeddings]) -> Results:
    return detect(bank, embeddings, DetectConfig(permutations=40), seed=0)


@pytest.fixture(scope="module")
def run(results: Results, bank: Bank, embeddings: dict[str, Embeddings], folder: Path) -> Path:
    out = folder.parent / "run"
    explained(out, results, bank, embeddings)
    return out


@pytest.fixture
def browser(run: Path, folder: Path, sqlite_url: str) -> Iterator[TestClient]:
    with open_casebook(sqlite_url) as book:
        yield signed_in(book, run, folder)


def signed_in(book: CaseBook, run: Path, bank: Path) -> TestClient:
    book.import_run(run, bank)
    book.accounts.add("ana", Role.analyst, PASSWORD, SYSTEM)
    return client(book, "ana")


def first(results: Results, bank: Bank) -> Ledger:
    return ledger(results.rings["ring_id"][0], results, bank)


def test_it_counts_as_much_as_any_other(simulation: Simulation, results: Results, bank: Bank):
    assert all(found(ring, flags(results)) for ring in simulation.rings)
    known = {name: simulation.embeddings[name] for name in ("notes", "transactions")}
    under_another_name = detect(bank, known, DetectConfig(permutations=40), seed=0)
    assert results.rings.equals(under_another_name.rings.with_columns(pl.col("proposer").replace("transactions", OWN)))
    assert results.summary["customers_with"] == {"notes": 150, OWN: 150}


def test_it_is_a_source_of_links_and_of_agreement(results: Results):
    assert set(results.links["source"]) == {"notes", OWN}
    own = results.agreement.filter(pl.col("source") == OWN)
    assert set(own.select("kind", "modality").iter_rows()) == {("space", OWN)}
    assert len(own) == len(results.rings)
    for _, _, tie in results.graph(results.rings["ring_id"][0]).edges(data=True):
        assert tie["by_source"].keys() <= {"notes", OWN}


def test_it_is_in_the_ledger_which_says_that_its_records_are_not_compared(results: Results, bank: Bank):
    made = first(results, bank)
    assert {space for link in made.links for space in link.spaces} == {"notes", OWN}
    texts = {kind: [s.text for s in made.statements if s.kind is kind] for kind in StatementKind}
    assert SPOKEN in texts[StatementKind.corroboration][0]
    assert texts[StatementKind.not_compared] == [
        f"No records of {SPOKEN} are shown side by side: nothing compares them."
    ]
    assert OWN not in made.matching_records
    assert any(SPOKEN in step.label for step in score_steps(made.ring, made.agreement, made.conditions))
    assert Ledger.from_json(made.to_json()).to_json() == made.to_json()


def test_it_is_in_the_report_in_the_neutral_paint(run: Path, results: Results):
    html = (run / "report.html").read_text(encoding="utf-8")
    assert f'class="fill-{NEUTRAL.css}"' in html
    assert f".line-{NEUTRAL.css}" in html
    assert f"</svg>{SPOKEN}</li>" in html  # the legend
    assert f"<dt>with {SPOKEN}</dt><dd>150</dd>" in html
    bars = [line for line in html.splitlines() if 'class="bar"' in line]
    assert len(bars) >= results.summary["flagged"]
    assert any(f"{SPOKEN} " in bar for bar in bars)


def test_it_is_on_the_page(browser: TestClient):
    page = browser.get("/cases/K1").text
    assert f"</svg>{SPOKEN}</li>" in page
    assert f"line-{NEUTRAL.css}" in page
    assert f"{SPOKEN} (" in page
    assert f"No records of {SPOKEN}" in page
    assert f".fill-{NEUTRAL.css}" in browser.get("/review.css").text
    dossier = browser.get("/cases/K1/dossier.html").text
    assert f"{SPOKEN} " in dossier


def test_it_is_in_the_table_of_the_command_line(results: Results):
    assert [str(column.header) for column in flag_table(results).columns][2:7] == [
        "transactions",
        "notes",
        "ID images",
        "shared values",
        SPOKEN,
    ]


@dataclass(frozen=True, slots=True)
class MatchingSessions:
    """What a comparer of the user's own would find."""

    modality: ClassVar[str] = OWN
    customer_a: str
    customer_b: str
    browser: str

    @property
    def weight(self) -> float:
        return 1.0

    @property
    def cites(self) -> tuple[str, ...]:
        return self.customer_a, self.customer_b

    @property
    def sentence(self) -> str:
        return f"Sessions of {self.customer_a} and {self.customer_b}: one browser, {self.browser}."


def compare(bank: Bank, pairs: Collection[Pair]) -> Mapping[Pair, MatchingSessions]:
    return {(a, b): MatchingSessions(a, b, "Lynx <2.8>") for a, b in pairs}


def test_one_entry_among_the_comparers_sets_its_records_side_by_side(
    results: Results,
    bank: Bank,
    run: Path,
    folder: Path,
    tmp_path: Path,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
):
    for module in (gathering, ledger_module, statements_module):
        monkeypatch.setattr(module, "COMPARERS", (*COMPARERS, Comparer(MatchingSessions, compare)))
    made = first(results, bank)
    assert len(made.matching_records[OWN]) > 1
    assert not [s for s in made.statements if s.kind is StatementKind.not_compared]
    assert any("one browser" in s.text for s in made.statements)
    assert Ledger.from_json(made.to_json()) == Ledger.from_json(first(results, bank).to_json())
    again = tmp_path / "run"
    explained(again, results, bank)
    assert "one browser, Lynx &lt;2.8&gt;." in (again / "report.html").read_text(encoding="utf-8")
    with open_casebook(sqlite_url) as book:
        shown = send(signed_in(book, again, folder), "/cases/K1/comparison").text
    assert shown.count("one browser, Lynx &lt;2.8&gt;.") == 2


def test_a_modality_without_a_paint_has_the_neutral_one_under_its_name():
    assert (paint_of(OWN).css, paint_of(OWN).label) == (NEUTRAL.css, SPOKEN)
    assert paint_of("entities").label == "entities"  # a modality of that name is not taken for the entity columns
    assert paints_with(["zeal", OWN, "notes", ""]) == (*PAINTS, paint_of(OWN), paint_of("zeal"))
    assert len({paint.css for paint in (*PAINTS, NEUTRAL)}) == len(PAINTS) + 1


def test_paints_are_told_from_each_other_and_from_the_page():
    for shade in ("light", "dark"):
        page = {"light": "#ffffff", "dark": "#191e23"}[shade]
        for paint in (*PAINTS, NEUTRAL):
            assert contrast(getattr(paint, shade), page) >= 3, (paint.css, shade)
    assert len({paint.dash for paint in (*PAINTS, NEUTRAL)}) == len(PAINTS) + 1


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (Web Content Accessibility Guidelines 2.2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    shares = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
