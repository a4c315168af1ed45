"""Candidate rings, and how well the traces that did not propose them corroborate them.

Communities of each trace's own links propose candidates, and so do communities of all traces together, for
rings in which no single trace suffices. A candidate is then judged by its corroboration: the agreement, in
bits, of every trace but the one that proposed it. No trace proves a ring by itself: many honest customers share
one. And a trace that did not choose the members has not been flattered by the choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.agreement import Calibration, Groups, calibrate, entity_agreement, pair_evidence
from ringsight.errors import SettingsError, require_at_least, require_positive
from ringsight.graph.branches import branches
from ringsight.graph.communities import communities
from ringsight.graph.links import Links, combined_links, combined_threshold, source_links, threshold_bits
from ringsight.graph.sources import EntitySource, Rows, SpaceSource, Trace, entity_sources, space_source
from ringsight.records.embeddings import Embeddings


@dataclass(kw_only=True, slots=True)
class CandidateConfig:
    """How candidate rings are proposed."""

    neighbours: int = 30
    """Two customers are linked in one modality when they are, on average, among each other's so many nearest."""
    scales: list[int] = field(default_factory=lambda: [45, 30, 15, 8, 4])
    """Communities are sought at each of these scales, from broad to tight: at scale 8 a pair must be, on average,
    among each other's 8 nearest to stay together."""
    chance_links: float = 5.0
    """Strangers that a customer may be linked to by chance when all traces are taken together."""
    entity_cap: int = 50
    """A value that more customers carry is counted and shown, but makes no link."""
    min_size: int = 3
    """Smallest ring."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: naming the setting, what was given and what is needed.
        """
        require_at_least("detect.candidates", self, {"neighbours": 1, "entity_cap": 2, "min_size": 3})
        if not self.scales or min(self.scales) < 1:
            raise SettingsError(f"detect.candidates.scales must be positive whole numbers (got {self.scales})")
        require_positive("detect.candidates", self, ["chance_links"])


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Candidate rings of one world: the observed one, or one in which traces have changed hands."""

    proposer: NDArray[np.int64]
    """Index of the proposing trace, or the number of traces for all together; shape (candidates,)."""
    members: list[Rows]
    """Customers of each candidate, sorted."""
    agreement: NDArray[np.float64]
    """Bits by trace; shape (candidates, traces)."""
    corroboration: NDArray[np.float64]
    """Weighted bits of all traces but the proposing one (the strongest, where all proposed); shape (candidates,)."""
    density: NDArray[np.float64]
    """Share of honest communities of the proposer that stand so far apart from strangers, 1 where not judged; shape
    (candidates,)."""
    core: list[Rows]
    """Customers of the community that stands farthest apart among those which each overlaps in its proposer; the
    candidate itself where that is not judged."""

    @classmethod
    def concatenate(cls, parts: Sequence["Candidates"]) -> "Candidates":
        """All candidates of the parts, in order."""
        return cls(
            proposer=np.concatenate([part.proposer for part in parts]),
            members=[members for part in parts for members in part.members],
            agreement=np.concatenate([part.agreement for part in parts]),
            corroboration=np.concatenate([part.corroboration for part in parts]),
            density=np.concatenate([part.density for part in parts]),
            core=[core for part in parts for core in part.core],
        )

    def take(self, rows: NDArray[np.int64]) -> "Candidates":
        """Some of the candidates, in the order of `rows`."""
        return Candidates(
            proposer=self.proposer[rows],
            members=[self.members[row] for row in rows],
            agreement=self.agreement[rows],
            corroboration=self.corroboration[rows],
            density=self.density[rows],
            core=[self.core[row] for row in rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Isolation:
    """How a modality's own communities stand apart from strangers."""

    chance: NDArray[np.float64]
    """Share of honest communities that stand so far apart; shape (communities,)."""
    family: NDArray[np.int64]
    """The community isolation farthest apart among those that each overlaps; shape (communities,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All traces of a bank, with what does not change when traces change hands."""

    config: CandidateConfig
    seed: int
    traces: Sequence[Trace]
    """Modalities in their fixed order, then entity columns."""
    own: list[list[Rows]]
    """For each trace its own communities, as trace owners."""
    near: list[tuple[Rows, Rows]]
    """For each trace its near pairs, as trace owners."""
    combined_threshold: float
    """Bits above chance that link two customers when all traces are taken together."""
    combined_prices: list[float]
    """Bits above chance that a pair must bring to stay together, at each scale."""
    calibrations: dict[str, Calibration] = field(default_factory=dict)
    """By modality."""
    isolation: Mapping[int, "Isolation"] = field(default_factory=dict)
    """By index of the modality, where it is judged (`rings.density`)."""
    weights: NDArray[np.float64] = field(default_factory=lambda: np.ones(1))
    """How much a bit of each trace counts when it corroborates; shape (traces,), or (1,) for all alike."""

    def observed(self) -> Candidates:
        """Propose and weigh candidates in the world in which every customer carries its own traces."""
        return self.candidates(
            as_observed(self.traces), {index: known.chance for index, known in self.isolation.items()}
        )

    def candidates(self, owners: Mapping[str, Rows], apart: Mapping[int, NDArray[np.float64]]) -> Candidates:
        """Propose and weigh candidates in the world in which customer i carries the traces of `owners[trace][i]`.

        Args:
            owners: for each trace, the customer whose trace each customer carries.
            apart: for each modality judged, `Isolation.chance` of its own communities in that world.
        """
        parts = []
        customers = len(self.traces[0].present)
        for index, trace in enumerate(self.traces):
            carrier = np.empty(customers, dtype=np.int64)
            carrier[owners[trace.name]] = np.arange(customers)
            found = self.weigh(index, [np.sort(carrier[members]) for members in self.own[index]], owners)
            if index in apart:
                core = [found.members[head] for head in self.isolation[index].family]
                found = replace(found, density=apart[index], core=core)
            parts.append(found)
        if len(self.traces) > 1:
            parts.append(self.weigh(len(self.traces), self._combined(owners), owners))
        return Candidates.concatenate(parts)

    def _combined(self, owners: Mapping[str, Rows]) -> list[Rows]:
        links = combined_links(self.near, self.traces, owners, self.combined_threshold)
        return _proposals(links, self.combined_prices, self.config.min_size, self.seed)

    def weigh(self, proposer: int, members: list[Rows], owners: Mapping[str, Rows]) -> Candidates:
        """Weigh groups that one trace (or all together) proposed, in the world of `owners`."""
        groups = Groups.of(members)
        agreement = np.zeros((len(members), len(self.traces)))
        for index, trace in enumerate(self.traces):
            match trace:
                case SpaceSource():
                    evidence = pair_evidence(trace, groups, owners[trace.name])
                    agreement[:, index] = self.calibrations[trace.name].bits(evidence.mean, evidence.size)
                case EntitySource():
                    agreement[:, index] = entity_agreement(trace, groups, owners[trace.name])
        counted = agreement * self.weights
        set_aside = counted[:, proposer] if proposer < len(self.traces) else counted.max(axis=1, initial=0.0)
        return Candidates(
            proposer=np.full(len(members), proposer),
            members=members,
            agreement=agreement,
            corroboration=counted.sum(axis=1) - set_aside,
            density=np.ones(len(members)),
            core=members,
        )


