"""Rings over successive runs: which ring of an earlier run each is, and what has become of those that were there.

Two rings are *kin* where they share at least two customers, and at least half of the smaller ring. Among kin, ids are
given one to one so that as many customers as possible stay with the id of their ring (maximum-weight matching). Rings
of one run have no member in common, and a ring that is gone has a lesser claim than one of the run before; so a ring
whose members have not changed keeps its id, whatever becomes of others. A new id ends in the number of the run that
gave it: none is given twice. The words of the events are those of Palla, Barabási and Vicsek (2007), "Quantifying
social group evolution".
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from ringsight.detection.results import Results

MEMORY = 30
"""Runs for which a ring that is gone can come back under its id."""
LINEAGE = {
    "ring_id": pl.String,
    "customer_id": pl.String,
    "first_seen": pl.Int64,
    "last_seen": pl.Int64,
    "flagged": pl.Boolean,
}
EVENTS = {
    "ring_id": pl.String,
    "event": pl.String,
    "from_ids": pl.String,
    "to_ids": pl.String,
    "joined": pl.Int64,
    "left": pl.Int64,
    "flagged": pl.Boolean,
}
CHANGES = {"ring_id": pl.String, "customer_id": pl.String, "change": pl.String}
TABLES: Mapping[str, Mapping[str, type[pl.DataType]]] = {"lineage": LINEAGE, "events": EVENTS, "changes": CHANGES}


class RingEvent(Enum):
    """What became of a ring since the run before; no StrEnum, as strings have a method `split`."""

    born = "born"
    returned = "returned"
    """It was gone, and is there again."""
    grew = "grew"
    """Some joined, nobody left."""
    shrank = "shrank"
    """Some left, nobody joined."""
    moved = "moved"
    """Some joined, some left."""
    merged = "merged"
    """It is kin to several rings of the run before; `from_ids` names them."""
    split = "split"
    """It was kin to several rings of this run; `to_ids` names them."""
    gone = "gone"


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """The rings that a run knows, and what became of them since the run before."""

    run: int
    """How many runs came before this one; -1 where there is no run yet."""
    lineage: pl.DataFrame
    """Columns of `LINEAGE`: every ring of this run and those gone for less than `MEMORY` runs, with the members, and
    whether it was flagged, when last seen; runs by their number."""
    events: pl.DataFrame
    """Columns of `EVENTS`: each ring of this run or the one before, unless it is as it was, once by event. `from_ids`
    are its kin in the run before (of a ring that is gone, itself), `to_ids` its kin in this run (of one that is new,
    itself), parted by spaces. `flagged` is as now or, of a ring that is gone, as it was."""
    changes: pl.DataFrame
    """Columns of `CHANGES`: who has `joined` and who has `left` which ring."""

    @classmethod
    def beginning(cls) -> "Lineage":
        """Of no run yet: whatever follows is born."""
        return cls(-1, **{name: pl.DataFrame(schema=schema) for name, schema in TABLES.items()})

    def described(self) -> str:
        """What became of flagged rings, in a line."""
        counts = Counter(self.events.filter("flagged")["event"].to_list())
        said = ", ".join(f"{counts[event.value]} {event.value}" for event in RingEvent if counts[event.value])
        return f"Flagged rings since the run before: {said or 'none has changed'}."


def follow(results: Results, previous: Lineage, customers: Collection[str]) -> tuple[Results, Lineage]:
    """Give the rings of a run the ids that they had, and say what became of each.

    Args:
        results: of this run, each ring with an id that its members alone determine.
        previous: of the run before, or `Lineage.beginning()`, which leaves every id as it is.
        customers: ids of the bank's customers; of others, rings that are gone keep no memory.

    Returns:
        The results under lasting ids, with the run's number as `run` in their summary, and the lineage with this run.
    """
    run = previous.run + 1
    kin = _kinship(previous, results.members)
    suffix = f"-{run}" if run else ""
    kept = _matched(kin)
    names = {ring_id: kept.get(ring_id, f"{ring_id}{suffix}") for ring_id in results.rings["ring_id"]}
    present = _relabelled(results, names)
    passage = _Passage(present, previous, kin.with_columns(pl.col("now").replace_strict(names, return_dtype=pl.String)))
    lineage = Lineage(run, _remembered(passage, customers), _events(passage), passage.changes)
    return replace(present, summary=present.summary | {"run": run}), lineage


def _relabelled(results: Results, names: Mapping[str, str]) -> Results:
    """The same results with other ring ids, in every table that has any."""
    tables: dict[str, Any] = {each.name: getattr(results, each.name) for each in fields(results)}
    lasting = pl.col("ring_id").replace_strict(names, return_dtype=pl.String)
    named: dict[str, Any] = {
        name: table.with_columns(lasting)
        for name, table in tables.items()
        if isinstance(table, pl.DataFrame) and "ring_id" in table.columns
    }
    return replace(results, **named)


def _kinship(previous: Lineage, members: pl.DataFrame) -> pl.DataFrame:
    """Pairs of kin: `before`, `now`, how many they `shared`, whether `before` is `live` and `flagged`.

    Live is what was there in the run before, not only remembered.
    """
    known = previous.lineage.with_columns(
        size=pl.len().over("ring_id").cast(pl.Int64), live=pl.col("last_seen") == previous.run
    ).rename({"ring_id": "before"})
    found = members.with_columns(size_now=pl.len().over("ring_id").cast(pl.Int64)).rename({"ring_id": "now"})
    shared = (
        known.join(found, on="customer_id")
        .group_by("before", "now")
        .agg(pl.len().cast(pl.Int64).alias("shared"), pl.col("live", "flagged", "size", "size_now").first())
    )
    akin = (pl.col("shared") >= 2) & (2 * pl.col("shared") >= pl.min_horizontal("size", "size_now"))
    return shared.filter(akin).drop("size", "size_now").sort("before", "now")


def _matched(kin: pl.DataFrame) -> dict[str, str]:
    """Ring of this run -> the known ring whose id it keeps.

    The matching weighs most in shared members; of as many, in rings of the run before, then in flagged ones. Every
    known ring may also stay without a successor, which weighs 1, as the matching of scipy wants all rows matched.
    """
    if kin.is_empty():
        return {}
    before, row = np.unique(kin["before"].to_numpy().astype(np.str_), return_inverse=True)
    now, column = np.unique(kin["now"].to_numpy().astype(np.str_), return_inverse=True)
    seniority = 2 * kin["live"].to_numpy().astype(np.int64) + kin["flagged"].to_numpy().astype(np.int64)
    weight = 4 * len(before) * kin["shared"].to_numpy() + seniority + 1
    alone = np.arange(len(before))
    graph = coo_array(
        (
            np.r_[weight, np.ones(len(before))].astype(np.float64),
            (np.r_[row, alone], np.r_[column, len(now) + alone]),
        ),
        shape=(len(before), len(now) + len(before)),
    ).tocsr()
    rows, columns = min_weight_full_bipartite_matching(graph, maximize=True)
    return {str(now[j]): str(before[i]) for i, j in zip(rows, columns, strict=True) if j < len(now)}


@dataclass(frozen=True, eq=False)
class _Passage:
    """From the run before to this one, under lasting ids."""

    present: Results
    previous: Lineage
    kin: pl.DataFrame

    @cached_property
    def before(self) -> set[str]:
        """Rings of the run before."""
        live = pl.col("last_seen") == self.previous.run
        return set(self.previous.lineage.filter(live)["ring_id"].to_list())

    @cached_property
    def now(self) -> set[str]:
        """Rings of this run."""
        return set(self.present.rings["ring_id"].to_list())

    @cached_property
    def known(self) -> set[str]:
        """Rings of the run before, and those remembered."""
        return set(self.previous.lineage["ring_id"].to_list())

    @cached_property
    def changes(self) -> pl.DataFrame:
        """Columns of `CHANGES`; a ring that returned is held against what it was when last seen."""
        keys = ["ring_id", "customer_id"]
        concerned = pl.col("ring_id").is_in(sorted(self.before | self.now))
        were = self.previous.lineage.filter(concerned).select(keys)
        are = self.present.members.select(keys)
        joined = are.join(were, on=keys, how="anti").with_columns(change=pl.lit("joined"))
        left = were.join(are, on=keys, how="anti").with_columns(change=pl.lit("left"))
        return pl.concat([joined, left]).sort([*keys, "change"])


def _events(passage: _Passage) -> pl.DataFrame:
    live = passage.kin.filter("live")
    parents = dict(live.group_by("now").agg(pl.col("before").sort()).iter_rows())
    children = dict(live.group_by("before").agg(pl.col("now").sort()).iter_rows())
    counts = Counter(passage.changes.select("ring_id", "change").iter_rows())
    flagged = dict(passage.previous.lineage.select("ring_id", "flagged").iter_rows())
    flagged |= dict(passage.present.rings.select("ring_id", "flagged").iter_rows())
    rows = []
    for ring in sorted(passage.before | passage.now):
        came = parents.get(ring, []) if ring in passage.now else [ring]
        went = children.get(ring, []) if ring in passage.before else [ring]
        joined, left = counts[ring, "joined"], counts[ring, "left"]
        happened = [_change_of(ring, passage, joined, left), *_meetings(came, went)]
        rows += [
            (ring, event.value, " ".join(came), " ".join(went), joined, left, flagged[ring])
            for event in happened
            if event is not None
        ]
    return pl.DataFrame(rows, schema=EVENTS, orient="row")


def _change_of(ring: str, passage: _Passage, joined: int, left: int) -> RingEvent | None:
    """What became of the ring itself; None where it is as it was."""
    if ring not in passage.now:
        return RingEvent.gone
    if ring not in passage.before:
        return RingEvent.returned if ring in passage.known else RingEvent.born
    match joined > 0, left > 0:
        case True, True:
            return RingEvent.moved
        case True, False:
            return RingEvent.grew
        case False, True:
            return RingEvent.shrank
        case _:
            return None


def _meetings(came: list[str], went: list[str]) -> Iterator[RingEvent]:
    if len(came) > 1:
        yield RingEvent.merged
    if len(went) > 1:
        yield RingEvent.split


def _remembered(passage: _Passage, customers: Collection[str]) -> pl.DataFrame:
    """Columns of `LINEAGE`: the rings of this run, and those gone that may still come back."""
    previous, run = passage.previous.lineage, passage.previous.run + 1
    first = previous.select("ring_id", "first_seen").unique()
    flagged = passage.present.rings.select("ring_id", "flagged")
    present = (
        passage.present.members.join(first, on="ring_id", how="left")
        .join(flagged, on="ring_id")
        .with_columns(pl.col("first_seen").fill_null(run), last_seen=pl.lit(run, pl.Int64))
    )
    gone = previous.filter(
        ~pl.col("ring_id").is_in(sorted(passage.now))
        & (run - pl.col("last_seen") < MEMORY)
        & pl.col("customer_id").is_in(sorted(customers))
    )
    return pl.concat([present.select(list(LINEAGE)), gone]).sort("ring_id", "customer_id")
