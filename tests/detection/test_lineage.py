"""Lineage: ids last as long as their rings, are never given twice, and every change is told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from made_results import results_with
from polars.testing import assert_frame_equal

from ringsight.detection.lineage import CHANGES, EVENTS, LINEAGE, MEMORY, Lineage, RingEvent, follow
from ringsight.detection.results import TABLES, Results
from ringsight.detection.tables import ring_id

EVERYONE = [f"{letter}{number}" for letter in "abcdefghijklmnop" for number in range(30)]

Rings = Iterable[Iterable[str]]


def found(rings: Rings, flagged: bool = True, shuffle: int | None = None) -> Results:
    """Results with these rings, named after their members."""
    named = {ring_id(np.array(sorted(ring))): sorted(ring) for ring in rings}
    sizes = [(name, len(ring), flagged) for name, ring in named.items()]
    of_members = [(name, customer) for name, ring in named.items() for customer in ring]
    tied = [(name, ring[0], ring[1]) for name, ring in named.items()]
    tables = {
        "rings": _table("rings", sizes, "ring_id", "size", "flagged"),
        "members": _table("members", of_members, "ring_id", "customer_id"),
        "links": _table("links", tied, "ring_id", "customer_a", "customer_b"),
    }
    if shuffle is not None:
        tables = {name: table.sample(fraction=1.0, shuffle=True, seed=shuffle) for name, table in tables.items()}
    return results_with({"rings": len(named)}, **tables)


def _table(name: str, rows: Sequence[tuple[object, ...]], *columns: str) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={column: TABLES[name][column] for column in columns}, orient="row")


def ids(results: Results) -> dict[frozenset[str], str]:
    """Members -> id."""
    grouped = results.members.group_by("ring_id").agg("customer_id")
    return {frozenset(members): name for name, members in grouped.iter_rows()}


def nights(*runs: Rings) -> tuple[list[dict[frozenset[str], str]], Lineage]:
    """The ids of every run, and the last lineage."""
    lineage, names = Lineage.beginning(), []
    for rings in runs:
        results, lineage = follow(found(rings), lineage, EVERYONE)
        names.append(ids(results))
    return names, lineage


def told(lineage: Lineage) -> dict[str, set[str]]:
    """Ring id -> its events."""
    events: dict[str, set[str]] = {}
    for name, event in lineage.events.select("ring_id", "event").iter_rows():
        events.setdefault(name, set()).add(event)
    return events


def some(letter: str, *numbers: int) -> frozenset[str]:
    return frozenset(f"{letter}{number}" for number in numbers)


A, B = some("a", *range(6)), some("b", *range(4))


def test_a_first_run_keeps_the_ids_that_members_give_and_all_is_born():
    before = found([A, B])
    results, lineage = follow(before, Lineage.beginning(), EVERYONE)
    assert ids(results) == ids(before)
    assert results.summary["run"] == lineage.run == 0
    assert lineage.events["event"].to_list() == ["born", "born"]


def test_rings_as_they_were_keep_their_ids_and_make_no_event():
    names, lineage = nights([A, B], [B, A])
    assert names[0] == names[1]
    assert lineage.events.is_empty()
    assert lineage.changes.is_empty()


@pytest.mark.parametrize(
    ("then", "event", "joined", "left"),
    [
        (A | some("c", 1, 2), RingEvent.grew, 2, 0),
        (A | some("c", *range(20)), RingEvent.grew, 20, 0),
        (some("a", 0, 1, 2), RingEvent.shrank, 0, 3),
        (some("a", 0, 1, 2, 3) | some("c", 1), RingEvent.moved, 1, 2),
    ],
)
def test_a_ring_that_changes_keeps_its_id(then: frozenset[str], event: RingEvent, joined: int, left: int):
    names, lineage = nights([A, B], [then, B])
    assert names[1] == {then: names[0][A], B: names[0][B]}
    row = lineage.events.row(0, named=True)
    assert lineage.events.height == 1
    assert (row["ring_id"], row["event"]) == (names[0][A], event.value)
    assert (row["joined"], row["left"]) == (joined, left)
    changes = {(customer, change) for _, customer, change in lineage.changes.iter_rows()}
    assert changes == {(c, "joined") for c in then - A} | {(c, "left") for c in A - then}


def test_one_common_member_makes_no_kin():
    then = some("a", 0) | some("c", 0, 1)
    names, lineage = nights([A], [then])
    assert told(lineage) == {names[0][A]: {"gone"}, names[1][then]: {"born"}}
    assert names[1][then] != names[0][A]


def test_merged_rings_go_by_the_larger_and_come_apart_under_their_own_ids():
    names, lineage = nights([A, B], [A | B])
    large, small = names[0][A], names[0][B]
    assert names[1][A | B] == large
    assert told(lineage) == {large: {"grew", "merged"}, small: {"gone"}}
    rows = {(name, event): rest for name, event, *rest in lineage.events.iter_rows()}
    assert rows[large, "merged"][:2] == [" ".join(sorted([large, small])), large]
    assert rows[small, "gone"][:2] == [small, large]
    names, lineage = nights([A, B], [A | B], [A | B], [A, B])
    assert names[3] == names[0]
    assert told(lineage) == {large: {"shrank", "split"}, small: {"returned"}}
    assert lineage.events.filter(pl.col("event") == "split")["to_ids"].to_list() == [" ".join(sorted([large, small]))]


def test_equal_rings_that_merged_come_apart_under_their_own_ids():
    one, other = some("a", 0, 1, 2), some("b", 0, 1, 2)
    names, _ = nights([one, other], [one | other], [one, other])
    assert names[2] == names[0]


def test_a_piece_that_parts_is_born_from_its_ring():
    piece, rest = some("a", 0, 1), A - some("a", 0, 1)
    names, lineage = nights([A], [piece, rest])
    assert names[1][rest] == names[0][A] != names[1][piece]
    born = lineage.events.filter(pl.col("event") == "born").row(0, named=True)
    assert (born["ring_id"], born["from_ids"], born["joined"]) == (names[1][piece], names[0][A], 2)


def test_an_id_is_not_given_again_to_the_members_that_first_had_it():
    young, grown = some("a", 0, 1, 2), some("a", *range(9))
    old = grown - young
    names, _ = nights([young], [grown], [old, young])
    assert names[2][old] == names[0][young] != names[2][young]


@pytest.mark.slow
@pytest.mark.parametrize(("absent", "same"), [(1, True), (MEMORY - 1, True), (MEMORY, False)])
def test_a_ring_that_comes_back_is_known_for_a_while(absent: int, same: bool):
    names, lineage = nights([A], *[[] for _ in range(absent)], [A])
    assert (names[-1][A] == names[0][A]) is same
    assert told(lineage) == {names[-1][A]: {"returned" if same else "born"}}
    assert lineage.lineage["first_seen"].unique().to_list() == [0 if same else absent + 1]


def test_a_ring_that_is_gone_keeps_no_memory_of_customers_who_left_the_bank():
    _, first = follow(found([A]), Lineage.beginning(), EVERYONE)
    _, second = follow(found([]), first, sorted(A - {"a0"}))
    assert set(second.lineage["customer_id"]) == A - {"a0"}


def test_a_flagged_ring_keeps_its_id_before_one_that_is_not():
    one, other = some("a", 0, 1, 2), some("b", 0, 1, 2)
    for favoured in (one, other):
        results = found([one, other])
        name = ids(results)[favoured]
        rings = results.rings.with_columns(flagged=pl.col("ring_id") == name)
        _, before = follow(replace(results, rings=rings), Lineage.beginning(), EVERYONE)
        assert ids(follow(found([one | other]), before, EVERYONE)[0]) == {one | other: name}


def test_every_table_has_the_lasting_id():
    _, before = follow(found([A]), Lineage.beginning(), EVERYONE)
    results, _ = follow(found([A | B]), before, EVERYONE)
    lasting = before.lineage["ring_id"].unique().to_list()
    assert all(
        table["ring_id"].unique().to_list() == lasting for table in (results.rings, results.members, results.links)
    )


def random_nights(seed: int, runs: int = 100) -> list[list[set[str]]]:
    """Rings that grow, shrink, merge, split, vanish and come back at random, four of them a night."""
    rng = np.random.default_rng(seed)
    free = [f"x{number}" for number in range(4000)]
    rng.shuffle(free)
    rings = [{free.pop() for _ in range(rng.integers(3, 9))} for _ in range(24)]
    hidden: list[set[str]] = []
    history = []
    for _ in range(runs):
        history.append([set(ring) for ring in rings])
        for index in rng.permutation(len(rings))[:4].tolist():
            ring = rings[index]
            match int(rng.integers(6)):
                case 0:
                    ring |= {free.pop() for _ in range(rng.integers(1, 4))}
                case 1 if len(ring) > 4:
                    ring -= {min(ring)}
                case 2 if len(ring) > 7:
                    piece = set(sorted(ring)[:3])
                    ring -= piece
                    rings.append(piece)
                case 3:
                    other = rings[(index + 1) % len(rings)]
                    if other is not ring and len(ring) + len(other) < 20:
                        other |= ring
                        ring.clear()
                case 4:
                    hidden.append(set(ring))
                    ring.clear()
                case _:
                    rings.append(hidden.pop() if hidden else {free.pop() for _ in range(3)})
        rings = [ring for ring in rings if ring]
    return history


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_hundred_nights(seed: int):
    history = random_nights(seed)
    lineage, again = Lineage.beginning(), Lineage.beginning()
    names: Mapping[frozenset[str], str] = {}
    born: set[str] = set()
    everyone = [f"x{number}" for number in range(4000)]
    for night, rings in enumerate(history):
        results, lineage = follow(found(rings), lineage, everyone)
        shuffled, again = follow(found(rings, shuffle=night), again, everyone[::-1])
        assert_frame_equal(lineage.lineage, again.lineage)
        assert_frame_equal(lineage.events, again.events)
        assert ids(results) == ids(shuffled)
        before, names = names, ids(results)
        assert len(set(names.values())) == len(names) == len(rings)
        assert all(names[ring] == name for ring, name in before.items() if ring in names)
        events = told(lineage)
        as_they_were = {name for ring, name in names.items() if before.get(ring) == name}
        changed = (set(names.values()) | set(before.values())) - as_they_were
        assert {name for name, what in events.items() if what - {"merged", "split"}} == changed
        new = {name for name, what in events.items() if "born" in what}
        assert not new & born
        born |= new
        assert set(names.values()) <= born
    assert len(born) > 50


def test_no_rings_at_all():
    names, lineage = nights([], [])
    assert names == [{}, {}]
    for table, schema in ((lineage.lineage, LINEAGE), (lineage.events, EVENTS), (lineage.changes, CHANGES)):
        assert table.is_empty()
        assert table.schema == pl.Schema(schema)


def test_only_flagged_rings_are_spoken_of():
    _, lineage = follow(found([A, B]), Lineage.beginning(), EVERYONE)
    assert "2 born" in lineage.described()
    _, lineage = follow(found([A, B], flagged=False), Lineage.beginning(), EVERYONE)
    assert "none has changed" in lineage.described()
