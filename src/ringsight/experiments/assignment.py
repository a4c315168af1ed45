"""Which arm a unit gets: by a hash that is the same on every machine, at every time, and in no table.

A layer's hash says which experiment of the layer a unit is in, so that experiments of one layer exclude one another; an
experiment's hash, by its salt, says which arm. Hashes of two layers, or of two salts, are independent (overlapping
experiments: Tang, Agarwal, O'Brien and Meyer 2010).
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import accumulate, combinations

from ringsight.errors import SettingsError
from ringsight.experiments.settings import ExperimentConfig

BITS = 53
"""Of the hash that are used: as many as a float has."""


def place_of(unit: str, salt: str) -> float:
    """A number from 0 to below 1 that looks drawn by chance, and is always the same."""
    digest = hashlib.sha256(f"{len(salt)}:{salt}{unit}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - BITS)) / float(1 << BITS)


def arm_of(experiment: ExperimentConfig, unit: str) -> str | None:
    """The arm of a unit.

    Args:
        experiment: in which.
        unit: its id: a customer's, an analyst's, a case's.

    Returns:
        None if another experiment of the layer, or none, has the unit.
    """
    if not experiment.begins <= place_of(unit, f"layer {experiment.layer}") < experiment.ends:
        return None
    place = place_of(unit, f"arm {experiment.salt}")
    bounds = accumulate(experiment.arms.values())
    return next(
        (arm for arm, bound in zip(experiment.arms, bounds, strict=True) if place < bound), [*experiment.arms][-1]
    )


def arms_of(experiment: ExperimentConfig, units: Iterable[str]) -> list[str | None]:
    """The arms of some units, in their order."""
    return [arm_of(experiment, unit) for unit in units]


def check_layers(experiments: Sequence[ExperimentConfig]) -> None:
    """Refuse experiments that would disturb one another.

    Raises:
        SettingsError: if two of one layer have a part of it in common, or two have the same name or salt.
    """
    for one, other in combinations(experiments, 2):
        if one.layer == other.layer and one.begins < other.ends and other.begins < one.ends:
            raise SettingsError(
                f"experiments {one.name!r} and {other.name!r} share a part of layer {one.layer!r}",
                remedy="give them parts that do not overlap, or a layer each",
            )
        if one.name == other.name or one.salt == other.salt:
            raise SettingsError(f"experiments {one.name!r} and {other.name!r} have one name or salt")
