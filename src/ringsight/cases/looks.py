"""What somebody has looked at, as the audit trail calls it."""

from enum import StrEnum


class Look(StrEnum):
    """What somebody has looked at, for `AuditTrail.record`."""

    view_case = "view_case"
    view_photo = "view_photo"
    view_note = "view_note"
    view_transactions = "view_transactions"
    """The transactions of one member that a cell of the matrix stands for."""
    view_neighbours = "view_neighbours"
    """Customers outside a case to whom a member's values and money lead."""
    view_score = "view_score"
    view_other_lists = "view_other_lists"
    """Communities and alike pairs of a run."""
    view_ledger = "view_ledger"
    """Of a ring, by an assistant; not of a case."""
    view_similar = "view_similar"
    unmask = "unmask"
    export_case = "export_case"
