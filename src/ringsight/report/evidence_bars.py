"""Evidence by modality as stacked bars, in bits per member."""

from dataclasses import dataclass

import polars as pl

from ringsight.detection.results import BITS, Results
from ringsight.report.palette import PAINTS, Paint


@dataclass(frozen=True, slots=True)
class Segment:
    """One kind of evidence in a bar; `start` and `length` in bits per member."""

    paint: Paint
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class EvidenceBar:
    """A ring's evidence, stacked in the order of `PAINTS`; kinds that contribute nothing are left out."""

    segments: tuple[Segment, ...]

    @property
    def total(self) -> float:
        """Bits per member, all kinds together."""
        return sum(segment.length for segment in self.segments)

    @property
    def spoken(self) -> str:
        """The bar in words, for those who do not see it."""
        return ", ".join(f"{s.paint.label} {s.length:.1f}" for s in self.segments) or "no link inside the ring"


def evidence_bars(results: Results) -> dict[str, EvidenceBar]:
    """Every ring's bar: the bits of its links, summed by kind and divided by its size."""
    sums = results.links.group_by("ring_id").agg(pl.col(BITS).sum())
    table = results.rings.select("ring_id", "size").join(sums, on="ring_id", how="left").fill_null(0.0)
    return {row["ring_id"]: _bar(row) for row in table.iter_rows(named=True)}


def _bar(row: dict[str, float]) -> EvidenceBar:
    segments = []
    start = 0.0
    for paint in PAINTS:
        length = row[paint.column] / row["size"]
        if length > 0:
            segments.append(Segment(paint, start, length))
            start += length
    return EvidenceBar(tuple(segments))
