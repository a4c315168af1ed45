"""How far long work has come: told to a callback that the caller gives, and to nobody by default.

Code that works long says so through `stage`, `steps` and `say`. Whoever wants to hear it opens `report_to(callback)`
around the call; each thread hears its own work only.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")


class UpdateKind(StrEnum):
    """What an update tells."""

    begun = "begun"
    """A stage begins."""
    advanced = "advanced"
    """`done` of `total` steps of a stage are done."""
    ended = "ended"
    """A stage has ended."""
    skipped = "skipped"
    """A stage is not needed; `text` says why."""
    said = "said"
    """Something worth a line; `text` is that line."""


@dataclass(frozen=True, slots=True)
class Update:
    """One thing that a callback is told."""

    kind: UpdateKind
    stage: str
    """Short name of the stage; empty outside any stage."""
    text: str
    """What is being done, in a line."""
    done: int = 0
    total: int = 0
    """Steps of the stage; 0 where they cannot be counted."""


Callback = Callable[[Update], None]
"""Takes every update, in order, in the thread that does the work."""


def _nobody(_: Update) -> None:
    return None


_CALLBACK: ContextVar[Callback] = ContextVar("ringsight_progress", default=_nobody)
_STAGE: ContextVar[str] = ContextVar("ringsight_stage", default="")


@contextmanager
def report_to(callback: Callback | None) -> Iterator[None]:
    """Tell `callback` of the work done inside the block; None leaves everything as it is."""
    if callback is None:
        yield
        return
    token = _CALLBACK.set(callback)
    try:
        yield
    finally:
        _CALLBACK.reset(token)


@contextmanager
def stage(name: str, text: str) -> Iterator[None]:
    """Tell that a stage begins and, unless an error ends it, that it has ended."""
    token = _STAGE.set(name)
    try:
        _CALLBACK.get()(Update(UpdateKind.begun, name, text))
        yield
        _CALLBACK.get()(Update(UpdateKind.ended, name, text))
    finally:
        _STAGE.reset(token)


def skip(name: str, why: str) -> None:
    """Tell that a stage is not needed."""
    _CALLBACK.get()(Update(UpdateKind.skipped, name, why))


def say(text: str) -> None:
    """Tell a line."""
    _CALLBACK.get()(Update(UpdateKind.said, _STAGE.get(), text))


def advance(text: str, done: int, total: int) -> None:
    """Tell that `done` of `total` steps are done."""
    _CALLBACK.get()(Update(UpdateKind.advanced, _STAGE.get(), text, done, total))


def steps(items: Iterable[T], text: str, total: int | None = None) -> Iterator[T]:
    """Give the items one by one, and tell after each how many are done.

    Args:
        items: to be worked through.
        text: what is being done, in a line.
        total: how many there are; by default `len(items)`, or 0 where it has none.
    """
    count = total if total is not None else len(items) if isinstance(items, Sized) else 0
    for done, item in enumerate(items, start=1):
        yield item
        advance(text, done, count)


def in_notebook() -> Callback:
    """A callback that shows a bar for each stage, by `tqdm.auto`: a widget in a notebook, text on a terminal."""
    return _Bars()


class _Bars:
    """One tqdm bar at a time, of the stage under way."""

    def __init__(self) -> None:
        from tqdm.auto import tqdm  # takes a moment, and looks for a notebook

        self._tqdm = tqdm
        self._bar: Any = None

    def __call__(self, update: Update) -> None:
        match update.kind:
            case UpdateKind.begun:
                self._close()
                self._bar = self._tqdm(desc=update.text)
            case UpdateKind.advanced if self._bar is not None:
                self._bar.total = update.total or None
                self._bar.set_postfix_str(update.text, refresh=False)
                self._bar.update(update.done - self._bar.n)
            case UpdateKind.ended:
                self._close()
            case UpdateKind.skipped | UpdateKind.said:
                self._tqdm.write(update.text)
            case _:
                pass

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str("")
            self._bar.close()
            self._bar = None
