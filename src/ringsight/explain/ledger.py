"""The evidence ledger of a ring: what its score is made of, to the single record, and what speaks against it.

Everything is derived from `Results` and the bank's records. Bits add up: those of the sources across modalities
to its corroboration, those of spaces and shared values to each link. The file names records by their ids and
passages by their offsets. It quotes no note and holds no image, and of protected columns it has the name alone.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_type_hints

import networkx as nx
import polars as pl

from ringsight.detection.results import Results, SourceKind, SourceRole
from ringsight.errors import DataError
from ringsight.explain.fragility import Fragility, fragility
from ringsight.explain.json_form import DECIMALS, read_as, to_json
from ringsight.explain.matching import COMPARERS, MatchingPair, MatchingRecords, gather_matching_records
from ringsight.explain.money import money_moves
from ringsight.explain.rows import (
    ConditionResult,
    MemberFit,
    RingRow,
    SourceAgreement,
    agreement_of,
    conditions_of,
    members_of,
    perhaps_of,
    ring_row,
)
from ringsight.explain.shared_values import EvidenceColumn, SharedValue, evidence_columns, shared_values
from ringsight.explain.statements import Statement, statements
from ringsight.records.bank import Bank
from ringsight.records.transfers import transfers_between


@dataclass(frozen=True, slots=True)
class LinkEvidence:
    """A link and what it is made of."""

    customer_a: str
    customer_b: str
    bits: float
    """All of it: those of the spaces and of the shared values."""
    spaces: Mapping[str, float]
    """Bits of each space that ties the two, and of their transfers."""
    shared: tuple[SharedValue, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ring's evidence."""

    ring: RingRow
    members: tuple[str, ...]
    """Customer ids, sorted."""
    fits: tuple[MemberFit, ...]
    """How surely each of them belongs, in the same order."""
    perhaps: tuple[MemberFit, ...]
    """Outsiders who fit, the best first; no members unless a person says so."""
    corroboration: float
    """Bits across modalities."""
    agreement: tuple[SourceAgreement, ...]
    """In every source, with what it has to do with the ring."""
    links: tuple[LinkEvidence, ...]
    """Strongest first."""
    conditions: tuple[ConditionResult, ...]
    fragility: Fragility
    matching_records: MatchingRecords
    statements: tuple[Statement, ...]
    """The same in plain words, each with the ids of the records that it rests on."""

    def to_json(self) -> str:
        """The ledger as JSON: keys sorted, figures rounded, the same text for the same ring."""
        return to_json(asdict(self))

    @classmethod
    def from_json(cls, text: str, where: str = "") -> "Ledger":
        """Read what `to_json` wrote.

        Args:
            text: of the file.
            where: the file, for the message.

        Raises:
            DataError: if the text is no ledger of this version.
        """
        hints = get_type_hints(cls)
        try:
            content = json.loads(text)
            if content.keys() != hints.keys():
                raise TypeError(f"a ledger has {sorted(hints)}, not {sorted(content)}")
            matching_records = _matching_records(content["matching_records"])
            parts = {name: read_as(kind, content[name]) for name, kind in hints.items() if name != "matching_records"}
        except (ValueError, TypeError, AttributeError) as error:
            raise DataError(f"not a ledger of this version ({error})", where=where, remedy="detect again") from error
        return cls(**parts, matching_records=matching_records)


def ledger(ring_id: str, results: Results, bank: Bank) -> Ledger:
    """The ledger of one ring.

    Raises:
        DataError: if there is no such ring, or a member is not in the bank.
    """
    return ledgers_of(results, bank, [ring_id])[ring_id]


def ledgers_of(results: Results, bank: Bank, ring_ids: Collection[str]) -> dict[str, Ledger]:
    """The ledgers of some rings, in one pass over each table.

    Raises:
        DataError: if there is no such ring, or a member is not in the bank.
    """
    graphs = {ring_id: results.graph(ring_id) for ring_id in ring_ids}
    everyone = {customer for graph in graphs.values() for customer in graph}
    strangers = everyone.difference(bank.customers["customer_id"].to_list())
    if strangers:
        raise DataError(
            f"customer {min(strangers)!r}, a member of a ring, is not in this bank",
            where=str(bank.path),
            remedy="give a detection together with the bank that was searched",
        )
    columns = evidence_columns(bank, everyone)
    matching_records = gather_matching_records(results, bank, ring_ids)
    transfers = transfers_between(bank)
    return {
        ring_id: _ledger(results, ring_id, graph, columns, (transfers, matching_records[ring_id]))
        for ring_id, graph in graphs.items()
    }


def reviewed(results: Results) -> list[str]:
    """The rings that a person should look at: flagged, explained by an innocent column, or held; in their order."""
    looked_at = pl.col("flagged") | (pl.col("explanation") != "") | (pl.col("held") != "")
    return results.rings.filter(looked_at)["ring_id"].to_list()


def read_ledger(file: Path) -> Ledger:
    """Read the file of a ledger.

    Raises:
        DataError: if it is no ledger of this version.
    """
    return Ledger.from_json(file.read_text(encoding="utf-8", errors="replace"), str(file))


def _ledger(
    results: Results,
    ring_id: str,
    graph: "nx.Graph[str]",
    columns: Collection[EvidenceColumn],
    records: tuple[pl.DataFrame, MatchingRecords],
) -> Ledger:
    ring = ring_row(results, ring_id)
    agreement, conditions = agreement_of(results, ring_id), conditions_of(results, ring_id)
    entities = {each.source for each in agreement if each.kind is SourceKind.entity}
    links = [_link(a, b, tie["by_source"], entities, columns) for a, b, tie in graph.edges(data=True)]
    fits, perhaps = members_of(results, ring_id), perhaps_of(results, ring_id)
    frail = fragility(graph)
    transfers, matching_records = records
    moves = money_moves(transfers, sorted(graph))
    return Ledger(
        ring=ring,
        members=tuple(sorted(graph)),
        fits=fits,
        perhaps=perhaps,
        corroboration=sum((each.bits for each in agreement if each.role is SourceRole.across), 0.0),
        agreement=agreement,
        links=tuple(sorted(links, key=lambda link: (-round(link.bits, DECIMALS), link.customer_a, link.customer_b))),
        conditions=conditions,
        fragility=frail,
        matching_records=matching_records,
        statements=statements(ring, agreement, conditions, (fits, perhaps), frail, (moves, matching_records)),
    )


def _link(
    one: str, other: str, bits: Mapping[str, float], entities: Collection[str], columns: Collection[EvidenceColumn]
) -> LinkEvidence:
    a, b = sorted((one, other))
    spaces = {source: worth for source, worth in bits.items() if source not in entities}
    return LinkEvidence(a, b, sum(bits.values()), spaces, shared_values(columns, a, b, bits))


def _matching_records(content: dict[str, list[Any]]) -> dict[str, tuple[MatchingPair, ...]]:
    kinds = {comparer.modality: comparer.pair for comparer in COMPARERS}
    unknown = sorted(content.keys() - kinds.keys())
    if unknown:
        raise TypeError(f"records of {unknown} are not compared")
    return {name: read_as(tuple[kind, ...], content[name]) for name, kind in kinds.items() if name in content}  # type: ignore[valid-type]
