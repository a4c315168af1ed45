"""One tiny bank, run whole once for all tests of the jobs."""

import pytest
from tiny_world import World, ringsight


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("jobs")
    generated = ringsight("generate", "bank.customers=80", "bank.rings=2", "seed=7", "out=bank", cwd=folder)
    assert generated.returncode == 0, generated.stderr
    ran = ringsight("run", "bank.path=bank", "out=run", "experiment=tiny", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    return World(folder, ran.stdout + ran.stderr)
