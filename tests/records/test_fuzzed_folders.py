"""Whatever a bank hands over ends in a bank or in a word to its people, never in a traceback.

`RINGSIGHT_FUZZ=20000 pytest tests/records/test_fuzzed_folders.py` tries more folders than the suite does.
"""

import io
import os
import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from bank_folder import Folder, write_folder
from written_in_dialect import amount, moment

from ringsight.errors import DataError, SettingsError
from ringsight.pipeline.check import check_bank
from ringsight.records import contract
from ringsight.records.bank import Bank, BankConfig, ColumnRole
from ringsight.records.contract import STORED_BYTES, STORED_TEXTS
from ringsight.records.dialect import TAB, THOUSANDS, Dates, Dialect, Minus, Plus
from ringsight.records.joins import IdRule
from ringsight.records.reading import describe, read_bank

pytestmark = pytest.mark.slow

TRIALS = int(os.environ.get("RINGSIGHT_FUZZ", "40"))
BATCHES = 8
ODD = [
    "",
    " ",
    "\t",
    "\0",
    "\x0b",
    "\ufeff",
    "NULL",
    "n/a",
    "1e400",
    "-",
    "()",
    "(",
    "€",
    "1.234,56",
    "1,5",
    "00",
    "0.0",
]
ODD += [
    "31.02.2026",
    "99/99/9999",
    "27.11.2026 25:61",
    "NaN",
    "inf",
    "../x",
    "C:\\x",
    '"',
    "'",
    ";",
    "\u202e",
    "é" * 400,
]
ODD += ["C00", "c00", "C00 ", "C00.0", "2026-11-27", "1795803420", "46353.5", "=1+1", "a\nb", "😀", "\ud7ff", "٣"]
NAMES = ["", " ", "customer_id", "CUSTOMER_ID", "stratum", "sex", "ringsight.row", "a;b", "x\ny", "Betrag", "#", "a: b"]
DTYPES: list[Callable[[random.Random, int], pl.Series]] = [
    lambda r, n: pl.Series([r.choice(ODD) for _ in range(n)]),
    lambda r, n: pl.Series([r.choice([*ODD, None]) for _ in range(n)], dtype=pl.Categorical),
    lambda r, n: pl.Series([r.choice([0, -1, 7, 2**40, None]) for _ in range(n)], dtype=pl.Int64),
    lambda r, n: pl.Series([r.choice([0, 2**64 - 1]) for _ in range(n)], dtype=pl.UInt64),
    lambda r, n: pl.Series([r.choice([0.0, 1.5, -7.0, 1e300, float("nan"), float("inf"), None]) for _ in range(n)]),
    lambda r, n: pl.Series([r.choice([1.0, 2.0]) for _ in range(n)], dtype=pl.Float32),
    lambda r, n: pl.Series([Decimal(r.randrange(99)) for _ in range(n)], dtype=pl.Decimal(20, r.choice([0, 2]))),
    lambda r, n: pl.Series([r.choice([True, False, None]) for _ in range(n)], dtype=pl.Boolean),
    lambda r, n: pl.Series([date(r.choice([1, 1800, 2026, 9999]), 1, 1) for _ in range(n)]),
    lambda r, n: pl.Series([datetime(r.choice([1, 1969, 2026, 9999]), 1, 1) for _ in range(n)]),
    lambda r, n: pl.Series([datetime(2026, 1, 1)] * n).dt.replace_time_zone(r.choice(["UTC", "Asia/Kolkata"])),
    lambda r, n: pl.Series([datetime(2026, 1, 1)] * n).cast(pl.Datetime(r.choice(["ns", "ms"]))),
    lambda r, n: pl.Series([timedelta(seconds=r.randrange(99)) for _ in range(n)]),
    lambda r, n: pl.Series([time(r.randrange(24)) for _ in range(n)]),
    lambda r, n: pl.Series([None] * n),
]
TEXTS = pl.List(pl.String)
NESTED: list[Callable[[random.Random, int], pl.Series]] = [
    lambda r, n: pl.Series([[1, None], []] * n, dtype=pl.List(pl.Int64)).head(n),
    lambda r, n: pl.Series([{"a": 1, "b": "x"}] * n),
    lambda r, n: pl.Series([b"\xff\x00"] * n),
    lambda r, n: pl.Series([[r.choice(["C00", "C01", None, "x"])] * r.randrange(3) for _ in range(n)], dtype=TEXTS),
    lambda r, n: pl.Series([[{"a": 1}]] * n),
    lambda r, n: pl.Series([[[1.5, None]]] * n),
    lambda r, n: pl.Series([["a", "b"]] * n, dtype=pl.Array(pl.String, 2)),
]


