"""From results, records and embeddings to one HTML file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ringsight.records.bank import Bank, Modality, Role
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.writing import write_atomically
from ringsight.review.report.evidence import Bar, evidence_bars
from ringsight.review.report.linkgraph import LinkGraph, link_graph
from ringsight.review.report.members import Member, Records, SharedValue, members, records_of, shared_values
from ringsight.review.report.nullchart import null_chart
from ringsight.review.report.palette import PAINTS
from ringsight.review.report.spacemap import space_map
from ringsight.rings.results import Results

MEMBERS_SHOWN = 30
"""Members of a ring in its drawing and its table, the best linked first."""
MEMBERS_IN_FULL = 12
"""Members of a ring with images and notes."""
UNFLAGGED_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Ring:
    """A row of the list of rings."""

    number: int
    ring_id: str
    size: int
    score: float
    p_value: float
    q_value: float
    null: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class Case:
    """A flagged ring and everything shown of it."""

    ring: Ring
    graph: LinkGraph
    columns: tuple[str, ...]
    """Evidence columns in which members share a value."""
    shared: tuple[SharedValue, ...]
    members: tuple[Member, ...]
    in_full: int


def write_report(results: Results, bank: Bank, embeddings: Mapping[str, Embeddings], path: Path) -> None:
    """Write the report of a detection as one self-contained HTML file, the same bytes for the same input.

    ID images and notes of the members of flagged rings lie in the file, folded away. Protected columns do not.

    Args:
        results: the detection.
        bank: the records that were searched.
        embeddings: by space; `joint` draws the map, which is left out without it.
        path: the HTML file, replaced atomically.

    Raises:
        DataError: if a member of a flagged ring is not in the bank.
    """
    bars = evidence_bars(results)
    rings = [
        Ring(number=number, bar=bars[row["ring_id"]], **{name: row[name] for name in Ring.__slots__[1:-1]})
        for number, row in enumerate(results.rings.iter_rows(named=True), start=1)
    ]
    flags = dict(zip(results.rings["ring_id"], results.rings["flagged"], strict=True))
    flagged = [ring for ring in rings if flags[ring.ring_id]]
    records = records_of(bank, [customer for ring in flagged for customer in results.members_of(ring.ring_id)])
    page = _environment().get_template("page.html.j2")
    html = page.render(
        bank=bank.path.resolve().name,
        summary=results.summary,
        expected=_expected(results.summary["expected_false_flags"]),
        figures=_figures(results, bank, embeddings),
        paints=PAINTS,
        flagged=flagged,
        unflagged=[ring for ring in rings if not flags[ring.ring_id]][:UNFLAGGED_SHOWN],
        longest_bar=max((ring.bar.total for ring in rings), default=0.0) or 1.0,
        null_chart=null_chart(results),
        worlds=results.null["permutation"].n_unique(),
        space_map=space_map(results, embeddings[JOINT]) if JOINT in embeddings else None,
        joint_customers=len(embeddings[JOINT].customer_ids) if JOINT in embeddings else 0,
        cases=[_case(results, records, ring) for ring in flagged],
        provenance=list(_flat(results.summary)),
    )
    with write_atomically(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ringsight.review.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"chance": _chance, "percent": _percent}
    return environment


def _chance(value: float) -> str:
    """Write a p- or q-value so that a column of them lines up."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else "< 0.1%"


def _expected(false_flags: float) -> str:
    """How many flags are expected to be coincidence, in words that fit `about … to be coincidence`."""
    return "fewer than one" if false_flags < 0.5 else f"about {false_flags:.0f}"


def _figures(results: Results, bank: Bank, embeddings: Mapping[str, Embeddings]) -> list[tuple[str, str]]:
    flagged = results.rings.filter("flagged")
    coverage = [
        (f"with {words}", f"{len(embeddings[modality].customer_ids):,}")
        for modality, words in zip(Modality, ("transactions", "notes", "ID images"), strict=True)
        if modality in embeddings
    ]
    return [
        ("customers", f"{len(bank.customers):,}"),
        *coverage,
        ("rings weighed", f"{len(results.rings):,}"),
        ("rings flagged", f"{len(flagged):,}"),
        ("members of flags", f"{int(flagged['size'].sum()):,}"),
    ]


def _case(results: Results, records: Records, ring: Ring) -> Case:
    graph = results.graph(ring.ring_id)
    strength = dict(graph.degree(weight="bits"))
    everyone = results.members_of(ring.ring_id)
    shown = sorted(everyone, key=lambda customer: (-round(strength[customer], 6), customer))[:MEMBERS_SHOWN]
    shared = shared_values(records, everyone)
    columns = sorted({value.column for value in shared if value.role is Role.evidence})
    return Case(
        ring=ring,
        graph=link_graph(graph, shown),
        columns=tuple(columns),
        shared=tuple(shared),
        members=tuple(members(records, shown, columns, shared, MEMBERS_IN_FULL)),
        in_full=min(len(shown), MEMBERS_IN_FULL),
    )


def _flat(summary: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """The summary as rows, nested names joined by a dot."""
    rows: list[tuple[str, str]] = []
    for name, value in sorted(summary.items()):
        full = f"{above}.{name}" if above else name
        rows += _flat(value, full) if isinstance(value, Mapping) else [(full, str(value))]
    return rows
