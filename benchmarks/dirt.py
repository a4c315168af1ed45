"""Does dirt make rings? Synthetic banks with one kind of dirt planted in their files, with and without rings.

    python benchmarks/dirt.py --seeds 1-4

writes banks without and with rings, plants every kind of dirt in a copy of each, embeds them with the model that all
synthetic banks share (`banks.py`), detects, and writes docs/dirt.md. Where a mask has a switch, the same bank is
searched with the switch off too. What is there already is kept while the code of detection is the same.
"""

import argparse
import csv
import io
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
from banks import CACHE, in_processes, seeds, train_shared
from detections import code_hash
from error_rate_page import mean_share, share_of_banks
from numpy.typing import NDArray
from PIL import Image

from ringsight.detection.detect import detect
from ringsight.detection.settings import DetectConfig
from ringsight.evaluation.measures import evaluate
from ringsight.evaluation.truth import read_truth
from ringsight.pipeline.embed import embed
from ringsight.records.bank import BankConfig
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.records.writing import write_atomically

RATE = 0.05
UNREAD = (
    "客户来电询问账户余额，并确认最近的转账。",
    "客户要求更换银行卡，已经说明需要的文件。",
    "客户对手续费有疑问，已经解释收费标准。",
    "客户希望推迟付款，将在下周再次来电。",
)
DISCLAIMER = (
    " This call may be recorded for training and quality. Calls to this number are charged at the rate of your "
    "provider. The bank never asks for a password, a PIN or a card number by telephone; nothing said here is advice."
)
Plant = Callable[[Path, np.random.Generator], None]
"""Changes the files of a bank."""


@dataclass(frozen=True, slots=True)
class Dirt:
    """One kind of dirt."""

    plant: Plant
    unmasked: Callable[[Path], BankConfig] | None = None
    """How the bank is read without the mask, where it has a switch."""


@dataclass(frozen=True, slots=True)
class Search:
    """One bank."""

    dirt: str
    masked: bool
    rings: bool
    seed: int
    customers: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was flagged in it."""

    search: Search
    stated: bool
    flags: int
    false: int
    found: int
    planted: int


def main() -> None:
    """Search every bank and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--seeds", type=seeds, default=seeds("1-4"))
    parser.add_argument("--customers", type=int, default=240)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    asked = parser.parse_args()
    in_processes(train_shared, [(asked.cache,)], 1)
    searches = [
        Search(name, masked, rings, seed, asked.customers)
        for seed in asked.seeds
        for name, dirt in KINDS.items()
        for masked in ((True, False) if dirt.unmasked else (True,))
        for rings in (False, True)
    ]
    outcomes = in_processes(searched, [(asked.cache, each) for each in searches], asked.processes)
    with write_atomically(asked.docs / "dirt.md") as partial:
        partial.write_text(page(outcomes), encoding="utf-8")


def searched(cache: Path, search: Search) -> Outcome:
    """Search one bank, or read what was found in it."""
    name = ", ".join(str(value) for value in asdict(search).values())
    path = cache / "dirt" / code_hash()[:16] / f"{name}.json"
    if not path.is_file():
        found = outcome(cache / "model", search)
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as partial:
            partial.write_text(json.dumps(asdict(found)) + "\n", encoding="utf-8")
    read = json.loads(path.read_text(encoding="utf-8"))
    return Outcome(**(read | {"search": Search(**read["search"])}))


