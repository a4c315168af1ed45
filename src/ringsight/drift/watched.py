"""What watching a night leaves behind: tables, reasons, and whether the night is unusual."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import polars as pl

from ringsight.detection.html_table import html_table
from ringsight.drift.churn import Churn
from ringsight.drift.night_map import NightMap
from ringsight.drift.settings import WatchConfig

SHIFTS = {
    "group": pl.String,
    "table": pl.String,
    "name": pl.String,
    "what": pl.String,
    "customers": pl.Int64,
    "effect": pl.Float64,
    "p_value": pl.Float64,
    "adjusted_p_value": pl.Float64,
    "alarm": pl.Boolean,
}
"""`group` is a `ContrastGroup`, `table` that of a column, or `embeddings`, `name` the column or the space, `what` is
`values`, `missing` or `vectors`, `effect` is beyond chance and from 0 to 1; p-values are empty where nothing has
changed."""
EMBEDDINGS = "embeddings"


class WatchPart(StrEnum):
    """What makes a night unusual."""

    volume = "volume"
    records = "records"
    embeddings = "embeddings"
    flags = "flags"


@dataclass(frozen=True, slots=True)
class UnusualReason:
    """One thing that makes a night unusual."""

    part: WatchPart
    text: str


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    """How many customers there are."""

    reference: int
    tonight: int
    stayed: int
    came: int
    left: int


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A night held against a reference."""

    run: str
    """Folder of tonight's run."""
    reference: str
    """Folder of the reference."""
    customers: CustomerCounts
    changed: bool
    """Whether anything differs at all: records, models or rings."""
    reasons: tuple[UnusualReason, ...]
    """What makes the night unusual; none where it is as usual."""
    refused: tuple[str, ...]
    """What could not be compared, and why."""
    shifts: pl.DataFrame
    """Columns of `SHIFTS`: every test, the smallest adjusted p-value first."""
    volumes: pl.DataFrame
    """Columns of `columns.VOLUMES`."""
    columns: pl.DataFrame
    """Columns of `columns.COLUMNS`."""
    churn: Churn
    alignment: pl.DataFrame
    """Columns of `alignment.ALIGNMENT`: whether segments show in each space of tonight."""
    segments: pl.DataFrame
    """Columns of `alignment.BY_SEGMENT`, of the space on the map."""
    pairs: pl.DataFrame
    """Columns of `alignment.TAUGHT`: pairs that are proposed for teaching, where segments do not show."""
    map: NightMap | None
    """None where there is no such space, or nothing to draw."""
    config: WatchConfig

    @property
    def unusual(self) -> bool:
        """Whether a person should look before anything follows from the night."""
        return bool(self.reasons)

    def described(self) -> str:
        """What is to be said of the night, in a line."""
        if self.unusual:
            more = f", and {len(self.reasons) - 1} more" if len(self.reasons) > 1 else ""
            return f"unusual: {self.reasons[0].text}{more}"
        tested = self.shifts["p_value"].is_not_null().sum()
        return f"as usual: no alarm in {tested} tests" if self.changed else "nothing has changed since the reference"

    def __repr__(self) -> str:
        """The same as a value."""
        return f"Watched({self.described()})"

    def _repr_html_(self) -> str:
        """The shifts that stand out most, for a notebook."""
        shown = ["group", "table", "name", "what", "effect", "adjusted_p_value", "alarm"]
        rows = self.shifts.select(shown).head(10)
        return html_table(self.described(), rows.with_columns(pl.col(pl.Float64).round(4)))

    def content(self) -> dict[str, Any]:
        """Everything but the map and the proposed pairs, as plain values."""
        churn = self.churn
        return {
            "run": self.run,
            "reference": self.reference,
            "unusual": self.unusual,
            "changed": self.changed,
            "reasons": [{"part": reason.part.value, "text": reason.text} for reason in self.reasons],
            "refused": list(self.refused),
            "customers": asdict(self.customers),
            "shifts": self.shifts.to_dicts(),
            "volumes": self.volumes.to_dicts(),
            "columns": self.columns.to_dicts(),
            "rings": {
                "figures": churn.figures.to_dicts(),
                "events": churn.events.to_dicts(),
                "sizes": churn.sizes.to_dicts(),
                "flags_p_value": churn.flags_p_value,
                "sizes_p_value": churn.sizes_p_value,
                "flagged_gone": churn.flagged_gone,
            },
            "alignment": self.alignment.to_dicts(),
            "segments": self.segments.to_dicts(),
            "pairs_proposed": len(self.pairs),
            "maps": [asdict(trust) for trust in self.map.trust] if self.map else [],
            "settings": asdict(self.config),
        }
