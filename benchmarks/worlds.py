"""Worlds that the error rate is tried in: banks drawn as embeddings, with and without rings, and honest structure.

Six spaces in three modalities. Each vector is a sum of what a customer's segment likes, what their habits in that one
modality are, and noise; their shares of the variance add up to 1. What a world plants beside that is honest: no one
hand ties it. In every world but `tiny strata` all customers are of one stratum, so that nothing is told of segments.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.evaluation.truth import Truth
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.embeddings import Embeddings

SPACES = {
    "counterparties": "transactions",
    "amounts": "transactions",
    "rhythm": "transactions",
    "notes": "notes",
    "border": "id_images",
    "card": "id_images",
}
MODALITIES = ("transactions", "notes", "id_images")
DIMENSIONS = 24
SEGMENTS = 12
SMALLEST, LARGEST = 0.03, 0.3
"""Relative sizes of the smallest and the largest segment, before they are made to add up to 1."""
HABIT = 0.15
"""Share of the variance that honest habits of one modality have."""
FOLLOWERS = 25
"""Customers of one habit, on average."""
STRENGTH = 0.6
"""Share of the variance that a hand has in what it ties."""
SIZES = (3, 10)
"""Members of a ring."""
Floats = NDArray[np.float64]
Drawn = tuple[Bank, dict[str, Embeddings], Truth]
"""A bank, its embeddings by space, and what is true of it."""


@dataclass(eq=False)
class World:
    """A bank in the making; what worlds plant changes it."""

    rng: np.random.Generator
    customers: int
    vectors: dict[str, Floats]
    """By space; shape (customers, DIMENSIONS)."""
    free: list[int]
    """Customers whom nothing has been planted on, in a random order."""
    strata: NDArray[np.int64]
    present: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    """By modality, for those that not everybody has."""
    entities: dict[str, list[str | None]] = field(default_factory=dict)
    rings: list[list[int]] = field(default_factory=list)
    benign: list[list[int]] = field(default_factory=list)

    def take(self, count: int) -> list[int]:
        """So many customers whom nothing has been planted on."""
        taken, self.free = self.free[:count], self.free[count:]
        return taken

    def tie(self, members: list[int], space: str, strength: float) -> None:
        """Give customers something in common in one space."""
        common = np.sqrt(strength) * self.rng.normal(size=DIMENSIONS)
        self.vectors[space][members] = common + np.sqrt(1 - strength) * self.vectors[space][members]


Plant = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of world."""

    segments: float = 0.0
    """Share of the variance that segments have in every space, in all modalities alike."""
    uneven: bool = False
    """Whether some segments, and some habits, are tighter than others."""
    factors: float = 0.0
    """Share of the variance that two continuous factors have, in every space."""
    strata: int = 1
    in_rings: float = 0.08
    """Share of the customers who are in rings, where there are any."""
    plant: Plant | None = None


def colleagues(world: World) -> None:
    """A dozen groups with one lunch place: they share shops and sums, and nothing else."""
    for _ in range(12):
        members = world.take(int(world.rng.integers(4, 9)))
        for space in ("counterparties", "amounts"):
            world.tie(members, space, 0.5)
        world.benign.append(members)


