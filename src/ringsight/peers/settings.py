"""What can be set of peers."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum

from ringsight.errors import SettingsError, require_at_least, require_positive


class Order(StrEnum):
    """What items are ranked by."""

    blend = "blend"
    lift = "lift"


@dataclass(kw_only=True, slots=True)
class BlendWeights:
    """How much each recommender counts; 0 leaves it out.

    The defaults are what `benchmarks/peers.py` chose on its validation windows; `choose_weights` chooses them for other
    purchases.
    """

    own: float = 0.25
    """What the customer bought before."""
    neighbours: float = 2.0
    """What those with the most similar histories bought (user-kNN on BM25 weights)."""
    lately: float = 0.0
    """What those bought lately, beyond the base rate."""
    items: float = 0.0
    """What is bought by those who bought the customer's items (item-kNN)."""
    ease: float = 0.25
    """A linear model of each item from all others (EASE)."""
    als: float = 0.0
    """Matrix factorisation for implicit feedback (ALS)."""
    embedding: float = 0.0
    """What those bought whose purchase vectors are the nearest."""
    popularity: float = 0.75
    """What everybody buys."""

    def __post_init__(self) -> None:
        """Refuse weights that are negative, not finite, or all zero.

        Raises:
            SettingsError: naming the first.
        """
        for name, weight in asdict(self).items():
            if not 0 <= weight < float("inf"):
                raise SettingsError(f"peers.weights.{name} must not be negative (got {weight})")
        if not self.given():
            raise SettingsError("peers.weights are all 0", remedy="give at least one recommender a weight")

    def given(self) -> dict[str, float]:
        """Recommender -> its weight, where it has one."""
        return {name: weight for name, weight in asdict(self).items() if weight}


@dataclass(kw_only=True, slots=True)
class PeersConfig:
    """Who counts as a peer, and how items are scored."""

    neighbours: int = 80
    """How many peers a customer has, at most."""
    largest_share: float = 0.2
    """Share of all customers that may be peers of one, at most: were all of them, nobody would be unlike."""
    sharpness: float = 1.5
    """Power of the similarity by which a peer counts; above 1 the nearest count more."""
    itself: float = 0.5
    """How much a customer's own history counts beside those of the peers, as the history that is most alike."""
    fewest_buyers: int = 3
    """Items that fewer customers bought are not recommended; `unlike_peers` looks at all."""
    most_items: int = 3_000
    """Items that are scored, the most bought first: memory grows with their square."""
    lately_days: float = 63.0
    """What counts as lately, in days before the last purchase of all."""
    ease_penalty: float = 50.0
    """Ridge penalty of EASE."""
    als_factors: int = 32
    """Dimensions of ALS."""
    als_penalty: float = 5.0
    """Ridge penalty of ALS."""
    embedding_dimensions: int = 64
    """Dimensions of the purchase vectors."""
    least_prior: float = 20.0
    """Customers that the base rate counts for where a lift is worked out: draws a lift over few peers towards 1."""
    weights: BlendWeights = field(default_factory=BlendWeights)
    """How much each recommender counts in the blend."""

    def most_peers(self, customers: int) -> int:
        """How many peers a customer has, at most, among so many customers."""
        return min(self.neighbours, max(1, int(customers * self.largest_share)))

    def __post_init__(self) -> None:
        """Refuse settings out of bounds.

        Raises:
            SettingsError: naming the first.
        """
        least = {"neighbours": 1, "fewest_buyers": 1, "most_items": 1, "als_factors": 1, "embedding_dimensions": 1}
        require_at_least("peers", self, least)
        if not 0 < self.largest_share <= 1:
            raise SettingsError(f"peers.largest_share must be above 0 and at most 1 (got {self.largest_share})")
        if not 0 <= self.itself < float("inf"):
            raise SettingsError(f"peers.itself must not be negative (got {self.itself})")
        require_positive("peers", self, ("sharpness", "lately_days", "ease_penalty", "als_penalty", "least_prior"))
