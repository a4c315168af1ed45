"""Latent segments: honest strangers who are alike in every modality, for a reason that no column tells.

Everybody belongs to one, and so does each hand that ties a ring; it is drawn independently of the declared segment, the
region and the home. A segment ties where people shop, on which days and at what hours, what they call about in which
words, and which card they photograph on what surface in which light. It leaves alone what only one hand shares: the
people paid, the grain of the surface, the face on the card, and devices and phones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.records.synthetic.id_images import LIGHT, QUALITY, SURFACE, Looks, draw_looks
from ringsight.records.synthetic.notes import draw_voices
from ringsight.records.synthetic.settings import SyntheticBankConfig
from ringsight.records.synthetic.traits import Traits
from ringsight.records.synthetic.transactions import (
    BILLERS_PAID,
    MERCHANTS,
    ROUNDING,
    SPREE_DAYS,
    WEEKDAY,
    Routines,
    draw_routines,
)

SHARES = np.linspace(0.03, 2 / 12 - 0.03, 12)
"""Share of the customers in each of twelve segments, from the smallest to the largest; they sum to 1."""
SHOPPING = np.r_[MERCHANTS, SPREE_DAYS, BILLERS_PAID, WEEKDAY, ROUNDING]
SCENE = np.r_[SURFACE, LIGHT, QUALITY]


@dataclass(frozen=True, slots=True, eq=False)
class LatentSegments:
    """Who belongs to which segment, and what is typical of each.

    Two customers of one segment are tied by `share` as two members of a ring are by their strength: their degrees
    correlate by it, and with this chance both make the choice that is typical.
    """

    of_customers: NDArray[np.int64]
    """Number of each customer's segment; shape (customers,)."""
    share: float
    """From 0 (segments tie nothing) to 1."""
    routines: Routines
    """What is typical; one row for each segment, as in `voices` and `looks`."""
    voices: Traits
    looks: Looks
    rng: np.random.Generator
    """Of every tie, so that the draws of other traits stay the same whatever the share."""

    def of_a_hand(self) -> NDArray[np.int64]:
        """Draw the segment of one who is no customer, the hand that ties a ring; shape (1,)."""
        return self.rng.choice(len(SHARES), 1, p=SHARES)

    def tie_routines(self, routines: Routines, segments: NDArray[np.int64]) -> None:
        """Tie people's routines to their segments, in place; `segments` has the number of each row's."""
        self._tie(routines.habits, self.routines.habits, SHOPPING, segments)

    def tie_voices(self, voices: Traits, segments: NDArray[np.int64]) -> None:
        """Tie what people call about, and their words, to their segments, in place."""
        self._tie(voices, self.voices, slice(None), segments)

    def tie_looks(self, looks: Looks, segments: NDArray[np.int64]) -> None:
        """Tie people's cards and scenes to their segments, in place."""
        self._tie(looks.scenes, self.looks.scenes, SCENE, segments)
        self._tie(looks.layouts, self.looks.layouts, slice(None), segments)

    def _tie(
        self,
        traits: Traits,
        typical: Traits,
        choices: NDArray[np.int64] | slice,
        segments: NDArray[np.int64],
    ) -> None:
        """Tie every row to its segment: all degrees, and the columns `choices` of the choices."""
        hands = Traits(real=typical.real[segments], choice=traits.choice.copy())
        hands.choice[:, choices] = typical.choice[segments][:, choices]
        traits.tie(np.arange(len(segments)), hands, self.share, self.rng)


def draw_latent_segments(config: SyntheticBankConfig, rng: np.random.Generator) -> LatentSegments:
    """Draw who belongs to which segment, in exact shares, and what is typical of each."""
    places = (np.arange(config.customers) + 0.5) / config.customers
    return LatentSegments(
        of_customers=rng.permutation(np.searchsorted(np.cumsum(SHARES)[:-1], places)),
        share=config.latent,
        routines=draw_routines(len(SHARES), config, rng),
        voices=draw_voices(len(SHARES), rng),
        looks=draw_looks(len(SHARES), rng),
        rng=rng,
    )
