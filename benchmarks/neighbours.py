"""Neighbours in bulk against libraries that find them: the same vectors, the same recall, one after another.

    pip install hnswlib pynndescent usearch
    python benchmarks/neighbours.py --sizes 10000,50000,200000 --threads 1,2

Two worlds of unit vectors: `groups`, a mixture of n / 100 loose ones, and `sheet`, a curved sheet of 12 dimensions with
noise, where nothing is apart from anything. In both one customer in fifty is in a tight group of five. Each library is
given the quickest of its settings that reaches the recall of `self_neighbours`, found beforehand on the vectors it will
be timed on. Then all run in turn, several rounds; a ratio is the library's seconds over ours in the same round, above 1
where ours is quicker. A library that is not installed is left out, and one that is too slow for a size is not asked.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import faiss
import numpy as np
from neighbour_rivals import RIVALS, Candidate, Rival
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ringsight.records.embeddings import Embeddings
from ringsight.vectors.bulk import self_neighbours
from ringsight.vectors.exact import exact_neighbours
from ringsight.vectors.opening import open_store
from ringsight.vectors.vector_store import StoreConfig

OURS = "**ringsight**"
ASKED = 500
"""Customers by whom recall is measured."""
TIGHT, EVERY = 5, 50
"""Members of a tight group; one customer in so many is in one."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Timed:
    """One run."""

    wall: float
    cpu: float
    recall: float


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Vectors, and what a sample of customers should find."""

    name: str
    vectors: Floats
    k: int
    asked: Rows
    true: Rows
    """Shape (asked, k)."""

    @classmethod
    def drawn(cls, name: str, n: int, dim: int, k: int) -> "World":
        """Draw n vectors; some of the tight groups' customers are among those asked."""
        vectors = draw(name, n, dim)
        asked = np.unique(np.linspace(0, n - 1, ASKED).astype(np.int64))
        true, _ = exact_neighbours(vectors[asked], vectors, asked, k)
        return cls(name, vectors, k, asked, true.astype(np.int64))

    def recall(self, found: Rows) -> float:
        """Share of the true neighbours found; `found` are rows of everybody's or of those asked, itself allowed."""
        rows = found if len(found) == len(self.asked) else found[self.asked]
        return float(np.mean((rows[:, :, None] == self.true[:, None, :]).any(axis=1)))


