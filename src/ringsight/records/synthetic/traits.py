"""Traits: what a person is like, and how several customers come to be alike.

Every customer, honest or not, has traits drawn from the same distribution. Where one hand is behind several
customers, a hand is drawn from that distribution too, and each customer takes part of it over. Both kinds of trait
keep their distribution when they are tied, so that no customer looks different for being tied: only two of them
together do.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """The traits of n people in one modality."""

    real: NDArray[np.float64]
    """Degrees, each standard normal and independent of the others; shape (n, reals)."""
    choice: NDArray[np.int64]
    """Choices among alternatives, each independent of the others; shape (n, choices)."""

    def tie(self, members: NDArray[np.int64], hand: Self, share: float, rng: np.random.Generator) -> None:
        """Let each member take over part of the one person in `hand`, in place.

        Two members' degrees then correlate by `share`, and with a chance of `share` they both make the hand's choice.

        Args:
            members: rows of this table.
            hand: one row, drawn as every other; or one for each member.
            share: from 0 (nothing is tied) to 1 (all members are one).
            rng: source of chance.
        """
        self.real[members] = np.sqrt(share) * hand.real + np.sqrt(1 - share) * self.real[members]
        own = self.choice[members]
        taken = rng.random(own.shape) < np.sqrt(share)
        self.choice[members] = np.where(taken, hand.choice, own)


def zipf(n: int, exponent: float) -> NDArray[np.float64]:
    """Probabilities of n ranks, falling as rank to the power of -exponent; shape (n,)."""
    weights = np.arange(1, n + 1, dtype=np.float64) ** -exponent
    normalised: NDArray[np.float64] = weights / weights.sum()
    return normalised


def codes(prefix: str, n: int, rng: np.random.Generator, digits: int = 7) -> NDArray[np.str_]:
    """Different random codes, in random order, so that an id says nothing of what it stands for; shape (n,)."""
    lowest = 10 ** (digits - 1)
    numbers = lowest + rng.choice(9 * lowest, n, replace=False)
    return np.char.add(prefix, numbers.astype(np.str_))
