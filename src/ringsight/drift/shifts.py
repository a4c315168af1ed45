"""All that is tested of a night: every column and every space, for those who stayed and those who came."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.drift.chance import ContrastResult, against_chance
from ringsight.drift.columns import ProfileContrast, column_contrasts
from ringsight.drift.contrast_groups import FEWEST, ContrastGroup, Ids, Who, with_as_many
from ringsight.drift.energy import CameContrast, StayedContrast, energy_contrast
from ringsight.drift.profiles import ColumnValues
from ringsight.drift.settings import WatchConfig
from ringsight.drift.watched import EMBEDDINGS, SHIFTS
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings

Columns = Mapping[tuple[str, str], ColumnValues]
Spaces = Mapping[str, Embeddings]


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """One thing that is held against chance."""

    group: ContrastGroup
    table: str
    name: str
    what: str
    contrast: ProfileContrast | StayedContrast | CameContrast


def shifts(
    who: Who, columns: tuple[Columns, Columns], spaces: tuple[Spaces, Spaces], config: WatchConfig
) -> tuple[pl.DataFrame, list[str]]:
    """Test every column and every space for those who stayed and for those who came.

    Args:
        who: the customers of both nights.
        columns: of the reference and of tonight.
        spaces: of the reference and of tonight.
        config: level, permutations, least effects, seed.

    Returns:
        Columns of `watched.SHIFTS`, the smallest adjusted p-value first; and what could not be compared, in words.
    """
    refused = [*refused_spaces(*spaces)]
    found = {group: list(_tested(who, group, columns, spaces, config)) for group in ContrastGroup}
    groups = sum(bool(tested) for tested in found.values())
    rows: list[tuple[object, ...]] = []
    for group, tested in found.items():
        labels = who.labels(group)
        verdicts = against_chance([each.contrast for each in tested], labels, config.permutations, config.seed)
        rows += [_row(each, verdict, groups, config) for each, verdict in zip(tested, verdicts, strict=True)]
        refused += _too_few(who, group, tested, columns, spaces)
    table = pl.DataFrame(rows, schema=SHIFTS, orient="row")
    order = ["adjusted_p_value", "effect", "group", "table", "name", "what"]
    return table.sort(order, descending=[False, True, *[False] * 4], nulls_last=True), refused


def who_is_who(reference: Bank | None, tonight: Bank | None, ids: tuple[Ids, Ids]) -> Who:
    """The customers of two nights; who came is compared with those who have about as many records, where that is known.

    Args:
        reference: the bank as it was; None where it is not there any more.
        tonight: the bank as it is, or None.
        ids: of the customers of both.
    """
    who = Who(*ids)
    if reference is None or tonight is None or not len(who.came):
        return who
    return replace(
        who, alike=with_as_many(who.reference, _records(reference, who.reference), _records(tonight, who.came))
    )


def _records(bank: Bank, customers: Ids) -> NDArray[np.int64]:
    """How many records some customers have; shape (customers,)."""
    owners = [table["customer_id"].cast(pl.String) for table in bank.records.values() if len(table)]
    counted = pl.concat([pl.Series("customer_id", dtype=pl.String), *owners]).value_counts(name="records")
    found = pl.DataFrame({"customer_id": customers}).join(counted, on="customer_id", how="left", maintain_order="left")
    counts: NDArray[np.int64] = found["records"].fill_null(0).to_numpy().astype(np.int64)
    return counts


def refused_spaces(reference: Spaces, tonight: Spaces) -> Iterator[str]:
    """The spaces that cannot be compared, each with the reason."""
    for space in sorted(reference.keys() | tonight.keys()):
        if space not in tonight:
            yield f"space {space}: the reference has it, and tonight does not"
        elif space not in reference:
            yield f"space {space}: tonight has it, and the reference does not"
        elif not _comparable(reference[space], tonight[space]):
            yield (
                f"space {space}: another model made it ({tonight[space].model_hash[:12]}, and in the reference "
                f"{reference[space].model_hash[:12]}), so that its vectors mean something else; embed both nights by "
                "one model (`ringsight run after=REFERENCE` takes it over)"
            )


def _comparable(reference: Embeddings, tonight: Embeddings) -> bool:
    return reference.model_hash == tonight.model_hash and reference.dim == tonight.dim


def _tested(
    who: Who, group: ContrastGroup, columns: tuple[Columns, Columns], spaces: tuple[Spaces, Spaces], config: WatchConfig
) -> Iterator[Tested]:
    if min(_sides(who, group)) < FEWEST:
        return
    before, now = columns
    for table, name in now:
        if (table, name) in before and not (group is ContrastGroup.came and name == "opened_at"):
            old, new = before[table, name], now[table, name]
            for what, contrast in column_contrasts(old, new, who, group):
                yield Tested(group, table, name, what, contrast)
    rng = np.random.default_rng(config.seed)
    for space in sorted(spaces[0].keys() & spaces[1].keys()):
        reference, tonight = spaces[0][space], spaces[1][space]
        if _comparable(reference, tonight):
            moved = energy_contrast(who, group, reference, tonight, config.compared, rng)
            if moved is not None:
                yield Tested(group, EMBEDDINGS, space, "vectors", moved)


def _sides(who: Who, group: ContrastGroup) -> tuple[int, int]:
    return (len(who.stayed), len(who.stayed)) if group is ContrastGroup.stayed else (len(who.came), len(who.compared))


def _row(tested: Tested, verdict: ContrastResult, groups: int, config: WatchConfig) -> tuple[object, ...]:
    adjusted = verdict.adjusted_p_value
    adjusted = None if adjusted is None else min(1.0, groups * adjusted)
    least = config.least_energy if tested.table == EMBEDDINGS else config.least_shift
    alarm = adjusted is not None and adjusted <= config.level and verdict.effect >= least
    about = (tested.group.value, tested.table, tested.name, tested.what, tested.contrast.customers)
    return *about, verdict.effect, verdict.p_value, adjusted, alarm


def _too_few(
    who: Who,
    group: ContrastGroup,
    tested: Sequence[Tested],
    columns: tuple[Columns, Columns],
    spaces: tuple[Spaces, Spaces],
) -> Iterator[str]:
    """What is not compared of a group for want of customers."""
    told = {ContrastGroup.stayed: ("of both nights", len(who.stayed)), ContrastGroup.came: ("who came", len(who.came))}
    name, count = told[group]
    if count and min(_sides(who, group)) < FEWEST:
        yield f"customers {name} ({count}) are fewer than {FEWEST}, too few to be compared"
        return
    compared = {each.name for each in tested if each.table == EMBEDDINGS}
    for space in sorted(spaces[0].keys() & spaces[1].keys()):
        if count and space not in compared and _comparable(spaces[0][space], spaces[1][space]):
            yield f"space {space}: fewer than {FEWEST} customers {name} have a vector to compare"
    for table, column in columns[1]:
        if group is ContrastGroup.stayed and (table, column) not in columns[0]:
            yield f"column {column} of {table}: the reference does not have it"
    for table, column in columns[0]:
        if group is ContrastGroup.stayed and (table, column) not in columns[1]:
            yield f"column {column} of {table}: it is there in the reference alone"
