"""What can be asked of a synthetic bank."""

from dataclasses import dataclass
from enum import StrEnum

from ringsight.errors import SettingsError


class Strength(StrEnum):
    """How much of the one hand shows in the traces that it ties."""

    blatant = "blatant"
    middling = "middling"
    faint = "faint"
    hopeless = "hopeless"

    @property
    def share(self) -> float:
        """Correlation of the traits of two members, and the chance that they make the same choice."""
        match self:
            case Strength.blatant:
                return 0.9
            case Strength.middling:
                return 0.65
            case Strength.faint:
                return 0.4
            case Strength.hopeless:
                return 0.1


@dataclass(kw_only=True, slots=True)
class SyntheticBankConfig:
    """How large the bank is, and what is hidden in it."""

    customers: int = 1000
    """Number of customers."""
    days: int = 120
    """Days of history before the day the records end."""
    transactions_per_customer: float = 90.0
    """Mean number of purchases, transfers and withdrawals; salary and standing orders come on top."""
    rings: int | None = None
    """Number of rings; by default one for every sixty customers. 0 gives a bank without fraud."""
    ring_size_min: int = 4
    """Fewest members of a ring."""
    ring_size_max: int = 10
    """Most members of a ring."""
    strength: Strength | None = None
    """Strength of every ring; by default the rings take turns through all four."""
    latent: float = 0.0
    """How much undeclared segments of customers share in every modality, from 0 to 1, in the units of a ring's strength
    (0.4 is faint): 12 segments of 3 to 14 % of the customers each, named in `truth/latent_segments.csv` alone."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: if a bound is out of range, or the rings do not fit into the bank.
        """
        lowest = {
            "customers": (self.customers, 2),
            "days": (self.days, 7),
            "transactions_per_customer": (self.transactions_per_customer, 1),
            "rings": (self.ring_count, 0),
            "ring_size_min": (self.ring_size_min, 3),
            "ring_size_max": (self.ring_size_max, self.ring_size_min),
        }
        for name, (value, least) in lowest.items():
            if not value >= least:
                raise SettingsError(f"bank.{name} must be at least {least} (got {value})")
        if not 0 <= self.latent <= 1:
            raise SettingsError(f"bank.latent must be from 0 to 1 (got {self.latent})")
        if self.ring_count * self.ring_size_max > self.customers:
            raise SettingsError(
                f"{self.ring_count} rings of up to {self.ring_size_max} do not fit into {self.customers} customers",
                remedy="ask for fewer or smaller rings, or for more customers",
            )

    @property
    def ring_count(self) -> int:
        """Number of rings that the bank will hold."""
        return self.customers // 60 if self.rings is None else self.rings
