"""A ring's evidence in plain words. Each statement cites the records that it rests on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringsight.explain.fragility import Fragility
from ringsight.explain.matching import MatchingImages, MatchingNotes, MatchingRecords, MatchingTransactions

Row = Mapping[str, Any]
"""A row of a table of results."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, and the ids of the customers and records that it rests on."""

    text: str
    records: tuple[str, ...] = ()


def statements(
    ring: Row,
    agreement: Sequence[Row],
    conditions: Sequence[Row],
    fragility: Fragility,
    matching_records: MatchingRecords,
) -> tuple[Statement, ...]:
    """Say what ties a ring, what explains it, what would break it, and which records to look at.

    Args:
        ring: its row of `Results.rings`.
        agreement: its rows of `Results.agreement`.
        conditions: its rows of `Results.conditions`.
        fragility: of its links.
        matching_records: of its members' records.
    """
    return (
        Statement(_verdict(ring)),
        Statement(_corroboration(ring, agreement)),
        Statement(innocent_explanation(ring, conditions)),
        *(Statement(_condition(row)) for row in conditions if tells(row)),
        *_records(matching_records),
        *_holding(fragility),
    )


def spoken(trace: str) -> str:
    """A trace, a column, or several joined by ` + `, as people call them."""
    parts = ["ID images" if part == "id_images" else part.replace("_", " ") for part in trace.split(" + ")]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def tells(condition: Row) -> bool:
    """Whether a condition says anything: a column in which no two members are alike explains nothing."""
    return condition["carriers"] > 1 or condition["kind"] in ("without", "only")


def condition_in_words(condition: Row) -> tuple[str, str]:
    """One row of `Results.conditions`: what is given or left out, and what follows."""
    name = spoken(condition["name"])
    match condition["kind"]:
        case "without":
            return f"Survives without {name}", "no" if condition["decisive"] else "yes"
        case "only":
            return "The fewest traces that suffice", name
        case _:
            protected = ", a protected column" if condition["kind"] == "protected" else ""
            carriers = f"{condition['carriers']} members have one" if condition["carriers"] > 1 else "nobody shares one"
            verdict = "not significant" if condition["decisive"] else "still significant"
            return f"Given the same {name}{protected} ({carriers})", verdict


def innocent_explanation(ring: Row, conditions: Sequence[Row]) -> str:
    """The best innocent explanation of a ring, in plain words."""
    innocent = [row for row in conditions if row["kind"] == "innocent" and tells(row)]
    if not innocent:
        return "No innocent explanation: no two members share an innocent value."
    explaining = [row for row in innocent if row["name"] == ring["explanation"]]
    best = min(explaining or innocent, key=lambda row: (row["score"], row["name"]))
    left = f"{bits(best['score'])} of a score of {bits(ring['score'])} bits is left"
    shared = f"{best['carriers']} of {ring['size']} members have the {spoken(best['name'])} {best['value']}"
    if explaining:
        return f"Innocent explanation: {shared}. Given that, {left}, too little for a flag (q {rate(best['q_value'])})."
    return f"No innocent column explains it. The closest: {shared}. Given that, {left} (q {rate(best['q_value'])})."


def rate(q: float) -> str:
    """A q-value for reading."""
    return "below 0.0001" if q < 0.0001 else f"{q:.4f}"


def bits(figure: float) -> str:
    """A figure in bits for reading."""
    return f"{figure:.1f}".replace("-", "−")


def _condition(condition: Row) -> str:
    premise, verdict = condition_in_words(condition)
    return f"{premise}: {verdict} (q {rate(condition['q_value'])})."


def _verdict(ring: Row) -> str:
    kept = "Flagged" if ring["flagged"] else "Not flagged"
    reasons = [f"{spoken(ring['explanation'])} explains it"] if ring["explanation"] else []
    if ring["held"]:
        reasons.append(f"held until a person has looked, for the protected column {spoken(ring['held'])} explains it")
    because = f": {'; '.join(reasons)}" if reasons else ""
    return (
        f"{kept}{because}. {ring['size']} members, {_passed(ring['null'])}: "
        f"score {bits(ring['score'])} bits, q {rate(ring['q_value'])}; "
        f"beyond the best innocent explanation {bits(ring['adjusted_score'])} bits, q {rate(ring['adjusted_q_value'])}."
    )


def _passed(null: str) -> str:
    return "judged by both nulls" if null == "both" else f"judged by the {null} null"


