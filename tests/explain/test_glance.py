"""A ring at a glance: what is said of it, what stands in the matrix, the script and the timeline, and what does not."""

import json
from dataclasses import asdict, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from bank_of_records import bank_of_records
from ring_of_eight import (
    COMMON,
    CUSTOMERS,
    EXACT,
    HANDS,
    MEMBERS_OF_IT,
    PHONE,
    SHOPS,
    STORY,
    bank_of_sixty,
    ledger_of_eight,
    payments,
)

from ringsight.explain.base_rates import BY_CHANCE, BaseRates, ThingKind, base_rates, surprise
from ringsight.explain.evidence_groups import belonging, evidence_groups
from ringsight.explain.glance import Glance, glance
from ringsight.explain.ledger import Ledger
from ringsight.explain.matrix import ROWS, cited, matrix
from ringsight.explain.neighbourhood import neighbourhood
from ringsight.explain.script import script
from ringsight.explain.timeline import SPANS, MarkKind, timeline
from ringsight.records.bank import Bank, ColumnRole


@pytest.fixture(scope="module")
def bank() -> Bank:
    return bank_of_sixty()


@pytest.fixture(scope="module")
def rates(bank: Bank) -> BaseRates:
    return base_rates(bank)


@pytest.fixture(scope="module")
def ring(bank: Bank) -> Ledger:
    return ledger_of_eight(bank)


@pytest.fixture(scope="module")
def seen(ring: Ledger, rates: BaseRates) -> Glance:
    return glance(ring, MEMBERS_OF_IT, rates)


def test_the_sentence_says_what_is_shared_by_how_many_and_who_stands_apart(seen: Glance):
    text = seen.headline.text
    assert text.startswith(
        "7 of 8 meet at 3 counterparties (typically 12% of the bank do) and in one amount to the cent;"
    )
    assert "5 of 8 share one phrase in their calls" in text
    assert text.endswith("member 8 fits none of it.")
    assert seen.headline.apart == ("C07",)
    assert seen.headline.pattern == ("money moved alike", "one script")


def test_the_matrix_has_what_the_bank_hardly_has_and_not_what_everybody_does(seen: Glance):
    rows = {row.value: row for row in seen.matrix.rows}
    assert {*SHOPS, f"{EXACT}"} <= rows.keys()
    assert COMMON not in rows
    row = rows[SHOPS[0]]
    assert (row.members, row.of, row.carriers, row.customers, row.category) == (7, 8, 7, 60, "health")
    assert row.cells == dict.fromkeys(HANDS, 1)
    assert all(row.bits >= BY_CHANCE for row in seen.matrix.rows)
    assert [row.bits for row in seen.matrix.rows] == sorted((row.bits for row in seen.matrix.rows), reverse=True)


def test_a_cell_stands_for_its_transactions(seen: Glance):
    table = payments()
    for row in seen.matrix.rows:
        for customer, times in row.cells.items():
            found = cited(table.filter(pl.col("customer_id") == customer), row.kind, row.value)
            assert found.height == times
    assert cited(table, ThingKind.counterparty, "nobody").is_empty()


def test_what_no_two_share_and_what_strangers_share_is_not_in_the_matrix(bank: Bank, rates: BaseRates):
    strangers = CUSTOMERS[20:28]
    own = bank.transactions.filter(pl.col("customer_id").is_in(strangers))
    assert matrix(strangers, own, rates).of_kind(ThingKind.counterparty) == ()


def test_thousands_of_counterparties_are_held_against_chance_and_cut():
    rows = [
        (f"T{who}-{at}", f"C{who:02}", f"P{at}") for who in range(8) for at in range(4_000) if at < 60 or at % 8 == who
    ]
    made = pl.DataFrame(rows, ["transaction_id", "customer_id", "counterparty_id"], orient="row").with_columns(
        timestamp=pl.lit(date(2026, 5, 1)).cast(pl.Datetime), amount=pl.lit(-1.0)
    )
    crowd = base_rates(bank_of_records(transactions=pl.concat([made, _crowd()])))
    found = matrix(MEMBERS_OF_IT, made, crowd)
    assert len(found.rows) == ROWS
    assert found.left_out == 60 + 2 - ROWS  # one amount and one day besides
    assert found.tried["counterparty"] == 4_000


