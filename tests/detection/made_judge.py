"""A judge of candidates whose corroboration, and what conditions leave of it, is stated by hand."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.candidates import Candidates, Proposer
from ringsight.detection.conditional import Conditioning
from ringsight.detection.conditions import Condition
from ringsight.detection.corroboration import Corroboration, Measured
from ringsight.detection.evidence import Evidence
from ringsight.detection.groups import Groups
from ringsight.detection.inside import Inside
from ringsight.detection.judge import Judge
from ringsight.detection.membership import Fits, Membership
from ringsight.detection.settings import DetectConfig
from ringsight.detection.shared_directions import ConditionalShuffle, SharedDirections
from ringsight.detection.worlds import CalibrationWorlds
from ringsight.graph.sources import EntitySource, Rows

WORLDS = 18
"""Chance worlds that judge: so few that a ring none of them shows is flagged in company only, and never alone."""
Left = Mapping[tuple[str, int], float]
"""Bits that remain of a group, by the name of the condition and the group's first member; of others nothing is lost."""


@dataclass(frozen=True, slots=True, eq=False)
class StatedConditioning(Conditioning):
    """Leaves the bits that are stated."""

    left: Left = field(default_factory=dict)

    def remaining(
        self, candidates: Candidates, corroboration: NDArray[np.float64], given: Condition
    ) -> NDArray[np.float64]:
        first = candidates.groups.members[candidates.groups.start[:-1]].tolist()
        whole = zip(first, corroboration.tolist(), strict=True)
        return np.array([self.left.get((given.name, member), bits) for member, bits in whole])


class StatedMembership(Membership):
    """Everybody fits, and groups grow by the mates that are stated."""

    def __init__(self, judged_by: Sequence[Proposer], mates: Mapping[int, Sequence[int]]) -> None:
        self.judged_by, self.mates = judged_by, mates

    def members(self, proposer: Proposer, members: Rows) -> Fits:
        return self.outsiders(proposer, members, members)

    def outsiders(self, proposer: Proposer, members: Rows, tested: Rows) -> Fits:
        """By 9 bits, and inside the modality by the number of the first member."""
        assert proposer in self.judged_by
        return Fits(np.full(len(tested), 9.0), np.full(len(tested), float(members[0])))

    def grown(self, proposer: Proposer, members: Rows, largest: int) -> Rows:
        assert proposer in self.judged_by
        return np.union1d(members, np.array(self.mates.get(int(members[0]), []), dtype=np.int64))


@dataclass(kw_only=True)
class Stated:
    """What a judge is made of. Candidates are proposed by the first source, an entity column as are all others."""

    groups: Sequence[Sequence[int]]
    bits: Sequence[Sequence[float]]
    """Of each candidate by each source but the first."""
    second: Sequence[float] | None = None
    """By second ties, by default all of it."""
    chance: Sequence[float] = ()
    """Corroboration of the first candidates in every world that judges; of others nothing."""
    conditions: Sequence[Condition] = ()
    left: Left = field(default_factory=dict)
    mates: Mapping[int, Sequence[int]] = field(default_factory=dict)
    """Outsiders by whom a group grows, by its first member."""
    config: DetectConfig = field(default_factory=DetectConfig)


SOURCES = ("device", "phone", "email", "card", "photo")
CUSTOMERS = 200


def made_judge(stated: Stated) -> Judge:
    """A judge of an entity column's candidates; 2.32 bits and more of score contend for a flag.

    CalibrationWorlds worlds show nothing, so that the score is the bits, 4.32 more, and log2 of the candidates less.
    """
    count = len(stated.groups)
    nobody = np.zeros(CUSTOMERS, dtype=np.bool_)
    sources = tuple(EntitySource(name, nobody, np.full(CUSTOMERS, -1), np.zeros(0)) for name in SOURCES)
    evidence = Evidence((), sources, np.zeros(CUSTOMERS, dtype=np.int64), 0, np.ones((1, len(sources))))
    shuffle = ConditionalShuffle(SharedDirections((), np.zeros(0), 0.0), [])
    proposers = (Proposer("device", "", entity=0),)
    by_source = np.zeros((count, len(SOURCES)))
    for number, bits in enumerate(stated.bits):
        by_source[number, 1 : 1 + len(bits)] = bits
    second = by_source.sum(axis=1) if stated.second is None else np.array(stated.second)
    quiet = np.zeros((WORLDS, count), dtype=np.float32)
    shown = np.zeros((count, 1))
    shown[: len(stated.chance), 0] = stated.chance
    nothing = np.zeros(count)
    small = [number for number, each in enumerate(stated.groups) if len(each) <= stated.config.largest]
    config = copy(stated.config)
    config.permutations = 2 * WORLDS  # fewer than a user may ask for
    return Judge(
        candidates=Candidates(
            proposers, Groups.of([np.array(each) for each in stated.groups]), np.zeros(count, dtype=np.int64)
        ),
        corroboration=Corroboration(by_source, second),
        inside=Inside(nothing, nothing, np.full(count, -1), nothing),
        calibration=CalibrationWorlds(quiet, quiet),
        judging=lambda _, some: Corroboration(shown[small], shown[small, 0]),
        conditions=stated.conditions,
        conditioning=StatedConditioning(evidence, Measured([], []), shuffle, stated.left),
        membership=StatedMembership(proposers, stated.mates),
        config=config,
        seed=0,
    )
