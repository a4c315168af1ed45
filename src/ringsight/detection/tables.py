"""The tables of `Results`, from rings judged: who, how surprising, by what evidence, given what."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.agreement import Groups
from ringsight.detection.candidates import CandidateConfig, as_observed
from ringsight.detection.conditions import ConditionKind
from ringsight.detection.error_rate import Chance
from ringsight.detection.judge import Judge, Rings
from ringsight.detection.results import AGREEMENT, CONDITIONS, LINKS, MEMBERS, RINGS, SourceKind
from ringsight.graph.links import bits_above_chance, carried_bits, threshold_bits
from ringsight.graph.sources import EntitySource, SpaceSource, Trace

TOGETHER = "together"
"""The proposer of rings in which no single trace suffices."""


def ring_id(customer_ids: NDArray[np.str_]) -> str:
    """A name that the same members always get."""
    return "R" + hashlib.sha256("\n".join(sorted(customer_ids.tolist())).encode()).hexdigest()[:10]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Rings with what they are held against, most significant first."""

    rings: Rings
    judge: Judge
    chance: Chance
    customer_ids: NDArray[np.str_]
    fdr: float
    block_proxies: bool

    @cached_property
    def ring_ids(self) -> list[str]:
        """Name of each ring."""
        return [ring_id(self.customer_ids[rows]) for rows in self.rings.candidates.members]

    @cached_property
    def q(self) -> NDArray[np.float64]:
        """Smallest rate at which each ring is in the list of coordinated groups; shape (rings,)."""
        return self.chance.q_values(self.rings.score)

    @cached_property
    def adjusted_q_value(self) -> NDArray[np.float64]:
        """The same for the list of groups that no innocent column explains; shape (rings,)."""
        return self.chance.q_values(self.rings.beyond)

    @cached_property
    def alone(self) -> NDArray[np.float64]:
        """The q-value that each ring would have in that list with nothing taken off it alone; shape (rings,).

        A list whose other rings are explained is shorter, and a rate in it higher: that is no reason of the ring's own.
        """
        others = self.rings.beyond
        return np.array(
            [self.chance.q_if(float(score), np.delete(others, ring)) for ring, score in enumerate(self.rings.score)]
        )

    @cached_property
    def source_names(self) -> list[str]:
        """By index; the last proposer is all of them together."""
        return [*(trace.name for trace in self.judge.evidence.traces), TOGETHER]

    @cached_property
    def given(self) -> list[dict[str, Any]]:
        """Rows of `CONDITIONS`: what remains, given each condition, of every ring that would be flagged without it."""
        return [row for ring in np.flatnonzero(self.alone <= self.fdr) for row in self._given(int(ring))]

    def _given(self, ring: int) -> Iterator[dict[str, Any]]:
        rings, one = self.rings, np.array([ring])
        members = rings.candidates.members[ring]
        for condition in self.judge.conditions:
            value, carriers = condition.common(members)
            bits, score = self.judge.given(rings.candidates.take(one), condition)
            yield self._row(ring, condition.kind, condition.name, (float(bits[0]), float(score[0]))) | {
                "value": value,
                "carriers": carriers,
            }
        present = [index for index, bits in enumerate(rings.candidates.agreement[ring]) if bits > 0]
        for index in present:
            left = self.judge.without(rings, ring, [index])
            yield self._row(ring, ConditionKind.without, self.source_names[index], left)
        yield from self._least(ring, present)

    def _least(self, ring: int, present: list[int]) -> Iterator[dict[str, Any]]:
        """The fewest traces that suffice for a flag, the most surprising of as many; none where none do."""
        everything = range(len(self.judge.evidence.traces))
        for size in range(1, len(present) + 1):
            rows = [
                self._row(
                    ring,
                    ConditionKind.only,
                    " + ".join(self.source_names[index] for index in kept),
                    self.judge.without(self.rings, ring, [index for index in everything if index not in kept]),
                )
                for kept in combinations(present, size)
            ]
            enough = [row for row in rows if not row["decisive"]]
            if enough:
                yield max(enough, key=lambda row: (row["score"], row["name"]))
                return

    def _row(self, ring: int, kind: ConditionKind, name: str, left: tuple[float, float]) -> dict[str, Any]:
        bits, score = left
        q = self.chance.q_if(score, np.delete(self.rings.beyond, ring))
        return {
            "ring_id": self.ring_ids[ring],
            "kind": kind.value,
            "name": name,
            "value": "",
            "carriers": 0,
            "bits": bits,
            "score": score,
            "q_value": q,
            "decisive": q > self.fdr >= self.alone[ring],
        }

    @cached_property
    def held(self) -> list[str]:
        """The protected column that explains each ring best, empty where none is decisive."""
        worst: dict[str, tuple[float, str]] = {}
        for row in self.given:
            if row["kind"] == ConditionKind.protected and row["decisive"]:
                worst[row["ring_id"]] = max(worst.get(row["ring_id"], (-1.0, "")), (row["q_value"], row["name"]))
        return [worst.get(name, (0.0, ""))[1] for name in self.ring_ids]


