"""The tables of `Results`, from the rings of a bank: who, how surprising, by what evidence, given what."""

import hashlib

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from ringsight.detection.alike_pairs import AlikePairs
from ringsight.detection.corroboration import own_agreement
from ringsight.detection.judge import Judge
from ringsight.detection.listing import Listing
from ringsight.detection.results import (
    AGREEMENT,
    COMMUNITIES,
    COMMUNITY_MEMBERS,
    CONDITIONS,
    LINKS,
    MEMBERS,
    NULL,
    PAIRS,
    PERHAPS,
    RINGS,
    Fit,
    SourceKind,
    SourceRole,
)
from ringsight.detection.scoring import distinct
from ringsight.detection.settings import CandidateConfig
from ringsight.graph.links import carried_bits, threshold_bits
from ringsight.graph.relations import EvidenceSource, TransferSource
from ringsight.graph.sources import EntitySource, Rows, SpaceSource

LEAVE_OUT = 0.05
"""A member whose q-value is above this might be left out,"""
DOUBTFUL = 0.2
"""and is doubtful where the p-value is above this."""
LEAST_BITS = 0.01
"""A transfer of fewer bits, as to a hub, is no link."""


def ring_id(customer_ids: NDArray[np.str_]) -> str:
    """A name that the same members always get."""
    return "R" + hashlib.sha256("\n".join(sorted(customer_ids.tolist())).encode()).hexdigest()[:10]


class Tables:
    """The tables of one listing."""

    def __init__(self, listing: Listing, customer_ids: NDArray[np.str_], rate_stated: bool) -> None:
        """Write the tables of a listing; where no rate can be stated, p- and q-values are left empty."""
        self.listing = listing
        self.customer_ids = customer_ids
        self._groups = listing.judge.candidates.groups.take(listing.rings)
        self._ids = [ring_id(customer_ids[self._groups[ring]]) for ring in range(len(listing.rings))]
        self._rate_stated = rate_stated

    def rings(self) -> pl.DataFrame:
        """Every ring and its figures, in the order of their rates, then of their scores; columns of `RINGS`."""
        listing, judge = self.listing, self.listing.judge
        table = pl.DataFrame(
            {
                "ring_id": self._ids,
                "size": self._groups.sizes,
                "score": listing.scores,
                "p_value": self._rate(listing.chance.p_values(listing.scores)),
                "q_value": self._rate(listing.q_values),
                "adjusted_score": listing.adjusted.full,
                "adjusted_q_value": self._rate(listing.adjusted_q_values),
                "flagged": listing.flagged,
                "basis": [basis.value for basis in judge.bases(listing.rings)],
                "proposer": [judge.candidates.proposed_by(int(candidate)).name for candidate in listing.rings],
                "inside_score": judge.inside.bits[listing.rings],
                "explanation": listing.explanations,
                "held": listing.held,
            },
            schema=RINGS,
        )
        return table[np.lexsort((-listing.scores, -listing.adjusted.full, listing.adjusted_q_values))]

    def _rate(self, rates: NDArray[np.float64]) -> list[float | None]:
        return rates.tolist() if self._rate_stated else [None] * len(rates)

    def members(self) -> pl.DataFrame:
        """Who is in which ring, and how surely; columns of `MEMBERS`."""
        p = np.full(len(self._groups.members), np.nan)
        for ring, members in self.listing.members.items():
            p[self._groups.start[ring] : self._groups.start[ring + 1]] = members.fits.p_values
        q = np.full(len(p), np.nan)
        tested = np.isfinite(p)
        q[tested] = false_discovery_control(p[tested]) if tested.any() else 1.0
        fit = np.where(q <= LEAVE_OUT, Fit.fits, np.where(p <= DOUBTFUL, Fit.leave_out, Fit.doubtful))
        if not self._rate_stated:
            q[:] = np.nan
        return pl.DataFrame(
            {
                "ring_id": np.repeat(np.array(self._ids, dtype=np.str_), self._groups.sizes),
                "customer_id": self.customer_ids[self._groups.members],
                "p_value": p,
                "q_value": q,
                "fit": np.where(np.isfinite(p), fit, ""),
            },
            schema=MEMBERS,
        ).with_columns(pl.col("p_value", "q_value").fill_nan(None))

    def perhaps(self) -> pl.DataFrame:
        """Outsiders who fit a flagged or held ring; columns of `PERHAPS`."""
        rows = [
            (self._ids[ring], str(self.customer_ids[customer]), float(p))
            for ring, members in self.listing.members.items()
            for customer, p in zip(members.perhaps, members.perhaps_fits.p_values, strict=True)
        ]
        return pl.DataFrame(rows, schema=PERHAPS, orient="row")

    def agreement(self) -> pl.DataFrame:
        """How closely each ring agrees in each source; columns of `AGREEMENT`."""
        judge, evidence = self.listing.judge, self.listing.judge.conditioning.evidence
        rings = judge.candidates.take(self.listing.rings)
        own = own_agreement(evidence, rings, judge.conditioning.measured)
        present = [
            np.bincount(self._groups.group, source.present[self._groups.members], self._groups.count)
            for source in evidence.sources
        ]
        count, sources = len(self._ids), evidence.sources
        return pl.DataFrame(
            {
                "ring_id": np.repeat(np.array(self._ids, dtype=np.str_), len(sources)),
                "source": [source.name for source in sources] * count,
                "kind": [_kind(source).value for source in sources] * count,
                "modality": ["" if isinstance(source, EntitySource) else source.modality for source in sources] * count,
                "members": np.stack(present, axis=1).ravel().astype(np.int64),
                "bits": (judge.corroboration.by_source[self.listing.rings] + own).ravel(),
                "role": [role for candidate in self.listing.rings for role in self._roles(int(candidate))],
            },
            schema=AGREEMENT,
        )

    def _roles(self, candidate: int) -> list[str]:
        """What each source has to do with a candidate."""
        judge = self.listing.judge
        proposing = set(judge.proposing(candidate))
        modality = judge.candidates.proposed_by(candidate).modality
        inside = judge.judged_inside[candidate] and not judge.candidates.proposed_by(candidate).shape
        roles = []
        for number, source in enumerate(judge.conditioning.evidence.sources):
            of_modality = not isinstance(source, EntitySource) and source.modality == modality
            own = SourceRole.inside if inside and isinstance(source, SpaceSource) else SourceRole.uncounted
            role = SourceRole.proposed if number in proposing else own if of_modality else SourceRole.across
            roles.append(role.value)
        return roles

    def conditions(self) -> pl.DataFrame:
        """What is left of the rings within reach, given each condition; columns of `CONDITIONS`."""
        rows = [
            (
                self._ids[each.ring],
                each.kind.value,
                each.name,
                each.value,
                each.carriers,
                each.bits,
                each.score,
                each.q_value if self._rate_stated else None,
                each.decisive,
            )
            for each in self.listing.conditionals
        ]
        return pl.DataFrame(rows, schema=CONDITIONS, orient="row")

    def links(self, config: CandidateConfig) -> pl.DataFrame:
        """The links inside each ring, one row for each source that ties the pair; columns of `LINKS`.

        Two members are linked where a space ties them as closely as mutual `neighbours`-th neighbours, or where they
        share an entity value within the cap, or send each other money.
        """
        left, right = self._groups.pairs
        a, b = self._groups.members[left], self._groups.members[right]
        a, b = np.minimum(a, b), np.maximum(a, b)
        parts = []
        for source in self.listing.judge.conditioning.evidence.sources:
            bits = carried_bits(source, a, b)
            tied = np.flatnonzero(bits >= _link_bits(source, config))
            if len(tied):
                parts.append(
                    pl.DataFrame(
                        {
                            "ring": self._groups.group[left[tied]],
                            "customer_a": self.customer_ids[a[tied]],
                            "customer_b": self.customer_ids[b[tied]],
                            "bits": bits[tied],
                        }
                    ).with_columns(source=pl.lit(source.name))
                )
        if not parts:
            return pl.DataFrame(schema=LINKS)
        table = pl.concat(parts).sort("ring", "customer_a", "customer_b", "source")
        ring = pl.Series(self._ids, dtype=pl.String).gather(table["ring"])
        return table.with_columns(ring_id=ring).select(*LINKS).cast(pl.Schema(LINKS))


