"""How a team works: how many cases a day, which judgements two people must give, how exposure is measured."""

from dataclasses import dataclass
from enum import StrEnum

from ringsight.errors import require_at_least, require_positive


class FourEyes(StrEnum):
    """Which judgements count only when a second analyst gives them too."""

    never = "never"
    same_hand = "same_hand"
    """Judgements that accuse."""
    always = "always"


@dataclass(kw_only=True, slots=True)
class CaseSettings:
    """How cases are imported, ranked and decided."""

    capacity: int = 20
    """Cases that the team can open in a day, until a lead sets another number."""
    four_eyes: FourEyes = FourEyes.never
    """Which judgements a second analyst must confirm before they count: `never`, `same_hand` or `always`."""
    exposure_days: int = 30
    """A customer's exposure is the sum of absolute amounts in this many last days of the bank's records."""
    exposure_column: str = ""
    """A numeric column of the customers table that gives the exposure instead."""
    sample: int = 10
    """Rings below the line that are drawn at random in each run, to estimate what is missed."""
    seed: int = 0
    """Seed of that draw."""
    retention_days: int = 0
    """The members of a case are erased from the case book this many days after its last entry, if all their cases are
    closed by then; 0 keeps them. A case whose ring runs still list gets an entry with each run."""
    idle_minutes: float = 10.0
    """A longer pause counts as this many minutes of work on a case."""
    session_hours: float = 10.0
    """A session ends this many hours after it was last used."""
    longest_session_hours: float = 24.0
    """A session ends this many hours after it began, however much it is used."""
    attempts: int = 5
    """Failed sign-ins under a name within `attempt_minutes`, after which more are refused; ten times as many from one
    address."""
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
