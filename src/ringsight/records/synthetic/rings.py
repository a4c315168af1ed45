"""The rings of a synthetic bank: who is in them, and which traces one hand ties.

Each typology imitates a kind of organised fraud that has been described in public:

bust_out
    Synthetic identities, opened in one season and cultivated alike until they are run up and left. Documents from one
    workshop, one rhythm of spending. Federal Reserve, "Synthetic Identity Fraud in the U.S. Payment System" (July 2019)
    and "Mitigating Synthetic Identity Fraud in the U.S. Payment System" (July 2020).
mule_network
    Accounts of recruited people, moved by one herder: the same counterparties, days and hours, often one device or
    phone. Europol, European Money Mule Action (EMMA), yearly since 2016.
mega_attack
    Variations of one ID image, template, background and portrait, on many applications, from few devices.
    AU10TIX, Q4 2023 Global Identity Fraud Report (March 2024: 22,080 attempts from one passport).
call_script
    One crew talks its way through the call centre with one script, then uses the accounts alike. FFIEC,
    "Authentication and Access to Financial Institution Services and Systems" (August 2021), on call centres.
loan_stacking
    Several loans asked for at once, before lenders see each other's: the same documents and the same pretexts, while
    spending is left to whoever holds the account. iovation (TransUnion), "Loan stacking"; Fraud.net, glossary.
patchwork
    Accounts that several recruiters brought to one organiser: each lacks one of the three traces, so that no single
    trace holds the ring together. Europol, EMMA 9 (2023), found 474 recruiters behind 10,759 mules.

The members are a random draw from the customers, and what they do is drawn like everyone's (`traits`): nothing tells
a member from an honest customer but the likeness of its fellows.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ringsight.records.synthetic.people import People
from ringsight.records.synthetic.settings import Strength, SyntheticBankConfig
from ringsight.records.synthetic.traits import codes

ENTITIES = "entities"
"""The trace of shared devices and phones, beside the modalities."""
SEASON = 0.15
"""A bust-out ring is drawn from this share of the customers, those opened nearest to its first member."""


class Typology(StrEnum):
    """A kind of organised fraud."""

    bust_out = "bust_out"
    mule_network = "mule_network"
    mega_attack = "mega_attack"
    call_script = "call_script"
    loan_stacking = "loan_stacking"
    patchwork = "patchwork"

    @property
    def tied(self) -> tuple[str, ...]:
        """The traces that one hand ties."""
        match self:
            case Typology.bust_out:
                return ("transactions", "id_images")
            case Typology.mule_network:
                return ("transactions", ENTITIES)
            case Typology.mega_attack:
                return ("id_images", ENTITIES)
            case Typology.call_script:
                return ("transactions", "notes")
            case Typology.loan_stacking:
                return ("notes", "id_images")
            case Typology.patchwork:
                return ("transactions", "notes", "id_images")


@dataclass(frozen=True, slots=True, eq=False)
class PlantedRing:
    """Customers run by one hand."""

    ring_id: str
    typology: Typology
    strength: Strength
    members: NDArray[np.int64]
    """Rows of the customers."""

    def tied_in(self, trace: str) -> NDArray[np.int64]:
        """Rows of the members whom the hand ties in `trace`; empty if the ring leaves that trace alone."""
        if trace not in self.typology.tied:
            return self.members[:0]
        if self.typology is Typology.patchwork:
            spared = self.typology.tied.index(trace)
            places = np.arange(len(self.members)) % len(self.typology.tied)
            return self.members[np.flatnonzero(places != spared)]
        return self.members


def draw_rings(config: SyntheticBankConfig, people: People, rng: np.random.Generator) -> list[PlantedRing]:
    """Draw rings that share no member; typologies and strengths take turns, in every combination."""
    free = np.ones(len(people), dtype=np.bool_)
    names = codes("R", config.ring_count, rng, digits=5)
    kinds, strengths = list(Typology), list(Strength)
    rings = []
    for number in range(config.ring_count):
        typology = kinds[number % len(kinds)]
        strength = config.strength or strengths[(number + number // len(kinds)) % len(strengths)]
        size = int(rng.integers(config.ring_size_min, config.ring_size_max + 1))
        pool = np.flatnonzero(free)
        if typology is Typology.bust_out:
            distance = np.abs(people.opened[pool] - people.opened[rng.choice(pool)])
            pool = pool[np.argsort(distance)[: max(size, round(SEASON * len(pool)))]]
        members = rng.choice(pool, size, replace=False)
        free[members] = False
        rings.append(PlantedRing(str(names[number]), typology, strength, members))
    return rings
