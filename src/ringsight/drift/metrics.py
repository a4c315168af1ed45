"""A watched night as Prometheus metrics, for the node exporter's textfile collector.

Every figure is a gauge of the last night watched.
"""

from collections.abc import Iterator, Mapping

from ringsight.drift.watched import Watched, WatchPart
from ringsight.metrics_text import head, labelled

Sample = tuple[Mapping[str, str], float | None]


def metrics(watched: Watched) -> str:
    """The night as metrics; figures that are not known are left out, as nothing is not a value."""
    lines: list[str] = []
    for name, meaning, samples in _families(watched):
        told = [(labels, value) for labels, value in samples if value is not None]
        if told:
            full = f"ringsight_watch_{name}"
            lines += head(full, "gauge", meaning)
            lines += [f"{labelled(full, labels)} {float(value)!r}" for labels, value in told]
    return "\n".join(lines) + "\n"


def _families(watched: Watched) -> Iterator[tuple[str, str, list[Sample]]]:
    parts = [reason.part for reason in watched.reasons]
    yield "unusual", "Whether the night is unusual.", [({}, float(watched.unusual))]
    yield (
        "reasons",
        "What makes the night unusual, by part.",
        [({"part": part.value}, float(parts.count(part))) for part in WatchPart],
    )
    yield "refused", "Things that could not be compared.", [({}, float(len(watched.refused)))]
    counts = watched.customers
    yield (
        "customers",
        "Customers of both nights.",
        [({"who": who}, float(getattr(counts, who))) for who in ("reference", "tonight", "stayed", "came", "left")],
    )
    volumes = list(watched.volumes.iter_rows(named=True))
    yield (
        "rows",
        "Rows of each table.",
        [
            ({"table": row["table"], "night": night}, row[night])
            for row in volumes
            for night in ("reference", "tonight")
        ],
    )
    yield (
        "missing_share",
        "Share of a column that is missing tonight.",
        [
            ({"table": row["table"], "column": row["column"]}, row["missing_tonight"])
            for row in watched.columns.iter_rows(named=True)
        ],
    )
    shifts = list(watched.shifts.iter_rows(named=True))
    about = [{key: row[key] for key in ("group", "table", "name", "what")} for row in shifts]
    for name, meaning, column in (
        ("shift", "How far a column or a space has moved, beyond chance.", "effect"),
        ("shift_p_value", "Adjusted p-value of the move.", "adjusted_p_value"),
        ("shift_alarm", "Whether the move is an alarm.", "alarm"),
    ):
        yield name, meaning, [(labels, row[column]) for labels, row in zip(about, shifts, strict=True)]
    figures = list(watched.churn.figures.iter_rows(named=True))
    yield (
        "rings",
        "Figures of rings and flags.",
        [
            ({"figure": row["figure"], "night": night}, row[night])
            for row in figures
            for night in ("reference", "tonight")
        ],
    )
    yield (
        "ring_events",
        "What became of rings since the reference.",
        [({"event": row["event"]}, row["rings"]) for row in watched.churn.events.iter_rows(named=True)],
    )
    yield (
        "alignment",
        "How far segments show in a space, from 0 as by chance to 1.",
        [({"space": row["space"]}, row["lift"]) for row in watched.alignment.iter_rows(named=True)],
    )
