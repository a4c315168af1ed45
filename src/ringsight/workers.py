"""Work side by side: threads over arrays that all of them read, in the order of what is worked on.

NumPy, faiss and Leiden let go of Python's lock while they compute, so that threads use every core, and nothing is
copied. Each piece of work draws by a seed of its own: the result is the same with any number of threads.

What is worth sending away, because it computes long over what it holds, is `spread`: over other machines where the
engine has some (`ringsight.spark`), over threads here elsewhere.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

T = TypeVar("T")
R = TypeVar("R")
Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""Gives what work makes of each item, in their order."""
_SPREAD: ContextVar[Spread | None] = ContextVar("ringsight_spread", default=None)


def workers() -> int:
    """How many threads work: one for each core that this process may use, but no more than `OMP_NUM_THREADS` says."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores, int(asked))) if asked.isdecimal() else cores


def side_by_side(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Give what `work` makes of each item, in their order; no more is begun than threads are free for.

    Whoever stops listening stops the work: what has not begun by then never begins.
    """
    threads = workers()
    if threads == 1:
        yield from map(work, items)
        return
    under_way: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads, initializer=_work_alone) as pool:
        try:
            for item in items:
                under_way.append(pool.submit(copy_context().run, work, item))
                if len(under_way) > threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for each in under_way:
                each.cancel()


@contextmanager
def spread_by(how: Spread) -> Iterator[None]:
    """Have the work that is `spread` inside the block done so."""
    token = _SPREAD.set(how)
    try:
        yield
    finally:
        _SPREAD.reset(token)


def spread(work: Callable[[T], R], items: Iterable[T], here: Spread = side_by_side) -> Iterator[R]:
    """Give what `work` makes of each item, in their order: as `spread_by` says, else `here`.

    The work goes to other machines with all that it holds, once, and each item with it: it may change nothing, and what
    it gives must be the same wherever it is done.
    """
    return (_SPREAD.get() or here)(work, items)


def multiply_alone() -> None:
    """Let each product of NumPy keep to one thread from now on, for programs that work side by side by themselves.

    Threads of one small product wait for each other in a busy loop: on a machine that has other work to do, a server
    that lets them takes ten times as long.
    """
    threadpool_limits(1, user_api="blas")


def _work_alone() -> None:
    """Keep faiss from starting more threads in each of ours."""
    threadpool_limits(1, user_api="openmp")
