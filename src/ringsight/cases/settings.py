"""How a team works: how many cases a day, who must look twice, how exposure is measured."""

from dataclasses import dataclass
from enum import StrEnum

from ringsight.errors import require_at_least, require_positive


class FourEyes(StrEnum):
    """Which judgements need a second pair of eyes."""

    never = "never"
    same_hand = "same_hand"
    """Those that accuse."""
    always = "always"


@dataclass(kw_only=True, slots=True)
class CaseSettings:
    """How cases are taken in, ranked and decided."""

    capacity: int = 20
    """Cases that the team can open in a day, until a lead says otherwise."""
    four_eyes: FourEyes = FourEyes.never
    """Which judgements a second analyst must confirm before they count: `never`, `same_hand` or `always`."""
    exposure_days: int = 30
    """A customer's exposure is the sum of absolute amounts in so many last days of the bank's records."""
    exposure_column: str = ""
    """A numeric column of the customers table that says the exposure instead."""
    sample: int = 10
    """Rings below the line that are drawn at random in each run, to estimate what is missed."""
    seed: int = 0
    """Of that draw."""
    retention_days: int = 0
    """The members of a case are erased from the case book so many days after its last entry, if all their cases are
    closed by then; 0 keeps them. A ring that runs still list keeps getting entries."""
    idle_minutes: float = 10.0
    """A pause longer than this counts as this long in the time of a case."""
    session_hours: float = 10.0
    """A session ends so long after it was last used."""
    longest_session_hours: float = 24.0
    """A session ends so long after it began, however much it is used."""
    attempts: int = 5
    """Failed sign-ins of a name, or from an address, within `attempt_minutes`, after which more are refused."""
    attempt_minutes: float = 15.0
    """See `attempts`."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: naming the setting, what was given and what is needed.
        """
        require_at_least(
            "cases", self, {"capacity": 0, "exposure_days": 1, "sample": 0, "retention_days": 0, "attempts": 1}
        )
        require_positive("cases", self, ("idle_minutes", "session_hours", "longest_session_hours", "attempt_minutes"))
