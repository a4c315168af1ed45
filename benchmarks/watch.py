"""How often `ringsight watch` raises a false alarm, and which drifts it sees.

    python benchmarks/watch.py --bank composite=FOLDER --seeds 1 --page docs/watch.md

No-drift nights are made of one bank's own records, so that they are as alike as nights can be. A bank is embedded by a
model that was trained on another draw of customers (half of the bank), and every night has `--customers` of the rest:

- *dealt*: customers are dealt at random; a fifth came, the others are the reference. All columns and spaces.
- *halves*: the same customers; each record falls on either night by lot. Transactions alone, for it takes too long to
  read notes and images anew for each night.
- *grown*: the same customers; the reference has their records up to a day, tonight a week more. Transactions alone.
- *met*: as dealt, but the reference are customers whom the model was trained on, as on a first night, and those who
  came are not. A model knows those whom it has met better.
- *young*: as dealt, but those who came have the last fifth of their records alone. No drift, and no two samples of one
  distribution either: what a space makes of few records differs. Transactions alone.

Drifts are planted in nights that are dealt and in halves, of a column where the bank has it: a share of its values
replaced, or set missing, and vectors drawn towards one point by some times their length. Level .05 and 199
permutations, so that rates can be told apart.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl
from banks import CACHE, in_processes, seeds
from numpy.typing import NDArray
from scipy.stats import binomtest

from ringsight.drift.columns import named_columns
from ringsight.drift.profiles import columns_of
from ringsight.drift.settings import WatchConfig
from ringsight.drift.shifts import shifts, who_is_who
from ringsight.drift.watched import EMBEDDINGS
from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TransactionsConfig
from ringsight.fusion.embed import embed_bank
from ringsight.fusion.settings import FusionConfig, ModelConfig
from ringsight.fusion.training import train_missing
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.embeddings import Embeddings
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.records.writing import write_atomically

CONFIG = WatchConfig(level=0.05, permutations=199, compared=400)
MARK = re.compile(r"(<!-- benchmarks/watch.py -->\n).*?(<!-- end -->)", re.DOTALL)
SHORT = ModelConfig(
    transactions=TransactionsConfig(epochs=2),
    notes=NotesConfig(epochs=1),
    id_images=IdImagesConfig(epochs=1),
    fusion=FusionConfig(epochs=2),
)
"""A model that is trained briefly: whether a test keeps its level does not hang on how good a space is."""

Spaces = dict[str, Embeddings]
Pair = tuple[tuple[Bank, Spaces], tuple[Bank, Spaces]]
"""The reference and tonight."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A bank of which nights are made."""

    name: str
    bank: Bank
    """Of the customers that the model was not trained on."""
    met: Bank
    """Of those that it was trained on."""
    spaces: Spaces
    """Of all."""
    model: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was said of one night."""

    bank: str
    nights: str
    """Kind of the nights."""
    number: int
    """Of the night, among those of its kind."""
    drift: str
    """What was planted; empty where nothing was."""
    size: float
    any_records: bool
    """Whether any column has an adjusted p-value at or below the level."""
    any_spaces: bool
    alarm: bool
    """Whether any is an alarm, by least effect too."""
    seen: bool
    """Whether what was planted is an alarm."""


def main() -> None:
    """Watch many nights, and print and write what was said of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE / "watch")
    parser.add_argument("--bank", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--seeds", type=seeds, default=[], help="of synthetic banks of 800 customers")
    parser.add_argument("--customers", type=int, default=250, help="of each night")
    parser.add_argument("--nights", type=int, default=60, help="of each kind and bank")
    parser.add_argument("--embedded", type=int, default=20, help="of each kind whose nights are embedded anew")
    parser.add_argument("--planted", type=int, default=10, help="nights of a kind in which drifts are planted")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON file for the outcomes")
    parser.add_argument("--page", type=Path, help="a page whose tables are written anew")
    asked = parser.parse_args()
    work = [
        (asked.cache, name, folder, asked.customers, (asked.nights, asked.embedded, asked.planted))
        for name, folder in folders(asked.cache, asked.bank, asked.seeds)
    ]
    told = [each for some in in_processes(outcomes, work, asked.processes) for each in some]
    if asked.out:
        with write_atomically(asked.out) as partial:
            partial.write_text(json.dumps([asdict(each) for each in told], indent=1) + "\n", encoding="utf-8")
    text = f"{false_alarms(told)}\n\n{power(told)}\n"
    print(text)
    if asked.page:
        page = MARK.sub(lambda match: f"{match[1]}{text}{match[2]}", asked.page.read_text(encoding="utf-8"))
        with write_atomically(asked.page) as partial:
            partial.write_text(page, encoding="utf-8")


def folders(cache: Path, given: Iterable[str], numbers: Iterable[int]) -> Iterator[tuple[str, Path]]:
    """Name and folder of every bank; synthetic ones are written where they are not there."""
    for seed in numbers:
        folder = cache / f"bank-{seed}"
        if not folder.is_dir():
            generate_bank(SyntheticBankConfig(customers=800, days=60, transactions_per_customer=40), seed, folder)
        yield f"synthetic {seed}", folder
    for text in given:
        name, _, place = text.partition("=")
        yield name, Path(place)


def prepared(name: str, folder: Path, cache: Path) -> Source:
    """Train on every other customer, and embed the rest; what is there of the same records is taken."""
    bank = read_bank(BankConfig(path=folder))
    odd = np.arange(len(bank.customers)) % 2 == 1
    trained, rest = only(bank, bank.customer_ids[odd]), only(bank, bank.customer_ids[~odd])
    train_missing(trained, SHORT, cache / "model", 0)
    files = sorted((cache / "embeddings").glob("*.parquet"))
    spaces = {path.stem: Embeddings.read(path) for path in files}
    if not spaces or any(each.data_hash != bank.data_hash for each in spaces.values()):
        spaces = embed_bank(bank, cache / "model")
        for space, each in spaces.items():
            each.write(cache / "embeddings" / f"{space}.parquet")
    return Source(name, rest, trained, spaces, cache / "model")


# --- nights -----------------------------------------------------------------------------------------------------------


def dealt(source: Source, customers: int, rng: np.random.Generator) -> Pair:
    """Customers dealt at random; a fifth came."""
    drawn = rng.choice(source.bank.customer_ids, customers, replace=False)
    came, others = np.sort(drawn[: customers // 5]), np.sort(drawn[customers // 5 :])
    return as_embedded(source, source.bank, others), as_embedded(source, source.bank, came)


def met(source: Source, customers: int, rng: np.random.Generator) -> Pair:
    """As dealt; the model was trained on all of the reference, and on nobody who came."""
    came = np.sort(rng.choice(source.bank.customer_ids, customers // 5, replace=False))
    others = np.sort(rng.choice(source.met.customer_ids, customers - customers // 5, replace=False))
    return as_embedded(source, source.met, others), as_embedded(source, source.bank, came)


def halves(source: Source, customers: int, rng: np.random.Generator) -> Pair:
    """The same customers; each record falls on either night by lot."""
    bank = transactions_alone(
        only(source.bank, np.sort(rng.choice(source.bank.customer_ids, customers, replace=False)))
    )
    lots = {name: rng.integers(0, 2, len(table)) for name, table in bank.records.items()}
    nights = [
        bank.with_records(
            **{name: table.filter(pl.Series(lots[name] == night)) for name, table in bank.records.items()}
        )
        for night in (0, 1)
    ]
    return embedded(nights[0], source), embedded(nights[1], source)


def grown(source: Source, customers: int, rng: np.random.Generator) -> Pair:
    """The same customers; tonight has a week more."""
    bank = transactions_alone(
        only(source.bank, np.sort(rng.choice(source.bank.customer_ids, customers, replace=False)))
    )
    moments = bank.transactions["timestamp"]
    first, last = cast("tuple[datetime, datetime]", (moments.min(), moments.max()))
    cut = first + (last - first) * float(rng.uniform(0.5, 0.8))
    ends = (cut, cut + timedelta(days=7))
    nights = [bank.with_records(transactions=bank.transactions.filter(pl.col("timestamp") <= end)) for end in ends]
    return embedded(nights[0], source), embedded(nights[1], source)


def young(source: Source, customers: int, rng: np.random.Generator) -> Pair:
    """As dealt; those who came have the last fifth of their transactions alone."""
    (before, _), (now, _) = dealt(source, customers, rng)
    place = pl.int_range(pl.len()).over("customer_id") / pl.len().over("customer_id")
    now = now.with_records(transactions=now.transactions.filter(place >= 0.8))
    return embedded(transactions_alone(before), source), embedded(transactions_alone(now), source)


def as_embedded(source: Source, bank: Bank, customers: NDArray[np.str_]) -> tuple[Bank, Spaces]:
    """Some customers of a bank, with their vectors in every space."""
    return only(bank, customers), {name: kept(each, customers) for name, each in source.spaces.items()}


def only(bank: Bank, customers: NDArray[np.str_]) -> Bank:
    """Some customers of a bank, with their records."""
    named = pl.col("customer_id").cast(pl.String).is_in(customers.tolist())
    return replace(
        bank,
        customers=bank.customers.filter(named),
        records={name: table.filter(named) for name, table in bank.records.items()},
        passed_over=bank.passed_over,
    )


def kept(space: Embeddings, customers: NDArray[np.str_]) -> Embeddings:
    """Some customers of a space."""
    inside = np.isin(space.customer_ids, customers)
    return space.some(inside)


def transactions_alone(bank: Bank) -> Bank:
    """The same customers, who have transactions and nothing else."""
    return bank.with_records(notes=bank.notes.clear(), id_images=bank.id_images.clear())


def embedded(bank: Bank, source: Source) -> tuple[Bank, Spaces]:
    """A night with its spaces."""
    return bank, embed_bank(bank, source.model)


# --- drifts -----------------------------------------------------------------------------------------------------------


def replaced(pair: Pair, size: float, rng: np.random.Generator) -> Pair:
    """A share of tonight's categories become the first of them."""
    return changed(pair, size, rng, pl.col("category").cast(pl.String).drop_nulls().sort().first())


def lost(pair: Pair, size: float, rng: np.random.Generator) -> Pair:
    """A share of tonight's categories are missing."""
    return changed(pair, size, rng, pl.lit(None, pl.String))


def changed(pair: Pair, size: float, rng: np.random.Generator, by: pl.Expr) -> Pair:
    """A share of tonight's categories are another."""
    bank, spaces = pair[1]
    chosen = pl.Series(rng.random(len(bank.transactions)) < size)
    column = pl.when(chosen).then(by).otherwise(pl.col("category").cast(pl.String))
    return pair[0], (bank.with_records(transactions=bank.transactions.with_columns(category=column)), spaces)


def drawn(pair: Pair, size: float, rng: np.random.Generator) -> Pair:
    """All vectors of the transactions tonight are drawn towards one point."""
    bank, spaces = pair[1]
    space = spaces["transactions"]
    point = rng.standard_normal(space.dim)
    moved = space.vectors + size * point / np.linalg.norm(point)
    vectors = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)
    return pair[0], (bank, spaces | {"transactions": replace(space, vectors=vectors)})


DRIFTS: dict[str, tuple[Callable[[Pair, float, np.random.Generator], Pair], tuple[str, str], tuple[float, ...]]] = {
    "categories replaced": (replaced, ("category", "values"), (0.05, 0.1, 0.2, 0.4)),
    "categories missing": (lost, ("category", "missing"), (0.05, 0.1, 0.2, 0.4)),
    "vectors drawn to a point": (drawn, ("transactions", "vectors"), (0.1, 0.2, 0.4, 0.8)),
}
"""Name -> how it is planted, what should be seen, and in which sizes."""
NIGHTS = {"dealt": dealt, "met": met, "halves": halves, "grown": grown, "young": young}


def outcomes(cache: Path, name: str, folder: Path, customers: int, how_many: tuple[int, int, int]) -> list[Outcome]:
    """Watch nights of every kind of one bank; what was said of each is kept, and a run that was stopped goes on.

    Args:
        cache: folder of what is kept.
        name: of the bank.
        folder: of the bank.
        customers: of each night.
        how_many: nights, those that are embedded anew, and those in which drifts are planted.
    """
    nights, anew, planted = how_many
    file = cache / f"{name.replace(' ', '-')}-{customers}.jsonl"
    told = [Outcome(**json.loads(line)) for line in file.read_text().splitlines()] if file.is_file() else []
    there = {(each.nights, each.number) for each in told}
    counts = {kind: nights if kind in ("dealt", "met") else anew for kind in NIGHTS}
    todo = [(number, kind) for number in range(max(nights, anew)) for kind in NIGHTS if number < counts[kind]]
    todo = [(number, kind) for number, kind in todo if (kind, number) not in there]
    source = prepared(name, folder, cache / name.replace(" ", "-")) if todo else None
    for number, kind in todo:
        some = list(of_night(cast("Source", source), kind, number, customers, number < planted))
        told += some
        with file.open("a", encoding="utf-8") as lines:
            lines.write("".join(json.dumps(asdict(each)) + "\n" for each in some))
    return [each for each in told if each.number < (planted if each.drift else counts[each.nights])]


def of_night(source: Source, kind: str, number: int, customers: int, plant_too: bool) -> Iterator[Outcome]:
    """What is said of one night and, of one that is dealt or of halves, with drifts planted in it."""
    pair = NIGHTS[kind](source, customers, np.random.default_rng([number, *kind.encode()]))
    yield outcome(source, kind, pair, number, ("", 0.0, ("", "")))
    if kind in ("dealt", "halves") and plant_too:
        for drift, (plant, sought, sizes) in DRIFTS.items():
            for size in sizes if {sought[0]} <= {*pair[1][0].transactions.columns, *pair[1][1]} else ():
                planted = plant(pair, size, np.random.default_rng(number))
                yield outcome(source, kind, planted, number, (drift, size, sought))


def outcome(source: Source, kind: str, pair: Pair, seed: int, planted: tuple[str, float, tuple[str, str]]) -> Outcome:
    """What is said of one night."""
    (before, old), (now, new) = pair
    who = who_is_who(before, now, (before.customer_ids, now.customer_ids))  # as dealt, nobody stayed
    columns = tuple(named_columns(list(columns_of(bank, protected=True))) for bank in (before, now))
    table, _ = shifts(who, (columns[0], columns[1]), (old, new), replace(CONFIG, seed=seed))
    low = table.filter(pl.col("adjusted_p_value") <= CONFIG.level)
    drift, size, (name, what) = planted
    return Outcome(
        bank=source.name,
        nights=kind,
        number=seed,
        drift=drift,
        size=size,
        any_records=bool((low["table"] != EMBEDDINGS).any()),
        any_spaces=bool((low["table"] == EMBEDDINGS).any()),
        alarm=bool(table["alarm"].any()),
        seen=bool(table.filter("alarm", name=name, what=what).height),
    )


# --- tables -----------------------------------------------------------------------------------------------------------


def false_alarms(told: list[Outcome]) -> str:
    """How often something was said of nights that had not drifted, in Markdown."""
    lines = [
        "| nights | bank | nights watched | any column at p ≤ .05 | any space at p ≤ .05 | any at p ≤ .05 | alarm |",
        "|---|---|---|---|---|---|---|",
    ]
    quiet = [each for each in told if not each.drift]
    for kind in NIGHTS:
        for bank in sorted({each.bank for each in quiet}):
            some = [each for each in quiet if each.nights == kind and each.bank == bank]
            if some:
                shares = (
                    [each.any_records for each in some],
                    [each.any_spaces for each in some],
                    [each.any_records or each.any_spaces for each in some],
                    [each.alarm for each in some],
                )
                lines.append(f"| {kind} | {bank} | {len(some)} | {' | '.join(map(rate, shares))} |")
    return "\n".join(lines)


def power(told: list[Outcome]) -> str:
    """How often planted drifts were alarms, in Markdown."""
    lines = []
    for drift, (_, _, sizes) in DRIFTS.items():
        lines += [
            f"| {drift} | bank | {' | '.join(f'{size:g}' for size in sizes)} |",
            f"|---|---|{'---|' * len(sizes)}",
        ]
        for kind, bank in sorted({(each.nights, each.bank) for each in told if each.drift == drift}):
            some = [each for each in told if (each.nights, each.bank, each.drift) == (kind, bank, drift)]
            cells = [rate([each.seen for each in some if each.size == size]) for size in sizes]
            lines.append(f"| {kind} | {bank} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def rate(values: list[bool]) -> str:
    """A share, with its exact 95 % interval (Clopper and Pearson)."""
    if not values:
        return ""
    found = binomtest(sum(values), len(values)).proportion_ci(method="exact")
    return f"{np.mean(values):.2f} ({found.low:.2f}–{found.high:.2f})"


if __name__ == "__main__":
    main()
