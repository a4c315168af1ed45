"""How quick the live graph is, beside the same steps by hand with hnswlib.

    python benchmarks/serve.py [customers=100000] [arrivals=200] [spaces=3] [page=docs/service.md]
                               [model=MODEL bank=BANK]

Synthetic customers lie in loose groups, as people do, in so many evidence spaces of 128 dimensions and a joint one.
Each arrival brings a vector for each. Ours finds every link exactly, keeps the ties and the rings, and puts the arrival
on disk before it answers. By hand, an HNSW index of each space gives 30 approximate neighbours, and the arrival goes in
too: no bits, no reverse direction, no rings, nothing on disk. `similar` is the search of one customer in the joint
space; ours tells similarities and bits in every space as well. The two take turns, arrival by arrival.

Then customers of a bank come with records of three modalities, which a model embeds in all its spaces; by default a
small bank is drawn, and a model trained on it in a minute, which takes as long to embed as any other of its size. They
are taken into a graph of as many spaces as the model has: those drawn before, each several times in memory.
Beside the time that passed stands the CPU time of all threads, which other work on the machine disturbs less.
"""

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.arrival_log import Request
from ringsight.arrivals.live_arrivals import Arrivals, Given
from ringsight.detection.results import MEMBERS, RINGS
from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TransactionsConfig
from ringsight.fusion.settings import FusionConfig, ModelConfig
from ringsight.online.kept_night import Arrays, KeptNight
from ringsight.online.last_night import LastNight
from ringsight.online.live_graph import LiveGraph
from ringsight.online.live_similar import similar_now
from ringsight.online.newcomers import bank_of, vectors_of
from ringsight.pipeline.embed import embed
from ringsight.pipeline.train import train
from ringsight.records.bank import BankConfig
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.reading import read_bank
from ringsight.records.synthetic.generation import SyntheticBankConfig, generate_bank
from ringsight.service.state import rows_in
from ringsight.workers import multiply_alone

DIM = 128
NEIGHBOURS = 30
MODALITIES = ("transactions", "notes", "id_images")
MARK, END = "<!-- written by benchmarks/serve.py -->", "<!-- end -->"
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


def night_of(vectors: Vectors, count: int, kept: KeptNight) -> LastNight:
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
        kept=kept,
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


def drawn_model(folder: Path) -> tuple[Path, Path]:
    """A model and the small bank that it was trained on; every setting that decides how long it embeds is as ever."""
    bank = folder / "bank"
    generate_bank(SyntheticBankConfig(customers=200, rings=2), seed=7, into=bank)
    config = ModelConfig(
        transactions=TransactionsConfig(epochs=1, thinned_pairs=1),
        notes=NotesConfig(trained_layers=0),
        id_images=IdImagesConfig(epochs=1),
        fusion=FusionConfig(epochs=1),
    )
    train(read_bank(BankConfig(path=bank)), folder / "model", config)
    return folder / "model", bank


def told(name: str, spent: list[tuple[float, float]]) -> str:
    """A row of the table: percentiles, and how many a second one client sees."""
    passed, worked = np.percentile(np.array(spent), [50, 95, 99], axis=0).T
    rate = 1000 / np.mean([each[0] for each in spent])
    cells = [" / ".join(f"{each:.1f}" for each in times) for times in (passed, worked)]
    row = f"| {name} | {cells[0]} | {cells[1]} | {rate:.0f} |"
    print(row, flush=True)
    return row


class Once(KeptNight):
    """What was found of a space is found once, however often the space is there."""

    found: ClassVar[dict[str, Arrays]] = {}

    def arrays(self, name: str, made_from: Iterable[object], make: Callable[[], Arrays]) -> Arrays:
        """As found before of the same vectors."""
        given = list(made_from)
        if not isinstance(given[0], np.ndarray):  # ties are of one graph alone
            return super().arrays(name, given, make)
        key = hashlib.sha256(given[0].tobytes()).hexdigest()
        if key not in self.found:
            self.found[key] = super().arrays(name, given, make)
        return self.found[key]


def opened(night: LastNight) -> tuple[LiveGraph, float]:
    """The live graph, and the seconds until it was there."""
    began = time.perf_counter()
    graph = LiveGraph(night)
    return graph, time.perf_counter() - began


