"""Devices, phones and e-mail addresses: what customers can share exactly.

Honest customers share them in households, and strangers share the terminal of a shop or library and the telephone of a
workplace or hostel, about as often as members of rings share theirs: that a device is shared is no proof by itself.
"""

import numpy as np
from numpy.typing import NDArray

from ringsight.records.synthetic.people import GroupKind, People
from ringsight.records.synthetic.rings import ENTITIES, PlantedRing
from ringsight.records.synthetic.traits import codes

PUBLIC = 0.12
"""Share of the honest customers who use a public device; as many, but others, use a public phone."""


def draw_entities(people: People, rings: list[PlantedRing], rng: np.random.Generator) -> dict[str, NDArray[np.str_]]:
    """`device_id`, `phone` and `email` of each customer; an empty string for none."""
    n = len(people)
    honest = np.ones(n, dtype=np.bool_)
    for ring in rings:
        honest[ring.members] = False
    devices, phones = codes("D", n, rng, digits=9), codes("+49 15", n, rng, digits=9)
    for values, at_home in ((devices, 0.5), (phones, 0.2)):
        for group in people.groups:
            if group.kind is GroupKind.household:
                _share(values, group.members, at_home, rng)
        waiting = rng.permutation(np.flatnonzero(honest))[: round(PUBLIC * honest.sum())]
        while len(waiting) >= 2:
            size = int(rng.integers(2, 9))
            _share(values, waiting[:size], 1.0, rng)
            waiting = waiting[size:]
    for ring in rings:
        values = devices if rng.random() < 0.5 else phones
        _share(values, ring.tied_in(ENTITIES), float(np.sqrt(ring.strength.share)), rng)
    devices[rng.random(n) < np.where(people.onboarding == "branch", 0.4, 0.02)] = ""
    return {"device_id": devices, "phone": phones, "email": _emails(people, rng)}


def _share(values: NDArray[np.str_], members: NDArray[np.int64], chance: float, rng: np.random.Generator) -> None:
    """Give the first member's value to each of the others by `chance`, in place."""
    if len(members):
        values[members[rng.random(len(members)) < chance]] = values[members[0]]


def _emails(people: People, rng: np.random.Generator) -> NDArray[np.str_]:
    first, last = np.char.lower(people.first_name), np.char.lower(people.surname)
    domains = rng.choice(["post.example", "mail.example", "inbox.example", "letter.example"], len(people))
    numbers = codes("", len(people), rng, digits=5)
    parts = zip(first, last, numbers, domains, strict=True)
    return np.array([f"{one}.{other}{number}@{domain}" for one, other, number, domain in parts], dtype=np.str_)
