"""Spark against the threads of one machine, and what a hundred million customers would take.

    python benchmarks/spark_engine.py --sizes 300,1200 --cores 2

generates banks, embeds and searches them by one model with either engine, and writes docs/spark_figures.md. CPU seconds
are those of the process and all that it started, Java among them.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ringsight
from ringsight.detection.settings import DetectConfig
from ringsight.encoders.registered import ENCODERS
from ringsight.fusion.settings import ModelConfig
from ringsight.fusion.training import train_missing
from ringsight.pipeline.detect import detect
from ringsight.pipeline.embed import embed
from ringsight.records.bank import Bank
from ringsight.records.writing import write_atomically
from ringsight.spark.engine import SparkEngine
from ringsight.spark.settings import SparkConfig
from ringsight.workers import spread_by

CUSTOMERS = 100_000_000
A_CUSTOMER = {"transactions": 200, "notes": 5, "id_images": 1}
"""Records of a customer, for the arithmetic."""
DETECTION_MS, DETECTION_KB = 14.1, 23.0
"""Core ms and kB of memory that detection takes for a customer: docs/scale.md, 100,000 customers."""
SENDING_MS, INDEXING_MS, LEARNED = 1 / 12, 0.42, 4
"""Core ms to send a vector to Milvus and to index it, and vectors of a customer: k8s/README.md, Sizing."""
NOT_SPREAD = "no: the driver"


@dataclass
class Measured:
    """One bank, embedded and searched with either engine; seconds."""

    customers: int
    records: dict[str, int]
    reading: float = 0.0
    modalities: dict[str, float] = field(default_factory=dict)
    """CPU seconds of embedding on one core, by modality."""
    start: float = 0.0
    """Wall seconds until Spark has started, and every process of it has loaded what it needs."""
    embedding: dict[str, tuple[float, float]] = field(default_factory=dict)
    detection: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By engine, wall and CPU seconds."""
    spread: float = 0.0
    """Share of the CPU seconds of detection that can be spread."""


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="300,1200", help="numbers of customers")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    with TemporaryDirectory() as folder:
        banks = [bank_of(size, Path(folder) / str(size)) for size in sizes]
        model = Path(folder) / "model"
        tiny = ModelConfig()
        for part in (tiny.transactions, tiny.notes, tiny.id_images, tiny.fusion):
            part.epochs = 1
        train_missing(banks[0][0], tiny, model, 0)
        measured = [on_one_machine(bank, reading, model) for bank, reading in banks]
        with_spark(measured, [bank for bank, _ in banks], model, given.cores)
    with write_atomically(given.docs / "spark_figures.md") as partial:
        partial.write_text(page(measured, given.sizes, given.cores), encoding="utf-8", newline="\n")


