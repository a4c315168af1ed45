"""What every comparer of records must do; one that is added to `COMPARERS` inherits these tests."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bank_of_records import MONDAY, bank_of_records
from PIL import Image

from ringsight.explain.json_form import read_as, to_json
from ringsight.explain.matching import COMPARERS, Comparer, MatchingPair
from ringsight.explain.matching.sampling import Pair
from ringsight.records.bank import Bank

PAIRS = [("a", "b"), ("a", "z"), ("y", "z")]
SCRIPT = "my mother is in hospital and the parcel waits at customs"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Twelve customers: a and b have a script, a picture and payments in common, z has no record of any kind."""
    folder = tmp_path_factory.mktemp("bank")
    rng = np.random.default_rng(0)
    names = [*"abcdefghijky"]
    for name in names:
        pattern = np.random.default_rng(7) if name in "ab" else rng
        Image.fromarray(pattern.integers(0, 255, (12, 18), dtype=np.uint8)).resize((360, 240)).save(
            folder / f"{name}.png"
        )
    hours = [timedelta(hours=3 if name in "ab" else 5 + at) for at, name in enumerate(names)]
    payments = [
        (f"T{name}{day}", name, MONDAY + hour + timedelta(days=day), 12.5 + day, "P1" if name in "ab" else f"P{name}")
        for name, hour in zip(names, hours, strict=True)
        for day in range(9)
    ]
    columns = ["transaction_id", "customer_id", "timestamp", "amount", "counterparty_id"]
    return bank_of_records(
        folder,
        customers=[{"customer_id": name} for name in [*names, "z"]],
        notes=[(f"N{name}", name, SCRIPT if name in "ab" else f"a call about {name}", None) for name in names],
        images=[(f"I{name}", name, f"{name}.png") for name in names],
        transactions=pl.DataFrame(payments, columns, orient="row"),
    )


@pytest.fixture(params=COMPARERS, ids=lambda comparer: comparer.modality)
def comparer(request: pytest.FixtureRequest) -> Comparer:
    found: Comparer = request.param
    return found


@pytest.fixture
def found(comparer: Comparer, bank: Bank) -> Mapping[Pair, MatchingPair]:
    return comparer.compare(bank, PAIRS)


def test_each_modality_has_one():
    assert len({comparer.modality for comparer in COMPARERS}) == len(COMPARERS)


def test_pairs_with_records_alike_are_found_and_those_without_any_are_left_out(found: Mapping[Pair, MatchingPair]):
    assert ("a", "b") in found
    assert found.keys() <= set(PAIRS)
    assert not {("a", "z"), ("y", "z")} & found.keys()


def test_a_pair_says_whose_it_is_and_how_telling(found: Mapping[Pair, MatchingPair], comparer: Comparer):
    for pair, alike in found.items():
        assert isinstance(alike, comparer.pair)
        assert (alike.customer_a, alike.customer_b) == pair
        assert np.isfinite(alike.weight)
        assert alike.weight > 0


def test_the_sentence_cites_customers_and_records_of_the_two(found: Mapping[Pair, MatchingPair], bank: Bank):
    owner = {name: name for name in bank.customers["customer_id"]}
    for table in (bank.notes, bank.id_images, bank.transactions):
        owner |= dict(table.select(table.columns[0], "customer_id").iter_rows())
    for pair, alike in found.items():
        assert {owner[record] for record in alike.cites} == set(pair)
        assert any(record in alike.sentence for record in alike.cites)
        assert alike.sentence.endswith(".")


def test_it_survives_the_file(found: Mapping[Pair, MatchingPair], comparer: Comparer):
    for alike in found.values():
        written = to_json(asdict(alike))  # type: ignore[call-overload]
        read = read_as(comparer.pair, json.loads(written))
        assert to_json(asdict(read)) == written
        assert read.sentence == alike.sentence


def test_nothing_is_made_of_nothing(comparer: Comparer, bank: Bank):
    assert comparer.compare(bank, []) == {}
    assert comparer.compare(bank_of_records(Path("/nowhere")), PAIRS) == {}


def test_the_same_pairs_give_the_same(comparer: Comparer, bank: Bank, found: Mapping[Pair, MatchingPair]):
    assert comparer.compare(bank, PAIRS) == found
