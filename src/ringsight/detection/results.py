"""What a detection leaves behind: rings, members, links and the null they were judged by, as tables.

A run keeps them as files (`runs.run.Run`): the interface to everything downstream (evaluation, report, review).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import networkx as nx
import polars as pl

from ringsight.detection.html_table import html_table
from ringsight.errors import DataError

RINGS = {
    "ring_id": pl.String,
    "size": pl.Int64,
    "score": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "adjusted_score": pl.Float64,
    "adjusted_q_value": pl.Float64,
    "flagged": pl.Boolean,
    "basis": pl.String,
    "proposer": pl.String,
    "inside_score": pl.Float64,
    "explanation": pl.String,
    "held": pl.String,
}
MEMBERS = {
    "ring_id": pl.String,
    "customer_id": pl.String,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "fit": pl.String,
}
PERHAPS = {"ring_id": pl.String, "customer_id": pl.String, "p_value": pl.Float64}
LINKS = {
    "ring_id": pl.String,
    "customer_a": pl.String,
    "customer_b": pl.String,
    "source": pl.String,
    "bits": pl.Float64,
}
AGREEMENT = {
    "ring_id": pl.String,
    "source": pl.String,
    "kind": pl.String,
    "modality": pl.String,
    "members": pl.Int64,
    "bits": pl.Float64,
    "role": pl.String,
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
COMMUNITIES = {
    "community_id": pl.String,
    "size": pl.Int64,
    "score": pl.Float64,
    "adjusted_score": pl.Float64,
    "proposer": pl.String,
}
COMMUNITY_MEMBERS = {"community_id": pl.String, "customer_id": pl.String}
PAIRS = {"customer_a": pl.String, "customer_b": pl.String, "bits": pl.Float64, "q_value": pl.Float64}
NULL = {"world": pl.Int64, "size": pl.Int64, "score": pl.Float64}
CALIBRATION = {"quantile": pl.Float64, "observed": pl.Float64, "chance": pl.Float64, "spread": pl.Float64}
FAIRNESS = {
    "column": pl.String,
    "value": pl.String,
    "customers": pl.Int64,
    "flagged": pl.Int64,
    "share": pl.Float64,
    "ratio": pl.Float64,
    "ratio_low": pl.Float64,
    "ratio_high": pl.Float64,
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "rings": RINGS,
    "members": MEMBERS,
    "perhaps": PERHAPS,
    "links": LINKS,
    "agreement": AGREEMENT,
    "conditions": CONDITIONS,
    "communities": COMMUNITIES,
    "community_members": COMMUNITY_MEMBERS,
    "pairs": PAIRS,
    "fairness": FAIRNESS,
    "null": NULL,
    "calibration": CALIBRATION,
}
"""The columns of every table of `Results`, by its name."""


class Fit(StrEnum):
    """How surely a member belongs to a ring."""

    fits = "fits"
    leave_out = "leave out?"
    """The q-value is above 0.05."""
    doubtful = "doubtful"
    """A stranger would fit as well with a chance of more than 0.2."""


class Basis(StrEnum):
    """What makes a ring too surprising for chance."""

    across = "across"
    """Agreement across modalities, or in entity columns."""
    inside = "inside"
    """Agreement inside one modality: the ring lives on that modality alone."""
    both = "both"


class SourceRole(StrEnum):
    """What a source has to do with a ring."""

    proposed = "proposed"
    """It chose the members, and does not count."""
    across = "across"
    """It corroborates across modalities; such bits add up."""
    inside = "inside"
    """It belongs to the modality that chose the members; the score inside the modality rests on such sources."""
    uncounted = "uncounted"
    """It belongs to the modality that chose the members, and that modality's own spaces are no evidence of one hand."""


