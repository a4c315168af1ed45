"""What each facet of transactions sees, and what it does not."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from ringsight.encoders.facets import unit_or_zero
from ringsight.encoders.transaction_facets import LONGEST, TransactionFacets, count, fit_facets
from ringsight.encoders.transaction_features import transaction_features

MONDAY = datetime(2024, 1, 1)
CUSTOMERS, DAYS = 60, 84
FACETS = ("counterparties", "amounts", "active_days", "rhythm")
TIMES = {"active_days", "rhythm"}
"""Days and hours are of one timestamp: who changes one changes the other."""


def history(seed: int = 0) -> pl.DataFrame:
    """Sixty customers; each has forty transactions at shops, for amounts, on days and at hours of chance."""
    rng = np.random.default_rng(seed)
    rows = [
        (
            f"c{customer:02}",
            MONDAY + timedelta(days=int(rng.integers(DAYS)), hours=int(rng.integers(8, 20))),
            -float(rng.integers(100, 20_000)) / 100,
            f"shop-{rng.integers(400)}",
        )
        for customer in range(CUSTOMERS)
        for _ in range(40)
    ]
    return pl.DataFrame(rows, schema=["customer_id", "timestamp", "amount", "counterparty_id"], orient="row").sort(
        "customer_id", "timestamp"
    )


def vectors(transactions: pl.DataFrame, fitted: TransactionFacets) -> dict[str, NDArray[np.float32]]:
    counts = count(transactions, transaction_features(transactions, 16))
    return {name: unit_or_zero(each) for name, each in fitted.apply(counts).items()}


def fitted_on(transactions: pl.DataFrame, dim: int = 64) -> TransactionFacets:
    return fit_facets(count(transactions, transaction_features(transactions, 16)), dim)


def tied(transactions: pl.DataFrame, **columns: Any) -> pl.DataFrame:  # noqa: ANN401 - any expressions
    """The same, with other columns for half of the transactions of the customers c00 and c01."""
    place = pl.int_range(pl.len()).over("customer_id")
    these = pl.col("customer_id").is_in(["c00", "c01"]) & (place % 2 == 0)
    changed = [pl.when(these).then(value).otherwise(pl.col(name)).alias(name) for name, value in columns.items()]
    return transactions.with_columns(changed).sort("customer_id", "timestamp")


def rank_of_the_tied(transactions: pl.DataFrame, facet: str) -> int:
    """Which place c01 has among those nearest to c00."""
    near = vectors(transactions, fitted_on(transactions))[facet]
    similarity = near @ near[0]
    return int((similarity[1:] >= similarity[1]).sum())


PLACE = pl.int_range(pl.len()).over("customer_id")
TIES = {
    "counterparties": {"counterparty_id": pl.format("their-shop-{}", PLACE % 5)},
    "amounts": {"amount": -(PLACE % 10).cast(pl.Float64) * 7.13 - 1.07},
    "active_days": {"timestamp": pl.lit(MONDAY) + pl.duration(days=PLACE % 5 * 11 + 2, hours=12)},
    "rhythm": {"timestamp": pl.col("timestamp").dt.truncate("1d") + pl.duration(hours=3)},
}


@pytest.mark.parametrize("facet", FACETS)
def test_each_facet_sees_its_own_tie(facet: str) -> None:
    assert rank_of_the_tied(tied(history(), **TIES[facet]), facet) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("facet", "other"), [pair for pair in permutations(FACETS, 2) if set(pair) != TIMES])
def test_no_facet_sees_anothers_tie(facet: str, other: str) -> None:
    before, after = history(), tied(history(), **TIES[other])
    plain, changed = (vectors(each, fitted_on(each))[facet] for each in (before, after))
    assert float(changed[0] @ changed[1]) == pytest.approx(float(plain[0] @ plain[1]), abs=0.15)


def test_which_way_money_goes_does_not_count_and_a_cent_does() -> None:
    amounts = -(PLACE % 10).cast(pl.Float64) * 7.13 - 1.07
    other_way = pl.when(pl.col("customer_id") == "c00").then(-amounts).otherwise(amounts)
    a_cent_more = pl.when(pl.col("customer_id") == "c00").then(amounts - 0.01).otherwise(amounts)
    assert rank_of_the_tied(tied(history(), amount=other_way), "amounts") == 1
    near = vectors(tied(history(), amount=a_cent_more), fitted_on(tied(history(), amount=a_cent_more)))["amounts"]
    assert float(near[0] @ near[1]) < 0.3


def test_how_often_a_counterparty_is_paid_does_not_count() -> None:
    once = history().unique(["customer_id", "counterparty_id"], keep="first", maintain_order=True)
    often = pl.concat([history(), history()]).sort("customer_id", "timestamp")
    fitted = fitted_on(history())
    several, single = (vectors(each, fitted)["counterparties"] for each in (often, once))
    np.testing.assert_allclose(several, single, atol=1e-5)


def test_everybodys_days_and_ones_own_week_tie_nobody() -> None:
    """All are paid on the first of a month, and two shop on Tuesdays alone, as half of the others do."""
    payday = history().group_by("customer_id", maintain_order=True).head(3).with_columns(timestamp=pl.lit(MONDAY))
    tuesday = pl.col("timestamp").dt.truncate("1w") + pl.duration(days=1, hours=12)
    of_tuesdays = pl.col("customer_id").str.slice(1).cast(pl.Int64) % 2 == 0
    shopping = history().with_columns(pl.when(of_tuesdays).then(tuesday).otherwise(pl.col("timestamp")))
    bank = pl.concat([shopping, payday]).sort("customer_id", "timestamp")
    near = vectors(bank, fitted_on(bank))["active_days"][::2]
    alike = (near @ near.T)[~np.eye(len(near), dtype=bool)]
    assert abs(float(alike.mean())) < 0.1


def test_who_came_late_is_not_tied_to_others_who_did() -> None:
    late = pl.col("customer_id").is_in([f"c{number:02}" for number in range(10)])
    begun = history().filter(~late | (pl.col("timestamp") > MONDAY + timedelta(days=DAYS // 2)))
    near = vectors(begun, fitted_on(begun))["active_days"]
    alike = near @ near.T
    of_the_late = alike[:10, :10][~np.eye(10, dtype=bool)]
    assert abs(float(of_the_late.mean())) < 0.15


def test_days_that_come_later_tie_too_and_earlier_ones_are_left_out() -> None:
    fitted = fitted_on(history())
    later = tied(history(), timestamp=TIES["active_days"]["timestamp"]).with_columns(
        pl.col("timestamp").dt.offset_by("1y")
    )
    near = vectors(later, fitted)["active_days"]
    assert int((near[1:] @ near[0] >= near[1] @ near[0]).sum()) == 1
    earlier = history().with_columns(pl.col("timestamp").dt.offset_by("-1y"))
    assert not vectors(earlier, fitted)["active_days"].any()


def test_a_slip_in_a_date_costs_no_days_and_no_memory() -> None:
    slipped = pl.concat([history(), history().head(1).with_columns(timestamp=datetime(2099, 1, 1))])
    slipped = slipped.sort("customer_id", "timestamp")
    fitted = fitted_on(slipped)
    assert len(fitted.active_days.rates) == 2 * DAYS
    counts = count(slipped, transaction_features(slipped, 16))
    assert all(block.shape[1] <= 2 * DAYS + LONGEST for block in fitted.active_days.residuals(counts))
    assert vectors(slipped, fitted)["active_days"][1:].any(axis=1).all()


@pytest.mark.slow
def test_a_long_history_counts_by_its_last_years() -> None:
    long = pl.concat([history(), history().with_columns(pl.col("timestamp").dt.offset_by("-9y"))])
    long = long.sort("customer_id", "timestamp")
    assert len(fitted_on(long).active_days.rates) == LONGEST


def test_a_bank_without_counterparties_has_the_other_facets() -> None:
    bank = history().drop("counterparty_id")
    facets = vectors(bank, fitted_on(bank))
    assert not facets["counterparties"].any()
    assert all(facets[name].any(axis=1).all() for name in FACETS[1:])
