"""What detection can be told."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ringsight.errors import SettingsError, require_at_least


@dataclass(kw_only=True, slots=True)
class CandidateConfig:
    """How candidate rings are proposed."""

    neighbours: int = 30
    """Two customers are linked in one space when they are, on average, among each other's so many nearest."""
    scales: list[int] = field(default_factory=lambda: [45, 30, 15, 8, 4])
    """Communities are sought at each of these scales, from broad to tight: at scale 8 a pair must be, on average,
    among each other's 8 nearest to stay together."""
    entity_cap: int = 50
    """A value that more customers carry is counted and shown, but makes no link."""
    min_size: int = 3
    """Smallest ring."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: naming the setting, what was given and what is needed.
        """
        require_at_least("detect.candidates", self, {"neighbours": 1, "entity_cap": 2, "min_size": 3})
        if not self.scales or min(self.scales) < 1:
            raise SettingsError(f"detect.candidates.scales must be positive whole numbers (got {self.scales})")


@dataclass(kw_only=True, slots=True)
class DetectConfig:
    """How rings are found and flagged."""

    fdr: float = 0.05
    """False-discovery rate asked of the flagged rings."""
    permutations: int = 200
    """Most chance worlds: up to half of them calibrate scores, up to half judge them; a large bank needs fewer."""
    largest: int = 12
    """Most members of a ring; what grows beyond is a community, and is listed apart."""
    tail_bits: float = 6.0
    """Bits that agreement inside one modality may count beyond what the number of its communities supports."""
    guard_bits: float = 0.3
    """Dependence between modalities, in bits, that may be left unexplained in ordinary groups, at their median; beyond
    it no rate is stated."""
    guard_upper_bits: float = 1.0
    """The same where the upper tenth of ordinary groups begins: what ties only some segments shows there."""
    inside: list[str] = field(default_factory=lambda: ["id_images", "transactions"])
    """Modalities whose own spaces corroborate each other. Notes are not among them: a shared wish is no evidence of one
    hand."""
    isolated: list[str] = field(default_factory=lambda: ["id_images"])
    """Spaces in which a group counts that stands apart from strangers, in place of agreement inside the modality."""
    block_proxies: bool = True
    """Whether a ring that a protected column explains is held, unflagged, until a person has looked."""
    decisions: Path | None = None
    """Table of decided pairs (customer_a, customer_b, decision) that weigh the sources; without one all count alike."""
    candidates: CandidateConfig = field(default_factory=CandidateConfig)
    """How candidate rings are proposed."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: if the rate is not a rate, or too few permutations could never reach it.
        """
        if not 0 < self.fdr < 1:
            raise SettingsError(f"detect.fdr must lie between 0 and 1 (got {self.fdr})")
        needed = 2 * int(np.ceil(1 / self.fdr))
        if self.permutations < needed:
            raise SettingsError(
                f"detect.permutations={self.permutations} can never show a false-discovery rate of {self.fdr}",
                remedy=f"ask for at least {needed} permutations; 200 or more give steadier rates",
            )
        require_at_least("detect", self, {"largest": self.candidates.min_size})
