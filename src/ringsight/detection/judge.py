"""Which candidates are rings: scored against chance, adjusted for innocent explanations, and let grow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ringsight import progress
from ringsight.detection.candidates import Candidates
from ringsight.detection.conditional import Conditioning
from ringsight.detection.conditions import Condition, ConditionKind
from ringsight.detection.corroboration import Corroboration
from ringsight.detection.error_rate import Chance
from ringsight.detection.inside import Inside
from ringsight.detection.membership import Fits, Membership
from ringsight.detection.rarity import fisher_bits
from ringsight.detection.results import Basis
from ringsight.detection.scoring import LOWEST, Scorer, distinct
from ringsight.detection.settings import DetectConfig
from ringsight.detection.worlds import CalibrationWorlds
from ringsight.graph.sources import Rows
from ringsight.workers import side_by_side, spread

Floats = NDArray[np.float64]

SHARE_KEPT = 2 / 3
"""Share of a ring's members that a fuller candidate must hold."""
BATCH = 10
"""Chance worlds after which it is asked whether they tell enough."""
FITS = 0.05
"""A member fits if a stranger would do so with a lesser chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of candidates, in bits; each of shape (candidates,)."""

    full: Floats
    second: Floats
    """By second ties."""
    bits: Floats
    """What the full score comes from: corroboration across modalities and inside one, added up."""

    def or_lower(self, other: "Scores") -> "Scores":
        """The lower of two scores of each candidate."""
        bits = np.where(self.full <= other.full, self.bits, other.bits)
        return Scores(np.minimum(self.full, other.full), np.minimum(self.second, other.second), bits)

    def put(self, rows: NDArray[np.int64], scores: "Scores") -> "Scores":
        """These scores, with those of some candidates replaced."""

        def replaced(own: Floats, new: Floats) -> Floats:
            copy = own.copy()
            copy[rows] = new
            return copy

        return Scores(
            full=replaced(self.full, scores.full),
            second=replaced(self.second, scores.second),
            bits=replaced(self.bits, scores.bits),
        )

    def take(self, rows: NDArray[np.int64]) -> "Scores":
        """The scores of some candidates, in the order given."""
        return Scores(self.full[rows], self.second[rows], self.bits[rows])


@dataclass(frozen=True, slots=True, eq=False)
class ChanceRings:
    """The rings of one chance world."""

    scores: Floats
    sizes: NDArray[np.int64]
    """Both of shape (rings,)."""
    second: Floats
    """Scores of its rings by second ties; shape (rings by second ties,)."""