def bank_of(customers: int, folder: Path) -> tuple[Bank, float]:
    """A synthetic bank, and the CPU seconds of reading it."""
    ringsight.generate_bank(
        ringsight.SyntheticBankConfig(customers=customers, rings=max(2, customers // 100)), seed=1, into=folder
    )
    begun = cpu()
    bank = ringsight.read_bank(folder)
    return bank, cpu() - begun


def on_one_machine(bank: Bank, reading: float, model: Path) -> Measured:
    """Embed and search with threads."""
    told = bank.telling()
    measured = Measured(len(bank.customers), {name: len(rows) for name, rows in told.records.items()}, reading)
    for encoder in ENCODERS:
        begun = cpu()
        encoder.embed(told, model / encoder.modality)
        measured.modalities[encoder.modality] = cpu() - begun
    forget_notes()
    embeddings, measured.embedding["threads"] = timed(partial(embed, bank, model))
    _, measured.detection["threads"] = timed(partial(detect, bank, embeddings, DetectConfig()))
    within = [0.0]

    def alone(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            begun = time.process_time()
            made = work(item)
            within[0] += time.process_time() - begun
            yield made

    with spread_by(alone):
        _, (_, whole) = timed(partial(detect, bank, embeddings, DetectConfig()))
    measured.spread = within[0] / whole
    return measured


def with_spark(measured: list[Measured], banks: list[Bank], model: Path, cores: int) -> None:
    """The same with Spark, in one session; what starting it takes is told apart."""
    begun = time.perf_counter()
    with ExitStack() as stack:
        engine = stack.enter_context(SparkEngine.opened(SparkConfig(master=f"local[{cores}]", customers=200)))
        engine.embed_bank(banks[0], model)
        for each in measured:
            each.start = time.perf_counter() - begun
        for each, bank in zip(measured, banks, strict=True):
            embeddings, each.embedding["Spark"] = timed(partial(embed, bank, model, engine=engine))
            with spread_by(engine.spread):
                _, each.detection["Spark"] = timed(partial(detect, bank, embeddings, DetectConfig()))


def timed(work: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """What comes of it, and wall and CPU seconds."""
    wall, used = time.perf_counter(), cpu()
    made = work()
    return made, (time.perf_counter() - wall, cpu() - used)


def forget_notes() -> None:
    """Let notes be read again."""
    from ringsight.encoders import notes
    from ringsight.encoders.kept_vectors import KeptVectors

    notes._KEPT = KeptVectors()


def cpu() -> float:
    """CPU seconds of this process and of all that it started and that still run."""
    ticks, parents = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(told[1])
        ticks[int(stat.parent.name)] = sum(map(int, told[11:15]))  # own, and of those that it waited for
    ours, found = {Path("/proc/self").resolve().name}, -1
    while len(ours) > found:
        found = len(ours)
        ours |= {str(each) for each, parent in parents.items() if str(parent) in ours}
    return sum(ticks.get(int(each), 0) for each in ours) / 100


def page(measured: list[Measured], sizes: str, cores: int) -> str:
    """What was measured, and the arithmetic."""
    rows = [
        f"| {each.customers:,} | {each.embedding['threads'][0]:.0f} / {each.embedding['Spark'][0]:.0f} "
        f"| {each.embedding['threads'][1]:.0f} / {each.embedding['Spark'][1]:.0f} "
        f"| {each.detection['threads'][0]:.0f} / {each.detection['Spark'][0]:.0f} "
        f"| {each.detection['threads'][1]:.0f} / {each.detection['Spark'][1]:.0f} | {each.spread:.0%} |"
        for each in measured
    ]
    last = measured[-1]
    return "\n".join(
        [
            "# Spark: figures",
            "",
            f"Written by `python benchmarks/spark_engine.py --sizes {sizes} --cores {cores}`; seconds are of the",
            "machine that ran it.",
            "",
            f"## On one machine of {cores} cores: threads / Spark, `local[{cores}]`",
            "",
            "| customers | embedding, s | its CPU s | detection, s | its CPU s | of it spread |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"Spark's start is not counted: {last.start:.0f} wall seconds until it has started, its processes have",
            f"loaded what they need, and the bank of {measured[0].customers:,} has been embedded once, whose notes",
            "they then have read already.",
            "",
            f"## {CUSTOMERS:,} customers",
            "",
            *arithmetic(last),
            "",
        ]
    )


def arithmetic(measured: Measured) -> list[str]:
    """The table of stages, from what one bank took, and the figures that it rests on."""
    dearer = measured.embedding["Spark"][1] / measured.embedding["threads"][1]
    each = {name: 1000 * told / measured.records[name] for name, told in measured.modalities.items()}
    stages = [("reading and checking", 1000 * measured.reading / measured.customers, NOT_SPREAD)]
    stages += [(f"embedding, {name}", each[name] * dearer * A_CUSTOMER[name], "yes") for name in each]
    stages += [
        ("vectors to Milvus", LEARNED * SENDING_MS, "yes"),
        ("Milvus's index", LEARNED * INDEXING_MS, "Milvus's own machines"),
        ("detection, what is spread", DETECTION_MS * measured.spread, "yes, where one machine holds the bank"),
        ("detection, the rest", DETECTION_MS * (1 - measured.spread), NOT_SPREAD),
    ]
    table = [
        f"| {name} | {took:,.3g} | {took * CUSTOMERS / 3_600_000:,.0f} | {spread} |" for name, took, spread in stages
    ]
    wide = sum(took for _, took, spread in stages if spread.startswith("yes")) * CUSTOMERS / 3_600_000
    alone = sum(took for _, took, spread in stages if spread == NOT_SPREAD) * CUSTOMERS / 3_600_000
    shape = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in A_CUSTOMER.items())
    took = ", ".join(f"{name.replace('_', ' ')} {each[name]:.3g}" for name in each)
    rests = (
        f"It rests on: {shape} a customer (assumed); core ms a record on one core of this machine, {took}, times "
        f"{dearer:.2f} for Spark (CPU seconds of embedding, over threads'); {measured.spread:.0%} of detection "
        f"spread; all of these of the bank of {measured.customers:,} customers above. Detection takes {DETECTION_MS} "
        f"core ms and {DETECTION_KB:.0f} kB a customer ([scale.md](scale.md)). {1 / SENDING_MS:.0f},000 vectors are "
        f"sent a core second, and each takes {INDEXING_MS} core ms of index ([k8s/README.md](../k8s/README.md)). "
        "Images are opened in reading. The factor for Spark is of a small bank, where what Spark does for itself "
        "weighs most: for a large one it is too high."
    )
    return [
        "| stage | core ms a customer | core hours | spread |",
        "|---|---|---|---|",
        *table,
        "",
        f"What is spread takes {wide:,.0f} core hours, eight hours of {wide / 8:,.0f} cores. What is not takes "
        f"{alone:,.0f} core hours on one machine, and detection {CUSTOMERS * DETECTION_KB / 1e9:.1f} TB of its memory.",
        "",
        rests,
    ]


if __name__ == "__main__":
    main()