def as_observed(traces: Sequence[Trace]) -> dict[str, Rows]:
    """The world in which every customer carries its own traces."""
    return {trace.name: np.arange(len(trace.present)) for trace in traces}


def gather_evidence(
    customers: pl.DataFrame,
    embeddings: Mapping[str, Embeddings],
    entity_columns: Sequence[str],
    config: CandidateConfig,
    seed: int,
) -> Evidence:
    """Weigh every trace of a bank.

    Args:
        customers: the bank's customers, sorted by id.
        embeddings: by modality; the joint space has no part in the evidence, so that nothing counts twice.
        entity_columns: customer columns declared as evidence.
        config: how candidates are proposed.
        seed: of the random groups and of Leiden.

    Raises:
        SettingsError: if there is nothing to compare: no modality with two customers and no shared value.
    """
    ids = customers["customer_id"].to_numpy().astype(np.str_)
    modalities = [
        space_source(embeddings[name], ids, config.neighbours)
        for name in sorted(embeddings)
        if len(embeddings[name].customer_ids) >= config.min_size
    ]
    entities = [
        trace
        for trace in entity_sources(customers, entity_columns, config.entity_cap)
        if len(trace.near_pairs(config.neighbours)[0])
    ]
    traces: list[Trace] = [*modalities, *entities]
    if not traces:
        raise SettingsError(
            f"nothing to compare: no modality has {config.min_size} customers with records, and no evidence entity "
            "value is shared",
            remedy="check the summary of what was read, and the columns declared as evidence",
        )
    combined = partial(combined_threshold, len(customers), max(len(modalities), 1))
    links = [source_links(trace, config.neighbours) for trace in modalities]
    own = [
        _proposals(link, [threshold_bits(trace, scale) for scale in config.scales], config.min_size, seed)
        + branches(trace, max(config.neighbours + 1, config.min_size))
        for link, trace in zip(links, modalities, strict=True)
    ] + [trace.groups(config.min_size) for trace in entities]
    return Evidence(
        config=config,
        seed=seed,
        traces=traces,
        own=own,
        near=[trace.near_pairs(config.neighbours) for trace in traces],
        combined_threshold=combined(config.chance_links),
        combined_prices=[combined(config.chance_links * scale / config.neighbours) for scale in config.scales],
        calibrations={trace.name: calibrate(trace, seed) for trace in modalities},
    )


def _proposals(links: Links, prices: Sequence[float], minimum: int, seed: int) -> list[Rows]:
    """The distinct communities of all scales, in the order of `prices`: the bits a pair must bring to stay."""
    found: dict[bytes, Rows] = {}
    for price in prices:
        for members in communities((links.a, links.b), links.bits, price, minimum, seed):
            found.setdefault(members.tobytes(), members)
    return list(found.values())
