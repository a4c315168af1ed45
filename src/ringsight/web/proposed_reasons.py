"""Reasons that the evidence proposes for a decision: what chance does not explain, then what honest people share."""

from collections.abc import Sequence

from ringsight.cases.case import Reason
from ringsight.explain.glance import Glance
from ringsight.explain.money import MoveKind
from ringsight.records.bank import ColumnRole
from ringsight.report.members import CarriedValue

OF_MODALITY = {
    "id_images": Reason.same_document,
    "notes": Reason.same_wording,
    "transactions": Reason.same_rhythm,
    "transfers": Reason.passed_on_money,
}
OF_INNOCENT = {"address": Reason.household, "employer": Reason.workplace, "branch": Reason.branch_habit}
KEYS = 9
"""Reasons that have a key, 1 to 9."""


def proposed_reasons(glance: Glance, shared: Sequence[CarriedValue]) -> tuple[Reason, ...]:
    """Reasons that speak for one hand, the most bits first, and then those that speak for honest people."""
    found = [OF_MODALITY.get(group.name, None if group.modality else Reason.shared_contact) for group in glance.ties]
    if any(move is not MoveKind.in_all for move in glance.moves):
        found.append(Reason.passed_on_money)
    found += [OF_INNOCENT.get(value.column) for value in shared if value.role is ColumnRole.innocent]
    return tuple(dict.fromkeys(reason for reason in found if reason))


def keyed(proposed: Sequence[Reason]) -> tuple[list[Reason], list[Reason]]:
    """All reasons, those proposed first: the ones with a key, and the others."""
    every = list(dict.fromkeys((*proposed, *Reason)))
    return every[:KEYS], every[KEYS:]
