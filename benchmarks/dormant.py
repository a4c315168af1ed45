"""How long before they act accounts of a ring are told: dormant accounts, by the service.

    python benchmarks/dormant.py [seeds=1-3] [customers=600] [page=docs/service.md] [model=FOLDER]

On a synthetic bank a third of each ring's accounts, and three honest ones for each of those, are taken out of the
night and come by day. Each sleeps: it opens an account with an ID image and whatever phone, device and address of
e-mail it has, calls now and then, and makes no transaction until a day drawn in the second half of the records; of an
account of a ring, that is its first fraudulent one. All come in the order of time, as one service sees them. An account
is told where it is tied to a live ring while it has no transaction. What is drawn is when it acts; what is measured is
whether the service knows, and since when. The image counts as given on the first day of the records, so that no lead is
longer than they are. One model is trained on a bank of its own, the notes' encoder as its base; in the folder that is
named, if any, where it is not there yet.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ringsight.encoders.settings import NotesConfig
from ringsight.errors import DataError
from ringsight.fusion.settings import ModelConfig
from ringsight.online.last_night import read_night
from ringsight.online.live_graph import LiveGraph
from ringsight.online.newcomers import bank_of, vectors_of
from ringsight.pipeline.run import run
from ringsight.pipeline.train import train
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.service.state import rows_in

MARK, END = "<!-- written by benchmarks/dormant.py -->", "<!-- end -->"
SHARE, HONEST, FEWEST_LEFT = 1 / 3, 3, 3
"""Of a ring's accounts that sleep; honest sleepers for each; accounts of a ring that the night has, at least."""
AFTER = timedelta(days=14)
"""Once an account acts, what it does in so many days is taken in at once."""
TRAINED_ON = 1000
"""Seed of the bank that the model is trained on."""
NAMES = {"call_notes": "timestamp", "transactions": "timestamp"}
TABLES = ("customers.csv", "transactions.parquet", "call_notes.csv", "id_images.csv")


@dataclass(frozen=True, slots=True)
class Sleeper:
    """An account that comes by day, and when it acts first."""

    customer_id: str
    kind: str
    """Typology and strength of its ring; `honest` for none."""
    acts: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """When an account was told."""

    kind: str
    days_before: float | None
    """Days before its first transaction; None where it was not told by then."""
    told_after: bool
    """Whether it was tied to a ring once it had acted."""


def drawn(bank: Bank, rings: Sequence[Mapping[str, Any]], seed: int) -> list[Sleeper]:
    """Sleepers of rings and honest ones, and when they act."""
    rng = np.random.default_rng(seed)
    acting = set(bank.transactions["customer_id"].cast(pl.String).to_list())
    first, last = (bank.transactions["timestamp"].min(), bank.transactions["timestamp"].max())
    assert isinstance(first, datetime) and isinstance(last, datetime)  # noqa: S101 - there are transactions
    sleepers: list[tuple[str, str]] = []
    for ring in rings:
        members = [member for member in ring["members"] if member in acting]
        most = min(round(SHARE * len(ring["members"])), len(ring["members"]) - FEWEST_LEFT, len(members))
        chosen = rng.permutation(members)[: max(most, 0)].tolist()
        sleepers += [(member, f"{ring['typology']}, {ring['strength']}") for member in chosen]
    fraud = {member for ring in rings for member in ring["members"]}
    honest = sorted(acting - fraud)
    sleepers += [(member, "honest") for member in rng.permutation(honest)[: HONEST * len(sleepers)].tolist()]
    half = (last - AFTER - first) / 2
    return [Sleeper(name, kind, first + half + half * rng.random()) for name, kind in sleepers]


def night_without(folder: Path, sleepers: Sequence[Sleeper], into: Path) -> Path:
    """A copy of a bank's folder without the customers who come by day."""
    gone = [each.customer_id for each in sleepers]
    shutil.copytree(folder, into)
    shutil.rmtree(into / "truth")
    for name in TABLES:
        path = into / name
        table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
        kept = table.filter(~pl.col("customer_id").cast(pl.String).is_in(gone))
        kept.write_parquet(path) if path.suffix == ".parquet" else kept.write_csv(path)
    return into


def steps(bank: Bank, sleeper: Sleeper) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """The records that an account has, whenever they change: at the opening, at each call, and once it has acted."""
    own = rows_in(bank, sleeper.customer_id)
    moment = {
        table: [datetime.fromisoformat(row[column]) for row in own.get(table, [])] for table, column in NAMES.items()
    }
    begin = bank.transactions["timestamp"].min()
    assert isinstance(begin, datetime)  # noqa: S101 - there are transactions
    calls = sorted(each for each in moment["call_notes"] if each < sleeper.acts)
    for now in [begin, *calls, sleeper.acts + AFTER]:
        told: dict[str, Any] = {"id_images": own.get("id_images", [])}
        dated = zip(own.get("call_notes", []), moment["call_notes"], strict=True)
        told["call_notes"] = [row for row, at in dated if at <= now]
        told["transactions"] = [
            row
            for row, at in zip(own.get("transactions", []), moment["transactions"], strict=True)
            if sleeper.acts <= at <= now
        ]
        yield now, told


