"""Does the error rate hold? Flags in worlds without rings, and the false share of flags in worlds with rings.

    python benchmarks/error_rate.py --seeds 1-30
    python benchmarks/error_rate.py --worlds "independent; segments .2" --seeds 1-200 --rates 0.05,0.1,0.2
    python benchmarks/error_rate.py --worlds none --no-rings 1-200 --rings 1-20
    python benchmarks/error_rate.py --worlds none --groups 1-10
    python benchmarks/error_rate.py --worlds "uneven habits" --rings 1-20 --caps 3,6,9,12

draws banks of every kind of world (`worlds.py`) or with one honest group that is alike in everything, or reads those
of records that `banks.py` prepared, detects in each, and writes docs/error_rate.md and its plot from all that has been
searched. What is there already is kept, so that a run that was stopped goes on where it was.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from banks import CACHE, in_processes, seeds, synthetic
from detections import code_hash
from error_rate_page import plot, written
from worlds import HONEST_GROUPS, KINDS, Drawn, draw

from ringsight.detection.detect import detect
from ringsight.detection.settings import DetectConfig
from ringsight.evaluation.measures import evaluate
from ringsight.records.writing import write_atomically

RECORDS = "synthetic records"
"""The world of banks that are records, embedded by a trained model."""


@dataclass(frozen=True, slots=True)
class Search:
    """One bank, and the rate at which it is searched."""

    world: str
    rings: bool
    """Whether the bank has any."""
    seed: int
    customers: int
    rate: float
    tail_bits: float = DetectConfig().tail_bits
    """Bits that agreement inside one modality may count beyond what the number of its communities supports."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was flagged in one bank."""

    search: Search
    stated: bool
    """Whether a rate was stated, and not withheld."""
    shifts: tuple[float, ...]
    """Of the checks of the guard, in bits."""
    flags: int
    false: int
    found: int
    """True rings found, of those planted."""
    planted: int
    named: int
    """Members of flags."""
    right: int
    """Of them, members of the ring that their flag found."""


def main() -> None:
    """Detect in every bank, write the tables and draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--worlds", default="; ".join(KINDS), help="separated by semicolons, or none")
    parser.add_argument("--seeds", type=seeds, default=seeds("1-30"), help="for example 1-30")
    parser.add_argument("--customers", type=int, default=600)
    parser.add_argument("--rates", type=_numbers, default=[0.05])
    parser.add_argument("--caps", type=_numbers, default=[DetectConfig().tail_bits], help="values of detect.tail_bits")
    parser.add_argument("--no-rings", type=seeds, default=[], help="seeds of the set no_rings of `banks.py`")
    parser.add_argument("--rings", type=seeds, default=[], help="seeds of the set rings of `banks.py`")
    parser.add_argument("--groups", type=seeds, default=[], help="seeds of banks with one honest group")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    asked = parser.parse_args()
    worlds = [] if asked.worlds == "none" else asked.worlds.split("; ")
    searches = [
        Search(world, rings, seed, asked.customers, rate, cap)
        for seed in asked.seeds
        for world in worlds
        for rings in (False, True)
        for rate in asked.rates
        for cap in asked.caps
    ]
    searches += [
        Search(world, False, seed, asked.customers, rate)
        for seed in asked.groups
        for world, _ in HONEST_GROUPS.values()
        for rate in asked.rates
    ]
    searches += [
        Search(RECORDS, rings, seed, 0, rate, cap)
        for rings, chosen in ((False, asked.no_rings), (True, asked.rings))
        for seed in chosen
        for rate in asked.rates
        for cap in asked.caps
    ]
    in_processes(searched, [(asked.cache, each) for each in searches], asked.processes)
    outcomes = known(asked.cache)
    with write_atomically(asked.docs / "error_rate.md") as partial:
        partial.write_text(written(outcomes), encoding="utf-8")
    plot(outcomes, asked.docs)


def _numbers(text: str) -> list[float]:
    return [float(each) for each in text.split(",")]


def searched(cache: Path, search: Search) -> None:
    """Search one bank and write what was flagged, unless it lies there."""
    path = _folder(cache) / (", ".join(str(value) for value in asdict(search).values()) + ".json")
    if path.is_file():
        return
    found = outcome(search, bank_of(cache, search))
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(path) as partial:
        partial.write_text(json.dumps(asdict(found)) + "\n", encoding="utf-8")


def bank_of(cache: Path, search: Search) -> Drawn:
    """Draw the bank, or read it."""
    if search.world != RECORDS:
        kinds = KINDS | dict(HONEST_GROUPS.values())
        return draw(kinds[search.world], search.seed, search.customers, rings=search.rings)
    prepared = synthetic(cache, "rings" if search.rings else "no_rings", search.seed).read()
    return prepared.bank, prepared.embeddings, prepared.truth


def outcome(search: Search, drawn: Drawn) -> Outcome:
    """What is flagged in one bank, held against the truth."""
    bank, embeddings, truth = drawn
    results = detect(bank, embeddings, DetectConfig(fdr=search.rate, tail_bits=search.tail_bits), search.seed)
    found = evaluate(results, truth)
    named = found.named["flagged"].precision
    return Outcome(
        search=search,
        stated=results.summary["rate_stated"],
        shifts=tuple(check["shift"] for check in results.summary["guard"]),
        flags=found.false_flags.whole,
        false=found.false_flags.part,
        found=found.rings.part,
        planted=found.rings.whole,
        named=named.whole,
        right=named.part,
    )


def known(cache: Path) -> list[Outcome]:
    """All that has been searched by the code of today."""
    read = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(_folder(cache).glob("*.json"))]
    return [Outcome(**(each | {"search": Search(**each["search"])})) for each in read]


def _folder(cache: Path) -> Path:
    return cache / "error_rate" / code_hash()[:16]


if __name__ == "__main__":
    main()
