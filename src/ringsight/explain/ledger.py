"""The evidence ledger of a ring: what its score is made of, to the single record, and what speaks against it.

Everything is derived from `Results` and the bank's records. Bits add up: those of the traces that did not propose the
ring to its corroboration, those of modalities and shared values to each link. The file names records by their ids and
passages by their offsets; it quotes no note and holds no image, and of protected columns the name alone.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ringsight.detection.results import Results
from ringsight.errors import DataError
from ringsight.explain.fragility import Fragility, fragility
from ringsight.explain.matching import MatchingRecords, gather_matching_records
from ringsight.explain.shared_values import EvidenceColumn, SharedValue, evidence_columns, shared_values
from ringsight.explain.statements import Statement, statements
from ringsight.records.bank import Bank
from ringsight.records.contract import modalities
from ringsight.records.writing import write_folder_atomically

FOLDER = "rings"
"""Folder of the ledgers, inside that of the results."""
FILE = "ledger.json"
DECIMALS = 6
"""Of every figure in the file."""


@dataclass(frozen=True, slots=True)
class LinkEvidence:
    """A link and what it is made of."""

    customer_a: str
    customer_b: str
    bits: float
    """All of it: the modalities' bits and the shared values'."""
    modalities: Mapping[str, float]
    shared: tuple[SharedValue, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ring's evidence."""

    ring: Mapping[str, Any]
    """Its row of `Results.rings`."""
    members: tuple[str, ...]
    """Customer ids, sorted."""
    corroboration: float
    """Bits of the traces that did not propose the ring."""
    agreement: tuple[Mapping[str, Any], ...]
    """Its rows of `Results.agreement`, less ring_id: what counted, and what proposed."""
    links: tuple[LinkEvidence, ...]
    """Strongest first."""
    conditions: tuple[Mapping[str, Any], ...]
    """Its rows of `Results.conditions`, less ring_id; of a protected column the members' value is withheld."""
    fragility: Fragility
    matching_records: MatchingRecords
    statements: tuple[Statement, ...]
    """The same in plain words, each with the ids of the records that it rests on."""

    def to_json(self) -> str:
        """The ledger as JSON: keys sorted, figures rounded to `DECIMALS`, the same text for the same ring."""
        return json.dumps(_rounded(asdict(self)), indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


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
    made = {}
    for ring_id, graph in graphs.items():
        ring = results.rings.row(by_predicate=pl.col("ring_id") == ring_id, named=True)
        agreement = _rows(results.agreement, ring_id)
        conditions = tuple(_withheld(row) for row in _rows(results.conditions, ring_id))
        frail = fragility(graph)
        made[ring_id] = Ledger(
            ring=ring,
            members=tuple(sorted(graph)),
            corroboration=sum(row["bits"] for row in agreement if not row["proposed"]),
            agreement=agreement,
            links=_links(results, ring_id, columns),
            conditions=conditions,
            fragility=frail,
            matching_records=matching_records[ring_id],
            statements=statements(ring, agreement, conditions, frail, matching_records[ring_id]),
        )
    return made


def reviewed(results: Results) -> list[str]:
    """The rings that a person should look at: flagged, explained by an innocent column, or held; in their order."""
    looked_at = pl.col("flagged") | (pl.col("explanation") != "") | (pl.col("held") != "")
    return results.rings.filter(looked_at)["ring_id"].to_list()


def write_ledgers(results: Results, bank: Bank, out: Path) -> dict[str, Ledger]:
    """Write `rings/<ring_id>/ledger.json` into `out` for every ring of `reviewed`; ledgers of an earlier run go.

    Returns:
        By ring id, in the order of the results.

    Raises:
        DataError: if a member is not in the bank.
    """
    made = ledgers_of(results, bank, reviewed(results))
    with write_folder_atomically(out / FOLDER) as partial:
        for ring_id, each in made.items():
            (partial / ring_id).mkdir()
            (partial / ring_id / FILE).write_text(each.to_json(), encoding="utf-8", newline="\n")
    return made


def _rows(table: pl.DataFrame, ring_id: str) -> tuple[dict[str, Any], ...]:
    return tuple(table.filter(pl.col("ring_id") == ring_id).drop("ring_id").iter_rows(named=True))


def _withheld(condition: dict[str, Any]) -> dict[str, Any]:
    return condition | {"value": ""} if condition["kind"] == "protected" else condition


def _links(results: Results, ring_id: str, columns: Collection[EvidenceColumn]) -> tuple[LinkEvidence, ...]:
    links = []
    for row in _rows(results.links, ring_id):
        by_modality = {modality: float(row[f"bits_{modality}"]) for modality in modalities()}
        entities = float(row["bits_entities"])
        shared = shared_values(columns, row["customer_a"], row["customer_b"], entities)
        bits = sum(by_modality.values()) + entities
        links.append(LinkEvidence(row["customer_a"], row["customer_b"], bits, by_modality, shared))
    return tuple(sorted(links, key=lambda link: (-round(link.bits, DECIMALS), link.customer_a, link.customer_b)))


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    match value:
        case float():
            return round(value, DECIMALS)
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
        case _:
            return value
