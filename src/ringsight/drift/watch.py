"""Hold a night against a reference."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from ringsight.detection.lineage import RingEvent
from ringsight.drift.alignment import (
    ALIGNMENT,
    BY_SEGMENT,
    TAUGHT,
    alignment_row,
    by_segment,
    neighbourhoods,
    pairs_to_teach,
)
from ringsight.drift.churn import RATE, SAME, Churn, churn
from ringsight.drift.columns import VOLUMES, column_table, named_columns, volume_table
from ringsight.drift.contrast_groups import Who
from ringsight.drift.night import Night
from ringsight.drift.night_map import NightMap, labels_of, night_map
from ringsight.drift.profiles import columns_of
from ringsight.drift.settings import WatchConfig
from ringsight.drift.shifts import Columns, shifts, who_is_who
from ringsight.drift.watched import EMBEDDINGS, CustomerCounts, UnusualReason, Watched, WatchPart
from ringsight.errors import DataError, SettingsError
from ringsight.explain.words import count
from ringsight.progress import Callback, report_to, stage
from ringsight.records.bank import Bank, ColumnRole
from ringsight.runs.manifest import former_manifest
from ringsight.runs.run import Run

STAGES = 5


def watch(
    run: Run | Path | str,
    reference: Run | Path | str | None = None,
    config: WatchConfig | None = None,
    *,
    bank: Path | str | None = None,
    reference_bank: Path | str | None = None,
    progress: Callback | None = None,
) -> Watched:
    """Hold a night against a reference: records, embeddings, rings and flags, and whether segments show in the spaces.

    Args:
        run: tonight's, finished.
        reference: the run that it is held against; by default the one that it follows (`after`, `previous`).
        config: what is compared, and what makes a night unusual.
        bank: folder of tonight's bank, where it lies elsewhere now.
        reference_bank: folder of the reference's bank, where it lies elsewhere now.
        progress: is told of the work.

    Raises:
        DataError: if a run is not finished, no reference is known, or it is of another bank.
        SettingsError: if both are one run, or the segments' column cannot be used.
    """
    config = config or WatchConfig()
    with report_to(progress):
        with stage("read", "reading both nights"):
            tonight = Night.of(run, None if bank is None else Path(bank))
            before = Night.of(
                _reference(tonight.folder, reference), None if reference_bank is None else Path(reference_bank)
            )
        return held_against(tonight, before, config)


def _reference(run: Path, named: Run | Path | str | None) -> Path:
    folder = named.folder if isinstance(named, Run) else None if named is None else Path(named)
    if folder is None:
        manifest = former_manifest(Run(run).paths)
        if manifest is None or not manifest.previous:
            raise DataError(
                "the run follows no other, so there is nothing to hold it against",
                where=str(run),
                remedy="name the run of an earlier night: reference=FOLDER",
            )
        folder = run / manifest.previous
    if folder.resolve() == run.resolve():
        raise SettingsError(f"run and reference are the same folder ({run})", remedy="name the run of an earlier night")
    return folder


def held_against(tonight: Night, reference: Night, config: WatchConfig) -> Watched:
    """Hold a night against another, both of them read.

    Raises:
        DataError: if no customer is in both.
        SettingsError: if the segments' column cannot be used.
    """
    who = who_is_who(reference.bank, tonight.bank, (reference.customer_ids, tonight.customer_ids))
    if len(who.reference) and len(who.tonight) and not len(who.stayed):
        raise DataError(
            "the reference is of another bank: no customer is in both",
            where=f"{reference.folder} and {tonight.folder}",
            remedy="name an earlier run of the same bank",
        )
    segments = _segments(tonight.bank, config)
    with stage("shifts", "holding columns and spaces against chance"):
        columns = (_columns(reference, config), _columns(tonight, config))
        moved, refused = shifts(who, columns, (reference.embeddings, tonight.embeddings), config)
    for night, name in ((reference, "the reference"), (tonight, "tonight")):
        if night.bank is None:
            refused.insert(0, f"records: those of {name} are not at hand ({night.why_no_bank})")
    with stage("rings", "following rings and flags"):
        rings = churn(reference.results, tonight.results)
    with stage("alignment", "looking for segments in the spaces"):
        aligned, by_name, pairs = _audit(tonight, segments, config)
    with stage("map", f"drawing the space {config.space}"):
        drawn = _map(tonight, segments, who, config)
    volumes = _volumes(reference.bank, tonight.bank)
    return Watched(
        run=str(tonight.folder),
        reference=str(reference.folder),
        customers=CustomerCounts(*map(len, (who.reference, who.tonight, who.stayed, who.came, who.left))),
        changed=_changed(reference, tonight, rings),
        reasons=tuple(_reasons(volumes, moved, rings, config)),
        refused=tuple(refused),
        shifts=moved,
        volumes=volumes,
        columns=column_table(*columns),
        churn=rings,
        alignment=aligned,
        segments=by_name,
        pairs=pairs,
        map=drawn,
        config=config,
    )


def _volumes(reference: Bank | None, tonight: Bank | None) -> pl.DataFrame:
    if reference is None or tonight is None:
        return pl.DataFrame(schema=VOLUMES)
    return volume_table(reference, tonight)


def _columns(night: Night, config: WatchConfig) -> Columns:
    return {} if night.bank is None else named_columns(list(columns_of(night.bank, protected=config.protected)))


def _segments(bank: Bank | None, config: WatchConfig) -> dict[str, str]:
    """The segment of each customer of whom it is known; none where the records are not there."""
    if bank is None:
        return {}
    name = config.segment
    if name not in bank.customers.columns or name == "customer_id":
        known = ", ".join(column for column in bank.customers.columns if column != "customer_id")
        raise SettingsError(f"watch.segment={name}: the bank has no such column", remedy=f"name one of {known}")
    if bank.roles.get(name) is ColumnRole.protected and not config.protected:
        raise SettingsError(
            f"watch.segment={name} is a protected column", remedy="for an audit of it, set watch.protected=true as well"
        )
    if isinstance(bank.customers.schema[name], pl.List):
        raise SettingsError(f"watch.segment={name} has several values in a cell", remedy="name a column with one value")
    table = bank.customers.select("customer_id", segment=pl.col(name).cast(pl.String)).drop_nulls()
    return dict(table.iter_rows())


def _audit(
    tonight: Night, segments: dict[str, str], config: WatchConfig
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Whether segments show in each space; of the one on the map each segment, and pairs to teach if none shows."""
    rows, by_name, pairs = [], pl.DataFrame(schema=BY_SEGMENT), pl.DataFrame(schema=TAUGHT)
    for name, space in tonight.embeddings.items():
        rng = np.random.default_rng(config.seed)
        found = neighbourhoods(space, segments, config.compared, config.neighbours, rng)
        if found is None:
            continue
        rows.append(alignment_row(found, config.level, config.least_alignment, rng))
        if name == config.space:
            by_name = by_segment(found)
            if not rows[-1][-1] and _may_be_taught(tonight.bank, config):
                pairs = pairs_to_teach(found, config.pairs)
    return pl.DataFrame(rows, schema=ALIGNMENT, orient="row"), by_name, pairs