def _crowd() -> pl.DataFrame:
    """Two hundred others, each with shops of their own, and so many that members who do much stand out by nothing."""
    rows = [(f"U{who}-{at}", f"D{who}", f"Q{who}-{at}") for who in range(200) for at in range(300)]
    made = pl.DataFrame(rows, ["transaction_id", "customer_id", "counterparty_id"], orient="row")
    return made.with_columns(timestamp=pl.lit(date(2026, 5, 2)).cast(pl.Datetime), amount=pl.lit(-2.0))


def test_the_script_stands_where_it_says(bank: Bank, seen: Glance):
    texts = dict(bank.notes.select("note_id", "text").iter_rows())
    assert seen.script is not None
    assert [line.customer_id for line in seen.script.lines] == HANDS[:5]
    for line in seen.script.lines:
        [place] = line.places
        assert place is not None
        assert STORY in texts[line.note_id][place[0] : place[1]]
    [phrase] = seen.script.phrases
    assert (phrase.members, phrase.others, phrase.only_agent) == (5, 0, "")


def test_a_template_of_one_agent_is_told_and_is_no_headline(ring: Ledger):
    notes = [(f"N{at}", name, STORY, "A7") for at, name in enumerate(HANDS)]
    bank = bank_of_sixty([*notes, *((f"M{at}", name, "nothing", "A1") for at, name in enumerate(CUSTOMERS[8:]))])
    found = glance(ring, MEMBERS_OF_IT, base_rates(bank))
    assert found.script is not None
    assert found.script.template
    assert "calls" not in found.headline.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("endless words of one note " * 2_500, True),
        ("الطرد موجود في الجمارك ويجب دفع الرسوم اليوم", True),
        ("", False),
        ("!?", False),
    ],
    ids=["fifty thousand characters", "Arabic", "empty", "no words"],
)
def test_notes_of_any_kind_are_aligned_or_passed_over(text: str, found: bool):
    others = [(f"M{at}", name, f"word{at}", None) for at, name in enumerate(CUSTOMERS[8:])]
    bank = bank_of_sixty([*((f"N{at}", name, text, None) for at, name in enumerate(HANDS)), *others])
    said = script(MEMBERS_OF_IT, bank.notes, base_rates(bank))
    assert (said is not None) is found
    if said:
        assert said.members == len(HANDS)


def test_money_is_counted_in_out_and_among(bank: Bank):
    rows = [
        ("T1", "C00", -100.0, "C01"),
        ("T2", "C01", 100.0, "C00"),
        ("T3", "C00", 30.0, "P1"),
        ("T4", "C01", -7.0, "P1"),
    ]
    table = pl.DataFrame(rows, ["transaction_id", "customer_id", "amount", "counterparty_id"], orient="row")
    table = table.with_columns(timestamp=pl.Series([date(2026, 5, 1 + at) for at in range(4)]).cast(pl.Datetime))
    rates = base_rates(bank.with_records(transactions=table))
    sums = timeline(["C00", "C01"], table, rates.transfers, rates.bank).sums()
    assert (sums.incoming, sums.outgoing, sums.among) == (30.0, 7.0, 100.0)


def test_the_timeline_is_without_a_gap_and_counts_everything(seen: Glance, bank: Bank):
    line = seen.timeline
    assert len(line.spans) <= SPANS
    starts = [each.first for each in line.spans]
    assert starts == [starts[0] + timedelta(days=line.width * at) for at in range(len(starts))]
    own = bank.transactions.filter(pl.col("customer_id").is_in(MEMBERS_OF_IT))["amount"]
    assert line.sums().incoming - line.sums().outgoing == pytest.approx(own.sum())
    assert len(line.days_of(MarkKind.opening)) == 8
    assert line.currencies == ("EUR",)