def _corroboration(ring: Row, agreement: Sequence[Row]) -> str:
    proposed = [_with_bits(row) for row in agreement if row["proposed"]]
    counted = sorted(
        (row for row in agreement if not row["proposed"] and row["bits"] > 0), key=lambda row: -row["bits"]
    )
    aside = f"Set aside, for it chose the members: {', '.join(proposed)}. " if proposed else ""
    apart = (
        f"Its members stand apart from strangers in {spoken(ring['proposer'])} ({bits(ring['isolation_score'])} bits). "
    )
    corroborated = f"Corroborated by {', '.join(map(_with_bits, counted)) or 'nothing else'}."
    return f"{aside}{apart if ring['isolation_score'] >= 1 else ''}{corroborated}"


def _with_bits(row: Row) -> str:
    return f"{spoken(row['trace'])} ({bits(row['bits'])} bits, {row['members']} members have it)"


def _records(matching_records: MatchingRecords) -> Iterator[Statement]:
    """The most telling pair of each modality."""
    for notes in matching_records.notes[:1]:
        yield Statement(notes_in_words(notes), (notes.note_a, notes.note_b))
    for images in matching_records.id_images[:1]:
        yield Statement(images_in_words(images), (images.image_a, images.image_b))
    for pair in matching_records.transactions[:1]:
        events = tuple(name for event in pair.events for name in (event.transaction_a, event.transaction_b))
        yield Statement(transactions_in_words(pair), (pair.customer_a, pair.customer_b, *events))


def notes_in_words(alike: MatchingNotes) -> str:
    """What two notes have alike."""
    longest = max(alike.passages, key=lambda passage: passage.words)
    rarest = min(alike.passages, key=lambda passage: passage.customers)
    agents = sorted({passage.only_agent for passage in alike.passages} - {""})
    template = (
        f" Some of it stands in notes of agent {' and '.join(agents)} alone, as a template would." if agents else ""
    )
    by = f", both by agent {alike.agent_a}" if alike.agent_a and alike.agent_a == alike.agent_b else ""
    return (
        f"Notes {alike.note_a} and {alike.note_b}{by}: {_count(len(alike.passages), 'passage')} alike, the longest "
        f"of {longest.words} words; the rarest stands in the notes of {rarest.customers} of {alike.of} customers."
        f"{template}"
    )


def images_in_words(alike: MatchingImages) -> str:
    """Where two images look alike."""
    return (
        f"ID images {alike.image_a} and {alike.image_b}: {alike.area:.0%} of the first looks alike, the largest region "
        f"at a correlation of {alike.regions[0].correlation:.2f}; "
        f"{_of_strangers(alike.usual, alike.strangers)} do over as much of it."
    )


def transactions_in_words(alike: MatchingTransactions) -> str:
    """What two customers' transactions have alike."""
    moments = f"{_count(alike.moments, 'equal sum')} at one moment; " if alike.moments else ""
    rare = alike.counterparties[0] if alike.counterparties else None
    rarest = f", the rarest {rare.counterparty_id} with {rare.customers} of {alike.of} customers" if rare else ""
    return (
        f"Transactions of {alike.customer_a} and {alike.customer_b}: {_count(alike.shared, 'counterparty')} in common"
        f"{rarest}; {moments}hours overlap by {alike.overlap:.0%}, and those of "
        f"{_of_strangers(alike.usual, alike.strangers)} do as much."
    )


def _of_strangers(share: float, strangers: int) -> str:
    return f"{round(share * strangers)} of {_count(strangers, 'stranger')}"


def _holding(fragility: Fragility) -> Iterator[Statement]:
    if len(fragility.parts) > 1:
        yield Statement(f"Its links leave parts of {_sizes(fragility.parts)}; weaker agreement holds them together.")
    for bridge in fragility.bridges:
        parts = _sizes(bridge.parts)
        yield Statement(
            f"{bridge.customer_id} is a bridge: without this member parts of {parts} remain.", (bridge.customer_id,)
        )
    if fragility.fewest_links:
        links = fragility.fewest_links.links
        named = tuple(sorted({customer for link in links for customer in link}))
        yield Statement(
            f"The loss of {_count(len(links), 'link')} splits it into parts of {_sizes(fragility.fewest_links.parts)}.",
            named,
        )
    if fragility.fewest_members:
        lost = fragility.fewest_members
        yield Statement(
            f"The loss of {_count(len(lost.members), 'member')} splits the rest into parts of {_sizes(lost.parts)}.",
            lost.members,
        )


def _sizes(parts: Sequence[int]) -> str:
    return " and ".join(map(str, parts))


def _count(number: int, thing: str) -> str:
    plural = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{number} {thing if number == 1 else plural}"
