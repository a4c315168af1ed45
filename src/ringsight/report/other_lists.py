"""What a detection found beside rings: groups too large to be one, and pairs of customers who may be one person."""

from collections import defaultdict
from dataclasses import dataclass

from ringsight.detection.results import Results

LISTED = 300
"""Rows of a list that are shown; the tables of the run have all."""


@dataclass(frozen=True, slots=True)
class Community:
    """A group that agrees as a ring does, and is too large to be one."""

    community_id: str
    members: tuple[str, ...]
    """Customer ids, sorted."""
    adjusted_score: float
    """In bits, beyond the best innocent explanation."""
    proposer: str
    """The spaces, or the entity column, that chose the members."""


@dataclass(frozen=True, slots=True)
class AlikePair:
    """Two customers alike in all that is known, and alike nobody else."""

    customer_a: str
    customer_b: str
    bits: float
    q_value: float | None
    """Share of coincidences expected among the pairs down to this one; None where no rate is stated."""


def communities(results: Results) -> tuple[Community, ...]:
    """The communities, best first."""
    members: dict[str, list[str]] = defaultdict(list)
    for community_id, customer in results.community_members.iter_rows():
        members[community_id].append(customer)
    rows = results.communities.select("community_id", "adjusted_score", "proposer").iter_rows()
    return tuple(Community(name, tuple(sorted(members[name])), score, proposer) for name, score, proposer in rows)


def pairs(results: Results) -> tuple[AlikePair, ...]:
    """The alike pairs, the most alike first."""
    return tuple(
        AlikePair(*row) for row in results.pairs.select("customer_a", "customer_b", "bits", "q_value").iter_rows()
    )
