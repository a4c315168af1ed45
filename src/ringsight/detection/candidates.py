"""Candidate rings: communities of each space, of pairs of spaces of one modality, and of each entity column.

A candidate is judged later by what did not propose it: a source that chose the members has been flattered by the
choice. So no candidate is proposed by two modalities together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.evidence import Evidence
from ringsight.detection.groups import Groups
from ringsight.detection.settings import CandidateConfig
from ringsight.graph.branches import branches
from ringsight.graph.communities import communities
from ringsight.graph.links import Links, fused_links, source_links, threshold_bits
from ringsight.graph.sources import Rows
from ringsight.workers import side_by_side


@dataclass(frozen=True, slots=True)
class Proposer:
    """What proposes candidates: one or two spaces of a modality, an entity column, or transfers."""

    name: str
    modality: str
    """Empty for an entity column."""
    spaces: tuple[int, ...] = ()
    """Numbers among `Evidence.spaces`."""
    entity: int = -1
    """Number among `Evidence.entities`."""
    shape: str = ""
    """Of transfers, a `transfer_shapes.Shape`; empty for all others."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidate rings, proposer after proposer."""

    proposers: tuple[Proposer, ...]
    groups: Groups
    proposer: NDArray[np.int64]
    """Number of each candidate's proposer; shape (candidates,)."""

    @cached_property
    def by_modality(self) -> list[tuple[str, NDArray[np.int64], Groups]]:
        """Candidates by the modality of their proposers, empty for entity columns: name, numbers, and groups."""
        modality = np.array([each.modality for each in self.proposers] or [""])[self.proposer]
        parts = []
        for name in np.unique(modality):
            rows = np.flatnonzero(modality == name)
            parts.append((str(name), rows, self.groups.take(rows)))
        return parts

    def proposed_by(self, candidate: int) -> Proposer:
        """What proposed a candidate."""
        return self.proposers[int(self.proposer[candidate])]

    def of(self, proposer: int) -> NDArray[np.int64]:
        """Numbers of one proposer's candidates."""
        return np.flatnonzero(self.proposer == proposer)

    def take(self, rows: NDArray[np.int64]) -> "Candidates":
        """Some of the candidates, in the order given."""
        return Candidates(self.proposers, self.groups.take(rows), self.proposer[rows])

    def without(self, customers: Rows, minimum: int) -> "Candidates":
        """Without these customers; what is left of fewer than `minimum`, or is proposed already, goes."""
        gone = np.isin(self.groups.members, customers)
        kept: list[Rows] = []
        proposer = []
        met = set()
        for number in range(self.groups.count):
            place = slice(self.groups.start[number], self.groups.start[number + 1])
            left = self.groups.members[place][~gone[place]]
            key = (int(self.proposer[number]), left.tobytes())
            if len(left) >= minimum and key not in met:
                met.add(key)
                kept.append(left)
                proposer.append(self.proposer[number])
        return Candidates(self.proposers, Groups.of(kept), np.array(proposer, dtype=np.int64))


def propose(evidence: Evidence, config: CandidateConfig) -> Candidates:
    """Propose candidates by every space, every pair of spaces inside a modality, and every entity column."""
    proposers = _proposers(evidence)
    proposed = list(side_by_side(lambda each: _proposed(each, evidence, config), proposers))
    return Candidates(
        proposers=tuple(proposers),
        groups=Groups.of([members for each in proposed for members in each]),
        proposer=np.repeat(np.arange(len(proposers)), [len(each) for each in proposed]),
    )


def _proposers(evidence: Evidence) -> list[Proposer]:
    found = []
    for modality in evidence.modalities:
        spaces = evidence.spaces_of(modality)
        alone = [(space,) for space in spaces]
        for chosen in [*alone, *combinations(spaces, 2)]:
            name = " + ".join(evidence.spaces[space].name for space in chosen)
            found.append(Proposer(name, modality, spaces=chosen))
    found += [Proposer(entity.name, "", entity=number) for number, entity in enumerate(evidence.entities)]
    return found


def _proposed(proposer: Proposer, evidence: Evidence, config: CandidateConfig) -> list[Rows]:
    if proposer.entity >= 0:
        return evidence.entities[proposer.entity].groups(config.min_size)
    spaces = [evidence.spaces[number] for number in proposer.spaces]
    if len(spaces) == 1:
        (space,) = spaces
        prices = [threshold_bits(space, scale) for scale in config.scales]
        found = _communities(source_links(space, config.neighbours), prices, config.min_size, evidence.seed)
        return found + branches(space, config.neighbours + 1, config.min_size)
    present = int(np.any([space.present for space in spaces], axis=0).sum()) - 1
    prices = [float(np.log2(present / min(scale, present))) for scale in config.scales]
    return _communities(fused_links(spaces, config.neighbours), prices, config.min_size, evidence.seed)


def _communities(links: Links, prices: Sequence[float], minimum: int, seed: int) -> list[Rows]:
    """The distinct communities of all scales, in the order of `prices`: the bits a pair must bring to stay."""
    found: dict[bytes, Rows] = {}
    for price in prices:
        for members in communities((links.a, links.b), links.bits, price, minimum, seed):
            found.setdefault(members.tobytes(), members)
    return list(found.values())
