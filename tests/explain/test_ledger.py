"""The ledger adds up, cites records without quoting them, and is written the same way twice."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from bank_of_records import MONDAY, bank_of_records
from simulated_bank import simulate

from ringsight.detection.detect import DetectConfig, detect
from ringsight.detection.fairness import AUDIT
from ringsight.detection.results import AGREEMENT, CONDITIONS, LINKS, MEMBERS, NULL, RINGS, Results
from ringsight.errors import DataError
from ringsight.explain.ledger import Ledger, ledger, reviewed, write_ledgers
from ringsight.explain.statements import spoken
from ringsight.records.bank import Bank, ColumnRole

SCRIPT = "my mother is in hospital and the parcel waits at customs"
PROTECTED = "Wilhelmina"
RING = ("a", "b", "c", "d")
MEMBERSHIP = {"Rflag": RING, "Rheld": "efg", "Rhome": "hij", "Rpass": "klm"}


def table(rows: list[tuple[Any, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture(scope="module")
def bank() -> Bank:
    """Twenty customers; a and b share a device that only they have, all share a telephone number, d stands apart."""
    return bank_of_records(
        customers=[
            {
                "customer_id": name,
                "opened_at": MONDAY,
                "device_id": "D-both" if name in "ab" else f"D-{name}",
                "phone": "P-hub",
                "branch": "B1",
                "name": PROTECTED,
            }
            for name in "abcdefghijklmnopqrst"
        ],
        notes=[("N1", "a", SCRIPT, "A1"), ("N2", "b", SCRIPT, "A2"), ("N3", "e", "nothing of the kind", "A2")],
        roles={
            "device_id": ColumnRole.evidence,
            "phone": ColumnRole.evidence,
            "branch": ColumnRole.innocent,
            "name": ColumnRole.protected,
        },
    )


@pytest.fixture(scope="module")
def results() -> Results:
    """A flagged ring of a to d, in which c is the bridge to d; one explained, one held, one of chance."""
    permutation = ("permutation", "notes", 0.5)
    return Results(
        rings=table(
            [
                ("Rflag", 4, 21.5, 0.0001, 0.002, 19.0, 0.003, True, *permutation, "", ""),
                ("Rheld", 3, 11.5, 0.0001, 0.002, 11.5, 0.003, False, *permutation, "", "name"),
                ("Rhome", 3, 10.5, 0.0001, 0.002, 1.5, 0.5, False, *permutation, "branch", ""),
                ("Rpass", 3, 3.1, 0.4, 0.6, 1.1, 0.6, False, *permutation, "", ""),
            ],
            RINGS,
        ),
        members=table(
            [(ring, name) for ring, names in MEMBERSHIP.items() for name in names],
            MEMBERS,
        ),
        links=table(
            [
                ("Rflag", "a", "b", 1.0, 9.0, 0.5, float(np.log2(20 / 2))),
                ("Rflag", "a", "c", 7.0, 0.0, 0.0, 0.0),
                ("Rflag", "b", "c", 6.0, 0.0, 0.0, 0.0),
                ("Rflag", "c", "d", 5.0, 0.0, 0.0, 0.0),
            ],
            LINKS,
        ),
        agreement=table(
            [
                ("Rflag", "notes", "modality", 3, 9.0, True),
                ("Rflag", "transactions", "modality", 4, 20.0, False),
                ("Rflag", "device_id", "entity", 4, 5.25, False),
                ("Rflag", "id_images", "modality", 2, -0.25, False),
            ],
            AGREEMENT,
        ),
        conditions=table(
            [
                ("Rflag", "innocent", "branch", "B1", 4, 24.0, 19.0, 0.003, False),
                ("Rflag", "innocent", "employer", "Mill", 1, 25.0, 21.5, 0.002, False),
                ("Rflag", "protected", "name", PROTECTED, 4, 24.0, 19.0, 0.003, False),
                ("Rflag", "without", "transactions", "", 0, 5.0, 1.0, 0.9, True),
                ("Rflag", "only", "notes + device_id", "", 0, 18.0, 17.0, 0.004, False),
                ("Rhome", "innocent", "branch", "B1", 3, 3.0, 1.5, 0.5, True),
            ],
            CONDITIONS,
        ),
        audit=table([], AUDIT),
        null=table([], NULL),
        summary={"fdr": 0.05},
    )  # fmt: skip


@pytest.fixture(scope="module")
def flagged(results: Results, bank: Bank) -> Ledger:
    return ledger("Rflag", results, bank)


def strings(value: object) -> Iterator[str]:
    match value:
        case dict():
            for each in value.values():
                yield from strings(each)
        case list():
            for each in value:
                yield from strings(each)
        case str():
            yield value


def test_the_corroboration_is_what_did_not_propose(flagged: Ledger):
    assert flagged.corroboration == pytest.approx(25.0)
    assert [row["trace"] for row in flagged.agreement if row["proposed"]] == ["notes"]


def test_the_bits_of_a_link_add_up_by_modality_and_value_and_a_hub_adds_none(flagged: Ledger):
    for link in flagged.links:
        parts = sum(link.modalities.values()) + sum(value.bits for value in link.shared)
        assert parts == pytest.approx(link.bits)
    strongest = flagged.links[0]
    assert (strongest.customer_a, strongest.customer_b) == ("a", "b")
    assert [(v.column, v.value, v.customers, v.hub) for v in strongest.shared] == [
        ("device_id", "D-both", 2, False),
        ("phone", "P-hub", 20, False),  # what all have is worth nothing, hub or not
    ]


@pytest.mark.parametrize("cap", [2, 3, 50])
def test_links_add_up_in_a_whole_detection_whatever_the_cap(cap: int):
    simulated = simulate(3, customers=200, rings=2)
    rng = np.random.default_rng(0)
    customers = simulated.bank.customers.with_columns(
        opened_at=pl.lit(MONDAY),
        device_id=pl.Series([f"D{n}" for n in rng.integers(0, 120, 200)]),
        phone=pl.Series([f"P{n}" for n in rng.integers(0, 20, 200)]),
    )
    roles = {"device_id": ColumnRole.evidence, "phone": ColumnRole.evidence}
    bank = replace(bank_of_records(roles=roles), customers=customers)
    config = DetectConfig(permutations=40)
    config.candidates.entity_cap = cap
    found = detect(bank, simulated.embeddings, config, 0)
    for ring_id in found.rings["ring_id"].head(12):
        for link in ledger(ring_id, found, bank).links:
            parts = sum(link.modalities.values()) + sum(value.bits for value in link.shared)
            assert parts == pytest.approx(link.bits)
            assert all(value.hub == (value.customers > config.candidates.entity_cap) for value in link.shared)


def test_the_file_cites_records_and_quotes_none(flagged: Ledger):
    content = json.loads(flagged.to_json())
    [notes] = content["matching_records"]["notes"]
    assert (notes["note_a"], notes["note_b"]) == ("N1", "N2")
    assert SCRIPT[notes["passages"][0]["start_a"] : notes["passages"][0]["end_a"]] == SCRIPT
    assert not any("hospital" in text for text in strings(content))
    assert ["N1", "N2"] in [statement["records"] for statement in content["statements"]]


def test_of_a_protected_column_the_name_alone_is_given(flagged: Ledger):
    assert PROTECTED not in flagged.to_json()
    assert any("name, a protected column" in statement.text for statement in flagged.statements)


def test_conditions_become_sentences(flagged: Ledger):
    texts = [statement.text for statement in flagged.statements]
    assert "Given the same branch (4 members have one): still significant (q 0.0030)." in texts
    assert "Survives without transactions: no (q 0.9000)." in texts
    assert "The fewest traces that suffice: notes and device id (q 0.0040)." in texts
    assert not any("employer" in text for text in texts)  # one carrier explains nothing


def test_traces_are_listed_as_people_do():
    assert [spoken(trace) for trace in ("id_images", "notes + device_id", "id_images + notes + phone")] == [
        "ID images",
        "notes and device id",
        "ID images, notes and phone",
    ]


def test_the_innocent_explanation_is_named_where_there_is_one(results: Results, bank: Bank, flagged: Ledger):
    explained = ledger("Rhome", results, bank)
    assert any(
        s.text.startswith("Innocent explanation: 3 of 3 members have the branch B1") for s in explained.statements
    )
    assert any(s.text.startswith("No innocent column explains it. The closest: 4 of 4") for s in flagged.statements)
    assert any("1.5 of a score of 10.5 bits is left, too little for a flag" in s.text for s in explained.statements)


def test_the_bridge_is_named(flagged: Ledger):
    [bridge] = flagged.fragility.bridges
    assert (bridge.customer_id, bridge.parts) == ("c", (2, 1))


def test_a_ledger_without_links_conditions_or_records_is_made_all_the_same(results: Results, bank: Bank):
    bare = ledger("Rpass", results, bank)
    assert (bare.links, bare.conditions, bare.matching_records.notes, bare.corroboration) == ((), (), (), 0)
    assert bare.fragility.parts == (1, 1, 1)
    json.loads(bare.to_json())


def test_flagged_held_and_explained_rings_are_reviewed(results: Results):
    assert reviewed(results) == ["Rflag", "Rheld", "Rhome"]


def test_files_are_the_same_twice_and_those_of_an_earlier_run_go(results: Results, bank: Bank, tmp_path: Path):
    stale = tmp_path / "rings" / "Rold" / "ledger.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")
    first = {path.parent.name: path.read_bytes() for path in _written(results, bank, tmp_path)}
    assert list(first) == ["Rflag", "Rheld", "Rhome"]
    shuffled = replace(results, links=results.links[::-1], members=results.members[::-1])
    assert {path.parent.name: path.read_bytes() for path in _written(shuffled, bank, tmp_path)} == first


def test_no_ring_to_review_leaves_an_empty_folder(results: Results, bank: Bank, tmp_path: Path):
    nothing = replace(results, rings=results.rings[3:])
    assert write_ledgers(nothing, bank, tmp_path) == {}
    assert list((tmp_path / "rings").iterdir()) == []


def test_an_unknown_ring_is_refused(results: Results, bank: Bank):
    with pytest.raises(DataError, match="no ring 'Rnone'"):
        ledger("Rnone", results, bank)


def test_a_ring_of_another_bank_is_refused(results: Results, bank: Bank, tmp_path: Path):
    other = replace(bank, customers=bank.customers[1:])
    with pytest.raises(DataError, match="'a'"):
        write_ledgers(results, other, tmp_path)
    assert not (tmp_path / "rings").exists()


def test_pairs_cover_every_member_that_has_a_like(bank: Bank, results: Results):
    texts = [(f"N{name}", name, SCRIPT, None) for name in RING]
    links = table([("Rflag", a, b, 0.0, 9.0, 0.0, 0.0) for a, b in combinations(RING, 2)], LINKS)
    kept = ledger("Rflag", replace(results, links=links), bank.with_records(notes=bank_of_records(notes=texts).notes))
    met = {name for pair in kept.matching_records.notes for name in (pair.customer_a, pair.customer_b)}
    assert met == set(RING)


def _written(results: Results, bank: Bank, out: Path) -> list[Path]:
    write_ledgers(results, bank, out)
    return sorted((out / "rings").rglob("*.json"))
