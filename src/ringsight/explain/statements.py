"""A ring's evidence in plain words. Each statement cites the records that it rests on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ringsight.detection.conditions import ConditionKind
from ringsight.detection.results import Basis, Fit, SourceKind, SourceRole
from ringsight.explain.fragility import Fragility
from ringsight.explain.matching import COMPARERS, MatchingPair, MatchingRecords
from ringsight.explain.money import MoneyMove
from ringsight.explain.rows import ConditionResult, MemberFit, RingRow, SourceAgreement
from ringsight.explain.words import bits, count, listed, rate, sizes, spoken


class StatementKind(StrEnum):
    """What a statement is about."""

    verdict = "verdict"
    """Whether the ring is flagged, with its score and its rates."""
    corroboration = "corroboration"
    """Which sources tie the members."""
    explanation = "explanation"
    """The best innocent explanation, and what it leaves of the score."""
    condition = "condition"
    """What follows from one condition, with its rate."""
    money = "money"
    """What members send each other."""
    matching_records = "matching_records"
    """Records of two members that agree."""
    not_compared = "not_compared"
    """A modality whose records are not compared."""
    members = "members"
    """Members who may not belong to the ring, and outsiders who may."""
    fragility = "fragility"
    """What holds the ring together."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, and the ids of the customers and records that it rests on."""

    kind: StatementKind
    text: str
    records: tuple[str, ...] = ()


def statements(
    ring: RingRow,
    agreement: Sequence[SourceAgreement],
    conditions: Sequence[ConditionResult],
    people: tuple[Sequence[MemberFit], Sequence[MemberFit]],
    fragility: Fragility,
    records: tuple[Sequence[MoneyMove], MatchingRecords],
) -> tuple[Statement, ...]:
    """Say what ties a ring, what explains it, who belongs, which records to look at, and what would break it.

    Args:
        ring: as detection found it.
        agreement: of every source.
        conditions: what is left under each.
        people: members, and the outsiders who fit.
        fragility: of its links.
        records: what members send each other, and records of two members that agree, by modality.
    """
    moves, matching_records = records
    return (
        Statement(StatementKind.verdict, _verdict(ring, agreement)),
        Statement(StatementKind.corroboration, _corroboration(ring, agreement)),
        Statement(StatementKind.explanation, innocent_explanation(ring, conditions)),
        *(Statement(StatementKind.condition, _condition(each)) for each in conditions if each.tells),
        *_people(*people),
        *(Statement(StatementKind.money, move.sentence, move.cites) for move in moves),
        *(about_records(pair) for pairs in matching_records.values() for pair in pairs[:1]),
        *_not_compared(agreement),
        *(Statement(StatementKind.fragility, text, records) for text, records in _holding(fragility)),
    )


def about_records(pair: MatchingPair) -> Statement:
    """What two members' records have alike."""
    return Statement(StatementKind.matching_records, pair.sentence, pair.cites)


def condition_in_words(condition: ConditionResult) -> tuple[str, str]:
    """A condition: what is given or left out, and what follows."""
    name = spoken(condition.name)
    match condition.kind:
        case ConditionKind.without:
            return f"Survives without {name}", "no" if condition.decisive else "yes"
        case ConditionKind.only:
            return "The fewest sources that suffice", name
        case ConditionKind.one_person:
            return f"{condition.carriers} members have one {name} in several spellings", "one person, perhaps"
        case ConditionKind.innocent | ConditionKind.protected:
            protected = ", a protected column" if condition.kind is ConditionKind.protected else ""
            carriers = f"{condition.carriers} members have one" if condition.carriers > 1 else "nobody shares one"
            verdict = "not significant" if condition.decisive else "still significant"
            return f"Given the same {name}{protected} ({carriers})", verdict


def innocent_explanation(ring: RingRow, conditions: Sequence[ConditionResult]) -> str:
    """The best innocent explanation of a ring, in plain words."""
    innocent = [each for each in conditions if each.kind is ConditionKind.innocent and each.tells]
    if not innocent:
        return "No innocent explanation: no two members share an innocent value."
    explaining = [each for each in innocent if each.name == ring.explanation]
    best = min(explaining or innocent, key=lambda each: (each.score, each.name))
    left = f"{bits(best.score)} of a score of {bits(ring.score)} bits is left"
    told = _rate(best.q_value, " (q {})")
    shared = f"{best.carriers} of {ring.size} members have the {spoken(best.name)} {best.value}"
    if explaining:
        return f"Innocent explanation: {shared}. Given that, {left}, too little for a flag{told}."
    return f"No innocent column explains it. The closest: {shared}. Given that, {left}{told}."


def _condition(condition: ConditionResult) -> str:
    premise, verdict = condition_in_words(condition)
    return f"{premise}: {verdict}{_rate(condition.q_value, ' (q {})')}."


