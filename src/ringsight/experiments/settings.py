"""What an experiment is, and how its report is made."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from ringsight.errors import SettingsError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")
"""Of experiments, arms, layers and outcomes."""


@dataclass(kw_only=True, frozen=True, slots=True)
class ExperimentConfig:
    """One experiment. Once somebody was exposed to it, none of this may change."""

    name: str
    """Its name."""
    arms: dict[str, float] = field(default_factory=lambda: {"control": 0.5, "new": 0.5})
    """Arm -> its share of the units; the first is the control."""
    salt: str = ""
    """By which its hash differs from those of other experiments; by default its name."""
    layer: str = "default"
    """Experiments of one layer exclude one another; those of two layers are independent."""
    begins: float = 0.0
    """Where its part of the layer begins, from 0 to 1."""
    ends: float = 1.0
    """Where its part of the layer ends."""

    def __post_init__(self) -> None:
        """Refuse an experiment that makes no sense.

        Raises:
            SettingsError: naming what is wrong.
        """
        for what, name in (("name", self.name), ("layer", self.layer), *(("arms", arm) for arm in self.arms)):
            if not NAME.fullmatch(name):
                raise SettingsError(
                    f"experiment.{what}: {name!r} must be 1 to 100 letters, digits, blanks, '.', '_', '-'"
                )
        if len(self.arms) < 2:
            raise SettingsError("an experiment needs two arms", remedy="arms={control: 0.5, new: 0.5}")
        shares = self.arms.values()
        if not all(0 < share < 1 for share in shares) or abs(sum(shares) - 1) > 1e-9:
            raise SettingsError(f"the shares of the arms must be above 0 and add up to 1 (got {list(shares)})")
        if not 0 <= self.begins < self.ends <= 1:
            raise SettingsError(f"the part of the layer must lie between 0 and 1 (got {self.begins} to {self.ends})")
        if not self.salt:
            object.__setattr__(self, "salt", self.name)

    @property
    def control(self) -> str:
        """The first arm."""
        return next(iter(self.arms))


@dataclass(kw_only=True, slots=True)
class ReportConfig:
    """How the outcomes of an experiment are compared."""

    outcome: str = "click"
    """The outcome; a unit counts with the sum of its values, and with 0 where it has none."""
    per: str = ""
    """A second outcome that the first is divided by, arm by arm: confirmed cases per `hours`. Empty for none."""
    days: float = 0.0
    """Outcomes count within so many days after the exposure, and only units that have had that long. 0: all count."""
    pre_days: float = 0.0
    """Days before the exposure whose values of the same outcome reduce the variance (CUPED). 0: not at all."""
    confidence: float = 0.95
    """Of the intervals."""
    power: float = 0.8
    """With which a lift is to be found."""
    tightest_at: int = 5_000
    """Units at which the sequential interval is the tightest; it holds at any number. To be chosen before the data."""

    def __post_init__(self) -> None:
        """Refuse settings out of bounds.

        Raises:
            SettingsError: naming the first.
        """
        for name in ("confidence", "power"):
            if not 0.5 <= getattr(self, name) < 1:
                raise SettingsError(f"report.{name} must be at least 0.5 and below 1 (got {getattr(self, name)})")
        for name in ("days", "pre_days"):
            if not 0 <= getattr(self, name) <= timedelta.max.days / 1e6:
                raise SettingsError(f"report.{name} must lie between 0 and {timedelta.max.days / 1e6:.0f}")
        if self.tightest_at < 1:
            raise SettingsError(f"report.tightest_at must be positive (got {self.tightest_at})")
        if not self.outcome:
            raise SettingsError("report.outcome must not be empty")
