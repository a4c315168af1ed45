"""Evidence by modality as stacked bars, in bits per member."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ringsight.detection.results import Results
from ringsight.report.palette import Paint, paints_with


@dataclass(frozen=True, slots=True)
class Segment:
    """The evidence of one modality in a bar; `start` and `length` in bits per member."""

    paint: Paint
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class EvidenceBar:
    """A ring's evidence, stacked in the order of the paints; a modality that contributes nothing is left out."""

    segments: tuple[Segment, ...]

    @property
    def total(self) -> float:
        """Bits per member, of all modalities."""
        return sum(segment.length for segment in self.segments)

    @property
    def spoken(self) -> str:
        """The bar in words, for those who do not see it."""
        return ", ".join(f"{s.paint.label} {s.length:.1f}" for s in self.segments) or "no link inside the ring"


def evidence_bars(results: Results) -> dict[str, EvidenceBar]:
    """Every ring's bar: the bits of its links, summed by modality and divided by its size."""
    bits: dict[str, dict[str, float]] = {ring_id: {} for ring_id in results.rings["ring_id"]}
    sums = results.links_by_modality().group_by("ring_id", "modality", maintain_order=True).agg(pl.col("bits").sum())
    for ring_id, modality, total in sums.iter_rows():
        bits[ring_id][modality] = total
    sizes = results.rings.select("ring_id", "size").iter_rows()
    return {ring_id: _bar(bits[ring_id], size) for ring_id, size in sizes}


def _bar(bits: Mapping[str, float], size: int) -> EvidenceBar:
    segments = []
    start = 0.0
    for paint in paints_with(bits):
        length = bits.get(paint.modality, 0.0) / size
        if length > 0:
            segments.append(Segment(paint, start, length))
            start += length
    return EvidenceBar(tuple(segments))