def _verdict(ring: RingRow, agreement: Sequence[SourceAgreement]) -> str:
    withheld = ring.adjusted_q_value is None
    kept = ("Ranked, without a rate" if withheld else "Flagged") if ring.flagged else "Not flagged"
    reasons = [f"{spoken(ring.explanation)} explains it"] if ring.explanation else []
    if ring.held:
        reasons.append(f"held until a person has looked, for the protected column {spoken(ring.held)} explains it")
    because = f": {'; '.join(reasons)}" if reasons else ""
    alone = f" It lives on {rests_on(ring.basis, proposing_modality(agreement))}." if ring.basis is Basis.inside else ""
    beyond = f"beyond the best innocent explanation {bits(ring.adjusted_score)} bits"
    score = f"score {bits(ring.score)} bits{_rate(ring.q_value, ', q {}')}"
    return f"{kept}{because}. {ring.size} members: {score}; {beyond}{_rate(ring.adjusted_q_value, ', q {}')}.{alone}"


def rests_on(basis: Basis, modality: str) -> str:
    """What a ring's score rests on, in words: `several kinds of evidence`, or `ID images alone`.

    Args:
        basis: of the ring.
        modality: that chose its members.
    """
    match basis:
        case Basis.across:
            return "several kinds of evidence"
        case Basis.inside:
            return f"{spoken(modality)} alone"
        case Basis.both:
            return f"several kinds, and {spoken(modality)} alone"


def _rate(q: float | None, form: str) -> str:
    """A q-value within a sentence; nothing where no rate is stated."""
    return "" if q is None else form.format(rate(q))


def _corroboration(ring: RingRow, agreement: Sequence[SourceAgreement]) -> str:
    proposed = [_with_bits(each) for each in agreement if each.role is SourceRole.proposed]
    across = [each for each in agreement if each.role is SourceRole.across and each.bits > 0]
    aside = f"Not counted, because it chose the members: {', '.join(proposed)}. " if proposed else ""
    told = ", ".join(_with_bits(each) for each in sorted(across, key=lambda each: -each.bits)) or "nothing else"
    return f"{aside}{_inside(ring, agreement)}Corroborated by {told}."


def _inside(ring: RingRow, agreement: Sequence[SourceAgreement]) -> str:
    """How closely the members agree inside the modality that chose them; nothing where they agree as others do."""
    if ring.inside_score < 1:
        return ""
    proposed = [each.kind for each in agreement if each.role is SourceRole.proposed]
    if SourceKind.transfers in proposed:
        return f"Money moves among them as it seldom does by chance ({bits(ring.inside_score)} bits). "
    others = [spoken(each.source) for each in agreement if each.role is SourceRole.inside and each.bits > 0]
    if not others:
        return f"Its members stand apart from strangers in {spoken(ring.proposer)} ({bits(ring.inside_score)} bits). "
    return f"They agree in {listed(others)} too, as honest groups seldom do ({bits(ring.inside_score)} bits). "


def proposing_modality(agreement: Sequence[SourceAgreement]) -> str:
    """The modality that chose the members."""
    return next((each.modality for each in agreement if each.role is SourceRole.proposed), "")


def _people(members: Sequence[MemberFit], perhaps: Sequence[MemberFit]) -> Iterator[Statement]:
    """Members who may not belong, and outsiders who may."""
    for fit, words in (
        (Fit.doubtful, "Doubtful, for many a stranger would fit as well"),
        (Fit.leave_out, "Leave out? A stranger might fit as well"),
    ):
        named = tuple(each.customer_id for each in members if each.fit is fit)
        if named:
            yield Statement(StatementKind.members, f"{words}: {listed(named)}.", named)
    if perhaps:
        named = tuple(each.customer_id for each in perhaps)
        yield Statement(StatementKind.members, f"Perhaps they belong too, for they fit: {listed(named)}.", named)


def _with_bits(agreement: SourceAgreement) -> str:
    return f"{spoken(agreement.source)} ({bits(agreement.bits)} bits, {agreement.members} members have it)"


def _not_compared(agreement: Sequence[SourceAgreement]) -> Iterator[Statement]:
    """The members' modalities whose records nothing compares."""
    compared = {comparer.modality for comparer in COMPARERS}
    for modality in sorted({each.modality for each in agreement if each.members} - compared - {""}):
        text = f"No records of {spoken(modality)} are shown side by side: nothing compares them."
        yield Statement(StatementKind.not_compared, text)


def _holding(fragility: Fragility) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What holds a ring together, and the members who do."""
    if len(fragility.parts) > 1:
        parts = sizes(fragility.parts)
        yield f"Its links alone leave parts of {parts} members; weaker agreement holds the parts together.", ()
    for bridge in fragility.bridges:
        parts = sizes(bridge.parts)
        yield f"{bridge.customer_id} is a bridge: without this member, parts of {parts} remain.", (bridge.customer_id,)
    if fragility.fewest_links:
        links = fragility.fewest_links.links
        named = tuple(sorted({customer for link in links for customer in link}))
        parts = sizes(fragility.fewest_links.parts)
        yield f"The loss of {count(len(links), 'link')} splits it into parts of {parts}.", named
    if fragility.fewest_members:
        lost = fragility.fewest_members
        parts = sizes(lost.parts)
        yield f"The loss of {count(len(lost.members), 'member')} splits the rest into parts of {parts}.", lost.members
