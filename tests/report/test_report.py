"""The report is one file, says what it must, shows no hostile text as markup, and is the same twice."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bank_of_records import link_table
from made_results import results_with
from PIL import Image

from ringsight.detection.results import (
    AGREEMENT,
    CALIBRATION,
    COMMUNITIES,
    COMMUNITY_MEMBERS,
    CONDITIONS,
    MEMBERS,
    NULL,
    PAIRS,
    PERHAPS,
    RINGS,
    Results,
)
from ringsight.errors import DataError
from ringsight.explain.ledger import Ledger, ledger, ledgers_of, reviewed
from ringsight.explain.score_steps import Step, StepKind, score_steps
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.report import spacemap, write_report
from ringsight.report.linkgraph import link_graph
from ringsight.report.marked_notes import LONGEST, Span, note
from ringsight.report.nullchart import null_chart
from ringsight.report.spacemap import space_map
from ringsight.report.waterfall import cut_score, waterfall

HOSTILE = "<script>alert('note')</script><img src=x onerror=alert(1)> & \"quoted\""
QUOTED_NAME = 'id "one"\'s.png'
START = datetime(2024, 1, 1)
IDS = [f"C{i:02d}" for i in range(40)]
PROTECTED = "Wilhelmina"
TESTED = ("Rflag", "Rclose", "Rheld")
"""Rings whose members were tested."""
STATED = {
    "fdr": 0.05,
    "rate_stated": True,
    "expected_false_flags": 0.2,
    "guard": [{"quantile": 0.5, "shift": 0.12, "spread": 0.04, "bound": 0.3}],
    "shared_directions": [{"strength": 0.61, "column": "branch", "explained": 0.83}],
    "seed": 7,
    "model_hashes": {"notes": "abc"},
}
WITHHELD = STATED | {
    "rate_stated": False,
    "expected_false_flags": None,
    "guard": [{"quantile": 0.5, "shift": 0.71, "spread": 0.04, "bound": 0.3}],
}
SCRIPT = "the parcel <b>stands</b> at the customs office and the fee is due"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Forty customers; C00 to C03 share a device and have records, hostile, missing and too long.

    C20 to C23 have one picture, one script and one rhythm.
    """
    folder = tmp_path_factory.mktemp("bank")
    rng = np.random.default_rng(0)
    for number in range(20, 32):
        seed = np.random.default_rng(99) if number < 24 else rng
        pattern = Image.fromarray(seed.integers(0, 255, (12, 18), dtype=np.uint8)).resize((360, 240))
        pattern.save(folder / f"C{number}.png")
    Image.new("RGB", (900, 600), "teal").save(folder / QUOTED_NAME)
    Image.new("L", (50, 80)).save(folder / "grey.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    owners = [customer for customer in [*IDS[:4], *IDS[20:24]] for _ in range(30)]
    return Bank(
        path=folder,
        customers=pl.DataFrame(
            {
                "customer_id": IDS,
                "opened_at": [START] * 39 + [None],
                "segment": ["<b>retail</b>"] * 40,
                "region": ["north"] * 40,
                "device_id": ["D<1>"] * 3 + [None] * 37,
                "branch": ["B7"] * 20 + ["B<8>"] * 20,
                "name": [PROTECTED] * 40,
            }
        ),
        records={
            "transactions": pl.DataFrame(
                {
                    "transaction_id": [f"T{i}" for i in range(240)],
                    "customer_id": pl.Series(owners, dtype=pl.Categorical),
                    "timestamp": [START + timedelta(hours=7 * (i % 30), minutes=i // 30) for i in range(240)],
                    "amount": [(-1.0) ** i * (i % 30) for i in range(240)],
                    "counterparty_id": [f"P<{i % 5}>" for i in range(240)],
                }
            ),
            "notes": pl.DataFrame(
                {
                    "note_id": ["N0", "N1", "N2", "N3", "N4"],
                    "customer_id": ["C00", "C01", "C02", "C20", "C21"],
                    "timestamp": [START] * 5,
                    "text": [
                        HOSTILE,
                        "long " * 10_000,
                        "please raise my card limit today",
                        f"So: {SCRIPT}, now.",
                        SCRIPT,
                    ],
                }
            ),
            "id_images": pl.DataFrame(
                {
                    "image_id": ["I0", "I1", "I2", "I3", *(f"I{number}" for number in range(20, 32))],
                    "customer_id": ["C00", "C01", "C02", "C03", *IDS[20:32]],
                    "path": [
                        QUOTED_NAME,
                        "gone.jpg",
                        "broken.jpg",
                        "grey.jpg",
                        *(f"{name}.png" for name in IDS[20:32]),
                    ],
                }
            ),
        },
        roles={"device_id": ColumnRole.evidence, "branch": ColumnRole.innocent, "name": ColumnRole.protected},
        quarantine=pl.DataFrame(schema={"file": pl.String, "row": pl.Int64, "column": pl.String, "reason": pl.String}),
        data_hash="d" * 64,
    )


@pytest.fixture(scope="module")
def results() -> Results:
    """Two flagged rings, C00 to C03 and C20 to C23; one held, C05 to C07; one explained, C30 to C32; one of chance."""
    rings = {"Rflag": IDS[:4], "Rclose": IDS[20:24], "Rheld": IDS[5:8], "Rhome": IDS[30:33], "Rpass": IDS[10:13]}
    across, inside = ("across", "notes", 0.0), ("inside", "id_images", 16.0)
    figures = {
        "Rflag": (4, 21.5, 0.0001, 0.002, 19.0, 0.003, True, *across, "", ""),
        "Rclose": (4, 12.5, 0.0001, 0.002, 12.5, 0.003, True, *inside, "", ""),
        "Rheld": (3, 11.5, 0.0001, 0.002, 11.5, 0.003, False, *across, "", "name"),
        "Rhome": (3, 10.5, 0.0001, 0.002, 1.5, 0.5, False, *across, "branch", ""),
        "Rpass": (3, 3.1, 0.4, 0.6, 1.1, 0.6, False, *across, "", ""),
    }
    agreement = [
        row
        for ring in rings
        for row in (
            (ring, "id_images", "space", "id_images", 4, 7.0, "proposed" if ring == "Rclose" else "across"),
            (ring, "notes", "space", "notes", 3, 9.0, "across" if ring == "Rclose" else "proposed"),
            (ring, "transactions", "space", "transactions", 4, -1.0, "across"),
            (ring, "device_id", "entity", "", 3, 18.0, "across"),
        )
    ]
    conditions = [
        ("Rflag", "innocent", "branch", "B7", 4, 21.0, 19.0, 0.003, False),
        ("Rflag", "protected", "name", PROTECTED, 4, 24.0, 21.0, 0.002, False),
        ("Rflag", "without", "id_images", "", 0, 3.0, 1.0, 0.9, True),
        ("Rflag", "only", "notes + device_id", "", 0, 18.0, 17.0, 0.004, False),
        ("Rheld", "protected", "name", PROTECTED, 3, 2.0, 1.0, 0.9, True),
        ("Rhome", "innocent", "branch", "B<8>", 3, 3.0, 1.5, 0.5, True),
    ]
    pairs = combinations(IDS[20:24], 2)
    links = [
        ("Rflag", "C00", "C01", {"transactions": 8.0, "id_images": 4.0}),
        ("Rflag", "C01", "C02", {"notes": 12.0}),
        ("Rflag", "C02", "C03", {"device_id": 8.0}),
        ("Rpass", "C10", "C11", {"transactions": 3.0}),
        *(("Rclose", a, b, {"transactions": 2.0, "notes": 3.0, "id_images": 9.0}) for a, b in pairs),
    ]

    fits = {"C02": (0.03, 0.0777, "leave out?"), "C03": (0.4444, 0.5, "doubtful")}
    members = [
        (ring, customer, *(fits.get(customer, (0.0001, 0.0002, "fits")) if ring in TESTED else (None, None, "")))
        for ring, ids in rings.items()
        for customer in ids
    ]

    def table(rows: Sequence[tuple[object, ...]], schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=schema, orient="row")

    return results_with(
        rings=table([(ring, *row) for ring, row in figures.items()], RINGS),
        members=table(members, MEMBERS),
        perhaps=table([("Rflag", "C35", 0.0004)], PERHAPS),
        links=link_table(links),
        agreement=table(agreement, AGREEMENT),
        conditions=table(conditions, CONDITIONS),
        communities=table([("Cwide", 13, 14.0, 12.0, "transactions")], COMMUNITIES),
        community_members=table([("Cwide", customer) for customer in IDS[12:20]], COMMUNITY_MEMBERS),
        pairs=table([("C33", "C34", 23.5, 0.0123)], PAIRS),
        calibration=table([(0.25, -1.0, -1.1, 0.2), (0.5, 1.5, 1.4, 0.1), (0.9, 6.5, 6.0, 0.3)], CALIBRATION),
        null=table([(i % 20, 3 + i % 4, 1.0 + i % 7) for i in range(200)], NULL),
        summary=STATED,
    )


@pytest.fixture(scope="module")
def joint() -> Embeddings:
    vectors = np.random.default_rng(0).normal(size=(len(IDS), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(space=JOINT, customer_ids=np.array(IDS), vectors=vectors, model_hash="m", data_hash="d")


Report = Callable[[Results], str]


@pytest.fixture
def report(bank: Bank, joint: Embeddings, tmp_path: Path) -> Report:
    """Write and read the report of some results."""

    def report_of(results: Results) -> str:
        write(results, bank, {JOINT: joint}, tmp_path / "report.html")
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return report_of


@pytest.fixture(scope="module")
def html(bank: Bank, joint: Embeddings, results: Results, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of `results`."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write(results, bank, {JOINT: joint}, path)
    return path.read_text(encoding="utf-8")


class _Page(HTMLParser):
    """What a browser would make of the file."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def write(results: Results, bank: Bank, embeddings: dict[str, Embeddings], path: Path) -> None:
    write_report(results, bank, embeddings, path, ledgers_of(results, bank, reviewed(results)))


def flagless(results: Results) -> Results:
    nothing = pl.lit("")
    rings = results.rings.with_columns(flagged=pl.lit(value=False), held=nothing, explanation=nothing)
    return replace(results, rings=rings)


def empty() -> Results:
    return results_with(summary=STATED | {"fdr": 0.1, "expected_false_flags": 0.0})


def test_it_states_its_error_rate_and_what_it_does_not_claim(html: str, bank: Bank):
    text = " ".join(_Page(html).text.split())
    assert f"Rings in {bank.path.name}" in text
    assert "Of the 2 flagged rings, fewer than one can be expected to be false." in text
    assert "A flag is false if no one hand ties at least three of its members" in text
    assert "at most 5 % of the flags are, on average" in text
    assert "This rests on one assumption" in text
    assert "not fraud" in text


def test_it_shows_how_well_chance_was_imitated_before_the_list(html: str):
    assert html.index('id="calibration"') < html.index('id="flags"')
    told = words(section(html, "calibration"))
    assert "agree by 0.12 bits more than chance does at their median (by chance this figure varies by 0.04); " in told
    assert "; beyond 0.30 no rate" in told
    assert "goes with branch (83% of it)" in told
    assert section(html, "calibration").count('class="seen"') == 1 + 3  # that of the legend, and three quantiles


def test_where_no_rate_can_be_stated_a_warning_stands_in_its_place(report: Report, results: Results):
    empty = [pl.lit(None, pl.Float64).alias(name) for name in ("p_value", "q_value", "adjusted_q_value")]
    conditions = results.conditions.with_columns(empty[1])
    html = report(replace(results, rings=results.rings.with_columns(empty), conditions=conditions, summary=WITHHELD))
    shown = words(html[html.index("<body>") : html.index("Provenance")])
    assert "No error rate can be stated of this list." in shown
    assert "by 0.71 bits at their median, where 0.30 is allowed" in shown
    assert "belongs in bank.strata" in shown
    assert "5 %" not in shown
    for secret in ("0.0777", "0.0123", "0.0004", "< 0.0001"):  # of members, pairs and outsiders
        assert secret not in shown
    assert not re.search(r"\b[qp] [\d<]|\bq\b|\bnot stated\b", shown)
    assert not re.search(r"\bflagged\b", shown.split("How to read this")[0])
    assert "Rflag" in section(html, "flags")


def test_every_member_is_shown_with_how_surely_they_belong(html: str):
    table = words(case(html, "Rflag"))
    assert "C02 leave out? 0.0777" in table
    assert "C03 doubtful 0.5000" in table
    assert "C00 fits 0.0002" in table


def test_outsiders_who_fit_stand_apart_from_the_members(html: str):
    one = case(html, "Rflag")
    members, perhaps = one.split("Perhaps they belong too")
    assert "C35" not in members[members.index("Members, the best linked first") :]
    assert "C35 0.0004" in words(perhaps)
    assert "4 members" in words(one)
    assert "Perhaps they belong too" not in case(html, "Rclose")


def test_communities_stand_apart_with_a_warning(html: str):
    told = words(section(html, "communities"))
    assert "they carry no error rate" in told
    assert "Cwide · 8 customers · score 12.0 · alike in transactions" in told
    assert "C12, C13" in told
    assert "Cwide" not in section(html, "flags")


def test_alike_pairs_stand_apart_with_a_rate_of_their_own(html: str):
    told = words(section(html, "pairs"))
    assert "same person? second account?" in told
    assert "C33 C34 23.5 0.0123" in told


@pytest.mark.slow
def test_what_was_not_found_has_no_section(report: Report, results: Results):
    html = report(replace(results, communities=results.communities[:0], pairs=results.pairs[:0]))
    assert 'id="communities"' not in html
    assert 'id="pairs"' not in html
    assert "nothing can be held against chance" in words(report(replace(results, calibration=results.calibration[:0])))


def test_it_needs_nothing_but_itself(html: str):
    page = _Page(html)
    assert page.open == []
    for tag, attributes in page.elements:
        assert tag not in {"script", "link", "iframe", "object", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "srcset", "xlink:href", "action"}:
                assert value is not None
                assert value.startswith(("#", "data:image/jpeg;base64,"))
    assert "url(" not in html


def test_every_inner_link_has_its_goal_and_every_picture_its_words(html: str):
    page = _Page(html)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    goals = {str(attributes["href"])[1:] for tag, attributes in page.elements if tag == "a"}
    assert goals
    assert goals <= set(ids)
    for tag, attributes in page.elements:
        if tag == "svg":
            assert {"aria-label", "aria-labelledby", "aria-hidden"} & attributes.keys()
        if tag == "img":
            assert attributes["alt"]


def test_of_a_long_list_only_the_best_are_shown_in_full_and_it_says_where_the_rest_is(
    report: Report, results: Results, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ringsight.report.page.SHOWN_IN_FULL", 1)
    monkeypatch.setattr("ringsight.report.page.EXPLAINED_SHOWN", 0)
    html = report(results)
    cases = [attributes for tag, attributes in _Page(html).elements if attributes.get("class") == "case"]
    listed = results.rings.filter(pl.col("flagged") | (pl.col("held") != "")).height
    assert len(cases) == 1 < listed
    assert f"The first 1 of {listed} rings" in html
    assert "more are in rings.csv, with the column that explains them" in html
    test_every_inner_link_has_its_goal_and_every_picture_its_words(html)
    assert sum(f">{ring_id}<" in html for ring_id in results.rings.filter("flagged")["ring_id"]) == listed - 1


def test_a_list_says_how_many_rows_it_leaves_out(report: Report, results: Results, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ringsight.report.page.LISTED", 0)
    text = " ".join(_Page(report(results)).text.split())
    assert f"{results.rings['flagged'].sum()} more are in rings.csv." in text
    assert "1 more are in pairs.csv." in text
    assert "1 more are in communities.csv." in text


def test_hostile_text_stays_text(html: str):
    assert "<script" not in html.lower()
    assert "<b>retail" not in html
    page = _Page(html)
    assert HOSTILE in page.text
    assert "D<1>" in page.text


def test_hostile_ids_stay_text(bank: Bank, joint: Embeddings, results: Results, tmp_path: Path):
    hostile = results.rings["ring_id"].replace("Rflag", '"><script>')
    wild = replace(
        results,
        rings=results.rings.with_columns(ring_id=hostile),
        members=results.members.with_columns(pl.col("ring_id").replace("Rflag", '"><script>')),
        links=results.links.with_columns(pl.col("ring_id").replace("Rflag", '"><script>')),
        agreement=results.agreement.with_columns(pl.col("ring_id").replace("Rflag", '"><script>')),
        conditions=results.conditions.with_columns(pl.col("ring_id").replace("Rflag", '"><script>')),
    )
    write(wild, bank, {JOINT: joint}, tmp_path / "report.html")
    assert "<script" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_images_become_small_copies_or_the_reason_why_not(html: str):
    page = _Page(html)
    images = [attributes for tag, attributes in page.elements if tag == "img"]
    assert {str(attributes["alt"]) for attributes in images} == {f"ID image I{n}" for n in (0, 3, 20, 21, 22, 23)}
    assert all(len(str(attributes["src"])) < 60_000 for attributes in images)
    assert "ID image: no such file" in page.text
    assert "ID image: damaged image" in page.text


def test_a_long_note_is_shortened_and_says_so(html: str):
    page = _Page(html)
    assert page.text.count("long ") < 200
    assert f"{50_000 - LONGEST:,} more characters" in page.text


def test_protected_columns_are_not_shown(html: str):
    assert PROTECTED not in html


def test_personal_data_lies_folded(html: str):
    assert "<details open" not in html
    outside = re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL)
    assert "<img" not in outside
    assert "alert" not in outside


def test_shared_evidence_and_innocent_values_are_told_apart(html: str):
    text = " ".join(_Page(html).text.split())
    assert "device id D<1> · 3 of 4, 7.5% of the bank" in text
    assert "branch B7 · 4 of 4, 50% of the bank · innocent" in text


def test_evidence_adds_up_to_the_bits_of_the_links(html: str):
    assert "transactions 2.0, notes 3.0, ID images 1.0, shared values 2.0 bits per member" in html


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes(report: Report, results: Results, html: str):
    assert report(results) == html


@pytest.mark.parametrize("make", [flagless, lambda _: empty()], ids=["no flag", "no ring"])
def test_a_detection_without_flags_is_reported(report: Report, results: Results, make: Callable[[Results], Results]):
    page = _Page(report(make(results)))
    assert "No ring is flagged" in page.text
    assert page.open == []


def test_a_bank_without_records_or_embeddings_is_reported(bank: Bank, results: Results, tmp_path: Path):
    bare = bank.with_records(**{modality: records[:0] for modality, records in bank.records.items()})
    write(results, bare, {}, tmp_path / "report.html")
    text = _Page((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "no joint embedding" in text
    assert "no ID image" in text


def test_the_detection_of_another_bank_is_refused(bank: Bank, results: Results, tmp_path: Path):
    other = replace(bank, customers=bank.customers[5:])
    with pytest.raises(DataError, match="'C00'"):
        write_report(results, other, {}, tmp_path / "report.html", ledgers_of(results, bank, reviewed(results)))
    assert not (tmp_path / "report.html").exists()


def test_the_map_holds_every_customer_once_and_stays_in_its_frame(results: Results, joint: Embeddings):
    drawn = space_map(results, joint)
    assert drawn is not None
    dots = re.findall(r"M([\d.]+) ([\d.]+)h0", drawn.dots + "".join(star.dots for star in drawn.stars))
    assert len(dots) == len(IDS) == len(drawn.others) + sum(len(star.places) for star in drawn.stars)
    assert all(0 <= float(x) <= drawn.width and 0 <= float(y) <= drawn.height for x, y in dots)
    assert [star.ring_id for star in drawn.stars] == ["Rflag", "Rclose"]


def test_the_map_of_a_large_bank_keeps_every_flagged_member(
    results: Results, joint: Embeddings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(spacemap, "LARGEST_TSNE", 10)
    drawn = space_map(results, joint)
    assert drawn is not None
    assert drawn.customers == 10
    assert [star.dots.count("h0") for star in drawn.stars] == [4, 4]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_the_map_of_hardly_anybody(joint: Embeddings, n: int):
    few = Embeddings(JOINT, joint.customer_ids[:n], joint.vectors[:n], "m", "d")
    drawn = space_map(empty(), few)
    assert (drawn is None) == (n == 0)


def test_the_threshold_parts_flagged_from_unflagged_dots(results: Results):
    chart = null_chart(results)
    assert chart is not None
    for column in chart.columns:
        for dot in column.dots:
            assert column.threshold is not None
            assert (dot.score >= column.threshold) == dot.flagged
            assert (chart.y(dot.score) <= chart.y(column.threshold)) == dot.flagged
    assert null_chart(empty()) is None


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def section(html: str, heading: str) -> str:
    """What stands under one heading, to the next."""
    return html[html.index(f'id="{heading}"') :].split("</section>", maxsplit=1)[0]


def case(html: str, ring_id: str) -> str:
    """What stands of one ring, case by case."""
    return next(part for part in html.split('<article class="case"')[1:] if ring_id in part.split("</h3>")[0])


def test_the_map_numbers_rings_as_the_page_does(results: Results, joint: Embeddings, html: str):
    shuffled = replace(results, rings=results.rings[[2, 1, 0, 3, 4]])
    drawn = space_map(shuffled, joint)
    assert drawn is not None
    assert [(star.number, star.ring_id) for star in drawn.stars] == [(2, "Rclose"), (3, "Rflag")]


def test_a_ring_explained_by_an_innocent_column_is_set_aside_with_its_reason(html: str):
    aside = words(section(html, "explained"))
    assert "Rhome" in aside
    assert "Innocent explanation: 3 of 3 members have the branch B<8>. Given that, 1.5 of a score of 10.5" in aside
    assert "Rhome" not in section(html, "flags")
    assert "Rhome" not in section(html, "unflagged")


def test_a_held_ring_is_off_the_list_and_says_why_without_the_members_value(html: str):
    assert "Rheld" in section(html, "held")
    assert "Rheld" not in section(html, "flags")
    assert "Held: the protected column name would explain this ring" in words(html)


def test_each_case_says_what_it_rests_on(html: str):
    assert "lives on ID images alone" in words(case(html, "Rclose"))
    assert "rests on several kinds of evidence" in words(case(html, "Rflag"))
    assert "lives on" not in case(html, "Rflag")


def test_conditions_are_said_in_plain_words(html: str):
    text = words(html)
    assert "Given the same branch (4 members have one) still significant" in text
    assert "Survives without ID images no" in text
    assert "The fewest sources that suffice notes and device id" in text


def test_notes_alike_are_marked_and_regions_alike_are_outlined(html: str):
    assert html.count('<mark class="rare">the parcel &lt;b&gt;stands&lt;/b&gt; at the customs') >= 2
    assert html.count('class="region"') >= 2
    for left, width in re.findall(r"left:([\d.]+)%;top:[\d.]+%;width:([\d.]+)%", html):
        assert float(left) + float(width) <= 100.1


def test_artefacts_are_folded_away(html: str):
    outside = re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL)
    assert "region" not in outside.split("</style>")[1].split("How to read")[0].replace(">region<", "")
    assert "parcel" not in outside


def steps_of(ledger: Ledger) -> tuple[Step, ...]:
    return score_steps(ledger.ring, ledger.agreement, ledger.conditions)


def test_the_waterfall_of_a_ring_tied_across_modalities_adds_up_to_its_score(results: Results, bank: Bank):
    picture = waterfall(steps_of(ledger("Rflag", results, bank)), cut_score(results))
    steps = [bar.step for bar in picture.bars]
    counted = [step for step in steps[:-1] if step.kind is not StepKind.proposer]
    assert sum(step.bits for step in counted) == pytest.approx(19.0)
    assert steps[-1].bits == pytest.approx(19.0)
    assert [step.label for step in steps if step.kind is StepKind.proposer] == ["notes, not counted"]
    assert [bar.step.label for bar in picture.bars if "uncounted" in bar.css] == ["notes, not counted"]
    assert all(one.end == other.start for one, other in pairwise(counted))
    assert picture.cut_bits == 11.5
    assert all(picture.left <= bar.x <= bar.x + bar.width <= picture.width for bar in picture.bars)


def test_the_waterfall_counts_agreement_inside_one_modality(results: Results, bank: Bank):
    steps = [bar.step for bar in waterfall(steps_of(ledger("Rclose", results, bank)), None).bars]
    assert [step.bits for step in steps if step.label == "inside ID images"] == [16.0]
    assert sum(step.bits for step in steps[:-1] if step.kind is not StepKind.proposer) == pytest.approx(12.5)
    assert steps[-1].bits == 12.5


def test_bridges_are_marked_in_the_drawing(results: Results, bank: Bank):
    bridges = {bridge.customer_id for bridge in ledger("Rflag", results, bank).fragility.bridges}
    drawn = link_graph(results.graph("Rflag"), results.modalities(), IDS[:4], bridges)
    assert [node.customer_id for node in drawn.nodes if node.bridge] == ["C01", "C02"]


@pytest.mark.parametrize(
    ("spans", "pieces"),
    [
        ([], (("abcdef", ""),)),
        ([Span(0, 6, "rare")], (("abcdef", "rare"),)),
        ([Span(4, 99, "stock")], (("abcd", ""), ("ef", "stock"))),
        ([Span(1, 4, "rare"), Span(2, 6, "stock")], (("a", ""), ("bcd", "rare"), ("ef", "stock"))),
        ([Span(700, 800, "rare")], (("abcdef", ""),)),
    ],
)
def test_spans_are_marked_and_no_letter_is_lost(spans: list[Span], pieces: tuple[tuple[str, str], ...]):
    assert note("N", "", "abcdef", spans).pieces == pieces


def test_an_empty_note_has_no_piece():
    assert note("N", "", "", [Span(0, 4, "rare")]).pieces == ()
