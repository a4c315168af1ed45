"""How detection grows with the bank: time, memory and work by the number of customers, each size in its own process.

    python benchmarks/scale.py --sizes 1000,4000,16000 --world independent

draws banks of one kind (`worlds.py`) as embeddings, detects in each from the stored vectors on, and writes
docs/scale.md and its plot. What is there already is kept while the code is the same, so that a run that was stopped
goes on where it was; times are of the machine that ran it, and the growth is the figure to read.
"""

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from detections import code_hash
from matplotlib.figure import Figure
from rich.console import Console
from worlds import KINDS, draw

from ringsight.detection.detect import detect
from ringsight.detection.settings import DetectConfig
from ringsight.evaluation.measures import evaluate
from ringsight.records.writing import write_atomically

SEED = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """One bank searched."""

    customers: int
    planted: int
    found: int
    """Planted rings that are flagged."""
    false: int
    """Flags that are none of them."""
    rate_stated: bool
    calibrating: int
    judging: int
    """Chance worlds."""
    cpu_s: float
    wall_s: float
    peak_mb: float
    """Of the whole process."""


def main() -> None:
    """Measure what is not there yet, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,2000,4000,8000,16000", help="numbers of customers")
    parser.add_argument("--world", default="independent", choices=KINDS)
    parser.add_argument("--cache", type=Path, default=Path("out/benchmarks"))
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    given = parser.parse_args()
    folder = given.cache / "scale" / code_hash()[:16] / given.world.replace(" ", "_")
    measured = [_kept(given.world, int(size), folder) for size in given.sizes.split(",")]
    with write_atomically(given.docs / "scale.md") as partial:
        partial.write_text(page(measured, given.world, given.sizes), encoding="utf-8", newline="\n")
    plot(measured).savefig(given.docs / "scale.png", dpi=110, metadata={"Software": None})


def _kept(world: str, customers: int, folder: Path) -> Measured:
    file = folder / f"{customers}.json"
    if not file.is_file():
        Console(stderr=True).print(f"searching {customers:,} customers…")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as alone:  # so that memory is that of one size
            measured = alone.submit(measure, world, customers).result()
        with write_atomically(file) as partial:
            partial.write_text(json.dumps(asdict(measured)), encoding="utf-8")
    return Measured(**json.loads(file.read_text(encoding="utf-8")))


def measure(world: str, customers: int) -> Measured:
    """Draw a bank, and search it."""
    bank, embeddings, truth = draw(KINDS[world], SEED, customers, rings=True)
    cpu, wall = time.process_time(), time.perf_counter()
    results = detect(bank, embeddings, DetectConfig(), SEED)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    found = evaluate(results, truth)
    return Measured(
        customers=customers,
        planted=found.rings.whole,
        found=found.rings.part,
        false=found.false_flags.part,
        rate_stated=results.summary["rate_stated"],
        calibrating=results.summary["worlds"]["calibrating"],
        judging=results.summary["worlds"]["judging"],
        cpu_s=cpu,
        wall_s=wall,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def growth(measured: Sequence[Measured]) -> float:
    """The power of the number of customers by which CPU seconds grow, from the smallest size to the largest."""
    first, last = measured[0], measured[-1]
    return float(np.log(last.cpu_s / first.cpu_s) / np.log(last.customers / first.customers))


def page(measured: Sequence[Measured], world: str, sizes: str) -> str:
    """The page, in Markdown."""
    rows = [
        f"| {each.customers:,} | {each.cpu_s:,.0f} | {each.wall_s:,.0f} | {each.peak_mb:,.0f} "
        f"| {each.calibrating} + {each.judging} | {each.found} of {each.planted} | {each.false} "
        f"| {'yes' if each.rate_stated else 'no'} |"
        for each in measured
    ]
    command = f'python benchmarks/scale.py --sizes {sizes} --world "{world}"'
    lines = [
        "# How detection grows with the bank",
        "",
        f"Written by `{command}`:",
        "one bank a size, six spaces in three modalities, detection alone, from stored vectors to results.",
        "Seconds are of the machine that ran it.",
        "",
        "![CPU seconds by customers](scale.png)",
        "",
        "| customers | CPU s | wall s | peak MB | chance worlds | rings found | false flags | rate stated |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        "Chance worlds: those that calibrate scores + those that judge them.",
        f"From {measured[0].customers:,} to {measured[-1].customers:,} customers CPU seconds grow by the power "
        f"{growth(measured):.2f} of their number.",
        "",
    ]
    return "\n".join(lines)


def plot(measured: Sequence[Measured]) -> Figure:
    """CPU seconds and peak memory by customers, both axes logarithmic."""
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    customers = [each.customers for each in measured]
    for axes, values, label in (
        (figure.add_subplot(1, 2, 1), [each.cpu_s for each in measured], "CPU seconds"),
        (figure.add_subplot(1, 2, 2), [each.peak_mb for each in measured], "peak memory, MB"),
    ):
        axes.loglog(customers, values, marker="o", color="#1f4e79")
        level = values[0] * np.array(customers) / customers[0]
        axes.loglog(customers, level, linestyle=":", color="#777777", label="in proportion")
        axes.set(xlabel="customers", ylabel=label)
        axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