def couples(world: World) -> None:
    """One customer in five lives with another, undeclared: one household's shops, sums and kind of card."""
    for _ in range(world.customers // 10):
        members = world.take(2)
        for space in ("counterparties", "amounts", "rhythm", "border", "card"):
            world.tie(members, space, 0.5)
        world.benign.append(members)


def duplicates(world: World) -> None:
    """One customer in ten is on file twice, undeclared, with nearly the same records."""
    for _ in range(world.customers // 20):
        one, other = world.take(2)
        for vectors in world.vectors.values():
            vectors[other] = vectors[one] + 0.35 * world.rng.normal(size=DIMENSIONS)
        world.benign.append([one, other])


def missing_with_activity(world: World) -> None:
    """Who is seldom active has no notes, and often no image; the active ones resemble each other a little."""
    activity = world.rng.normal(size=world.customers)
    for space, vectors in world.vectors.items():
        world.vectors[space] = vectors + 0.3 * activity[:, None] * world.rng.normal(size=DIMENSIONS)
        modality = SPACES[space]
        if modality != "transactions":
            world.present[modality] = activity + world.rng.normal(size=world.customers) > -0.5


def hubs(world: World) -> None:
    """A few records in every modality are near everybody's."""
    for space, vectors in world.vectors.items():
        some = world.rng.choice(world.customers, world.customers // 20, replace=False)
        vectors[some] = vectors.mean(axis=0) + 0.1 * vectors[some]
        world.vectors[space] = vectors + 0.5 * world.rng.normal(size=DIMENSIONS)


def entities(world: World) -> None:
    """Phones and devices of a public file: most of one customer, some of a household, one placeholder of many."""
    for column in ("phone", "device"):
        owner = world.rng.integers(0, int(world.customers * 0.9), world.customers)
        values: list[str | None] = [f"{column} {number}" for number in owner]
        for customer in world.rng.choice(world.customers, world.customers // 10, replace=False):
            values[customer] = "000000"
        for customer in world.rng.choice(world.customers, world.customers // 10, replace=False):
            values[customer] = None
        world.entities[column] = values


def honest_group(size: int, strength: float) -> Plant:
    """One group of honest customers who are alike in every space, as a ring is; nobody can tell it from one."""

    def plant(world: World) -> None:
        members = world.take(size)
        for space in SPACES:
            world.tie(members, space, strength)
        world.benign.append(members)

    return plant


KINDS: dict[str, Kind] = {
    "independent": Kind(),
    "uneven habits": Kind(uneven=True),
    "segments .1": Kind(segments=0.1),
    "segments .2": Kind(segments=0.2),
    "segments .3": Kind(segments=0.3),
    "segments .4": Kind(segments=0.4),
    "uneven segments .2": Kind(segments=0.2, uneven=True),
    "uneven segments .2, tiny strata": Kind(segments=0.2, uneven=True, strata=16),
    "factors .2": Kind(factors=0.2),
    "tiny strata": Kind(strata=16),
    "colleagues": Kind(plant=colleagues),
    "couples": Kind(plant=couples),
    "duplicates": Kind(plant=duplicates),
    "missing with activity": Kind(plant=missing_with_activity),
    "hubs": Kind(plant=hubs),
    "entities with placeholders": Kind(plant=entities),
    "two in five in rings": Kind(in_rings=0.4),
}
GROUP_SIZES = (5, 8, 12, 16, 24, 40)
GROUP_STRENGTHS = (0.1, 0.2, 0.3, 0.4, 0.6)
HONEST_GROUPS = {
    (size, strength): (f"{size} alike at {strength}", Kind(plant=honest_group(size, strength)))
    for size in GROUP_SIZES
    for strength in GROUP_STRENGTHS
}
"""By members and share of the variance that they have in common: the name of the world, and its kind."""


def draw(kind: Kind, seed: int, customers: int, *, rings: bool) -> Drawn:
    """Draw a bank of one kind of world."""
    rng = np.random.default_rng([seed, customers])
    world = World(
        rng=rng,
        customers=customers,
        vectors=_vectors(kind, rng, customers),
        free=rng.permutation(customers).tolist(),
        strata=rng.integers(0, kind.strata, customers),
    )
    if kind.plant:
        kind.plant(world)
    while rings and sum(map(len, world.rings)) < kind.in_rings * customers and len(world.free) >= SIZES[1]:
        _ring(world)
    return _bank(world)


def _vectors(kind: Kind, rng: np.random.Generator, customers: int) -> dict[str, Floats]:
    """Every space, before anything is planted."""
    sizes = np.geomspace(SMALLEST, LARGEST, SEGMENTS)
    segment = rng.choice(SEGMENTS, customers, p=sizes / sizes.sum())
    tight = rng.gamma(1.0, 1.0, SEGMENTS) if kind.uneven else np.ones(SEGMENTS)
    of_segment = np.clip(kind.segments * tight, 0, 0.8)[segment, None]
    factors = rng.normal(size=(customers, 2)) / np.sqrt(2)
    habits = customers // FOLLOWERS
    habit = {modality: rng.integers(0, habits, customers) for modality in MODALITIES}
    vectors = {}
    for space, modality in SPACES.items():
        likes = rng.normal(size=(SEGMENTS, DIMENSIONS))
        likes *= np.sqrt(DIMENSIONS) / np.linalg.norm(likes, axis=1, keepdims=True)
        tightness = rng.gamma(0.5, 2.0, habits) if kind.uneven else np.ones(habits)
        of_habit = np.clip(HABIT * tightness, 0, 0.8)[habit[modality], None]
        noise = np.maximum(1 - of_segment - of_habit - kind.factors, 0.05)
        vectors[space] = (
            np.sqrt(of_segment) * likes[segment]
            + np.sqrt(of_habit) * rng.normal(size=(habits, DIMENSIONS))[habit[modality]]
            + np.sqrt(kind.factors) * factors @ rng.normal(size=(2, DIMENSIONS))
            + np.sqrt(noise) * rng.normal(size=(customers, DIMENSIONS))
        )
    return vectors


def _ring(world: World) -> None:
    """Tie some customers in two modalities, three rings in ten in all three, and most of the spaces of each."""
    rng = world.rng
    members = world.take(int(rng.integers(SIZES[0], SIZES[1] + 1)))
    tied = rng.choice(MODALITIES, 2 if rng.random() < 0.7 else 3, replace=False)
    for space, modality in SPACES.items():
        if modality in tied and (modality == "notes" or rng.random() < 0.8):
            world.tie(members, space, STRENGTH)
    world.rings.append(members)


def _bank(world: World) -> Drawn:
    ids = np.array([f"c{number:06d}" for number in range(world.customers)])
    embeddings = {}
    for space, modality in SPACES.items():
        rows = np.flatnonzero(world.present.get(modality, np.ones(world.customers, dtype=np.bool_)))
        unit = world.vectors[space][rows] / np.linalg.norm(world.vectors[space][rows], axis=1, keepdims=True)
        embeddings[space] = Embeddings(space, ids[rows], unit.astype(np.float32), "drawn", "drawn", modality)
    customers = pl.DataFrame({"customer_id": ids, "stratum": [f"stratum {each}" for each in world.strata]})
    customers = customers.with_columns(pl.Series(name, values) for name, values in world.entities.items())
    roles = dict.fromkeys(world.entities, ColumnRole.evidence)
    records = {modality: pl.DataFrame() for modality in MODALITIES}
    bank = Bank(Path("drawn"), customers, records, roles, pl.DataFrame(), "drawn")
    return bank, embeddings, _truth(world, ids)


def _truth(world: World, ids: NDArray[np.str_]) -> Truth:
    def named(groups: list[list[int]], what: str) -> dict[str, frozenset[str]]:
        return {f"{what} {number}": frozenset(ids[group].tolist()) for number, group in enumerate(groups)}

    return Truth(
        path=Path("drawn"),
        customer_ids=frozenset(ids.tolist()),
        rings=named(world.rings, "ring"),
        traits={},
        benign=named(world.benign, "group"),
    )
