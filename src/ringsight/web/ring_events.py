"""The ring events of the service, as they come by day: one connection to it, whoever looks."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ringsight.online.client import Client, ServiceError
from ringsight.web.settings import ServiceSettings

KEPT = 200
"""Events that are kept, the last ones."""
AGAIN_AFTER = 5.0
"""Seconds after which a service that is gone is asked again."""


@dataclass(frozen=True, slots=True)
class RingNews:
    """A ring event, without its customers."""

    number: int
    event: str
    ring_ids: tuple[str, ...]
    """Rings that it became; those that it came from, where none is left."""
    joined: int
    left: int
    dormant: int
    """Of those who joined, how many have not acted yet."""

    @classmethod
    def of(cls, told: dict[str, Any]) -> "RingNews":
        """As the service told it."""
        rings = told["to_ids"] or told["from_ids"]
        counts = (len(told.get(name, ())) for name in ("joined", "left", "dormant"))
        return cls(int(told["number"]), str(told["event"]), tuple(map(str, rings)), *counts)


@dataclass(slots=True, eq=False)
class RingEvents:
    """Follows the service in a thread of its own, from the first time that somebody asks."""

    client: Client
    answers: bool = False
    """Whether the service answered when it was asked last."""
    _kept: deque[RingNews] = field(default_factory=lambda: deque(maxlen=KEPT))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, settings: ServiceSettings) -> "RingEvents | None":
        """Those of the service that is named; None where none is.

        Raises:
            SettingsError: if there is no key to ask it by.
        """
        return cls(Client(settings.address, settings.key(), attempts=1)) if settings.address else None

    def after(self, number: int) -> list[RingNews]:
        """Events after a number, in their order, of those that are kept."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, daemon=True)
                self._thread.start()
            return [each for each in self._kept if each.number > number]

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def _follow(self) -> None:
        last = 0
        while not self._stopped.is_set():
            try:
                for told in self.client.events(after=last):
                    self.answers = True
                    news = RingNews.of(told)
                    with self._lock:
                        self._kept.append(news)
                    last = news.number
                    if self._stopped.is_set():
                        return
            except (ServiceError, OSError, KeyError, ValueError):  # gone, or none of ours: asked again
                self.answers = False
            self._stopped.wait(AGAIN_AFTER)
