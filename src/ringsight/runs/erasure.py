"""A customer taken out of a finished run's results, so that they still add up.

In tables and ledgers a pseudonym drawn by chance takes the customer's place. What the ledgers quote of the customer's
records is gone: pairs of records, shared values, passages, and the sentences that rest on them. What a condition or a
set-aside row quotes goes too, where it may be the customer's. A report that names the customer is removed whole, for it
holds notes and photographs. Nothing is left by which the pseudonym could be undone.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ringsight.errors import DataError
from ringsight.explain.ledger import FILE, FOLDER
from ringsight.records.writing import write_atomically

ERASED = "erased:"
"""How the pseudonym of an erased customer begins."""


def pseudonym() -> str:
    """A name that stands for an erased customer, and says nothing."""
    return ERASED + secrets.token_hex(6)


def erase_from_results(run: Path, customer_id: str, name: str) -> int:
    """Write the tables and ledgers of a run anew without a customer, and read them back; remove its report.

    Args:
        run: folder of a finished run.
        customer_id: whom to erase.
        name: the pseudonym that takes the customer's place.

    Returns:
        How many files named the customer.

    Raises:
        DataError: if a file still names the customer, or cannot be read.
    """
    rings = _rings_of(run, customer_id)
    files = [*sorted(run.glob("*.parquet")), *sorted(run.glob("*.csv")), *sorted(run.glob("quarantine/*.csv"))]
    changed = sum(_erase_in_table(file, customer_id, name, rings) for file in files)
    changed += sum(_erase_in_ledger(run / FOLDER / ring_id / FILE, customer_id, name) for ring_id in rings)
    reports = [file for file in run.glob("*.html") if _names(file.read_text(encoding="utf-8"), customer_id)]
    for report in reports:
        report.unlink()
    if (run / "summary.json").is_file():
        (run / "summary.json").touch()  # so that whoever has read the run reads it again
    return changed + len(reports)


def _rings_of(run: Path, customer_id: str) -> list[str]:
    """The rings that the customer is in, by the members' table and by the ledgers themselves."""
    mine = {path.parent.name for path in run.glob(f"{FOLDER}/*/{FILE}") if _names(path.read_text("utf-8"), customer_id)}
    members = run / "members.parquet"
    if members.is_file():
        table = pl.read_parquet(members)
        mine |= set(table.filter(pl.col("customer_id") == customer_id)["ring_id"].to_list())
    return sorted(mine)


def _erase_in_table(file: Path, customer_id: str, name: str, rings: list[str]) -> bool:
    before = _read(file)
    after = before.with_columns(pl.col(pl.String).replace(customer_id, name))
    if {"ring_id", "value"} <= set(before.columns):  # conditions: of a single carrier, it may be the customer's own
        mine = pl.col("ring_id").is_in(rings)
        after = after.with_columns(value=pl.when(mine).then(pl.lit("")).otherwise("value"))
    if "reason" in before.columns:  # rows set aside
        after = after.filter(~pl.col("reason").str.contains(f"'{customer_id}'", literal=True))
    if after.equals(before):
        return False
    with write_atomically(file) as partial:
        after.write_parquet(partial) if file.suffix == ".parquet" else after.write_csv(partial)
    if any(customer_id in column.to_list() for column in _read(file).select(pl.col(pl.String))):
        raise DataError(f"customer {customer_id!r} is still here", where=str(file), remedy="erase again")
    return True


def _read(file: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file, infer_schema=False)
    except pl.exceptions.NoDataError:
        return pl.DataFrame()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError("cannot be read, and may name the customer", where=str(file), remedy="remove it") from error


def _erase_in_ledger(file: Path, customer_id: str, name: str) -> bool:
    if not file.is_file():
        return False
    before = file.read_text(encoding="utf-8")
    text = json.dumps(_redacted(json.loads(before), customer_id, name), indent=2, sort_keys=True, ensure_ascii=False)
    with write_atomically(file) as partial:
        partial.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    if _names(file.read_text(encoding="utf-8"), customer_id):
        raise DataError(f"customer {customer_id!r} is still here", where=str(file), remedy="remove the file")
    return True


def _redacted(ledger: Mapping[str, Any], customer_id: str, name: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
    pairs = [pair for alike in ledger["matching_records"].values() for pair in alike if customer_id in _ends(pair)]
    gone = {customer_id, *(record for pair in pairs for record in _records(pair))}
    values = {row["value"] for row in ledger["conditions"]} - {""}
    matching_records = {
        modality: [pair for pair in alike if customer_id not in _ends(pair)]
        for modality, alike in ledger["matching_records"].items()
    }
    links = [
        link | {"shared": [value | {"value": ""} for value in link["shared"]]} if customer_id in _ends(link) else link
        for link in ledger["links"]
    ]
    statements = [
        statement | {"text": _without(statement["text"], values)}
        for statement in ledger["statements"]
        if not gone.intersection(statement["records"]) and not _names(statement["text"], customer_id)
    ]
    conditions = [row | {"value": ""} for row in ledger["conditions"]]
    parts = {"matching_records": matching_records, "links": links, "statements": statements, "conditions": conditions}
    return renamed({**ledger, **parts}, customer_id, name)


def _ends(pair: Mapping[str, Any]) -> tuple[str, str]:
    return pair["customer_a"], pair["customer_b"]


def _records(pair: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the records that a pair of records alike is about."""
    for key, value in pair.items():
        if key.startswith(("note_", "image_", "transaction_")):
            yield str(value)
    for event in pair.get("events", ()):
        yield from _records(event)


def _without(text: str, values: set[str]) -> str:
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "(erased)")
    return text


def renamed(value: Any, customer_id: str, name: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """The same value with a customer's id, wherever it stands alone as a text or a key, replaced by `name`."""
    match value:
        case str():
            return name if value == customer_id else value
        case list():
            return [renamed(each, customer_id, name) for each in value]
        case dict():
            return {renamed(key, customer_id, name): renamed(each, customer_id, name) for key, each in value.items()}
        case _:
            return value


def _names(text: str, customer_id: str) -> bool:
    """Whether a text has the id as a word of its own; `C1` is not in `C10`."""
    return re.search(rf"(?<![\w-]){re.escape(customer_id)}(?![\w-])", text) is not None
