"""Purchases of two tribes with tastes of their own, small enough to reason about."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

START = datetime(2026, 1, 1)
DAYS = 120


def purchases(each: int = 30, seed: int = 0) -> pl.DataFrame:
    """Fishers buy fish things, gardeners garden things, and everybody bread; the last fisher buys a `lathe`, too.

    Customers F00.. and G00.., of whom F00 bought no `net`; `rod` was bought by fishers in the last days alone.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for tribe, things in (("F", ("bait", "hook", "net", "boots")), ("G", ("seed", "spade", "rake", "pot"))):
        for number in range(each):
            customer = f"{tribe}{number:02d}"
            for thing in ("bread", *things):
                times = int(rng.integers(1, 4)) if (customer, thing) != ("F00", "net") else 0
                rows += [(customer, thing, START + timedelta(days=float(rng.uniform(0, 60)))) for _ in range(times)]
            if tribe == "F" and number:
                rows.append((customer, "rod", START + timedelta(days=DAYS)))
    rows.append((f"F{each - 1:02d}", "lathe", START + timedelta(days=10)))
    return pl.DataFrame(rows, schema=["customer_id", "thing", "timestamp"], orient="row")


def customers(each: int = 30) -> pl.DataFrame:
    """Fishers live at the coast, gardeners inland; NEW, at the coast, and NOBODY have bought nothing."""
    ids = [f"{tribe}{number:02d}" for tribe in "FG" for number in range(each)]
    regions: list[str | None] = ["coast" if customer[0] == "F" else "inland" for customer in ids]
    return pl.DataFrame({"customer_id": [*ids, "NEW", "NOBODY"], "region": [*regions, "coast", None], "sex": "f"})
