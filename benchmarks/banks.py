"""The banks that the other benchmarks read: one model, trained on one bank, applied to many that it never saw.

Banks with rings, of which seeds 101 to 104 are for tuning alone, banks without any, and banks of other people's data:

    python benchmarks/banks.py --set rings --seeds 1-20,101-104 --customers 1000
    python benchmarks/banks.py --set no_rings --seeds 1-200 --customers 200 --days 60 --transactions 20 --rings 0
    python benchmarks/banks.py --bank composite=FOLDER

What is there already is kept, so that a run that was stopped goes on where it was. A bank of other people's data is
searched with a model trained on itself, as `ringsight run` does.
"""

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.progress import track

from ringsight.errors import DataError
from ringsight.evaluation.truth import Truth, read_truth
from ringsight.fusion.settings import parts
from ringsight.pipeline.embed import embed
from ringsight.pipeline.train import train
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.embeddings import Embeddings
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.records.writing import write_atomically
from ringsight.runs.run import Run

CACHE = Path("out/benchmarks")
TRAINING_SEED = 1000
"""Seed of the bank that the shared model is trained on; none of the banks searched has it."""
TRAINING_CUSTOMERS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A bank that is ready to be searched."""

    name: str
    bank: Bank
    embeddings: dict[str, Embeddings]
    """By space."""
    truth: Truth


@dataclass(frozen=True, slots=True)
class Site:
    """Where a prepared bank lies."""

    name: str
    bank: Path
    run: Path
    """The folder that holds its `embeddings`."""

    def read(self) -> Prepared:
        """Read the bank, its embeddings and its truth.

        Raises:
            RingsightError: if one is missing, or the embeddings are of other records.
        """
        bank = read_bank(BankConfig(path=self.bank))
        return Prepared(self.name, bank, Run(self.run).embeddings(bank), read_truth(self.bank / "truth"))


def main() -> None:
    """Prepare what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--set", default="rings", help="name of the set of synthetic banks")
    parser.add_argument("--seeds", type=seeds, default=[], help="for example 1-20,101-104")
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--transactions", type=float, default=90.0, help="mean number for each customer")
    parser.add_argument("--rings", type=int, help="0 for none; by default one for every sixty customers")
    parser.add_argument("--latent", type=float, default=0.0, help="how much undeclared segments share, from 0 to 1")
    parser.add_argument("--bank", action="append", default=[], metavar="NAME=FOLDER", help="has truth/labels.csv")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # before a process is started, which reads it
    for given in asked.bank:
        name, _, folder = given.partition("=")
        in_processes(prepare_given, [(asked.cache, name, Path(folder))], 1)
    if asked.seeds:
        config = SyntheticBankConfig(
            customers=asked.customers,
            days=asked.days,
            transactions_per_customer=asked.transactions,
            rings=asked.rings,
            latent=asked.latent,
        )
        settle(asked.cache / asked.set, config)
        in_processes(train_shared, [(asked.cache,)], 1)
        work = [(asked.cache, asked.set, config, seed) for seed in asked.seeds]
        in_processes(prepare_synthetic, work, asked.processes)


def seeds(text: str) -> list[int]:
    """The whole numbers of `1-20,101-104`."""
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def in_processes(work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], processes: int) -> list[Any]:
    """Do the work in processes side by side, one thread each; the results in the order of `arguments`."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(work, *each) for each in arguments]
        try:
            for done in track(as_completed(waiting), work.__name__, len(waiting), disable=not sys.stdout.isatty()):
                done.result()
        finally:  # one that failed takes those still waiting with it
            pool.shutdown(cancel_futures=True)
        return [each.result() for each in waiting]


def settle(folder: Path, config: SyntheticBankConfig) -> None:
    """Write down how the banks of a set are made.

    Raises:
        DataError: if the set was made in another way.
    """
    path, settings = folder / "settings.json", asdict(config)
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != settings:
        raise DataError("this set was made with other settings", where=str(path), remedy="name another with --set")
    with write_atomically(path) as partial:
        partial.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def train_shared(cache: Path) -> None:
    """Train the model that all synthetic banks share, on a bank of its own."""
    if all((cache / "model" / part / "hash").is_file() for part in parts()):
        return
    folder = cache / "training_bank"
    if not folder.is_dir():
        generate_bank(SyntheticBankConfig(customers=TRAINING_CUSTOMERS), TRAINING_SEED, folder)
    train(read_bank(BankConfig(path=folder)), cache / "model", seed=TRAINING_SEED)


def prepare_synthetic(cache: Path, name: str, config: SyntheticBankConfig, seed: int) -> None:
    """Write one synthetic bank and embed it with the shared model."""
    site = synthetic(cache, name, seed)
    if not site.bank.is_dir():
        generate_bank(config, seed, site.bank)
    embed(read_bank(BankConfig(path=site.bank)), cache / "model", into=Run(site.run))


def prepare_given(cache: Path, name: str, folder: Path) -> None:
    """Train a model on a bank of other people's data, and embed it."""
    run = cache / "given" / name
    bank = read_bank(BankConfig(path=folder))
    train(bank, run / "model")
    embed(bank, run / "model", into=Run(run))


def synthetic(cache: Path, name: str, seed: int) -> Site:
    """The bank of one seed in a set of synthetic banks."""
    folder = cache / name / f"{seed:04d}"
    return Site(f"{name} {seed}", folder / "bank", folder)


def given(cache: Path, text: str) -> Site:
    """The bank of `NAME=FOLDER`."""
    name, _, folder = text.partition("=")
    return Site(name, Path(folder), cache / "given" / name)


if __name__ == "__main__":
    main()
