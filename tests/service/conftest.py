"""One service for each test that asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from service_world import Service, embedded, service

from ringsight.service import state


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(state, "vectors_of", embedded)
    found = service(tmp_path)
    yield found
    found.database.close()
