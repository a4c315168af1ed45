"""What is known to be true of a bank: planted or investigated rings, and benign groups that look like them.

Read by evaluation alone, never by training or detection.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ringsight.errors import DataError
from ringsight.records.annotations import read_annotations

NOT_GROUPS = {"customer_id", "ring_id", "is_fraud", "labelled_at", "typology", "strength"}
TRAITS = ("typology", "strength", "tied")
PEOPLE = "give every customer exactly one row; leave ring_id empty for a customer in no ring"


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The true rings and the benign groups of a bank."""

    path: Path
    """The labels file that was read."""
    customer_ids: frozenset[str]
    """Every customer whose truth is known."""
    rings: dict[str, frozenset[str]]
    """Ring id -> its members."""
    traits: dict[str, dict[str, str]]
    """Ring id -> what rings.json says of it: `typology`, `strength`, `tied` (modalities joined by ` + `)."""
    benign: dict[str, frozenset[str]]
    """Benign group, as `household H045` -> its members."""


def read_truth(path: Path) -> Truth:
    """Read the labels file, and rings.json and benign.csv where they lie beside it.

    Args:
        path: labels.csv or labels.parquet, or the folder that holds one. Columns: customer_id, ring_id (empty
            for none), optional is_fraud; any further text column names a benign group.

    Raises:
        DataError: if a file is missing or unreadable, lacks a column, repeats a customer, or contradicts another.
    """
    path = _labels_in(path) if path.is_dir() else path
    labels = _read_table(path, required=("customer_id", "ring_id"))
    _refuse_bad_customers(labels, path)
    customer_ids = frozenset(labels["customer_id"].to_list())
    benign: dict[str, frozenset[str]] = {}
    for column in labels.columns:
        if column not in NOT_GROUPS and labels[column].dtype == pl.String:
            benign |= {f"{column} {group}": members for group, members in _groups(labels, column).items()}
    beside = path.parent / "benign.csv"
    if beside.is_file():
        benign |= _read_benign(beside, customer_ids)
    rings = _groups(labels, "ring_id")
    return Truth(
        path=path,
        customer_ids=customer_ids,
        rings=rings,
        traits=_read_traits(path.parent / "rings.json", rings),
        benign=benign,
    )


def _labels_in(folder: Path) -> Path:
    for name in ("labels.csv", "labels.parquet"):
        if (folder / name).is_file():
            return folder / name
    raise DataError("no labels.csv or labels.parquet here", where=str(folder), remedy="name the file with the truth")


def _read_table(path: Path, required: tuple[str, ...]) -> pl.DataFrame:
    """All columns of a CSV as text, or a Parquet as it is; ids and groups are text, empty ones null."""
    table = read_annotations(path, required, "a labels.csv or labels.parquet")
    texts = pl.selectors.string()
    return table.with_columns(
        pl.when(texts.str.strip_chars().str.len_chars() > 0).then(texts.str.strip_chars()).name.keep()
    )


def _refuse_bad_customers(labels: pl.DataFrame, path: Path) -> None:
    """Rows are counted from 1, as in the file without its header."""
    empty = labels["customer_id"].is_null()
    if empty.any():
        row = int(empty.arg_max() or 0) + 1
        raise DataError("no customer id", where=f"{path}, row {row}, column customer_id", remedy=PEOPLE)
    repeated = ~labels["customer_id"].is_first_distinct()
    if repeated.any():
        row = int(repeated.arg_max() or 0)
        raise DataError(
            f"customer {labels['customer_id'][row]!r} appears twice",
            where=f"{path}, row {row + 1}, column customer_id",
            remedy=PEOPLE,
        )


def _groups(table: pl.DataFrame, column: str) -> dict[str, frozenset[str]]:
    """Value -> the customers who carry it, sorted by value."""
    members: dict[str, set[str]] = defaultdict(set)
    for customer, value in table.select("customer_id", column).drop_nulls().iter_rows():
        members[value].add(customer)
    return {value: frozenset(members[value]) for value in sorted(members)}


def _read_benign(path: Path, customer_ids: frozenset[str]) -> dict[str, frozenset[str]]:
    table = _read_table(path, required=("customer_id", "group_id", "kind"))
    unknown = ~table["customer_id"].is_in(list(customer_ids)).fill_null(value=False)
    if unknown.any():
        row = int(unknown.arg_max() or 0)
        raise DataError(
            f"customer {table['customer_id'][row]!r} has no row in the labels",
            where=f"{path}, row {row + 1}, column customer_id",
            remedy=PEOPLE,
        )
    return _groups(table.with_columns(group=pl.format("{} {}", "kind", "group_id")), "group")


def _read_traits(path: Path, rings: dict[str, frozenset[str]]) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    remedy = 'write {"R01": {"size": 8, "tied": ["notes", "transactions"]}, ...}, or remove the file'
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"is not JSON: {error}", where=str(path), remedy=remedy) from error
    if not isinstance(told, dict) or not all(isinstance(traits, dict) for traits in told.values()):
        raise DataError("is not an object of objects by ring id", where=str(path), remedy=remedy)
    unknown = sorted(told.keys() - rings.keys())
    if unknown:
        raise DataError(
            f"ring {unknown[0]!r} has no member in the labels",
            where=f"{path}, {unknown[0]}",
            remedy="use the ring ids of the labels file",
        )
    return {
        ring: {name: _as_text(traits[name]) for name in TRAITS if traits.get(name) is not None}
        for ring, traits in sorted(told.items())
    }


def _as_text(trait: object) -> str:
    return " + ".join(sorted(map(str, trait))) if isinstance(trait, list) else str(trait)