def test_nothing_at_all_is_said_to_be_nothing(ring: Ledger):
    """No transactions, no notes, no images, and no agreement beyond chance."""
    bare = bank_of_records(customers=[{"customer_id": name} for name in CUSTOMERS])
    quiet = replace(ring, agreement=tuple(replace(each, bits=0.0) for each in ring.agreement), links=())
    found = glance(quiet, MEMBERS_OF_IT, base_rates(bare))
    assert found.headline.text == "Nothing in ID images, notes and transactions stands out beyond chance."
    assert (found.headline.pattern, found.headline.apart) == ((), ())
    assert (found.matrix.rows, found.script, found.timeline.spans, found.ties) == ((), None, (), ())
    assert len(found.silent) == 4


@pytest.mark.parametrize("size", [1, 3, 60])
def test_rings_of_any_size_have_a_glance(ring: Ledger, rates: BaseRates, size: int):
    found = glance(ring, CUSTOMERS[:size], rates)
    assert found.headline.text.endswith(".")
    assert 3 * len(found.headline.apart) < max(size, 3)


def test_a_glance_tells_no_score_and_no_rate(seen: Glance, ring: Ledger, rates: BaseRates):
    other = replace(ring, ring=replace(ring.ring, score=-99.0, adjusted_score=-99.0, q_value=0.9, adjusted_q_value=0.9))
    bare = replace(other, conditions=(), fits=(), perhaps=())
    assert glance(bare, MEMBERS_OF_IT, rates) == seen
    assert not any(figure in json.dumps(asdict(seen), default=str) for figure in ("33.3", "31.7"))


def test_kinds_of_evidence_are_ordered_by_bits_and_chance_is_set_apart(ring: Ledger, seen: Glance):
    assert [(group.name, group.strength) for group in evidence_groups(ring)] == [
        ("transactions", "strong"),
        ("notes", "clear"),
        ("phone", "none"),
        ("id_images", "none"),
    ]
    assert [group.name for group in seen.ties] == ["transactions", "notes"]
    assert [group.chose for group in seen.ties] == [False, True]
    assert belonging(ring, MEMBERS_OF_IT)["C07"] < 0.1


def test_surprise_falls_with_the_share_and_with_what_was_looked_at():
    bits = surprise([5, 5, 8, 1], 8, np.array([0.01, 0.5, 0.01, 0.01]), 1)
    assert bits[2] > bits[0] > bits[1] > 0
    assert surprise([5], 8, np.array([0.01]), 1024)[0] == pytest.approx(bits[0] - 10)
    assert surprise([1], 1, np.array([0.25]), 1)[0] == pytest.approx(2)


def test_around_a_member_are_those_who_share_a_value_a_rare_shop_or_money(bank: Bank, seen: Glance, rates: BaseRates):
    around = neighbourhood("C00", MEMBERS_OF_IT[1:], seen.matrix, rates)
    by_value = {(each.source, each.value): each for each in around}
    assert by_value["phone", PHONE].outsiders == ("C00",)
    assert (by_value["phone", PHONE].carriers, by_value["phone", PHONE].members) == (2, 1)
    assert {each.value for each in around if each.source == "counterparty"} == set(SHOPS)
    assert [each.carriers for each in around] == sorted(each.carriers for each in around)


def test_a_hub_names_nobody(seen: Glance):
    names = [f"C{number:03}" for number in range(200)]
    crowd = bank_of_records(
        customers=[{"customer_id": name, "device_id": "shared"} for name in names],
        roles={"device_id": ColumnRole.evidence},
    )
    [each] = neighbourhood("C000", names[:3], seen.matrix, base_rates(crowd))
    assert (each.hub, each.outsiders, each.carriers, each.members, each.further) == (True, (), 200, 3, 197)
