"""What a detection leaves behind: rings, members, links and the null they were judged by, as tables.

The files of `write` are the interface to everything downstream (evaluation, report, review).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import polars as pl

from ringsight.errors import DataError
from ringsight.records.writing import write_atomically

RINGS = {
    "ring_id": pl.String,
    "size": pl.Int64,
    "score": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "adjusted_score": pl.Float64,
    "adjusted_q_value": pl.Float64,
    "flagged": pl.Boolean,
    "null": pl.String,
    "proposer": pl.String,
    "isolation_score": pl.Float64,
    "explanation": pl.String,
    "held": pl.String,
}
MEMBERS = {"ring_id": pl.String, "customer_id": pl.String}
LINKS = {
    "ring_id": pl.String,
    "customer_a": pl.String,
    "customer_b": pl.String,
    "bits_transactions": pl.Float64,
    "bits_notes": pl.Float64,
    "bits_id_images": pl.Float64,
    "bits_entities": pl.Float64,
}
AGREEMENT = {
    "ring_id": pl.String,
    "trace": pl.String,
    "kind": pl.String,
    "members": pl.Int64,
    "bits": pl.Float64,
    "proposed": pl.Boolean,
}
CONDITIONS = {
    "ring_id": pl.String,
    "kind": pl.String,
    "name": pl.String,
    "value": pl.String,
    "carriers": pl.Int64,
    "bits": pl.Float64,
    "score": pl.Float64,
    "q_value": pl.Float64,
    "decisive": pl.Boolean,
}
NULL = {"permutation": pl.Int64, "size": pl.Int64, "score": pl.Float64}
TABLES = ("rings", "members", "links", "agreement", "conditions", "audit", "null")
BITS = ("bits_transactions", "bits_notes", "bits_id_images", "bits_entities")


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """All rings found, flagged or not, most significant first (adjusted_score, then score)."""

    rings: pl.DataFrame
    """Columns of `RINGS`. `score` is the surprise in bits, `adjusted_score` what is left of it beyond the best innocent
    explanation; `q_value` and `adjusted_q_value` are their rates. `null` names what it is too surprising for
    (`nulls.Null`), `proposer` the source that chose the members, or `together`, and `isolation_score` is minus
    log2 of the share of honest communities that stand as far apart from strangers in it, 0 where that is not judged.
    `explanation` is the innocent column without which the ring would be flagged, `held` the protected one that explains
    a flag."""
    members: pl.DataFrame
    """Columns of `MEMBERS`; a customer is in at most one ring."""
    links: pl.DataFrame
    """Columns of `LINKS`: the links inside each ring; customer_a < customer_b; bits >= 0, 0 where absent."""
    agreement: pl.DataFrame
    """Columns of `AGREEMENT`: bits of each ring in each trace; those not `proposed` corroborate, and add up."""
    conditions: pl.DataFrame
    """Columns of `CONDITIONS`: bits of corroboration and isolation, score and q-value of each ring within reach, given
    an innocent or protected column (`value` is the commonest among `carriers` members), without a trace, or with only
    the fewest traces that suffice; `decisive` where it would then not be flagged."""
    audit: pl.DataFrame
    """Columns of `rings.audit.AUDIT`: how often each protected group is flagged, against all others."""
    null: pl.DataFrame
    """Columns of `NULL`: score of every ring found in every permutation that judges."""
    summary: dict[str, Any]
    """Counts, the rate asked, expected false flags, versions, seeds, content hashes of data and model."""

    def members_of(self, ring_id: str) -> list[str]:
        """Customer ids of one ring, sorted."""
        return sorted(self.members.filter(pl.col("ring_id") == ring_id)["customer_id"].to_list())

    def graph(self, ring_id: str) -> "nx.Graph[str]":
        """One ring as a networkx graph: nodes are customer ids, edges carry `bits` and the bits by modality.

        Raises:
            DataError: if there is no such ring.
        """
        members = self.members_of(ring_id)
        if not members:
            raise DataError(f"no ring {ring_id!r}", remedy="take a ring_id from rings.csv")
        graph: nx.Graph[str] = nx.Graph(ring_id=ring_id)
        graph.add_nodes_from(members)
        for link in self.links.filter(pl.col("ring_id") == ring_id).iter_rows(named=True):
            bits = {name: float(link[name]) for name in BITS}
            graph.add_edge(link["customer_a"], link["customer_b"], bits=sum(bits.values()), **bits)
        return graph

    def write(self, folder: Path) -> None:
        """Write rings, members and links as CSV and Parquet, the null as Parquet, and summary.json.

        Each file is written atomically; summary.json comes last, so a folder that has it is whole.
        """
        (folder / "summary.json").unlink(missing_ok=True)
        for name in TABLES:
            table: pl.DataFrame = getattr(self, name)
            with write_atomically(folder / f"{name}.parquet") as partial:
                table.write_parquet(partial)
            if name != "null":
                with write_atomically(folder / f"{name}.csv") as partial:
                    table.write_csv(partial, float_precision=6)
        with write_atomically(folder / "summary.json") as partial:
            partial.write_text(json.dumps(self.summary, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Results":
        """Read what `write` wrote.

        Raises:
            DataError: if the folder holds no finished detection.
        """
        summary = folder / "summary.json"
        if not summary.is_file():
            raise DataError(
                "no finished detection here (summary.json is missing)",
                where=str(folder),
                remedy="run `ringsight run bank.path=FOLDER out=FOLDER` to its end",
            )
        tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}
        return cls(**tables, summary=json.loads(summary.read_text(encoding="utf-8")))
