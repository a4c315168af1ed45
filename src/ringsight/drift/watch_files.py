"""The files of a watched night: page, JSON, metrics and tables."""

from pathlib import Path

from ringsight.drift.metrics import metrics
from ringsight.drift.watch_page import write_watch_page
from ringsight.drift.watched import Watched
from ringsight.records.writing import write_atomically
from ringsight.runs.files import write_json, write_table

PAGE, JSON, METRICS, SHIFTS, COLUMNS, PAIRS = (
    "watch.html",
    "watch.json",
    "watch.prom",
    "shifts.csv",
    "columns.csv",
    "pairs_to_teach.csv",
)


def write_watched(watched: Watched, folder: Path) -> None:
    """Write a watched night into a folder; what an earlier one proposed goes where nothing is proposed now.

    `pairs_to_teach.csv` alone names customers.
    """
    write_watch_page(watched, folder / PAGE)
    write_json(folder / JSON, watched.content())
    with write_atomically(folder / METRICS) as partial:
        partial.write_text(metrics(watched), encoding="utf-8", newline="\n")
    write_table(folder / SHIFTS, watched.shifts, 6)
    write_table(folder / COLUMNS, watched.columns, 6)
    if len(watched.pairs):
        write_table(folder / PAIRS, watched.pairs, 6)
    else:
        (folder / PAIRS).unlink(missing_ok=True)
