"""The border: a row of a detection's tables becomes a dataclass with the same names, once."""

from dataclasses import fields

import polars as pl
import pytest
from four_rings import PROTECTED

from ringsight.detection.conditions import ConditionKind
from ringsight.detection.results import (
    AGREEMENT,
    CONDITIONS,
    MEMBERS,
    RINGS,
    Basis,
    Fit,
    Results,
    SourceKind,
    SourceRole,
)
from ringsight.errors import DataError
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
    ring_rows,
)


@pytest.mark.parametrize(
    ("row", "schema"),
    [(RingRow, RINGS), (SourceAgreement, AGREEMENT), (ConditionResult, CONDITIONS), (MemberFit, MEMBERS)],
)
def test_a_row_has_the_columns_of_its_table(row: type, schema: dict[str, type[pl.DataType]]):
    columns = [column for column in schema if column != "ring_id" or row is RingRow]
    assert [field.name for field in fields(row)] == columns


def test_rings_are_read_in_their_order_with_their_figures(results: Results):
    rings = ring_rows(results)
    assert [ring.ring_id for ring in rings] == ["Rflag", "Rheld", "Rhome", "Rpass"]
    assert rings[0] == ring_row(results, "Rflag")
    assert (rings[0].score, rings[0].adjusted_q_value, rings[0].basis) == (21.5, 0.003, Basis.across)
    with pytest.raises(DataError, match="no ring 'Rnone'"):
        ring_row(results, "Rnone")


def test_agreement_is_of_one_ring_and_of_a_kind(results: Results):
    agreement = agreement_of(results, "Rflag")
    assert [(each.source, each.kind, each.modality) for each in agreement] == [
        ("notes", SourceKind.space, "notes"),
        ("transactions", SourceKind.space, "transactions"),
        ("device_id", SourceKind.entity, ""),
        ("id_images", SourceKind.space, "id_images"),
    ]
    assert [each.role for each in agreement] == [
        SourceRole.proposed,
        SourceRole.across,
        SourceRole.across,
        SourceRole.across,
    ]
    assert agreement_of(results, "Rpass") == ()


def test_members_come_by_id_with_their_fit_and_outsiders_by_how_well_they_fit(results: Results):
    assert [(each.customer_id, each.p_value, each.fit) for each in members_of(results, "Rflag")] == [
        ("a", 0.001, Fit.fits),
        ("b", 0.001, Fit.fits),
        ("c", 0.02, Fit.leave_out),
        ("d", 0.3, Fit.doubtful),
    ]
    assert all(each.fit is None and not each.tells for each in members_of(results, "Rpass"))
    assert [(each.customer_id, each.p_value) for each in perhaps_of(results, "Rflag")] == [("n", 0.001), ("o", 0.004)]
    assert perhaps_of(results, "Rheld") == ()


def test_of_a_protected_column_the_value_stays_behind(results: Results):
    conditions = conditions_of(results, "Rflag")
    assert {each.name: each.value for each in conditions if each.kind is ConditionKind.protected} == {"name": ""}
    assert {each.name: each.value for each in conditions if each.kind is ConditionKind.innocent} == {
        "branch": "B1",
        "employer": "Mill",
    }
    assert PROTECTED in results.conditions["value"]


@pytest.mark.parametrize(
    ("kind", "carriers", "tells"),
    [("innocent", 1, False), ("protected", 2, True), ("only", 0, True), ("without", 0, True), ("one_person", 2, True)],
)
def test_a_column_in_which_no_two_are_alike_tells_nothing(kind: str, carriers: int, tells: bool):
    assert ConditionResult(ConditionKind(kind), "x", "", carriers, 1.0, 1.0, 0.1, decisive=False).tells == tells
