"""A ring in one sentence of an analyst's words, made by template from its evidence, and the kind of pattern it shows.

The sentence says what members share, how many of them, and how few others of the bank do; and who shares none of it.
It draws on nothing that is `blind`: neither on the score nor on a rate, nor on what is tested of flagged rings alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from ringsight.detection.results import SourceKind
from ringsight.explain.base_rates import ThingKind
from ringsight.explain.evidence_groups import APART, FEWEST, EvidenceGroup, belonging, linked_by
from ringsight.explain.ledger import Ledger
from ringsight.explain.matrix import Matrix, MatrixRow
from ringsight.explain.money import MoneyMove, MoveKind
from ringsight.explain.script import Script
from ringsight.explain.shared_values import SharedValue
from ringsight.explain.words import count, listed, percent, spoken

PARTS = 3
"""Things that a sentence says at most, those with the most bits first."""
PATTERNS = 2
"""Words for the kind of pattern at most."""
CARD = ("border", "light", "card")
"""Facets of ID images, which are called what looks alike in them."""
MEETING = {
    ThingKind.counterparty: ("at", "counterparty", ""),
    ThingKind.amount: ("in", "amount", " to the cent"),
    ThingKind.day: ("on", "day", ""),
}
"""Where members meet: not each of them in every one."""


@dataclass(frozen=True, slots=True)
class Shared:
    """One thing that the sentence says."""

    bits: float
    who: frozenset[str]
    """Members who share it."""
    words: str
    """What they do, without who they are: `share one phone, which 6 of the bank have`."""
    pattern: str


@dataclass(frozen=True, slots=True)
class Headline:
    """A ring in one sentence."""

    text: str
    pattern: tuple[str, ...]
    """The kind of pattern, in words; none where the evidence says none."""
    apart: tuple[str, ...]
    """Members who share nothing of it and are hardly linked, in the order given."""


def headline(
    ledger: Ledger,
    members: Sequence[str],
    groups: Sequence[EvidenceGroup],
    shown: tuple[Matrix, Script | None, Sequence[MoneyMove]],
) -> Headline:
    """Say what ties a ring.

    Args:
        ledger: of the ring.
        members: of the case, in the order of their numbers from 1.
        groups: of `evidence_groups`.
        shown: what members share and the bank hardly has, the script of their notes, what they send each other.
    """
    matrix, script, moves = shown
    bits = {group.name: group.bits for group in groups if group.tells}
    said = [*_money(moves, bits), *_cards(ledger, members, groups), *_transactions(matrix, bits)]
    said += [*_notes(script, bits), *_values(ledger, members, bits)]
    said = [each for each in said if len(each.who) > 2 or 2 * len(each.who) > len(members)]
    said.sort(key=lambda each: (-round(each.bits, 6), each.words))
    apart = _apart(ledger, members, said)
    if not said:
        return Headline(_nothing(groups), (), ())
    parts = said[:PARTS]
    sentence = "; ".join(_told(each, before, members) for before, each in zip((None, *parts), parts, strict=False))
    alone = f"; {numbered(apart, members)} {'fits' if len(apart) == 1 else 'fit'} none of it" if apart else ""
    patterns = tuple(dict.fromkeys(each.pattern for each in said))[:PATTERNS]
    return Headline(f"{sentence[:1].upper()}{sentence[1:]}{alone}.", patterns, apart)


def _cards(ledger: Ledger, members: Sequence[str], groups: Sequence[EvidenceGroup]) -> list[Shared]:
    for group in groups:
        if group.modality == "id_images" and group.tells:
            who = linked_by(ledger, members, group.modality)
            alike = [each.source for each in group.sources if each.source in CARD and each.bits >= group.bits / 2]
            what = f"the same {listed(sorted(alike))}" if alike else "the same make"
            return [Shared(group.bits, who, f"show {what} on their ID cards", "cards made alike")]
    return []


def _transactions(matrix: Matrix, bits: Mapping[str, float]) -> list[Shared]:
    """The kind of thing that most members share most surprisingly, and what else the same members do."""
    said: list[Shared] = []
    for kind, (where, thing, exactly) in MEETING.items():
        rows = matrix.of_kind(kind)
        if rows:
            who = _most(rows)
            number = f"one {thing}" if len(rows) == 1 else count(len(rows), thing)
            words = f"{where} {number}{exactly}"
            if said and who >= said[0].who:
                said[0] = replace(said[0], words=f"{said[0].words} and {words}")
            else:
                worth = max(rows[0].bits, 0.0 if said else bits.get("transactions", 0.0))
                said.append(Shared(worth, who, f"meet {words} {_usual(rows)}", "money moved alike"))
    return said


def _usual(rows: Sequence[MatrixRow]) -> str:
    share = percent(median(row.share for row in rows))
    return f"({share} of the bank do)" if len(rows) == 1 else f"(typically {share} of the bank do)"


def _notes(script: Script | None, bits: Mapping[str, float]) -> list[Shared]:
    if script is None or script.template:
        return []
    others, sampled = max(phrase.others for phrase in script.phrases), script.phrases[0].sampled
    who = frozenset(line.customer_id for line in script.lines)
    phrases = "one phrase" if len(script.phrases) == 1 else count(len(script.phrases), "phrase")
    usual = f" ({others} of {sampled} other customers do)" if sampled else ""
    return [
        Shared(max(script.bits, bits.get("notes", 0.0)), who, f"share {phrases} in their calls{usual}", "one script")
    ]


def _values(ledger: Ledger, members: Sequence[str], bits: Mapping[str, float]) -> list[Shared]:
    """The value of each telling column that most members carry."""
    carriers: dict[tuple[str, str], set[str]] = {}
    values: dict[tuple[str, str], SharedValue] = {}
    for link in ledger.links:
        for value in link.shared:
            if value.column in bits and not value.hub:
                carriers.setdefault((value.column, value.value), set()).update((link.customer_a, link.customer_b))
                values[value.column, value.value] = value
    said = []
    for column in sorted({column for column, _ in carriers}):
        best = max((key for key in carriers if key[0] == column), key=lambda key: (len(carriers[key]), key))
        who = frozenset(carriers[best]).intersection(members)
        if len(who) > 1:
            words = f"share one {spoken(column)} ({count(values[best].customers, 'customer')} of the bank have it)"
            said.append(Shared(bits[column], who, words, f"one {spoken(column)}"))
    return said


def _money(moves: Sequence[MoneyMove], bits: Mapping[str, float]) -> list[Shared]:
    words = {
        MoveKind.circle: ("send each other money in a circle", "money in a circle"),
        MoveKind.chain: ("pass money on along a chain", "money passed on"),
        MoveKind.fan: ("pay, or are paid by, one of them", "money gathered or scattered"),
    }
    return [
        Shared(bits.get("transfers", 0.0), frozenset(move.who), *words[move.kind])
        for move in moves[:1]
        if move.kind in words
    ]


def _most(rows: Sequence[MatrixRow]) -> frozenset[str]:
    """Members who have at least a third of the rows."""
    times: dict[str, int] = {}
    for row in rows:
        for customer in row.cells:
            times[customer] = times.get(customer, 0) + 1
    return frozenset(customer for customer, had in times.items() if 3 * had >= len(rows))


def _told(each: Shared, before: Shared | None, members: Sequence[str]) -> str:
    if before is not None and each.who == before.who:
        return f"the same {len(each.who)} {each.words}"
    whole = len(each.who) == len(members)
    return f"all {len(each.who)} {each.words}" if whole else f"{len(each.who)} of {len(members)} {each.words}"


def _apart(ledger: Ledger, members: Sequence[str], said: Sequence[Shared]) -> tuple[str, ...]:
    """Members whose links are weak and who share nothing that is said; nobody where that were a third or more."""
    if len(members) < FEWEST or not said:
        return ()
    sharing = frozenset[str]().union(*(each.who for each in said))
    close = belonging(ledger, members)
    found = tuple(each for each in members if close[each] < APART and each not in sharing)
    return found if 3 * len(found) < len(members) else ()


def numbered(who: Collection[str], members: Sequence[str]) -> str:
    """Members by their numbers among all: `member 3`, `members 1 and 3`."""
    numbers = [str(at) for at, customer in enumerate(members, start=1) if customer in who]
    return f"member{'s' if len(numbers) > 1 else ''} {listed(numbers)}"


def _nothing(groups: Sequence[EvidenceGroup]) -> str:
    looked = [group.label for group in groups if group.sources[0].kind is not SourceKind.entity]
    return f"Nothing in {listed(looked)} stands out beyond chance." if looked else "Nothing stands out beyond chance."