def communities(judge: Judge, flagged: Rows, customer_ids: NDArray[np.str_]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups too large for a ring that contend unexplained, the best first, and their members; none overlaps another.

    Those of whom more than two are in a flagged ring are blends of it with strangers, and are left out.

    Args:
        judge: of the bank.
        flagged: customers in flagged rings.
        customer_ids: of the bank, sorted.

    Returns:
        Columns of `COMMUNITIES` and of `COMMUNITY_MEMBERS`.
    """
    groups, whole = judge.candidates.groups, judge.observed.full
    covered = groups.among(flagged)
    contending = judge.settled[1] & (whole >= judge.contends) & (covered <= 2)
    kept = distinct(groups, np.where(contending, whole, -np.inf))
    adjusted = judge.explained(kept)[0].full
    kept, adjusted = kept[adjusted >= judge.contends], adjusted[adjusted >= judge.contends]
    members = [np.union1d(groups[int(each)], judge.grown(int(each))) for each in kept]
    names = ["C" + ring_id(customer_ids[rows])[1:] for rows in members]
    proposers = [judge.candidates.proposed_by(int(each)).name for each in kept]
    table = pl.DataFrame(
        {
            "community_id": names,
            "size": [len(rows) for rows in members],
            "score": whole[kept],
            "adjusted_score": adjusted,
            "proposer": proposers,
        },
        schema=COMMUNITIES,
    )
    rows = [(name, str(customer_ids[row])) for name, group in zip(names, members, strict=True) for row in group]
    return table, pl.DataFrame(rows, schema=COMMUNITY_MEMBERS, orient="row")


def pair_table(pairs: AlikePairs, customer_ids: NDArray[np.str_], rate_stated: bool) -> pl.DataFrame:
    """Pairs who may be one person or a couple; columns of `PAIRS`. Without a rate, q-values are left empty."""
    rates = pairs.q_values.tolist() if rate_stated else [None] * len(pairs.a)
    ends = {"customer_a": customer_ids[pairs.a], "customer_b": customer_ids[pairs.b]}
    return pl.DataFrame(ends | {"bits": pairs.bits, "q_value": rates}, schema=PAIRS)


def null_table(judge: Judge) -> pl.DataFrame:
    """Score of every ring of every judging world; columns of `NULL`."""
    return pl.DataFrame(
        {
            "world": np.repeat(np.arange(len(judge.chance)), [len(world.scores) for world in judge.chance]),
            "size": np.concatenate([np.zeros(0, np.int64), *(world.sizes for world in judge.chance)]),
            "score": np.concatenate([np.zeros(0), *(world.scores for world in judge.chance)]),
        },
        schema=NULL,
    )


def _kind(source: EvidenceSource) -> SourceKind:
    if isinstance(source, TransferSource):
        return SourceKind.transfers
    return SourceKind.space if isinstance(source, SpaceSource) else SourceKind.entity


def _link_bits(source: EvidenceSource, config: CandidateConfig) -> float:
    if isinstance(source, SpaceSource):
        return threshold_bits(source, config.neighbours)
    if isinstance(source, TransferSource):
        return LEAST_BITS
    return float(source.bits[source.bits > 0].min(initial=np.inf))