def _may_be_taught(bank: Bank | None, config: WatchConfig) -> bool:
    """No protected column is ever taught."""
    return bank is not None and bank.roles.get(config.segment) is not ColumnRole.protected


def _map(tonight: Night, segments: dict[str, str], who: Who, config: WatchConfig) -> NightMap | None:
    space = tonight.embeddings.get(config.space)
    if space is None:
        return None
    labels = labels_of(tonight.bank, tonight.results, segments, who.came.tolist())
    return night_map(space, labels, config.flat, config.compared, config.neighbours, config.seed)


def _changed(reference: Night, tonight: Night, rings: Churn) -> bool:
    told = [
        {key: night.results.summary.get(key) for key in ("data_hash", "model_hashes")} for night in (reference, tonight)
    ]
    return told[0] != told[1] or bool(rings.events.filter(pl.col("event") != SAME)["rings"].sum())


def _reasons(volumes: pl.DataFrame, moved: pl.DataFrame, rings: Churn, config: WatchConfig) -> Iterator[UnusualReason]:
    """What makes the night unusual, by the rules of the settings."""
    for table, before, now, ratio, *_ in volumes.iter_rows():
        if before and not now:
            yield UnusualReason(WatchPart.volume, f"{table} is empty, and had {before:,} rows in the reference")
        elif ratio is not None and not config.least_volume <= ratio <= config.most_volume:
            yield UnusualReason(
                WatchPart.volume, f"{table} has {now:,} rows, {ratio:.2g} times the reference's {before:,}"
            )
    for shift in moved.filter("alarm").iter_rows(named=True):
        who = "customers of both nights" if shift["group"] == "stayed" else "customers who came"
        if shift["table"] == EMBEDDINGS:
            text = f"the space {shift['name']} of {who} has moved (energy coefficient {shift['effect']:.3f})"
            yield UnusualReason(WatchPart.embeddings, text)
        else:
            what = "is missing more or less often" if shift["what"] == "missing" else "has other values"
            text = f"{shift['name']} of {shift['table']} {what} for {who} (moved by {shift['effect']:.0%})"
            yield UnusualReason(WatchPart.records, text)
    yield from _flag_reasons(rings, config)


def _flag_reasons(rings: Churn, config: WatchConfig) -> Iterator[UnusualReason]:
    flags = rings.figures.filter(figure="flagged").row(0)[1:]
    before, now = (flag or 0.0 for flag in flags)
    if now > config.most_flags * max(before, 1):
        yield UnusualReason(WatchPart.flags, f"{now:,.0f} rings are flagged, and {before:,.0f} were in the reference")
    if rings.figures.filter(figure=RATE).row(0)[1:] == (1.0, 0.0):
        yield UnusualReason(WatchPart.flags, "the guard withholds the rate tonight, and the reference had one")
    if rings.flagged_gone is not None and rings.flagged_gone > config.most_gone:
        gone = int(rings.events.filter(event=RingEvent.gone.value)["flagged"][0])
        told = f"{count(gone, 'flagged ring')} of the reference {'is' if gone == 1 else 'are'} gone"
        yield UnusualReason(WatchPart.flags, f"{told} ({rings.flagged_gone:.0%})")
