"""The report is one file, says what it must, shows no hostile text as markup, and is the same twice."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from ringsight.errors import DataError
from ringsight.records.bank import Bank, Role
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.review.report import spacemap, write_report
from ringsight.review.report.notes import LONGEST, note, shared_phrases
from ringsight.review.report.nullchart import null_chart
from ringsight.review.report.spacemap import space_map
from ringsight.rings.results import LINKS, MEMBERS, NULL, RINGS, Results

HOSTILE = "<script>alert('note')</script><img src=x onerror=alert(1)> & \"quoted\""
QUOTED_NAME = 'id "one"\'s.png'
START = datetime(2024, 1, 1)
IDS = [f"C{i:02d}" for i in range(40)]
PROTECTED = "Wilhelmina"


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """Forty customers; C00 to C03 share a device and have records, hostile, missing and too long."""
    Image.new("RGB", (900, 600), "teal").save(tmp_path / QUOTED_NAME)
    Image.new("L", (50, 80)).save(tmp_path / "grey.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    owners = [customer for customer in IDS[:4] for _ in range(30)]
    return Bank(
        path=tmp_path,
        customers=pl.DataFrame(
            {
                "customer_id": IDS,
                "opened_at": [START] * 39 + [None],
                "segment": ["<b>retail</b>"] * 40,
                "region": ["north"] * 40,
                "device_id": ["D<1>"] * 3 + [None] * 37,
                "branch": ["B7"] * 20 + ["B8"] * 20,
                "name": [PROTECTED] * 40,
            }
        ),
        transactions=pl.DataFrame(
            {
                "transaction_id": [f"T{i}" for i in range(120)],
                "customer_id": pl.Series(owners, dtype=pl.Categorical),
                "timestamp": [START + timedelta(hours=7 * i) for i in range(120)],
                "amount": [(-1.0) ** i * i for i in range(120)],
            }
        ),
        notes=pl.DataFrame(
            {
                "note_id": ["N0", "N1", "N2"],
                "customer_id": ["C00", "C01", "C02"],
                "timestamp": [START] * 3,
                "text": [HOSTILE, "long " * 10_000, "please raise my card limit today"],
            }
        ),
        id_images=pl.DataFrame(
            {
                "image_id": ["I0", "I1", "I2", "I3"],
                "customer_id": ["C00", "C01", "C02", "C03"],
                "path": [QUOTED_NAME, "gone.jpg", "broken.jpg", "grey.jpg"],
            }
        ),
        roles={"device_id": Role.evidence, "branch": Role.innocent, "name": Role.protected},
        quarantine=pl.DataFrame(schema={"file": pl.String, "row": pl.Int64, "column": pl.String, "reason": pl.String}),
        data_hash="d" * 64,
    )


@pytest.fixture
def results() -> Results:
    """One flagged ring of C00 to C03, one unflagged of C10 to C12."""
    return Results(
        rings=pl.DataFrame(
            [("Rflag", 4, 21.5, 0.0001, 0.002, True, "permutation"), ("Rpass", 3, 3.1, 0.4, 0.6, False, "permutation")],
            schema=RINGS,
            orient="row",
        ),
        members=pl.DataFrame(
            [("Rflag", customer) for customer in IDS[:4]] + [("Rpass", customer) for customer in IDS[10:13]],
            schema=MEMBERS,
            orient="row",
        ),
        links=pl.DataFrame(
            [
                ("Rflag", "C00", "C01", 8.0, 0.0, 4.0, 0.0),
                ("Rflag", "C01", "C02", 0.0, 12.0, 0.0, 0.0),
                ("Rflag", "C02", "C03", 0.0, 0.0, 0.0, 8.0),
                ("Rpass", "C10", "C11", 3.0, 0.0, 0.0, 0.0),
            ],
            schema=LINKS,
            orient="row",
        ),
        null=pl.DataFrame(
            [(i % 20, 3 + i % 4, 1.0 + i % 7) for i in range(200)], schema=NULL, orient="row"
        ),
        summary={"fdr": 0.05, "expected_false_flags": 0.2, "seed": 7, "model_hashes": {"notes": "abc"}},
    )  # fmt: skip


@pytest.fixture
def joint() -> Embeddings:
    vectors = np.random.default_rng(0).normal(size=(len(IDS), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(space=JOINT, customer_ids=np.array(IDS), vectors=vectors, model_hash="m", data_hash="d")


Report = Callable[[Results], str]


@pytest.fixture
def report(bank: Bank, joint: Embeddings, tmp_path: Path) -> Report:
    """Write and read the report of some results."""

    def write(results: Results) -> str:
        write_report(results, bank, {JOINT: joint}, tmp_path / "report.html")
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return write


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


def flagless(results: Results) -> Results:
    return replace(results, rings=results.rings.with_columns(flagged=pl.lit(value=False)))


def empty() -> Results:
    return Results(
        rings=pl.DataFrame(schema=RINGS),
        members=pl.DataFrame(schema=MEMBERS),
        links=pl.DataFrame(schema=LINKS),
        null=pl.DataFrame(schema=NULL),
        summary={"fdr": 0.1, "expected_false_flags": 0.0},
    )


def test_it_states_its_error_rate_and_what_it_does_not_claim(report: Report, results: Results, tmp_path: Path):
    text = " ".join(_Page(report(results)).text.split())
    assert f"Rings in {tmp_path.name}" in text
    assert "Of the 1 flagged ring, fewer than one can be expected to be coincidence." in text
    assert "at most 5 % of its rings" in text
    assert "not fraud" in text


def test_it_needs_nothing_but_itself(report: Report, results: Results):
    page = _Page(report(results))
    assert page.open == []
    for tag, attributes in page.elements:
        assert tag not in {"script", "link", "iframe", "object", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "srcset", "xlink:href", "action"}:
                assert value is not None
                assert value.startswith(("#", "data:image/jpeg;base64,"))
    assert "url(" not in report(results)


def test_every_inner_link_has_its_goal_and_every_picture_its_words(report: Report, results: Results):
    page = _Page(report(results))
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


def test_hostile_text_stays_text(report: Report, results: Results):
    html = report(results)
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
    )
    write_report(wild, bank, {JOINT: joint}, tmp_path / "report.html")
    assert "<script" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_images_become_small_copies_or_the_reason_why_not(report: Report, results: Results):
    page = _Page(report(results))
    images = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(images) == 2  # the quoted name and the grey one
    assert all(len(str(attributes["src"])) < 20_000 for attributes in images)
    assert "ID image: no such file" in page.text
    assert "ID image: damaged image" in page.text


def test_a_long_note_is_shortened_and_says_so(report: Report, results: Results):
    page = _Page(report(results))
    assert page.text.count("long ") < 200
    assert f"{50_000 - LONGEST:,} more characters" in page.text


def test_protected_columns_are_not_shown(report: Report, results: Results):
    assert PROTECTED not in report(results)


def test_personal_data_lies_folded(report: Report, results: Results):
    html = report(results)
    assert "<details open" not in html
    outside = re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL)
    assert "<img" not in outside
    assert "alert" not in outside


def test_shared_evidence_and_innocent_values_are_told_apart(report: Report, results: Results):
    text = " ".join(_Page(report(results)).text.split())
    assert "device id D<1> · 3 of 4, 7.5% of the bank" in text
    assert "branch B7 · 4 of 4, 50% of the bank · innocent" in text


def test_evidence_adds_up_to_the_bits_of_the_links(report: Report, results: Results):
    html = report(results)
    assert "transactions 2.0, notes 3.0, ID images 1.0, shared values 2.0 bits per member" in html


def test_the_same_input_gives_the_same_bytes(report: Report, results: Results):
    assert report(results) == report(results)


@pytest.mark.parametrize("make", [flagless, lambda _: empty()], ids=["no flag", "no ring"])
def test_a_detection_without_flags_is_reported(report: Report, results: Results, make: Callable[[Results], Results]):
    page = _Page(report(make(results)))
    assert "No ring is flagged" in page.text
    assert page.open == []


def test_a_bank_without_records_or_embeddings_is_reported(bank: Bank, results: Results, tmp_path: Path):
    bare = replace(bank, transactions=bank.transactions[:0], notes=bank.notes[:0], id_images=bank.id_images[:0])
    write_report(results, bare, {}, tmp_path / "report.html")
    text = _Page((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "no joint embedding" in text
    assert "no ID image" in text


def test_the_detection_of_another_bank_is_refused(bank: Bank, results: Results, tmp_path: Path):
    with pytest.raises(DataError, match="'C00'"):
        write_report(results, replace(bank, customers=bank.customers[5:]), {}, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_the_map_holds_every_customer_once_and_stays_in_its_frame(results: Results, joint: Embeddings):
    drawn = space_map(results, joint)
    assert drawn is not None
    dots = re.findall(r"M([\d.]+) ([\d.]+)h0", drawn.others + "".join(star.members for star in drawn.stars))
    assert len(dots) == len(IDS)
    assert all(0 <= float(x) <= drawn.width and 0 <= float(y) <= drawn.height for x, y in dots)
    assert [star.ring_id for star in drawn.stars] == ["Rflag"]


def test_the_map_of_a_large_bank_keeps_every_flagged_member(
    results: Results, joint: Embeddings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(spacemap, "LARGEST_TSNE", 10)
    drawn = space_map(results, joint)
    assert drawn is not None
    assert drawn.customers == 10
    assert [star.members.count("h0") for star in drawn.stars] == [4]


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
            assert (dot.y <= column.threshold) == dot.flagged
    assert null_chart(empty()) is None


def test_phrases_are_marked_only_where_two_members_share_them():
    texts = [
        ("a", "Please raise my card limit today."),
        ("b", "so: please RAISE my card, now"),
        ("b", "now what is it"),
    ]
    phrases = shared_phrases(texts)
    assert note("N", "", texts[0][1], phrases).pieces == (("Please raise my card", True), (" limit today.", False))
    assert note("N", "", texts[2][1], phrases).pieces == (("now what is it", False),)
    assert shared_phrases([("a", "the same four words"), ("a", "the same four words")]) == frozenset()
