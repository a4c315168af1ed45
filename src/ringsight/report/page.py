"""From results, records and embeddings to one HTML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ringsight.detection.results import Results
from ringsight.explain.ledger import Ledger
from ringsight.explain.statements import bits, spoken
from ringsight.records.bank import Bank
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.writing import write_atomically
from ringsight.report.members import records_of
from ringsight.report.nullchart import null_chart
from ringsight.report.palette import COLOURS, PAINTS
from ringsight.report.ring_sections import account, case, rings_of
from ringsight.report.spacemap import space_map
from ringsight.report.waterfall import cut_score

UNFLAGGED_SHOWN = 10


def write_report(
    results: Results,
    bank: Bank,
    embeddings: Mapping[str, Embeddings],
    path: Path,
    ledgers: Mapping[str, Ledger],
) -> None:
    """Write the report of a detection as one self-contained HTML file, the same bytes for the same input.

    ID images and notes of the members of flagged and held rings lie in the file, folded away. Protected columns do
    not, but for their names.

    Args:
        results: the detection.
        bank: the records that were searched.
        embeddings: by space; `joint` draws the map, which is left out without it.
        path: the HTML file, replaced atomically.
        ledgers: those of `write_ledgers`: of every flagged, held or explained ring.

    Raises:
        DataError: if a member of a flagged or held ring is not in the bank.
    """
    rings = rings_of(results)
    flagged = [ring for ring in rings if ring.flagged]
    held = [ring for ring in rings if ring.held and not ring.flagged]
    explained = [ring for ring in rings if ring.explanation]
    others = [ring for ring in rings if not (ring.flagged or ring.held or ring.explanation)]
    cases = [*flagged, *held]
    records = records_of(bank, [customer for ring in cases for customer in results.members_of(ring.ring_id)])
    cut = cut_score(results)
    accounts = {ring.ring_id: account(ring, ledgers[ring.ring_id], cut) for ring in [*cases, *explained]}
    page = _environment().get_template("page.html.j2")
    html = page.render(
        bank=bank.path.resolve().name,
        summary=results.summary,
        expected=_expected(results.summary["expected_false_flags"]),
        figures=_figures(results, bank, embeddings),
        paints=PAINTS,
        colours=COLOURS,
        flagged=flagged,
        held=held,
        unflagged=others[:UNFLAGGED_SHOWN],
        longest_bar=max((ring.bar.total for ring in rings), default=0.0) or 1.0,
        null_chart=null_chart(results),
        worlds=results.null["permutation"].n_unique(),
        space_map=space_map(results, embeddings[JOINT]) if JOINT in embeddings else None,
        joint_customers=len(embeddings[JOINT].customer_ids) if JOINT in embeddings else 0,
        cases=[case(results, records, accounts[ring.ring_id]) for ring in cases],
        explained=[accounts[ring.ring_id] for ring in explained],
        provenance=list(_flat(results.summary)),
    )
    with write_atomically(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ringsight.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"bits": bits, "chance": _chance, "percent": _percent, "signed": _signed, "spoken": spoken}
    return environment


def _chance(value: float) -> str:
    """Write a p- or q-value so that a column of them lines up."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else "< 0.1%"


def _signed(figure: float) -> str:
    return bits(figure) if figure < 0 else f"+{bits(figure)}"


def _expected(false_flags: float) -> str:
    """How many flags are expected to be coincidence, in words that fit `about … to be coincidence`."""
    return "fewer than one" if false_flags < 0.5 else f"about {false_flags:.0f}"


def _figures(results: Results, bank: Bank, embeddings: Mapping[str, Embeddings]) -> list[tuple[str, str]]:
    flagged = results.rings.filter("flagged")
    coverage = [
        (f"with {words}", f"{len(embeddings[modality].customer_ids):,}")
        for modality, words in (("transactions", "transactions"), ("notes", "notes"), ("id_images", "ID images"))
        if modality in embeddings
    ]
    return [
        ("customers", f"{len(bank.customers):,}"),
        *coverage,
        ("rings weighed", f"{len(results.rings):,}"),
        ("rings flagged", f"{len(flagged):,}"),
        ("explained, innocent", f"{int((results.rings['explanation'] != '').sum()):,}"),
    ]


def _flat(summary: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """The summary as rows, nested names joined by a dot."""
    rows: list[tuple[str, str]] = []
    for name, value in sorted(summary.items()):
        full = f"{above}.{name}" if above else name
        rows += _flat(value, full) if isinstance(value, Mapping) else [(full, str(value))]
    return rows