def main() -> None:
    """Draw each world, tune the libraries on it, time all in turn, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    whole = partial(str.split, sep=",")
    parser.add_argument("--sizes", type=whole, default=["10000", "50000"])
    parser.add_argument("--threads", type=whole, default=["1"])
    parser.add_argument("--worlds", type=whole, default=["groups", "sheet"])
    parser.add_argument("--methods", type=whole, default=[rival.name for rival in RIVALS], help="beside ours")
    parser.add_argument("--dim", type=int, default=64, help="as the joint space has them")
    parser.add_argument("--k", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--milvus-up-to", type=int, default=10_000, help="customers up to whom Milvus Lite is asked too"
    )
    asked = parser.parse_args()
    print("| customers | world | threads | method | setting | recall | seconds | ratio, wall | ratio, CPU |")
    print("|---|---|---|---|---|---|---|---|---|")
    for size, name in product(map(int, asked.sizes), asked.worlds):
        world = World.drawn(name, size, asked.dim, asked.k)
        for threads in map(int, asked.threads):
            faiss.omp_set_num_threads(threads)
            with threadpool_limits(threads):
                rivals = [rival for rival in RIVALS if rival.name in asked.methods]
                runs = dict(contestants(world, rivals, threads, asked.milvus_up_to))
                rounds = [{key: timed(run, world) for key, run in runs.items()} for _ in range(asked.rounds)]
            for line in lines(rounds):
                print(f"| {size:,} | {name} | {threads} | {line}", flush=True)


def draw(world: str, n: int, dim: int) -> Floats:
    """Unit vectors of a world; shape (n, dim)."""
    rng = np.random.default_rng(n)
    match world:
        case "groups":
            centres = rng.normal(size=(max(n // 100, 1), dim))
            vectors = centres[rng.integers(len(centres), size=n)] + 0.7 * rng.normal(size=(n, dim))
        case "sheet":
            vectors = np.tanh(rng.normal(size=(n, 12)) @ rng.normal(size=(12, dim)) / 2)
            vectors += 0.3 * rng.normal(size=(n, dim))
        case _:
            raise ValueError(f"there is no world {world!r}")
    members = rng.permutation(n)[: n // EVERY].reshape(-1, TIGHT) if n % (EVERY * TIGHT) == 0 else np.empty((0, TIGHT))
    for group in members.astype(np.int64):
        vectors[group] = vectors[group[0]] + 0.1 * rng.normal(size=(TIGHT, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def contestants(
    world: World, rivals: list[Rival], threads: int, milvus_up_to: int
) -> Iterator[tuple[tuple[str, str], Callable[[], Rows]]]:
    """Name and setting of each method, and a run of it: the neighbours of everybody."""
    ids = np.char.zfill(np.arange(len(world.vectors)).astype(np.str_), 9)
    people = Embeddings("joint", ids, world.vectors, "model", "data")

    def ours() -> Rows:
        return self_neighbours(people, world.k).indices.astype(np.int64)

    yield (OURS, ""), ours
    wanted = world.recall(ours())
    for rival in rivals:
        if len(world.vectors) <= rival.up_to and rival.installed():
            setting, run = quickest(rival, world, wanted, threads)
            yield (rival.name, setting), run
    if len(world.vectors) <= milvus_up_to:
        yield ("Milvus Lite, searched in batches", "flat"), partial(in_milvus, people, world.k)


def quickest(rival: Rival, world: World, wanted: float, threads: int) -> tuple[str, Callable[[], Rows]]:
    """The setting that reaches the recall wanted in the least time; if none does, the one that comes nearest."""
    tried: list[tuple[bool, float, str, Callable[[], Rows]]] = []
    for candidate in rival.candidates(world.vectors, world.k + 1, threads):
        setting, run = least_effort(candidate, world, wanted)
        took = timed(run, world)
        enough = took.recall >= wanted - 0.001
        tried.append((not enough, took.wall if enough else -took.recall, setting, run))
    _, _, setting, run = min(tried, key=lambda each: each[:2])
    return setting, run


def least_effort(candidate: Candidate, world: World, wanted: float) -> tuple[str, Callable[[], Rows]]:
    """The least effort at the search that reaches the recall wanted, by a sample of customers; else the most."""
    built = candidate.build() if len(candidate.efforts) > 1 else None
    chosen = candidate.efforts[-1]
    for effort in candidate.efforts[:-1]:
        if world.recall(candidate.search(built, world.vectors[world.asked], effort)) >= wanted:
            chosen = effort
            break
    setting = f"{candidate.name}, {chosen}" if len(candidate.efforts) > 1 else candidate.name
    return setting, lambda: candidate.search(candidate.build(), world.vectors, chosen)


def in_milvus(people: Embeddings, k: int) -> Rows:
    """The same from a store that is made, filled and searched."""
    with TemporaryDirectory() as folder, open_store(StoreConfig(path=Path(folder) / "vectors.db")) as store:
        store.write(people)
        store.promote(people.model_hash)
        found = store.search(people, k)
    return np.searchsorted(people.customer_ids, found.ids)


def timed(run: Callable[[], Rows], world: World) -> Timed:
    """Run once."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    return Timed(time.perf_counter() - wall, time.process_time() - cpu, world.recall(found))


def lines(rounds: list[dict[Any, Timed]]) -> Iterator[str]:
    """One row of the table for each method."""
    for key in rounds[0]:
        ours, own = ([each[other] for each in rounds] for other in ((OURS, ""), key))
        recall = min(each.recall for each in own)
        seconds = statistics.median(each.wall for each in own)
        ratios = (
            [getattr(one, clock) / getattr(our, clock) for one, our in zip(own, ours, strict=True)]
            for clock in ("wall", "cpu")
        )
        shown = " | ".join(f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})" for each in ratios)
        yield f"{key[0]} | {key[1]} | {recall:.4f} | {seconds:.2f} | {shown} |"


if __name__ == "__main__":
    main()
