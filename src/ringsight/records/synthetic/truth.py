"""The truth of a synthetic bank: rings, labels, benign groups and latent segments, in a folder of their own."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.records.synthetic.people import END, Group, People
from ringsight.records.synthetic.rings import PlantedRing
from ringsight.records.synthetic.traits import codes


def write_truth(
    folder: Path, people: People, rings: list[PlantedRing], groups: list[Group], rng: np.random.Generator
) -> None:
    """Write labels.csv, rings.json and benign.csv into `folder`/truth.

    A benign group is listed without those of its members whom a ring has taken, and only if two remain.
    Fraud is labelled after the records end, a ring within two weeks; the honest have no `labelled_at`.
    """
    (folder / "truth").mkdir()
    ring_ids = np.full(len(people), None, dtype=object)
    labelled_at = np.full(len(people), None, dtype=object)
    for ring in rings:
        ring_ids[ring.members] = ring.ring_id
        found = rng.integers(1, 90)
        for member in ring.members:
            labelled_at[member] = END + timedelta(days=int(found + rng.integers(0, 14)))
    honest = np.array([ring is None for ring in ring_ids])
    pl.DataFrame(
        {
            "customer_id": people.customer_id,
            "ring_id": pl.Series(ring_ids.tolist(), dtype=pl.String),
            "is_fraud": ~honest,
            "labelled_at": pl.Series(labelled_at.tolist(), dtype=pl.Datetime("ms")),
        }
    ).write_csv(folder / "truth" / "labels.csv")
    _write_rings(folder / "truth" / "rings.json", rings)
    listed = [(group.kind, members) for group in groups if len(members := group.members[honest[group.members]]) >= 2]
    names = codes("G", len(listed), rng, digits=6)
    pl.DataFrame(
        [
            (str(people.customer_id[one]), str(name), kind.value)
            for name, (kind, members) in zip(names, listed, strict=True)
            for one in members
        ],
        schema={"customer_id": pl.String, "group_id": pl.String, "kind": pl.String},
        orient="row",
    ).write_csv(folder / "truth" / "benign.csv")


def write_latent_segments(folder: Path, people: People, segments: NDArray[np.int64]) -> None:
    """Write the number of each customer's latent segment into `folder`/truth/latent_segments.csv."""
    pl.DataFrame({"customer_id": people.customer_id, "latent_segment": segments}).write_csv(
        folder / "truth" / "latent_segments.csv"
    )


def _write_rings(path: Path, rings: list[PlantedRing]) -> None:
    traits = {
        ring.ring_id: {
            "size": len(ring.members),
            "typology": ring.typology.value,
            "tied": list(ring.typology.tied),
            "strength": ring.strength.value,
        }
        for ring in rings
    }
    path.write_text(json.dumps(traits, indent=2, sort_keys=True) + "\n", encoding="utf-8")
