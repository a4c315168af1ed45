"""What the tables of a detection say of one ring, as typed rows. They are read here, and nowhere else."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from ringsight.detection.conditions import ConditionKind
from ringsight.detection.results import Basis, Fit, Results, SourceKind, SourceRole
from ringsight.errors import DataError


@dataclass(frozen=True, slots=True)
class RingRow:
    """A row of `Results.rings`; figures in bits and rates from 0 to 1, None where no rate is stated."""

    ring_id: str
    size: int
    score: float
    p_value: float | None
    q_value: float | None
    adjusted_score: float
    adjusted_q_value: float | None
    flagged: bool
    basis: Basis
    proposer: str
    inside_score: float
    explanation: str
    held: str


@dataclass(frozen=True, slots=True)
class SourceAgreement:
    """A row of `Results.agreement`: how closely a ring agrees in one source."""

    source: str
    kind: SourceKind
    modality: str
    """Empty for an entity column."""
    members: int
    """Members who have it."""
    bits: float
    role: SourceRole


@dataclass(frozen=True, slots=True)
class MemberFit:
    """How surely one customer belongs to a ring."""

    customer_id: str
    p_value: float | None
    """Chance that a stranger would fit as well; None where it was not tested, as in rings that nobody need look at."""
    q_value: float | None
    """The rate among all members who were tested; None for outsiders."""
    fit: Fit | None

    @property
    def tells(self) -> bool:
        """Whether it says anything."""
        return self.p_value is not None


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """A row of `Results.conditions`: what is left of a ring under one condition."""

    kind: ConditionKind
    name: str
    value: str
    """The value that most members carry; empty for sources, and withheld for protected columns."""
    carriers: int
    """Members who carry it."""
    bits: float
    score: float
    q_value: float | None
    decisive: bool
    """Whether the ring would not be flagged under the condition."""

    @property
    def tells(self) -> bool:
        """Whether it says anything: a column in which no two members are alike explains nothing."""
        return self.carriers > 1 or self.kind in (ConditionKind.without, ConditionKind.only)


def ring_rows(results: Results) -> list[RingRow]:
    """All rings, in their order."""
    return [_ring(row) for row in results.rings.iter_rows(named=True)]


def ring_row(results: Results, ring_id: str) -> RingRow:
    """One ring.

    Raises:
        DataError: if there is no such ring.
    """
    found = results.rings.filter(pl.col("ring_id") == ring_id)
    if found.is_empty():
        raise DataError(f"no ring {ring_id!r}", remedy="take a ring_id from rings.csv")
    return _ring(found.row(0, named=True))


def agreement_of(results: Results, ring_id: str) -> tuple[SourceAgreement, ...]:
    """How closely a ring agrees in each source."""
    return tuple(
        SourceAgreement(**row | {"kind": SourceKind(row["kind"]), "role": SourceRole(row["role"])})
        for row in _rows(results.agreement, ring_id)
    )


def conditions_of(results: Results, ring_id: str) -> tuple[ConditionResult, ...]:
    """What is left of a ring under each condition; the members' value of a protected column is withheld."""
    found = []
    for row in _rows(results.conditions, ring_id):
        kind = ConditionKind(row["kind"])
        withheld = {"value": ""} if kind is ConditionKind.protected else {}
        found.append(ConditionResult(**row | {"kind": kind} | withheld))
    return tuple(found)


def members_of(results: Results, ring_id: str) -> tuple[MemberFit, ...]:
    """How surely each member belongs to a ring, by customer id."""
    rows = sorted(_rows(results.members, ring_id), key=lambda row: str(row["customer_id"]))
    return tuple(MemberFit(**row | {"fit": Fit(row["fit"]) if row["fit"] else None}) for row in rows)


def perhaps_of(results: Results, ring_id: str) -> tuple[MemberFit, ...]:
    """The outsiders who fit a ring, the best first."""
    rows = sorted(_rows(results.perhaps, ring_id), key=lambda row: (row["p_value"], row["customer_id"]))
    return tuple(MemberFit(**row, q_value=None, fit=Fit.fits) for row in rows)


def _ring(row: dict[str, Any]) -> RingRow:
    return RingRow(**row | {"basis": Basis(row["basis"])})


def _rows(table: pl.DataFrame, ring_id: str) -> list[dict[str, Any]]:
    return table.filter(pl.col("ring_id") == ring_id).drop("ring_id").to_dicts()
