"""Whom one customer is linked with now, and with whom so closely that both are in one live ring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.online.live_rows import Codes
from ringsight.online.live_space import Near
from ringsight.online.ties import LEAST_KINDS

ROUNDING = 1e-6
"""Bits by which two sums of the same numbers may differ."""


@dataclass(frozen=True, slots=True)
class LiveLink:
    """What ties a customer to another now."""

    customer_id: str
    bits: float
    """Of all modalities, of each its closest space's."""
    by_source: dict[str, float]
    """Bits by space, of the spaces that link the two."""
    tied: bool
    """Whether several modalities link the two, closely enough to be in one live ring."""
    closeness: float
    """What decides whether the two are tied: bits of all spaces that link them, added up."""


@dataclass(frozen=True, slots=True, eq=False)
class CustomerLinks:
    """A customer's links, the closest first, ties by their numbers."""

    others: Codes
    """Shape (links,)."""
    by_space: dict[str, NDArray[np.float64]]
    """Bits in each space, 0 where it does not link the two; each of shape (links,)."""
    bits: NDArray[np.float64]
    """Of all modalities, of each its closest space's; shape (links,)."""
    closeness: NDArray[np.float64]
    """Of all spaces, added up; shape (links,)."""
    tied: NDArray[np.bool_]
    """Shape (links,)."""

    @classmethod
    def of(cls, near: Mapping[str, Near], modality: Mapping[str, str], bound: float) -> "CustomerLinks":
        """From the customers whom each space links; a tie needs several modalities, and so much closeness."""
        others = np.unique(np.concatenate([np.zeros(0, np.int64), *(each.codes for each in near.values())]))
        by_space: dict[str, NDArray[np.float64]] = {}
        closest: dict[str, NDArray[np.float64]] = {}
        closeness = np.zeros(len(others))
        for name, each in near.items():
            bits = np.zeros(len(others))
            bits[np.searchsorted(others, each.codes)] = each.bits
            by_space[name] = bits
            closeness += bits
            of_modality = closest.get(modality[name], np.zeros(len(others)))
            closest[modality[name]] = np.maximum(of_modality, bits)
        kinds = np.sum([each > 0 for each in closest.values()], axis=0, initial=0) * np.ones(len(others))
        total = np.sum(list(closest.values()), axis=0, initial=0.0) * np.ones(len(others))
        tied = (kinds >= LEAST_KINDS) & (closeness >= bound - ROUNDING)
        order = np.lexsort((others, -total))
        told = {name: bits[order] for name, bits in by_space.items()}
        return cls(others[order], told, total[order], closeness[order], tied[order])

    def closest(self, names: Sequence[str], most: int | None) -> list[LiveLink]:
        """The closest links, ties by id; `names` has everybody's id by number."""
        end = len(self.others) if most is None else min(most, len(self.others))
        end = end and int(np.searchsorted(-self.bits, -self.bits[end - 1], side="right"))  # with all as close
        found = []
        for row in range(end):
            by_source = {name: float(bits[row]) for name, bits in sorted(self.by_space.items()) if bits[row] > 0}
            other, bits, tied = names[int(self.others[row])], float(self.bits[row]), bool(self.tied[row])
            found.append(LiveLink(other, bits, by_source, tied, float(self.closeness[row])))
        return sorted(found, key=lambda link: (-link.bits, link.customer_id))[:most]