def outcome(model: Path, search: Search) -> Outcome:
    """Write a bank, plant the dirt, and search it."""
    dirt = KINDS[search.dirt]
    config = SyntheticBankConfig(
        customers=search.customers, days=60, transactions_per_customer=30.0, rings=6 if search.rings else 0
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bank"
        generate_bank(config, search.seed, folder)
        dirt.plant(folder, np.random.default_rng(search.seed))
        unmasked = dirt.unmasked if not search.masked else None
        bank = read_bank(unmasked(folder) if unmasked else BankConfig(path=folder))
        truth = read_truth(folder / "truth")
        results = detect(bank, embed(bank, model), DetectConfig(fdr=RATE), search.seed)
    found = evaluate(results, truth)
    return Outcome(
        search=search,
        stated=results.summary["rate_stated"],
        flags=found.false_flags.whole,
        false=found.false_flags.part,
        found=found.rings.part,
        planted=found.rings.whole,
    )


def page(outcomes: Sequence[Outcome]) -> str:
    """The page, in Markdown."""
    first = outcomes[0].search
    numbers = sorted({each.search.seed for each in outcomes})
    lines = [
        "# Does dirt make rings?",
        "",
        f"Synthetic banks of {first.customers} customers, {len(numbers)} without rings and {len(numbers)} with six, "
        f"searched at a rate of {RATE}",
        "with a model of another bank, once for each kind of dirt planted in their files. Written by",
        f"`python benchmarks/dirt.py --seeds {numbers[0]}-{numbers[-1]} --customers {first.customers}`.",
        "Intervals are of 95 %.",
        "*Off* is the same bank with the mask switched off, where it has a switch.",
        "",
        "| dirt | mask | banks without rings that have a flag | false share of flags, with rings | rings found "
        "| rate withheld |",
        "|---|---|---|---|---|---|",
    ]
    for name, dirt in KINDS.items():
        for masked in (True, False) if dirt.unmasked else (True,):
            some = [each for each in outcomes if (each.search.dirt, each.search.masked) == (name, masked)]
            lines.append(f"| {name} | {_mask(dirt, masked)} | {_row(some)} |")
    return "\n".join([*lines, ""])


def _mask(dirt: Dirt, masked: bool) -> str:
    if dirt.unmasked is None:
        return ""
    return "on" if masked else "off"


def _row(banks: Sequence[Outcome]) -> str:
    honest = [each for each in banks if not each.search.rings]
    ringed = [each for each in banks if each.search.rings]
    flagged = share_of_banks([each.flags > 0 for each in honest])
    false = mean_share([each.false for each in ringed], [each.flags for each in ringed])
    found = f"{sum(each.found for each in ringed)} of {sum(each.planted for each in ringed)}"
    withheld = sum(not each.stated for each in banks)
    return f"{flagged} | {false} | {found} | {withheld} of {len(banks)}"


def _some(count: int, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(rng.permutation(count)[: int(share * count)])


def _change(
    folder: Path, table: str, column: str, share: float, values: Sequence[str], rng: np.random.Generator
) -> None:
    """Put one of some values in a share of a column's rows."""
    frame = pl.read_csv(folder / f"{table}.csv", infer_schema=False)
    cells = frame[column].to_list()
    for row in _some(len(cells), share, rng):
        cells[row] = values[int(rng.integers(len(values)))]
    frame.with_columns(pl.Series(column, cells)).write_csv(folder / f"{table}.csv")


def placeholders(folder: Path, rng: np.random.Generator) -> None:
    """Phones and e-mails that stand for nothing, on a quarter of the customers each."""
    _change(folder, "customers", "phone", 0.25, ("0000000000", "n/a", "unknown", "+49 000 000000"), rng)
    _change(folder, "customers", "email", 0.25, ("noreply@bank.example", "test@test.com", "none"), rng)


def undated(folder: Path, rng: np.random.Generator) -> None:
    """A fifth of the customers opened on the first day of 1900."""
    _change(folder, "customers", "opened_at", 0.2, ("1900-01-01T00:00:00.000",), rng)


def kiosk(folder: Path, _: np.random.Generator) -> None:
    """One branch opens all its accounts on a device of its own."""
    customers = pl.read_csv(folder / "customers.csv", infer_schema=False)
    branch = customers["branch"].value_counts(sort=True)["branch"][0]
    device = pl.when(pl.col("branch") == branch).then(pl.lit("D000KIOSK1")).otherwise("device_id")
    customers.with_columns(device_id=device).write_csv(folder / "customers.csv")


def _picture(folder: Path, share: float, rng: np.random.Generator, draw: Callable[[tuple[int, int]], bytes]) -> None:
    paths = sorted((folder / "id_images").iterdir())
    for place in _some(len(paths), share, rng):
        with Image.open(paths[place]) as image:
            size = image.size
        paths[place].write_bytes(draw(size))


def blank_scans(folder: Path, rng: np.random.Generator) -> None:
    """A fifth of the pictures is a blank page, each with a little noise of its own."""

    def blank(size: tuple[int, int]) -> bytes:
        grey = np.clip(rng.normal(246, 1.5, (size[1], size[0])), 0, 255).astype(np.uint8)
        written = io.BytesIO()
        Image.fromarray(grey).convert("RGB").save(written, "JPEG", quality=85)
        return written.getvalue()

    _picture(folder, 0.2, rng, blank)


def no_document(folder: Path, rng: np.random.Generator) -> None:
    """A sixth of the customers have one picture that stands for none."""
    written = io.BytesIO()
    stripes = np.kron(rng.integers(60, 220, (8, 8)), np.ones((40, 60))).astype(np.uint8)
    Image.fromarray(stripes).convert("RGB").save(written, "JPEG")
    _picture(folder, 1 / 6, rng, lambda _: written.getvalue())


def unread_script(folder: Path, rng: np.random.Generator) -> None:
    """A fifth of the notes is in a script that the BERT does not know."""
    _change(folder, "call_notes", "text", 0.2, UNREAD, rng)


def disclaimers(folder: Path, _: np.random.Generator) -> None:
    """Half of the agents end every note with the same paragraph."""
    with (folder / "call_notes.csv").open(encoding="utf-8", newline="") as file:
        notes = list(csv.DictReader(file))
    agents = sorted({note["agent_id"] for note in notes})
    chosen = set(agents[::2])
    for note in notes:
        note["text"] += DISCLAIMER if note["agent_id"] in chosen else ""
    pl.DataFrame(notes).write_csv(folder / "call_notes.csv")


def twice(folder: Path, rng: np.random.Generator) -> None:
    """One customer in twenty is there twice: a second id, with copies of half of the records."""
    customers = pl.read_csv(folder / "customers.csv", infer_schema=False)
    new_id = {str(old): f"{old}X" for old in customers["customer_id"].gather(_some(len(customers), 0.05, rng))}
    again = customers.filter(pl.col("customer_id").is_in(list(new_id)))
    pl.concat([customers, again.with_columns(pl.col("customer_id").replace(new_id))]).write_csv(
        folder / "customers.csv"
    )
    for table, key in (("call_notes", "note_id"), ("id_images", "image_id")):
        records = pl.read_csv(folder / f"{table}.csv", infer_schema=False)
        theirs = records.filter(pl.col("customer_id").is_in(list(new_id)))
        renamed = theirs.with_columns(pl.col("customer_id").replace(new_id), pl.col(key) + "X")
        pl.concat([records, renamed]).write_csv(folder / f"{table}.csv")
    moved = pl.read_parquet(folder / "transactions.parquet")
    half = pl.col("customer_id").is_in(list(new_id)) & (pl.int_range(pl.len()) % 2 == 0)
    second = pl.when(half).then(pl.col("customer_id").cast(pl.String).replace(new_id)).otherwise("customer_id")
    moved.with_columns(customer_id=second).write_parquet(folder / "transactions.parquet")


def _clean(_: Path, __: np.random.Generator) -> None:
    """Nothing is planted."""


def _every_picture(folder: Path) -> BankConfig:
    return BankConfig(path=folder, least_contrast=0, most_carriers=1_000_000)


def _every_value(folder: Path) -> BankConfig:
    values = ["0000000000", "n/a", "unknown", "+49 000 000000", "noreply@bank.example", "test@test.com", "none"]
    return BankConfig(path=folder, not_placeholders=values)


KINDS = {
    "none": Dirt(_clean),
    "placeholders for phone and e-mail": Dirt(placeholders, _every_value),
    "opened in 1900": Dirt(undated),
    "one device for a branch": Dirt(kiosk),
    "blank scans": Dirt(blank_scans, _every_picture),
    "one picture for no document": Dirt(no_document, _every_picture),
    "notes in an unread script": Dirt(unread_script),
    "disclaimers": Dirt(disclaimers),
    "customers who are there twice": Dirt(twice),
}


if __name__ == "__main__":
    main()
