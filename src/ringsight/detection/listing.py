"""The list of rings: who is on it, at what rate, what speaks against each, and who belongs to each.

A rate is stated of the list that is shown. So communities are not on it, and rings that a protected column explains
leave it before the rate is worked out. A ring must stand in the list by its full score and by second ties: its adjusted
q-value is the higher of the two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.conditions import ConditionKind
from ringsight.detection.error_rate import Chance
from ringsight.detection.judge import Judge, Scores
from ringsight.detection.membership import Fits
from ringsight.graph.sources import Rows
from ringsight.workers import side_by_side

Floats = NDArray[np.float64]

MOST_SOURCES = 3
"""More corroborating sources than this are not tried together."""


@dataclass(frozen=True, slots=True)
class Conditional:
    """What is left of one ring given a column, or without evidence sources."""

    ring: int
    """Number of the ring in the listing."""
    kind: ConditionKind
    name: str
    value: str
    """The commonest value among the members; empty where sources are left out."""
    carriers: int
    """Members who carry it."""
    bits: float
    """Corroboration across modalities and inside one that is left."""
    score: float
    q_value: float
    decisive: bool
    """Whether the ring would then not be on the list, and otherwise would be."""


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """How well the members of one ring fit, and which outsiders fit too."""

    fits: Fits
    """Of the members, in their order."""
    perhaps: Rows
    """Outsiders who fit, sorted."""
    perhaps_fits: Fits


@dataclass(frozen=True, eq=False)
class Listing:
    """The rings of a bank, best first, with their rates."""

    judge: Judge
    rings: NDArray[np.int64]
    """Candidates that are rings; shape (rings,)."""

    @cached_property
    def chance(self) -> Chance:
        """What chance shows of scores."""
        return Chance.of([world.scores for world in self.judge.chance])

    @cached_property
    def second_chance(self) -> Chance:
        """What chance shows of scores by second ties."""
        return Chance.of([world.second for world in self.judge.chance])

    @cached_property
    def scores(self) -> Floats:
        """Of each ring, nothing taken off."""
        return self.judge.observed.full[self.rings]

    @cached_property
    def adjusted(self) -> Scores:
        """What is left of the scores given the innocent column that leaves least."""
        return self.judge.adjusted[0].take(self.rings)

    @cached_property
    def listed(self) -> NDArray[np.bool_]:
        """Rings that are on the list: all, but for those held until a person has looked."""
        held = np.array([bool(column) for column in self.held], dtype=np.bool_)
        return ~held if self.judge.config.block_proxies else np.ones(len(self.rings), dtype=np.bool_)

    @cached_property
    def q_values(self) -> Floats:
        """The rate at which each ring is on the list of coordinated groups, explained or not."""
        return self.chance.q_values(self.scores)

    @cached_property
    def adjusted_q_values(self) -> Floats:
        """The rate at which each ring is on the list of groups that no innocent column explains."""
        return self._rates(self.listed)

    def _rates(self, listed: NDArray[np.bool_]) -> Floats:
        """Adjusted q-values; a ring that is not on the list gets the one it would have in its company.

        It is 1 for rings that do not contend: no explanation of theirs has been looked at.
        """
        rates = [np.where(self.adjusted.full >= self.judge.contends, 0.0, 1.0)]
        for chance, scores in ((self.chance, self.adjusted.full), (self.second_chance, self.adjusted.second)):
            q = np.ones(len(scores))
            q[listed] = chance.q_values(scores[listed])
            for ring in np.flatnonzero(~listed):
                q[ring] = chance.q_if(float(scores[ring]), scores[listed])
            rates.append(q)
        adjusted: Floats = np.max(rates, axis=0)
        return adjusted

    @cached_property
    def flagged(self) -> NDArray[np.bool_]:
        """Rings on the list at the rate asked."""
        flagged: NDArray[np.bool_] = self.listed & (self.adjusted_q_values <= self.judge.config.fdr)
        return flagged

    @cached_property
    def unexplained(self) -> NDArray[np.bool_]:
        """Rings that would be on the list with nothing taken off them alone; shape (rings,)."""
        within = self.scores >= self.judge.contends
        rate = np.ones(len(self.rings))
        for ring in np.flatnonzero(within):
            rate[ring] = self.rate_if(int(ring), self.judge.observed.take(self.rings[[ring]]))
        unexplained: NDArray[np.bool_] = rate <= self.judge.config.fdr
        return unexplained

    def rate_if(self, ring: int, scores: Scores) -> float:
        """The adjusted q-value that a ring would have with other scores."""
        others = np.arange(len(self.rings)) != ring
        return max(
            self.chance.q_if(float(scores.full[0]), self.adjusted.full[others]),
            self.second_chance.q_if(float(scores.second[0]), self.adjusted.second[others]),
        )

    @cached_property
    def held(self) -> list[str]:
        """For each ring the protected column that explains it best; empty where none does, or it is not flagged."""
        rates = self._rates(np.ones(len(self.rings), dtype=np.bool_))
        worst: dict[int, tuple[float, str]] = {}
        for each in self.conditionals:
            if each.kind is not ConditionKind.protected or (each.ring, each.name) in self.one_person:
                continue
            if each.decisive and rates[each.ring] <= self.judge.config.fdr:
                worst[each.ring] = max(worst.get(each.ring, (-1.0, "")), (each.q_value, each.name))
        return [worst.get(ring, (0.0, ""))[1] for ring in range(len(self.rings))]

    @cached_property
    def one_person(self) -> dict[tuple[int, str], int]:
        """Rings and columns of names by which several members are perhaps one person; and how many they are."""
        found = {}
        for condition in self.judge.conditions:
            for ring in np.flatnonzero(self.unexplained) if condition.names else ():
                members = condition.one_person(self.judge.candidates.groups[int(self.rings[ring])])
                if members:
                    found[int(ring), condition.name] = members
        return found

    @cached_property
    def explanations(self) -> list[str]:
        """For each ring the innocent column without which it would be flagged; empty where there is none."""
        best = self.judge.adjusted[1][self.rings]
        return [
            self.judge.conditions[number].name if number >= 0 and unexplained and rate > self.judge.config.fdr else ""
            for number, unexplained, rate in zip(best, self.unexplained, self.adjusted_q_values, strict=True)
        ]

    @cached_property
    def conditionals(self) -> list[Conditional]:
        """What is left, given each condition, of every ring that would be flagged without it."""
        rings = np.flatnonzero(self.unexplained)
        given = [(condition, self.judge.given(condition, self.rings[rings])) for condition in self.judge.conditions]
        found = []
        for place, ring in enumerate(rings.tolist()):
            members = self.judge.candidates.groups[int(self.rings[ring])]
            for condition, scores in given:
                told = (condition.name, *condition.common(members))
                found.append(self._conditional(ring, condition.kind, told, scores.take(np.array([place]))))
                if same := self.one_person.get((ring, condition.name)):
                    told = (condition.name, "", same)
                    whole = self.adjusted.take(np.array([ring]))
                    found.append(self._conditional(ring, ConditionKind.one_person, told, whole))
            found += self._left_out(ring)
        return found

    def _left_out(self, ring: int) -> Iterator[Conditional]:
        """Without each source that ties the ring, then with the fewest sources that suffice."""
        evidence = self.judge.conditioning.evidence
        names = [source.name for source in evidence.sources]
        told = self.judge.corroboration.by_source[self.rings[ring]]
        proposing = self.judge.proposing(int(self.rings[ring]))
        present = sorted({*proposing, *np.flatnonzero(told > 0).tolist()})
        for source in present:
            left = self.judge.without(int(self.rings[ring]), [source])
            yield self._conditional(ring, ConditionKind.without, (names[source], "", 0), left)
        yield from self._fewest(ring, names, [source for source in present if source not in proposing])

    def _fewest(self, ring: int, names: Sequence[str], present: Sequence[int]) -> Iterator[Conditional]:
        """The fewest corroborating sources that suffice for a flag, the best of as many; none where none do."""
        everything = range(len(names))
        proposing = self.judge.proposing(int(self.rings[ring]))
        for size in range(min(len(present), MOST_SOURCES) + 1):
            found = []
            for kept in combinations(present, size):
                left_out = [source for source in everything if source not in (*kept, *proposing)]
                left = self.judge.without(int(self.rings[ring]), left_out)
                name = " + ".join(names[source] for source in (*proposing, *kept))
                found.append(self._conditional(ring, ConditionKind.only, (name, "", 0), left))
            enough = [each for each in found if not each.decisive]
            if enough:
                yield max(enough, key=lambda each: (each.score, each.name))
                return

    def _conditional(self, ring: int, kind: ConditionKind, given: tuple[str, str, int], left: Scores) -> Conditional:
        rate = self.rate_if(ring, left)
        decisive = bool(rate > self.judge.config.fdr) and bool(self.unexplained[ring])
        return Conditional(ring, kind, *given, float(left.bits[0]), float(left.full[0]), rate, decisive)

    @cached_property
    def flagged_or_held(self) -> NDArray[np.bool_]:
        """Rings that are flagged, or would be but for a protected column."""
        found: NDArray[np.bool_] = self.flagged | np.array([bool(column) for column in self.held], dtype=np.bool_)
        return found

    @cached_property
    def members(self) -> dict[int, Members]:
        """Of each flagged or held ring how well its members fit, and who else does."""
        looked_at = np.flatnonzero(self.flagged_or_held).tolist()
        return dict(zip(looked_at, side_by_side(self._members, self.rings[looked_at].tolist()), strict=True))

    def _members(self, candidate: int) -> Members:
        judge = self.judge
        members = judge.candidates.groups[candidate]
        proposer = judge.candidates.proposed_by(candidate)
        perhaps = np.setdiff1d(judge.grown(candidate), members)
        return Members(
            judge.fits(candidate),
            perhaps,
            judge.membership.outsiders(proposer, members, perhaps),
        )
