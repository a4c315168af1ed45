"""A small sound bank on disk, and the ways in which tests damage it."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from PIL import Image

from ringsight.records.bank import Bank, BankConfig
from ringsight.records.reading import read_bank

CUSTOMERS = 20


@dataclass(frozen=True)
class Folder:
    """A bank's folder with CSV tables, and the ways in which tests change it."""

    path: Path

    def lines(self, table: str) -> list[bytes]:
        return (self.path / f"{table}.csv").read_bytes().splitlines()

    def write(self, table: str, lines: list[bytes]) -> None:
        (self.path / f"{table}.csv").write_bytes(b"\n".join(lines) + b"\n")

    def replace(self, table: str, row: int, line: bytes) -> None:
        """Put `line` for row `row`, counted from 1 without the header."""
        lines = self.lines(table)
        lines[row] = line
        self.write(table, lines)

    def frame(self, table: str) -> pl.DataFrame:
        return pl.read_csv(self.path / f"{table}.csv", infer_schema=False, glob=False)

    def as_parquet(self, table: str, frame: pl.DataFrame | None = None) -> None:
        """Give the table as Parquet instead."""
        frame = self.frame(table) if frame is None else frame
        frame.write_parquet(self.path / f"{table}.parquet")
        (self.path / f"{table}.csv").unlink()

    def read(self, **settings: object) -> Bank:
        return read_bank(BankConfig(path=self.path, **{"max_bad_rows": 0.5} | settings))  # type: ignore[arg-type]


def write_folder(path: Path) -> Folder:
    ids = [f"C{i:02d}" for i in range(CUSTOMERS)]
    (path / "id_images").mkdir(parents=True)
    pl.DataFrame(
        {
            "customer_id": ids,
            "opened_at": "2018-01-15 00:00:31",
            "segment": ["retail", "business"] * (CUSTOMERS // 2),
            "region": "north",
            "device_id": ["D1", "D1", *[f"D{i}" for i in range(2, CUSTOMERS)]],
            "branch": "B1",
            "sex": ["f", "m"] * (CUSTOMERS // 2),
            "hobby": "chess",
        }
    ).write_csv(path / "customers.csv")
    owners = [customer for i, customer in enumerate(ids) for _ in range(i % 4)]
    records = pl.DataFrame({"customer_id": owners}).with_row_index("n")
    times = pl.datetime(2020, 1, 1) + pl.duration(hours=pl.col("n") * 7919 % 1000)
    stamped = records.with_columns(timestamp=times.dt.strftime("%Y-%m-%d %H:%M:%S"))
    stamped.select(
        "customer_id",
        "timestamp",
        transaction_id=pl.format("T{}", "n"),
        amount=pl.col("n") - 7.5,
        category=pl.lit("food"),
        memo=pl.lit("not ours"),
    ).write_csv(path / "transactions.csv")
    notes = stamped.select(
        "customer_id", "timestamp", note_id=pl.format("N{}", "n"), text=pl.lit("called and was happy")
    )
    notes.write_csv(path / "call_notes.csv")
    images = pl.DataFrame({"customer_id": ids[:10]}).with_row_index("n")
    images.select(
        "customer_id", image_id=pl.format("I{}", "n"), path=pl.format("id_images/{}.jpg", "customer_id")
    ).write_csv(path / "id_images.csv")
    for number, customer in enumerate(ids[:10]):
        Image.effect_noise((40, 30), 20 + number).save(path / "id_images" / f"{customer}.jpg")
    return Folder(path)


def only_fault(bank: Bank) -> tuple[str, int, str, str]:
    """File, row, column and reason of the one row that the bank has in quarantine."""
    assert bank.quarantine.height == 1, bank.quarantine
    file, row, column, reason = bank.quarantine.row(0)
    return file, row, column, reason
