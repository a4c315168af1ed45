"""A small sound bank on disk, and the ways in which tests damage it."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ringsight.records.bank import Bank, BankConfig
from ringsight.records.reading import read_bank
from ringsight.testing import write_tiny_bank


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
    return Folder(write_tiny_bank(path))


def only_fault(bank: Bank) -> tuple[str, int, str, str]:
    """File, row, column and reason of the one row that the bank has in quarantine."""
    assert bank.quarantine.height == 1, bank.quarantine
    file, row, column, reason = bank.quarantine.row(0)
    return file, row, column, reason
