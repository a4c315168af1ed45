"""A customer taken out of a finished run's results, so that they still add up.

In tables and ledgers a pseudonym drawn by chance takes the customer's place. What the ledgers quote of the customer's
records is gone: pairs of records, shared values, passages, and the sentences that rest on them. What a condition or a
set-aside row quotes goes too, where it may be the customer's. A report that names the customer is removed whole, for it
holds notes and photographs; so is a ledger that this version cannot read. Nothing left could undo the pseudonym.
"""

import json
import re
import secrets
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ringsight.errors import DataError
from ringsight.explain.json_form import to_json
from ringsight.explain.ledger import Ledger, LinkEvidence, read_ledger
from ringsight.records.embeddings import Embeddings
from ringsight.records.writing import write_atomically
from ringsight.runs.kept_frames import erase_from_frames
from ringsight.runs.kept_pictures import erase_from_pictures
from ringsight.runs.manifest import list_files
from ringsight.runs.paths import RunPaths

ERASED = "erased:"
"""How the pseudonym of an erased customer begins."""


def pseudonym() -> str:
    """A name that stands for an erased customer, and says nothing."""
    return ERASED + secrets.token_hex(6)


def erase_from_results(run: RunPaths, customer_id: str, name: str) -> int:
    """Write the tables and ledgers of a run anew without a customer, and read them back; remove its report.

    Args:
        run: paths of the run, finished or not, of this version or a former one.
        customer_id: whom to erase.
        name: the pseudonym that takes the customer's place.

    Returns:
        How many files named the customer.

    Raises:
        DataError: if a file still names the customer, or cannot be read.
    """
    changed = erase_from_frames(run, customer_id, name) + erase_from_pictures(run, customer_id)
    rings = _rings_of(run, customer_id)
    changed += sum(_erase_in_table(file, customer_id, name, rings) for file in run.tables())
    _forget_files(run.fingerprints, customer_id)
    changed += sum(_erase_in_ledger(run.ledger(ring_id), customer_id, name) for ring_id in rings)
    reports = [file for file in run.folder.glob("*.html") if _names(file.read_text(encoding="utf-8"), customer_id)]
    for report in reports:
        report.unlink()
    list_files(run)
    if run.summary.is_file():
        run.summary.touch()  # so that whoever has read the run reads it again
    return changed + len(reports)


def erase_embeddings(run: RunPaths, customer_id: str) -> int:
    """Write a run's embeddings anew without a customer, and read them back; how many vectors there were.

    Raises:
        DataError: if a run that was cut off has left files that may hold vectors.
        ModelError: if a file is damaged.
    """
    folder = run.embeddings
    if unfinished := sorted([*run.folder.glob(f".{folder.name}.*"), *folder.glob(".*")]):
        raise DataError(
            "left by a run that was cut off, and may hold vectors",
            where=str(unfinished[0]),
            remedy="if no run is under way, remove it, then erase again",
        )
    files = run.embedding_files()
    erased = sum(_erase_in_embeddings(file, customer_id) for file in files)
    if erased and run.live.is_dir():
        shutil.rmtree(run.live)  # it follows from vectors of which one is gone
    for file in files:
        if customer_id in Embeddings.read(file).customer_ids:
            raise DataError(f"customer {customer_id!r} is still here", where=str(file), remedy="erase again")
    return erased


def _erase_in_embeddings(file: Path, customer_id: str) -> int:
    embeddings = Embeddings.read(file)
    kept = embeddings.customer_ids != customer_id
    if not kept.all():
        embeddings.some(kept).write(file)
    return int(np.sum(~kept))


def _forget_files(fingerprints: Path, customer_id: str) -> None:
    """Forget what was seen of the bank's files that are named after the customer."""
    if fingerprints.is_file():
        before = _read(fingerprints)
        kept = [customer_id not in path for path in before["path"]]
        if not all(kept):
            with write_atomically(fingerprints) as partial:
                before.filter(kept).write_parquet(partial)


def _rings_of(run: RunPaths, customer_id: str) -> list[str]:
    """The rings that the customer is in, by the members' table and by the ledgers themselves."""
    mine = {ring for ring, file in run.ledger_files().items() if _names(file.read_text("utf-8"), customer_id)}
    members = run.table("members")
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
    if "fingerprint" in before.columns:  # of the customer's records
        after = after.filter(pl.col("customer_id") != name)
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
    try:
        ledger = read_ledger(file)
    except DataError:
        file.unlink()  # damaged, or of another version: what it quotes is unknown
        return True
    content = json.loads(_redacted(ledger, customer_id).to_json())
    with write_atomically(file) as partial:
        partial.write_text(to_json(renamed(content, customer_id, name)), encoding="utf-8", newline="\n")
    if _names(file.read_text(encoding="utf-8"), customer_id):
        raise DataError(f"customer {customer_id!r} is still here", where=str(file), remedy="remove the file")
    return True


def _redacted(ledger: Ledger, customer_id: str) -> Ledger:
    """The ledger without what it quotes of a customer's records; the customer's id is still in it."""
    gone = {customer_id}
    kept = {}
    for modality, pairs in ledger.matching_records.items():
        mine = [pair for pair in pairs if customer_id in (pair.customer_a, pair.customer_b)]
        gone.update(*(set(pair.cites) - {pair.customer_a, pair.customer_b} for pair in mine))
        kept[modality] = tuple(pair for pair in pairs if pair not in mine)
    values = {condition.value for condition in ledger.conditions} - {""}
    return replace(
        ledger,
        links=tuple(
            _unquoted(link) if customer_id in (link.customer_a, link.customer_b) else link for link in ledger.links
        ),
        conditions=tuple(replace(condition, value="") for condition in ledger.conditions),
        matching_records=kept,
        statements=tuple(
            replace(statement, text=_without(statement.text, values))
            for statement in ledger.statements
            if not gone.intersection(statement.records) and not _names(statement.text, customer_id)
        ),
    )


def _unquoted(link: LinkEvidence) -> LinkEvidence:
    return replace(link, shared=tuple(replace(value, value="", written=()) for value in link.shared))


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
