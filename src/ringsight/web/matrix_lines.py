"""The matrix of a case as a table: a column for each member, a line for each thing that they share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from ringsight.explain.base_rates import ThingKind
from ringsight.explain.evidence_groups import EvidenceGroup, linked_by
from ringsight.explain.glance import Glance
from ringsight.explain.ledger import Ledger
from ringsight.explain.matching import MatchingImages
from ringsight.explain.matrix import MatrixRow
from ringsight.records.bank import ColumnRole
from ringsight.report.members import CarriedValue, Records, values_of

COLUMNS = 18
"""Members who have a column, the best linked first."""
FIRST = 9
"""Lines that are seen at first."""
OF_TRANSACTIONS = 6
"""Lines of transactions among them at most, so that other evidence has a place."""
LEVELS = 4
"""Shades of a cell, by how many transactions stand behind it."""
YES = "●"


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One member and one thing."""

    number: int
    """Of the member, from 1."""
    customer_id: str
    text: str
    """How many transactions, or that the member has it; empty where not."""
    level: int
    """Shade, from 0 to `LEVELS`."""


@dataclass(frozen=True, slots=True)
class MatrixLine:
    """One thing that members share."""

    label: str
    value: str
    """Of the thing; empty where it has none."""
    masked: bool
    """Whether the value is personal, and shown on request alone."""
    kind: ThingKind | None
    """By which a cell opens its transactions; None where it opens nothing."""
    here: str
    """How many members have it."""
    in_bank: str
    """How many customers of the bank do."""
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class MatrixTable:
    """The lines, those of the most telling kind of evidence first."""

    columns: tuple[tuple[int, str], ...]
    """Number and customer id."""
    unseen: int
    """Members without a column."""
    first: tuple[MatrixLine, ...]
    others: tuple[MatrixLine, ...]
    left_out: int
    """Lines that are not there."""


def matrix_table(ledger: Ledger, glance: Glance, shared: Sequence[CarriedValue], records: Records) -> MatrixTable:
    """Lay out what members share.

    Args:
        ledger: of the ring.
        glance: of the case.
        shared: values that members share.
        records: of the members.
    """
    columns = tuple(enumerate(glance.members[:COLUMNS], start=1))
    first: list[MatrixLine] = []
    others: list[MatrixLine] = []
    for group in glance.ties:
        for at, line in enumerate(_lines(group, ledger, glance, (shared, records, columns))):
            full = len(first) >= FIRST or (group.modality == "transactions" and at >= OF_TRANSACTIONS)
            (others if full else first).append(line)
    unseen = len(glance.members) - len(columns)
    return MatrixTable(columns, unseen, tuple(first), tuple(others), glance.matrix.left_out)


def _lines(
    group: EvidenceGroup,
    ledger: Ledger,
    glance: Glance,
    known: tuple[Sequence[CarriedValue], Records, Sequence[tuple[int, str]]],
) -> Iterator[MatrixLine]:
    shared, records, columns = known
    if group.modality == "transactions":
        yield from (_of_transactions(row, columns) for row in glance.matrix.rows)
    elif group.modality == "notes" and glance.script:
        script = glance.script
        saying = {line.customer_id: YES for line in script.lines}
        others, sampled = max(phrase.others for phrase in script.phrases), script.phrases[0].sampled
        usual = f"{others} of {sampled} strangers" if sampled else ""
        yield _line("words in calls", (len(saying), script.phrases[0].of, usual), saying, columns)
    elif group.modality:
        who = linked_by(ledger, glance.members, group.modality)
        alike = {customer: YES for customer in who}
        pairs = [pair for pair in ledger.matching_records.get(group.modality, ()) if isinstance(pair, MatchingImages)]
        usual = f"{round(pairs[0].usual * pairs[0].strangers)} of {pairs[0].strangers} strangers" if pairs else ""
        yield _line(f"{group.label}, alike", (len(who), group.members, usual), alike, columns)
    else:
        for value in (value for value in shared if value.role is ColumnRole.evidence and value.column == group.name):
            people = records.customers
            carriers = {name: YES for name in glance.members if value.value in values_of(people[name], value.column)}
            usual = f"{round(value.in_bank * len(records.bank.customers))} of {len(records.bank.customers):,}"
            line = _line(group.label, (len(carriers), len(glance.members), usual), carriers, columns)
            yield _with_value(line, value.value)


def _of_transactions(row: MatrixRow, columns: Sequence[tuple[int, str]]) -> MatrixLine:
    label = {ThingKind.counterparty: row.category or "counterparty", ThingKind.amount: "amount", ThingKind.day: "day"}
    return MatrixLine(
        label=label[row.kind],
        value=row.value,
        masked=False,
        kind=row.kind,
        here=f"{row.members} of {row.of}",
        in_bank=f"{row.carriers} of {row.customers:,}",
        cells=tuple(
            MatrixCell(number, customer, str(times or ""), min(int(log2(times)) + 1, LEVELS) if times else 0)
            for number, customer in columns
            for times in [row.cells.get(customer, 0)]
        ),
    )


def _line(
    label: str, counted: tuple[int, int, str], having: Mapping[str, str], columns: Sequence[tuple[int, str]]
) -> MatrixLine:
    members, of, in_bank = counted
    cells = tuple(
        MatrixCell(number, customer, having.get(customer, ""), 2 if customer in having else 0)
        for number, customer in columns
    )
    return MatrixLine(label, "", False, None, f"{members} of {of}", in_bank, cells)


def _with_value(line: MatrixLine, value: str) -> MatrixLine:
    return MatrixLine(line.label, value, True, None, line.here, line.in_bank, line.cells)
