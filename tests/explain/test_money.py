"""What members send each other, in words: a circle, a chain, a fan, or how much in all."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from ringsight.explain.money import CITED, money_moves
from ringsight.records.transfers import TRANSFERS

DAY = datetime(2026, 5, 12)


def moves(rows: Sequence[tuple[str, str, float, float]], members: str = "abcdefgh") -> tuple[str, ...]:
    return tuple(move.sentence for move in money_moves(table(rows), list(members)))


def table(rows: Sequence[tuple[str, str, float, float]]) -> pl.DataFrame:
    """Transfers (sender, receiver, day, amount); ids count from T0."""
    made = [(a, b, DAY + timedelta(days=day), amount, [f"T{at}"]) for at, (a, b, day, amount) in enumerate(rows)]
    return pl.DataFrame(made, schema=pl.Schema(TRANSFERS), orient="row")


def test_a_circle_of_many_rounds():
    ring = "cabd"
    rows = [(ring[at], ring[(at + 1) % 4], 7 * week + at / 24, 2000 - 10 * at) for week in range(14) for at in range(4)]
    assert moves([*rows, ("a", "d", 3, 55.0), ("a", "z", 3, 9.0)]) == (
        "4 customers send each other about 2,000 a week in a circle: a → b → d → c → a; 14 rounds, 12 May to "
        "11 August 2026. Family, friends or a savings club may pay each other so.",
    )
    (move,) = money_moves(table(rows), list("abcd"))
    assert move.cites == ("a", "b", "d", "c", *(f"T{at}" for at in range(56)))


def test_the_longest_circle_is_told_and_one_round_has_no_period():
    rows = [("a", "b", 0, 100.0), ("b", "c", 1, 90.0), ("c", "a", 2, 400.0), ("c", "d", 2, 80.0), ("d", "a", 3, 70.0)]
    assert "4 customers send each other about 85 in a circle: a → b → c → d → a; 12 May to 15 May" in moves(rows)[0]
    assert "3 customers send each other 90 to 400 in a circle: a → b → c → a; 12 May to 14 May" in moves(rows[:3])[0]


def test_a_chain_goes_on_soon_and_with_as_much():
    rows = [("a", "b", 0, 1000.0), ("b", "c", 1, 980.0), ("c", "d", 2, 950.0)]
    assert moves(rows) == (
        "Money is paid on along 4 customers, about 980 each time: a → b → c → d; 12 May to 14 May 2026. "
        "Family, or a purchase paid for together, may look so.",
    )
    for broken in (("c", "d", 40, 950.0), ("c", "d", 2, 300.0), ("c", "d", 0.5, 950.0)):
        assert moves([*rows[:2], broken])[0].startswith("4 of 8 members send each other money: 3 transfers")


def test_a_fan_within_days():
    rows = [(sender, "h", day, 900.0 + day) for day, sender in enumerate("abcd")]
    assert moves([*rows, ("e", "h", 30, 900.0)]) == (
        "4 customers pay h about 900 each, 12 May to 15 May 2026. Rent, wages, a shop or a collection may look so.",
    )
    assert moves([(b, a, day, amount) for a, b, day, amount in rows])[0].startswith("h pays 4 customers about 900 each")


def test_little_is_told_in_all_and_nothing_of_nothing():
    assert moves([("a", "b", 0, 12.5), ("b", "a", 400, 7.5)]) == (
        "2 of 8 members send each other money: 2 transfers of 20 in all, 12 May 2026 to 16 June 2027. "
        "Family and friends do so too.",
    )
    assert moves([]) == ()
    assert moves([("a", "y", 0, 12.5)]) == ()


def test_citations_are_bounded_and_the_words_the_same_in_any_order():
    rows = [("a", "b", day / 10, 5.0) for day in range(2 * CITED)]
    (move,) = money_moves(table(rows), ["a", "b"])
    assert len(move.cites) == 2 + CITED
    assert money_moves(table(rows).reverse(), ["b", "a"])[0].sentence == move.sentence


def test_a_dense_ring_ends():
    names = "abcdefghijkl"
    rows = [(a, b, at, 10.0) for at, (a, b) in enumerate((a, b) for a in names for b in names if a != b)]
    assert "customers send each other" in moves(rows, names)[0]
