"""What ties a ring, kind by kind of evidence, and what was looked at and says nothing; and members who stand apart.

Nothing here draws on the score or on a rate: it is the evidence that is shown before either is asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

from ringsight.detection.results import SourceRole
from ringsight.explain.base_rates import BY_CHANCE
from ringsight.explain.ledger import Ledger
from ringsight.explain.matching import MatchingPair
from ringsight.explain.rows import SourceAgreement
from ringsight.explain.statements import Statement, about_records
from ringsight.explain.words import spoken

APART = 1 / 3
"""A member whose links come to a smaller share of the median member's stands apart."""
WEAK = 0.5
"""A member whose links in one modality come to a smaller share of the median's is not tied by it."""
STRENGTHS = (("strong", 20.0), ("clear", 10.0), ("some", BY_CHANCE))
"""Words for so many bits or more."""
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
        return next(
            word
            for word, least in (("strong", 20.0), ("clear", 10.0), ("some", BY_CHANCE), ("none", -1e9))
            if self.bits >= least
        )

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
    """The members whom one modality ties, those left aside whose links in all its spaces are weak.

    Args:
        ledger: of the ring.
        members: of the case, which may have others than the ring.
        modality: whose links count.
    """
    sources = {each.source for each in ledger.agreement if each.modality == modality}
    bits = _linked(ledger, members, sources)
    middle = median(worth for worth in bits.values() if worth) if any(bits.values()) else 0.0
    return frozenset(customer for customer, worth in bits.items() if worth and worth >= WEAK * middle)


def belonging(ledger: Ledger, members: Sequence[str]) -> dict[str, float]:
    """Customer id -> how closely the member is linked, over the median member of the case; all in the order given."""
    bits = _linked(ledger, members, {each.source for each in ledger.agreement})
    middle = median(bits.values()) if bits else 0.0
    return {customer: worth / middle if middle else 1.0 for customer, worth in bits.items()}


def _linked(ledger: Ledger, members: Collection[str], sources: Collection[str]) -> dict[str, float]:
    """Bits of each member's links with the other members, in some sources."""
    bits = dict.fromkeys(members, 0.0)
    for link in ledger.links:
        if link.customer_a in bits and link.customer_b in bits:
            worth = sum(each for source, each in link.spaces.items() if source in sources)
            worth += sum(value.bits for value in link.shared if value.column in sources)
            bits[link.customer_a] += worth
            bits[link.customer_b] += worth
    return bits