def followed(
    graph: LiveGraph, bank: Bank, sleepers: Sequence[Sleeper], evidence: pl.DataFrame, model: Path
) -> list[Outcome]:
    """Let everybody come in the order of time; when each was told."""
    values = {row.pop("customer_id"): {k: v for k, v in row.items() if v} for row in evidence.to_dicts()}
    told: dict[str, float] = {}
    after: set[str] = set()
    every = [(now, each, records) for each in sleepers for now, records in steps(bank, each)]
    for now, sleeper, records in sorted(every, key=lambda step: (step[0], step[1].customer_id)):
        name = sleeper.customer_id
        try:
            vectors = vectors_of(name, bank_of(name, records, BankConfig(path=Path())), model)
        except DataError:  # nothing that can be embedded yet
            continue
        there = {space: vector for space, vector in vectors.items() if space in graph.spaces}
        graph.put(name, graph.checked(there), graph.keys(values[name]))
        for each in sleepers:  # whoever came now may tie those who came before
            if each.customer_id in told or graph.ring_of(each.customer_id) is None:
                continue
            if graph.dormant((each.customer_id,)) and now <= each.acts:
                told[each.customer_id] = (each.acts - now) / timedelta(days=1)
            elif now > each.acts:
                after.add(each.customer_id)
    return [Outcome(each.kind, told.get(each.customer_id), each.customer_id in after) for each in sleepers]


def outcomes(seed: int, customers: int, model: Path, folder: Path) -> list[Outcome]:
    """Of one bank."""
    generate_bank(SyntheticBankConfig(customers=customers), seed=seed, into=folder / "bank")
    bank = read_bank(BankConfig(path=folder / "bank"))
    labels = pl.read_csv(folder / "bank" / "truth" / "labels.csv", infer_schema=False)
    told = json.loads((folder / "bank" / "truth" / "rings.json").read_text(encoding="utf-8"))
    rings = [
        {**ring, "members": labels.filter(pl.col("ring_id") == ring_id)["customer_id"].to_list()}
        for ring_id, ring in sorted(told.items())
    ]
    sleepers = drawn(bank, rings, seed)
    night = run(night_without(folder / "bank", sleepers, folder / "night"), folder / "run", model=model)
    graph = LiveGraph(read_night(night))
    customers_table = pl.read_csv(folder / "bank" / "customers.csv", infer_schema=False)
    return followed(graph, bank, sleepers, customers_table.select("customer_id", *graph.columns), model)


def row(name: str, some: Sequence[Outcome]) -> str:
    """A line of the table."""
    days = [each.days_before for each in some if each.days_before is not None]
    told = f"{np.median(days):.0f} ({np.min(days):.0f} to {np.max(days):.0f})" if days else "–"
    later = sum(each.told_after and each.days_before is None for each in some)
    return f"| {name} | {len(some)} | {len(days)} | {told} | {later} | {len(some) - len(days) - later} |"


def main(seeds: Sequence[int], customers: int, page: str, named: str) -> None:
    """Measure, print, and write the page."""
    every: list[Outcome] = []
    with tempfile.TemporaryDirectory() as name:
        folder, model = Path(name), Path(named or f"{name}/model")
        if not model.is_dir():
            generate_bank(SyntheticBankConfig(customers=customers), seed=TRAINED_ON, into=folder / "training")
            config = ModelConfig(notes=NotesConfig(trained_layers=0))
            train(read_bank(BankConfig(path=folder / "training")), model, config)
        for seed in seeds:
            (folder / str(seed)).mkdir()
            every += outcomes(seed, customers, model, folder / str(seed))
            kinds = sorted({each.kind for each in every})
            print(seed, *(row(kind, [each for each in every if each.kind == kind]) for kind in kinds), sep="\n")
    of_rings = [each for each in every if each.kind != "honest"]
    strengths = sorted({each.kind.split(", ")[1] for each in of_rings})
    typologies = sorted({each.kind.split(", ")[0] for each in of_rings})
    lines = [
        f"`python benchmarks/dormant.py seeds={seeds[0]}-{seeds[-1]} customers={customers} page=docs/service.md`",
        "",
        "| accounts that sleep | how many | told before they act | days before, median (range) | tied after | never |",
        "|---|---|---|---|---|---|",
        row("of rings", of_rings),
        *(row(each, [o for o in of_rings if o.kind.endswith(f", {each}")]) for each in strengths),
        *(row(each.replace("_", " "), [o for o in of_rings if o.kind.startswith(f"{each},")]) for each in typologies),
        row("honest", [each for each in every if each.kind == "honest"]),
    ]
    print("\n".join(lines))
    if page:
        before, _, rest = Path(page).read_text(encoding="utf-8").partition(MARK)
        text = "\n".join([f"{before}{MARK}", "", *lines, "", f"{END}{rest.partition(END)[2]}"])
        Path(page).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    settings = dict(word.split("=", 1) for word in sys.argv[1:])
    first, _, last = settings.get("seeds", "1-3").partition("-")
    main(
        range(int(first), int(last or first) + 1),
        int(settings.get("customers", 600)),
        settings.get("page", ""),
        settings.get("model", ""),
    )
