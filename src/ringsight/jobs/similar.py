"""`ringsight similar`: the customers most like one, as a table or as JSON."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ringsight.errors import SettingsError
from ringsight.jobs.command import Command
from ringsight.jobs.stages import stages_told
from ringsight.online.asking import ask
from ringsight.online.common import CommonValue
from ringsight.online.similar import Similar, SimilarConfig, SimilarCustomers
from ringsight.records.bank import BankConfig, ColumnRole
from ringsight.records.contract import modalities
from ringsight.records.embeddings import JOINT
from ringsight.records.reading import read_bank
from ringsight.runs.run import Run
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
    """Where the vectors are kept, if not where the run keeps them."""
    out: Path = Path("out/run")
    """Folder of the run: its store, unless one is named, its model and its settings."""
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


def run(config: SimilarJob) -> SimilarCustomers:
    """Look for the customers most like one, and print them.

    Raises:
        RingsightError: for what a user can mend.
    """
    records = read_bank(BankConfig(path=config.records), fewest=1) if config.records else None
    run = Run(config.out)
    elsewhere = {"bank": config.bank, "model": config.model}
    with stages_told(0):
        found = ask(run, config.customer, config, records=records, store=config.store, **elsewhere)
    match config.format:
        case Format.json:
            print(json.dumps(_as_json(config, found), indent=2, allow_nan=False))
        case Format.table if found:
            Console().print(similar_table(config, found))
    for line in _remarks(config, found):
        Console(stderr=True, highlight=False, markup=False).print(line, soft_wrap=True)
    return found


def similar_table(config: SimilarJob, found: SimilarCustomers) -> Table:
    """The answer for the terminal: one row for each customer found."""
    shown = [space for space in (JOINT, *modalities()) if space in found.spaces]
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


def _as_json(config: SimilarJob, found: SimilarCustomers) -> dict[str, Any]:
    """The question and the answer as plain values; figures to six decimals."""
    neighbours = [asdict(each) for each in found]
    for each in neighbours:
        each["score"] = round(each["score"], DECIMALS)
        each["similarities"] = {space: round(value, DECIMALS) for space, value in each["similarities"].items()}
    asked = {"customer": config.customer, "k": config.k, "where": config.where, "ranking": config.ranking}
    return asked | {"weights": config.weights.given(), "similar": neighbours}


def _remarks(config: SimilarJob, found: SimilarCustomers) -> list[str]:
    """What the answer itself does not say."""
    remarks = []
    if len(found) < config.k:
        who = f"fit where={config.where}" if config.where else "are in a space of the customer's"
        remarks.append(f"{len(found) or 'No'} other customers {who}; {config.k} were asked for.")
    if not found.compared:
        remarks.append("What customers have in common is not told: name the bank's folder by bank=FOLDER.")
    return remarks


COMMAND = Command("similar", SimilarJob, run, verbatim=("customer", "where"))
