"""What is tracked, as CSV, JSON, YAML and Markdown in the run's folder: the same that MLflow is handed."""

from pathlib import Path

import polars as pl

from ringsight.records.writing import write_folder_atomically
from ringsight.runs.files import write_json, write_table
from ringsight.runs.settings import write_settings
from ringsight.tracking.model_card import model_card
from ringsight.tracking.tracked_run import TrackedRun

SETTINGS, FIGURES, CURVES, FACTS, CARD = ("settings.yaml", "figures.csv", "curves.csv", "tracked.json", "model_card.md")


def write_tracked(tracked: TrackedRun, folder: Path) -> None:
    """Write it, whole or not at all; what was tracked before goes.

    Args:
        tracked: to write.
        folder: gets `tracked.json`, `settings.yaml`, `figures.csv`, `curves.csv`, `model_card.md` and `cards/PART.md`.
    """
    figures = pl.DataFrame({"name": list(tracked.measures), "value": list(tracked.measures.values())}, strict=False)
    with write_folder_atomically(folder) as partial:
        write_json(partial / FACTS, facts_of(tracked), sort_keys=True)
        write_settings(partial / SETTINGS, tracked.settings)
        write_table(partial / FIGURES, figures)
        write_table(partial / CURVES, tracked.curves)
        (partial / CARD).write_text(model_card(tracked), encoding="utf-8", newline="\n")
        (partial / "cards").mkdir()
        for part, card in tracked.cards.items():
            (partial / "cards" / f"{part}.md").write_text(card, encoding="utf-8", newline="\n")


def facts_of(tracked: TrackedRun) -> dict[str, object]:
    """What a run was made of, without settings, curves and cards."""
    return {
        "run": tracked.run,
        "digest": tracked.digest,
        "commit": tracked.commit,
        "versions": dict(tracked.versions),
        "data_hash": tracked.data_hash,
        "model_hash": tracked.model_hash,
        "part_hashes": dict(tracked.part_hashes),
        "promotion": str(tracked.promotion),
        "seed": tracked.seed,
        "measures": dict(tracked.measures),
    }