def ring_table(verdicts: Verdicts) -> pl.DataFrame:
    """Every ring and its figures; columns of `RINGS`."""
    rings, held = verdicts.rings, np.array(verdicts.held)
    beyond = verdicts.adjusted_q_value <= verdicts.fdr
    set_aside = (verdicts.alone <= verdicts.fdr) & ~beyond
    names = [verdicts.judge.conditions[i].name if i >= 0 else "" for i in rings.explanation]
    return pl.DataFrame(
        {
            "ring_id": verdicts.ring_ids,
            "size": [len(rows) for rows in rings.candidates.members],
            "score": rings.score,
            "p_value": verdicts.chance.p_values(rings.score),
            "q_value": verdicts.q,
            "adjusted_score": rings.beyond,
            "adjusted_q_value": verdicts.adjusted_q_value,
            "flagged": beyond & ~((held != "") & verdicts.block_proxies),
            "null": [null.value for null in verdicts.judge.surprise.nulls(rings.candidates)],
            "proposer": [verdicts.source_names[index] for index in rings.candidates.proposer],
            "isolation_score": -np.log2(rings.candidates.density),
            "explanation": [name if aside else "" for name, aside in zip(names, set_aside, strict=True)],
            "held": np.where(beyond, held, "").tolist(),
        },
        schema=RINGS,
    )


def member_table(verdicts: Verdicts) -> pl.DataFrame:
    """Who is in which ring; columns of `MEMBERS`."""
    rows = [
        (name, str(verdicts.customer_ids[row]))
        for name, members in zip(verdicts.ring_ids, verdicts.rings.candidates.members, strict=True)
        for row in members
    ]
    return pl.DataFrame(rows, schema=MEMBERS, orient="row")


def agreement_table(verdicts: Verdicts) -> pl.DataFrame:
    """How closely each ring agrees in each source; columns of `AGREEMENT`."""
    candidates = verdicts.rings.candidates
    counted = candidates.agreement * verdicts.judge.evidence.weights
    rows = [
        (
            name,
            trace.name,
            _kind(trace).value,
            _modality(trace),
            int(trace.present[members].sum()),
            float(counted[ring, index]),
            _set_aside(candidates.proposer[ring], counted[ring]) == index,
        )
        for ring, (name, members) in enumerate(zip(verdicts.ring_ids, candidates.members, strict=True))
        for index, trace in enumerate(verdicts.judge.evidence.traces)
    ]
    return pl.DataFrame(rows, schema=AGREEMENT, orient="row")


def _kind(source: Trace) -> SourceKind:
    match source:
        case SpaceSource():
            return SourceKind.space
        case EntitySource():
            return SourceKind.entity


def _modality(source: Trace) -> str:
    """The modality that a source belongs to; empty for an entity column."""
    return source.name if isinstance(source, SpaceSource) else ""


def _set_aside(proposer: int, agreement: NDArray[np.float64]) -> int:
    """Index of the trace whose bits do not corroborate: the proposer, or the strongest where all proposed."""
    return int(proposer) if proposer < len(agreement) else int(agreement.argmax())


def condition_table(verdicts: Verdicts) -> pl.DataFrame:
    """What remains of the rings within reach, given each condition; columns of `CONDITIONS`."""
    return pl.DataFrame(verdicts.given, schema=CONDITIONS)


def link_table(verdicts: Verdicts) -> pl.DataFrame:
    """The links inside each ring, one row for each source that ties the pair; columns of `LINKS`."""
    ids, evidence = verdicts.customer_ids, verdicts.judge.evidence
    groups = Groups.of(verdicts.rings.candidates.members)
    a, b = groups.members[groups.left], groups.members[groups.right]
    a, b = np.minimum(a, b), np.maximum(a, b)
    owners = as_observed(evidence.traces)
    bits = {trace.name: carried_bits(trace, owners[trace.name], a, b) for trace in evidence.traces}
    above_chance = sum(bits_above_chance(trace, owners[trace.name], a, b) for trace in evidence.traces)
    tied = above_chance >= evidence.combined_threshold
    for trace in evidence.traces:
        tied |= bits[trace.name] >= _link_bits(trace, evidence.config)
    ring = groups.group[groups.left]
    parts = [
        pl.DataFrame(
            {"ring": ring[rows], "customer_a": ids[a[rows]], "customer_b": ids[b[rows]], "bits": found[rows]}
        ).with_columns(source=pl.lit(name))
        for name, found in bits.items()
        if len(rows := np.flatnonzero(tied & (found > 0)))
    ]
    if not parts:
        return pl.DataFrame(schema=LINKS)
    table = pl.concat(parts).sort("ring", "customer_a", "customer_b", "source")
    names = pl.Series(verdicts.ring_ids, dtype=pl.String)
    return table.with_columns(ring_id=names.gather(table["ring"])).select(*LINKS).cast(pl.Schema(LINKS))


def _link_bits(trace: Trace, config: CandidateConfig) -> float:
    match trace:
        case SpaceSource():
            return threshold_bits(trace, config.neighbours)
        case EntitySource():
            return float(trace.bits[trace.bits > 0].min(initial=np.inf))
