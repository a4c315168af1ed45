"""What `ringsight watch` compares, and what makes a night unusual."""

from dataclasses import dataclass
from enum import StrEnum

from ringsight.errors import SettingsError, require_at_least, require_positive


class Flat(StrEnum):
    """How a space becomes a map."""

    tsne = "tsne"
    umap = "umap"


@dataclass(kw_only=True, slots=True)
class WatchConfig:
    """How a night is held against a reference."""

    level: float = 0.01
    """Chance of an alarm by any test, over all columns and spaces, on a night that has not drifted."""
    permutations: int = 999
    """Permutations of the null."""
    least_shift: float = 0.1
    """Share of its values by which a column must have moved, beside its p-value, for an alarm; from 0 to 1."""
    least_energy: float = 0.02
    """Energy coefficient beyond chance that a space must reach, beside its p-value, for an alarm; from 0 to 1. 0.02 is
    what it comes to if everybody's vector moves by three tenths of its length."""
    compared: int = 2000
    """Most customers of a group whose vectors are compared, drawn at random; also on the maps."""
    least_volume: float = 0.5
    """A table with fewer rows than this many times the reference's makes a night unusual, and so does an empty one."""
    most_volume: float = 2.0
    """A table with more rows than this many times the reference's makes a night unusual."""
    most_flags: float = 10.0
    """More flags than this many times the reference's (of none: one) make a night unusual."""
    most_gone: float = 0.5
    """A larger share of the reference's flagged rings that are gone makes a night unusual."""
    segment: str = "stratum"
    """Customer column by which the space is audited and coloured: that neighbours share it is looked for."""
    least_alignment: float = 0.1
    """Below this, segments do not show in a space: by how much more often neighbours share it than chance has it, from
    0 (as by chance) to 1 (always)."""
    protected: bool = False
    """Whether protected columns are compared and may be coloured, for an audit; they are never taught."""
    space: str = "joint"
    """The space on the maps, and the one of which pairs to teach are proposed."""
    flat: Flat = Flat.tsne
    """`tsne`, or `umap` where umap-learn is installed; principal components are drawn beside either."""
    neighbours: int = 15
    """Neighbours of a customer, for segments and for how far to trust a map."""
    pairs: int = 200
    """Most pairs that are proposed for teaching."""
    seed: int = 0
    """Of permutations, samples and maps."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: if a bound is out of range, or the permutations are too few for the level.
        """
        for name in ("least_shift", "least_energy", "least_alignment", "most_gone"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"watch.{name} must lie between 0 and 1 (got {getattr(self, name)})")
        if not 0 < self.level < 1:
            raise SettingsError(f"watch.level must lie between 0 and 1 (got {self.level})")
        require_at_least("watch", self, {"permutations": 1, "compared": 20, "neighbours": 1, "pairs": 0, "seed": 0})
        require_positive("watch", self, ("least_volume", "most_volume", "most_flags"))
        needed = round(2 / self.level) - 1
        if self.permutations < needed:
            raise SettingsError(
                f"watch.permutations must be at least {needed:,} for watch.level={self.level:g} "
                f"(got {self.permutations:,}): no p-value could be so small",
                remedy="raise the one or the other",
            )
