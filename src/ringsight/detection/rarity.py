"""How rare a figure is among those that chance shows, in bits, beyond the rarest of them too."""

import numpy as np
from numpy.typing import NDArray

TAIL = 0.05
"""Share of the chance figures, the highest, from which the tail is fitted."""


def rarity_bits(values: NDArray[np.float64], chance: NDArray[np.float64], least_scale: float) -> NDArray[np.float64]:
    """Minus log2 of the share of `chance` at least as high as each value; shape of `values`.

    Beyond the highest twentieth of `chance` the share falls exponentially, at the rate of its mean excess (a
    generalised Pareto tail with shape 0: Pickands 1975, Annals of Statistics 3:119).

    Args:
        values: figures to judge, of any shape.
        chance: figures that chance shows, sorted; at least one.
        least_scale: the tail falls no faster than by a factor of e over so much. Where few or equal chance
            figures show no excess, this alone keeps the tail from falling off a cliff.
    """
    cut = chance[int((1 - TAIL) * len(chance))]
    scale = max(float((chance[chance >= cut] - cut).mean()), least_scale)
    share = 1 - np.searchsorted(chance, values, side="left") / len(chance)
    return _with_tail(values, share, cut, scale)


def rarities(
    values: NDArray[np.float64], chance: NDArray[np.float64], least_scale: float, row: NDArray[np.int64]
) -> NDArray[np.float64]:
    """`rarity_bits` of each value among chance figures of its own.

    Args:
        values: figures to judge; shape (values,).
        chance: what chance shows, in any order; shape (rows, figures).
        least_scale: as there.
        row: of `chance`, that each value is held against; shape (values,).
    """
    last = int((1 - TAIL) * chance.shape[1])
    cut = np.partition(chance, last, axis=1)[:, last]
    beyond_cut = chance >= cut[:, None]
    excess = ((chance - cut[:, None]) * beyond_cut).sum(axis=1) / beyond_cut.sum(axis=1)
    share = (chance[row] >= values[:, None]).mean(axis=1)
    return _with_tail(values, share, cut[row], np.maximum(excess, least_scale)[row])


def _with_tail(
    values: NDArray[np.float64],
    share: NDArray[np.float64],
    cut: NDArray[np.float64],
    scale: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Bits of the share counted up to where the tail begins, and of the exponential tail beyond."""
    beyond = np.log2(np.e) * (values - cut) / scale - np.log2(TAIL)
    bits: NDArray[np.float64] = np.where(values > cut, beyond, -np.log2(np.maximum(share, TAIL)))
    return bits


def fisher_bits(bits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus log2 of the chance that the product of two uniform numbers has so many bits or more.

    The product is x or less with probability x (1 - ln x) (Fisher 1932, "Statistical Methods for Research Workers").
    """
    surprise: NDArray[np.float64] = bits - np.log2(1 + bits * np.log(2))
    return surprise