@dataclass(frozen=True, eq=False)
class Judge:
    """What candidates are judged by."""

    candidates: Candidates
    corroboration: Corroboration
    inside: Inside
    calibration: CalibrationWorlds
    judging: Callable[[int, Candidates], Corroboration]
    """Measures candidates in one of the worlds that judge, by its number."""
    conditions: Sequence[Condition]
    conditioning: Conditioning
    membership: Membership
    config: DetectConfig
    seed: int

    @cached_property
    def full(self) -> Scorer:
        """Scores corroboration."""
        return Scorer.learn(self.candidates, self.calibration.full)

    @cached_property
    def second(self) -> Scorer:
        """Scores corroboration by second ties."""
        return Scorer.learn(self.candidates, self.calibration.second)

    @cached_property
    def contends(self) -> float:
        """Bits from which an adjusted score contends for a flag; nothing less is adjusted, or ever flagged.

        In a bank of many rings it is the lowest score on the list before anything is taken off.
        """
        usual = float(np.log2(0.25 / self.config.fdr))
        q = Chance.of([world.scores for world in self.chance]).q_values(self._whole_scores)
        return float(self._whole_scores[q <= self.config.fdr].min(initial=usual))

    @cached_property
    def judged_inside(self) -> NDArray[np.bool_]:
        """Candidates whose agreement inside their modality is judged; shape (candidates,)."""
        judged: NDArray[np.bool_] = self.inside.family >= 0
        return judged

    @cached_property
    def observed(self) -> Scores:
        """Scores of all candidates, nothing taken off."""
        everyone = np.arange(self.candidates.groups.count)
        return self._scores(everyone, np.zeros(len(everyone)), np.zeros(len(everyone), dtype=np.bool_))

    def _scores(self, rows: NDArray[np.int64], lost: Floats, explained: NDArray[np.bool_]) -> Scores:
        """Scores of some candidates that have lost bits across modalities, or whose agreement inside is explained."""
        judged = self.judged_inside[rows]

        def score(scorer: Scorer, had: Floats, told: Floats) -> Floats:
            inside = np.where(explained, 0.0, told[rows])
            return scorer.score(scorer.across(had[rows] - lost, rows), inside, judged, rows)

        return Scores(
            full=score(self.full, self.corroboration.full, self.inside.bits),
            second=score(self.second, self.corroboration.second, self.inside.second),
            bits=self.corroboration.full[rows] - lost + np.where(explained, 0.0, self.inside.bits[rows]),
        )

    @cached_property
    def small(self) -> NDArray[np.int64]:
        """Numbers of the candidates that are small enough for a ring."""
        return np.flatnonzero(self.candidates.groups.sizes <= self.config.largest)

    @cached_property
    def chance(self) -> list["ChanceRings"]:
        """The rings of every judging world; communities leave there too.

        Worlds are drawn until they tell enough (`Chance.tells_enough`, asked every `BATCH` worlds), but no more than
        half of the permutations asked for.
        """
        found: list[ChanceRings] = []
        most = self.config.permutations - self.config.permutations // 2
        scores = self._whole_scores  # what learns to score does so here, before it is sent away
        worlds = spread(self._chance_rings, range(most))
        for rings in progress.steps(worlds, "comparing with worlds of chance until they tell enough", most):
            found.append(rings)
            chance = Chance.of([each.scores for each in found])
            if len(found) % BATCH == 0 and chance.tells_enough(scores, self.config.fdr):
                break
        return found

    def _chance_rings(self, world: int) -> "ChanceRings":
        corroboration, groups = self.judging(world, self._small_candidates), self._small_candidates.groups
        inside = self.inside.drawn(np.random.default_rng([self.seed, world, 1]))[self.small]
        full, second = (
            scorer.score(scorer.across(told, self.small), inside, self.judged_inside[self.small], self.small)
            for scorer, told in ((self.full, corroboration.full), (self.second, corroboration.second))
        )
        kept = distinct(groups, full)
        return ChanceRings(full[kept], groups.sizes[kept], second[distinct(groups, second)])

    @cached_property
    def _small_candidates(self) -> Candidates:
        return self.candidates.take(self.small)

    @cached_property
    def _whole_scores(self) -> Floats:
        """Scores of the bank's rings, nothing taken off."""
        scores = self.observed.full[self.small]
        return scores[distinct(self._small_candidates.groups, scores)]

    @cached_property
    def adjusted(self) -> tuple[Scores, NDArray[np.int64]]:
        """What is left of the scores given the innocent column that leaves least, and its number, -1 for none.

        Worked out for candidates that contend and are small enough for a ring; of the others nothing is taken off.
        """
        rows = self.small[self.observed.full[self.small] >= self.contends]
        best, number = self.explained(rows)
        explanation = np.full(self.candidates.groups.count, -1)
        explanation[rows] = number
        return self.observed.put(rows, best), explanation

    def explained(self, rows: NDArray[np.int64]) -> tuple[Scores, NDArray[np.int64]]:
        """What is left of some candidates given the innocent column that leaves least, and its number, -1 for none."""
        best = self.observed.take(rows)
        explanation = np.full(len(rows), -1)
        for number, condition in enumerate(self.conditions):
            if condition.kind is ConditionKind.innocent:
                given = self.given(condition, rows)
                explanation[given.full < best.full] = number
                best = best.or_lower(given)
        return best, explanation

    def given(self, condition: Condition, rows: NDArray[np.int64]) -> Scores:
        """Scores of some candidates, given a column; see `conditional`.

        Agreement inside a modality is explained where the column is one of the group's own: one agent, one branch.
        """
        some = self.candidates.take(rows)
        had = self.corroboration.full[rows]
        lost = had - self.conditioning.remaining(some, had, condition)
        return self._scores(rows, lost, condition.characterises(some.groups)).or_lower(self.observed.take(rows))

    @cached_property
    def settled(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Candidates that are rings, best first, and which of all candidates are communities.

        A customer is in one ring at most. Candidates that contend for a flag go first, by their adjusted score. The
        others share out who is left by their whole score, so that a household is shown whole with its explanation, not
        in the pieces that the explanation happens to leave most of.

        A candidate is a community if it has more members than a ring may have; or if it contends, and grows beyond that
        when every outsider who fits is let in. A contending candidate most of whose members are in such a grown
        community is none either, and the next best takes its place. A large candidate alone says nothing of the smaller
        ones in it: it may be two rings and strangers between them.
        """
        groups = self.candidates.groups
        adjusted, whole = self.adjusted[0].full, self.observed.full
        contending = adjusted >= self.contends
        rank = np.where(contending, whole.max(initial=0.0) + adjusted, whole)
        community = groups.sizes > self.config.largest
        covered = np.zeros(self.conditioning.evidence.customers, dtype=np.bool_)
        grown_small: set[int] = set()
        while True:
            kept = distinct(groups, np.where(community, -np.inf, rank))
            to_grow = [int(each) for each in kept if contending[each] and int(each) not in grown_small]
            growing = progress.steps(side_by_side(self.grown, to_grow), "letting rings grow", len(to_grow))
            spreading = [each for each, grown in zip(to_grow, growing, strict=True) if len(grown) > self.config.largest]
            grown_small.update(to_grow)
            if not spreading:
                break
            for each in spreading:
                covered[self.grown(each)] = True
            inside = np.bincount(groups.group, covered[groups.members], groups.count)
            community[spreading] = True
            community |= contending & (2 * inside > groups.sizes)
        fullest = self._fullest(kept, contending & ~community)
        return fullest[np.lexsort((-whole[fullest], -adjusted[fullest]))], community

    def _fullest(self, kept: NDArray[np.int64], eligible: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Rings, each contending one replaced by a fuller candidate where there is one.

        The highest score often has a part of a ring only. A candidate is fuller that holds most of the ring's members,
        takes nobody from another ring, keeps half of the score, and has more members who fit than it has strangers
        more. The score of a ring never rises by this.
        """
        groups, adjusted = self.candidates.groups, self.adjusted[0].full
        holder = np.full(self.conditioning.evidence.customers, -1)
        for number in kept:
            holder[groups[int(number)]] = number
        fullest = kept.copy()
        for place, head in enumerate(kept):
            if not eligible[head]:
                continue
            members = groups[int(head)]
            near = groups.touching(members)
            near = near[
                eligible[near]
                & (groups.sizes[near] > len(members))
                & (adjusted[near] >= np.maximum(self.contends, adjusted[head] / 2))
            ]
            some = groups.take(near)
            held_by = holder[some.members]
            shared = some.sum_of_members((held_by == head).astype(np.int64))
            others = some.sum_of_members(((held_by != head) & (held_by >= 0)).astype(np.int64))
            rivals = near[(shared >= SHARE_KEPT * len(members)) & (others == 0)]
            worth = [self._surplus(int(each)) for each in (head, *rivals)]
            best = max(range(len(worth)), key=lambda each: (worth[each], adjusted[(head, *rivals)[each]]))
            fullest[place] = (head, *rivals)[best]
            holder[groups[int(fullest[place])]] = head
        return fullest

    def _surplus(self, candidate: int) -> int:
        """Members of a candidate who fit, less those who do not."""
        fitting = self.fits(candidate).p_values <= FITS
        return int(2 * fitting.sum() - len(fitting))

    def fits(self, candidate: int) -> Fits:
        """How well a candidate's members fit; worked out once."""
        if candidate not in self._fits:
            proposer = self.candidates.proposed_by(candidate)
            self._fits[candidate] = self.membership.members(proposer, self.candidates.groups[candidate])
        return self._fits[candidate]

    @cached_property
    def _fits(self) -> dict[int, Fits]:
        return {}

    def grown(self, candidate: int) -> Rows:
        """A candidate's members and all outsiders who fit, until it has more than a ring may have; sorted.

        Worked out once.
        """
        if candidate not in self._grown:
            proposer, members = self.candidates.proposed_by(candidate), self.candidates.groups[candidate]
            self._grown[candidate] = self.membership.grown(proposer, members, self.config.largest)
        return self._grown[candidate]

    @cached_property
    def _grown(self) -> dict[int, Rows]:
        return {}

    def proposing(self, candidate: int) -> list[int]:
        """Numbers of the sources that proposed a candidate, among `Evidence.sources`."""
        proposer = self.candidates.proposed_by(candidate)
        spaces = len(self.conditioning.evidence.spaces)
        entity = [spaces + proposer.entity] if proposer.entity >= 0 else []
        transfers = [len(self.conditioning.evidence.sources) - 1] if proposer.shape else []
        return [*proposer.spaces, *entity, *transfers]

    def without(self, candidate: int, left_out: Sequence[int]) -> Scores:
        """Scores of one candidate when evidence sources are left out (numbers of `Evidence.sources`).

        Where a source that proposed it is left out, those of the best other candidate that holds at least half of its
        members, and of which they are at least half; without such a candidate the score is the lowest.
        """
        alike = np.array([candidate])
        if set(self.proposing(candidate)) & set(left_out):
            alike = np.array(
                [each for each in self._alike(candidate) if not set(self.proposing(int(each))) & set(left_out)],
                dtype=np.int64,
            )
        if len(alike) == 0:
            return Scores(np.array([LOWEST]), np.array([LOWEST]), np.zeros(1))
        lost = self.corroboration.by_source[np.ix_(alike, np.array(left_out, dtype=np.int64))].sum(axis=1)
        scores = self._scores(alike, lost, np.zeros(len(alike), dtype=np.bool_))
        return scores.take(np.array([int(np.argmax(scores.full))]))

    def _alike(self, candidate: int) -> NDArray[np.int64]:
        """Candidates that hold half of another's members, and of which those are half."""
        groups = self.candidates.groups
        members = groups[candidate]
        near = groups.touching(members)
        some = groups.take(near)
        return near[2 * some.among(members) >= np.maximum(some.sizes, len(members))]

    def bases(self, candidates: NDArray[np.int64]) -> list[Basis]:
        """What makes each of some candidates too surprising for chance."""
        across = self.full.across(self.corroboration.full[candidates], candidates)
        inside = self.inside.bits[candidates]
        both = fisher_bits(across + inside) > np.maximum(across, inside)
        one = np.where(inside > across, Basis.inside, Basis.across)
        return [Basis(each) for each in np.where(both, Basis.both, one).tolist()]
