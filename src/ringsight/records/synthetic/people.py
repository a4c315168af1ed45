"""The customers of a synthetic bank, and the everyday groups they live in.

Everybody, whether or not a ring will take them later, is drawn here by one process: where they live and with whom, how
they came to the bank, when, and who pays them. Households, dormitories, employers, campaign weeks and photo booths
make honest strangers alike; they are the innocent explanations that a detector must survive.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ringsight.records.synthetic.names import (
    EMPLOYER_KINDS,
    EMPLOYER_NAMES,
    FIRST_NAMES,
    STREET_KINDS,
    STREETS,
    SURNAMES,
)
from ringsight.records.synthetic.settings import SyntheticBankConfig
from ringsight.records.synthetic.traits import codes, zipf

END = datetime(2026, 6, 30)
"""The day the records end."""
SEGMENTS = {"retail": 0.5, "student": 0.15, "premium": 0.15, "business": 0.2}
REGIONS = {"north": 0.3, "south": 0.3, "east": 0.2, "west": 0.2}
ONBOARDINGS = {"branch": 0.45, "web": 0.3, "app": 0.25}
BRANCHES_PER_REGION = 3
NEIGHBOURHOOD = 40
"""Customers of a neighbourhood, on average."""
OPENING_DAYS = 1000
"""Accounts were opened during so many days before the records begin."""


class GroupKind(StrEnum):
    """What makes a benign group alike."""

    household = "household"
    """One address and surname; often one device and the same shops."""
    twins = "twins"
    """Two of one household with one birthday and, but for little, one face."""
    dormitory = "dormitory"
    """One address and the same shops."""
    employer = "employer"
    """One payer on one payday."""
    campaign = "campaign"
    """Opened in one week, through one channel."""
    photo_booth = "photo_booth"
    """Photographed in one branch, one after the other."""
    agent_template = "agent_template"
    """Notes from one agent's template."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Customers who are alike for an innocent reason."""

    kind: GroupKind
    members: NDArray[np.int64]
    """Rows of the customers."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """One array for each thing known of a customer; shape (customers,)."""

    customer_id: NDArray[np.str_]
    opened: NDArray[np.float64]
    """Days before `END`."""
    segment: NDArray[np.str_]
    region: NDArray[np.str_]
    neighbourhood: NDArray[np.int64]
    branch: NDArray[np.str_]
    onboarding: NDArray[np.str_]
    address: NDArray[np.str_]
    employer: NDArray[np.int64]
    """Number of the employer, -1 for none."""
    employer_names: list[str]
    born: NDArray[np.int64]
    """Day of birth, in days since 1970-01-01."""
    sex: NDArray[np.str_]
    language: NDArray[np.str_]
    first_name: NDArray[np.str_]
    surname: NDArray[np.str_]
    groups: list[Group]
    """The everyday groups, whoever is in them."""

    def __len__(self) -> int:
        """Number of customers."""
        return len(self.customer_id)

    def opened_at(self) -> list[datetime]:
        """When each account was opened."""
        return [END - timedelta(seconds=int(days * 86400)) for days in self.opened]


def draw_people(config: SyntheticBankConfig, rng: np.random.Generator) -> People:
    """Draw the customers and the groups they live in."""
    n = config.customers
    segment = _pick(SEGMENTS, n, rng)
    region = _pick(REGIONS, n, rng)
    neighbourhood = rng.integers(0, max(1, n // (NEIGHBOURHOOD * len(REGIONS))), n)
    address, born = _addresses(n, rng), _birthdays(segment, rng)
    homes = _homes(n, rng)
    for home in homes:
        for shared in (region, neighbourhood, address):
            shared[home.members] = shared[home.members[0]]
    onboarding = _pick(ONBOARDINGS, n, rng)
    opened = config.days + OPENING_DAYS * rng.random(n)
    campaigns = _campaigns(onboarding, opened, rng)
    branch = np.char.add(np.char.add(region, "-"), (1 + rng.integers(0, BRANCHES_PER_REGION, n)).astype(np.str_))
    employer, employer_names = _employers(n, rng)
    sex = rng.choice(["f", "m"], n)
    return People(
        customer_id=codes("C", n, rng),
        opened=opened,
        segment=segment,
        region=region,
        neighbourhood=neighbourhood,
        branch=branch,
        onboarding=onboarding,
        address=address,
        employer=employer,
        employer_names=employer_names,
        born=born,
        sex=sex,
        language=np.where(rng.random(n) < 0.75, "en", rng.choice(["de", "es", "fr", "tr"], n)),
        first_name=np.array([rng.choice(FIRST_NAMES[one]) for one in sex]),
        surname=_surnames(homes, n, rng),
        groups=[
            *homes,
            *_twins(homes, born, rng),
            *campaigns,
            *_booths(branch, onboarding, opened, rng),
            *(Group(GroupKind.employer, np.flatnonzero(employer == one)) for one in range(len(employer_names))),
        ],
    )


def _pick(shares: dict[str, float], n: int, rng: np.random.Generator) -> NDArray[np.str_]:
    return rng.choice(np.array(list(shares)), n, p=list(shares.values()))


def _addresses(n: int, rng: np.random.Generator) -> NDArray[np.str_]:
    streets, kinds = rng.choice(STREETS, n), rng.choice(STREET_KINDS, n)
    numbers = rng.integers(1, 200, n)
    letters = rng.choice(list("abcdef"), n)
    places = zip(numbers, letters, streets, kinds, strict=True)
    return np.array([f"{number}{letter} {street} {kind}" for number, letter, street, kind in places], dtype=np.str_)


def _birthdays(segment: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.int64]:
    age = np.where(segment == "student", 21 + 7 * rng.random(len(segment)), 24 + 60 * rng.beta(1.6, 2.2, len(segment)))
    end = int(np.datetime64(END, "D").astype(np.int64))
    born: NDArray[np.int64] = (end - age * 365.25).astype(np.int64)
    return born


def _homes(n: int, rng: np.random.Generator) -> list[Group]:
    """Part a random 35 % of the customers into households and dormitories."""
    waiting = rng.permutation(n)[: round(0.35 * n)]
    homes = []
    while len(waiting) >= 2:
        dormitory = rng.random() < 0.05
        size = int(rng.integers(5, 13)) if dormitory else int(rng.choice([2, 3, 4, 5], p=[0.5, 0.25, 0.17, 0.08]))
        if len(waiting) < size:
            break
        homes.append(Group(GroupKind.dormitory if dormitory else GroupKind.household, waiting[:size]))
        waiting = waiting[size:]
    return homes


def _surnames(homes: list[Group], n: int, rng: np.random.Generator) -> NDArray[np.str_]:
    surname = rng.choice(SURNAMES, n)
    for home in homes:
        if home.kind is GroupKind.household:
            surname[home.members[rng.random(len(home.members)) < 0.85]] = surname[home.members[0]]
    return surname


def _twins(homes: list[Group], born: NDArray[np.int64], rng: np.random.Generator) -> list[Group]:
    """Find twins in a tenth of the households; changes `born` in place."""
    pairs = [home.members[:2] for home in homes if home.kind is GroupKind.household and rng.random() < 0.1]
    for pair in pairs:
        born[pair] = born[pair[0]]
    return [Group(GroupKind.twins, pair) for pair in pairs]


def _campaigns(onboarding: NDArray[np.str_], opened: NDArray[np.float64], rng: np.random.Generator) -> list[Group]:
    """Let a random 15 % of the customers open their accounts in campaign weeks; changes `opened` in place."""
    groups = []
    for channel in ONBOARDINGS:
        there = np.flatnonzero((onboarding == channel) & (rng.random(len(opened)) < 0.15))
        for start in range(0, len(there) - 5, 8):
            members = there[start : start + 8]
            opened[members] = opened[members[0]] + rng.uniform(0, 7, len(members))
            groups.append(Group(GroupKind.campaign, members))
    return groups


def _booths(
    branch: NDArray[np.str_], onboarding: NDArray[np.str_], opened: NDArray[np.float64], rng: np.random.Generator
) -> list[Group]:
    """Let neighbours in a branch's queue, a third of them, share its photo booth."""
    groups = []
    for one in np.unique(branch):
        queue = np.flatnonzero((branch == one) & (onboarding == "branch"))
        queue = queue[np.argsort(opened[queue])]
        while len(queue) >= 4:
            size = int(rng.integers(4, 9))
            if rng.random() < 0.35:
                groups.append(Group(GroupKind.photo_booth, queue[:size]))
            queue = queue[size:]
    return groups


def _employers(n: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], list[str]]:
    count = max(1, n // 15)
    names = [f"{rng.choice(EMPLOYER_NAMES)} {rng.choice(EMPLOYER_KINDS)} {number}" for number in range(1, count + 1)]
    employed = rng.random(n) < 0.7
    return np.where(employed, rng.choice(count, n, p=zipf(count, 0.7)), -1), names
