"""What a run takes over from the last one: its lineage, its model, and what was decided since.

Decisions weigh the evidence; they do not teach the joint space, which learns the pairs by heart and nothing of others.
"""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ringsight.cases.decided_pairs import PAIRS
from ringsight.cases.users import EXPORTER
from ringsight.detection.lineage import Lineage
from ringsight.errors import ModelError, SettingsError
from ringsight.pipeline.settings import RunConfig, is_asked
from ringsight.progress import say
from ringsight.records.decisions import read_decisions
from ringsight.runs.erasure import ERASED
from ringsight.runs.manifest import require_finished
from ringsight.runs.run import Run

if TYPE_CHECKING:
    from ringsight.cases.casebook import CaseBook

CARRIED = "carried"
"""`source` of a decision that the last run knew already."""


def lineage_before(previous: Path | None, out: Path) -> Lineage:
    """The lineage that a run into `out` continues, if a run before is named.

    Raises:
        SettingsError: if the run before is the one that `out` is to hold: should this one fail, its ids were lost.
        DataError: if the run before is not finished.
    """
    if previous is None:
        return Lineage.beginning()
    _refuse_same("previous", previous, out)
    return Run(previous).lineage


def continued(settings: RunConfig, out: Path, asked: Collection[str] = ()) -> tuple[RunConfig, pl.DataFrame | None]:
    """Complete the settings of a run by what it takes over from `settings.after`.

    Args:
        settings: of the run; what is named in them is left as it is.
        out: folder of the run.
        asked: keys of settings that were asked for, though they may be as by default.

    Returns:
        The settings, and the decided pairs to write where they say `decisions.csv`; None where nothing was decided, or
        other decisions are named.

    Raises:
        SettingsError: if the last run is the one that `out` is to hold.
        DataError: if the last run is not finished, or its decisions cannot be read.
        ModelError: if its model is not there any more.
    """
    if settings.after is None:
        _refuse_unread(settings.database)
        return settings, None
    _refuse_same("after", settings.after, out)
    last, run = Run(settings.after), Run(out)
    require_finished(last.paths, former=True)
    free = _not_named(settings, asked)
    if "previous" in free:
        settings = replace(settings, previous=last.folder)
    if "model" in free:
        settings = replace(settings, model=_model_of(last))
    decisions = decisions_of(last, settings.database) if "detect.decisions" in free else None
    if decisions is None or decisions.is_empty():
        return settings, None
    say(f"{decisions.height:,} decided pairs are taken over from {last.folder}")
    return replace(settings, detect=replace(settings.detect, decisions=run.paths.decisions)), decisions


def _not_named(settings: RunConfig, asked: Collection[str]) -> set[str]:
    """Keys of what can be taken over and is not named."""
    told = {
        "previous": settings.previous,
        "model": settings.model,
        "detect.decisions": settings.detect.decisions,
    }
    return {key for key, value in told.items() if value is None and not is_asked(key, asked)}


def decisions_of(last: Run, database: str = "") -> pl.DataFrame:
    """Decided pairs of a run: what its case book says now, and what the run knew before of other pairs.

    Args:
        last: the run.
        database: of its case book; by default `cases.db` inside it, if there is one.

    Returns:
        Columns of `cases.decided_pairs.PAIRS`. Pairs that contradict others in the case book are left out, and erased
        customers are.

    Raises:
        DataError: if a file of decisions cannot be read.
        BookError: if the case book cannot be opened.
    """
    decided, settled = pl.DataFrame(schema=PAIRS), pl.DataFrame(schema=PAIRS)
    if database or last.paths.cases.is_file():
        with _case_book(last, database) as book:
            decided = book.export_decisions(EXPORTER)
            settled = pl.concat([decided, book.contradictions().select(list(PAIRS))])
    if not last.paths.decided.is_file():
        return decided
    ends = ["customer_a", "customer_b"]
    known = read_decisions(last.paths.decided).join(settled, on=ends, how="anti")
    known = known.filter(~pl.any_horizontal(pl.col(ends).str.starts_with(ERASED)))
    told = {"decided_at": pl.lit(None, pl.String), "source": pl.lit(CARRIED), "case_id": pl.lit("")}
    return pl.concat([decided, known.with_columns(**told).select(list(PAIRS))])


def _case_book(last: Run, database: str) -> "CaseBook":
    try:
        from ringsight.cases.casebook import casebook_of, open_casebook
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"the case book of the last run cannot be opened: {error.name} is not installed",
            where=database or str(last.paths.cases),
            remedy="pip install 'ringsight[review]', or name the decisions by detect.decisions=FILE",
        ) from error
    return open_casebook(casebook_of(last.folder, database), new=False)


def _model_of(last: Run) -> Path:
    if not last.model.is_dir():
        raise ModelError(
            "the model of the last run is not there any more",
            where=str(last.model),
            remedy="name one by model=FOLDER; parts that it lacks are trained",
        )
    return last.model


def _refuse_unread(database: str) -> None:
    if database:
        raise SettingsError(
            f"database={database} is the case book of the last run, and no last run is named",
            remedy="name it as well: after=FOLDER",
        )


def _refuse_same(setting: str, last: Path, out: Path) -> None:
    if last.resolve() == out.resolve():
        raise SettingsError(
            f"{setting} and out are the same folder ({out}), so a run that fails would take the ids of its rings along",
            remedy=f"give every run a folder of its own, and name the last one that was finished as {setting}",
        )
