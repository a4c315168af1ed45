"""The ledger adds up, cites records without quoting them, and is written the same way twice."""

import json
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from bank_of_records import MONDAY, bank_of_records, link_table
from four_rings import PROTECTED, RING, SCRIPT
from simulated_bank import simulate

from ringsight.detection.detect import detect
from ringsight.detection.results import Results, SourceRole
from ringsight.detection.settings import DetectConfig
from ringsight.errors import DataError
from ringsight.explain.ledger import Ledger, ledger, ledgers_of, read_ledger, reviewed
from ringsight.explain.words import spoken
from ringsight.records.bank import Bank, ColumnRole
from ringsight.runs.run import Run


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
    assert [each.source for each in flagged.agreement if each.role is SourceRole.proposed] == ["notes"]


def test_the_bits_of_a_link_add_up_by_modality_and_value_and_a_hub_adds_none(flagged: Ledger):
    for link in flagged.links:
        parts = sum(link.spaces.values()) + sum(value.bits for value in link.shared)
        assert parts == pytest.approx(link.bits)
    strongest = flagged.links[0]
    assert (strongest.customer_a, strongest.customer_b) == ("a", "b")
    assert [(v.column, v.value, v.customers, v.hub) for v in strongest.shared] == [
        ("device_id", "D-both", 2, False),
        ("phone", "P-hub", 20, False),  # what all have is worth nothing, hub or not
    ]


@pytest.mark.slow
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
            parts = sum(link.spaces.values()) + sum(value.bits for value in link.shared)
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
    assert "The fewest sources that suffice: notes and device id (q 0.0040)." in texts
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
    assert (bare.links, bare.conditions, bare.matching_records["notes"], bare.corroboration) == ((), (), (), 0)
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
    assert _written(nothing, bank, tmp_path) == []
    assert list((tmp_path / "rings").iterdir()) == []


def test_an_unknown_ring_is_refused(results: Results, bank: Bank):
    with pytest.raises(DataError, match="no ring 'Rnone'"):
        ledger("Rnone", results, bank)


def test_a_ring_of_another_bank_is_refused(results: Results, bank: Bank, tmp_path: Path):
    other = replace(bank, customers=bank.customers[1:])
    with pytest.raises(DataError, match="'a'"):
        _written(results, other, tmp_path)
    assert not (tmp_path / "rings").exists()


def test_pairs_cover_every_member_that_has_a_like(bank: Bank, results: Results):
    texts = [(f"N{name}", name, SCRIPT, None) for name in RING]
    links = link_table(("Rflag", a, b, {"notes": 9.0}) for a, b in combinations(RING, 2))
    kept = ledger("Rflag", replace(results, links=links), bank.with_records(notes=bank_of_records(notes=texts).notes))
    met = {name for pair in kept.matching_records["notes"] for name in (pair.customer_a, pair.customer_b)}
    assert met == set(RING)


def test_a_ledger_is_read_back_as_it_was_written(flagged: Ledger, results: Results, bank: Bank, tmp_path: Path):
    for written in (flagged, *ledgers_of(results, bank, reviewed(results)).values()):
        read = Ledger.from_json(written.to_json())
        assert read.to_json() == written.to_json()
        assert kinds(read) == kinds(written)
        assert list(read.matching_records) == list(written.matching_records)
    file = next(path for path in _written(results, bank, tmp_path) if path.parent.name == "Rflag")
    assert read_ledger(file) == Ledger.from_json(flagged.to_json())


def kinds(value: object) -> object:
    """The types that a value is made of; a mapping's by key."""
    match value:
        case _ if is_dataclass(value):
            return type(value), [kinds(getattr(value, field.name)) for field in fields(value)]
        case dict():
            return {key: kinds(each) for key, each in value.items()}
        case tuple():
            return [kinds(each) for each in value]
        case _:
            return type(value)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda content: content.pop("fragility"), "fragility"),
        (lambda content: content.update(rumour=1), "rumour"),
        (lambda content: content["ring"].pop("score"), "score"),
        (lambda content: content["ring"].update(score="much"), "much"),
        (lambda content: content["statements"][0].update(kind="rumour"), "rumour"),
        (lambda content: content["agreement"][0].update(kind="modality"), "modality"),
        (lambda content: content["matching_records"].update(rumours=[]), "rumours"),
        (lambda content: content.update(links={}), "{}"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_by_name(
    flagged: Ledger, damage: Callable[[dict[str, Any]], object], named: str, tmp_path: Path
):
    content = json.loads(flagged.to_json())
    damage(content)
    file = tmp_path / "ledger.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match=rf"ledger\.json: not a ledger of this version.*{named}"):
        read_ledger(file)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"ring": 1}'])
def test_what_is_not_json_or_another_thing_is_refused(text: str):
    with pytest.raises(DataError, match="not a ledger"):
        Ledger.from_json(text)


def _written(results: Results, bank: Bank, out: Path) -> list[Path]:
    Run(out).write_ledgers(ledgers_of(results, bank, reviewed(results)))
    return sorted((out / "rings").rglob("*.json"))
