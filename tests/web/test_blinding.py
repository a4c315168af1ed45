"""Before analysts ask for the score, no page tells it: no figure, no rate, and no sentence that draws on them."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from case_world import World
from fastapi.testclient import TestClient
from finished_runs import explained
from test_web import PASSWORD, client, send

from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import SYSTEM, Role
from ringsight.detection.results import Results
from ringsight.explain.blinding import blind
from ringsight.explain.ledger import Ledger, read_ledger
from ringsight.explain.score_steps import StepKind, score_steps
from ringsight.explain.statements import StatementKind
from ringsight.records.bank import BankConfig
from ringsight.records.reading import read_bank
from ringsight.runs.run import Run

RING = {"score": 4721.3, "adjusted_score": 3187.6, "p_value": 0.0613, "q_value": 0.0371, "adjusted_q_value": 0.0427}
GIVEN = {"score": 3899.7, "q_value": 0.0587}
WITHOUT = {"score": 2816.9, "q_value": 0.0729}
FIT = {"p_value": 0.0457, "q_value": 0.0643}
PERHAPS_FITS = 0.0229
PERHAPS = {"customer_id": "C29", "p_value": PERHAPS_FITS}
SHOWN_LATER = ("Flagged.", "No innocent column explains it.", "still significant (q", "yes (q", "Leave out?")
"""How the sentences that are hidden begin, or what they hold."""


@pytest.fixture
def run(world: World) -> Path:
    """A run of one ring, C00 to C02, whose figures can be nothing else than a score or a rate."""
    folder = world.run_alike()
    before = Run(folder).results
    conditions = [
        ("R1", "innocent", "address", "Mill Lane", 3, 7.0, GIVEN["score"], GIVEN["q_value"], False),
        ("R1", "without", "notes", "", 0, 6.0, WITHOUT["score"], WITHOUT["q_value"], False),
    ]
    results = replace(
        before,
        rings=before.rings.with_columns(**{name: pl.lit(figure) for name, figure in RING.items()}),
        conditions=pl.DataFrame(conditions, before.conditions.schema, orient="row"),
        members=before.members.with_columns(
            **{name: pl.lit(rate) for name, rate in FIT.items()}, fit=pl.lit("leave out?")
        ),
        perhaps=pl.DataFrame([PERHAPS | {"ring_id": "R1"}]).select(before.perhaps.columns),
    )
    explained(folder, results, read_bank(BankConfig(path=world.bank)))
    return folder


@pytest.fixture
def book(run: Path, world: World, sqlite_url: str) -> Iterator[CaseBook]:
    with open_casebook(sqlite_url) as book:
        book.import_run(run, world.bank)
        book.accounts.add("ana", Role.analyst, PASSWORD, SYSTEM)
        yield book


def secrets(run: Path) -> list[str]:
    """Every figure that tells the score or a rate, as a page might write it."""
    ledger = read_ledger(run / "rings" / "R1" / "ledger.json")
    steps = score_steps(ledger.ring, ledger.agreement, ledger.conditions)
    scores = [RING["score"], RING["adjusted_score"], GIVEN["score"], WITHOUT["score"]]
    scores += [abs(step.bits) for step in steps if step.kind in (StepKind.chance, StepKind.score)]
    rates = [RING["p_value"], RING["q_value"], RING["adjusted_q_value"], GIVEN["q_value"], WITHOUT["q_value"]]
    rates += [*FIT.values(), PERHAPS_FITS]
    written = {form.format(score) for score in scores for form in ("{:.1f}", "{:.0f}", "{:,.0f}", "{:g}")}
    return sorted(written | {form.format(rate) for rate in rates for form in ("{:g}", "{:.3f}", "{:.1%}", "{:.2%}")})


def told(text: str, run: Path) -> list[str]:
    """The secrets that stand in a text as words of their own, not within a longer figure."""
    return [secret for secret in secrets(run) if re.search(rf"(?<![\w.]){re.escape(secret)}(?!\w)", text)]


def before_asking(browser: TestClient) -> dict[str, str]:
    """Everything that an analyst can see of the case without the score, by address."""
    pages = {address: browser.get(address).text for address in ("/", "/cases/K1")}
    for part in ("comparison", "members", "unmask", "cards", "script"):
        pages[part] = send(browser, f"/cases/K1/{part}").text
    for part in ("records", "around"):
        pages[part] = send(browser, f"/cases/K1/{part}", customer="C00").text
    cell = {"customer": "C00", "kind": "day", "value": "2026-06-30"}
    pages["transactions"] = browser.get("/cases/K1/transactions", params=cell).text
    return pages


def visible(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_no_figure_of_the_score_is_on_any_page_until_it_is_asked_for(book: CaseBook, run: Path):
    ana = client(book, "ana")
    for address, page in before_asking(ana).items():
        assert told(page, run) == [], address  # the source, not just what is seen
        without_images = re.sub(r"base64,[^\"]*", "", page)
        assert not re.search(r"leave.out|doubtful|perhaps|\bC29\b", without_images, re.IGNORECASE), address
        assert not re.search("significant|survives|no innocent column|proxy", page, re.IGNORECASE), address
    asked = send(ana, "/cases/K1/score").text
    for figure in (
        "3187.6",
        "4721.3",
        "0.0427",
        "0.0371",
        "0.0613",
        "3899.7",
        "0.0587",
        "0.0643",
        "0.0229",
        "C29",
        "leave out?",
        "still significant",
        "Survives without notes",
    ):
        assert figure in asked


def test_sentences_that_draw_on_the_score_are_hidden_and_the_others_are_not(book: CaseBook, run: Path):
    ana = client(book, "ana")
    statements = read_ledger(run / "rings" / "R1" / "ledger.json").statements
    page = visible(ana.get("/cases/K1").text)
    for statement in statements:
        tells = bool(told(statement.text, run)) or statement.kind is StatementKind.members
        assert (statement.text in page) != tells, statement.text
    for words in SHOWN_LATER:
        assert any(words in statement.text for statement in statements), words
        assert words not in page
    asked = visible(send(ana, "/cases/K1/score").text)
    assert [s.text for s in statements if s.text in asked] == [s.text for s in statements[:3:2]]


Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
INSERTED = {"kind": "verdict", "text": "Flagged. A sentence of a later version, q 0.0371.", "records": ["NC00"]}


@pytest.mark.parametrize(
    "change",
    [
        lambda statements: statements[::-1],
        lambda statements: statements[1:] + statements[:1],
        *(lambda statements, at=at: [*statements[:at], INSERTED, *statements[at:]] for at in (0, 3)),
    ],
    ids=["reversed", "turned", "inserted at 0", "inserted at 3"],
)
def test_it_makes_no_difference_where_a_sentence_stands(book: CaseBook, run: Path, change: Change):
    """Sentences are told by their kind, so that one inserted, or another order, gives nothing away."""
    file = run / "rings" / "R1" / "ledger.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    shown = [each["text"] for each in content["statements"] if not blind(StatementKind(each["kind"]))]
    content["statements"] = change(content["statements"])
    file.write_text(json.dumps(content), encoding="utf-8")
    ana = client(book, "ana")
    html = ana.get("/cases/K1").text
    assert told(html, run) == []
    assert all(text in visible(html) for text in shown)
    assert "A sentence of a later version" not in html


@pytest.mark.parametrize(
    "other",
    [
        lambda results: replace(results, rings=results.rings.with_columns(adjusted_score=pl.lit(-250.0))),
        lambda results: replace(results, conditions=results.conditions.clear()),
    ],
    ids=["another score", "below the line, where no condition is tried"],
)
@pytest.mark.slow
def test_the_bars_do_not_tell_the_score(book: CaseBook, run: Path, world: World, other: Callable[[Results], Results]):
    """The same evidence is drawn the same, whatever comes of it."""
    drawn = []
    for change in (lambda results: results, other):
        results = change(Run(run).results)
        explained(run, results, read_bank(BankConfig(path=world.bank)))
        page = client(book, "ana").get("/cases/K1").text
        drawn.append(page[page.index('<svg class="picture waterfall"') : page.index('<div id="score"')])
    assert drawn[0] == drawn[1]


def test_each_kind_is_hidden_or_shown_and_no_two_are_taken_for_each_other():
    hidden = {
        StatementKind.verdict,
        StatementKind.explanation,
        StatementKind.condition,
        StatementKind.members,
        StepKind.chance,
        StepKind.score,
        StepKind.explained,
    }
    every = [*StatementKind, *StepKind]
    assert {kind for kind in every if blind(kind)} == hidden
    assert len({kind.value for kind in every}) == len(every)


def test_each_sentence_is_of_its_kind(run: Path):
    ledger: Ledger = read_ledger(run / "rings" / "R1" / "ledger.json")
    of_kind = {kind: [s.text for s in ledger.statements if s.kind is kind] for kind in StatementKind}
    assert [text.split(".")[0] for text in of_kind[StatementKind.verdict]] == ["Flagged"]
    assert all("Corroborated by" in text for text in of_kind[StatementKind.corroboration])
    assert all(text.startswith("No innocent column") for text in of_kind[StatementKind.explanation])
    assert [text.split(":")[0] for text in of_kind[StatementKind.condition]] == [
        "Given the same address (3 members have one)",
        "Survives without notes",
    ]
    assert [text.split()[0] for text in of_kind[StatementKind.matching_records]] == ["Notes", "Transactions"]
    assert all("splits" in text or "bridge" in text for text in of_kind[StatementKind.fragility])
    assert of_kind[StatementKind.not_compared] == []
