"""All methods, and the settings that each may be given."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

from ringsight.graph.sources import Rows
from ringsight.records.contract import modalities
from rivals.attributes import Columns, cluster_size, shared_attributes, top_degree
from rivals.graphs import Order, early, joint, late, single
from rivals.multiview import slice_and_dice
from rivals.outliers import autoencoder, isolation_forest
from rivals.supervised import boosted_pairs


@dataclass(frozen=True, slots=True)
class Method:
    """A way to rank groups of customers."""

    name: str
    rank: Callable[..., list[Rows]]
    """Takes a bank's `Traces` and one of the settings."""
    settings: list[dict[str, Any]]
    taught: bool = False
    """Whether it is told some rings; it is scored on the others alone."""


def grid(**knobs: list[Any]) -> list[dict[str, Any]]:
    """Every combination of the knobs' values."""
    return [dict(zip(knobs, values, strict=True)) for values in product(*knobs.values())]


LEIDEN: dict[str, list[Any]] = {"scale": [4, 8, 15, 30], "order": list(Order)}
TOP: dict[str, list[Any]] = {"top": [0.05, 0.1, 0.2, 0.4]}
METHODS = (
    Method("cluster size", cluster_size, grid(columns=list(Columns), cap=[5, 10, 50])),
    Method("number of shared attributes", shared_attributes, grid(columns=list(Columns), least=[1, 2])),
    Method("Neo4j recipe", top_degree, grid(columns=list(Columns), cutoff=[0.0, 0.2, 0.4])),
    Method("isolation forest", isolation_forest, grid(**TOP)),
    Method("autoencoder error", autoencoder, grid(**TOP)),
    *(Method(f"{name} alone", single, grid(modality=[name], **LEIDEN)) for name in modalities()),
    Method("early fusion", early, grid(**LEIDEN)),
    Method("joint space", joint, grid(**LEIDEN)),
    Method("late fusion", late, grid(**LEIDEN)),
    Method("SliceNDice", slice_and_dice, grid(views=[2, 3], neighbours=[5, 15], largest=[10, 25])),
    Method("boosted trees, 20 % of labels", boosted_pairs, grid(price=[0.3, 0.5, 0.7, 0.9], order=list(Order)), True),
)
