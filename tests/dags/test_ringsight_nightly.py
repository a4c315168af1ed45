"""The DAG in an Airflow of its own: a night is scored, and what else it does is what `ringsight` is told."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest
from airflow_program import environment, installed, python_of
from hydra import compose, initialize_config_dir

from means import Means, MissingMeansError, lack
from ringsight.jobs.command import conf_dir, typed

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
DAG = HERE.parents[1] / "dags" / "ringsight_nightly.py"
RECORDER = """#!/bin/sh
echo "$@" >> "$RINGSIGHT_NIGHTS/told"
test "$1" != score || exit $(cat "$RINGSIGHT_NIGHTS/ends")
"""
"""A `ringsight` that writes down what it is told, and whose score ends as it is told."""


PROGRAM = f"""#!/bin/sh
export PYTHONPATH="{os.environ.get("PYTHONPATH", "")}"
exec {sys.executable} -c "from ringsight.jobs.cli import main; main()" "$@"
"""
"""The `ringsight` that is tested here, in its own environment."""


@dataclass(frozen=True)
class Airflow:
    """An Airflow, and the folders that the DAG works in."""

    program: Path
    folder: Path

    def run(self, *words: str, ringsight: str) -> None:
        """Call Airflow's Python, with a `ringsight` of this text."""
        (self.folder / "ringsight").write_text(ringsight)
        (self.folder / "ringsight").chmod(0o755)
        told = {f"RINGSIGHT_{name}": str(self.folder / name.lower()) for name in ("BANK", "NIGHTS", "MODELS")}
        done = subprocess.run(
            [str(python_of(self.program)), *words],
            env=environment(self.folder, **told, RINGSIGHT_PROGRAM=str(self.folder / "ringsight")),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture
def airflow(tmp_path: Path) -> Airflow:
    try:
        program = installed()
    except MissingMeansError as error:
        lack(Means.airflow, str(error))
    shutil.copy(program / "airflow.db", tmp_path)
    for name in ("bank", "nights", "models"):
        (tmp_path / name).mkdir()
    return Airflow(program, tmp_path)


def test_a_night_is_scored_and_published(airflow: Airflow):
    """A bank without records, of whom five customers share a phone and a device."""
    shared = [max(number, 4) for number in range(60)]
    pl.DataFrame(
        {
            "customer_id": [f"C{number:03}" for number in range(60)],
            "region": ["north", "south"] * 30,
            "phone": [f"+4930123450{number:02}" for number in shared],
            "device_id": [f"dev-{number:03}-x" for number in shared],
        }
    ).write_csv(airflow.folder / "bank" / "customers.csv")
    airflow.run("-m", "airflow", "dags", "test", "ringsight_nightly", "2026-11-28", ringsight=PROGRAM)
    assert json.loads((airflow.folder / "nights" / "published.json").read_text())["night"] == "2026-11-28"
    assert (airflow.folder / "models" / "in_use").readlink() == Path("first")


def test_each_run_does_what_it_is_for(airflow: Airflow):
    nights, models = airflow.folder / "nights", airflow.folder / "models"
    drifted = nights / "2026-11-24" / "watch" / "watch.json"
    drifted.parent.mkdir(parents=True)
    drifted.write_text(json.dumps({"reasons": [{"part": "embeddings", "text": "notes have moved"}]}))
    for name in ("first", "second"):
        (models / name).mkdir()
    runs = [
        {},
        {"ends": 3},
        {"ends": 3, "night": "monday"},
        {"ends": 1},
        {"do": "promote", "model": "second"},
        {"do": "rollback"},
        {"night": "monday", "publish_unusual": True},
    ]
    airflow.run(str(HERE / "runs_in_turn.py"), str(DAG), json.dumps(runs), ringsight=RECORDER)
    said = json.loads((nights / "said.json").read_text())
    usual, unusual, other, failed, promoted, taken_back, sunday = (done(each) for each in said["states"])
    assert usual == {"run", "choose", "score", "look", "published"}
    assert unusual == {"run", "choose", "score", "look", "waits_for_a_person", "train"}  # for what has drifted
    assert other == {"run", "choose", "score", "look", "waits_for_a_person"}
    assert failed == {"choose"} and said["states"][3]["score"] == "failed"
    assert promoted == {"run", "choose", "fill_index", "use_model"}
    assert taken_back == {"run", "choose", "roll_back_index", "use_former_model"}
    assert sunday == {"run", "choose", "score", "look", "published", "train"}
    assert (said["retries"]["score"], said["retries"]["waits_for_a_person"]) == (2, 0)
    assert ((models / "in_use").readlink(), (models / "former").readlink()) == (Path("first"), Path("first"))
    told = [line.split() for line in (nights / "told").read_text().splitlines()]
    assert [words[0] for words in told] == [
        "score",
        "score",
        "train",
        "score",
        "score",
        "embed",
        "store",
        "score",
        "train",
    ]
    assert f"model={models / 'second'}" in told[5] and "publish_unusual=true" in told[7]
    for job, *settings in told:
        command = import_module(f"ringsight.jobs.{job}").COMMAND
        with initialize_config_dir(str(conf_dir()), version_base="1.3"):
            typed(compose(job, settings), command.settings)


def done(states: dict[str, str]) -> set[str]:
    """What ended well; the rest was left out, or failed."""
    return {name for name, state in states.items() if state.endswith("success")}
