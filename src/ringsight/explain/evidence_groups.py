"""What ties a ring, kind by kind of evidence, and what was looked at and says nothing; and members who stand apart.

Nothing here draws on the score or on a rate: it is the evidence that is shown before either is asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

from ringsight.detection.results import SourceKind, SourceRole
from ringsight.explain.base_rates import BY_CHANCE
from ringsight.explain.ledger import Ledger
from ringsight.explain.matching import MatchingPair
from ringsight.explain.rows import SourceAgreement
from ringsight.explain.statements import Statement, about_records
from ringsight.explain.words import spoken

APART = 0.25
"""A member whose links come to a smaller share of the median member's stands apart."""
FEWEST = 4
"""Members of a ring in which somebody can stand apart."""


@dataclass(frozen=True, slots=True)
class EvidenceGroup:
    """One kind of evidence: the spaces of a modality, an entity column, or transfers."""

    name: str
    """A modality, a column, or `transfers`."""
    modality: str
    """Empty for a column."""
    bits: float
    """Of the source in which the members agree most: the sources of a modality see the same records."""
    members: int
    """Members who have such records, or a value."""
    chose: bool
    """Whether it chose the members, and so does not count in the score."""
    sources: tuple[SourceAgreement, ...]
    """Those with the most bits first."""
    statements: tuple[Statement, ...]
    """The members' records that agree most, each with what it cites."""

    @property
    def tells(self) -> bool:
        """Whether chance does not explain it."""
        return self.bits >= BY_CHANCE

    @property
    def strength(self) -> str:
        """How much it says, in a word."""
        return next(word for word, least in (("strong", 20.0), ("clear", 10.0), ("some", BY_CHANCE), ("none", -1e9))
                    if self.bits >= least)

    @property
    def label(self) -> str:
        """Its name, as people call it."""
        return spoken(self.name)


def evidence_groups(ledger: Ledger) -> tuple[EvidenceGroup, ...]:
    """A ring's evidence by kind, the most bits first."""
    by_name: dict[str, list[SourceAgreement]] = {}
    for each in ledger.agreement:
        by_name.setdefault(each.modality or each.source, []).append(each)
    found = [_group(name, sources, ledger.matching_records.get(name, ())) for name, sources in by_name.items()]
    return tuple(sorted(found, key=lambda group: (-round(group.bits, 6), group.name)))


def _group(name: str, sources: Sequence[SourceAgreement], pairs: Sequence[MatchingPair]) -> EvidenceGroup:
    counted = [each for each in sources if each.role is not SourceRole.uncounted] or sources
    return EvidenceGroup(
        name=name,
        modality=sources[0].modality,
        bits=max(each.bits for each in counted),
        members=max(each.members for each in sources),
        chose=any(each.role is SourceRole.proposed for each in sources),
        sources=tuple(sorted(sources, key=lambda each: (-round(each.bits, 6), each.source))),
        statements=tuple(about_records(pair) for pair in pairs[:1]),
    )


def linked_by(ledger: Ledger, members: Collection[str], modality: str) -> frozenset[str]:
    """The largest number of members whom links of one modality hold together.

    Args:
        ledger: of the ring.
        members: of the case, which may have others than the ring.
        modality: whose links count.
    """
    sources = {each.source for each in ledger.agreement if each.modality == modality}
    near: dict[str, set[str]] = {customer: set() for customer in members}
    for link in ledger.links:
        if sources.intersection(link.spaces) and link.customer_a in near and link.customer_b in near:
            near[link.customer_a].add(link.customer_b)
            near[link.customer_b].add(link.customer_a)
    best: set[str] = set()
    left = {customer for customer, others in near.items() if others}
    while left:
        part, border = set[str](), {min(left)}
        while border:
            part |= border
            border = set[str]().union(*(near[customer] for customer in border)) - part
        left -= part
        best = max(best, part, key=len)
    return frozenset(best)


def belonging(ledger: Ledger, members: Sequence[str]) -> dict[str, float]:
    """Customer id -> how closely the member is linked, over the median member of the case; all in the order given."""
    bits = dict.fromkeys(members, 0.0)
    for link in ledger.links:
        if link.customer_a in bits and link.customer_b in bits:
            bits[link.customer_a] += link.bits
            bits[link.customer_b] += link.bits
    middle = median(bits.values()) if bits else 0.0
    return {customer: worth / middle if middle else 1.0 for customer, worth in bits.items()}


def entity_groups(groups: Sequence[EvidenceGroup]) -> list[EvidenceGroup]:
    """Those of entity columns that chance does not explain."""
    return [each for each in groups if each.tells and each.sources[0].kind is SourceKind.entity]