def by_vectors(
    graph: LiveGraph, vectors: Vectors, customers: int, arrivals: int, hand: ByHand, folder: Path
) -> list[str]:
    """Rows of arrivals by vectors and of similar customers, ours and by hand, turn by turn."""
    database = ArrivalDatabase(f"sqlite:///{folder}/arrivals.db")
    live = Arrivals(graph, database)
    ours, theirs, similar, similar_by_hand = [], [], [], []
    for number in range(customers, customers + arrivals):
        own = {name: rows[number] for name, rows in vectors.items()}
        name = f"N{number}"
        ours.append(timed(lambda name=name, own=own: live.put(name, Given(own), Request("b", key=name))))  # type: ignore[misc]
        theirs.append(timed(lambda number=number, own=own: hand.put(number, own)))  # type: ignore[misc]
        similar.append(timed(lambda name=name, own=own: similar_now(graph, own, 5, customer_id=name)))  # type: ignore[misc]
        similar_by_hand.append(timed(lambda own=own: hand.similar(own[JOINT])))  # type: ignore[misc]
    database.close()
    named = {
        f"vectors given in {len(vectors)} spaces, on disk before the answer": ours,
        "by hand with hnswlib, in memory": theirs,
        "similar": similar,
        "similar by hand with hnswlib": similar_by_hand,
    }
    return [told(name, spent) for name, spent in named.items()]


def by_records(
    graph: LiveGraph, vectors: Vectors, arrivals: int, model: Path, bank_folder: Path, folder: Path
) -> list[str]:
    """Rows of arrivals by records of three modalities: embedded, and taken into as many spaces as the model has."""
    bank = read_bank(BankConfig(path=bank_folder))
    complete = set(bank.customer_ids.tolist())
    for rows in bank.records.values():
        complete &= set(rows["customer_id"].cast(pl.String).to_list())
    records = [rows_in(bank, name) for name in sorted(complete)[:60]]
    database = ArrivalDatabase(f"sqlite:///{folder}/records.db")
    live = Arrivals(graph, database)
    embedded, taken, both = [], [], []
    for number in range(arrivals + 5):
        own = {name: rows[number] for name, rows in vectors.items()}
        name, each = f"N{number}", records[number % len(records)]
        one = timed(lambda each=each: vectors_of("N", bank_of("N", each, BankConfig(path=Path())), model))  # type: ignore[misc]
        two = timed(lambda name=name, own=own: live.put(name, Given(own), Request("b", key=name)))  # type: ignore[misc]
        if number >= 5:  # by then the model is read
            embedded.append(one)
            taken.append(two)
            both.append((one[0] + two[0], one[1] + two[1]))
    database.close()
    return [
        told("records of three modalities, embedded", embedded),
        told(f"vectors given in {len(vectors)} spaces", taken),
        told(f"records of three modalities, embedded and taken into {len(vectors)} spaces, on disk", both),
    ]


def write_page(page: Path, lines: list[str]) -> None:
    """Put the table between its marks on a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(MARK)
    _, _, after = rest.partition(END)
    page.write_text("\n".join([f"{before}{MARK}", "", *lines, "", f"{END}{after}"]), encoding="utf-8")


def main(customers: int, arrivals: int, spaces: int, page: str = "", model: str = "", bank: str = "") -> None:
    """Measure, print, and write the page."""
    vectors = drawn(customers + arrivals + 5, spaces, seed=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = Once(folder / "live")
        graph, first = opened(night_of(vectors, customers, kept))
        Once.found.clear()
        _, again = opened(night_of(vectors, customers, kept))
        multiply_alone()  # as the service does
        rows = by_vectors(graph, vectors, customers, arrivals, ByHand(vectors, customers, arrivals), folder)
        models, banks = (Path(model), Path(bank)) if model and bank else drawn_model(folder)
        names = embed(read_bank(BankConfig(path=banks)), models)
        modal = {each: f"space{place % spaces}" if each != JOINT else JOINT for place, each in enumerate(names)}
        many = {each: vectors[space].copy() for each, space in modal.items()}
        wide, _ = opened(night_of(many, customers, kept))
        later = {each: own[customers:] for each, own in many.items()}
        rows += by_records(wide, later, arrivals, models, banks, folder)
    lines = [
        f"`python benchmarks/serve.py customers={customers} arrivals={arrivals} spaces={spaces} page=docs/service.md`, "
        f"{os.cpu_count()} cores, load of the machine {os.getloadavg()[1]:.1f}: {customers:,} customers in {spaces} "
        f"spaces of {DIM} dimensions and the joint one. The first start took {first:.0f} s, the second {again:.0f} s.",
        "",
        "| step | p50 / p95 / p99, ms passed | ms of the CPU | a second, one client |",
        "|---|---|---|---|",
        *rows,
    ]
    print(lines[0])
    if page:
        write_page(Path(page), lines)


if __name__ == "__main__":
    settings = dict(word.split("=", 1) for word in sys.argv[1:])
    numbers = {
        name: int(settings.pop(name, default))
        for name, default in (("customers", 100_000), ("arrivals", 200), ("spaces", 3))
    }
    main(**numbers, **settings)
