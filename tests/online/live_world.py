"""A small night made of vectors, with rings hidden in it, some of whose members come by day."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.results import MEMBERS, RINGS
from ringsight.online.last_night import LastNight
from ringsight.online.live_graph import LiveGraph
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.frames import read_frames

SPACES = {"transactions": "transactions", "amounts": "transactions", "notes": "notes", "id_images": "id_images"}
"""Space -> its modality."""
DIM = 12
MODEL = "m" * 64


@dataclass(frozen=True)
class LiveWorld:
    """A night, and who comes after it."""

    night: LastNight
    arrivals: dict[str, dict[str, NDArray[np.float32]]]
    """Customer -> vectors by space; a few of them belong to rings, some of which the night never saw."""
    rings: dict[str, list[str]]
    """Members by ring, of the night and of the day."""

    def graph(self) -> LiveGraph:
        return LiveGraph(self.night)


def live_world(customers: int = 150, seed: int = 0, noise: float = 0.5, caveats: tuple[str, ...] = ()) -> LiveWorld:
    """Strangers, and four rings of five: two members of each come by day, all of the last ring but one do."""
    rng = np.random.default_rng(seed)
    names = [f"C{number:03d}" for number in range(customers)]
    rings = {f"ring{number}": names[5 * number : 5 * number + 5] for number in range(4)}
    late = {member for members in rings.values() for member in members[3:]} | set(rings["ring3"][1:])
    vectors: dict[str, dict[str, NDArray[np.float32]]] = {name: {} for name in names}
    for space in (*SPACES, JOINT):
        drawn = rng.standard_normal((customers, DIM))
        for members in rings.values():
            centre = rng.standard_normal(DIM)
            for member in members:
                drawn[int(member[1:])] = centre + noise * rng.standard_normal(DIM)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        for name, row in zip(names, drawn.astype(np.float32), strict=True):
            if space != "notes" or int(name[1:]) % 4 or int(name[1:]) < 20:  # some have no notes
                vectors[name][space] = row
    late |= set(names[-6:])
    there = [name for name in names if name not in late]
    night = LastNight(
        embeddings={space: embeddings(space, there, vectors) for space in (*SPACES, JOINT)},
        rings=listed("R1"),
        members=members_of("R1", [member for member in rings["ring0"] if member not in late]),
        strata=np.zeros(len(there), dtype=np.int64),
        customer_ids=np.array(there),
        digest=f"night {seed}",
        caveats=caveats,
    )
    return LiveWorld(night, {name: vectors[name] for name in sorted(late)}, rings)


def embeddings(space: str, names: list[str], vectors: dict[str, dict[str, NDArray[np.float32]]]) -> Embeddings:
    kept = [name for name in names if space in vectors[name]]
    rows = np.stack([vectors[name][space] for name in kept])
    return Embeddings(space, np.array(kept), rows, MODEL, "data", SPACES.get(space, space))


def listed(ring_id: str) -> pl.DataFrame:
    row = {"ring_id": ring_id, "flagged": True, "held": "", "explanation": "", "size": 3, "adjusted_q_value": 0.01}
    return pl.DataFrame([row]).select(
        (pl.col(name) if name in row else pl.lit(None)).cast(kind).alias(name) for name, kind in RINGS.items()
    )


def members_of(ring_id: str, names: list[str]) -> pl.DataFrame:
    rows = {"ring_id": [ring_id] * len(names), "customer_id": names, "p_value": 0.01, "q_value": 0.01, "fit": "fits"}
    return pl.DataFrame(rows).select(list(MEMBERS)).cast(pl.Schema(MEMBERS))


def value_bank(there: list[str]) -> Bank:
    """Everybody has a phone and a device; five have a phone that the bank masks, and all but thirty one device."""
    phones = [f"+4930{5_550_000 + 37 * number}" for number in range(len(there))]
    phones[20:25] = ["+493077712345"] * 5
    devices = [f"dev-{number:03}-{number * 7919 % 1000:03}" for number in range(len(there))]
    devices[30:] = ["emulator-9"] * (len(there) - 30)
    customers = pl.DataFrame({"customer_id": there, "phone": phones, "device_id": devices})
    config = BankConfig(path=Path(), placeholders=["+493077712345"])
    return read_frames(config, {"customers": customers})
