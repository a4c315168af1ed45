"""How quick the live graph is, beside the same steps by hand with hnswlib.

    python benchmarks/serve.py [customers=100000] [arrivals=200] [spaces=3] [by_hand=yes] [model=MODEL bank=BANK]

Synthetic customers lie in loose groups, as people do, in so many evidence spaces of 128 dimensions and a joint one.
Each arrival brings a vector for each. Ours finds every link exactly, keeps the ties and the rings, and puts the arrival
on disk before it answers. By hand, an HNSW index of each space gives 30 approximate neighbours, and the arrival goes in
too: no bits, no reverse direction, no rings, nothing on disk. `similar` is the search of one customer in the joint
space. The two take turns, arrival by arrival. With a model and a bank, records of three modalities are embedded, too.
Beside the time that passed stands the CPU time of all threads, which other work on the machine disturbs less.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.arrival_log import Request
from ringsight.arrivals.live_arrivals import Arrivals, Given
from ringsight.detection.results import MEMBERS, RINGS
from ringsight.online.last_night import LastNight
from ringsight.online.live_graph import LiveGraph
from ringsight.online.live_similar import similar_now
from ringsight.online.newcomers import bank_of, vectors_of
from ringsight.records.bank import BankConfig
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.reading import read_bank
from ringsight.service.state import rows_in

DIM = 128
NEIGHBOURS = 30
MODALITIES = ("transactions", "notes", "id_images")
Vectors = dict[str, NDArray[np.float32]]


def drawn(count: int, spaces: int, seed: int) -> Vectors:
    """Unit vectors in groups of about fifty; shape (count, DIM) each."""
    rng = np.random.default_rng(seed)
    found = {}
    for name in (*(f"space{number}" for number in range(spaces)), JOINT):
        centres = rng.standard_normal((max(count // 50, 1), DIM))
        rows = centres[rng.integers(len(centres), size=count)] + 1.5 * rng.standard_normal((count, DIM))
        found[name] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def night_of(vectors: Vectors, count: int) -> LastNight:
    """A night of the first customers."""
    ids = np.array([f"C{number:07d}" for number in range(count)])
    modality = {name: MODALITIES[place % 3] if name != JOINT else JOINT for place, name in enumerate(vectors)}
    return LastNight(
        embeddings={
            name: Embeddings(name, ids, rows[:count], "m", "d", modality[name]) for name, rows in vectors.items()
        },
        rings=pl.DataFrame(schema=RINGS),
        members=pl.DataFrame(schema=MEMBERS),
        strata=np.zeros(count, dtype=np.int64),
        customer_ids=ids,
    )


class ByHand:
    """The same steps with hnswlib, as a user would write them."""

    def __init__(self, vectors: Vectors, count: int, room: int) -> None:
        """Index the first `count` vectors, with room for more."""
        import hnswlib

        self.indexes = {}
        for name, rows in vectors.items():
            index = hnswlib.Index(space="ip", dim=DIM)
            index.init_index(max_elements=count + room, ef_construction=100, M=16)
            index.add_items(rows[:count], np.arange(count))
            index.set_ef(100)
            self.indexes[name] = index

    def put(self, number: int, vectors: Vectors) -> None:
        """Neighbours of a newcomer in every space, and the newcomer added."""
        for name, vector in vectors.items():
            self.indexes[name].knn_query(vector[None], k=NEIGHBOURS)
            self.indexes[name].add_items(vector[None], np.array([number]))

    def similar(self, vector: NDArray[np.float32]) -> None:
        """The five nearest in the joint space."""
        self.indexes[JOINT].knn_query(vector[None], k=5)


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds that passed, and of the CPU."""
    begin, worked = time.perf_counter(), time.process_time()
    act()
    return 1000 * (time.perf_counter() - begin), 1000 * (time.process_time() - worked)


def told(name: str, spent: list[tuple[float, float]]) -> None:
    """Print percentiles, and how many a second one client sees."""
    passed, worked = np.percentile(np.array(spent), [50, 95, 99], axis=0).T
    rate = 1000 / np.mean([each[0] for each in spent])
    told = " / ".join(f"{each:.1f}" for each in passed)
    cpu = " / ".join(f"{each:.1f}" for each in worked)
    print(f"{name:<36} p50 / p95 / p99: {told} ms; CPU {cpu} ms; {rate:.1f} a second", flush=True)


def embedding(model: Path, bank_folder: Path, arrivals: int) -> list[tuple[float, float]]:
    """Milliseconds from records of three modalities to vectors, the model warm."""
    bank = read_bank(BankConfig(path=bank_folder))
    complete = set(bank.customer_ids.tolist())
    for rows in bank.records.values():
        complete &= set(rows["customer_id"].cast(pl.String).to_list())
    records = [rows_in(bank, name) for name in sorted(complete)[: min(arrivals, 60)]]
    config = BankConfig(path=Path())
    spent = [
        timed(lambda number=number, each=each: vectors_of("N", bank_of("N", each, config), model))  # type: ignore[misc]
        for number, each in enumerate(records)
    ]
    return spent[5:]


def main(customers: int, arrivals: int, spaces: int, by_hand: str = "yes", model: str = "", bank: str = "") -> None:
    """Measure, and print."""
    vectors = drawn(customers + arrivals, spaces, seed=1)
    began = time.perf_counter()
    graph = LiveGraph(night_of(vectors, customers))
    print(f"{customers:,} customers, {spaces} spaces and the joint one; opened in {time.perf_counter() - began:.0f} s")
    hand = ByHand(vectors, customers, arrivals) if by_hand == "yes" else None
    with tempfile.TemporaryDirectory() as folder:
        database = ArrivalDatabase(f"sqlite:///{folder}/arrivals.db")
        live = Arrivals(graph, database)
        ours, theirs, similar, similar_by_hand = [], [], [], []
        for number in range(customers, customers + arrivals):
            own = {name: rows[number] for name, rows in vectors.items()}
            name = f"N{number}"
            ours.append(timed(lambda name=name, own=own: live.put(name, Given(own), Request("b", key=name))))  # type: ignore[misc]
            similar.append(timed(lambda name=name, own=own: similar_now(graph, own, 5, None, name)))  # type: ignore[misc]
            if hand:
                theirs.append(timed(lambda number=number, own=own: hand.put(number, own)))  # type: ignore[misc]
                similar_by_hand.append(timed(lambda own=own: hand.similar(own[JOINT])))  # type: ignore[misc]
        database.close()
    told("vectors given, on disk", ours)
    told("similar", similar)
    if hand:
        told("by hand with hnswlib, in memory", theirs)
        told("similar by hand with hnswlib", similar_by_hand)
        pairs = ((ours, theirs), (similar, similar_by_hand))
        ratios = [np.median(one, axis=0) / np.median(other, axis=0) for one, other in pairs]
        print(f"ratio of the medians, time passed and CPU: put {ratios[0].round(1)}, similar {ratios[1].round(1)}")
    if model and bank:
        spent = embedding(Path(model), Path(bank), arrivals)
        told("records of three modalities embedded", spent)
        count = min(len(spent), len(ours))
        told(
            "the same, and taken in",
            [(a + c, b + d) for (a, b), (c, d) in zip(spent[:count], ours[:count], strict=True)],
        )


if __name__ == "__main__":
    settings = dict(word.split("=", 1) for word in sys.argv[1:])
    numbers = {
        name: int(settings.pop(name, default))
        for name, default in (("customers", 100_000), ("arrivals", 200), ("spaces", 3))
    }
    main(**numbers, **settings)