class SourceKind(StrEnum):
    """What a source of evidence is."""

    space = "space"
    """The embeddings of a modality, or of a part of it."""
    entity = "entity"
    """A customer column whose values are shared exactly."""
    transfers = "transfers"
    """Money that customers send each other."""


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """All rings found, flagged or not, most significant first (by adjusted_q_value, then adjusted_score)."""

    rings: pl.DataFrame
    """Columns of `RINGS`. `score` says how rarely chance shows such a ring, in bits, `adjusted_score` what is left of
    it beyond the best innocent explanation; `q_value` and `adjusted_q_value` are their rates, empty where no rate can
    be stated (`summary["rate_stated"]`). `basis` is a `Basis`, and `inside_score` the bits of agreement inside one
    modality. `proposer` names the spaces, or the entity column, that chose the members. `explanation` is the innocent
    column without which the ring would be flagged, `held` the protected one that explains a flag."""
    members: pl.DataFrame
    """Columns of `MEMBERS`; a customer is in at most one ring. How surely each belongs is told of flagged and held
    rings: the chance that a stranger would fit as well, its rate among all such members, and a word (`Fit`)."""
    perhaps: pl.DataFrame
    """Columns of `PERHAPS`: outsiders who fit a flagged or held ring, no members unless a person says so."""
    links: pl.DataFrame
    """Columns of `LINKS`: the links inside each ring, customer_a < customer_b, one row for each source that ties the
    two; bits > 0."""
    agreement: pl.DataFrame
    """Columns of `AGREEMENT`: bits of each ring in each source. `kind` is a `SourceKind`, `modality` the one that a
    space belongs to, empty for an entity, and `role` a `SourceRole`."""
    conditions: pl.DataFrame
    """Columns of `CONDITIONS`: bits, score and q-value that are left of each ring within reach, given an innocent or
    protected column (`value` is the commonest among `carriers` members), without a source, or with only the fewest
    sources that suffice; `decisive` where it would then not be flagged."""
    communities: pl.DataFrame
    """Columns of `COMMUNITIES`: groups that agree as a ring does, and are too large to be one."""
    community_members: pl.DataFrame
    """Columns of `COMMUNITY_MEMBERS`."""
    pairs: pl.DataFrame
    """Columns of `PAIRS`: two customers alike in all that is known, and alike nobody else: one person, or a couple."""
    fairness: pl.DataFrame
    """Columns of `FAIRNESS`: how often each protected group is flagged, against all others."""
    null: pl.DataFrame
    """Columns of `NULL`: score of every ring found in every chance world that judges."""
    calibration: pl.DataFrame
    """Columns of `CALIBRATION`: corroboration of ordinary candidates, in the bank and in chance worlds."""
    summary: dict[str, Any]
    """Counts, the rate asked, expected false flags, versions, seeds, content hashes of data and model."""

    def described(self) -> str:
        """How many rings, how many of them flagged, and at which rate, in a line."""
        told = f"{len(self.rings):,} rings, {int(self.rings['flagged'].sum()):,} flagged"
        if not self.summary.get("rate_stated", True):
            return f"{told}; no rate can be stated"
        return f"{told} at a false-discovery rate of {self.summary['fdr']}" if "fdr" in self.summary else told

    def __repr__(self) -> str:
        """The same as a value."""
        return f"Results({self.described()})"

    def _repr_html_(self) -> str:
        """The flagged rings as a table, for a notebook."""
        columns = ["ring_id", "size", "adjusted_score", "adjusted_q_value", "basis"]
        flagged = (
            self.rings.filter("flagged")
            .select(columns)
            .with_columns(pl.col("adjusted_score").round(1), pl.col("adjusted_q_value").round(4))
        )
        return html_table(self.described(), flagged)

    def members_of(self, ring_id: str) -> list[str]:
        """Customer ids of one ring, sorted."""
        return sorted(self.members.filter(pl.col("ring_id") == ring_id)["customer_id"].to_list())

    def modalities(self) -> dict[str, str]:
        """The modality of every source, empty for an entity column.

        Raises:
            DataError: if a link names a source that is missing in the table of agreement.
        """
        known = dict(self.agreement.select("source", "modality").unique().sort("source").iter_rows())
        unknown = sorted(set(self.links["source"]) - known.keys())
        if unknown:
            raise DataError(
                f"links name the source {unknown[0]!r}, of which there is no agreement",
                remedy="take links and agreement from one detection",
            )
        return known

    def links_by_modality(self) -> pl.DataFrame:
        """The links with the bits of each modality, and those of all entity columns added up under "".

        The spaces of a modality see the same records, so it counts by the space that ties a pair most closely.

        Returns:
            Columns ring_id, customer_a, customer_b, modality, bits.

        Raises:
            DataError: as `modalities`.
        """
        known = self.modalities()
        table = pl.DataFrame({"source": list(known), "modality": list(known.values())}, schema_overrides=AGREEMENT)
        pair = ("ring_id", "customer_a", "customer_b", "modality")
        bits = pl.when(pl.col("modality").first() == "").then(pl.col("bits").sum()).otherwise(pl.col("bits").max())
        return self.links.join(table, on="source").group_by(pair, maintain_order=True).agg(bits.alias("bits"))

    def graph(self, ring_id: str) -> "nx.Graph[str]":
        """One ring as a networkx graph.

        Nodes are customer ids. Edges carry `bits`, and the same bits `by_source`, a dict; formats without nested
        values, such as GraphML, need one attribute for each source instead: `tie.update(tie.pop("by_source"))`.

        Raises:
            DataError: if there is no such ring.
        """
        members = self.members_of(ring_id)
        if not members:
            raise DataError(f"no ring {ring_id!r}", remedy="take a ring_id from rings.csv")
        graph = self.graph_of(members)
        graph.graph["ring_id"] = ring_id
        return graph

    def graph_of(self, customer_ids: Sequence[str]) -> "nx.Graph[str]":
        """Some customers and the links among them, as `graph` has them."""
        both = pl.col("customer_a").is_in(customer_ids) & pl.col("customer_b").is_in(customer_ids)
        links = self.links.filter(both).sort("customer_a", "customer_b", "source")
        graph: nx.Graph[str] = nx.Graph()
        graph.add_nodes_from(customer_ids)
        for a, b, source, bits in links.select("customer_a", "customer_b", "source", "bits").iter_rows():
            if not graph.has_edge(a, b):
                graph.add_edge(a, b, bits=0.0, by_source={})
            graph.edges[a, b]["bits"] += bits
            graph.edges[a, b]["by_source"][source] = bits
        return graph


def require_columns(tables: Mapping[str, pl.DataFrame], where: str) -> None:
    """Refuse tables in the columns of an earlier version.

    Args:
        tables: of a run, by name.
        where: they were read, for the message.

    Raises:
        DataError: naming the table and the column that it lacks.
    """
    for name, schema in TABLES.items():
        lacking = sorted(schema.keys() - set(tables[name].columns))
        if lacking:
            raise DataError(
                f"{name}.parquet has no column {lacking[0]!r}: an earlier version wrote it",
                where=where,
                remedy="detect again: `ringsight detect bank.path=FOLDER out=FOLDER`",
            )
