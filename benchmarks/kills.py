"""Kills a writer of the log with SIGKILL, again and again, and looks whether anything acknowledged is lost.

    python benchmarks/kills.py [kills=50] [seed=0]

Each writer takes customers in, one after the other, and tells of each as soon as it is acknowledged. At a moment drawn
at random it is killed. Then the log is opened anew, and every customer who was ever acknowledged must be in the live
graph with the same vectors; the last requests are sent again with their idempotency keys, and must be answered as
before. It is the process that dies, not the machine: what a power cut leaves is up to the disk.
"""

import random
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
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
from ringsight.records.embeddings import Embeddings

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["ringsight.arrivals.live_arrivals"])
DIM = 16
LONGEST = 0.4
"""Seconds that a writer lives after its first acknowledgement, at most."""


def rows(count: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors; shape (count, DIM)."""
    drawn = np.random.default_rng(seed).standard_normal((count, DIM))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def opened(path: Path) -> tuple[Arrivals, ArrivalDatabase]:
    """The log replayed over a small night."""
    ids = np.array([f"C{number:03d}" for number in range(60)])
    spaces = {name: Embeddings(name, ids, rows(60, seed), "m", "d") for seed, name in enumerate(("notes", "id_images"))}
    empty = (pl.DataFrame(schema=RINGS), pl.DataFrame(schema=MEMBERS))
    graph = LiveGraph(LastNight(spaces, *empty, strata=np.zeros(60, dtype=np.int64), customer_ids=ids))
    database = ArrivalDatabase(f"sqlite:///{path}")
    return Arrivals(graph, database), database


def given(name: str) -> Given:
    """Vectors that follow from a name."""
    seed = int.from_bytes(name.encode(), "big") % 2**32
    return Given({space: rows(1, seed + place)[0] for place, space in enumerate(("notes", "id_images"))})


def write(path: Path, turn: int, told: Connection) -> None:
    """Take customers in until killed, and tell of each as soon as it is acknowledged."""
    arrivals, _ = opened(path)
    for count in range(100_000):
        name = f"K{turn}-{count}"
        arrivals.put(name, given(name), Request("kills", key=name))
        told.send(name)


def killed(path: Path, turn: int, wait: float) -> list[str]:
    """Start a writer, kill it so many seconds after its first acknowledgement, and give what it acknowledged."""
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=write, args=(path, turn, theirs))
    process.start()
    theirs.close()
    names = [ours.recv()]
    time.sleep(wait)
    process.kill()
    process.join()
    with suppress(EOFError):
        while True:
            names.append(ours.recv())
    return names


def main(kills: int, seed: int) -> None:
    """Kill, look, and print what was found."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrivals.db"
        acknowledged = [name for turn in range(kills) for name in killed(path, turn, draw.uniform(0, LONGEST))]
        arrivals, database = opened(path)
        with arrivals.graph() as graph:
            lost = [name for name in acknowledged if name not in graph]
            held = [name for name in acknowledged if name in graph]
            changed = [
                name
                for name in held
                if any(not np.array_equal(graph.vectors_of(name)[space], v) for space, v in given(name).vectors.items())
            ]
        rows_before = arrivals.number
        again = [arrivals.put(name, given(name), Request("kills", key=name)).repeated for name in acknowledged[-20:]]
        database.close()
    print(f"{kills} kills; {len(acknowledged):,} acknowledged, {rows_before:,} rows in the log")
    print(f"lost: {len(lost)}; changed: {len(changed)}; sent again and done twice: {again.count(False)}")
    if lost or changed or not all(again):
        sys.exit(1)


if __name__ == "__main__":
    settings = dict(word.split("=", 1) for word in sys.argv[1:])
    main(int(settings.get("kills", 50)), int(settings.get("seed", 0)))
