"""The README's figures: rings found, false share, precision, wall time and memory over several seeds.

Each seed is a whole `ringsight run` in a process of its own: training, embedding, indexing, detection. On synthetic
banks the seed also draws the bank. `python benchmarks/figures.py --seeds 5 --synthetic 1000 --bank NAME=FOLDER`.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def main() -> None:
    """Run every bank with every seed, and print one table of figures and one of stages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--synthetic", type=int, default=1000, help="customers of each synthetic bank; 0 for none")
    parser.add_argument(
        "--bank", action="append", default=[], metavar="NAME=FOLDER", help="a bank with truth/labels.csv"
    )
    parser.add_argument("--again", action="store_true", help="detect anew in runs that are there, as after a change")
    parser.add_argument("--out", type=Path, default=Path("out/figures"))
    arguments = parser.parse_args()
    banks: dict[str, Callable[[int], Path]] = {}
    if arguments.synthetic:
        banks[f"synthetic, {arguments.synthetic:,}"] = lambda seed: generated(
            arguments.synthetic, seed, arguments.out / f"bank{seed}"
        )
    for given in arguments.bank:
        name, _, folder = given.partition("=")
        banks[name] = lambda _, folder=folder: Path(folder)
    for number, (name, bank) in enumerate(banks.items()):
        folders = {seed: arguments.out / f"run{number}-{seed}" for seed in range(1, arguments.seeds + 1)}
        runs = [run(bank(seed), seed, out, arguments.again) for seed, out in folders.items()]
        print(report(name, runs))


def generated(customers: int, seed: int, folder: Path) -> Path:
    """Write a synthetic bank with the command, unless it is there."""
    if not (folder / "truth" / "rings.json").is_file():
        ringsight("generate", f"bank.customers={customers}", f"seed={seed}", f"out={folder}")
    return folder


def run(bank: Path, seed: int, out: Path, again: bool) -> dict[str, Any]:
    """Run the main job and its evaluation with the commands, unless they are there."""
    if not (out / "evaluation.json").is_file():
        ringsight("run", f"bank.path={bank}", f"out={out}", f"seed={seed}")
        ringsight("evaluate", f"run={out}", f"truth={bank / 'truth' / 'labels.csv'}")
    elif again:
        stages = {stage["name"]: stage for stage in read(out, "stages")}
        ringsight("detect", f"bank.path={bank}", f"out={out}", f"seed={seed}")
        ringsight("evaluate", f"run={out}", f"truth={bank / 'truth' / 'labels.csv'}")
        for stage in read(out, "stages"):
            stages[stage["name"]] |= {"seconds": stage["seconds"]}
        (out / "stages.json").write_text(json.dumps(list(stages.values())))
    return {name: read(out, name) for name in ("evaluation", "summary", "stages")}


def read(out: Path, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """What a run has written down."""
    return json.loads((out / f"{name}.json").read_text())


def ringsight(*words: str) -> None:
    """Run one command in a process of its own."""
    program = Path(sys.executable).with_name("ringsight")
    subprocess.run([program, *words], check=True, stdout=subprocess.DEVNULL)


def report(name: str, runs: list[dict[str, Any]]) -> str:
    """One bank's figures over its runs, as Markdown."""
    figures = {
        "rings found": [r["evaluation"]["rings"]["part"] for r in runs],
        "rings in the bank": [r["evaluation"]["rings"]["whole"] for r in runs],
        "flags": [r["summary"]["flagged"] for r in runs],
        "false share of flags (asked 0.05)": [r["evaluation"]["false_share"] for r in runs],
        "the same, benign groups set aside": [r["evaluation"]["false_share_benign_aside"] for r in runs],
        "groups explained by an innocent column": [sum(r["evaluation"]["explained"].values()) for r in runs],
        "true rings among them": [r["evaluation"]["explained"]["true"] for r in runs],
        "people named rightly, of those named": [
            r["evaluation"]["named"]["flagged"]["precision"]["share"] for r in runs
        ],
        "ring members named": [r["evaluation"]["named"]["flagged"]["recall"]["share"] for r in runs],
        "precision in the first 10 cases": [r["evaluation"]["precision"]["10"]["benign_false"]["share"] for r in runs],
        "wall minutes": [sum(s["seconds"] for s in r["stages"]) / 60 for r in runs],
        "peak memory, GB": [max(s["peak_mb"] for s in r["stages"]) / 1e3 for r in runs],
    }
    lines = [f"## {name}, {len(runs)} seeds", "", "| figure | mean | spread |", "|---|---|---|"]
    lines += [f"| {figure} | {statistics.mean(values):.3g} | {spread(values)} |" for figure, values in figures.items()]
    lines += ["", "| stage | wall seconds, median | most memory so far, GB |", "|---|---|---|"]
    for stage in runs[0]["stages"]:
        of_stage = [s for r in runs for s in r["stages"] if s["name"] == stage["name"]]
        seconds, peak = statistics.median(s["seconds"] for s in of_stage), max(s["peak_mb"] for s in of_stage)
        lines.append(f"| {stage['name']} | {seconds:.0f} | {peak / 1e3:.2f} |")
    lines += ["", "| trait | rings found, all seeds |", "|---|---|"]
    by_trait = [r["evaluation"]["found_by"] for r in runs]
    for trait in by_trait[0]:
        for value in sorted({value for found_by in by_trait for value in found_by.get(trait, {})}):
            shares = [found_by[trait][value] for found_by in by_trait if value in found_by[trait]]
            found, whole = sum(share["part"] for share in shares), sum(share["whole"] for share in shares)
            lines.append(f"| {trait}: {value} | {found} of {whole} |")
    return "\n".join([*lines, ""])


def spread(values: Iterable[float]) -> str:
    """Smallest and largest."""
    ordered = sorted(values)
    return f"{ordered[0]:.3g} to {ordered[-1]:.3g}"


if __name__ == "__main__":
    main()