def a_dialect(r: random.Random) -> Dialect:
    """Any dialect; half of its words as by default."""
    choices: dict[str, list[Any]] = {
        "delimiter": [",", ";", TAB, "|", " ", ":"],
        "encoding": ["utf-8", "cp1252", "utf-16", "latin-1", "ascii", "utf-16-be", "shift_jis", "utf-7"],
        "lines_above": [0, 1, 3],
        "lines_below": [0, 1, 40],
        "decimal": [".", ","],
        "thousands": list(THOUSANDS),
        "minus": list(Minus),
        "plus": list(Plus),
        "currency": ["", "€", "EUR", "("],
        "dates": list(Dates),
        "timezone": ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"],
        "path_prefix": ["", "D:\\", "id_images/"],
        "path_separator": ["/", "\\"],
    }
    words = {word: r.choice(values) for word, values in choices.items() if r.random() < 0.3}
    if words.get("thousands") == words.get("decimal", "."):
        words.pop("thousands", None)
    return Dialect(**words)


def change_values(r: random.Random, table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give one column values of another type, or a few odd ones."""
    column = r.choice(frame.columns)
    if r.random() < 0.5:
        return frame.with_columns(r.choice(DTYPES + NESTED)(r, frame.height).alias(column))
    few = pl.Series([r.choice(ODD) if r.random() < r.choice([0.02, 0.5]) else None for _ in range(frame.height)])
    return frame.with_columns(pl.coalesce(few, pl.col(column).cast(pl.String)).alias(column))


def written_as(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Numbers and moments as a dialect has them, where they are such."""
    changed = frame
    for column, told in (("amount", amount), ("timestamp", moment), ("opened_at", moment)):
        if column in frame.columns and frame[column].dtype == pl.String:
            values = (
                frame[column].cast(pl.Float64, strict=False)
                if told is amount
                else frame[column].str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
            )
            texts = [
                old if value is None else told(value, dialect) for old, value in zip(frame[column], values, strict=True)
            ]
            changed = changed.with_columns(pl.Series(column, texts, dtype=pl.String))
    return changed


def write_table(r: random.Random, folder: Folder, table: str, frame: pl.DataFrame, dialect: Dialect) -> None:
    """Write a table as Parquet or as text, whole or in parts, with bytes missing or changed."""
    place = folder.path / table
    files = [place.with_suffix(".x")] if r.random() < 0.7 else [place / f"k={at}" / "a.x" for at in range(2)]
    nested = any(dtype.is_nested() or dtype in (pl.Binary, pl.Duration) for dtype in frame.dtypes)
    for at, file in enumerate(files):
        file.parent.mkdir(exist_ok=True, parents=True)
        rows = frame.gather_every(len(files), at)
        if nested or r.random() < 0.4:
            encoded = io.BytesIO()
            rows.write_parquet(encoded)
            content, suffix = encoded.getvalue(), ".parquet"
        else:
            text = rows.write_csv(separator=dialect.sign)
            text = "Export\n" * dialect.lines_above + text + "Total\n" * dialect.lines_below
            content, suffix = text.encode(dialect.encoding, errors="replace"), ".csv"
        if r.random() < 0.15:
            cut = r.randrange(len(content) + 1)
            content = r.choice([content[:cut], content[:cut] + bytes([r.randrange(256)]) + content[cut:], b""])
        file.with_suffix(suffix).write_bytes(content)


def a_bank_yaml(r: random.Random, dialects: dict[str, Dialect]) -> str:
    """Declarations: what is true, what is not, and what is none."""
    said: dict[str, object] = {"dialects": {table: each.differences() for table, each in dialects.items()}}
    if r.random() < 0.2:
        said["ids_ignore"] = r.sample([str(rule) for rule in IdRule], r.randrange(4))
    if r.random() < 0.1:
        said["entities"] = {r.choice(["hobby", "sex", "nothing", "segment"]): str(r.choice(list(ColumnRole)))}
    if r.random() < 0.1:
        said["columns"] = {"transactions": {"amount": r.choice(["memo", "amount", "nothing"])}}
    if r.random() < 0.1:
        said["tables"] = {"call_notes": r.choice(["*.csv", "transactions", "nothing.csv", "id_images", "[", "../x"])}
    for key in ("customers_from", "numbered"):
        if r.random() < 0.1:
            said[key] = r.sample(["transactions", "call_notes", "id_images"], r.randrange(4))
    if r.random() < 0.1:
        said["owners"] = {"transactions": r.choice([";", "0", "C"])}
    if r.random() < 0.1:
        columns = ["customer_id", "note_id", "agent_id", "nothing"]
        told = {"file": r.choice(["call_notes.csv", "transactions", "*"]), "account": r.choice(columns)}
        said["holders"] = told | {"customer": r.choice(columns)}
    if r.random() < 0.1:
        said["lists"] = {r.choice(["device_id", "branch", "segment", "hobby"]): r.choice([";", "-"])}
    text = yaml.safe_dump(said, allow_unicode=True)
    return text[: r.randrange(len(text))] if r.random() < 0.05 else text


def fuzz(r: random.Random, folder: Folder) -> None:
    """Change a sound folder at random."""
    dialects: dict[str, Dialect] = {}
    for table in r.sample(["customers", "transactions", "call_notes", "id_images"], r.choice([1, 1, 2])):
        frame = folder.frame(table)
        (folder.path / f"{table}.csv").unlink()
        dialect = a_dialect(r) if r.random() < 0.6 else Dialect()
        if r.random() < 0.8:
            frame = change_values(r, table, frame)
        frame = written_as(frame, dialect)
        if r.random() < 0.2:
            old, new = r.choice(frame.columns), r.choice(NAMES)
            frame = frame.rename({old: new}) if new not in frame.columns else frame.drop(old)
        write_table(r, folder, table, frame.head(r.choice([0, 1, 99, 99, 99])), dialect)
        if r.random() < 0.5 and dialect.differences():
            dialects[table] = dialect
    if r.random() < 0.1:
        (folder.path / "customers.csv").unlink(missing_ok=True)
    if dialects or r.random() < 0.3:
        (folder.path / "bank.yaml").write_text(a_bank_yaml(r, dialects), encoding="utf-8")


def sound(bank: Bank) -> None:
    """What every bank that was read holds."""
    assert bank.customers["customer_id"].is_unique().all() and bank.customers["customer_id"].is_sorted()
    for column in ("customer_id", *STORED_TEXTS):
        if column in bank.customers.columns:
            texts = bank.customers[column].cast(pl.String)
            assert not texts.str.contains(r"\p{Cc}").any() and not (texts.str.len_bytes() > STORED_BYTES).any()
    for table in contract.RECORD_TABLES:
        rows = bank.table(table.modality)
        assert set(table.required) <= set(rows.columns)
        assert rows["customer_id"].is_in(bank.customers["customer_id"].implode()).all()
    assert bank.transactions["amount"].is_finite().all()
    describe(bank)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_folder_ends_in_a_bank_or_in_a_word_to_its_people(batch: int, tmp_path: Path) -> None:
    for trial in range(batch, TRIALS, BATCHES):
        r = random.Random(trial)
        folder = write_folder(tmp_path / str(trial))
        fuzz(r, folder)
        config = BankConfig(path=folder.path, max_bad_rows=r.choice([0.05, 1.0]))
        try:
            sound(read_bank(config))
        except (DataError, SettingsError) as error:
            assert str(folder.path) in str(error) or "bank." in str(error), trial
        except BaseException as error:
            raise AssertionError(f"folder {trial}, in {folder.path}") from error
        try:
            found = check_bank(config)
            found.words()
            yaml.safe_load(found.yaml())
        except (DataError, SettingsError):
            pass
        except BaseException as error:
            raise AssertionError(f"check of folder {trial}, in {folder.path}") from error
