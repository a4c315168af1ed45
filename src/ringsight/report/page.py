"""The report: one HTML file made of results, records, embeddings and ledgers."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ringsight.detection.results import Results
from ringsight.explain.assurance import assurance_of
from ringsight.explain.ledger import Ledger
from ringsight.explain.words import bits, percent, signed, spoken
from ringsight.records.bank import Bank
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.writing import write_atomically
from ringsight.report.calibration import calibration_chart
from ringsight.report.members import records_of
from ringsight.report.nullchart import null_chart
from ringsight.report.other_lists import LISTED, communities, pairs
from ringsight.report.palette import COLOURS, NEUTRAL, PAINTS, Paint, paints_with
from ringsight.report.ring_sections import ring_lines, ring_section, score_account
from ringsight.report.spacemap import space_map
from ringsight.report.waterfall import cut_score

SHOWN_IN_FULL = 20
"""Rings of the list, the best, that are shown case by case; each takes about 100 KB."""
EXPLAINED_SHOWN = 20
UNFLAGGED_SHOWN = 10


def write_report(
    results: Results,
    bank: Bank,
    embeddings: Mapping[str, Embeddings],
    path: Path,
    ledgers: Mapping[str, Ledger],
) -> None:
    """Write the report of a detection as one self-contained HTML file, the same bytes for the same input.

    ID images and notes of the members of the rings that are shown case by case are in the file, folded away. Of
    protected columns only the names are. However long the list is, the file stays within about 3 MB: of what is left
    out it says how much there is, and where.

    Args:
        results: the detection.
        bank: the records that were searched.
        embeddings: by space; the map is drawn from `joint`, and left out without it.
        path: the HTML file, replaced atomically.
        ledgers: of every flagged, held or explained ring.

    Raises:
        DataError: if a member of a flagged or held ring is not in the bank.
    """
    lines = ring_lines(results)
    flagged = [line for line in lines if line.ring.flagged]
    held = [line for line in lines if line.ring.held and not line.ring.flagged]
    explained = [line for line in lines if line.ring.explanation]
    others = [line for line in lines if not (line.ring.flagged or line.ring.held or line.ring.explanation)]
    cut = cut_score(results)
    in_full = [*flagged, *held][:SHOWN_IN_FULL]
    looked_at = [score_account(line, ledgers[line.ring.ring_id], cut) for line in in_full]
    records = records_of(bank, {customer for account in looked_at for customer in account.ledger.members})
    page = _environment().get_template("page.html.j2")
    html = page.render(
        bank=bank.path.resolve().name,
        assurance=assurance_of(results.summary),
        figures=_figures(results, bank, embeddings),
        paints=(*PAINTS, NEUTRAL),
        legend=paints_with(results.modalities().values()),
        colours=COLOURS,
        flagged=flagged,
        held=held,
        unflagged=others[:UNFLAGGED_SHOWN],
        longest_bar=max((line.bar.total for line in lines), default=0.0) or 1.0,
        calibration=calibration_chart(results.calibration),
        null_chart=null_chart(results),
        worlds=results.null["world"].n_unique(),
        space_map=space_map(results, embeddings[JOINT]) if JOINT in embeddings else None,
        joint_customers=len(embeddings[JOINT].customer_ids) if JOINT in embeddings else 0,
        sections=[ring_section(results, records, account) for account in looked_at],
        communities=communities(results),
        pairs=pairs(results),
        explained=[score_account(line, ledgers[line.ring.ring_id], cut) for line in explained[:EXPLAINED_SHOWN]],
        all_explained=len(explained),
        listed=LISTED,
        provenance=list(_flat(results.summary)),
    )
    with write_atomically(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ringsight.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"bits": bits, "chance": _chance, "percent": percent, "signed": signed, "spoken": spoken}
    return environment


def _chance(value: float | None) -> str:
    """Write a p- or q-value so that a column of them lines up; a dash where there is none."""
    if value is None:
        return "–"
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _figures(results: Results, bank: Bank, embeddings: Mapping[str, Embeddings]) -> list[tuple[str, str]]:
    flagged = results.rings.filter("flagged")
    return [
        ("customers", f"{len(bank.customers):,}"),
        *((f"with {paint.label}", f"{customers:,}") for paint, customers in _coverage(embeddings)),
        ("rings weighed", f"{len(results.rings):,}"),
        ("rings flagged" if results.summary["rate_stated"] else "rings ranked", f"{len(flagged):,}"),
        ("explained, innocent", f"{int((results.rings['explanation'] != '').sum()):,}"),
    ]


def _coverage(embeddings: Mapping[str, Embeddings]) -> list[tuple[Paint, int]]:
    """How many customers have each modality, in the order of the paints."""
    owners: dict[str, set[str]] = defaultdict(set)
    for space, each in embeddings.items():
        if space != JOINT:
            owners[each.modality].update(each.customer_ids.tolist())
    return [(paint, len(owners[paint.modality])) for paint in paints_with(owners) if paint.modality in owners]


def _flat(summary: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """The summary as rows, nested names joined by a dot."""
    rows: list[tuple[str, str]] = []
    for name, value in sorted(summary.items()):
        full = f"{above}.{name}" if above else name
        rows += _flat(value, full) if isinstance(value, Mapping) else [(full, str(value))]
    return rows
