"""What a ring's score is made of, step by step, in bits: from the sources that count to the score that is compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ringsight.detection.conditions import ConditionKind
from ringsight.detection.results import SourceRole
from ringsight.explain.rows import ConditionResult, RingRow, SourceAgreement
from ringsight.explain.words import spoken

LEAST = 0.05
"""Bits; a smaller step is left out."""


class StepKind(StrEnum):
    """What a step stands for."""

    proposer = "proposer"
    """A source that chose the members: shown, and not counted."""
    source = "source"
    """A source that corroborates across modalities."""
    inside = "inside"
    """How closely the members agree inside the modality that chose them."""
    explained = "explained"
    """What the best innocent explanation takes off."""
    chance = "chance"
    """What chance finds when it searches as often."""
    score = "score"
    """The adjusted score, from zero."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, from `start` to `end`, in bits."""

    kind: StepKind
    label: str
    modality: str
    """Of the source; empty for an entity column, and where no source is meant."""
    start: float
    end: float

    @property
    def bits(self) -> float:
        """What it adds, or takes off."""
        return self.end - self.start

    @property
    def adds(self) -> bool:
        """Whether it adds to the steps before it, or takes off."""
        return self.kind not in (StepKind.proposer, StepKind.score)


def score_steps(
    ring: RingRow, agreement: Sequence[SourceAgreement], conditions: Sequence[ConditionResult]
) -> tuple[Step, ...]:
    """The steps to a ring's adjusted score; all but those of the proposer and the score itself add up to it."""
    return tuple(_steps(ring, agreement, conditions))


def _steps(
    ring: RingRow, agreement: Sequence[SourceAgreement], conditions: Sequence[ConditionResult]
) -> Iterator[Step]:
    for each in agreement:
        if each.role is SourceRole.proposed:
            yield Step(StepKind.proposer, f"{spoken(each.source)}, not counted", each.modality, 0.0, each.bits)
    level = 0.0
    for each in sorted(agreement, key=lambda each: -each.bits):
        if each.role is SourceRole.across and abs(each.bits) >= LEAST:
            yield Step(StepKind.source, spoken(each.source), each.modality, level, level + each.bits)
            level += each.bits
    if ring.inside_score >= LEAST:
        modality = next((each.modality for each in agreement if each.role is SourceRole.proposed), "")
        yield Step(
            StepKind.inside, f"inside {spoken(modality or ring.proposer)}", modality, level, level + ring.inside_score
        )
        level += ring.inside_score
    innocent = [each for each in conditions if each.kind is ConditionKind.innocent and each.tells]
    best = min(innocent, key=lambda each: (each.score, each.name), default=None)
    if best is not None and level - best.bits >= LEAST:
        yield Step(StepKind.explained, f"explained by {spoken(best.name)}", "", level, best.bits)
        level = best.bits
    if abs(level - ring.adjusted_score) >= LEAST:
        yield Step(StepKind.chance, "what chance finds", "", level, ring.adjusted_score)
    yield Step(StepKind.score, "score", "", 0.0, ring.adjusted_score)
