"""How much memory and time reading transactions takes: `python benchmarks/read_transactions.py [ROWS]`.

A bank of 100,000 customers with ROWS transactions (10 million by default) is written to a temporary folder,
then read by a fresh process, which prints its peak resident memory, imports included.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

CUSTOMERS, COUNTERPARTIES, CHUNK = 100_000, 20_000, 1_000_000


def write_bank(folder: Path, rows: int) -> None:
    """Write customers.csv and transactions.parquet, a million rows at a time."""
    rng = np.random.default_rng(0)
    customers = pl.Series([f"C{i:06d}" for i in range(CUSTOMERS)])
    pl.DataFrame({"customer_id": customers}).with_columns(
        opened_at=pl.lit("2018-01-15"), segment=pl.lit("retail")
    ).write_csv(folder / "customers.csv")
    repeated = {
        "customer_id": customers,
        "counterparty_id": pl.Series([f"M{i:05d}" for i in range(COUNTERPARTIES)]),
        "category": pl.Series(["food", "rent", "travel", "salary", "cash"]),
        "channel": pl.Series(["card", "web", "atm"]),
    }
    writer = None
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        table = pl.DataFrame(
            {
                "transaction_id": [f"T{i:09d}" for i in range(start, start + count)],
                "timestamp": pl.Series(1_600_000_000 + rng.integers(0, 30_000_000, count)) * 1_000_000,
                "amount": rng.normal(0, 100, count).round(2),
                **{name: values.gather(rng.integers(0, len(values), count)) for name, values in repeated.items()},
            }
        ).with_columns(pl.col("timestamp").cast(pl.Datetime("us")))
        writer = writer or pq.ParquetWriter(folder / "transactions.parquet", table.to_arrow().schema)
        writer.write_table(table.to_arrow())
    if writer:
        writer.close()


def measure(folder: Path) -> None:
    """Read the bank and print what it took."""
    from ringsight.records.bank import BankConfig
    from ringsight.records.reading import read_bank

    start = time.perf_counter()
    bank = read_bank(BankConfig(path=folder))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{bank.transactions.height:,} transactions: peak {peak:.2f} GiB, {seconds:.1f} s on {os.cpu_count()} cores")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_bank(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
            subprocess.run([sys.executable, __file__, "--measure", folder], check=True)
