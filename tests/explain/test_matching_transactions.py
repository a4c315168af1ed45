"""What two customers' transactions have alike: counterparties, equal sums at one moment, hours of the week."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from bank_of_records import MONDAY, bank_of_records

from ringsight.explain.matching import MatchingTransactions, hours_of_week, matching_transactions

Row = tuple[str, float, float, str | None]
"""Customer, hours after Monday midnight, amount, counterparty."""


def table(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "transaction_id": [f"T{number}" for number in range(len(rows))],
            "customer_id": pl.Series([row[0] for row in rows], dtype=pl.Categorical),
            "timestamp": [MONDAY + timedelta(hours=row[1]) for row in rows],
            "amount": [row[2] for row in rows],
            "counterparty_id": pl.Series([row[3] for row in rows], dtype=pl.Categorical),
        }
    )


def alike(rows: list[Row]) -> MatchingTransactions:
    return matching_transactions(bank_of_records(transactions=table(rows)), [("a", "b")])["a", "b"]


def test_counterparties_in_common_come_rarest_first_with_how_many_use_them():
    rows: list[Row] = [(customer, 0, 1.0, "shop") for customer in "abcdef"]
    rows += [
        ("a", 1, 1.0, "fence"),
        ("a", 2, 1.0, "fence"),
        ("b", 1, 1.0, "fence"),
        ("a", 3, 1.0, "own"),
        ("b", 3, 1.0, None),
    ]
    found = alike(rows)
    assert [(c.counterparty_id, c.customers, c.times_a, c.times_b) for c in found.counterparties] == [
        ("fence", 2, 2, 1),
        ("shop", 6, 1, 1),
    ]
    assert (found.shared, found.of) == (2, 6)


@pytest.mark.parametrize(
    ("minutes", "amount", "events"),
    [(0, 500.0, 1), (14, -500.0, 1), (-14, 500.0, 1), (16, 500.0, 0), (0, 500.01, 0)],
)
def test_equal_sums_of_either_sign_within_a_quarter_of_an_hour_are_one_event(minutes: int, amount: float, events: int):
    found = alike([("a", 5, 500.0, None), ("b", 5 + minutes / 60, amount, None)])
    assert len(found.events) == found.moments == events
    assert all(event.seconds_apart == 60 * abs(minutes) for event in found.events)


def test_no_transaction_takes_part_in_two_events():
    found = alike([("a", 5, 9.0, None), ("a", 5.05, 9.0, None), ("b", 5.05, 9.0, None)])
    assert [(event.transaction_a, event.transaction_b) for event in found.events] == [("T1", "T2")]


def test_a_fee_that_everybody_pays_at_once_is_known_as_such_and_comes_last():
    rows: list[Row] = [(customer, 8, -4.9, None) for customer in "abcdefgh"]
    rows += [("a", 30, -77.0, None), ("b", 30.1, -77.0, None), ("c", 34, -77.0, None)]
    found = alike(rows)
    assert [(event.amount_a, event.customers) for event in found.events] == [(-77.0, 2), (-4.9, 8)]


def test_nothing_moved_is_no_event():
    assert alike([("a", 5, 0.0, None), ("b", 5, 0.0, None)]).events == ()


def test_overlap_is_whole_for_one_rhythm_and_none_for_another():
    assert alike([("a", 5, 1.0, None), ("b", 5 + 24 * 7, 2.0, None)]).overlap == pytest.approx(1)
    assert alike([("a", 5, 1.0, None), ("b", 15, 1.0, None)]).overlap == 0


def test_what_is_usual_is_told_by_strangers_alone():
    rows: list[Row] = [(customer, 5, 1.0, None) for customer in ("a", "b", *(f"near {i}" for i in range(3)))]
    rows += [(f"far {i}", 100, 1.0, None) for i in range(9)]
    found = alike(rows)
    assert (found.usual, found.strangers) == (0.25, 12)
    assert alike(rows[:2]).strangers == 0


@pytest.mark.parametrize("seed", range(3))
def test_hours_of_the_week_are_shares(seed: int):
    rng = np.random.default_rng(seed)
    hours = hours_of_week(table([("a", float(at), 1.0, None) for at in rng.uniform(0, 5000, 30)]))
    assert hours.shape == (168,)
    assert hours.sum() == pytest.approx(1)
    assert (hours >= 0).all()


def test_no_transaction_no_hours():
    assert hours_of_week(table([("a", 5, 1.0, None)])[:0]).sum() == 0


def test_a_bank_without_counterparties_is_compared_by_the_rest():
    bank = bank_of_records(transactions=table([("a", 5, 1.0, None), ("b", 5, 1.0, None)]).drop("counterparty_id"))
    found = matching_transactions(bank, [("a", "b")])["a", "b"]
    assert found.counterparties == ()
    assert len(found.events) == 1


def test_who_has_no_transactions_is_left_out():
    bank = bank_of_records(transactions=table([("a", 5, 1.0, None)]))
    assert matching_transactions(bank, [("a", "b"), ("b", "c")]) == {}
    assert matching_transactions(bank_of_records(), [("a", "b")]) == {}
    assert matching_transactions(bank, []) == {}
