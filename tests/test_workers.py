"""Work side by side: in order, each error where it belongs, and no more begun than is listened to."""

import threading
from collections.abc import Iterator

import pytest

from ringsight import progress, workers
from ringsight.workers import side_by_side


@pytest.fixture(params=[1, 2, 5])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    count = int(request.param)
    monkeypatch.setattr(workers, "workers", lambda: count)
    return count


@pytest.mark.parametrize("count", [0, 1, 7])
def test_results_come_in_the_order_of_the_items_whichever_is_ready_first(threads: int, count: int):
    begun = [threading.Event() for _ in range(count)]

    def work(number: int) -> int:
        begun[number].set()
        if threads > 1 and number % 2 == 0 and number + 1 < count:
            begun[number + 1].wait(5)  # so that the next is always ready first
        return number * number

    assert list(side_by_side(work, range(count))) == [number * number for number in range(count)]


def test_an_error_comes_in_its_place(threads: int):
    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    given = side_by_side(work, range(10))
    assert [next(given) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(given)


def test_what_nobody_listens_to_is_not_begun(threads: int):
    begun: list[int] = []
    given: Iterator[None] = side_by_side(begun.append, range(1_000))
    next(given)
    given.close()  # type: ignore[attr-defined]
    assert len(begun) <= 2 * threads + 1


def test_workers_tell_whoever_listens_to_the_caller(threads: int):
    heard: list[str] = []
    with progress.report_to(lambda update: heard.append(update.text)):
        list(side_by_side(progress.say, ["one", "two"]))
    assert sorted(heard) == ["one", "two"]


@pytest.mark.parametrize(("asked", "most"), [("1", 1), ("10000", 10_000), ("many", 10_000), ("0", 1)])
def test_no_more_threads_than_cores_and_than_openmp_is_allowed(asked: str, most: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = workers.workers()
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert 1 <= workers.workers() <= min(cores, most)
