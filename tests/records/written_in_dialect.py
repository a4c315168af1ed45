"""A sound bank's transactions, written as banks elsewhere in the world write them."""

import polars as pl
from bank_folder import Folder

from ringsight.records.bank import Bank
from ringsight.records.dialect import Dates, Dialect, Minus

WRITTEN = {
    Dates.iso: "%Y-%m-%d %H:%M:%S",
    Dates.year_first: "%Y/%m/%d %H:%M:%S",
    Dates.day_first: "%d.%m.%Y %H:%M:%S",
    Dates.month_first: "%m/%d/%Y %I:%M:%S %p",
}
COUNTED = {Dates.unix_s: 1, Dates.unix_ms: 1000, Dates.unix_us: 1_000_000}
STEPS = {Dates.unix_hours: 3600, Dates.unix_days: 86_400}
"""Seconds in a step."""


def sound_transactions(folder: Folder) -> Bank:
    """Give the folder amounts of every size and sign, and days of every month; read it."""
    frame = folder.frame("transactions").with_row_index("n")
    sizes = pl.Series([0.5, -3.25, 12.75, -987.6, 1234.56, -45678.9, 2345678.25]).gather(frame["n"] % 7)
    days = pl.datetime(2025, 1, 3, 9, 30, 15) + pl.duration(hours=pl.col("n") * 311)
    frame = frame.with_columns(amount=sizes, timestamp=days.dt.strftime("%Y-%m-%d %H:%M:%S"), memo=pl.lit("Müller"))
    frame.drop("n").write_csv(folder.path / "transactions.csv")
    return folder.read(max_bad_rows=0)


def write(folder: Folder, bank: Bank, dialect: Dialect) -> None:
    """Write the transactions of a bank in a dialect."""
    rows = bank.transactions.with_columns(memo=pl.lit("Müller"), counterparty_id=pl.lit("P1")).to_dicts()
    names = list(rows[0])
    lines = [f"Export {at}" for at in range(dialect.lines_above)] + [dialect.sign.join(names)]
    for row in rows:
        row["amount"] = amount(row["amount"], dialect)
        row["timestamp"] = moment(row["timestamp"], dialect)
        cells = (str(row[name]) for name in names)
        lines.append(dialect.sign.join(f'"{cell}"' if dialect.sign in cell else cell for cell in cells))
    lines += [dialect.sign.join(["Total", *[""] * (len(names) - 1)])] * dialect.lines_below
    (folder.path / "transactions.csv").write_bytes("\n".join([*lines, ""]).encode(dialect.encoding))


def amount(number: float, dialect: Dialect) -> str:
    """A number as the dialect has it."""
    signs = {",": "\0", ".": dialect.decimal}
    text = "".join(signs.get(sign, sign) for sign in f"{abs(number):,.2f}").replace("\0", dialect.thousands)
    text = f"{dialect.currency} {text}" if dialect.currency else text
    if number >= 0:
        return text
    return {Minus.leading: f"-{text}", Minus.brackets: f"({text})", Minus.trailing: f"{text}-"}[dialect.minus]


def moment(at: object, dialect: Dialect) -> str:
    """A moment as the dialect has it."""
    told = pl.Series([at]).dt.replace_time_zone("UTC").dt.convert_time_zone(dialect.timezone).dt.replace_time_zone(None)
    if dialect.dates is Dates.excel:
        return f"{told.dt.epoch('ms')[0] / 86_400_000 + 25_569:.9f}".replace(".", dialect.decimal)
    if dialect.dates in STEPS:
        return f"{told.dt.epoch('s')[0] / STEPS[dialect.dates]:.9f}".replace(".", dialect.decimal)
    if dialect.dates in COUNTED:
        return str(told.dt.epoch("us")[0] * COUNTED[dialect.dates] // 1_000_000)
    return str(told.dt.strftime(WRITTEN[dialect.dates])[0])
