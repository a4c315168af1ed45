"""Transfers: a counterparty who is a customer is recognised, and both legs of a transfer are one."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from simulated_bank import bank_of

from ringsight.records.bank import Bank
from ringsight.records.transfers import TRANSFERS, transfers_between

MONDAY = datetime(2026, 3, 2)
CUSTOMERS = pl.DataFrame({"customer_id": ["a", "b", "c"], "stratum": "rest"})


def bank_with(*rows: tuple[str, str | None, float, float]) -> Bank:
    """A bank of transactions (customer, counterparty, hours after Monday, amount); ids count from T0."""
    made = [
        (f"T{number}", customer, MONDAY + timedelta(hours=hours), amount, counterparty)
        for number, (customer, counterparty, hours, amount) in enumerate(rows)
    ]
    columns = ["transaction_id", "customer_id", "timestamp", "amount", "counterparty_id"]
    types = {"timestamp": pl.Datetime("us"), "amount": pl.Float64(), "counterparty_id": pl.Categorical()}
    table = pl.DataFrame(made, schema=columns, orient="row", schema_overrides=types)
    return bank_of(CUSTOMERS).with_records(transactions=table)


def between(*rows: tuple[str, str | None, float, float]) -> list[tuple[str, str, float, list[str]]]:
    found = transfers_between(bank_with(*rows))
    assert found.schema == pl.Schema(TRANSFERS)
    return list(found.select("sender", "receiver", "amount", "transaction_ids").iter_rows())


def test_a_debit_and_a_credit_say_who_pays_whom():
    assert between(("a", "b", 0, -5.0)) == [("a", "b", 5.0, ["T0"])]
    assert between(("a", "b", 0, 5.0)) == [("b", "a", 5.0, ["T0"])]


def test_both_legs_are_one_transfer_at_the_earlier_time():
    found = transfers_between(bank_with(("b", "a", 20, 5.0), ("a", "b", 1, -5.0)))
    assert found["transaction_ids"].to_list() == [["T1", "T0"]]
    assert found["timestamp"].to_list() == [MONDAY + timedelta(hours=1)]


def test_equal_sums_are_as_many_transfers_as_the_leg_that_has_more():
    legs = [("a", "b", hour, -5.0) for hour in (0, 30, 60)] + [("b", "a", hour, 5.0) for hour in (1, 31)]
    assert [ids for *_, ids in between(*legs)] == [["T0", "T3"], ["T1", "T4"], ["T2"]]


def test_other_sums_and_other_directions_are_other_transfers():
    assert len(between(("a", "b", 0, -5.0), ("b", "a", 0, 5.01), ("b", "a", 0, -5.0))) == 3


def test_blanks_around_an_id_do_not_hide_a_customer():
    assert between(("a", " b\t", 0, -5.0)) == [("a", "b", 5.0, ["T0"])]


@pytest.mark.parametrize(
    "row", [("a", "shop", 0, -5.0), ("a", None, 0, -5.0), ("a", "a", 0, -5.0), ("a", "b", 0, 0.0), ("a", "B", 0, -5.0)]
)
def test_shops_nobody_oneself_and_nothing_are_no_transfers(row: tuple[str, str | None, float, float]):
    assert between(row) == []


def test_a_bank_without_transactions_or_counterparties_has_none():
    whole = bank_with(("a", "b", 0, -5.0))
    for table in (pl.DataFrame(), whole.transactions.head(0), whole.transactions.drop("counterparty_id")):
        assert_frame_equal(transfers_between(whole.with_records(transactions=table)), pl.DataFrame(schema=TRANSFERS))
