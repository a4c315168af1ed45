"""`ringsight similar`: the customers most like one, as a table or as JSON."""

import json
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ringsight.errors import DataError, SettingsError
from ringsight.jobs.command import Command
from ringsight.jobs.store import open_filled
from ringsight.online.common import CommonValue
from ringsight.online.similar import (
    Similar,
    SimilarConfig,
    similar,
    stored_vectors,
    unknown,
    vectors_of_records,
    with_newcomer,
)
from ringsight.records.bank import BankConfig, ColumnRole, Customers
from ringsight.records.contract import modalities
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.reading import read_bank, read_customers
from ringsight.vectors.ranking import Ranking
from ringsight.vectors.vector_store import StoreConfig

DECIMALS = 6
"""Of every figure in JSON."""


class Format(StrEnum):
    """How the answer is printed."""

    table = "table"
    json = "json"


@dataclass(kw_only=True, slots=True)
class SimilarJob(SimilarConfig):
    """What `ringsight similar` can be told."""

    customer: str
    """The customer's id."""
    records: Path | None = None
    """For a customer who is not in the store: a folder in the data contract with that customer's records."""
    bank: Path | None = None
    """The bank's folder, to tell what customers have in common. By default the one that the run was made from."""
    model: Path | None = None
    """Folder of the model that embeds `records`. By default the run's."""
    store: StoreConfig = field(default_factory=StoreConfig)
    """Where the vectors are kept."""
    out: Path = Path("out/run")
    """Folder of the run: its `vectors.db`, unless the store is named, its model and its settings."""
    format: Format = Format.table
    """`table`: to read. `json`: for programs."""

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            SettingsError: if the id is empty, or the search makes no sense.
        """
        SimilarConfig.__post_init__(self)
        if not self.customer:
            raise SettingsError("customer must not be empty", remedy="ringsight similar customer=ID out=FOLDER")


def run(config: SimilarJob) -> tuple[Similar, ...]:
    """Look for the customers most like one, and print them.

    Raises:
        RingsightError: for what a user can mend.
    """
    settings = _settings(config.out)
    customers = _customers(config, settings)
    with open_filled(config.store, config.out) as store:
        if config.records is None:
            queries = stored_vectors(store, config.customer)
            if not queries:
                raise _absent(config, customers)
        else:
            records = read_bank(BankConfig(path=config.records), fewest=1)
            queries = vectors_of_records(records, _model(config, settings), config.customer)
            customers = with_newcomer(customers, records) if customers else None
        found = similar(store, queries, config, customers)
    match config.format:
        case Format.json:
            print(json.dumps(_as_json(config, found), indent=2, allow_nan=False))
        case Format.table if found:
            Console().print(similar_table(config, found, list(queries)))
    for line in _remarks(config, found, customers is not None):
        Console(stderr=True, highlight=False, markup=False).print(line, soft_wrap=True)
    return found


def similar_table(config: SimilarJob, found: tuple[Similar, ...], spaces: list[str]) -> Table:
    """The answer for the terminal: one row for each customer found."""
    shown = [space for space in (JOINT, *modalities()) if space in spaces]
    several = bool(config.weights.given()) or config.ranking is Ranking.rrf
    table = Table(title_justify="left", caption_justify="left", title=Text(_printable(f"Most like {config.customer}")))
    table.caption = "In a space: cosine similarity, and in brackets the place among all who fit."
    table.add_column("customer", no_wrap=True)
    if several:
        table.add_column("score", justify="right")
    for space in shown:
        table.add_column(space.replace("_", " "), justify="right")
    table.add_column("nearest in")
    table.add_column("in common", overflow="fold")
    for each in found:
        score = [f"{each.score:.4f}"] if several else []
        common = "\n".join(map(in_words, each.common)) or "·"
        cells = [each.customer_id, *score, *(_cell(each, space) for space in shown), each.nearest.replace("_", " ")]
        table.add_row(*(Text(_printable(cell)) for cell in (*cells, common)))
    return table


def in_words(common: CommonValue) -> str:
    """A value in common, and how many customers carry it."""
    same = "same " if common.role is ColumnRole.innocent else ""
    return f"{same}{common.column} {common.value} ({common.customers:,} of {common.of:,} customers, {common.role})"


def _cell(each: Similar, space: str) -> str:
    if space not in each.similarities:
        return "·"
    return f"{each.similarities[space]:.3f}" + (f" ({each.ranks[space]:,})" if space in each.ranks else "")


def _printable(text: str) -> str:
    """A bank's text without what a terminal would obey."""
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)


def _as_json(config: SimilarJob, found: tuple[Similar, ...]) -> dict[str, Any]:
    """The question and the answer as plain values; figures to six decimals."""
    neighbours = [asdict(each) for each in found]
    for each in neighbours:
        each["score"] = round(each["score"], DECIMALS)
        each["similarities"] = {space: round(value, DECIMALS) for space, value in each["similarities"].items()}
    asked = {"customer": config.customer, "k": config.k, "where": config.where, "ranking": config.ranking}
    return asked | {"weights": config.weights.given(), "similar": neighbours}


def _remarks(config: SimilarJob, found: tuple[Similar, ...], compared: bool) -> list[str]:
    """What the answer itself does not say."""
    remarks = []
    if len(found) < config.k:
        who = f"fit where={config.where}" if config.where else "are in a space of the customer's"
        remarks.append(f"{len(found) or 'No'} other customers {who}; {config.k} were asked for.")
    if not compared:
        remarks.append("What customers have in common is not told: name the bank's folder by bank=FOLDER.")
    return remarks


def _settings(out: Path) -> dict[str, Any]:
    """What the run in a folder was told; empty if it did not write it down."""
    path = out / "settings.yaml"
    if not path.is_file():
        return {}
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _customers(config: SimilarJob, settings: dict[str, Any]) -> Customers | None:
    """Those of the bank named, else of the one that the run was made from; None if it is not there any more."""
    told = settings.get("bank", {})
    known = {each.name: told[each.name] for each in fields(BankConfig) if each.name in told and each.name != "path"}
    known["entities"] = {column: ColumnRole(role) for column, role in known.get("entities", {}).items()}
    path = config.bank or Path(told.get("path", config.out / "bank"))
    if config.bank is None and not path.is_dir():
        return None
    return read_customers(BankConfig(path=path, **known))


def _model(config: SimilarJob, settings: dict[str, Any]) -> Path:
    """The model named, else the run's."""
    return config.model or Path(settings.get("model") or config.out / "model")


def _absent(config: SimilarJob, customers: Customers | None) -> DataError:
    """The error of a customer without a vector in the store."""
    folder = config.out / "embeddings"
    if customers is None:
        files = sorted(folder.glob("*.parquet"))
        ids = np.unique(np.concatenate([np.empty(0, np.str_), *(Embeddings.read(file).customer_ids for file in files)]))
        return unknown(config.customer, ids, str(folder))
    if config.customer in customers.customer_ids:
        return DataError(
            f"customer {config.customer!r} is in no space of the store: the run found no records of theirs",
            where=str(customers.path),
            remedy=f"`ringsight embed bank.path={customers.path} out={config.out}` embeds the records there are now",
        )
    return unknown(config.customer, customers.customer_ids, str(customers.path))


COMMAND = Command("similar", SimilarJob, run, verbatim=("customer", "where"))
