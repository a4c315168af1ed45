"""One tiny bank, run whole once for all tests of the jobs; each process of the tests has a copy of its own."""

import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from tiny_world import World, ringsight


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> World:
    base = tmp_path_factory.getbasetemp()
    first = (base if worker_id == "master" else base.parent) / "world"
    with FileLock(f"{first}.lock"):
        if not (first / "said.txt").is_file():
            make(first)
    own = base / "jobs"
    shutil.copytree(first, own)
    return World(own, (own / "said.txt").read_text())


def make(folder: Path) -> None:
    folder.mkdir()
    generated = ringsight("generate", "bank.customers=80", "bank.rings=2", "seed=7", "out=bank", cwd=folder)
    assert generated.returncode == 0, generated.stderr
    ran = ringsight("run", "bank.path=bank", "out=run", "experiment=tiny", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    (folder / "said.txt").write_text(ran.stdout + ran.stderr)
