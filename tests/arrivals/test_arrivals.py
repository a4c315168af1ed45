"""What was acknowledged stays, what was not leaves no trace, and the same request twice is one."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_world import LiveWorld, live_world
from sqlalchemy import Connection, text
from throwaway_postgres import cluster, reason_to_skip

from means import Means, lack
from ringsight.arrivals.api_keys import ApiKeys, KeyScope, hashed
from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.arrival_log import Request, events_after
from ringsight.arrivals.errors import LogError, RepeatedKeyError
from ringsight.arrivals.live_arrivals import Arrivals, Given
from ringsight.errors import DataError, SettingsError
from ringsight.online.live_graph import LiveGraph

WORLD = live_world(customers=60)
RING = WORLD.rings["ring3"][1:]
FIRST, SECOND, THIRD, LAST = RING
ASKED = Request("test")
KILLED = Path(__file__).with_name("killed_writer.py")


OPEN: list[ArrivalDatabase] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def database(folder: Path, url: str = "") -> ArrivalDatabase:
    OPEN.append(ArrivalDatabase(url or f"sqlite:///{folder / 'arrivals.db'}"))
    return OPEN[-1]


def opened(folder: Path, world: LiveWorld = WORLD) -> Arrivals:
    return Arrivals(world.graph(), database(folder))


def seen(arrivals: Arrivals) -> tuple[object, ...]:
    with arrivals.graph() as graph:
        rings = [(ring.ring_id, ring.members, round(ring.bits, 5)) for ring in graph.rings()]
        return rings, sorted(name for name in WORLD.arrivals if name in graph)


def test_a_start_replays_the_log(tmp_path: Path):
    arrivals = opened(tmp_path)
    for name in RING:
        arrivals.put(name, Given(WORLD.arrivals[name]), ASKED)
    arrivals.put(FIRST, Given({"notes": WORLD.arrivals[SECOND]["notes"]}, {"notes": [{"text": "hello"}]}), ASKED)
    arrivals.remove(LAST, ASKED)
    night = str(WORLD.night.customer_ids[0])
    arrivals.remove(night, ASKED)
    again = opened(tmp_path)
    assert seen(again) == seen(arrivals)
    assert again.number == arrivals.number == 7
    assert again.records_of(FIRST) == {"notes": [{"text": "hello"}]}
    with again.graph() as graph:
        assert night not in graph
        assert sorted(graph.vectors_of(FIRST)) == ["notes"]


def test_a_new_night_has_the_last_word_on_its_own_customers(tmp_path: Path):
    arrivals = opened(tmp_path)
    ours, other = str(WORLD.night.customer_ids[0]), str(WORLD.night.customer_ids[1])
    arrivals.put(FIRST, Given(WORLD.arrivals[FIRST]), ASKED)
    arrivals.put(ours, Given(WORLD.arrivals[SECOND]), ASKED)
    arrivals.remove(other, ASKED)
    erased = str(WORLD.night.customer_ids[2])
    arrivals.remove(erased, ASKED, erase=True)
    next_night = replace(WORLD.night, digest="another")
    again = Arrivals(LiveGraph(next_night), database(tmp_path))
    with again.graph() as graph:
        assert FIRST in graph
        assert other in graph
        assert erased not in graph
        assert not np.array_equal(graph.vectors_of(ours)["joint"], WORLD.arrivals[SECOND]["joint"])
    assert again.left_out == 0
    new = {name: replace(each, model_hash="new") for name, each in WORLD.night.embeddings.items()}
    other_model = Arrivals(LiveGraph(replace(next_night, embeddings=new)), database(tmp_path))
    with other_model.graph() as graph:
        assert FIRST not in graph
    assert other_model.left_out == 1


def test_the_same_request_again_changes_nothing_and_is_answered_alike(tmp_path: Path):
    arrivals = opened(tmp_path)
    request = Request("test", key="k1", content="put FIRST")
    once = arrivals.put(FIRST, Given(WORLD.arrivals[FIRST]), request)
    arrivals.remove(FIRST, ASKED)
    twice = opened(tmp_path).put(FIRST, Given(WORLD.arrivals[FIRST]), request)
    assert (once.repeated, twice.repeated) == (False, True)
    assert twice.answer == once.answer
    with opened(tmp_path).graph() as graph:
        assert FIRST not in graph
    with pytest.raises(RepeatedKeyError):
        arrivals.put(FIRST, Given(WORLD.arrivals[FIRST]), Request("test", key="k1", content="another"))
    assert not arrivals.put(FIRST, Given(WORLD.arrivals[FIRST]), Request("other", key="k1", content="mine")).repeated


def test_what_cannot_be_written_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    held = database(tmp_path)
    arrivals = Arrivals(WORLD.graph(), held)
    for name in RING[:3]:
        arrivals.put(name, Given(WORLD.arrivals[name]), ASKED)
    before = seen(arrivals)
    writing = held.writing

    @contextmanager
    def gone() -> Iterator[Connection]:
        with writing() as connection:
            yield connection
            raise LogError("the database went away")  # before the commit

    monkeypatch.setattr(held, "writing", gone)
    attempts: list[Callable[[], object]] = [
        lambda: arrivals.put(LAST, Given(WORLD.arrivals[LAST]), ASKED),
        lambda: arrivals.put(FIRST, Given(WORLD.arrivals[LAST]), ASKED),
        lambda: arrivals.remove(SECOND, ASKED),
    ]
    for attempt in attempts:
        with pytest.raises(LogError):
            attempt()
        assert seen(arrivals) == before
    monkeypatch.undo()
    assert seen(opened(tmp_path)) == before
    arrivals.put(LAST, Given(WORLD.arrivals[LAST]), ASKED)
    assert arrivals.number == 4


def test_a_database_that_is_gone_is_said_so(tmp_path: Path):
    held = database(tmp_path)
    arrivals = Arrivals(WORLD.graph(), held)
    with held.writing() as connection:
        connection.execute(text("ALTER TABLE arrivals RENAME TO elsewhere"))
    with pytest.raises(LogError, match="cannot be used"):
        arrivals.put(FIRST, Given(WORLD.arrivals[FIRST]), ASKED)


def test_two_processes_on_one_log_see_each_other(tmp_path: Path):
    one, other = opened(tmp_path), opened(tmp_path)
    one.put(FIRST, Given(WORLD.arrivals[FIRST]), ASKED)
    other.put(SECOND, Given(WORLD.arrivals[SECOND]), ASKED)
    one.put(THIRD, Given(WORLD.arrivals[THIRD]), ASKED)
    other.refresh()
    assert seen(one) == seen(other)
    assert (one.number, other.number) == (3, 3)


def test_clients_side_by_side_leave_what_one_after_the_other_does(tmp_path: Path):
    arrivals = opened(tmp_path)
    names = list(WORLD.arrivals)
    wrong: list[BaseException] = []

    def send(mine: list[str]) -> None:
        try:
            for name in mine:
                arrivals.put(name, Given(WORLD.arrivals[name]), ASKED)
        except BaseException as error:
            wrong.append(error)
            raise

    threads = [threading.Thread(target=send, args=(names[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert arrivals.number == len(names)
    graph = WORLD.graph()
    for name in names:
        graph.put(name, WORLD.arrivals[name])
    assert seen(arrivals)[0] == [(ring.ring_id, ring.members, round(ring.bits, 5)) for ring in graph.rings()]


def test_an_erased_customer_is_nowhere_but_in_the_row_that_keeps_them_out(tmp_path: Path):
    arrivals = opened(tmp_path)
    told_once = "he said the blue house"
    arrivals.put(FIRST, Given(WORLD.arrivals[FIRST], {"notes": [{"text": told_once}]}), ASKED)
    for name in RING[1:]:
        arrivals.put(name, Given(WORLD.arrivals[name]), Request("test", key=name))
    told = arrivals.remove(FIRST, ASKED, erase=True)
    assert told.answer["customer_id"].startswith("erased:")
    assert FIRST not in json.dumps(told.answer)
    held = database(tmp_path)
    with held.reading() as connection:
        rows = connection.execute(text("SELECT answer, vectors, records FROM arrivals ORDER BY number")).all()
        assert FIRST not in json.dumps([row.answer for row in rows])
        assert FIRST not in json.dumps(events_after(connection, 0))
        assert [
            row.number for row in connection.execute(text("SELECT number FROM arrivals WHERE records IS NOT NULL"))
        ] == []
    held.close()
    on_disk = b"".join(file.read_bytes() for file in tmp_path.glob("arrivals.db*"))
    assert told_once.encode() not in on_disk
    with opened(tmp_path).graph() as graph:
        assert FIRST not in graph
    again = opened(tmp_path).put(SECOND, Given(WORLD.arrivals[SECOND]), Request("test", key=SECOND))
    assert again.repeated


def test_nobody_is_removed_who_is_not_there(tmp_path: Path):
    arrivals = opened(tmp_path)
    with pytest.raises(DataError, match="there is no customer"):
        arrivals.remove("nobody", ASKED)
    assert arrivals.number == 0


def test_ring_events_are_kept_in_order(tmp_path: Path):
    arrivals = opened(tmp_path)
    for name in RING:
        arrivals.put(name, Given(WORLD.arrivals[name]), ASKED)
    with database(tmp_path).reading() as connection:
        found = events_after(connection, 0)
        assert [number for number, _ in found] == list(range(1, len(found) + 1))
        assert [event["event"] for _, event in found] == ["born", "grew", "grew"]
        assert events_after(connection, len(found)) == []


def test_keys_are_kept_as_hashes_and_open_until_closed(tmp_path: Path):
    held = database(tmp_path)
    keys = ApiKeys(held)
    key = keys.add("teller", [KeyScope.read, KeyScope.write])
    found = keys.find(key)
    assert found is not None
    assert (found.name, found.scopes) == ("teller", frozenset({KeyScope.read, KeyScope.write}))
    assert keys.find(key + "x") is None
    with held.reading() as connection:
        assert key not in str(connection.execute(text("SELECT * FROM api_keys")).all())
        assert hashed(key) in str(connection.execute(text("SELECT * FROM api_keys")).all())
    with pytest.raises(SettingsError, match="is a key called"):
        keys.add("teller", [KeyScope.read])
    with pytest.raises(SettingsError, match="a scope"):
        keys.add("other", [])
    keys.close("teller")
    assert keys.find(key) is None
    assert [each.open for each in keys.all()] == [False]
    with pytest.raises(SettingsError, match="no key"):
        keys.close("nobody")


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path):
    """A writer is killed while it writes, some times over; all that it had printed as acknowledged is there after."""
    acknowledged: dict[str, int] = {}
    for round_ in range(3):
        process = subprocess.Popen(
            [sys.executable, str(KILLED), str(tmp_path / "arrivals.db"), str(round_)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert process.stdout is not None
        for count, line in enumerate(process.stdout):
            name, number = line.split()
            acknowledged[name] = int(number)
            if count == 2 + round_:
                process.send_signal(signal.SIGKILL)
                break
        process.wait()
        process.stdout.close()
    arrivals = opened(tmp_path)
    assert len(acknowledged) >= 3
    assert arrivals.number >= max(acknowledged.values())
    with arrivals.graph() as graph:
        assert [name for name in acknowledged if name not in graph] == []


@pytest.mark.slow
def test_postgresql_keeps_the_log_as_sqlite_does(tmp_path: Path):
    if reason := reason_to_skip():
        lack(Means.postgresql, reason)
    with cluster() as url:
        arrivals = Arrivals(WORLD.graph(), database(tmp_path, f"{url}/postgres"))
        here = opened(tmp_path)
        for each in (arrivals, here):
            for name in RING:
                each.put(name, Given(WORLD.arrivals[name]), Request("test", key=name))
            each.remove(FIRST, ASKED, erase=True)
        again = Arrivals(WORLD.graph(), database(tmp_path, f"{url}/postgres"))
        assert seen(again) == seen(arrivals) == seen(here)
        assert again.put(SECOND, Given(WORLD.arrivals[SECOND]), Request("test", key=SECOND)).repeated
        while OPEN:
            OPEN.pop().close()


def test_vectors_come_back_from_the_log_bit_for_bit(tmp_path: Path):
    opened(tmp_path).put(FIRST, Given(WORLD.arrivals[FIRST]), ASKED)
    with opened(tmp_path).graph() as graph:
        for name, vector in graph.vectors_of(FIRST).items():
            assert np.array_equal(vector, WORLD.arrivals[FIRST][name])
