"""What a language model is given: short texts that begin with the ids of what they rest on.

Whatever a bank wrote stands in quotation marks on one line, escaped as in JSON, so that a note cannot pass for an
excerpt of its own or cite a record that it is not.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ringsight.explain.blinding import blind
from ringsight.explain.ledger import Ledger, LinkEvidence
from ringsight.explain.words import bits, count, listed, spoken
from ringsight.online.similar import Similar
from ringsight.records.bank import ColumnRole

LINKS = 12
"""Links of a ring that are told, the strongest first."""
BRACKETS = re.compile(r"\[([^\[\]]*)\]")
CAUTION = "Agreement of records is no proof of fraud; a person decides."
WITHHELD = "Score, rates and what would explain the ring are withheld until a person asks for them."


class ExcerptKind(StrEnum):
    """What an excerpt is about."""

    note = "note"
    customer = "customer"
    ring = "ring"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text for a language model, and what it rests on."""

    kind: ExcerptKind
    subject: str
    """Id of the note, the customer or the ring."""
    text: str
    """Begins with a line in brackets that names the subject."""
    cites: tuple[str, ...]
    """Ids of the customers and records that it rests on, the subject first."""
    score: float | None = None
    """Similarity to what was asked; None where nothing was compared."""


@dataclass(slots=True)
class Numbered:
    """Stands for values that are masked: the same value has the same number throughout an excerpt."""

    plain: bool
    """Whether values are told as they are."""
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def told(self, column: str, value: str) -> str:
        """A value, or its number among those of its column."""
        if self.plain:
            return quoted(value)
        within = sum(1 for each in self.seen if each[0] == column)
        return f"<{column} {self.seen.setdefault((column, value), within + 1)}>"


def quoted(text: str) -> str:
    """A bank's text on one line, in quotation marks."""
    return json.dumps(
        "".join(each if each.isprintable() or each in "\n\t" else " " for each in text), ensure_ascii=False
    )


def note_excerpt(note: Mapping[str, Any], text: str, score: float) -> Excerpt:
    """One call note.

    Args:
        note: a row of the notes.
        text: of the note, masked or not.
        score: cosine similarity to what was asked.
    """
    head = f"[note {note['note_id']} of customer {note['customer_id']}, {note['timestamp']:%Y-%m-%d}]"
    cites = (note["note_id"], note["customer_id"])
    return Excerpt(ExcerptKind.note, note["note_id"], f"{head}\n{quoted(text)}", cites, score)


def customer_excerpt(asked: str, found: Similar, values: Numbered) -> Excerpt:
    """A customer like another: how near in each space, and what both have in common."""
    near = ", ".join(f"{spoken(space)} {value:.2f}" for space, value in found.similarities.items())
    lines = [f"[customer {found.customer_id}, like customer {asked}: cosine similarity in {near}]"]
    for each in found.common:
        same = "innocent: the same" if each.role is ColumnRole.innocent else "the same"
        told = values.told(each.column, each.value)
        lines.append(f"{same} {spoken(each.column)} {told}, as {each.customers:,} of {each.of:,} customers have it")
    cites = (found.customer_id, asked)
    return Excerpt(ExcerptKind.customer, found.customer_id, "\n".join(lines), cites, found.score)


def ring_excerpt(ledger: Ledger, mask: Callable[[str], str], values: Numbered, *, with_score: bool) -> Excerpt:
    """A ring's ledger: statements with the ids they rest on, and the strongest links.

    Args:
        ledger: of the ring.
        mask: takes personal values out of a statement.
        values: stands for the values that members share.
        with_score: whether statements that tell the score, or what it comes to, are among them.
    """
    told = [each for each in ledger.statements if with_score or not blind(each.kind)]
    lines = [f"[ring {ledger.ring.ring_id}: customers {listed(ledger.members)}]"]
    lines += [mask(each.text) + (f" [{', '.join(each.records)}]" if each.records else "") for each in told]
    lines += ["The strongest links:", *(_link(each, values) for each in ledger.links[:LINKS])]
    lines += [CAUTION] if with_score else [WITHHELD, CAUTION]
    cites = dict.fromkeys((ledger.ring.ring_id, *ledger.members, *(id_ for each in told for id_ in each.records)))
    return Excerpt(ExcerptKind.ring, ledger.ring.ring_id, "\n".join(lines), tuple(cites))


def _link(link: LinkEvidence, values: Numbered) -> str:
    parts = [f"{spoken(space)} {bits(worth)} bits" for space, worth in link.spaces.items() if worth > 0]
    for each in link.shared:
        told = values.told(each.column, each.value)
        parts.append(
            f"the same {spoken(each.column)} {told}, as {count(each.customers, 'customer')} of the bank have it"
        )
    return f"- {link.customer_a} and {link.customer_b}: {'; '.join(parts)}"


def invented(answer: str, cites: Iterable[str]) -> list[str]:
    """Ids that an answer cites in brackets, as `[N1, C2]`, and that it was not given; in the order in which they stand.

    Args:
        answer: of a language model.
        cites: of all excerpts that it was given.
    """
    given = set(cites)
    cited = [part.strip() for group in BRACKETS.findall(answer) for part in group.split(",")]
    return [each for each in dict.fromkeys(cited) if each and each not in given]
